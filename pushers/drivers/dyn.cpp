#include "pushers/drivers/dyn.hpp"

#include "dns/presentation.hpp"
#include "dns/rdata.hpp"
#include "pushers/base_url.hpp"
#include "pushers/drivers/dyn_record.hpp"
#include "pushers/drivers/json_answer.hpp"
#include "pushers/drivers/rdata_fields.hpp"
#include "pushers/drivers/single_records.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace taproot::pushers {

namespace {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;
using dns::RRset;
using dns::RRType;
using State = DynAnswer::State;

constexpr std::chrono::seconds between_polls{1};

// The steps of a reading, as cursors; " JOB" stands behind one that became a job.
constexpr const char* discarding = "discard";
constexpr const char* reading = "records";

Capabilities dyn_capabilities() {
  Capabilities result;
  result.kind = "dyn";
  result.checked_on = "2026-11-26";
  result.status = DriverStatus::retired;
  result.types = dyn_types();
  result.ttl.min = 1;  // 0 is the zone's default
  result.txt.ascii_only = true;
  result.txt.forbidden = "\"\\";  // whether they survive was never said
  result.txt.empty_allowed = false;
  result.owner_characters = "_*-/";
  result.apex_ns = ApexNs::ignore;
  result.soa = SoaRule::providers;
  // Documented were 300 a minute, or 5 a second, of all users of an account; then none for a
  // minute.
  result.calls_per_minute = 240;
  return result;
}

Trouble garbage(const std::string& what) {
  return unreadable(what, "DynECT");
}

std::string dyn_name(const dns::Name& name) {
  return without_dot(name.lowered().to_text());
}

// Reading.

bool is_at(const std::string& cursor, const std::string& step) {
  return cursor == step || cursor.starts_with(step + " ");
}

/// The job that a cursor waits for; empty if it is a step's beginning.
std::string job_of(const std::string& cursor) {
  const auto blank = cursor.find(' ');
  return blank == std::string::npos ? "" : cursor.substr(blank + 1);
}

/// "a_records" lists records of type A.
RRType type_of(const std::string& section) {
  constexpr std::string_view end = "_records";
  std::string type = section.substr(0, section.size() - std::min(section.size(), end.size()));
  std::transform(type.begin(), type.end(), type.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  return dns::rrtype_from_text(type).value_or(RRType::none);
}

bool is_pushed(RRType type) {
  const auto& types = dyn_types();
  return std::find(types.begin(), types.end(), type) != types.end();
}

std::optional<std::uint32_t> dyn_ttl(const Json& record) {
  if (const auto* text = find_text(record, "ttl")) return number_in(*text);
  return ttl_of(record, "ttl");
}

/// Puts a record of a list to the others, or fails with what is wrong with it.
Result<void> read_record(const Json& record, RRType type, const dns::Name& apex,
                         ListedRecords& records) {
  const auto bad = [](const std::string& why) { return fail(Errc::bad_answer, why); };
  const auto owner = dns::Name::from_text(text_of(record, "fqdn"));
  const auto id = number_of(record, "record_id");
  const auto ttl = dyn_ttl(record);
  const Json* rdata = find(record, "rdata");
  if (!owner || !owner->is_subdomain_of(apex)) return bad("a name does not lie in the zone");
  if (!id || !ttl || rdata == nullptr) return bad("a record lacks a field");
  const RRsetKey key{*owner, type};
  if (!is_pushed(type)) {
    records.add_unread(key, *ttl, std::to_string(*id),
                       "it is of a type that taproot does not push to DynECT");
    return {};
  }
  auto read = rdata_from_dyn(type, rdata->dump(-1, ' ', false, Json::error_handler_t::replace));
  if (read) {
    records.add(key, *ttl, std::to_string(*id), std::move(*read));
  } else {
    records.add_unread(key, *ttl, std::to_string(*id), why_unreadable(read.error()));
  }
  return {};
}

Seen<Page> page_of(const std::string& data, const dns::Name& apex) {
  const Json sections = Json::parse(data, nullptr, false);
  // The SOA is always there.
  const Json* soa = find(sections, "soa_records");
  if (soa == nullptr || !soa->is_array() || soa->empty()) return garbage("a list of records");
  ListedRecords records;
  for (const auto& [section, list] : sections.items()) {
    if (!list.is_array()) return garbage("a list of records");
    for (const auto& record : list) {
      const auto read = read_record(record, type_of(section), apex, records);
      if (!read) return garbage("a list of records (" + read.error().detail + ")");
    }
  }
  Page page;
  page.rrsets = records.take();
  page.complete = true;  // the object ended, and holds all of the zone
  return page;
}

Page next_page(std::string cursor) {
  Page page;
  page.next = std::move(cursor);
  return page;
}

// Writing.

OrderedJson record_of(const RRset& rrset, const dns::Rdata& rdata) {
  return {{"rdata", OrderedJson::parse(dyn_rdata(rrset.type, rdata.wire()))}, {"ttl", rrset.ttl}};
}

std::string dumped(const OrderedJson& json) {
  return json.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

std::string rrset_path(const ZoneRef& zone, const RRsetKey& key) {
  return "/" + dns::to_text(key.type) + "Record/" + percent_encoded(zone.id) + "/" +
         percent_encoded(dyn_name(key.owner)) + "/";
}

/// All of an RRset, in the place of what is there.
std::string replacement(const RRset& rrset) {
  OrderedJson records = OrderedJson::array();
  for (const auto& rdata : rrset.rdata) records.push_back(record_of(rrset, rdata));
  return dumped({{dns::to_text(rrset.type) + "Records", std::move(records)}});
}

}  // namespace

Dyn::Dyn(DynConfig config) : config_(std::move(config)), capabilities_(dyn_capabilities()) {
  config_.url = without_slash(std::move(config_.url));
}

Request Dyn::request(const std::string& session, std::string method, const std::string& path,
                     std::string body) const {
  Request request;
  request.method = std::move(method);
  request.url = config_.url + "/REST" + path;
  request.headers = {{"Content-Type", "application/json"}, {"Accept", "application/json"}};
  if (!session.empty()) request.headers.emplace_back("Auth-Token", session);
  request.body = std::move(body);
  request.timeout = std::chrono::seconds(60);
  return request;
}

std::optional<Request> Dyn::login(const Call&) const {
  const OrderedJson who{{"customer_name", config_.customer},
                        {"user_name", config_.user},
                        {"password", std::string(config_.password.reveal())}};
  return request("", "POST", "/Session/", dumped(who));
}

Seen<std::string> Dyn::parse_login(const Call& call, const Response& response) const {
  const auto answer = DynAnswer::from(response);
  if (answer.state == State::success) {
    std::string token = text_of(Json::parse(answer.data, nullptr, false), "token");
    if (token.empty() || !is_visible(token)) return garbage("a session");
    return token;
  }
  Trouble result = trouble(call, answer, response, Access::read);
  // "INVALID_DATA: login: …" is a wrong name or password.
  const bool is_refused = answer.state == State::failure && result.kind == TroubleKind::permanent;
  if (is_refused) result.kind = TroubleKind::auth;
  return result;
}

std::optional<Request> Dyn::logout(const std::string& session) const {
  return request(session, "DELETE", "/Session/");
}

std::optional<ZoneRef> Dyn::known_zone(const dns::Name& apex) const {
  return ZoneRef{apex, dyn_name(apex)};
}

Request Dyn::find_zone(const Call& call, const dns::Name& apex) const {
  return list(call, *known_zone(apex), "");
}

Seen<ZoneRef> Dyn::parse_find(const Call&, const dns::Name& apex, const Response&) const {
  return *known_zone(apex);
}

Request Dyn::list(const Call& call, const ZoneRef& zone, const std::string& cursor) const {
  const std::string job = job_of(cursor);
  if (!job.empty()) return request(call.session, "GET", "/Job/" + job + "/");
  if (!is_at(cursor, reading)) {
    return request(call.session, "DELETE", "/ZoneChanges/" + percent_encoded(zone.id) + "/");
  }
  return request(call.session, "GET", "/AllRecord/" + percent_encoded(zone.id) + "/?detail=Y");
}

Seen<Page> Dyn::parse_list(const Call& call, const ZoneRef& zone, const Response& response) const {
  const auto answer = DynAnswer::from(response);
  const bool reads = is_at(call.cursor, reading);
  if (answer.state == State::incomplete) {
    const std::string known = job_of(call.cursor);
    if (known.empty())
      return next_page(std::string(reads ? reading : discarding) + " " + answer.job);
    if (known != answer.job) return garbage("the job that was asked for");
    return Trouble{TroubleKind::retry_after, "DynECT is at work", std::chrono::seconds(2), {}};
  }
  const bool is_missing = answer.state == State::failure && answer.has_code("NOT_FOUND");
  if (reads && is_missing) return Absent{};
  // Nothing was staged, or there is no such zone: the list tells.
  if (!reads && (is_missing || answer.state == State::success)) return next_page(reading);
  if (answer.state != State::success) return trouble(call, answer, response, Access::read);
  return page_of(answer.data, zone.apex);
}

std::vector<Request> Dyn::apply(const Call& call, const LiveZone& live, const Batch& batch) const {
  std::vector<Request> requests;
  const auto send = [&](const char* method, const PlannedChange& change, std::string body) {
    requests.push_back(
        request(call.session, method, rrset_path(live.zone, change.key()), std::move(body)));
  };
  // What makes room goes first.
  for (const auto& change : batch) {
    if (change.is_delete()) send("DELETE", change, "");
  }
  for (const auto& change : batch) {
    if (change.is_update()) send("PUT", change, replacement(*change.after));
    if (!change.is_create()) continue;
    // To replace what is not there is not documented.
    for (const auto& rdata : change.after->rdata) {
      send("POST", change, dumped(record_of(*change.after, rdata)));
    }
  }
  return requests;
}

std::vector<Request> Dyn::commit(const Call& call, const LiveZone& live) const {
  return {request(call.session, "PUT", "/Zone/" + percent_encoded(live.zone.id) + "/",
                  R"({"publish":true,"notes":"taproot"})")};
}

Outcome Dyn::parse_apply(const Call& call, const ZoneRef&, const Response& response) const {
  const auto answer = DynAnswer::from(response);
  if (answer.state == State::success) return Accepted{};
  if (answer.state == State::incomplete) return Working{answer.job, between_polls};
  return trouble(call, answer, response, Access::write);
}

Request Dyn::poll(const Call& call, const ZoneRef&, const std::string& cursor) const {
  return request(call.session, "GET", "/Job/" + percent_encoded(cursor) + "/");
}

Outcome Dyn::parse_poll(const Call& call, const ZoneRef& zone, const Response& response) const {
  return parse_apply(call, zone, response);
}

std::optional<Request> Dyn::zones(const Call& call, const std::string& cursor) const {
  return request(call.session, "GET", cursor.empty() ? "/Zone/" : "/Job/" + cursor + "/");
}

Seen<ZonesPage> Dyn::parse_zones(const Call& call, const Response& response) const {
  constexpr std::string_view prefix = "/REST/Zone/";
  const auto answer = DynAnswer::from(response);
  ZonesPage page;
  if (answer.state == State::incomplete && call.cursor.empty()) {
    page.next = answer.job;
    return page;
  }
  if (answer.state != State::success) return trouble(call, answer, response, Access::read);
  const Json zones = Json::parse(answer.data, nullptr, false);
  if (!zones.is_array()) return garbage("a list of zones");
  for (const auto& zone : zones) {
    const auto* path = zone.get_ptr<const std::string*>();
    if (path == nullptr || !path->starts_with(prefix)) return garbage("a list of zones");
    std::string id = path->substr(prefix.size());
    if (id.ends_with('/')) id.pop_back();
    const auto name = dns::Name::from_text(id);
    if (!name) return garbage("a list of zones");
    page.zones.push_back({*name, id});
  }
  return page;
}

Trouble Dyn::trouble(const Call& call, const DynAnswer& answer, const Response& response,
                     Access access) const {
  return dyn_trouble(answer, response, access, config_.password, call.session, call.now);
}

}  // namespace taproot::pushers
