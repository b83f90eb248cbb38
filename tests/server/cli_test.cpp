#include "config_world.hpp"
#include "control_fake.hpp"

#include "server/cli.hpp"
#include "zonestore/rule_table.hpp"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <sstream>
#include <thread>

using namespace taproot;
using namespace taproot::server;
using nlohmann::json;

namespace {

/// What one command has printed and ended with.
struct Ran {
  int code = -1;
  std::string out;
  std::string err;
  std::optional<Config> served;  ///< what `serve` was called with
};

Ran run(const std::vector<std::string>& arguments) {
  std::ostringstream out;
  std::ostringstream err;
  Terminal terminal{out, err};
  terminal.world = test_world({{"HOME", "/nowhere"}, {"USER", "alice"}});
  terminal.pause = [](std::chrono::milliseconds) { return true; };
  Ran ran;
  ran.code = run_command(arguments, terminal, [&](Config config, const Reread&) {
    ran.served = std::move(config);
    return 0;
  });
  ran.out = out.str();
  ran.err = err.str();
  return ran;
}

/// A fake daemon with its state folder, and the flags that lead to both.
struct Site {
  FakeDaemon daemon;
  TestFolder folder;

  Site() { folder.file("control.token", std::string(FakeDaemon::token) + "\n"); }

  Ran run(std::vector<std::string> arguments) const {
    arguments.insert(arguments.end(),
                     {"--control", daemon.address(), "--state", folder.path().string()});
    return ::run(arguments);
  }
};

AppliedProvider applied(ApplyState state) {
  AppliedProvider provider;
  provider.provider = "p";
  provider.state = state;
  return provider;
}

ApplyReport apply_report(std::vector<ApplyState> states) {
  ApplyReport report;
  report.id = "a1";
  report.zones = {{"example.com.", 42, 5, "", {}, {}}};
  for (const auto state : states) report.zones[0].providers.push_back(applied(state));
  return report;
}

constexpr const char* good_zone =
    "'': [{type: NS, ttl: 300, values: [ns1.example.net., ns2.example.net.]}]\n"
    "www: {type: A, ttl: 300, value: 192.0.2.1}\n";

}  // namespace

TEST_CASE("wrong usage ends with 64 and one line", "[server][cli]") {
  const auto words =
      GENERATE(std::vector<std::string>{}, std::vector<std::string>{"stauts"},
               std::vector<std::string>{"import"}, std::vector<std::string>{"audit"},
               std::vector<std::string>{"status", "--nonsense"},
               std::vector<std::string>{"history"}, std::vector<std::string>{"diff", "example.com"},
               std::vector<std::string>{"diff", "example.com", "x"},
               std::vector<std::string>{"rollback", "example.com", "--to", "0"},
               std::vector<std::string>{"edit"}, std::vector<std::string>{"edit", "example.com"},
               std::vector<std::string>{"edit", "example.com", "--put", "www A"},
               std::vector<std::string>{"edit", "example.com", "--put", "www 300 192.0.2.1"},
               std::vector<std::string>{"edit", "example.com", "--delete", "www A 192.0.2.1"},
               std::vector<std::string>{"edit", "example.com", "--put", "www 300 A 192.0.2.1",
                                        "--put", "www 60 A 192.0.2.2"},
               std::vector<std::string>{"apply", "--timeout", "soon"},
               std::vector<std::string>{"key"}, std::vector<std::string>{"key", "generate"},
               std::vector<std::string>{"key", "generate", "a..b"},
               std::vector<std::string>{"key", "generate", "../../etc/x"},
               std::vector<std::string>{"key", "generate", "k.", "--algorithm", "md5"},
               std::vector<std::string>{"check", "--zone", "example.com"},
               std::vector<std::string>{"serve", "--listen", "127.0.0.1:5300"},
               std::vector<std::string>{"serve", "--config", "x", "--zone", "a=b"});
  const auto ran = run(words);
  INFO(ran.err);
  CHECK(ran.code == 64);
  CHECK_THAT(ran.err, Catch::StartsWith("taproot: "));
  CHECK(std::count(ran.err.begin(), ran.err.end(), '\n') == 1);
  CHECK(ran.out.empty());
}

TEST_CASE("help has an example for every verb, and lists only what is there", "[server][cli]") {
  CHECK(run({"--version"}).out == "taproot " TAPROOT_VERSION "\n");
  const auto help = run({"--help"});
  CHECK(help.code == 0);
  CHECK_THAT(help.out, !Catch::Contains("audit"));
  for (const auto* verb :
       {"serve", "check", "status", "plan", "apply", "verify", "history", "show", "diff",
        "rollback", "edit", "reload", "notify", "import", "drop", "serial"}) {
    INFO(verb);
    CHECK_THAT(help.out, Catch::Contains(verb));
    const auto own = run({verb, "--help"});
    CHECK(own.code == 0);
    CHECK_THAT(own.out, Catch::Contains("Example:\n  taproot " + std::string(verb)) &&
                            Catch::Contains("--json") && Catch::Contains("--config"));
  }
  CHECK_THAT(run({"serve", "--help"}).out, Catch::Contains("in ps"));
}

TEST_CASE("without a daemon commands say how to start one", "[server][cli]") {
  const TestFolder folder;
  // A port that was free a moment ago, and that nobody listens on.
  std::string address;
  {
    const FakeDaemon daemon;
    address = daemon.address();
  }
  const auto verb = GENERATE(as<std::vector<std::string>>(), std::vector<std::string>{"status"},
                             std::vector<std::string>{"plan"}, std::vector<std::string>{"apply"},
                             std::vector<std::string>{"reload"},
                             std::vector<std::string>{"rollback", "example.com"});
  auto words = verb;
  words.insert(words.end(), {"--control", address, "--state", folder.path().string()});
  const auto ran = run(words);
  CHECK(ran.code == 1);
  CHECK_THAT(ran.err, Catch::StartsWith("taproot: no taproot is running at " + address +
                                        ": start it with `taproot serve`"));
}

TEST_CASE("a daemon that hangs up is told of in one line", "[server][cli]") {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  REQUIRE(::bind(listener, generic, size) == 0);
  REQUIRE(::getsockname(listener, generic, &size) == 0);
  REQUIRE(::listen(listener, 4) == 0);
  std::thread peer([listener] { ::close(::accept(listener, nullptr, nullptr)); });
  const auto where = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  const auto ran = run({"status", "--control", where});
  peer.join();
  ::close(listener);
  CHECK(ran.code == 1);
  CHECK_THAT(ran.err,
             Catch::StartsWith("taproot: the control API: " + where + ": the connection broke"));
  CHECK(std::count(ran.err.begin(), ran.err.end(), '\n') == 1);
}

TEST_CASE("commands find the daemon by its configuration", "[server][cli]") {
  const Site site;
  const auto config = site.folder.file(
      "taproot.yaml", "state: .\ncontrol: {listen: \"" + site.daemon.address() + "\"}\n");
  CHECK(run({"status", "--config", config.string()}).code == 0);
  CHECK(run({"reload", "--config", config.string()}).code == 0);
  const auto missing = run({"status", "--config", "/nowhere/taproot.yaml"});
  CHECK(missing.code == 1);
  CHECK_THAT(missing.err, Catch::Contains("/nowhere/taproot.yaml"));
  CHECK(run({"status", "--control", "192.0.2.1:8053"}).code == 1);
  CHECK(run({"status", "--control", "8053"}).code == 1);
}

TEST_CASE("reading verbs print text, or the daemon's own JSON", "[server][cli]") {
  const Site site;
  struct Case {
    std::vector<std::string> words;
    std::string says;
  };
  const std::vector<Case> cases{{{"status"}, "no zones are configured"},
                                {{"status", "example.com"}, "no zones are configured"},
                                {{"history", "example.com"}, "42 *"},
                                {{"show", "example.com"}, "example.com.\t300\tIN\tA\t192.0.2.1"},
                                {{"show", "example.com", "--at", "41"}, "v41"},
                                {{"show", "example.com", "--at", "-2h"}, "example.com."},
                                {{"diff", "example.com", "serial:7", "2026-11-25"}, "~ www"},
                                {{"diff", "example.com", "41"}, "~ www.example.com. A"},
                                {{"diff", "example.com", "41", "42"}, "taproot rollback"},
                                {{"plan"}, "Nothing to do"},
                                {{"verify"}, "No nameservers"},
                                {{"notify", "example.com"}, "told to 192.0.2.53:53"},
                                {{"rollback", "example.com"}, "contents of version 41"},
                                {{"serial", "example.com", "--above-secondaries"}, "ahead of 500"},
                                {{"drop", "example.com", "--why", "gone"}, "not served any more"},
                                {{"provider", "hold", "p", "--why", "outage"}, "p is held"},
                                {{"provider", "resume", "p"}, "p goes on with 3 zones"},
                                {{"reload"}, "0 zones"},
                                {{"apply"}, "Nothing to do"}};
  for (const auto& c : cases) {
    const auto text = site.run(c.words);
    INFO(c.words[0] << ": " << text.out << text.err);
    CHECK(text.code == 0);
    CHECK(text.err.empty());
    CHECK_THAT(text.out, Catch::Contains(c.says));
    auto words = c.words;
    words.emplace_back("--json");
    const auto as_json = site.run(words);
    CHECK(as_json.code == 0);
    CHECK(json::parse(as_json.out, nullptr, false).is_object());
    CHECK_THAT(text.out + text.err + as_json.out, !Catch::Contains("canary"));
  }
}

TEST_CASE("a zone that is not there is an error of one line", "[server][cli]") {
  const Site site;
  for (const auto* verb : {"status", "plan", "verify", "history", "show", "rollback", "notify"}) {
    const auto ran = site.run({verb, "nowhere.example"});
    CHECK(ran.code == 1);
    CHECK(ran.err == "taproot: nowhere.example. is not configured\n");
  }
}

TEST_CASE("plan ends with 2 if there is something to do", "[server][cli]") {
  Site site;
  PlannedProvider provider;
  provider.changes = {{"a.", "A", {}, {"300 A 192.0.2.1"}}};
  site.daemon.operations.plan_report.zones = {{"example.com.", 1, 1, {}, {}, {}, {provider}}};
  CHECK(site.run({"plan"}).code == 2);
  site.daemon.operations.plan_report.zones[0].providers[0].error = "401";
  CHECK(site.run({"plan"}).code == 1);
}

TEST_CASE("verify ends with 2 if something differs", "[server][cli]") {
  Site site;
  auto& zones = site.daemon.operations.verify_report.zones;
  zones = {{"example.com.", 1, 1, {{"p", {{}}}}}};
  zones[0].providers[0].nameservers[0].state = NameserverState::verified;
  CHECK(site.run({"verify"}).code == 0);
  zones[0].providers[0].nameservers[0].state = NameserverState::differs;
  CHECK(site.run({"verify"}).code == 2);
}

TEST_CASE("the exit codes of apply", "[server][cli]") {
  using State = ApplyState;
  struct Case {
    std::vector<State> states;
    int code;
    int with_wait;
  };
  const auto c = GENERATE(Case{{}, 0, 0}, Case{{State::visible}, 0, 0},
                          Case{{State::applied, State::visible}, 3, 3},
                          Case{{State::failed, State::applied}, 4, 4}, Case{{State::blocked}, 5, 5},
                          Case{{State::failed}, 1, 1}, Case{{State::waiting}, 1, 1},
                          Case{{State::waiting, State::visible}, 4, 4});
  Site site;
  site.daemon.operations.apply_reports = {apply_report(c.states)};
  const auto ran = site.run({"apply", "--timeout", "1"});
  INFO(ran.out << ran.err);
  CHECK(ran.code == c.code);
  CHECK(site.run({"apply", "--wait", "--timeout", "1"}).code == c.with_wait);
}

TEST_CASE("apply --wait follows until everything is seen", "[server][cli]") {
  Site site;
  site.daemon.operations.apply_reports = {
      apply_report({ApplyState::waiting}), apply_report({ApplyState::waiting}),
      apply_report({ApplyState::applied}), apply_report({ApplyState::visible})};
  const auto all = site.daemon.operations.apply_reports;
  CHECK(site.run({"apply", "example.com", "--wait"}).code == 0);
  CHECK(site.daemon.operations.asked == std::vector<std::string>{"apply example.com.",
                                                                 "progress a1", "progress a1",
                                                                 "progress a1"});
  site.daemon.operations.apply_reports = all;
  CHECK(site.run({"apply", "example.com"}).code == 3);
}

TEST_CASE("apply passes on what was typed and by whom", "[server][cli]") {
  Site site;
  CHECK(site.run({"apply", "example.com", "--plan", "p", "--force", "f", "--why", "move"}).code ==
        0);
  const auto& request = site.daemon.operations.last_apply;
  CHECK(request.plan == "p");
  CHECK(request.force == "f");
  CHECK(request.why == "move");
  CHECK(request.who == "alice");
  CHECK(request.zones.size() == 1);
  CHECK(site.run({"rollback", "example.com", "--to", "40"}).code == 0);
  CHECK(site.daemon.operations.last_rollback.to->number == 40u);
  CHECK(site.daemon.operations.last_rollback.based_on == 42u);
}

TEST_CASE("edit sends what was typed as one transaction", "[server][cli][edit]") {
  Site site;
  auto& operations = site.daemon.operations;
  operations.edit_report = {"example.com.", 43, 5, true, false, "", {}, {}, ""};
  operations.edit_report.changes = {{"www.example.com.", "A", {}, {"300 A 192.0.2.1"}}};
  const auto ran =
      site.run({"edit", "example.com", "--add", "t TXT hello  you", "--put",
                "www 300 IN a 192.0.2.1", "--put", "WWW A 192.0.2.2", "--remove", "x A 192.0.2.3",
                "--delete", "old", "--delete", "@ MX", "--why", "move", "--if-match", "42"});
  INFO(ran.err << ran.out);
  CHECK(ran.code == 0);
  CHECK_THAT(ran.out, Catch::Contains("v43") && Catch::Contains("+ 300 A 192.0.2.1") &&
                          Catch::Contains("1 added"));
  const auto& asked = operations.last_edit;
  CHECK(asked.who == "alice");
  CHECK(asked.why == "move");
  CHECK(asked.based_on == 42u);
  using Op = zonestore::EditChange::Op;
  REQUIRE(asked.changes.size() == 5);
  CHECK(asked.changes[0].op == Op::drop);
  CHECK(asked.changes[1].owner.to_text() == "example.com.");
  CHECK(asked.changes[1].type == dns::RRType::MX);
  CHECK(asked.changes[2].op == Op::remove);
  CHECK(asked.changes[3].op == Op::put);
  CHECK(asked.changes[3].values.size() == 2);
  CHECK(asked.changes[3].ttl == 300u);
  CHECK(asked.changes[4].op == Op::add);
  CHECK(asked.changes[4].values[0].size() == 11);
}

TEST_CASE("edit takes changes from a file", "[server][cli][edit]") {
  Site site;
  const std::string list = R"([{"op": "delete", "owner": "old"}])";
  const bool is_wrapped = GENERATE(false, true);
  const auto text = is_wrapped ? "{\"changes\": " + list + "}" : list;
  site.folder.file("changes.json", text);
  const auto file = (site.folder.path() / "changes.json").string();
  CHECK(site.run({"edit", "example.com", "--file", file}).code == 0);
  CHECK(site.daemon.operations.last_edit.changes.size() == 1);
  site.folder.file("changes.json", "{");
  CHECK(site.run({"edit", "example.com", "--file", file}).code == 64);
  CHECK(site.run({"edit", "example.com", "--file", file + "x"}).code == 1);
}

TEST_CASE("the exit codes of edit", "[server][cli][edit]") {
  Site site;
  auto& report = site.daemon.operations.edit_report;
  report.zone = "example.com.";
  report.changed = true;
  SECTION("a dry run with changes ends with 2") {
    CHECK(site.run({"edit", "example.com", "--delete", "x", "--dry-run"}).code == 2);
    CHECK(site.daemon.operations.last_edit.dry_run);
    report.changed = false;
    CHECK(site.run({"edit", "example.com", "--delete", "x", "--dry-run"}).code == 0);
  }
  SECTION("a refusal ends with 1, and says why") {
    report.refused = "no";
    report.findings.emplace_back();
    report.findings.back().message = "changes[0]: it cannot be";
    const auto ran = site.run({"edit", "example.com", "--delete", "x"});
    CHECK(ran.code == 1);
    CHECK_THAT(ran.out, Catch::Contains("refused") && Catch::Contains("it cannot be"));
  }
  SECTION("an edit that did not get into its file ends with 4") {
    report.findings.emplace_back();
    report.findings.back().rule = "not-written-back";
    CHECK(site.run({"edit", "example.com", "--delete", "x", "--write-back"}).code == 4);
    CHECK(site.daemon.operations.last_edit.write_back);
  }
  SECTION("without changes") {
    CHECK(site.run({"edit", "example.com", "--write-back"}).code == 0);
    CHECK(site.run({"edit", "example.com", "--discard"}).code == 0);
    CHECK(site.daemon.operations.last_edit.discard);
  }
  SECTION("a version that is not current ends with 1") {
    CHECK(site.run({"edit", "example.com", "--delete", "x", "--if-match", "7"}).code == 1);
  }
}

TEST_CASE("a guard that refuses an apply ends it with 5", "[server][cli]") {
  Site site;
  site.daemon.operations.failure = Error{Errc::blocked, "max-deletes: look at taproot plan"};
  const auto ran = site.run({"apply"});
  CHECK(ran.code == 5);
  CHECK(ran.err == "taproot: max-deletes: look at taproot plan\n");
}

TEST_CASE("a reload that refuses something ends with 1", "[server][cli]") {
  Site site;
  auto& report = site.daemon.operations.reload_report;
  report.zones = {{"example.com.", ReloadResult::installed, 42, 5, {}, {}}};
  CHECK(site.run({"reload"}).code == 0);
  report.zones[0].result = ReloadResult::refused;
  report.zones[0].findings = {
      {zonestore::Severity::error, "two-soas", "z.yaml", 3, 7, "two SOA records", "", ""}};
  const auto ran = site.run({"reload"});
  CHECK(ran.code == 1);
  CHECK_THAT(ran.out, Catch::Contains("z.yaml:3:7: error: two SOA records"));
  report.zones.clear();
  report.config_error = "taproot.yaml:1:1: x";
  CHECK(site.run({"reload"}).code == 1);
}

TEST_CASE("changes need the token of the right state folder", "[server][cli]") {
  const Site site;
  const TestFolder empty;
  const auto none =
      run({"reload", "--control", site.daemon.address(), "--state", empty.path().string()});
  CHECK(none.code == 1);
  CHECK_THAT(none.err, Catch::Contains("control.token: there is no token"));
  empty.file("control.token", "hunter2-hunter2-hunter2-hunter2-hunter2");
  const auto wrong =
      run({"reload", "--control", site.daemon.address(), "--state", empty.path().string()});
  CHECK(wrong.code == 1);
  CHECK(wrong.err == "taproot: the token is wrong\n");
}

TEST_CASE("status --watch ends when it cannot go on", "[server][cli]") {
  const Site site;
  std::ostringstream out;
  std::ostringstream err;
  Terminal terminal{out, err};
  terminal.world = test_world();
  int pauses = 0;
  terminal.pause = [&](std::chrono::milliseconds) { return ++pauses < 3; };
  CHECK(run_command({"status", "--watch", "--control", site.daemon.address()}, terminal, {}) == 0);
  CHECK(pauses == 3);
}

TEST_CASE("check finds everything without a daemon", "[server][cli]") {
  const TestFolder folder;
  const auto good = folder.file("example.com.yaml", good_zone);
  CHECK(run({"check", "--zone", "example.com=" + good.string()}).code == 0);
  CHECK(run({"check", good.string()}).code == 0);
  const auto bad = folder.file("example.net.yaml", "www: {type: A, ttl: 300, value: x}\n");
  const auto ran = run({"check", "--zone", "example.net=" + bad.string()});
  INFO(ran.out);
  CHECK(ran.code == 2);
  CHECK_THAT(ran.out, Catch::Contains(bad.string() + ":1:") && Catch::Contains("1 zone with"));
  const auto as_json = run({"check", "--zone", "example.net=" + bad.string(), "--json"});
  CHECK(as_json.code == 2);
  CHECK(json::parse(as_json.out)["errors"].get<int>() > 0);
  CHECK(run({"check", "--zone", "a=" + folder.path().string() + "/nothing"}).code == 2);
}

TEST_CASE("check reads the configuration and all its zones", "[server][cli]") {
  const TestFolder folder;
  folder.file("zones/example.com.yaml", good_zone);
  const auto config = folder.file("taproot.yaml",
                                  "zones:\n  - {name: example.com, source: "
                                  "zones/example.com.yaml}\n");
  const auto good = run({"check", "--config", config.string()});
  INFO(good.out);
  CHECK(good.code == 0);
  CHECK_THAT(good.out, Catch::Contains("1 zone with"));
  CHECK(run({"check", config.string()}).code == 0);
  folder.file("zones/example.com.yaml", "www: {type: A, ttl: 300, value: x}\n");
  CHECK(run({"check", "--config", config.string()}).code == 2);
  folder.file("taproot.yaml", "zoness: []\nkeys: [{name: k., secret: canary-canary}]\n");
  const auto bad = run({"check", "--config", config.string()});
  CHECK(bad.code == 2);
  CHECK_THAT(bad.out, Catch::Contains("did you mean \"zones\"?") && Catch::Contains("2 errors"));
  CHECK_THAT(bad.out + bad.err, !Catch::Contains("canary"));
  CHECK(run({"check", "--config", "/nowhere/x.yaml"}).code == 1);
}

TEST_CASE("check --strict counts warnings", "[server][cli]") {
  const TestFolder folder;
  const auto config = folder.file("taproot.yaml",
                                  "providers:\n  - {name: p, kind: transfer, transfer-from: any, "
                                  "nameservers: {n.: [192.0.2.1]}}\n");
  CHECK(run({"check", "--config", config.string()}).code == 0);
  CHECK(run({"check", "--config", config.string(), "--strict"}).code == 2);
}

TEST_CASE("check lists the rules", "[server][cli][check]") {
  const auto text = run({"check", "--rules"});
  CHECK(text.code == 0);
  CHECK_THAT(text.out, Catch::Contains("\nspf-syntax ") &&
                           Catch::Contains("warning  settable  an SPF record is not written") &&
                           Catch::Contains("error    fixed     a name has a CNAME"));
  const auto as_json = run({"check", "--rules", "--json"});
  const auto rules = json::parse(as_json.out).at("rules");
  CHECK(rules.size() == zonestore::all_rules().size());
  CHECK(rules[0].at("rule") == "unreadable");
  CHECK(rules[0].at("settable") == false);
  CHECK(run({"check", "--rules", "--format", "json"}).out == as_json.out);
}

TEST_CASE("check writes SARIF, also of the configuration", "[server][cli][check]") {
  const TestFolder folder;
  folder.file("zones/example.com.yaml", "www: {type: A, ttl: 300, value: x}\n");
  const auto config = folder.file(
      "taproot.yaml", "zones:\n  - {name: example.com, source: zones/example.com.yaml}\nlog: 1\n");
  const auto ran = run({"check", "--config", config.string(), "--format", "sarif"});
  CHECK(ran.code == 2);
  const auto document = json::parse(ran.out);
  CHECK(document.at("version") == "2.1.0");
  const auto& results = document.at("runs").at(0).at("results");
  REQUIRE(results.size() == 1);
  CHECK(results[0].at("ruleId") == "config-type");
  folder.file("taproot.yaml", "zones:\n  - {name: example.com, source: zones/example.com.yaml}\n");
  const auto zone = json::parse(run({"check", config.string(), "--format", "sarif"}).out);
  const auto& one = zone.at("runs").at(0).at("results").at(0);
  CHECK(one.at("ruleId") == "bad-rdata");
  CHECK_THAT(one["locations"][0]["physicalLocation"]["artifactLocation"]["uri"].get<std::string>(),
             Catch::EndsWith("zones/example.com.yaml"));
  CHECK(run({"check", "--format", "xml"}).code == 64);
  CHECK(run({"check", "--json", "--format", "sarif"}).code == 64);
}

TEST_CASE("check sets rules and runs the operator's command", "[server][cli][check]") {
  const TestFolder folder;
  folder.file("example.com.zone",
              "@ 300 SOA ns1 host 7 3600 600 2419200 300\n@ NS ns.example.net.\n"
              "@ NS ns.example.org.\na A 10.0.0.1\n");
  const auto with = [&](const std::string& check) {
    return folder
        .file("taproot.yaml", "zones:\n  - name: example.com\n    source: example.com.zone\n" +
                                  (check.empty() ? "" : "    check: " + check + "\n"))
        .string();
  };
  const auto plain = run({"check", with("")});
  CHECK(plain.code == 0);
  CHECK_THAT(plain.out, Catch::Contains("[private-address]") && Catch::Contains("1 warning"));
  CHECK_THAT(run({"check", with("{rules: {private-address: off}}")}).out,
             Catch::Contains("0 errors, 0 warnings"));
  CHECK(run({"check", with("{rules: {private-address: error}}")}).code == 2);
  const auto refused = with("{command: [/bin/sh, -c, \"echo no; exit 1\"]}");
  const auto ran = run({"check", refused});
  CHECK(ran.code == 2);
  CHECK_THAT(ran.out, Catch::Contains("example.com.zone: error: no [external-check]"));
  CHECK(run({"check", refused, "--no-external"}).code == 0);
  CHECK(run({"check", with("{command: [/bin/sh, -c, \"exit 0\"]}")}).code == 0);
}

TEST_CASE("what is wrong with a file of several zones is told once", "[server][cli][check]") {
  const TestFolder folder;
  const auto both = folder.file(
      "both.zone", "@ 300 SOA ns host 7 3600 600 2419200 300\n@ NS x.\n@ NS y.\na A 1\n");
  const auto ran = run(
      {"check", "--zone", "a.example=" + both.string(), "--zone", "b.example=" + both.string()});
  CHECK(ran.code == 2);
  CHECK_THAT(ran.out, Catch::Contains("2 zones") && Catch::Contains("1 error,"));
}

TEST_CASE("serve hands a whole configuration to the daemon", "[server][cli]") {
  const auto tried = run({"serve", "--listen", "[::1]:5300", "--listen", "127.0.0.1:5300", "--zone",
                          "example.com=a.yaml", "--zone", "example.net=b.zone", "--allow-transfer",
                          "127.0.0.1", "--notify", "127.0.0.1:5301", "--state", "s", "--control",
                          "127.0.0.1:9053", "--workers", "2"});
  INFO(tried.err);
  CHECK(tried.code == 0);
  REQUIRE(tried.served);
  CHECK(tried.served->listen.size() == 2);
  CHECK(tried.served->zones.size() == 2);
  CHECK(tried.served->control.listen.port() == 9053);
  const TestFolder folder;
  const auto config = folder.file("taproot.yaml", "zones: [{name: a, source: b}]\n");
  const auto read = run({"serve", "--config", config.string()});
  CHECK(read.code == 0);
  CHECK(read.served.has_value());
}

TEST_CASE("serve with mistakes tells all of them and does not start", "[server][cli]") {
  const TestFolder folder;
  const auto config = folder.file("taproot.yaml", "serwer: {}\nzones: [{name: a}]\n");
  const auto ran = run({"serve", "--config", config.string()});
  CHECK(ran.code == 1);
  CHECK_FALSE(ran.served);
  CHECK_THAT(ran.err, Catch::Contains(":1:1: ") && Catch::Contains(":2:9: "));
  const auto flags = run({"serve", "--zone", "a=b", "--key", "k:hmac-sha256:canary!"});
  CHECK(flags.code == 1);
  CHECK_THAT(flags.err, Catch::Contains("--key: error") && !Catch::Contains("canary"));
}

TEST_CASE("key generate makes a key that the configuration takes", "[server][cli]") {
  const TestFolder folder;
  const auto file = (folder.path() / "keys/xfr").string();
  const auto ran = run({"key", "generate", "XFR.example.net", "--file", file});
  INFO(ran.err);
  REQUIRE(ran.code == 0);
  CHECK_THAT(ran.out, Catch::Contains("key \"xfr.example.net.\" {") &&
                          Catch::Contains("  - id: xfr.example.net.") &&
                          Catch::Contains("    name: \"xfr.example.net\"") &&
                          Catch::Contains("pdnsutil import-tsig-key xfr.example.net hmac-sha256"));
  const auto config = folder.file("taproot.yaml",
                                  "keys: [{name: xfr.example.net., algorithm: hmac-sha256, "
                                  "secret-file: keys/xfr}]\n");
  const auto read = read_config(config, test_world());
  REQUIRE(read.config);
  CHECK(read.config->keys.at(0).secret.reveal().size() == 32);
  const auto text = dns::base64_encode(
      {reinterpret_cast<const std::uint8_t*>(read.config->keys[0].secret.reveal().data()), 32});
  CHECK_THAT(ran.out, Catch::Contains("secret \"" + text + "\";"));
  const auto again = run({"key", "generate", "xfr.example.net", "--file", file});
  CHECK(again.code == 1);
  CHECK_THAT(again.err, Catch::Contains("is there already"));
  const auto as_json = run({"key", "generate", "k.", "--json", "--algorithm", "hmac-sha512",
                            "--file", (folder.path() / "k").string()});
  CHECK(json::parse(as_json.out)["algorithm"] == "hmac-sha512");
  CHECK(as_json.out.find("secret") == std::string::npos);
}
