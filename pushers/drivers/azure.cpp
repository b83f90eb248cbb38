#include "pushers/drivers/azure.hpp"

#include "dns/rdata.hpp"
#include "pushers/base_url.hpp"
#include "pushers/drivers/azure_records.hpp"
#include "pushers/drivers/json_answer.hpp"
#include "pushers/drivers/rdata_fields.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace taproot::pushers {

namespace {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;
using dns::RRset;
using dns::RRType;

constexpr const char* api_version = "api-version=2018-05-01";
constexpr std::size_t max_rrset_records = 20;
constexpr std::size_t max_txt_octets = 4096;  ///< of all records of an RRset

Capabilities azure_capabilities() {
  Capabilities result;
  result.kind = "azure";
  result.checked_on = "2026-11-26";
  result.types = azure_types();
  result.ttl.min = 1;
  result.txt.max_of_rrset = max_txt_octets;
  result.txt.ascii_only = true;
  result.txt.empty_allowed = false;
  result.max_records = max_rrset_records;
  result.wildcard_ns = false;
  result.null_mx = false;
  result.owner_characters = "_*-";
  result.apex_ns = ApexNs::ignore;
  result.keeps_own_ns = true;
  result.soa = SoaRule::providers;
  result.batch.max_changes = 1;
  // Azure Resource Manager lets each principal write 10 times a second in one subscription.
  result.calls_per_minute = 600;
  return result;
}

Trouble garbage(const std::string& what) {
  return unreadable(what, "Azure");
}

// Reading.

/// The path and query of the next page, empty after the last one. The link is a whole URL: its host
/// is left out, so that the token goes nowhere else. Nothing if there is a link of another kind.
std::optional<std::string> next_of(const Json& answer) {
  const Json* link = find(answer, "nextLink");
  if (link == nullptr || link->is_null()) return "";
  const auto* text = link->get_ptr<const std::string*>();
  const auto begin = text == nullptr ? std::string::npos : text->find("/subscriptions/");
  if (begin == std::string::npos || !is_visible(*text)) return std::nullopt;
  return text->substr(begin);
}

/// "A", of "Microsoft.Network/dnszones/A".
RRType type_of(const Json& record_set) {
  const std::string text = text_of(record_set, "type");
  const auto slash = text.rfind('/');
  if (slash == std::string::npos) return RRType::none;
  return dns::rrtype_from_text(text.substr(slash + 1)).value_or(RRType::none);
}

std::string why_opaque(const Json& properties, RRType type) {
  const auto& known = azure_types();
  if (std::find(known.begin(), known.end(), type) == known.end()) {
    return "it is of a type that taproot does not push to Azure";
  }
  const Json* target = find(properties, "targetResource");
  if (target != nullptr && !text_of(*target, "id").empty()) {
    return "it stands for a resource of Azure's";
  }
  return "";
}

/// Fails with what is wrong with an RRset of a list.
Result<LiveRRset> read_rrset(const Json& record_set, const dns::Name& apex) {
  const auto bad = [](const std::string& why) { return fail(Errc::bad_answer, why); };
  const Json* properties = find(record_set, "properties");
  const std::string* name = find_text(record_set, "name");
  const std::string etag = text_of(record_set, "etag");
  if (properties == nullptr || !properties->is_object() || name == nullptr || etag.empty() ||
      !is_visible(etag) || text_of(record_set, "type").empty()) {
    return bad("a record set lacks a field");
  }
  const auto owner = dns::Name::from_text(*name, apex);
  if (!owner || !owner->is_subdomain_of(apex)) return bad("a name does not lie in the zone");
  LiveRRset live;
  live.rrset.owner = *owner;
  live.rrset.type = type_of(record_set);
  live.ids = {etag};
  if (auto why = why_opaque(*properties, live.rrset.type); !why.empty()) {
    live.make_opaque(std::move(why));
    return live;
  }
  const auto ttl = ttl_of(*properties, "TTL");
  if (!ttl) return bad("a record set lacks a TTL");
  live.rrset.ttl = *ttl;
  auto records = azure_rdata(live.rrset.type,
                             properties->dump(-1, ' ', false, Json::error_handler_t::replace));
  if (!records) {
    live.make_opaque(why_unreadable(records.error()));
    return live;
  }
  live.rrset.rdata = std::move(*records);
  if (live.rrset.rdata.empty()) live.make_opaque("it is a record set without records");
  dns::normalise(live.rrset);
  return live;
}

// Writing.

std::string etag_of(const LiveZone& live, const RRsetKey& key) {
  const auto found = std::find_if(live.rrsets.begin(), live.rrsets.end(),
                                  [&](const LiveRRset& one) { return one.key() == key; });
  // Planned on what was read, so it is there; an etag that fits nothing changes nothing.
  return found == live.rrsets.end() || found->ids.empty() ? "none" : found->ids.front();
}

// What goes wrong.

/// Azure puts an error into an envelope, and its DNS sometimes does not.
const Json& error_of(const Json& answer) {
  const Json* error = find(answer, "error");
  return error != nullptr && error->is_object() ? *error : answer;
}

std::string words_of(const Json& answer) {
  const std::string code = text_of(error_of(answer), "code");
  if (!code.empty()) return code + ": " + text_of(error_of(answer), "message");
  const std::string error = text_of(answer, "error");  // of the place that gives tokens
  return error.empty() ? "" : error + ": " + text_of(answer, "error_description");
}

}  // namespace

Azure::Azure(AzureConfig config) : config_(std::move(config)), capabilities_(azure_capabilities()) {
  config_.url = without_slash(std::move(config_.url));
  config_.login_url = without_slash(std::move(config_.login_url));
}

Request Azure::request(const Call& call, std::string method, const std::string& path) const {
  Request request;
  request.method = std::move(method);
  request.url = config_.url + path;
  request.headers = {{"Authorization", "Bearer " + call.session}, {"Accept", "application/json"}};
  request.timeout = std::chrono::seconds(60);
  return request;
}

std::string Azure::zones_path() const {
  return "/subscriptions/" + percent_encoded(config_.subscription) + "/resourceGroups/" +
         percent_encoded(config_.resource_group) + "/providers/Microsoft.Network/dnsZones";
}

std::string Azure::path_of(const ZoneRef& zone, const RRsetKey& key) const {
  return zones_path() + "/" + percent_encoded(zone.id) + "/" + dns::to_text(key.type) + "/" +
         key.owner.lowered().to_text_in(zone.apex) + "?" + api_version;
}

std::optional<Request> Azure::login(const Call&) const {
  Request request;
  request.method = "POST";
  request.url = config_.login_url + "/" + percent_encoded(config_.tenant) + "/oauth2/v2.0/token";
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                     {"Accept", "application/json"}};
  request.body = "grant_type=client_credentials&client_id=" + percent_encoded(config_.client_id) +
                 "&client_secret=" + percent_encoded(config_.client_secret.reveal()) +
                 "&scope=" + percent_encoded(config_.url + "/.default");
  return request;
}

Seen<std::string> Azure::parse_login(const Call& call, const Response& response) const {
  const Json answer = object_of<Json>(response);
  if (response.status == 200) {
    std::string token = access_token_of(answer);
    if (token.empty()) return garbage("an access token");
    return token;
  }
  Trouble result = trouble(call, response, Access::read);
  // "invalid_client", "unauthorized_client": a wrong secret or a wrong app.
  if (response.status == 400) result.kind = TroubleKind::auth;
  return result;
}

Request Azure::find_zone(const Call& call, const dns::Name& apex) const {
  return request(call, "GET",
                 zones_path() + "/" + percent_encoded(without_dot(apex.lowered().to_text())) + "?" +
                     api_version);
}

Seen<ZoneRef> Azure::parse_find(const Call& call, const dns::Name& apex,
                                const Response& response) const {
  const Json answer = object_of<Json>(response);
  const std::string code = text_of(error_of(answer), "code");
  if (response.status == 404 && (code == "ResourceNotFound" || code == "NotFound")) {
    return Absent{};
  }
  if (response.status != 200) return trouble(call, response, Access::read);
  const std::string id = text_of(answer, "name");
  const auto name = dns::Name::from_text(id);
  const Json* properties = find(answer, "properties");
  if (!name || *name != apex || properties == nullptr) return garbage("a zone");
  if (text_of(*properties, "zoneType") == "Private") {
    return permanent_trouble("this zone is a private one");
  }
  return ZoneRef{apex, id};
}

Request Azure::list(const Call& call, const ZoneRef& zone, const std::string& cursor) const {
  if (!cursor.empty()) return request(call, "GET", cursor);
  return request(call, "GET",
                 zones_path() + "/" + percent_encoded(zone.id) + "/recordsets?" + api_version);
}

Seen<Page> Azure::parse_list(const Call& call, const ZoneRef& zone,
                             const Response& response) const {
  const Json answer = object_of<Json>(response);
  const std::string code = text_of(error_of(answer), "code");
  if (response.status == 404 && (code.ends_with("ResourceNotFound") || code == "NotFound")) {
    return Absent{};
  }
  if (response.status != 200) return trouble(call, response, Access::read);
  const Json* sets = find(answer, "value");
  const auto next = next_of(answer);
  if (sets == nullptr || !sets->is_array() || !next) return garbage("a list of record sets");
  // The SOA and the NS RRset at the apex are always there.
  if (sets->empty() && call.cursor.empty()) return garbage("a list of record sets");
  Page page;
  for (const auto& one : *sets) {
    auto live = read_rrset(one, zone.apex);
    if (!live) return garbage("a list of record sets (" + live.error().detail + ")");
    page.rrsets.push_back(std::move(*live));
  }
  page.complete = next->empty();
  if (!page.complete) page.next = *next;
  return page;
}

Request Azure::look_at(const Call& call, const ZoneRef& zone, const RRsetKey& key) const {
  return request(call, "GET", path_of(zone, key));
}

Seen<Page> Azure::parse_look_at(const Call& call, const ZoneRef& zone, const RRsetKey& key,
                                const Response& response) const {
  const Json answer = object_of<Json>(response);
  Page page;
  page.complete = true;
  if (response.status == 404 && text_of(error_of(answer), "code") == "NotFound") return page;
  if (response.status != 200) return trouble(call, response, Access::read);
  auto live = read_rrset(answer, zone.apex);
  if (!live) return garbage("a record set (" + live.error().detail + ")");
  if (live->key() != key) return garbage("the record set that was asked for");
  page.rrsets.push_back(std::move(*live));
  return page;
}

std::vector<Request> Azure::apply(const Call& call, const LiveZone& live,
                                  const Batch& batch) const {
  std::vector<Request> requests;
  const auto send = [&](const char* method, const PlannedChange& change) {
    Request one = request(call, method, path_of(live.zone, change.key()));
    if (change.before) {
      one.headers.emplace_back("If-Match", etag_of(live, change.key()));
    } else {
      one.headers.emplace_back("If-None-Match", "*");
    }
    if (change.after) {
      one.headers.emplace_back("Content-Type", "application/json");
      one.body = R"({"properties":)" + azure_properties(*change.after) + "}";
    }
    requests.push_back(std::move(one));
  };
  // What makes room goes first.
  for (const auto& change : batch) {
    if (change.is_delete()) send("DELETE", change);
  }
  for (const auto& change : batch) {
    if (!change.is_delete()) send("PUT", change);
  }
  return requests;
}

Outcome Azure::parse_apply(const Call& call, const ZoneRef&, const Response& response) const {
  // A deletion says nothing more, also if there was nothing to delete.
  if ((response.status == 200 || response.status == 204) && response.body.empty()) {
    return Accepted{};
  }
  if (response.status != 200 && response.status != 201) {
    return trouble(call, response, Access::write);
  }
  const Json answer = object_of<Json>(response);
  const Json* properties = find(answer, "properties");
  if (properties != nullptr && properties->is_object() && find_text(answer, "etag") != nullptr) {
    return Accepted{};
  }
  return unreadable_outcome("a record set", "Azure");
}

std::optional<Request> Azure::zones(const Call& call, const std::string& cursor) const {
  if (!cursor.empty()) return request(call, "GET", cursor);
  return request(call, "GET", zones_path() + "?" + api_version);
}

Seen<ZonesPage> Azure::parse_zones(const Call& call, const Response& response) const {
  if (response.status != 200) return trouble(call, response, Access::read);
  const Json answer = object_of<Json>(response);
  const Json* zones = find(answer, "value");
  const auto next = next_of(answer);
  if (zones == nullptr || !zones->is_array() || !next) return garbage("a list of zones");
  ZonesPage page;
  for (const auto& zone : *zones) {
    const std::string id = text_of(zone, "name");
    const auto name = dns::Name::from_text(id);
    if (!name) return garbage("a list of zones");
    const Json* properties = find(zone, "properties");
    if (properties != nullptr && text_of(*properties, "zoneType") == "Private") continue;
    page.zones.push_back({*name, id});
  }
  if (!next->empty()) page.next = *next;
  return page;
}

Trouble Azure::trouble(const Call& call, const Response& response, Access access) const {
  const Json answer = object_of<Json>(response);
  std::string words = without_secret(words_of(answer), config_.client_secret);
  words = one_line(without_secret(std::move(words), Secret(call.session)), 300);
  Trouble result = trouble_of(response, access, words, call.now);
  const std::string code = text_of(error_of(answer), "code");
  if (access == Access::write && response.status == 404) result.kind = TroubleKind::conflict;
  // A lock stays until a person takes it away.
  if (code == "ScopeLocked") result.kind = TroubleKind::permanent;
  return result;
}

}  // namespace taproot::pushers
