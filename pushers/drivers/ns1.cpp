#include "pushers/drivers/ns1.hpp"

#include "pushers/base_url.hpp"
#include "pushers/drivers/json_answer.hpp"
#include "pushers/drivers/ns1_answer.hpp"
#include "pushers/drivers/rdata_fields.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <utility>

namespace taproot::pushers {

namespace {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;
using dns::RRset;
using dns::RRType;

constexpr std::size_t max_txt_octets = 4000;  ///< NS1 documents no limit

Capabilities ns1_capabilities() {
  Capabilities result;
  result.kind = "ns1";
  result.checked_on = "2026-11-26";
  result.types = ns1_types();
  result.ttl.min = 1;
  result.txt.max_total = max_txt_octets;
  result.txt.ascii_only = true;
  result.txt.empty_allowed = false;
  result.apex_ns = ApexNs::ignore;
  result.soa = SoaRule::providers;
  result.batch.max_changes = 1;
  // Not documented; each answer says what is left.
  result.calls_per_minute = 500;
  return result;
}

Trouble garbage(const std::string& what) {
  return unreadable(what, "NS1");
}

std::string ns1_name(const dns::Name& name) {
  return without_dot(name.lowered().to_text());
}

// Reading.

bool has(const Json& object, const char* key) {
  const Json* value = find(object, key);
  return value != nullptr && !value->empty();
}

/// What NS1 keeps beside the answers and would be lost or wrong with others. Only a record that is
/// shown alone says it, not the list of a zone.
std::string why_more_than_answers(const Json& record) {
  if (has(record, "filters")) return "NS1 filters its answers";
  if (has(record, "regions")) return "NS1 groups its answers";
  if (has(record, "meta")) return "it has metadata at NS1";
  const Json* answers = find(record, "answers");
  if (answers == nullptr || !answers->is_array()) return "";
  const bool is_plain = std::none_of(answers->begin(), answers->end(), [](const Json& answer) {
    return has(answer, "meta") || has(answer, "region") || has(answer, "feeds");
  });
  return is_plain ? "" : "its answers have metadata at NS1";
}

/// Why a record is not plain.
std::string why_opaque(const Json& record, RRType type) {
  const auto& known = ns1_types();
  if (std::find(known.begin(), known.end(), type) == known.end()) {
    return "it is of a type that taproot does not push to NS1";
  }
  if (find_text(record, "link") != nullptr) return "it is linked to another one";
  const auto tier = number_of(record, "tier");
  if (tier && *tier > 1) return "NS1 chooses among its answers";
  return why_more_than_answers(record);
}

/// Fails with what is wrong with a record of a list.
Result<LiveRRset> read_record(const Json& record, const dns::Name& apex) {
  const auto bad = [](const std::string& why) { return fail(Errc::bad_answer, why); };
  const auto owner = dns::Name::from_text(text_of(record, "domain"));
  const std::string type = text_of(record, "type");
  if (!owner || !owner->is_subdomain_of(apex)) return bad("a name does not lie in the zone");
  if (type.empty()) return bad("a record has no type");
  LiveRRset live;
  live.rrset.owner = *owner;
  live.rrset.type = dns::rrtype_from_text(type).value_or(RRType::none);
  if (auto why = why_opaque(record, live.rrset.type); !why.empty()) {
    live.make_opaque(std::move(why));
    return live;
  }
  const auto ttl = ttl_of(record, "ttl");
  const Json* answers = find(record, "short_answers");
  if (!ttl || answers == nullptr || !answers->is_array()) return bad("a record lacks a field");
  live.rrset.ttl = *ttl;
  if (answers->empty()) live.make_opaque("it has no answers");
  for (const auto& answer : *answers) {
    const auto* text = answer.get_ptr<const std::string*>();
    if (text == nullptr) return bad("an answer is no text");
    live.take(ns1_rdata(live.rrset.type, *text));
  }
  dns::normalise(live.rrset);
  return live;
}

std::string path_of(const ZoneRef& zone, const RRsetKey& key) {
  return "/zones/" + percent_encoded(zone.id) + "/" + percent_encoded(ns1_name(key.owner)) + "/" +
         dns::to_text(key.type);
}

/// One record shows its answers field by field: puts beside them what the list of a zone has.
bool shorten_answers(Json& record) {
  const Json* answers = find(record, "answers");
  if (answers == nullptr || !answers->is_array()) return false;
  Json all = Json::array();
  for (const auto& answer : *answers) {
    const Json* fields = find(answer, "answer");
    if (fields == nullptr || !fields->is_array()) return false;
    std::string text;
    for (const auto& field : *fields) {
      const auto* word = field.get_ptr<const std::string*>();
      if (word == nullptr && !field.is_number_integer()) return false;
      text += (text.empty() ? "" : " ") + (word == nullptr ? field.dump() : *word);
    }
    all.push_back(std::move(text));
  }
  record["short_answers"] = std::move(all);
  return true;
}

/// Why NS1's copy of a zone is not one to be written to.
std::string why_not_ours(const Json& zone) {
  const Json* secondary = find(zone, "secondary");
  if (secondary != nullptr && flag_of(*secondary, "enabled")) {
    return "NS1 transfers this zone from elsewhere: feed it by transfer (kind: transfer)";
  }
  if (find_text(zone, "link") != nullptr) return "this zone is linked to another one at NS1";
  return "";
}

/// The query of the next page's address: `<https://…/zones?QUERY>; rel="next"`. Its host is left
/// out.
std::string next_query(const Response& response) {
  const std::string_view link = response.header("Link").value_or("");
  const auto end = link.find(">; rel=\"next\"");
  if (end == std::string_view::npos) return "";
  const auto begin = link.rfind('?', end);
  return begin == std::string_view::npos ? ""
                                         : std::string(link.substr(begin + 1, end - begin - 1));
}

// Writing.

std::string body_of(const ZoneRef& zone, const RRset& rrset, bool is_new) {
  OrderedJson body = OrderedJson::object();
  if (is_new) {
    body["zone"] = zone.id;
    body["domain"] = ns1_name(rrset.owner);
    body["type"] = dns::to_text(rrset.type);
  }
  body["ttl"] = rrset.ttl;
  body["answers"] = OrderedJson::array();
  for (const auto& rdata : rrset.rdata) {
    OrderedJson answer = OrderedJson::object();
    answer["answer"] = ns1_answer(rrset.type, rdata.wire());
    body["answers"].push_back(std::move(answer));
  }
  return body.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

// What goes wrong.

std::optional<std::chrono::seconds> wait_of(const Response& response) {
  const auto number = [&](const char* name) -> std::uint32_t {
    return number_in(response.header(name).value_or(""));
  };
  const std::uint32_t limit = number("X-Ratelimit-Limit");
  if (limit == 0) return std::nullopt;
  // One call's share of the period.
  return std::chrono::seconds(std::max<std::uint32_t>(1, number("X-Ratelimit-Period") / limit));
}

}  // namespace

Ns1::Ns1(Ns1Config config) : config_(std::move(config)), capabilities_(ns1_capabilities()) {
  config_.url = without_slash(std::move(config_.url));
}

Request Ns1::request(std::string method, const std::string& path) const {
  Request request;
  request.method = std::move(method);
  request.url = config_.url + path;
  request.headers = {{"X-NSONE-Key", std::string(config_.api_key.reveal())},
                     {"Accept", "application/json"}};
  request.timeout = std::chrono::seconds(60);
  return request;
}

std::optional<ZoneRef> Ns1::known_zone(const dns::Name& apex) const {
  return ZoneRef{apex, ns1_name(apex)};
}

Request Ns1::find_zone(const Call& call, const dns::Name& apex) const {
  return list(call, {apex, ns1_name(apex)}, "");
}

Seen<ZoneRef> Ns1::parse_find(const Call&, const dns::Name& apex, const Response&) const {
  return ZoneRef{apex, ns1_name(apex)};
}

Request Ns1::list(const Call&, const ZoneRef& zone, const std::string&) const {
  return request("GET", "/zones/" + percent_encoded(zone.id));
}

Seen<Page> Ns1::parse_list(const Call& call, const ZoneRef& zone, const Response& response) const {
  const Json answer = object_of<Json>(response);
  if (response.status == 404 && text_of(answer, "message") == "zone not found") return Absent{};
  if (response.status != 200) return trouble(call, response, Access::read);
  const auto name = dns::Name::from_text(text_of(answer, "zone"));
  const Json* records = find(answer, "records");
  if (!name || *name != zone.apex || records == nullptr || !records->is_array()) {
    return garbage("a zone");
  }
  if (auto why = why_not_ours(answer); !why.empty()) return permanent_trouble(std::move(why));
  Page page;
  for (const auto& record : *records) {
    if (text_of(record, "type") == "REDIRECT") continue;  // stands for what is listed elsewhere
    auto live = read_record(record, zone.apex);
    if (!live) return garbage("a zone (" + live.error().detail + ")");
    page.rrsets.push_back(std::move(*live));
  }
  page.complete = true;  // the object ended, and holds all of the zone
  return page;
}

Request Ns1::look_at(const Call&, const ZoneRef& zone, const RRsetKey& key) const {
  return request("GET", path_of(zone, key));
}

Seen<Page> Ns1::parse_look_at(const Call& call, const ZoneRef& zone, const RRsetKey& key,
                              const Response& response) const {
  Json answer = object_of<Json>(response);
  Page page;
  page.complete = true;
  if (response.status == 404 && text_of(answer, "message") == "record not found") return page;
  if (response.status != 200) return trouble(call, response, Access::read);
  if (!shorten_answers(answer)) return garbage("a record");
  auto live = read_record(answer, zone.apex);
  if (!live) return garbage("a record (" + live.error().detail + ")");
  if (live->key() != key) return garbage("the record that was asked for");
  page.rrsets.push_back(std::move(*live));
  return page;
}

std::vector<Request> Ns1::apply(const Call&, const LiveZone& live, const Batch& batch) const {
  std::vector<Request> requests;
  const auto send = [&](const char* method, const PlannedChange& change, std::string body) {
    Request one = request(method, path_of(live.zone, change.key()));
    if (!body.empty()) one.headers.emplace_back("Content-Type", "application/json");
    one.body = std::move(body);
    requests.push_back(std::move(one));
  };
  // What makes room goes first.
  for (const auto& change : batch) {
    if (change.is_delete()) send("DELETE", change, "");
  }
  for (const auto& change : batch) {
    if (change.is_update()) send("POST", change, body_of(live.zone, *change.after, false));
    if (change.is_create()) send("PUT", change, body_of(live.zone, *change.after, true));
  }
  return requests;
}

Outcome Ns1::parse_apply(const Call& call, const ZoneRef&, const Response& response) const {
  if (response.status != 200) return trouble(call, response, Access::write);
  const Json answer = Json::parse(response.body, nullptr, false);
  // A deletion says nothing more.
  const bool is_deletion = answer.is_object() && answer.empty();
  const Json* answers = find(answer, "answers");
  const bool is_record = answers != nullptr && answers->is_array() && find_text(answer, "domain");
  if (is_deletion || is_record) return Accepted{};
  return unreadable_outcome("the outcome of a change", "NS1");
}

std::optional<Request> Ns1::zones(const Call&, const std::string& cursor) const {
  return request("GET", "/zones" + (cursor.empty() ? "" : "?" + cursor));
}

Seen<ZonesPage> Ns1::parse_zones(const Call& call, const Response& response) const {
  if (response.status != 200) return trouble(call, response, Access::read);
  const Json answer = Json::parse(response.body, nullptr, false);
  if (!answer.is_array()) return garbage("a list of zones");
  ZonesPage page;
  for (const auto& zone : answer) {
    const auto name = dns::Name::from_text(text_of(zone, "zone"));
    if (!name) return garbage("a list of zones");
    page.zones.push_back({*name, text_of(zone, "zone")});
  }
  const std::string next = next_query(response);
  if (!next.empty()) page.next = next;
  return page;
}

Trouble Ns1::trouble(const Call& call, const Response& response, Access access) const {
  const std::string said = text_of(object_of<Json>(response), "message");
  const std::string words = one_line(without_secret(said, config_.api_key), 300);
  Trouble result = trouble_of(response, access, words, call.now);
  if (response.status == 429 && !result.wait) result.wait = wait_of(response);
  if (access == Access::read) return result;
  // There already, or gone: somebody else was faster.
  if (said == "record already exists" || said == "record not found" ||
      said == "record does not exist" || said == "zone not found") {
    result.kind = TroubleKind::conflict;
  }
  return result;
}

}  // namespace taproot::pushers
