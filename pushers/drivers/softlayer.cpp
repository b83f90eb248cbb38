#include "pushers/drivers/softlayer.hpp"

#include "dns/tsig.hpp"
#include "pushers/base_url.hpp"
#include "pushers/drivers/json_answer.hpp"
#include "pushers/drivers/rdata_fields.hpp"
#include "pushers/drivers/single_records.hpp"
#include "pushers/drivers/softlayer_record.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <utility>

namespace taproot::pushers {

namespace {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;
using dns::RRType;

constexpr std::size_t max_batch = 100;  ///< records; SoftLayer documents no limit
constexpr std::size_t page_size = 1000;
constexpr std::size_t max_txt_octets = 4000;  ///< likewise; what was cut off shows when it is read
constexpr const char* records_path = "/SoftLayer_Dns_Domain_ResourceRecord";
constexpr const char* record_mask =
    "mask[id,host,type,data,ttl,mxPriority,priority,weight,port,service,protocol]";

Capabilities softlayer_capabilities() {
  Capabilities result;
  result.kind = "softlayer";
  result.checked_on = "2026-11-26";
  result.types = softlayer_types();
  result.ttl.min = 60;
  result.txt.max_total = max_txt_octets;
  result.txt.ascii_only = true;
  result.txt.empty_allowed = false;
  result.owner_characters = "_*-";
  result.srv_by_service = true;
  result.apex_ns = ApexNs::ignore;
  result.keeps_own_ns = true;
  result.soa = SoaRule::providers;
  result.batch.max_changes = max_batch;
  // Not documented: 50 a second were seen to be refused.
  result.calls_per_minute = 600;
  return result;
}

Trouble garbage(const std::string& what) {
  return unreadable(what, "SoftLayer");
}

// Reading.

bool is_error(const Json& answer) {
  return find_text(answer, "error") != nullptr;
}

/// The items of a list. One alone comes without the list; nothing if it is neither.
std::optional<Json> items_of(const Response& response) {
  Json answer = Json::parse(response.body, nullptr, false);
  if (answer.is_array()) return answer;
  if (number_of(answer, "id")) return Json::array({std::move(answer)});
  return std::nullopt;
}

std::optional<std::uint64_t> number_from(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// Where the rest of a list begins, and how long the list was: "1000/2500", the cursor of a page.
struct Rest {
  std::uint64_t begin = 0;
  std::optional<std::uint64_t> total;  ///< nothing: the first page was not read yet
};

Rest rest_of(const std::string& cursor) {
  const auto slash = cursor.find('/');
  if (slash == std::string::npos) return {};
  const std::string_view text = cursor;
  return {number_from(text.substr(0, slash)).value_or(0), number_from(text.substr(slash + 1))};
}

std::string limit_of(const std::string& cursor) {
  return "&resultLimit=" + std::to_string(rest_of(cursor).begin) + "," + std::to_string(page_size);
}

/// The cursor of the page after one with `size` items, empty after the last one. Trouble if the
/// numbers do not fit: then something is missing.
Seen<std::string> next_of(const Call& call, const Response& response, std::size_t size) {
  const auto header = response.header("SoftLayer-Total-Items");
  const auto total = header ? number_from(*header) : std::nullopt;
  const Rest rest = rest_of(call.cursor);
  if (!total || rest.begin + size > *total) return garbage("a list whose counts agree");
  if (rest.total && *rest.total != *total) {
    return Trouble{
        TroubleKind::incomplete_read, "the list became another while it was read", {}, {}};
  }
  if (rest.begin + size == *total) return std::string();
  if (size == 0) return garbage("a list whose counts agree");
  return std::to_string(rest.begin + size) + "/" + std::to_string(*total);
}

/// What is wrong with one record of a list; empty: it is among the others now.
std::string take_record(const Json& record, const dns::Name& apex, ListedRecords& records) {
  const auto id = number_of(record, "id");
  const auto ttl = ttl_of(record, "ttl");
  const std::string type_text = text_of(record, "type");
  if (!id || type_text.empty()) return "a record lacks a field";
  const std::string text = record.dump(-1, ' ', false, Json::error_handler_t::replace);
  const auto owner = softlayer_owner(apex, text);
  if (!owner) return owner.error().detail;
  if (!owner->is_subdomain_of(apex)) return "a name does not lie in the zone";
  const RRsetKey key{*owner, dns::rrtype_from_text(type_text).value_or(RRType::none)};
  const std::uint32_t seconds = ttl.value_or(0);
  const auto& known = softlayer_types();
  if (std::find(known.begin(), known.end(), key.type) == known.end()) {
    records.add_unread(key, seconds, std::to_string(*id),
                       "it is of a type that taproot does not push to SoftLayer");
    return "";
  }
  if (!ttl) return "a record lacks a TTL";
  auto rdata = softlayer_rdata(apex, key.type, text);
  if (rdata) {
    records.add(key, seconds, std::to_string(*id), std::move(*rdata));
  } else {
    records.add_unread(key, seconds, std::to_string(*id), why_unreadable(rdata.error()));
  }
  return "";
}

// Writing.

/// MX and SRV are made and changed by services of their own.
constexpr std::array<const char*, 3> services{"", "_MxType", "_SrvType"};

std::size_t service_of(RRType type) {
  if (type == RRType::MX) return 1;
  return type == RRType::SRV ? 2 : 0;
}

OrderedJson id_of(const std::string& id) {
  return {{"id", number_from(id).value_or(0)}};
}

/// What a batch does to single records.
class Writes {
 public:
  Writes(const LiveZone& live, const Batch& batch) : live_(live) {
    for (const auto& change : batch) {
      if (!change.is_delete()) creating_.insert(change.unit);
    }
    const RecordIds ids(live, batch);
    for (const auto& change : batch) add(change, ids.edits_of(change));
  }

  /// What must make room for others; what is no longer wanted.
  OrderedJson first_deletes = OrderedJson::array();
  OrderedJson last_deletes = OrderedJson::array();
  std::array<OrderedJson, services.size()> edits{empty(), empty(), empty()};
  std::array<OrderedJson, services.size()> creates{empty(), empty(), empty()};

 private:
  static OrderedJson empty() { return OrderedJson::array(); }

  void add(const PlannedChange& change, const RecordEdits& record_edits) {
    const RRType type = change.key().type;
    const bool makes_room = change.is_delete() && creating_.contains(change.unit);
    for (const auto& id : record_edits.deletes) {
      (makes_room ? first_deletes : last_deletes).push_back(id_of(id));
    }
    for (const auto& edit : record_edits.edits) {
      OrderedJson one = id_of(edit.id);
      if (edit.rdata) one.update(OrderedJson::parse(softlayer_fields(type, edit.rdata->wire())));
      one["ttl"] = change.after->ttl;
      edits[service_of(type)].push_back(std::move(one));
    }
    for (const auto& rdata : record_edits.creates) {
      OrderedJson one{{"domainId", number_from(live_.zone.id).value_or(0)}};
      one.update(OrderedJson::parse(softlayer_place(live_.zone.apex, change.key().owner, type)));
      one.update(OrderedJson::parse(softlayer_fields(type, rdata.wire())));
      one["ttl"] = change.after->ttl;
      creates[service_of(type)].push_back(std::move(one));
    }
  }

  const LiveZone& live_;
  std::set<std::size_t> creating_;
};

/// Each call takes a list of arguments, of which a list is one.
std::string parameters(OrderedJson argument) {
  OrderedJson body = OrderedJson::object();
  body["parameters"] = OrderedJson::array();
  body["parameters"].push_back(std::move(argument));
  return body.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

/// `true`, the object that was made, or several of them.
bool is_done(const Json& answer) {
  if (answer.is_boolean()) return answer.get<bool>();
  if (!answer.is_array()) return number_of(answer, "id").has_value();
  return !answer.empty() && std::all_of(answer.begin(), answer.end(), [](const Json& one) {
    return number_of(one, "id").has_value();
  });
}

// What goes wrong.

bool ends_with_one_of(const std::string& code, std::initializer_list<std::string_view> ends) {
  return std::any_of(ends.begin(), ends.end(),
                     [&](std::string_view end) { return code.ends_with(end); });
}

/// SoftLayer says with status 500, too, that it refuses something: only the code tells.
std::optional<TroubleKind> kind_of(const Json& answer, Access access) {
  const std::string code = text_of(answer, "code");
  if (ends_with_one_of(code, {"_InvalidPermission", "_PermissionDenied", "_InvalidLegacyToken",
                              "_NotAuthorized", "_Unauthorized"})) {
    return TroubleKind::auth;
  }
  if (code.ends_with("_RateLimitExceeded")) return TroubleKind::retry_after;
  if (access == Access::read || text_of(answer, "error") == "Internal Error") return std::nullopt;
  // A record that is gone: somebody else was faster.
  if (code.ends_with("_ObjectNotFound")) return TroubleKind::conflict;
  if (code.starts_with("SoftLayer_Exception")) return TroubleKind::permanent;
  return std::nullopt;
}

}  // namespace

Softlayer::Softlayer(SoftlayerConfig config)
    : config_(std::move(config)), capabilities_(softlayer_capabilities()) {
  config_.url = without_slash(std::move(config_.url));
}

Request Softlayer::request(std::string method, const std::string& path) const {
  Request request;
  request.method = std::move(method);
  request.url = config_.url + path;
  const std::string login = config_.user + ":" + std::string(config_.api_key.reveal());
  const Octets octets(reinterpret_cast<const std::uint8_t*>(login.data()), login.size());
  request.headers = {{"Authorization", "Basic " + dns::base64_encode(octets)},
                     {"Accept", "application/json"}};
  request.timeout = std::chrono::seconds(60);
  return request;
}

Request Softlayer::find_zone(const Call&, const dns::Name& apex) const {
  const OrderedJson filter{
      {"domains", {{"name", {{"operation", without_dot(apex.lowered().to_text())}}}}}};
  return request("GET", "/SoftLayer_Account/getDomains.json?objectMask=" +
                            percent_encoded("mask[id,name,secondary]") +
                            "&objectFilter=" + percent_encoded(filter.dump()) + limit_of(""));
}

Seen<ZoneRef> Softlayer::parse_find(const Call& call, const dns::Name& apex,
                                    const Response& response) const {
  const auto zones = items_of(response);
  if (response.status != 200 || !zones) return trouble(call, response, Access::read);
  std::vector<ZoneRef> found;
  bool is_secondary = false;
  for (const auto& zone : *zones) {
    const auto name = dns::Name::from_text(text_of(zone, "name"));
    const auto id = number_of(zone, "id");
    if (!name || !id) return garbage("a list of domains");
    if (*name != apex) continue;
    found.push_back({apex, std::to_string(*id)});
    const Json* secondary = find(zone, "secondary");
    is_secondary = is_secondary || (secondary != nullptr && secondary->is_object());
  }
  if (found.empty()) return Absent{};
  if (found.size() > 1) {
    return permanent_trouble("SoftLayer has " + std::to_string(found.size()) +
                             " domains of this name");
  }
  if (is_secondary) {
    return permanent_trouble(
        "SoftLayer transfers this zone from elsewhere: feed it by transfer (kind: transfer)");
  }
  return found.front();
}

Request Softlayer::list(const Call&, const ZoneRef& zone, const std::string& cursor) const {
  return request("GET", "/SoftLayer_Dns_Domain/" + percent_encoded(zone.id) +
                            "/getResourceRecords.json?objectMask=" + percent_encoded(record_mask) +
                            limit_of(cursor));
}

Seen<Page> Softlayer::parse_list(const Call& call, const ZoneRef& zone,
                                 const Response& response) const {
  const auto items = items_of(response);
  if (response.status != 200 || !items) {
    const Json answer = Json::parse(response.body, nullptr, false);
    if (text_of(answer, "code").ends_with("_ObjectNotFound")) return Absent{};
    return trouble(call, response, Access::read);
  }
  const auto next = next_of(call, response, items->size());
  if (next.value() == nullptr) return *next.trouble();
  ListedRecords records;
  for (const auto& record : *items) {
    const auto wrong = take_record(record, zone.apex, records);
    if (!wrong.empty()) return garbage("a list of records (" + one_line(wrong, 120) + ")");
  }
  Page page;
  page.has_parts = true;
  page.rrsets = records.take();
  page.complete = next.value()->empty();
  if (!page.complete) page.next = *next.value();
  return page;
}

/// What is no plain host is listed otherwise (SRV records), or is a sign of filters' (a wildcard).
/// Wildcards mean something else in a filter, and services are kept apart from their host.
bool Softlayer::can_look(const ZoneRef& zone, const dns::Name& owner) const {
  const std::string host = owner.lowered().to_text_in(zone.apex);
  const bool is_service = host.starts_with('_') && host.find("._") != std::string::npos;
  return !is_service && host.find('*') == std::string::npos;
}

Request Softlayer::look(const Call&, const ZoneRef& zone, const dns::Name& owner) const {
  const std::string host = owner.lowered().to_text_in(zone.apex);
  const OrderedJson filter{{"resourceRecords", {{"host", {{"operation", host}}}}}};
  return request("GET", "/SoftLayer_Dns_Domain/" + percent_encoded(zone.id) +
                            "/getResourceRecords.json?objectMask=" + percent_encoded(record_mask) +
                            "&objectFilter=" + percent_encoded(filter.dump()) + limit_of(""));
}

Seen<Page> Softlayer::parse_look(const Call& call, const ZoneRef& zone, const dns::Name&,
                                 const Response& response) const {
  return parse_list(call, zone, response);
}

std::vector<Request> Softlayer::apply(const Call&, const LiveZone& live, const Batch& batch) const {
  const Writes writes(live, batch);
  std::vector<Request> requests;
  const auto send = [&](const char* method, const std::string& path, OrderedJson argument) {
    Request one = request(method, path + ".json");
    if (!argument.is_null()) {
      one.headers.emplace_back("Content-Type", "application/json");
      one.body = parameters(std::move(argument));
    }
    requests.push_back(std::move(one));
  };
  const auto id_path = [](const std::string& path, const OrderedJson& records) {
    return path + "/" + records[0]["id"].dump();
  };
  const auto remove = [&](const OrderedJson& records) {
    const std::string path = records_path;
    if (records.size() == 1) send("DELETE", id_path(path, records), nullptr);
    if (records.size() > 1) send("POST", path + "/deleteObjects", records);
  };
  remove(writes.first_deletes);
  for (std::size_t i = 0; i < services.size(); ++i) {
    const std::string path = std::string(records_path) + services[i];
    const OrderedJson& edits = writes.edits[i];
    const OrderedJson& creates = writes.creates[i];
    if (edits.size() == 1) send("PUT", id_path(path, edits), edits[0]);
    if (edits.size() > 1) send("PUT", path, edits);
    if (creates.size() == 1) send("POST", path, creates[0]);
    if (creates.size() > 1) send("POST", path + "/createObjects", creates);
  }
  remove(writes.last_deletes);
  return requests;
}

Outcome Softlayer::parse_apply(const Call& call, const ZoneRef&, const Response& response) const {
  const Json answer = Json::parse(response.body, nullptr, false);
  if (response.status != 200 || is_error(answer)) return trouble(call, response, Access::write);
  if (is_done(answer)) return Accepted{};
  return unreadable_outcome("the outcome of a change", "SoftLayer");
}

std::size_t Softlayer::weight_of(const PlannedChange& change) const {
  return records_of(change);
}

std::optional<Request> Softlayer::zones(const Call&, const std::string& cursor) const {
  return request("GET", "/SoftLayer_Account/getDomains.json?objectMask=" +
                            percent_encoded("mask[id,name]") + limit_of(cursor));
}

Seen<ZonesPage> Softlayer::parse_zones(const Call& call, const Response& response) const {
  const auto zones = items_of(response);
  if (response.status != 200 || !zones) return trouble(call, response, Access::read);
  const auto next = next_of(call, response, zones->size());
  if (next.value() == nullptr) return *next.trouble();
  ZonesPage page;
  for (const auto& zone : *zones) {
    const auto name = dns::Name::from_text(text_of(zone, "name"));
    const auto id = number_of(zone, "id");
    if (!name || !id) return garbage("a list of domains");
    page.zones.push_back({*name, std::to_string(*id)});
  }
  if (!next.value()->empty()) page.next = *next.value();
  return page;
}

Trouble Softlayer::trouble(const Call& call, const Response& response, Access access) const {
  const Json answer = Json::parse(response.body, nullptr, false);
  const std::string words =
      one_line(without_secret(text_of(answer, "error"), config_.api_key), 300);
  Trouble result = trouble_of(response, access, words, call.now);
  if (response.status == 200 && !is_error(answer)) return garbage("a list");
  if (response.status == 200) result.words = words;  // a failure all the same
  if (const auto kind = kind_of(answer, access)) result.kind = *kind;
  if (text_of(answer, "code").ends_with("_RateLimitExceeded")) result.throttled = true;
  return result;
}

}  // namespace taproot::pushers
