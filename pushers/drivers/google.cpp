#include "pushers/drivers/google.hpp"

#include "dns/presentation.hpp"
#include "dns/rdata.hpp"
#include "pushers/base_url.hpp"
#include "pushers/drivers/json_answer.hpp"
#include "pushers/drivers/stored_spelling.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <utility>

namespace taproot::pushers {

namespace {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;
using dns::RRset;
using dns::RRType;

constexpr const char* scope = "https://www.googleapis.com/auth/ndev.clouddns.readwrite";
constexpr std::size_t max_batch = 1000;            ///< additions, and as many deletions
constexpr std::size_t max_batch_octets = 100'000;  ///< of all rdata of a change
constexpr std::size_t max_rrset_records = 100;
constexpr std::chrono::seconds between_polls{2};

Capabilities google_capabilities() {
  Capabilities result;
  result.kind = "google";
  result.checked_on = "2026-11-26";
  result.types = {RRType::A,     RRType::AAAA,     RRType::CAA, RRType::CNAME, RRType::DS,
                  RRType::HTTPS, RRType::IPSECKEY, RRType::MX,  RRType::NAPTR, RRType::NS,
                  RRType::PTR,   RRType::SPF,      RRType::SRV, RRType::SSHFP, RRType::SVCB,
                  RRType::TLSA,  RRType::TXT};
  result.max_records = max_rrset_records;
  result.apex_ns = ApexNs::ignore;
  result.soa = SoaRule::providers;
  result.batch.max_changes = max_batch;
  result.batch.max_octets = max_batch_octets;
  result.batch.atomic = true;
  result.batch.awaits_last_only = true;
  result.batch.compares = true;
  // Google documents no figure; the quota of a project says it.
  result.calls_per_minute = 500;
  return result;
}

Trouble garbage(const std::string& what) {
  return unreadable(what, "Google");
}

// Reading.

/// A list that says itself what it is: an empty one is left out by Google, and an answer of another
/// kind has none, too.
const Json* list_of(const Json& object, const char* kind, const char* key) {
  static const Json none = Json::array();
  if (text_of(object, "kind") != kind) return nullptr;
  const Json* list = find(object, key);
  if (list == nullptr) return &none;
  return list->is_array() ? list : nullptr;
}

bool is_slug(const std::string& id) {
  return !id.empty() && id.size() <= 63 && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '-';
  });
}

std::vector<std::string> spelled(const RRset& rrset) {
  std::vector<std::string> texts;
  texts.reserve(rrset.rdata.size());
  for (const auto& rdata : rrset.rdata) {
    texts.push_back(dns::rdata_to_text(rrset.type, rdata.wire()));
  }
  return texts;
}

Result<LiveRRset> read_rrset(const Json& json, const dns::Name& apex) {
  const auto bad = [](const std::string& why) { return fail(Errc::bad_answer, why); };
  const auto owner = dns::Name::from_text(text_of(json, "name"));
  const std::string type = text_of(json, "type");
  if (!owner || !owner->is_subdomain_of(apex)) return bad("a name does not lie in the zone");
  if (type.empty()) return bad("an RRset has no type");
  LiveRRset live;
  live.rrset.owner = *owner;
  live.rrset.type = dns::rrtype_from_text(type).value_or(RRType::none);
  if (find(json, "routingPolicy") != nullptr) {
    live.make_opaque("a routing policy of Google's makes its answers");
    return live;
  }
  const auto ttl = ttl_of(json, "ttl");
  const Json* records = find(json, "rrdatas");
  if (!ttl || records == nullptr || !records->is_array() || records->empty()) {
    return bad("an RRset lacks ttl or rrdatas");
  }
  live.rrset.ttl = *ttl;
  std::vector<std::string> texts;
  for (const auto& record : *records) {
    const auto* text = record.get_ptr<const std::string*>();
    if (text == nullptr) return bad("a record is no text");
    live.take(dns::rdata_from_text(live.rrset.type, *text, dns::Name::root()));
    texts.push_back(*text);
  }
  if (live.kind == LiveKind::plain) keep_spelling(live, std::move(texts), spelled(live.rrset));
  dns::normalise(live.rrset);
  return live;
}

// Writing.

OrderedJson json_of(const RRset& rrset, const std::vector<std::string>& stored = {}) {
  OrderedJson records = stored.empty() ? spelled(rrset) : stored;
  return {{"name", rrset.owner.lowered().to_text()},
          {"type", dns::to_text(rrset.type)},
          {"ttl", rrset.ttl},
          {"rrdatas", std::move(records)}};
}

// What goes wrong.

bool has_reason(const Json& answer, std::initializer_list<std::string_view> reasons) {
  const Json* error = find(answer, "error");
  const Json* errors = error == nullptr ? nullptr : find(*error, "errors");
  if (errors == nullptr || !errors->is_array()) return false;
  return std::any_of(errors->begin(), errors->end(), [&](const Json& one) {
    const std::string reason = text_of(one, "reason");
    return std::find(reasons.begin(), reasons.end(), reason) != reasons.end();
  });
}

/// Of the API's errors, and of those of the place that gives tokens.
std::string words_of(const Json& answer) {
  const Json* error = find(answer, "error");
  if (error == nullptr) return "";
  if (error->is_object()) return text_of(*error, "message");
  return text_of(answer, "error") + ": " + text_of(answer, "error_description");
}

Outcome change_outcome(const Response& response) {
  const Json change = object_of<Json>(response);
  const std::string status = text_of(change, "status");
  const std::string id = text_of(change, "id");
  if (text_of(change, "kind") == "dns#change" && !id.empty()) {
    if (status == "done") return Accepted{};
    if (status == "pending") return Working{id, between_polls};
  }
  return unreadable_outcome("the state of a change", "Google");
}

}  // namespace

Google::Google(GoogleConfig config)
    : config_(std::move(config)), capabilities_(google_capabilities()) {
  config_.url = without_slash(std::move(config_.url));
}

Request Google::request(const Call& call, std::string method, const std::string& path) const {
  Request request;
  request.method = std::move(method);
  request.url = config_.url + "/dns/v1/projects/" + percent_encoded(config_.key.project) +
                "/managedZones" + path;
  request.headers = {{"Authorization", "Bearer " + call.session}, {"Accept", "application/json"}};
  request.timeout = std::chrono::seconds(60);
  return request;
}

std::optional<Request> Google::login(const Call& call) const {
  Request request;
  request.method = "POST";
  request.url = config_.key.token_url;
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"},
                     {"Accept", "application/json"}};
  // A key that cannot sign was refused with the configuration.
  request.body = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=" +
                 google_assertion(config_.key, scope, call.now).value_or("");
  return request;
}

Seen<std::string> Google::parse_login(const Call& call, const Response& response) const {
  const Json answer = object_of<Json>(response);
  if (response.status == 200) {
    std::string token = access_token_of(answer);
    if (token.empty()) return garbage("an access token");
    return token;
  }
  Trouble result = trouble(call, response, Access::read);
  // "invalid_grant" is a wrong key or a wrong clock.
  if (response.status == 400) result.kind = TroubleKind::auth;
  return result;
}

Request Google::find_zone(const Call& call, const dns::Name& apex) const {
  if (const auto known = config_.zone_ids.find(apex); known != config_.zone_ids.end()) {
    return request(call, "GET", "/" + percent_encoded(known->second));
  }
  return request(call, "GET", "?dnsName=" + percent_encoded(apex.lowered().to_text()));
}

Seen<ZoneRef> Google::parse_find(const Call& call, const dns::Name& apex,
                                 const Response& response) const {
  const bool by_id = config_.zone_ids.contains(apex);
  if (by_id && response.status == 404) return Absent{};
  if (response.status != 200) return trouble(call, response, Access::read);
  const Json answer = object_of<Json>(response);
  const Json one = Json::array({answer});
  const Json* zones = by_id ? (text_of(answer, "kind") == "dns#managedZone" ? &one : nullptr)
                            : list_of(answer, "dns#managedZonesListResponse", "managedZones");
  if (zones == nullptr || find(answer, "nextPageToken") != nullptr) {
    return garbage("a list of zones");
  }
  std::vector<ZoneRef> found;
  for (const auto& zone : *zones) {
    const auto name = dns::Name::from_text(text_of(zone, "dnsName"));
    const std::string id = text_of(zone, "name");
    if (!name || !is_slug(id)) return garbage("a list of zones");
    const std::string visibility = text_of(zone, "visibility");
    const bool is_public = visibility.empty() || visibility == "public";
    if (*name == apex && is_public) found.push_back({apex, id});
  }
  if (found.empty()) return Absent{};
  if (found.size() > 1) {
    return permanent_trouble("Google has " + std::to_string(found.size()) +
                             " public zones of this name: say which one with zone-ids");
  }
  return found.front();
}

Request Google::list(const Call& call, const ZoneRef& zone, const std::string& cursor) const {
  return request(call, "GET",
                 "/" + percent_encoded(zone.id) + "/rrsets?maxResults=1000" +
                     (cursor.empty() ? "" : "&pageToken=" + percent_encoded(cursor)));
}

Seen<Page> Google::parse_list(const Call& call, const ZoneRef& zone,
                              const Response& response) const {
  if (response.status == 404) return Absent{};
  if (response.status != 200) return trouble(call, response, Access::read);
  const Json answer = object_of<Json>(response);
  const Json* rrsets = list_of(answer, "dns#resourceRecordSetsListResponse", "rrsets");
  if (rrsets == nullptr) return garbage("a list of records");
  Page page;
  for (const auto& rrset : *rrsets) {
    auto live = read_rrset(rrset, zone.apex);
    if (!live) return garbage("a list of records (" + live.error().detail + ")");
    page.rrsets.push_back(std::move(*live));
  }
  const std::string next = text_of(answer, "nextPageToken");
  if (!next.empty()) page.next = next;
  page.complete = next.empty();
  return page;
}

Request Google::look(const Call& call, const ZoneRef& zone, const dns::Name& owner) const {
  return request(call, "GET",
                 "/" + percent_encoded(zone.id) +
                     "/rrsets?maxResults=1000&name=" + percent_encoded(owner.lowered().to_text()));
}

Seen<Page> Google::parse_look(const Call& call, const ZoneRef& zone, const dns::Name&,
                              const Response& response) const {
  return parse_list(call, zone, response);
}

std::vector<Request> Google::apply(const Call& call, const LiveZone& live,
                                   const Batch& batch) const {
  OrderedJson body = OrderedJson::object();
  const StoredSpellings stored(live, batch);
  for (const auto& change : batch) {
    if (!change.before) continue;
    body["deletions"].push_back(json_of(*change.before, stored.of(change.key())));
  }
  for (const auto& change : batch) {
    if (change.after) body["additions"].push_back(json_of(*change.after));
  }
  Request post = request(call, "POST", "/" + percent_encoded(live.zone.id) + "/changes");
  post.headers.emplace_back("Content-Type", "application/json");
  post.body = body.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
  return {std::move(post)};
}

Outcome Google::parse_apply(const Call& call, const ZoneRef&, const Response& response) const {
  if (response.status != 200) return trouble(call, response, Access::write);
  return change_outcome(response);
}

Request Google::poll(const Call& call, const ZoneRef& zone, const std::string& cursor) const {
  return request(call, "GET",
                 "/" + percent_encoded(zone.id) + "/changes/" + percent_encoded(cursor));
}

Outcome Google::parse_poll(const Call& call, const ZoneRef&, const Response& response) const {
  if (response.status == 200) return change_outcome(response);
  // It only asks: a change that nobody knows any more is looked up in the zone itself.
  Trouble result = trouble(call, response, Access::read);
  if (result.kind == TroubleKind::permanent) result.kind = TroubleKind::incomplete_read;
  return result;
}

std::size_t Google::octets_of(const PlannedChange& change) const {
  std::size_t octets = 0;
  const auto add = [&](const std::optional<RRset>& rrset) {
    if (!rrset) return;
    for (const auto& rdata : rrset->rdata) {
      octets += dns::rdata_to_text(rrset->type, rdata.wire()).size();
    }
  };
  add(change.before);
  add(change.after);
  return octets;
}

std::optional<Request> Google::zones(const Call& call, const std::string& cursor) const {
  return request(
      call, "GET",
      "?maxResults=1000" + (cursor.empty() ? "" : "&pageToken=" + percent_encoded(cursor)));
}

Seen<ZonesPage> Google::parse_zones(const Call& call, const Response& response) const {
  if (response.status != 200) return trouble(call, response, Access::read);
  const Json answer = object_of<Json>(response);
  const Json* zones = list_of(answer, "dns#managedZonesListResponse", "managedZones");
  if (zones == nullptr) return garbage("a list of zones");
  ZonesPage page;
  for (const auto& zone : *zones) {
    const auto name = dns::Name::from_text(text_of(zone, "dnsName"));
    if (!name) return garbage("a list of zones");
    const std::string visibility = text_of(zone, "visibility");
    if (visibility.empty() || visibility == "public") {
      page.zones.push_back({*name, text_of(zone, "name")});
    }
  }
  const std::string next = text_of(answer, "nextPageToken");
  if (!next.empty()) page.next = next;
  return page;
}

Trouble Google::trouble(const Call& call, const Response& response, Access access) const {
  const Json answer = object_of<Json>(response);
  std::string words = without_secret(words_of(answer), config_.key.private_key);
  words = one_line(without_secret(std::move(words), Secret(call.session)), 300);
  Trouble result = trouble_of(response, access, words, call.now);
  if (has_reason(answer, {"rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded"})) {
    result.kind = TroubleKind::retry_after;
    result.throttled = true;
  }
  // What a change takes away is not there so, or what it brings is there: somebody was faster.
  const bool is_stale = response.status == 404 || response.status == 409 || response.status == 412;
  if (access == Access::write && is_stale) result.kind = TroubleKind::conflict;
  return result;
}

}  // namespace taproot::pushers
