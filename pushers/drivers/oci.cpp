#include "pushers/drivers/oci.hpp"

#include "dns/presentation.hpp"
#include "dns/rdata.hpp"
#include "pushers/base_url.hpp"
#include "pushers/drivers/json_answer.hpp"
#include "pushers/drivers/rdata_fields.hpp"
#include "pushers/drivers/single_records.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <set>
#include <utility>

namespace taproot::pushers {

namespace {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;
using dns::RRset;
using dns::RRType;

constexpr std::size_t max_operations = 500;  ///< of one PATCH
constexpr const char* page_size = "100";     ///< what is said of a larger one is not documented
constexpr std::uint32_t apex_ns_ttl = 86400;

Capabilities oci_capabilities() {
  Capabilities result;
  result.kind = "oci";
  result.checked_on = "2026-11-26";
  result.types = {RRType::A,     RRType::AAAA,  RRType::CAA,   RRType::CERT,  RRType::CNAME,
                  RRType::CSYNC, RRType::DHCID, RRType::DNAME, RRType::DS,    RRType::IPSECKEY,
                  RRType::KX,    RRType::LOC,   RRType::MX,    RRType::NAPTR, RRType::NS,
                  RRType::PTR,   RRType::PX,    RRType::RP,    RRType::SPF,   RRType::SRV,
                  RRType::SSHFP, RRType::TLSA,  RRType::TXT};
  result.ttl.min = 1;
  result.ttl.apex_ns = apex_ns_ttl;
  result.txt.ascii_only = true;
  result.txt.forbidden = "\"\\";
  result.txt.empty_allowed = false;
  result.owner_characters = "_*-/";
  result.apex_ns = ApexNs::ignore;
  result.keeps_own_ns = true;
  result.soa = SoaRule::providers;
  result.batch.max_changes = max_operations;
  result.batch.atomic = true;
  result.batch.compares = true;
  // Oracle refuses what is too much for a user with 429, and says of no API how much that is.
  result.calls_per_minute = 300;
  return result;
}

Trouble garbage(const std::string& what) {
  return unreadable(what, "Oracle");
}

std::string oci_name(const dns::Name& name) {
  return without_dot(name.lowered().to_text());
}

// Reading.

/// How far a list has come. Its pages must be of one state of the zone, and be as many records as
/// Oracle says at their end.
struct Cursor {
  std::string etag;
  std::size_t seen = 0;  ///< records
  std::string page;

  std::string to_text() const { return etag + "\n" + std::to_string(seen) + "\n" + page; }

  static Cursor from_text(const std::string& text) {
    const auto first = text.find('\n');
    const auto second = first == std::string::npos ? first : text.find('\n', first + 1);
    if (second == std::string::npos) return {};
    return {text.substr(0, first), number_in(text.substr(first + 1, second - first - 1)),
            text.substr(second + 1)};
  }
};

std::string header_of(const Response& response, std::string_view name) {
  std::string value(response.header(name).value_or(""));
  return is_visible(value) ? value : std::string();
}

/// Nothing if it does not say.
std::optional<std::size_t> total_of(const Response& response) {
  const auto header = response.header("opc-total-items");
  std::size_t total = 0;
  if (!header) return std::nullopt;
  const char* end = header->data() + header->size();
  const auto [stop, error] = std::from_chars(header->data(), end, total);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return total;
}

/// Puts one record of a list to the others, or fails with what is wrong with it.
Result<void> read_record(const Json& record, const dns::Name& apex, ListedRecords& records,
                         std::set<RRsetKey>& protected_ones) {
  const auto bad = [](const std::string& why) { return fail(Errc::bad_answer, why); };
  const auto owner = dns::Name::from_text(text_of(record, "domain"));
  const std::string type = text_of(record, "rtype");
  const std::string hash = text_of(record, "recordHash");
  const auto* text = find_text(record, "rdata");
  const auto ttl = ttl_of(record, "ttl");
  if (!owner || !owner->is_subdomain_of(apex)) return bad("a name does not lie in the zone");
  if (type.empty() || hash.empty() || text == nullptr || !ttl) return bad("a record lacks a field");
  const RRsetKey key{*owner, dns::rrtype_from_text(type).value_or(RRType::none)};
  const bool is_of_apex = *owner == apex && (key.type == RRType::NS || key.type == RRType::SOA);
  if (flag_of(record, "isProtected") && !is_of_apex) protected_ones.insert(key);
  if (key.type == RRType::none) {
    records.add_unread(key, *ttl, hash, "it is of a type that is Oracle's own");
    return {};
  }
  auto rdata = dns::rdata_from_text(key.type, *text, dns::Name::root());
  if (rdata) {
    records.add(key, *ttl, hash, std::move(*rdata));
  } else {
    records.add_unread(key, *ttl, hash, why_unreadable(rdata.error()));
  }
  return {};
}

Seen<Page> page_of(const Json& items, const dns::Name& apex) {
  ListedRecords records;
  std::set<RRsetKey> protected_ones;
  for (const auto& record : items) {
    const auto read = read_record(record, apex, records, protected_ones);
    if (!read) return garbage("a list of records (" + read.error().detail + ")");
  }
  Page page;
  page.has_parts = true;
  page.rrsets = records.take();
  for (auto& live : page.rrsets) {
    if (!protected_ones.contains(live.key()) || live.kind != LiveKind::plain) continue;
    live.kind = LiveKind::foreign;
    live.why = "Oracle protects it";
  }
  return page;
}

/// The array of records; null if this is none.
const Json* items_of(const Json& answer) {
  const Json* items = find(answer, "items");
  return items != nullptr && items->is_array() ? items : nullptr;
}

// Writing.

OrderedJson operation(const char* what, const RRset& rrset) {
  return {
      {"operation", what}, {"domain", oci_name(rrset.owner)}, {"rtype", dns::to_text(rrset.type)}};
}

OrderedJson with_rdata(OrderedJson one, const RRset& rrset, const dns::Rdata& rdata) {
  one["rdata"] = dns::rdata_to_text(rrset.type, rdata.wire());
  return one;
}

/// What goes away with a change, in words that mean the same in whatever order they are carried
/// out with what comes.
std::vector<OrderedJson> removals(const PlannedChange& change) {
  std::vector<OrderedJson> all;
  if (!change.before) return all;
  if (!change.after) return {operation("REMOVE", *change.before)};
  for (const auto& rdata : change.before->rdata) {
    const auto& stay = change.after->rdata;
    if (std::find(stay.begin(), stay.end(), rdata) != stay.end()) continue;
    all.push_back(with_rdata(operation("REMOVE", *change.before), *change.before, rdata));
  }
  return all;
}

std::vector<OrderedJson> additions(const PlannedChange& change) {
  std::vector<OrderedJson> all;
  if (!change.after) return all;
  const RRset& after = *change.after;
  const auto add = [&]() {
    OrderedJson one = operation("ADD", after);
    one["ttl"] = after.ttl;
    return one;
  };
  std::vector<OrderedJson> fresh;
  for (const auto& rdata : after.rdata) {
    const bool stays = change.before &&
                       std::find(change.before->rdata.begin(), change.before->rdata.end(), rdata) !=
                           change.before->rdata.end();
    if (!stays) fresh.push_back(with_rdata(add(), after, rdata));
  }
  // Without rdata it is a new TTL of all that stay, or the same for records that differ in theirs.
  const bool some_stay = fresh.size() < after.rdata.size();
  const bool sets_ttl = some_stay && (change.before->ttl != after.ttl || change.before == after);
  if (sets_ttl) all.push_back(add());
  all.insert(all.end(), fresh.begin(), fresh.end());
  return all;
}

std::string words_of(const Json& answer, const Response& response) {
  std::string words = text_of(answer, "code");
  if (!words.empty()) words += ": " + text_of(answer, "message");
  const std::string id = header_of(response, "opc-request-id");
  if (!id.empty()) words += (words.empty() ? "" : " ") + ("(opc-request-id " + id + ")");
  return words;
}

/// Without names of sessions' keys: what was refused may not be the one in use any more.
std::string without_tokens(std::string words) {
  static constexpr std::string_view prefix = "ST$";
  for (std::size_t at = 0; (at = words.find(prefix, at)) != std::string::npos;) {
    at += prefix.size();
    words.replace(at, std::min(words.find_first_of(" \",;", at), words.size()) - at, "***");
  }
  return words;
}

}  // namespace

Oci::Oci(OciConfig config) : config_(std::move(config)), capabilities_(oci_capabilities()) {
  config_.url = without_slash(std::move(config_.url));
}

Request Oci::request(const Call& call, std::string method, const std::string& path,
                     std::string body, const std::string& etag) const {
  Request request;
  request.method = std::move(method);
  request.url = config_.url + "/20180115" + path;
  request.headers = {{"Accept", "application/json"}};
  if (!etag.empty()) request.headers.emplace_back("If-Match", etag);
  request.body = std::move(body);
  request.timeout = std::chrono::seconds(60);
  sign_oci(request, *config_.key(), call.now);
  return request;
}

std::optional<ZoneRef> Oci::known_zone(const dns::Name& apex) const {
  const auto known = config_.zone_ids.find(apex);
  return ZoneRef{apex, known == config_.zone_ids.end() ? oci_name(apex) : known->second};
}

Request Oci::find_zone(const Call& call, const dns::Name& apex) const {
  return list(call, *known_zone(apex), "");
}

Seen<ZoneRef> Oci::parse_find(const Call&, const dns::Name& apex, const Response&) const {
  return *known_zone(apex);
}

Request Oci::list(const Call& call, const ZoneRef& zone, const std::string& cursor) const {
  const std::string page = Cursor::from_text(cursor).page;
  return request(call, "GET",
                 "/zones/" + percent_encoded(zone.id) + "/records?scope=GLOBAL&limit=" + page_size +
                     (page.empty() ? "" : "&page=" + percent_encoded(page)));
}

Seen<Page> Oci::parse_list(const Call& call, const ZoneRef& zone, const Response& response) const {
  if (response.status != 200) return trouble(call, response, Access::read);
  const Json answer = object_of<Json>(response);
  const Json* items = items_of(answer);
  Cursor cursor = Cursor::from_text(call.cursor);
  const bool is_first = cursor.page.empty();
  const std::string etag = header_of(response, "etag");
  if (is_first) cursor.etag = etag;
  // The SOA and the NS RRset at the apex are always there.
  if (items == nullptr || etag.empty() || (is_first && items->empty())) {
    return garbage("a list of records");
  }
  if (etag != cursor.etag) {
    return Trouble{TroubleKind::incomplete_read, "the zone changed while it was listed", {}, {}};
  }
  auto seen = page_of(*items, zone.apex);
  if (seen.value() == nullptr) return seen;
  Page& page = *seen.value();
  page.state_token = etag;
  cursor.seen += items->size();
  cursor.page = header_of(response, "opc-next-page");
  if (!cursor.page.empty()) page.next = cursor.to_text();
  page.complete = !page.next && total_of(response).value_or(cursor.seen) == cursor.seen;
  return seen;
}

Request Oci::look(const Call& call, const ZoneRef& zone, const dns::Name& owner) const {
  return request(call, "GET",
                 "/zones/" + percent_encoded(zone.id) + "/records?scope=GLOBAL&limit=" + page_size +
                     "&domain=" + percent_encoded(oci_name(owner)));
}

Seen<Page> Oci::parse_look(const Call& call, const ZoneRef& zone, const dns::Name&,
                           const Response& response) const {
  if (response.status != 200) return trouble(call, response, Access::read);
  const Json answer = object_of<Json>(response);
  const Json* items = items_of(answer);
  if (items == nullptr) return garbage("a list of records");
  auto seen = page_of(*items, zone.apex);
  if (seen.value() == nullptr) return seen;
  const bool is_last = header_of(response, "opc-next-page").empty();
  seen.value()->complete = is_last && total_of(response).value_or(items->size()) == items->size();
  return seen;
}

std::vector<Request> Oci::apply(const Call& call, const LiveZone& live, const Batch& batch) const {
  OrderedJson items = OrderedJson::array();
  // What makes room goes first.
  for (const auto& change : batch) {
    for (auto& one : removals(change)) items.push_back(std::move(one));
  }
  for (const auto& change : batch) {
    for (auto& one : additions(change)) items.push_back(std::move(one));
  }
  if (items.empty()) return {};
  const OrderedJson body{{"items", std::move(items)}};
  return {
      request(call, "PATCH", "/zones/" + percent_encoded(live.zone.id) + "/records?scope=GLOBAL",
              body.dump(-1, ' ', false, OrderedJson::error_handler_t::replace), live.state_token)};
}

Outcome Oci::parse_apply(const Call& call, const ZoneRef&, const Response& response) const {
  if (response.status != 200) return trouble(call, response, Access::write);
  const std::string etag = header_of(response, "etag");
  if (items_of(object_of<Json>(response)) == nullptr || etag.empty()) {
    return unreadable_outcome("a list of records", "Oracle");
  }
  return Accepted{etag};
}

std::size_t Oci::weight_of(const PlannedChange& change) const {
  return removals(change).size() + additions(change).size();
}

std::optional<Request> Oci::zones(const Call& call, const std::string& cursor) const {
  return request(call, "GET",
                 "/zones?compartmentId=" + percent_encoded(config_.compartment) +
                     "&scope=GLOBAL&limit=" + page_size +
                     (cursor.empty() ? "" : "&page=" + percent_encoded(cursor)));
}

Seen<ZonesPage> Oci::parse_zones(const Call& call, const Response& response) const {
  if (response.status != 200) return trouble(call, response, Access::read);
  const Json zones = Json::parse(response.body, nullptr, false);
  if (!zones.is_array()) return garbage("a list of zones");
  ZonesPage page;
  for (const auto& zone : zones) {
    const auto name = dns::Name::from_text(text_of(zone, "name"));
    const std::string id = text_of(zone, "id");
    if (!name || id.empty()) return garbage("a list of zones");
    page.zones.push_back({*name, id});
  }
  const std::string next = header_of(response, "opc-next-page");
  if (!next.empty()) page.next = next;
  return page;
}

Trouble Oci::trouble(const Call& call, const Response& response, Access access) const {
  const Json answer = object_of<Json>(response);
  auto words = without_tokens(words_of(answer, response));
  words = without_secret(std::move(words), config_.key()->token());
  Trouble result = trouble_of(response, access, one_line(words, 300), call.now);
  // What is not there and what the key may not see are one to Oracle.
  if (response.status == 404 && access == Access::write) result.kind = TroubleKind::conflict;
  if (response.status == 401) result.words += skew_words(response, call.now);
  return result;
}

}  // namespace taproot::pushers
