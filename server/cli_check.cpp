#include "server/check_received.hpp"
#include "server/cli_verbs.hpp"
#include "server/config_tree.hpp"
#include "server/external_check.hpp"
#include "server/remote_fetch.hpp"
#include "server/render_text.hpp"
#include "server/reports_json.hpp"
#include "server/sarif.hpp"
#include "xfr/transfer_client.hpp"
#include "zonestore/rule_table.hpp"
#include "zonestore/sources/merged_source.hpp"
#include "zonestore/sources/zone_source.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <set>

namespace taproot::server {

using zonestore::Finding;
using zonestore::Severity;

namespace {

/// One zone to be checked.
struct Task {
  dns::Name name;
  std::filesystem::path path;
  std::string shown;
  std::shared_ptr<const CheckConfig> check{};
  std::vector<SourceConfig> sources = {};  ///< if it is not just a file
  std::vector<dns::TsigKey> keys = {};     ///< if it is transferred
};

/// A file that is named on the command line is a configuration if it has the sections of one; a
/// zone's document has record sets, with a type, below its names.
bool is_config(const std::filesystem::path& file) {
  if (zonestore::kind_of(file) == zonestore::SourceKind::zone_file) return false;
  std::ifstream stream(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  const auto [root, syntax] = parse_config_tree(text);
  if (syntax) return file.stem() == "taproot";
  constexpr std::array<std::string_view, 5> sections{"server", "control", "keys", "providers",
                                                     "zones"};
  for (const auto& entry : root.entries) {
    if (std::find(sections.begin(), sections.end(), entry.key) == sections.end()) continue;
    const auto& first = entry.value.items.empty() ? entry.value : entry.value.items.front();
    const bool is_records = std::any_of(first.entries.begin(), first.entries.end(),
                                        [](const ConfigEntry& one) { return one.key == "type"; });
    if (!is_records) return true;
  }
  return false;
}

/// What is to be checked, and what was wrong in finding that out.
struct Work {
  CheckReport report;
  std::vector<Task> tasks;
  bool unreadable_config = false;
};

void add_config(const std::filesystem::path& file, const ConfigWorld& world, Work& work) {
  auto read = read_config(file, world);
  work.report.config = file.string();
  for (auto& finding : read.findings) {
    work.unreadable_config = work.unreadable_config || finding.rule == "config-unreadable";
    work.report.findings.push_back(std::move(finding));
  }
  if (!read.config) return;
  for (const auto& zone : read.config->zones) {
    if (zone->is_made_catalog()) continue;  // there is nothing in it that somebody wrote
    work.tasks.push_back(
        {zone->name, zone->source, zone->shown, zone->check, zone->sources,
         zone->follow() != nullptr ? read.config->keys : std::vector<dns::TsigKey>()});
  }
}

/// A zone file of its own: its name without the ending is the zone's.
void add_file(const std::string& file, const ConfigWorld& world, Work& work) {
  const std::filesystem::path path(file);
  if (is_config(path)) return add_config(path, world, work);
  const auto name = dns::Name::from_text(path.stem().string());
  if (name) {
    work.tasks.push_back({*name, path, file});
  } else {
    work.report.findings.push_back({Severity::error,
                                    "config-bad-name",
                                    file,
                                    0,
                                    0,
                                    "the file's name is not the zone's",
                                    "say which zone it is: --zone NAME=" + file,
                                    {}});
  }
}

/// False if the word is not NAME=FILE.
bool add_named(const std::string& word, Work& work) {
  const auto equals = word.find('=');
  if (equals == std::string::npos || equals + 1 == word.size()) return false;
  const auto name = dns::Name::from_text(word.substr(0, equals));
  if (!name) return false;
  const auto file = word.substr(equals + 1);
  work.tasks.push_back({*name, file, file});
  return true;
}

/// A document is fetched as it is now: there may be no taproot here that has a copy.
zonestore::SourcePart part_of(const SourceConfig& source) {
  zonestore::SourcePart part{source.shown, {}, source.path, nullptr, source.owns, {}};
  if (!source.remote) return part;
  part.kind = source.remote->kind;
  auto fetched = fetch_now(*source.remote);
  if (fetched.kind == RemoteOutcome::Kind::fetched) {
    part.text = std::make_shared<const std::string>(std::move(fetched.text));
  } else {
    const auto& trouble = fetched.trouble;
    part.findings.push_back(
        {Severity::error, trouble.rule, source.shown, 0, 0, trouble.message, trouble.cure, ""});
  }
  return part;
}

/// A zone is transferred as it is now, from the first of its primaries that gives it.
zonestore::Candidate transferred_now(const dns::Name& apex, const SourceConfig& source,
                                     const std::vector<dns::TsigKey>& keys,
                                     const zonestore::RulePolicy& rules) {
  zonestore::Candidate candidate;
  for (const auto& primary : source.follow->primaries) {
    xfr::TransferClient::Options options;
    options.limits.octets = source.follow->max_octets;
    options.tls = primary.tls;
    for (const auto& key : keys) {
      if (primary.key == key.name) options.key = key;
    }
    net::Loop loop;
    Result<xfr::IncomingTransfer> transfer = fail(Errc::io, "nothing came");
    const xfr::TransferClient client(loop, apex, primary.endpoint, std::move(options),
                                     [&](Result<xfr::IncomingTransfer> done) {
                                       transfer = std::move(done);
                                       loop.stop();
                                     });
    loop.run();
    if (transfer) {
      auto checked = check_received(apex, source.shown, std::move(*transfer), nullptr,
                                    {rules, source.follow->is_catalog, source.follow->digest});
      if (!checked) continue;
      if (checked->wrong_digest) {
        candidate.findings.push_back(std::move(*checked->wrong_digest));
        continue;
      }
      candidate.version = std::move(checked->version);
      candidate.findings = std::move(checked->findings);
      return candidate;
    }
    candidate.findings.push_back({Severity::error, "not-transferred", source.shown, 0, 0,
                                  primary.endpoint.to_text() + ": " + transfer.error().detail,
                                  "see that the primary allows this host to transfer", ""});
  }
  return candidate;
}

zonestore::Candidate check_one(const Task& task) {
  const auto rules = task.check ? task.check->rules : zonestore::RulePolicy();
  if (!task.sources.empty() && task.sources.front().follow) {
    return transferred_now(task.name, task.sources.front(), task.keys, rules);
  }
  if (task.sources.empty()) {
    return zonestore::load_zone(task.name, task.path, task.shown, {}, rules);
  }
  std::vector<zonestore::SourcePart> parts;
  parts.reserve(task.sources.size());
  for (const auto& source : task.sources) parts.push_back(part_of(source));
  return zonestore::load_parts(task.name, parts, {}, rules);
}

/// Has the operator's command judge a candidate that is good so far.
void run_external(const Task& task, zonestore::Candidate& candidate) {
  if (!candidate.version || !task.check || task.check->command.empty()) return;
  net::Loop loop;
  std::vector<Finding> found;
  {
    ExternalChecks checks(loop);
    checks.run({candidate.version, task.check, task.shown, 0}, [&](std::vector<Finding> findings) {
      found = std::move(findings);
      loop.stop();
    });
    loop.run();
  }
  if (zonestore::has_errors(found)) candidate.version = nullptr;
  std::move(found.begin(), found.end(), std::back_inserter(candidate.findings));
}

void check_zones(Work& work, bool external, Terminal& terminal) {
  std::size_t done = 0;
  for (const auto& task : work.tasks) {
    if (terminal.err_is_terminal && work.tasks.size() > 10) {
      terminal.err << "\r\x1b[Kchecking zone " << ++done << " of " << work.tasks.size()
                   << std::flush;
    }
    auto candidate = check_one(task);
    if (external) run_external(task, candidate);
    work.report.zones.push_back({task.name.to_text(), task.shown,
                                 candidate.version ? candidate.version->record_count() : 0,
                                 candidate.version != nullptr});
    std::move(candidate.findings.begin(), candidate.findings.end(),
              std::back_inserter(work.report.findings));
  }
  if (done > 0) terminal.err << "\r\x1b[K" << std::flush;
}

/// Zones may include the same file: what is wrong with it is told once.
void drop_doubles(std::vector<Finding>& findings) {
  std::set<std::string> seen;
  std::erase_if(findings, [&](const Finding& one) {
    return one.line > 0 && !seen.insert(zonestore::to_line(one)).second;
  });
}

std::size_t count_of(const std::vector<Finding>& findings, Severity severity) {
  return static_cast<std::size_t>(
      std::count_if(findings.begin(), findings.end(),
                    [&](const Finding& one) { return one.severity == severity; }));
}

/// "2 errors, 1 warning", with notes only if there are some.
std::string counts_of(const std::vector<Finding>& findings) {
  const auto notes = count_of(findings, Severity::note);
  return counted(count_of(findings, Severity::error), "error") + ", " +
         counted(count_of(findings, Severity::warning), "warning") +
         (notes > 0 ? ", " + counted(notes, "note") : "");
}

/// A line for each file with findings, in the order they are told, if there are several.
void print_files(const std::vector<Finding>& findings, Terminal& terminal) {
  std::vector<std::string> files;
  std::map<std::string, std::vector<Finding>> of_file;
  for (const auto& finding : findings) {
    auto& list = of_file[finding.file];
    if (list.empty()) files.push_back(finding.file);
    list.push_back(finding);
  }
  if (files.size() < 2) return;
  for (const auto& file : files) {
    terminal.out << counts_of(of_file[file]) << " in " << harmless(file) << "\n";
  }
}

void print_report(const CheckReport& report, Terminal& terminal) {
  for (const auto& finding : report.findings) {
    terminal.out << zonestore::to_text(finding, terminal.colour) << "\n";
  }
  print_files(report.findings, terminal);
  std::size_t records = 0;
  for (const auto& zone : report.zones) records += zone.records;
  const auto errors = count_of(report.findings, Severity::error);
  const auto warnings = count_of(report.findings, Severity::warning);
  const auto paint = errors > 0 ? Paint::bad : warnings > 0 ? Paint::waiting : Paint::good;
  terminal.out << counted(report.zones.size(), "zone") << " with " << counted(records, "record")
               << ": " << painted(counts_of(report.findings), paint, terminal.colour) << "\n";
}

void print_rules(Terminal& terminal) {
  std::size_t widest = 0;
  for (const auto& rule : zonestore::all_rules()) widest = std::max(widest, rule.name.size());
  for (const auto& rule : zonestore::all_rules()) {
    const auto at = static_cast<std::size_t>(rule.severity.value_or(Severity::note));
    constexpr std::array<std::string_view, 3> words{"error  ", "warning", "note   "};
    terminal.out << rule.name << std::string(widest + 2 - rule.name.size(), ' ')
                 << (rule.severity ? words[at] : "off    ")
                 << (rule.weight == zonestore::Rule::Weight::settable ? "  settable  "
                                                                      : "  fixed     ")
                 << rule.summary << "\n";
  }
}

/// What was asked for: --json is the older word for --format json.
std::string format_of(const CommonFlags& common, const CheckFlags& flags) {
  return common.json ? "json" : flags.format;
}

int verdict(const Work& work, bool strict) {
  const auto& findings = work.report.findings;
  if (work.unreadable_config) return static_cast<int>(Exit::error);
  const bool found =
      zonestore::has_errors(findings) || (strict && count_of(findings, Severity::warning) > 0);
  return static_cast<int>(found ? Exit::pending : Exit::done);
}

}  // namespace

int run_check(const CommonFlags& common, const CheckFlags& flags, Terminal& terminal) {
  const auto format = format_of(common, flags);
  if (common.json && flags.format == "sarif") {
    return usage_error(terminal, "--json and --format sarif: write one of them");
  }
  if (flags.rules) {
    if (format == "sarif") return usage_error(terminal, "--rules: write --format text or json");
    if (format == "json") terminal.out << to_json(zonestore::all_rules()) << std::flush;
    if (format == "text") print_rules(terminal);
    return static_cast<int>(Exit::done);
  }
  Work work;
  for (const auto& word : flags.zones) {
    if (!add_named(word, work)) {
      return usage_error(terminal, "--zone " + word + ": write NAME=FILE");
    }
  }
  for (const auto& file : flags.files) add_file(file, terminal.world, work);
  if (flags.zones.empty() && flags.files.empty()) {
    const auto config = find_config(common);
    if (!config) {
      return report_error(terminal,
                          {Errc::not_found,
                           "there is no taproot.yaml here and no /etc/taproot/taproot.yaml: name "
                           "one with --config FILE, or a zone with --zone NAME=FILE"});
    }
    add_config(*config, terminal.world, work);
  } else if (common.config) {
    add_config(*common.config, terminal.world, work);
  }
  check_zones(work, !flags.no_external, terminal);
  drop_doubles(work.report.findings);
  if (format == "json") {
    terminal.out << to_json(work.report) << std::flush;
  } else if (format == "sarif") {
    terminal.out << to_sarif(work.report, std::filesystem::current_path()) << std::flush;
  } else {
    print_report(work.report, terminal);
  }
  return verdict(work, flags.strict);
}

}  // namespace taproot::server
