#include "server/reports_json.hpp"

#include "server/import_report.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <cstdio>
#include <ctime>

namespace taproot::server {

namespace {

// Insertion order is kept: a person reading the answer meets the important keys first.
using Json = nlohmann::ordered_json;

std::string text_of(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

template <class T>
Json optional_value(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json time_or_null(const std::optional<WallTime>& time) {
  return time ? Json(to_rfc3339(*time)) : Json(nullptr);
}

Json lag_or_null(const std::optional<std::chrono::milliseconds>& lag) {
  return lag ? Json(lag->count()) : Json(nullptr);
}

std::string_view severity_text(zonestore::Severity severity) {
  switch (severity) {
    case zonestore::Severity::error:
      return "error";
    case zonestore::Severity::warning:
      return "warning";
    case zonestore::Severity::note:
      return "note";
  }
  return "error";
}

Json json_of(const zonestore::Finding::Related& related) {
  return {{"file", related.file},
          {"line", related.line},
          {"column", related.column},
          {"message", related.message},
          {"excerpt", related.excerpt}};
}

Json json_of(const zonestore::Finding& finding) {
  Json related = Json::array();
  for (const auto& one : finding.related) related.push_back(json_of(one));
  return {{"severity", severity_text(finding.severity)},
          {"rule", finding.rule},
          {"file", finding.file},
          {"line", finding.line},
          {"column", finding.column},
          {"message", finding.message},
          {"cure", finding.cure},
          {"excerpt", finding.excerpt},
          {"length", zonestore::length_of(finding)},
          {"related", std::move(related)}};
}

// Named before list_of(), which calls them by their argument.
Json json_of(const zonestore::Finding& finding);
Json json_of(const std::optional<GuardStop>& guard);
Json json_of(const NameserverRow& row);
Json json_of(const SecondaryRow& row);
Json json_of(const AlertRow& row);
Json json_of(const ProviderRow& row);
Json json_of(const SourceRow& row);
Json json_of(const PrimaryRow& row);
Json json_of(const ParentRow& row);
Json json_of(const ZoneRow& row);
Json json_of(const PlannedChange& change);
Json json_of(const PlannedProvider& plan);
Json json_of(const PlannedZone& zone);
Json json_of(const AppliedNameserver& row);
Json json_of(const AppliedProvider& row);
Json json_of(const AppliedZone& zone);
Json json_of(const VerifiedNameserver& row);
Json json_of(const VerifiedProvider& row);
Json json_of(const VerifiedZone& zone);
Json json_of(const VersionRow& row);
Json json_of(const NotifyReport::Zone& zone);
Json json_of(const ReloadReport::Zone& zone);
Json json_of(const CheckReport::Zone& zone);

/// A list of whatever has a json_of() of its own.
template <class T>
Json list_of(const std::vector<T>& items) {
  Json list = Json::array();
  for (const auto& item : items) list.push_back(json_of(item));
  return list;
}

Json json_of(const std::optional<GuardStop>& guard) {
  if (!guard) return nullptr;
  return {{"rule", guard->rule}, {"why", guard->why}, {"force_id", guard->force_id}};
}

Json json_of(const NameserverRow& row) {
  return {{"nameserver", row.nameserver},
          {"endpoint", row.endpoint},
          {"state", to_text(row.state)},
          {"wanted_version", row.wanted_version},
          {"seen_version", optional_value(row.seen_version)},
          {"seen_serial", optional_value(row.seen_serial)},
          {"since", time_or_null(row.since)},
          {"lag_ms", lag_or_null(row.lag)},
          {"asked", time_or_null(row.asked)},
          {"error", row.error},
          {"waits_for", row.waits_for}};
}

Json json_of(const SecondaryRow& row) {
  return {{"address", row.address},
          {"key", row.key},
          {"when", time_or_null(row.when)},
          {"trouble", row.trouble},
          {"trouble_since", time_or_null(row.trouble_since)},
          {"serial", optional_value(row.serial)},
          {"transfer", row.transfer},
          {"octets", row.octets},
          {"seconds", row.seconds},
          {"transferred", time_or_null(row.transferred)}};
}

Json json_of(const AlertRow& row) {
  return {{"rule", row.rule},
          {"provider", row.provider},
          {"subject", row.subject},
          {"since", time_or_null(row.since)},
          {"words", row.words}};
}

Json json_of(const ProviderRow& row) {
  return {{"provider", row.provider},
          {"via", to_text(row.via)},
          {"state", to_text(row.state)},
          {"wanted_version", row.wanted_version},
          {"applied_version", optional_value(row.applied_version)},
          {"applied", time_or_null(row.applied)},
          {"since", time_or_null(row.since)},
          {"lag_ms", lag_or_null(row.lag)},
          {"note", row.note},
          {"error", row.error},
          {"waits_for", row.waits_for},
          {"guard", json_of(row.guard)},
          {"nameservers", list_of(row.nameservers)},
          {"keys", row.keys},
          {"secondaries", list_of(row.secondaries)}};
}

Json json_of(const SourceRow& row) {
  return {{"url", row.url},
          {"fetched", time_or_null(row.fetched)},
          {"confirmed", time_or_null(row.confirmed)},
          {"error", row.error},
          {"rule", row.rule},
          {"cure", row.cure},
          {"failing_since", time_or_null(row.failing_since)},
          {"next", time_or_null(row.next)}};
}

Json json_of(const ParentRow& row) {
  return {{"type", row.type},
          {"state", row.state},
          {"target", row.target},
          {"tries", row.tries},
          {"since", time_or_null(row.since)},
          {"error", row.error},
          {"cure", row.cure},
          {"next", time_or_null(row.next)}};
}

Json json_of(const PrimaryRow& row) {
  return {{"primary", row.primary},
          {"serial", optional_value(row.serial)},
          {"asked", time_or_null(row.asked)},
          {"confirmed", time_or_null(row.confirmed)},
          {"error", row.error},
          {"cure", row.cure},
          {"failing_since", time_or_null(row.failing_since)},
          {"next", time_or_null(row.next)},
          {"expires", time_or_null(row.expires)},
          {"expired", row.is_expired},
          {"zonemd", row.zonemd}};
}

Json json_of(const ZoneRow& row) {
  return {{"zone", row.zone},
          {"version", row.version},
          {"serial", row.serial},
          {"records", row.records},
          {"committed", time_or_null(row.committed)},
          {"who", row.who},
          {"why", row.why},
          {"source", row.source},
          {"commit", row.revision},
          {"loading", row.loading},
          {"documents", list_of(row.documents)},
          {"primaries", list_of(row.primaries)},
          {"parents", list_of(row.parents)},
          {"candidate_refused", row.candidate_refused},
          {"source_gone", row.source_gone},
          {"guard", json_of(row.guard)},
          {"findings", list_of(row.findings)},
          {"providers", list_of(row.providers)},
          {"alerts", list_of(row.alerts)}};
}

Json json_of(const PlannedChange& change) {
  return {{"owner", change.owner},
          {"type", change.type},
          {"before", change.before},
          {"after", change.after}};
}

/// How many changes are of which kind: the figures people look at first.
Json counts_of(const std::vector<PlannedChange>& changes) {
  std::size_t add = 0;
  std::size_t change = 0;
  std::size_t remove = 0;
  for (const auto& one : changes) {
    ++(one.before.empty() ? add : one.after.empty() ? remove : change);
  }
  return {{"add", add}, {"change", change}, {"remove", remove}};
}

Json json_of(const PlannedProvider& plan) {
  return {{"provider", plan.provider},
          {"via", to_text(plan.via)},
          {"counts", counts_of(plan.changes)},
          {"changes", list_of(plan.changes)},
          {"calls", plan.calls},
          {"notes", plan.notes},
          {"guard", json_of(plan.guard)},
          {"error", plan.error}};
}

Json json_of(const PlannedZone& zone) {
  return {{"zone", zone.zone},
          {"version", zone.version},
          {"serial", zone.serial},
          {"source_changes", list_of(zone.source_changes)},
          {"guard", json_of(zone.guard)},
          {"findings", list_of(zone.findings)},
          {"providers", list_of(zone.providers)}};
}

Json json_of(const AppliedNameserver& row) {
  return {{"nameserver", row.nameserver}, {"endpoint", row.endpoint},
          {"visible", row.visible},       {"seconds", optional_value(row.seconds)},
          {"waits_for", row.waits_for},   {"error", row.error}};
}

Json json_of(const AppliedProvider& row) {
  return {{"provider", row.provider},
          {"via", to_text(row.via)},
          {"state", to_text(row.state)},
          {"changes", row.changes},
          {"calls", row.calls},
          {"error", row.error},
          {"waits_for", row.waits_for},
          {"guard", json_of(row.guard)},
          {"nameservers", list_of(row.nameservers)}};
}

Json json_of(const AppliedZone& zone) {
  return {{"zone", zone.zone},
          {"version", zone.version},
          {"serial", zone.serial},
          {"error", zone.error},
          {"guard", json_of(zone.guard)},
          {"providers", list_of(zone.providers)}};
}

Json json_of(const VerifiedNameserver& row) {
  return {{"nameserver", row.nameserver},   {"endpoint", row.endpoint},
          {"state", to_text(row.state)},    {"serial", optional_value(row.serial)},
          {"compared", row.compared},       {"of", row.of},
          {"differences", row.differences}, {"error", row.error}};
}

Json json_of(const VerifiedProvider& row) {
  return {{"provider", row.provider}, {"nameservers", list_of(row.nameservers)}};
}

Json json_of(const VerifiedZone& zone) {
  return {{"zone", zone.zone},
          {"version", zone.version},
          {"serial", zone.serial},
          {"providers", list_of(zone.providers)}};
}

Json json_of(const VersionRow& row) {
  return {
      {"version", row.version}, {"serial", row.serial}, {"committed", to_rfc3339(row.committed)},
      {"who", row.who},         {"why", row.why},       {"source", row.source},
      {"records", row.records}, {"added", row.added},   {"removed", row.removed},
      {"commit", row.revision}};
}

Json json_of(const NotifyReport::Zone& zone) {
  return {{"zone", zone.zone}, {"serial", zone.serial}, {"told", zone.told}};
}

Json json_of(const ReloadReport::Zone& zone) {
  return {{"zone", zone.zone},
          {"result", to_text(zone.result)},
          {"version", zone.version},
          {"serial", zone.serial},
          {"guard", json_of(zone.guard)},
          {"findings", list_of(zone.findings)}};
}

Json json_of(const CheckReport::Zone& zone) {
  return {
      {"zone", zone.zone}, {"source", zone.source}, {"records", zone.records}, {"good", zone.good}};
}

/// Whether a plan has anything to do, to stop at or to complain about.
bool is_in_sync(const PlannedZone& zone) {
  for (const auto& provider : zone.providers) {
    if (!provider.changes.empty() || provider.guard || !provider.error.empty()) return false;
  }
  return zone.source_changes.empty() && !zone.guard && !zonestore::has_errors(zone.findings);
}

std::string_view code_text(Errc code) {
  switch (code) {
    case Errc::truncated:
    case Errc::trailing_octets:
    case Errc::bad_label:
    case Errc::name_too_long:
    case Errc::bad_pointer:
    case Errc::bad_rdata:
    case Errc::bad_text:
    case Errc::bad_message:
      return "bad_request";
    case Errc::too_large:
      return "too_large";
    case Errc::bad_serial:
    case Errc::bad_zone:
      return "bad_zone";
    case Errc::conflict:
      return "conflict";
    case Errc::not_found:
      return "not_found";
    case Errc::refused:
      return "forbidden";
    case Errc::timed_out:
      return "timed_out";
    case Errc::io:
      return "io";
    case Errc::bad_config:
      return "bad_config";
    case Errc::bad_answer:
      return "bad_answer";
    case Errc::unauthorized:
      return "unauthorized";
    case Errc::blocked:
      return "blocked";
    case Errc::in_use:
      return "in_use";
  }
  return "io";
}

}  // namespace

std::string to_rfc3339(WallTime time) {
  using std::chrono::floor;
  using std::chrono::milliseconds;
  using std::chrono::seconds;
  const auto whole = floor<seconds>(time);
  const auto ms = floor<milliseconds>(time - whole).count();
  const std::time_t since_1970 = std::chrono::system_clock::to_time_t(whole);
  std::tm parts{};
  ::gmtime_r(&since_1970, &parts);
  std::array<char, 64> text{};
  const auto size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
  std::array<char, 32> fraction{};
  std::snprintf(fraction.data(), fraction.size(), ".%03dZ", static_cast<int>(ms));
  return std::string(text.data(), size) + fraction.data();
}

std::string to_json(const StatusReport& report) {
  return text_of({{"now", to_rfc3339(report.now)},
                  {"taproot", report.taproot_version},
                  {"started", to_rfc3339(report.started)},
                  {"warnings", report.warnings},
                  {"zones", list_of(report.zones)}});
}

std::string to_json(const PlanReport& report) {
  bool in_sync = true;
  for (const auto& zone : report.zones) in_sync = in_sync && is_in_sync(zone);
  return text_of({{"id", report.id},
                  {"in_sync", in_sync},
                  {"made", to_rfc3339(report.made)},
                  {"expires", to_rfc3339(report.expires)},
                  {"zones", list_of(report.zones)}});
}

std::string to_json(const ApplyReport& report) {
  return text_of({{"id", report.id},
                  {"plan", report.plan},
                  {"outcome", to_text(outcome_of(report))},
                  {"ended", has_ended(report)},
                  {"started", to_rfc3339(report.started)},
                  {"zones", list_of(report.zones)}});
}

std::string to_json(const VerifyReport& report) {
  bool verified = true;
  for (const auto& zone : report.zones) {
    for (const auto& provider : zone.providers) {
      for (const auto& nameserver : provider.nameservers) {
        verified = verified && nameserver.state == NameserverState::verified;
      }
    }
  }
  return text_of({{"verified", verified}, {"zones", list_of(report.zones)}});
}

std::string to_json(const HistoryReport& report) {
  return text_of(
      {{"zone", report.zone}, {"current", report.current}, {"versions", list_of(report.versions)}});
}

std::string to_json(const ShowReport& report) {
  return text_of({{"zone", report.zone},
                  {"current", report.current},
                  {"version", json_of(report.version)},
                  {"records", report.records}});
}

std::string to_json(const DiffReport& report) {
  return text_of({{"zone", report.zone},
                  {"a", json_of(report.a)},
                  {"b", json_of(report.b)},
                  {"counts", counts_of(report.changes)},
                  {"changes", list_of(report.changes)}});
}

std::string to_json(const RollbackReport& report) {
  return text_of({{"zone", report.zone},
                  {"restored", report.restored},
                  {"version", report.version},
                  {"serial", report.serial},
                  {"changed", report.changed}});
}

/// One that was refused is an error with findings.
std::string to_json(const EditReport& report) {
  if (!report.refused.empty()) {
    return text_of({{"error", report.refused},
                    {"code", code_text(Errc::bad_zone)},
                    {"zone", report.zone},
                    {"findings", list_of(report.findings)}});
  }
  return text_of({{"zone", report.zone},
                  {"version", report.version},
                  {"serial", report.serial},
                  {"changed", report.changed},
                  {"dry_run", report.dry_run},
                  {"written_back", report.written_back},
                  {"counts", counts_of(report.changes)},
                  {"changes", list_of(report.changes)},
                  {"findings", list_of(report.findings)}});
}

std::string to_json(const NotifyReport& report) {
  return text_of({{"zones", list_of(report.zones)}});
}

std::string to_json(const SerialReport& report) {
  return text_of({{"zone", report.zone},
                  {"version", report.version},
                  {"serial", report.serial},
                  {"changed", report.changed},
                  {"nameserver", report.nameserver},
                  {"above", optional_value(report.above)},
                  {"again", report.again}});
}

std::string to_json(const HoldReport& report) {
  return text_of({{"provider", report.provider},
                  {"kind", report.kind},
                  {"held", report.held},
                  {"zones", report.zones}});
}

std::string to_json(const DropReport& report) {
  return text_of({{"zone", report.zone}, {"version", report.version}, {"serial", report.serial}});
}

std::string to_json(const ReloadReport& report) {
  return text_of({{"config_error", report.config_error},
                  {"notes", report.notes},
                  {"zones", list_of(report.zones)},
                  {"unlisted", report.unlisted}});
}

std::string to_json(const ImportReport& report) {
  Json left_out = Json::object();
  for (const auto& [type, count] : report.left_out) left_out[dns::to_text(type)] = count;
  const Json json{{"zone", report.zone},       {"source", report.source},
                  {"output", report.output},   {"written", report.written},
                  {"names", report.names},     {"rrsets", report.rrsets},
                  {"records", report.records}, {"left_out", std::move(left_out)},
                  {"notes", report.notes},     {"findings", list_of(report.findings)}};
  return text_of(json);
}

std::string to_json(const CheckReport& report) {
  std::size_t errors = 0;
  std::size_t warnings = 0;
  for (const auto& finding : report.findings) {
    errors += finding.severity == zonestore::Severity::error ? 1 : 0;
    warnings += finding.severity == zonestore::Severity::warning ? 1 : 0;
  }
  return text_of({{"config", report.config},
                  {"errors", errors},
                  {"warnings", warnings},
                  {"zones", list_of(report.zones)},
                  {"findings", list_of(report.findings)}});
}

std::string to_json(std::span<const zonestore::Rule> rules) {
  Json list = Json::array();
  for (const auto& rule : rules) {
    list.push_back({{"rule", rule.name},
                    {"severity", rule.severity ? severity_text(*rule.severity) : "off"},
                    {"settable", rule.weight == zonestore::Rule::Weight::settable},
                    {"summary", rule.summary}});
  }
  return text_of({{"rules", std::move(list)}});
}

std::string to_json(const Error& error) {
  return text_of({{"error", error.detail}, {"code", code_text(error.code)}});
}

}  // namespace taproot::server
