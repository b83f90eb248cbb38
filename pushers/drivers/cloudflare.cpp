#include "pushers/drivers/cloudflare.hpp"

#include "pushers/base_url.hpp"
#include "pushers/drivers/cloudflare_record.hpp"
#include "pushers/drivers/json_answer.hpp"
#include "pushers/drivers/outside_name.hpp"
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

/// What a zone of the plan without a fee takes in one batch; others take more.
constexpr std::size_t max_batch = 200;
constexpr std::size_t max_txt_characters = 2048;
constexpr const char* page_size = "1000";

Capabilities capabilities_of(const CloudflareDialect& dialect) {
  Capabilities result;
  result.kind = dialect.kind;
  result.checked_on = "2026-11-26";
  result.types = dialect.types;
  result.ttl.min = dialect.min_ttl;
  result.ttl.max = dialect.max_ttl;
  result.txt.max_written = max_txt_characters;
  result.txt.ascii_only = true;
  result.txt.empty_allowed = false;
  result.srv_by_service = dialect.whole_srv;
  result.apex_ns = ApexNs::ignore;
  result.soa = SoaRule::providers;
  result.batch.max_changes = max_batch;
  result.batch.atomic = true;
  // 1,200 in 5 minutes, of which a sixth of a minute's may go at once.
  result.calls_per_minute = 230;
  return result;
}

CloudflareDialect cloudflares_own() {
  CloudflareDialect dialect;
  dialect.types = cloudflare_types();
  return dialect;
}

// Reading.

/// The whole envelope, or null: not JSON, or not one of Cloudflare's.
Json envelope_of(const Response& response) {
  Json json = Json::parse(response.body, nullptr, false);
  const bool is_one = json.is_object() && json.contains("success") && json["success"].is_boolean();
  return is_one ? json : Json();
}

bool is_success(const Json& envelope) {
  return envelope.is_object() && envelope["success"].get<bool>();
}

bool is_id(const std::string& id) {
  return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  });
}

/// Where a page stands in its list.
struct Place {
  std::uint64_t page = 0;
  bool is_last = false;
};

/// Nothing if the numbers do not fit to what the page holds: then something is missing.
std::optional<Place> place_of(const Json& envelope, std::size_t size) {
  const Json* info = find(envelope, "result_info");
  if (info == nullptr) return std::nullopt;
  const auto page = number_of(*info, "page");
  const auto per_page = number_of(*info, "per_page");
  const auto count = number_of(*info, "count");
  const auto total = number_of(*info, "total_count");
  if (!page || !per_page || !count || !total || *page == 0 || *per_page == 0) return std::nullopt;
  if (*count != size || *page > 1'000'000 || *per_page > 1'000'000) return std::nullopt;
  const std::uint64_t until = (*page - 1) * *per_page + *count;
  const bool is_last = until >= *total;
  if (is_last ? until != *total : *count != *per_page) return std::nullopt;
  return Place{*page, is_last};
}

std::string why_foreign(const Json& record) {
  if (flag_of(record, "proxied")) return "it is proxied by Cloudflare";
  const Json* meta = find(record, "meta");
  if (meta == nullptr || !meta->is_object()) return "";
  if (flag_of(*meta, "read_only")) return "Cloudflare keeps it from being edited";
  for (const auto& [key, value] : meta->items()) {
    if (key.starts_with("managed_by") && value.is_boolean() && value.get<bool>()) {
      return "a product of Cloudflare's manages it";
    }
  }
  return "";
}

/// What is wrong with one record of a list; empty: it is among the others now.
std::string take_record(const Json& record, const dns::Name& apex, const Capabilities& can,
                        ListedRecords& records) {
  const std::string id = text_of(record, "id");
  const auto owner = name_from_outside(text_of(record, "name"));
  const auto ttl = ttl_of(record, "ttl");
  const std::string type_text = text_of(record, "type");
  if (!is_id(id) || !owner || !ttl || type_text.empty()) return "a record lacks a field";
  if (!owner->is_subdomain_of(apex)) return "a name does not lie in the zone";
  const RRsetKey key{*owner, dns::rrtype_from_text(type_text).value_or(RRType::none)};
  if (!can.holds(key.type)) {
    records.add_unread(key, *ttl, id, "it is of a type that taproot does not push there");
    return "";
  }
  auto rdata =
      cloudflare_rdata(key.type, record.dump(-1, ' ', false, Json::error_handler_t::replace));
  if (!rdata) {
    records.add_unread(key, *ttl, id, why_unreadable(rdata.error()));
    return "";
  }
  records.add(key, *ttl, id, std::move(*rdata));
  if (auto why = why_foreign(record); !why.empty()) records.spoil(key, std::move(why));
  return "";
}

// Writing.

/// The first label of a name without its last dot, taken off the front with its dot.
std::string take_label(std::string& name) {
  const auto dot = name.find('.');
  const std::string label = name.substr(0, dot);
  name = dot == std::string::npos ? "" : name.substr(dot + 1);
  return label;
}

OrderedJson record_of(const RRset& rrset, const dns::Rdata& rdata, bool whole_srv) {
  OrderedJson record{{"type", dns::to_text(rrset.type)},
                     {"name", without_dot(rrset.owner.to_text())},
                     {"ttl", rrset.ttl}};
  record.update(OrderedJson::parse(cloudflare_fields(rrset.type, rdata.wire())));
  if (whole_srv && rrset.type == RRType::SRV) {
    std::string name = without_dot(rrset.owner.to_text());
    record["data"]["service"] = take_label(name);
    record["data"]["proto"] = take_label(name);
    record["data"]["name"] = name;
  }
  const bool may_be_proxied =
      rrset.type == RRType::A || rrset.type == RRType::AAAA || rrset.type == RRType::CNAME;
  if (may_be_proxied) record["proxied"] = false;
  return record;
}

class BatchBody {
 public:
  explicit BatchBody(bool whole_srv) : whole_srv_(whole_srv) {}

  void add(const PlannedChange& change, const RecordEdits& edits) {
    for (const auto& id : edits.deletes) deletes_.push_back({{"id", id}});
    for (const auto& edit : edits.edits) {
      OrderedJson patch{{"id", edit.id}};
      if (edit.rdata) {
        patch.update(record_of(*change.after, *edit.rdata, whole_srv_));
      } else {
        patch["ttl"] = change.after->ttl;
      }
      patches_.push_back(std::move(patch));
    }
    for (const auto& rdata : edits.creates)
      posts_.push_back(record_of(*change.after, rdata, whole_srv_));
  }

  std::string text() const {
    OrderedJson body = OrderedJson::object();
    if (!deletes_.empty()) body["deletes"] = deletes_;
    if (!patches_.empty()) body["patches"] = patches_;
    if (!posts_.empty()) body["posts"] = posts_;
    return body.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
  }

 private:
  bool whole_srv_;
  OrderedJson deletes_ = OrderedJson::array();
  OrderedJson patches_ = OrderedJson::array();
  OrderedJson posts_ = OrderedJson::array();
};

// What goes wrong.

bool has_code(const Json& envelope, std::initializer_list<std::uint64_t> codes) {
  const Json* errors = find(envelope, "errors");
  if (errors == nullptr || !errors->is_array()) return false;
  return std::any_of(errors->begin(), errors->end(), [&](const Json& error) {
    const auto code = number_of(error, "code");
    return code && std::find(codes.begin(), codes.end(), *code) != codes.end();
  });
}

std::string words_of(const Json& envelope) {
  const Json* errors = find(envelope, "errors");
  if (errors == nullptr || !errors->is_array()) return "";
  std::string words;
  for (const auto& error : *errors) {
    const auto code = number_of(error, "code");
    words += (words.empty() ? "" : "; ") + (code ? std::to_string(*code) + " " : "") +
             text_of(error, "message");
  }
  return words;
}

std::optional<TroubleKind> kind_of(const Json& envelope, Access access) {
  if (has_code(envelope, {6003, 6111, 9103, 9106, 9107, 9109, 10000, 10001})) {
    return TroubleKind::auth;
  }
  if (access == Access::read) return std::nullopt;
  // A record that is gone, or is there already: somebody else was faster.
  if (has_code(envelope, {81044, 81057, 81058})) return TroubleKind::conflict;
  if (has_code(envelope, {971, 10100})) return TroubleKind::retry_after;
  return std::nullopt;
}

}  // namespace

Cloudflare::Cloudflare(CloudflareConfig config)
    : Cloudflare(std::move(config), cloudflares_own()) {}

Cloudflare::Cloudflare(CloudflareConfig config, CloudflareDialect dialect)
    : config_(std::move(config)),
      dialect_(std::move(dialect)),
      capabilities_(capabilities_of(dialect_)) {
  config_.url = without_slash(std::move(config_.url));
}

void Cloudflare::authorize(const Call&, Request& request) const {
  request.headers.emplace_back("Authorization", "Bearer " + std::string(config_.token.reveal()));
}

Trouble Cloudflare::garbage(const std::string& what) const {
  return unreadable(what, dialect_.called);
}

Request Cloudflare::request(const Call& call, std::string method, const std::string& path) const {
  Request request;
  request.method = std::move(method);
  request.url = config_.url + path;
  request.headers = {{"Accept", "application/json"}};
  authorize(call, request);
  request.timeout = std::chrono::seconds(60);
  return request;
}

Request Cloudflare::find_zone(const Call& call, const dns::Name& apex) const {
  if (const auto known = config_.zone_ids.find(apex); known != config_.zone_ids.end()) {
    return request(call, "GET", "/zones/" + percent_encoded(known->second));
  }
  const std::string name = percent_encoded(without_dot(apex.lowered().to_text()));
  return request(call, "GET",
                 "/zones?" + (dialect_.finds_by_name ? "name=" + name + "&" : "") +
                     "per_page=" + std::to_string(dialect_.zones_page));
}

Seen<ZoneRef> Cloudflare::parse_find(const Call& call, const dns::Name& apex,
                                     const Response& response) const {
  const Json envelope = envelope_of(response);
  if (response.status != 200 || (envelope.is_object() && !is_success(envelope))) {
    return trouble(call, response, Access::read);
  }
  const Json* result = find(envelope, "result");
  if (result == nullptr) return garbage("a list of zones");
  const bool by_id = config_.zone_ids.contains(apex);
  const Json zones = by_id ? Json::array({*result}) : *result;
  if (!zones.is_array() || (!by_id && !place_of(envelope, zones.size()))) {
    return garbage("a list of zones");
  }
  std::vector<ZoneRef> found;
  bool is_secondary = false;
  for (const auto& zone : zones) {
    const auto name = name_from_outside(text_of(zone, "name"));
    const std::string id = text_of(zone, "id");
    if (!name || !is_id(id)) return garbage("a list of zones");
    if (*name != apex) continue;
    found.push_back({apex, id});
    is_secondary = is_secondary || text_of(zone, "type") == "secondary";
  }
  if (found.empty() && !by_id && !place_of(envelope, zones.size())->is_last) {
    return permanent_trouble(
        "there are more zones than fit on one page: say with zone-ids which "
        "one is meant");
  }
  if (found.empty()) return Absent{};
  if (found.size() > 1) {
    return permanent_trouble(dialect_.called + " has " + std::to_string(found.size()) +
                             " zones of this name: say which one with zone-ids");
  }
  if (is_secondary) {
    return permanent_trouble(
        dialect_.called +
        " transfers this zone from elsewhere: feed it by transfer (kind: transfer)");
  }
  return found.front();
}

Request Cloudflare::list(const Call& call, const ZoneRef& zone, const std::string& cursor) const {
  return request(call, "GET",
                 "/zones/" + percent_encoded(zone.id) + "/dns_records?per_page=" + page_size +
                     "&page=" + (cursor.empty() ? "1" : cursor));
}

Seen<Page> Cloudflare::parse_list(const Call& call, const ZoneRef& zone,
                                  const Response& response) const {
  const Json envelope = envelope_of(response);
  if (response.status != 200 || (envelope.is_object() && !is_success(envelope))) {
    if (has_code(envelope, {7003, 1001})) return Absent{};
    return trouble(call, response, Access::read);
  }
  const Json* result = find(envelope, "result");
  if (result == nullptr || !result->is_array()) return garbage("a list of records");
  const auto place = place_of(envelope, result->size());
  if (!place) return garbage("a list of records whose counts agree");
  ListedRecords records;
  for (const auto& record : *result) {
    const auto wrong = take_record(record, zone.apex, capabilities_, records);
    if (!wrong.empty()) return garbage("a list of records (" + wrong + ")");
  }
  Page page;
  page.has_parts = true;
  page.rrsets = records.take();
  if (!place->is_last) page.next = std::to_string(place->page + 1);
  page.complete = place->is_last;
  return page;
}

Request Cloudflare::look(const Call& call, const ZoneRef& zone, const dns::Name& owner) const {
  return request(call, "GET",
                 "/zones/" + percent_encoded(zone.id) + "/dns_records?per_page=" + page_size +
                     "&name.exact=" + percent_encoded(without_dot(owner.lowered().to_text())));
}

Seen<Page> Cloudflare::parse_look(const Call& call, const ZoneRef& zone, const dns::Name&,
                                  const Response& response) const {
  return parse_list(call, zone, response);
}

std::vector<Request> Cloudflare::apply(const Call& call, const LiveZone& live,
                                       const Batch& batch) const {
  const RecordIds ids(live, batch);
  BatchBody body(dialect_.whole_srv);
  for (const auto& change : batch) body.add(change, ids.edits_of(change));
  Request post =
      request(call, "POST", "/zones/" + percent_encoded(live.zone.id) + "/dns_records/batch");
  post.headers.emplace_back("Content-Type", "application/json");
  post.body = body.text();
  return {std::move(post)};
}

Outcome Cloudflare::parse_apply(const Call& call, const ZoneRef&, const Response& response) const {
  const Json envelope = envelope_of(response);
  if (response.status != 200 || (envelope.is_object() && !is_success(envelope))) {
    return trouble(call, response, Access::write);
  }
  const Json* result = find(envelope, "result");
  if (result != nullptr && result->is_object()) return Accepted{};
  return unreadable_outcome("the outcome of a batch", dialect_.called);
}

std::size_t Cloudflare::weight_of(const PlannedChange& change) const {
  return records_of(change);
}

std::optional<Request> Cloudflare::zones(const Call& call, const std::string& cursor) const {
  return request(call, "GET",
                 "/zones?per_page=" + std::to_string(dialect_.zones_page) +
                     "&page=" + (cursor.empty() ? "1" : cursor));
}

Seen<ZonesPage> Cloudflare::parse_zones(const Call& call, const Response& response) const {
  const Json envelope = envelope_of(response);
  if (response.status != 200 || !is_success(envelope)) return trouble(call, response, Access::read);
  const Json* result = find(envelope, "result");
  if (result == nullptr || !result->is_array()) return garbage("a list of zones");
  const auto place = place_of(envelope, result->size());
  if (!place) return garbage("a list of zones whose counts agree");
  ZonesPage page;
  for (const auto& zone : *result) {
    const auto name = name_from_outside(text_of(zone, "name"));
    if (!name) return garbage("a list of zones");
    page.zones.push_back({*name, text_of(zone, "id")});
  }
  if (!place->is_last) page.next = std::to_string(place->page + 1);
  return page;
}

Trouble Cloudflare::trouble(const Call& call, const Response& response, Access access) const {
  const Json envelope = envelope_of(response);
  std::string said = without_secret(words_of(envelope), config_.token);
  const std::string words = one_line(without_secret(std::move(said), Secret(call.session)), 300);
  Trouble result = trouble_of(response, access, words, call.now);
  if (response.status == 200) {  // a failure all the same, if it says so
    const bool is_told = envelope.is_object();
    result.kind = !is_told                  ? result.kind
                  : access == Access::write ? TroubleKind::permanent
                                            : TroubleKind::retry_after;
    result.words = is_told ? words : garbage("one").words;
  }
  if (const auto kind = kind_of(envelope, access)) result.kind = *kind;
  if (has_code(envelope, {971, 10100})) result.throttled = true;
  return result;
}

}  // namespace taproot::pushers
