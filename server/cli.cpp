#include "server/cli.hpp"

#include "server/cli_verbs.hpp"
#include "server/render_text.hpp"
#include "server/version_ref.hpp"

#include <CLI/CLI.hpp>

#include <exception>
#include <thread>

namespace taproot::server {

namespace {

/// Everything that was typed, and the verb to run with it. The parser writes into it, so it must
/// stay where it is.
struct CommandLine {
  CommonFlags common;
  ServeFlags serve;
  CheckFlags check;
  ApplyFlags apply;
  RollbackFlags rollback;
  EditFlags edit;
  ReloadFlags reload;
  SerialFlags serial;
  DropFlags drop;
  KeyFlags key;
  ImportFlags import;
  ProviderFlags provider;
  std::vector<std::string> zones;
  bool markdown = false;
  std::string zone;
  bool watch = false;
  std::uint64_t limit = 20;
  std::optional<std::string> at;
  std::string a;
  std::optional<std::string> b;
  std::function<int(Terminal&)> run;
};

CLI::App* add_verb(CLI::App& app, CommandLine& line, const char* name, const char* does,
                   const char* example) {
  auto* verb = app.add_subcommand(name, does);
  verb->footer(std::string("Example:\n  ") + example);
  verb->add_option("--config", line.common.config,
                   "configuration file (default: taproot.yaml here, then "
                   "/etc/taproot/taproot.yaml)");
  verb->add_flag("--json", line.common.json, "print one JSON object");
  return verb;
}

/// A verb that speaks to the daemon.
CLI::App* add_daemon_verb(CLI::App& app, CommandLine& line, const char* name, const char* does,
                          const char* example) {
  auto* verb = add_verb(app, line, name, does, example);
  verb->add_option("--control", line.common.control,
                   "HOST:PORT of a taproot without a configuration (default: 127.0.0.1:8053)");
  verb->add_option("--state", line.common.state,
                   "its state folder, where the token is (default: as with serve)");
  return verb;
}

/// What a version may be written as.
std::string version_help(const std::string& more) {
  return "version: a number, serial:NUMBER, a time in UTC (2026-11-25T10:00) or -2h" +
         (more.empty() ? "" : " (" + more + ")");
}

/// Nothing, or why a text is no version: said before the daemon is asked.
std::string is_version(const std::string& text) {
  const auto ref = VersionRef::from_text(text, std::chrono::system_clock::now());
  return ref ? std::string() : ref.error().detail;
}

/// An option that may be repeated, each time with one value.
void add_repeated(CLI::App* verb, const char* name, std::vector<std::string>& values,
                  const char* does) {
  verb->add_option(name, values, does)->allow_extra_args(false);
}

void add_serve(CLI::App& app, CommandLine& line, const std::function<int(Config, Reread)>& serve) {
  auto* verb = add_verb(app, line, "serve", "Run the hidden primary",
                        "taproot serve --listen 127.0.0.1:5300 --zone "
                        "example.com=example.com.yaml \\\n"
                        "    --allow-transfer 127.0.0.1 --notify 127.0.0.1:5301");
  auto& flags = line.serve;
  add_repeated(verb, "--listen", flags.listen, "address:port (default: 127.0.0.1:5300)");
  add_repeated(verb, "--zone", flags.zones, "NAME=FILE, .yaml, .json or a zone file");
  verb->add_option("--state", flags.state,
                   "state folder (default: $XDG_STATE_HOME/taproot or ~/.local/state/taproot)");
  verb->add_option("--workers", flags.workers, "serving threads, or auto");
  add_repeated(verb, "--key", flags.keys,
               "NAME:ALGORITHM:BASE64, a TSIG key. Everyone on this host can see it in ps: use "
               "keys: in a configuration file for more than a try");
  add_repeated(verb, "--allow-transfer", flags.allow_transfer, "ADDRESS or key:NAME");
  add_repeated(verb, "--notify", flags.notify, "ADDRESS:PORT[,key:NAME], told and verified");
  verb->add_option("--control", flags.control,
                   "address:port of the control API (default: 127.0.0.1:8053)");
  verb->callback([&] {
    line.run = [&](Terminal& terminal) {
      return run_serve(line.common, line.serve, terminal, serve);
    };
  });
}

void add_check(CLI::App& app, CommandLine& line) {
  auto* verb =
      add_verb(app, line, "check", "Check the configuration and every zone; nothing is started",
               "taproot check --zone example.com=example.com.yaml");
  verb->add_option("FILE", line.check.files,
                   "a configuration, or zone files named after their zones");
  add_repeated(verb, "--zone", line.check.zones, "NAME=FILE: check one zone file");
  verb->add_flag("--strict", line.check.strict, "warnings count as findings, too");
  verb->add_option("--format", line.check.format,
                   "text (default), json (as --json), or sarif for code review")
      ->check(CLI::IsMember({"text", "json", "sarif"}));
  verb->add_flag("--rules", line.check.rules,
                 "list the rules, how grave they are, and which can be set; check nothing");
  verb->add_flag("--no-external", line.check.no_external,
                 "leave out the commands of check.command");
  verb->callback([&] {
    line.run = [&](Terminal& terminal) { return run_check(line.common, line.check, terminal); };
  });
}

void add_reading_verbs(CLI::App& app, CommandLine& line) {
  auto* status = add_daemon_verb(app, line, "status", "What every nameserver serves",
                                 "taproot status example.com --watch");
  status->add_option("ZONE", line.zones, "only these zones");
  status->add_flag("--watch", line.watch, "again every two seconds, until Ctrl-C");
  status->callback([&] {
    line.run = [&](Terminal& t) { return run_status(line.common, line.zones, line.watch, t); };
  });
  auto* plan = add_daemon_verb(app, line, "plan", "What would change at each provider",
                               "taproot plan example.com");
  plan->add_option("ZONE", line.zones, "only these zones");
  plan->add_flag("--markdown", line.markdown, "Markdown, for a review")->excludes("--json");
  plan->callback([&] {
    line.run = [&](Terminal& t) { return run_plan(line.common, line.zones, line.markdown, t); };
  });
  auto* verify = add_daemon_verb(app, line, "verify", "Ask every nameserver now, and compare",
                                 "taproot verify example.com");
  verify->add_option("ZONE", line.zones, "only these zones");
  verify->callback(
      [&] { line.run = [&](Terminal& t) { return run_verify(line.common, line.zones, t); }; });
}

void add_history_verbs(CLI::App& app, CommandLine& line) {
  auto* history = add_daemon_verb(app, line, "history", "A zone's versions: who, when, why",
                                  "taproot history example.com");
  history->add_option("ZONE", line.zone, "the zone")->required();
  history->add_option("--limit", line.limit, "at most so many (default: 20)")
      ->check(CLI::Range(1, 100'000));
  history->callback([&] {
    line.run = [&](Terminal& t) { return run_history(line.common, line.zone, line.limit, t); };
  });
  auto* show =
      add_daemon_verb(app, line, "show", "A zone's records", "taproot show example.com --at 41");
  show->add_option("ZONE", line.zone, "the zone")->required();
  show->add_option("--at", line.at, version_help("default: the current one"))->check(is_version);
  show->callback([&] {
    line.run = [&](Terminal& t) { return run_show(line.common, line.zone, line.at, t); };
  });
  auto* diff = add_daemon_verb(app, line, "diff", "What changed between two versions",
                               "taproot diff example.com 41 42");
  diff->add_option("ZONE", line.zone, "the zone")->required();
  diff->add_option("A", line.a, version_help(""))->required()->check(is_version);
  diff->add_option("B", line.b, version_help("default: the current one"))->check(is_version);
  diff->callback([&] {
    line.run = [&](Terminal& t) { return run_diff(line.common, line.zone, line.a, line.b, t); };
  });
}

void add_apply(CLI::App& app, CommandLine& line) {
  auto* verb = add_daemon_verb(app, line, "apply", "Bring every provider to the wanted version",
                               "taproot apply example.com --wait");
  verb->add_option("ZONE", line.apply.zones, "only these zones");
  verb->add_option("--plan", line.apply.plan, "exactly the plan of this id, or nothing");
  verb->add_option("--force", line.apply.force, "let the guard of this id pass, once");
  verb->add_flag("--wait", line.apply.wait, "until every nameserver was seen serving it");
  verb->add_option("--timeout", line.apply.timeout_seconds,
                   "seconds to wait at most (default: 300)")
      ->check(CLI::Range(1, 86'400));
  verb->add_option("--why", line.apply.why, "for the history");
  verb->callback([&] {
    line.run = [&](Terminal& terminal) { return run_apply(line.common, line.apply, terminal); };
  });
}

void add_edit(CLI::App& app, CommandLine& line) {
  auto* verb = add_daemon_verb(app, line, "edit", "Change records now, all of it or nothing",
                               "taproot edit example.com --put 'www 300 A 192.0.2.1' \\\n"
                               "    --delete 'old' --why \"www moves\"");
  auto& flags = line.edit;
  verb->add_option("ZONE", flags.zone, "the zone")->required();
  add_repeated(verb, "--put", flags.put,
               "'OWNER [TTL] TYPE VALUE': the RRset is this; of one owner and type, all of them");
  add_repeated(verb, "--add", flags.add, "'OWNER [TTL] TYPE VALUE': this value, too");
  add_repeated(verb, "--remove", flags.remove, "'OWNER TYPE VALUE': without this value");
  add_repeated(verb, "--delete", flags.drop, "'OWNER [TYPE]': the RRset, or all of the owner");
  verb->add_option("--file", flags.file,
                   "changes as JSON (docs/control-api.md); - is standard input");
  verb->add_option("--if-match", flags.based_on, "only if this is the current version");
  verb->add_option("--why", flags.why, "for the history");
  verb->add_flag("--write-back", flags.write_back,
                 "write it into the zone's source file, too; alone: what was edited so far");
  verb->add_flag("--discard", flags.discard,
                 "take the source as it is, and forget what was edited");
  verb->add_flag("--dry-run", flags.dry_run, "only show what would change");
  verb->callback([&] {
    line.run = [&](Terminal& terminal) { return run_edit(line.common, line.edit, terminal); };
  });
}

void add_changing_verbs(CLI::App& app, CommandLine& line) {
  auto* rollback =
      add_daemon_verb(app, line, "rollback", "A new, higher serial with old contents, everywhere",
                      "taproot rollback example.com --to 41 --why \"wrong MX\"");
  rollback->add_option("ZONE", line.rollback.zone, "the zone")->required();
  rollback->add_option("--to", line.rollback.to, version_help("default: the one before"))
      ->check(is_version);
  rollback->add_option("--why", line.rollback.why, "for the history");
  rollback->callback(
      [&] { line.run = [&](Terminal& t) { return run_rollback(line.common, line.rollback, t); }; });
  auto* reload = add_daemon_verb(app, line, "reload", "Read configuration and sources again",
                                 "taproot reload");
  reload->add_option("ZONE", line.reload.zones, "only these zones' sources");
  reload->add_option("--force", line.reload.force, "let the guard of this id pass, once");
  reload->add_option("--why", line.reload.why, "for the history");
  reload->callback(
      [&] { line.run = [&](Terminal& t) { return run_reload(line.common, line.reload, t); }; });
  auto* serial =
      add_daemon_verb(app, line, "serial", "Bring a zone's serial above those of its secondaries",
                      "taproot serial example.com --above-secondaries");
  serial->add_option("ZONE", line.serial.zone, "the zone")->required();
  serial
      ->add_flag("--above-secondaries", line.serial.above_secondaries,
                 "the same contents with a serial above the highest that a secondary was seen with")
      ->required();
  serial->add_option("--why", line.serial.why, "for the history");
  serial->callback(
      [&] { line.run = [&](Terminal& t) { return run_serial(line.common, line.serial, t); }; });
  auto* drop = add_daemon_verb(app, line, "drop", "Stop serving a zone whose file vanished",
                               "taproot drop example.com --why \"customer left\"");
  drop->add_option("ZONE", line.drop.zone, "the zone")->required();
  drop->add_option("--why", line.drop.why, "for the log");
  drop->callback(
      [&] { line.run = [&](Terminal& t) { return run_drop(line.common, line.drop, t); }; });
  auto* notify = add_daemon_verb(app, line, "notify", "Tell a zone's secondaries again",
                                 "taproot notify example.com");
  notify->add_option("ZONE", line.zones, "the zones")->required();
  notify->callback(
      [&] { line.run = [&](Terminal& t) { return run_notify(line.common, line.zones, t); }; });
}

void add_key(CLI::App& app, CommandLine& line) {
  auto* key = app.add_subcommand("key", "TSIG keys");
  key->require_subcommand(1);
  auto* verb = add_verb(*key, line, "generate",
                        "Make a TSIG key file, and print what every server wants (the lines hold "
                        "the secret)",
                        "taproot key generate xfr.example.net.");
  verb->add_option("NAME", line.key.name, "the key's name, a domain name")->required();
  verb->add_option("--algorithm", line.key.algorithm,
                   "hmac-sha256 (default), hmac-sha512, hmac-sha384 or hmac-sha224");
  verb->add_option("--file", line.key.file, "where to write it (default: keys/NAME)");
  verb->callback(
      [&] { line.run = [&](Terminal& t) { return run_key_generate(line.common, line.key, t); }; });
}

void add_provider(CLI::App& app, CommandLine& line) {
  auto* provider = app.add_subcommand("provider", "Whom the configuration names, and their APIs");
  provider->require_subcommand(1);
  auto& flags = line.provider;
  const auto named = [&](CLI::App* verb) {
    verb->add_option("NAME", flags.name, "the provider's name")->required();
    return verb;
  };
  auto* list = add_verb(*provider, line, "list", "All providers of the configuration",
                        "taproot provider list");
  list->callback(
      [&] { line.run = [&](Terminal& t) { return run_provider_list(line.common, t); }; });
  auto* test = named(add_verb(*provider, line, "test",
                              "Find and read its zones there with our key; nothing is written",
                              "taproot provider test powerdns-berlin"));
  test->add_option("--zone", flags.zones, "only these zones");
  test->add_option("--timeout", flags.timeout_seconds, "seconds for each zone (default: 60)")
      ->check(CLI::Range(1, 86'400));
  test->callback(
      [&] { line.run = [&](Terminal& t) { return run_provider_test(line.common, flags, t); }; });
  auto* zones = named(add_verb(*provider, line, "zones", "The zones there beside those of ours",
                               "taproot provider zones powerdns-berlin"));
  zones->callback(
      [&] { line.run = [&](Terminal& t) { return run_provider_zones(line.common, flags, t); }; });
  auto* can = named(add_verb(*provider, line, "capabilities", "What it can hold",
                             "taproot provider capabilities powerdns-berlin"));
  can->callback([&] {
    line.run = [&](Terminal& t) { return run_provider_capabilities(line.common, flags, t); };
  });
  auto* hold = named(add_daemon_verb(*provider, line, "hold",
                                     "Send it nothing until it is resumed, also after a restart",
                                     "taproot provider hold powerdns-berlin --why outage"));
  hold->add_option("--why", flags.why, "for the log");
  hold->callback([&] {
    line.run = [&](Terminal& t) { return run_provider_hold(line.common, flags, true, t); };
  });
  auto* resume =
      named(add_daemon_verb(*provider, line, "resume", "Let it go on, with what is current",
                            "taproot provider resume powerdns-berlin"));
  resume->add_option("--why", flags.why, "for the log");
  resume->callback([&] {
    line.run = [&](Terminal& t) { return run_provider_hold(line.common, flags, false, t); };
  });
}

void add_import(CLI::App& app, CommandLine& line) {
  auto* verb = add_verb(app, line, "import", "Write a zone that is elsewhere as canonical YAML",
                        "taproot import example.com --from axfr://192.0.2.53 --key keys/xfr \\\n"
                        "    --output zones/example.com.yaml");
  auto& flags = line.import;
  verb->add_option("ZONE", flags.zone, "the zone")->required();
  verb->add_option("--from", flags.from,
                   "a zone, YAML or JSON file, axfr://HOST[:PORT], axfr+tls://HOST[:PORT], or a "
                   "provider of the configuration that has an API")
      ->required();
  verb->add_option("--output", flags.output, "the file to write (default: -, standard output)");
  verb->add_flag("--force", flags.force, "replace the file if it is there");
  verb->add_option("--format", flags.format, "yaml (default), json or zone");
  verb->add_option("--key", flags.key,
                   "TSIG key of the transfer: its file, as key generate writes it, or "
                   "NAME:ALGORITHM:BASE64, which everyone on this host can see in ps");
  verb->add_option("--tls-hostname", flags.tls_hostname,
                   "name or address in the server's certificate (default: HOST; with --tls-pin "
                   "none)");
  verb->add_option("--tls-ca", flags.tls_ca,
                   "PEM file that vouches for it (default: the system's)");
  add_repeated(verb, "--tls-pin", flags.tls_pins, "SHA-256 pin of the server's key, in base64");
  verb->add_option("--tls-certificate", flags.tls_certificate, "PEM file that shows who we are");
  verb->add_option("--tls-key", flags.tls_key, "PEM file with its private key");
  verb->add_flag("--keep-serial", flags.keep_serial, "write the SOA's serial, too");
  verb->add_flag("--keep-dnssec", flags.keep_dnssec, "keep RRSIG and all else a signer made");
  verb->add_option("--timeout", flags.timeout_seconds,
                   "seconds that reading may take (default: 300)")
      ->check(CLI::Range(1, 86'400));
  verb->callback(
      [&] { line.run = [&](Terminal& t) { return run_import(line.common, line.import, t); }; });
}

void add_verbs(CLI::App& app, CommandLine& line, const std::function<int(Config, Reread)>& serve) {
  app.set_version_flag("--version", "taproot " TAPROOT_VERSION);
  app.require_subcommand(1);
  add_serve(app, line, serve);
  add_check(app, line);
  add_reading_verbs(app, line);
  add_apply(app, line);
  add_history_verbs(app, line);
  add_edit(app, line);
  add_changing_verbs(app, line);
  add_import(app, line);
  add_key(app, line);
  add_provider(app, line);
}

/// The verb's help where one was typed: that is where the mistake is.
std::string help_command(const CLI::App& app) {
  std::string words = "taproot";
  const CLI::App* at = &app;
  for (auto chosen = at->get_subcommands(); !chosen.empty(); chosen = at->get_subcommands()) {
    at = chosen.front();
    words += " " + at->get_name();
  }
  return words + " --help";
}

int parse_and_run(const std::vector<std::string>& arguments, Terminal& terminal,
                  const std::function<int(Config, Reread)>& serve) {
  CLI::App app(
      "taproot is a hidden primary: it brings your zones to every DNS provider and shows "
      "that they serve them.",
      "taproot");
  CommandLine line;
  add_verbs(app, line, serve);
  try {
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::Success& asked) {  // --help and --version
    app.exit(asked, terminal.out, terminal.err);
    return static_cast<int>(Exit::done);
  } catch (const CLI::ParseError& error) {
    return usage_error(terminal, std::string(error.what()) + ": see `" + help_command(app) + "`");
  }
  return line.run(terminal);
}

}  // namespace

bool Terminal::sleep(std::chrono::milliseconds time) {
  std::this_thread::sleep_for(time);
  return true;
}

int report_error(Terminal& terminal, const Error& error) {
  terminal.err << "taproot: " << harmless(error.detail) << std::endl;
  return static_cast<int>(error.code == Errc::blocked ? Exit::blocked : Exit::error);
}

int usage_error(Terminal& terminal, const std::string& text) {
  terminal.err << "taproot: " << harmless(text) << std::endl;
  return static_cast<int>(Exit::usage);
}

int run_command(const std::vector<std::string>& arguments, Terminal& terminal,
                const std::function<int(Config, Reread)>& serve) {
  try {
    return parse_and_run(arguments, terminal, serve);
  } catch (const std::exception& error) {
    return report_error(terminal, {Errc::io, std::string("cannot go on: ") + error.what()});
  }
}

}  // namespace taproot::server
