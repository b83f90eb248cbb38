#include "server/control_routes.hpp"

#include "server/control_body.hpp"
#include "server/reports_json.hpp"
#include "zonestore/sources/edit_document.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <charconv>

namespace taproot::server {

namespace {

constexpr std::size_t default_history = 20;
constexpr std::size_t max_history = 100'000;

/// Sends a report, or why there is none.
template <class Report>
void answer(const ControlCall& call, const Result<Report>& report, net::HttpHeaders extra = {}) {
  if (!report) return respond_error(call, report.error());
  respond_json(*call.responder, 200, to_json(*report), std::move(extra));
}

/// The callback that an operation owes one answer to.
template <class Report>
Done<Report> answer_later(const ControlCall& call) {
  return [call](const Result<Report>& report) { answer(call, report); };
}

void refuse(const ControlCall& call, const Error& error) {
  respond_error(*call.responder, 400, "bad_request", error.detail);
}

/// `zone=a,b` of the query: none means all.
Result<Operations::Zones> zones_of(const ControlCall& call) {
  Operations::Zones zones;
  const auto found = call.request.query.find("zone");
  if (found == call.request.query.end()) return zones;
  std::string_view rest = found->second;
  while (!rest.empty()) {
    const auto comma = std::min(rest.find(','), rest.size());
    const auto name = dns::Name::from_text(rest.substr(0, comma));
    if (!name) return fail_in("zone", name.error());
    zones.push_back(*name);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return zones;
}

/// A version or a count of the query.
Result<std::optional<std::uint64_t>> number_of(const ControlCall& call, const char* key) {
  const auto found = call.request.query.find(key);
  if (found == call.request.query.end()) return std::optional<std::uint64_t>();
  const std::string& text = found->second;
  std::uint64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end != text.data() + text.size() || number == 0) {
    return fail(Errc::bad_text, std::string(key) + " is not a number from 1");
  }
  return std::optional(number);
}

/// A version of the query.
Result<std::optional<VersionRef>> version_of(const ControlCall& call, const char* key) {
  const auto found = call.request.query.find(key);
  if (found == call.request.query.end()) return std::optional<VersionRef>();
  auto ref = VersionRef::from_text(found->second, std::chrono::system_clock::now());
  if (!ref) return fail_in(key, ref.error());
  return std::optional(*ref);
}

net::HttpHeaders etag(std::uint64_t version) {
  return {{"ETag", "\"" + std::to_string(version) + "\""}};
}

void get_health(const ControlCall& call) {
  respond_text(*call.responder, 200, "text/plain; charset=utf-8", "ok\n");
}

void get_openapi(const ControlCall& call) {
  respond_json(*call.responder, 200, std::string(openapi_document()));
}

void get_metrics(const ControlCall& call) {
  respond_text(*call.responder, 200, "text/plain; version=0.0.4; charset=utf-8",
               call.operations.metrics());
}

void get_status(const ControlCall& call) {
  const auto zones = zones_of(call);
  if (!zones) return refuse(call, zones.error());
  answer(call, call.operations.status(*zones));
}

void get_plan(const ControlCall& call) {
  const auto zones = zones_of(call);
  if (!zones) return refuse(call, zones.error());
  call.operations.plan(*zones, answer_later<PlanReport>(call));
}

void get_verify(const ControlCall& call) {
  const auto zones = zones_of(call);
  if (!zones) return refuse(call, zones.error());
  call.operations.verify(*zones, answer_later<VerifyReport>(call));
}

/// A change that is based on a version needs that version to be current: RFC 9110 section 13.1.1.
bool is_still_current(const ControlCall& call, const dns::Name& zone) {
  if (!call.based_on) return true;
  const auto current = call.operations.current_version(zone);
  if (!current) {
    respond_error(call, current.error());
    return false;
  }
  if (*current == *call.based_on) return true;
  respond_error(*call.responder, 412, "precondition_failed",
                zone.to_text() + " is at version " + std::to_string(*current) + ", not " +
                    std::to_string(*call.based_on) + ": look at it again",
                etag(*current));
  return false;
}

/// For requests about a list of zones, where a version can only belong to a list of one.
bool is_still_current(const ControlCall& call, const Operations::Zones& zones) {
  if (!call.based_on) return true;
  if (zones.size() == 1) return is_still_current(call, zones.front());
  respond_error(*call.responder, 400, "bad_request", "If-Match needs exactly one zone");
  return false;
}

void post_apply(const ControlCall& call) {
  auto request = read_apply_body(call.request.body);
  if (!request) return refuse(call, request.error());
  if (!is_still_current(call, request->zones)) return;
  request->based_on = call.based_on;
  call.operations.apply(std::move(*request), answer_later<ApplyReport>(call));
}

void get_apply(const ControlCall& call) {
  answer(call, call.operations.apply_progress(call.name));
}

void get_history(const ControlCall& call) {
  const auto limit = number_of(call, "limit");
  if (!limit) return refuse(call, limit.error());
  const auto most = std::min<std::uint64_t>(limit->value_or(default_history), max_history);
  const auto report = call.operations.history(call.zone, most);
  answer(call, report, report ? etag(report->current) : net::HttpHeaders());
}

void get_show(const ControlCall& call) {
  const auto at = version_of(call, "at");
  if (!at) return refuse(call, at.error());
  const auto report = call.operations.show(call.zone, *at);
  answer(call, report, report ? etag(report->current) : net::HttpHeaders());
}

void get_diff(const ControlCall& call) {
  const auto a = version_of(call, "a");
  const auto b = version_of(call, "b");
  if (!a) return refuse(call, a.error());
  if (!b) return refuse(call, b.error());
  if (!*a) return refuse(call, {Errc::bad_text, "a is missing: the version to begin with"});
  answer(call, call.operations.diff(call.zone, **a, *b));
}

void post_rollback(const ControlCall& call) {
  auto request = read_rollback_body(call.request.body);
  if (!request) return refuse(call, request.error());
  if (!is_still_current(call, call.zone)) return;
  request->zone = call.zone;
  request->based_on = call.based_on;
  call.operations.rollback(std::move(*request), answer_later<RollbackReport>(call));
}

/// 422 with findings if it was refused.
void answer_edit(const ControlCall& call, const Result<EditReport>& report) {
  if (!report) return respond_error(call, report.error());
  const bool refused = !report->refused.empty();
  respond_json(*call.responder, refused ? 422 : 200, to_json(*report),
               refused || report->dry_run ? net::HttpHeaders() : etag(report->version));
}

void post_edit(const ControlCall& call) {
  auto request = read_edit_body(call.request.body);
  if (!request) return refuse(call, request.error());
  if (!is_still_current(call, call.zone)) return;
  auto document = zonestore::read_edit_document(call.zone, call.request.body);
  if (!document.findings.empty()) {
    EditReport report;
    report.zone = call.zone.to_text();
    report.refused = zonestore::to_line(document.findings.front());
    report.findings = std::move(document.findings);
    return answer_edit(call, report);
  }
  request->zone = call.zone;
  request->based_on = call.based_on;
  request->changes = std::move(document.changes);
  call.operations.edit(std::move(*request),
                       [call](const Result<EditReport>& report) { answer_edit(call, report); });
}

void post_notify(const ControlCall& call) {
  const auto body = read_empty_body(call.request.body);
  if (!body) return refuse(call, body.error());
  if (!is_still_current(call, call.zone)) return;
  answer(call, call.operations.notify({call.zone}));
}

void post_serial(const ControlCall& call) {
  auto request = read_serial_body(call.request.body);
  if (!request) return refuse(call, request.error());
  if (!is_still_current(call, call.zone)) return;
  request->zone = call.zone;
  request->based_on = call.based_on;
  answer(call, call.operations.raise_serial(*request));
}

void post_drop(const ControlCall& call) {
  auto request = read_drop_body(call.request.body);
  if (!request) return refuse(call, request.error());
  if (!is_still_current(call, call.zone)) return;
  request->zone = call.zone;
  answer(call, call.operations.drop(*request));
}

void post_reload(const ControlCall& call) {
  auto request = read_reload_body(call.request.body);
  if (!request) return refuse(call, request.error());
  if (!is_still_current(call, request->zones)) return;
  call.operations.reload(std::move(*request), answer_later<ReloadReport>(call));
}

void change_hold(const ControlCall& call, bool hold) {
  auto request = read_hold_body(call.request.body);
  if (!request) return refuse(call, request.error());
  request->provider = call.name;
  request->hold = hold;
  answer(call, call.operations.hold(*request));
}

void post_hold(const ControlCall& call) {
  change_hold(call, true);
}

void post_resume(const ControlCall& call) {
  change_hold(call, false);
}

constexpr std::array<ControlRoute, 19> routes{{
    {"GET", "/healthz", false, get_health},
    {"GET", "/openapi.json", false, get_openapi},
    {"GET", "/metrics", false, get_metrics},
    {"GET", "/v1/status", false, get_status},
    {"GET", "/v1/plan", false, get_plan},
    {"GET", "/v1/verify", false, get_verify},
    {"POST", "/v1/apply", true, post_apply},
    {"GET", "/v1/apply/{id}", false, get_apply},
    {"GET", "/v1/zones/{zone}/history", false, get_history},
    {"GET", "/v1/zones/{zone}/show", false, get_show},
    {"GET", "/v1/zones/{zone}/diff", false, get_diff},
    {"POST", "/v1/zones/{zone}/rollback", true, post_rollback},
    {"POST", "/v1/zones/{zone}/edit", true, post_edit},
    {"POST", "/v1/zones/{zone}/notify", true, post_notify},
    {"POST", "/v1/zones/{zone}/serial", true, post_serial},
    {"POST", "/v1/zones/{zone}/drop", true, post_drop},
    {"POST", "/v1/providers/{id}/hold", true, post_hold},
    {"POST", "/v1/providers/{id}/resume", true, post_resume},
    {"POST", "/v1/reload", true, post_reload},
}};

net::HttpHeaders with_guards(net::HttpHeaders extra) {
  extra.emplace_back("Cache-Control", "no-store");
  extra.emplace_back("Content-Security-Policy",
                     "default-src 'self'; base-uri 'none'; frame-ancestors 'none'");
  extra.emplace_back("X-Content-Type-Options", "nosniff");
  extra.emplace_back("Referrer-Policy", "no-referrer");
  return extra;
}

int status_of(const Error& error, bool had_condition) {
  switch (error.code) {
    case Errc::not_found:
      return 404;
    case Errc::conflict:
      return had_condition ? 412 : 409;
    case Errc::blocked:
    case Errc::in_use:
      return 409;
    case Errc::refused:
      return 403;
    case Errc::unauthorized:
      return 401;
    case Errc::timed_out:
      return 504;
    case Errc::bad_answer:
      return 502;
    case Errc::io:
      return 500;
    case Errc::truncated:
    case Errc::trailing_octets:
    case Errc::bad_label:
    case Errc::name_too_long:
    case Errc::bad_pointer:
    case Errc::bad_rdata:
    case Errc::bad_text:
    case Errc::bad_message:
    case Errc::too_large:
    case Errc::bad_serial:
    case Errc::bad_zone:
    case Errc::bad_config:
      return 422;
  }
  return 500;
}

}  // namespace

std::span<const ControlRoute> control_routes() {
  return routes;
}

std::optional<std::string> match_route(const ControlRoute& route, std::string_view path) {
  const auto open = route.path.find('{');
  if (open == std::string_view::npos) {
    return route.path == path ? std::optional(std::string()) : std::nullopt;
  }
  const auto before = route.path.substr(0, open);
  const auto after = route.path.substr(route.path.find('}') + 1);
  if (!path.starts_with(before)) return std::nullopt;
  path.remove_prefix(before.size());
  if (path.size() <= after.size() || !path.ends_with(after)) return std::nullopt;
  path.remove_suffix(after.size());
  return std::string(path);
}

void respond_json(net::HttpResponder& responder, int status, std::string body,
                  net::HttpHeaders extra) {
  responder.respond(status, "application/json", std::move(body), with_guards(std::move(extra)));
}

void respond_text(net::HttpResponder& responder, int status, std::string content_type,
                  std::string body) {
  responder.respond(status, std::move(content_type), std::move(body), with_guards({}));
}

void respond_error(net::HttpResponder& responder, int status, std::string_view code,
                   std::string_view error, net::HttpHeaders extra) {
  const nlohmann::ordered_json json{{"error", error}, {"code", code}};
  respond_json(responder, status,
               json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n",
               std::move(extra));
}

void respond_error(const ControlCall& call, const Error& error) {
  const int status = status_of(error, call.based_on.has_value());
  respond_json(*call.responder, status, to_json(error));
}

}  // namespace taproot::server
