#include "pushers/drivers/exec.hpp"

#include "dns/presentation.hpp"
#include "dns/rdata.hpp"
#include "pushers/drivers/json_answer.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <utility>

namespace taproot::pushers {

namespace {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;
using dns::RRset;
using dns::RRType;

constexpr int protocol = 1;
/// What a program may write in one run; a page of a list is the longest of it.
constexpr std::size_t max_output = std::size_t{16} << 20;
constexpr std::size_t max_id = 1000;
constexpr std::chrono::seconds longest_wait{3600};

Trouble garbage(const std::string& what) {
  return unreadable(what, "the program");
}

// Asking.

OrderedJson order_of(const char* operation) {
  return {{"taproot", protocol}, {"operation", operation}};
}

OrderedJson order_of(const char* operation, const ZoneRef& zone) {
  auto order = order_of(operation);
  order["zone"] = zone.apex.lowered().to_text();
  order["id"] = zone.id;
  return order;
}

OrderedJson json_of(const RRset& rrset, const std::vector<std::string>& ids) {
  OrderedJson records = OrderedJson::array();
  for (const auto& rdata : rrset.rdata) {
    records.push_back(dns::rdata_to_text(rrset.type, rdata.wire()));
  }
  OrderedJson json{{"ttl", rrset.ttl}, {"records", std::move(records)}};
  if (!ids.empty()) json["ids"] = ids;
  return json;
}

OrderedJson json_of(const PlannedChange& change, const std::vector<std::string>& ids) {
  OrderedJson json{{"name", change.rrset().owner.lowered().to_text()},
                   {"type", dns::to_text(change.rrset().type)}};
  if (change.before) json["before"] = json_of(*change.before, ids);
  if (change.after) json["after"] = json_of(*change.after, {});
  return json;
}

std::string text_of_order(const OrderedJson& order) {
  return order.dump(-1, ' ', false, OrderedJson::error_handler_t::replace) + "\n";
}

// Reading.

std::optional<std::string> cursor_of(const Json& answer) {
  const std::string next = text_of(answer, "next");
  return next.empty() ? std::nullopt : std::optional(next);
}

std::optional<LiveKind> kind_of(const Json& rrset) {
  const auto* kind = find_text(rrset, "kind");
  if (kind == nullptr || *kind == "plain") return LiveKind::plain;
  if (*kind == "foreign") return LiveKind::foreign;
  if (*kind == "opaque") return LiveKind::opaque;
  return std::nullopt;
}

/// The records into the set; what keeps it from being plain data is said of it.
Result<void> read_records(const Json& json, LiveRRset& live) {
  const Json* records = find(json, "records");
  if (records == nullptr || !records->is_array()) {
    if (live.kind == LiveKind::opaque) return {};
    return fail(Errc::bad_answer, "an RRset has no records");
  }
  for (const auto& record : *records) {
    const auto* text = record.get_ptr<const std::string*>();
    if (text == nullptr) return fail(Errc::bad_answer, "a record is no text");
    live.take(dns::rdata_from_text(live.rrset.type, *text, dns::Name::root()));
  }
  if (live.rrset.rdata.empty() && live.kind != LiveKind::opaque) {
    return fail(Errc::bad_answer, "an RRset has no records");
  }
  return {};
}

Result<LiveRRset> read_rrset(const Json& json, const dns::Name& apex) {
  const auto bad = [](const char* why) { return fail(Errc::bad_answer, why); };
  const auto owner = dns::Name::from_text(text_of(json, "name"));
  const std::string type = text_of(json, "type");
  const auto kind = kind_of(json);
  if (!owner || !owner->is_subdomain_of(apex)) return bad("a name does not lie in the zone");
  if (type.empty() || !kind) return bad("an RRset lacks its type, or is of an unknown kind");
  LiveRRset live;
  live.kind = *kind;
  live.rrset.owner = *owner;
  live.rrset.type = dns::rrtype_from_text(type).value_or(RRType::none);
  live.why = one_line(text_of(json, "why"), 120);
  if (live.why.empty() && live.kind != LiveKind::plain) live.why = "the program says so";
  const auto ttl = ttl_of(json, "ttl");
  if (!ttl && live.kind != LiveKind::opaque) return bad("an RRset has no TTL");
  live.rrset.ttl = ttl.value_or(0);
  if (live.rrset.type == RRType::none && live.kind == LiveKind::plain) {
    live.make_opaque("it is of the type " + one_line(type, 20) + ", which taproot does not know");
    return live;
  }
  if (auto read = read_records(json, live); !read) return tl::unexpected(std::move(read.error()));
  if (const Json* ids = find(json, "ids"); ids != nullptr && ids->is_array()) {
    for (const auto& id : *ids) {
      const auto* text = id.get_ptr<const std::string*>();
      if (text == nullptr || text->size() > max_id) return bad("an id is no short text");
      live.ids.push_back(*text);
    }
  }
  dns::normalise(live.rrset);
  return live;
}

Seen<Page> page_of(const Json& answer, const dns::Name& apex) {
  const Json* rrsets = find(answer, "rrsets");
  const Json* complete = find(answer, "complete");
  if (rrsets == nullptr || !rrsets->is_array()) return garbage("a list of RRsets");
  Page page;
  page.next = cursor_of(answer);
  if (!page.next && (complete == nullptr || !complete->is_boolean())) {
    return garbage("a list that says whether it is complete");
  }
  for (const auto& rrset : *rrsets) {
    auto live = read_rrset(rrset, apex);
    if (!live) return garbage("a list of RRsets (" + live.error().detail + ")");
    page.rrsets.push_back(std::move(*live));
  }
  page.complete = flag_of(answer, "complete");
  page.serial_is_ours = flag_of(answer, "serial_is_ours");
  const auto serial = number_of(answer, "serial");
  if (serial && *serial <= 0xffff'ffffU) page.serial = static_cast<std::uint32_t>(*serial);
  if (const Json* notes = find(answer, "notes"); notes != nullptr && notes->is_array()) {
    for (const auto& note : *notes) {
      const auto* text = note.get_ptr<const std::string*>();
      if (text != nullptr && page.notes.size() < 20) page.notes.push_back(one_line(*text));
    }
  }
  return page;
}

// What goes wrong.

std::optional<RRsetKey> culprit_of(const Json& trouble) {
  const auto owner = dns::Name::from_text(text_of(trouble, "name"));
  const auto type = dns::rrtype_from_text(text_of(trouble, "type"));
  if (!owner || !type) return std::nullopt;
  return RRsetKey{*owner, *type};
}

/// What the program itself says went wrong.
Trouble told_trouble(const Json& told, Access access) {
  static const std::map<std::string, TroubleKind> kinds{{"retry", TroubleKind::retry_after},
                                                        {"conflict", TroubleKind::conflict},
                                                        {"refused", TroubleKind::permanent},
                                                        {"auth", TroubleKind::auth},
                                                        {"unknown", TroubleKind::unknown_outcome}};
  const auto kind = kinds.find(text_of(told, "kind"));
  if (kind == kinds.end()) {
    return access == Access::read ? garbage("trouble of a known kind")
                                  : unreadable_outcome("trouble of a known kind", "the program");
  }
  Trouble trouble{kind->second, one_line(text_of(told, "words")), {}, culprit_of(told)};
  if (trouble.words.empty()) trouble.words = "the program says: " + kind->first;
  const bool doubts =
      trouble.kind == TroubleKind::unknown_outcome || trouble.kind == TroubleKind::conflict;
  if (doubts && access == Access::read) trouble.kind = TroubleKind::retry_after;
  if (const auto seconds = number_of(told, "seconds")) {
    trouble.wait =
        std::min(std::chrono::seconds(std::min<std::uint64_t>(*seconds, 3600)), longest_wait);
  }
  return trouble;
}

/// The last line that a program complained with.
std::string last_words(const net::ChildEnd& end) {
  std::string text = end.errors;
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  const auto line = text.rfind('\n');
  if (line != std::string::npos) text.erase(0, line + 1);
  return text.empty() ? "" : ": " + one_line(text, 160);
}

Outcome outcome_of(const Json& answer) {
  if (flag_of(answer, "done")) return Accepted{};
  const Json* working = find(answer, "working");
  const std::string cursor = working == nullptr ? "" : text_of(*working, "cursor");
  if (cursor.empty() || cursor.size() > max_id) {
    return unreadable_outcome("the outcome of changes", "the program");
  }
  const auto seconds = number_of(*working, "seconds").value_or(1);
  return Working{cursor, std::chrono::seconds(std::clamp<std::uint64_t>(seconds, 1, 60))};
}

Trouble no_answer(const ExecConfig& config, const net::ChildEnd& end, Access access) {
  using Kind = net::ChildEnd::Kind;
  const std::string name = "the program " + one_line(config.command.front(), 120);
  const auto kind =
      access == Access::read ? TroubleKind::retry_after : TroubleKind::unknown_outcome;
  switch (end.kind) {
    case Kind::not_started:
      return permanent_trouble(name + " cannot be run: " + end.why);
    case Kind::timed_out:
      return {kind,
              name + " took longer than " + std::to_string(config.timeout.count()) +
                  " ms and was ended",
              {},
              {}};
    case Kind::flooded:
      return {kind, name + " wrote more than 16 MiB and was ended", {}, {}};
    case Kind::killed:
      return {kind,
              name + " was ended by signal " + std::to_string(end.code) + last_words(end),
              {},
              {}};
    case Kind::exited:
      break;
  }
  return {
      kind, name + " ended with exit code " + std::to_string(end.code) + last_words(end), {}, {}};
}

/// The object that the program wrote; trouble if there is none, or if it says so.
Seen<Json> answer_of(const ExecConfig& config, const Response& response, Access access) {
  if (!response.exec) return garbage("that of a program");
  const auto& end = *response.exec;
  if (end.kind != net::ChildEnd::Kind::exited || end.code != 0)
    return no_answer(config, end, access);
  Json json = Json::parse(end.output, nullptr, false);
  if (!json.is_object() || number_of(json, "taproot") != protocol) {
    const std::string what = "one JSON object with \"taproot\": 1";
    return access == Access::read ? garbage(what) : unreadable_outcome(what, "the program");
  }
  if (const Json* told = find(json, "trouble")) return told_trouble(*told, access);
  return json;
}

}  // namespace

Capabilities exec_capabilities() {
  Capabilities result;
  result.kind = "exec";
  result.checked_on = "2026-11-26";
  result.types = {RRType::A,  RRType::AAAA, RRType::CAA, RRType::CNAME, RRType::MX,
                  RRType::NS, RRType::PTR,  RRType::SRV, RRType::TXT};
  result.apex_ns = ApexNs::ignore;
  result.soa = SoaRule::providers;
  result.batch.max_changes = 1;
  return result;
}

Exec::Exec(ExecConfig config) : config_(std::move(config)) {}

Request Exec::request(std::string order) const {
  Request request;
  net::ChildOrder child;
  child.command = config_.command;
  child.environment = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                       "LC_ALL=C.UTF-8"};
  child.input = std::move(order);
  child.timeout = config_.timeout;
  child.max_output = max_output;
  child.most_output = max_output;
  request.exec = std::move(child);
  return request;
}

Request Exec::find_zone(const Call&, const dns::Name& apex) const {
  auto order = order_of("find");
  order["zone"] = apex.lowered().to_text();
  return request(text_of_order(order));
}

Seen<ZoneRef> Exec::parse_find(const Call&, const dns::Name& apex, const Response& response) const {
  const auto json = answer_of(config_, response, Access::read);
  if (json.trouble() != nullptr) return *json.trouble();
  if (flag_of(*json.value(), "absent")) return Absent{};
  const auto id = text_of(*json.value(), "id");
  if (id.empty() || id.size() > max_id) return garbage("where the zone is");
  return ZoneRef{apex, id};
}

Request Exec::list(const Call&, const ZoneRef& zone, const std::string& cursor) const {
  auto order = order_of("list", zone);
  if (!cursor.empty()) order["cursor"] = cursor;
  return request(text_of_order(order));
}

Seen<Page> Exec::parse_list(const Call&, const ZoneRef& zone, const Response& response) const {
  const auto json = answer_of(config_, response, Access::read);
  if (json.trouble() != nullptr) return *json.trouble();
  if (flag_of(*json.value(), "absent")) return Absent{};
  return page_of(*json.value(), zone.apex);
}

Request Exec::look(const Call&, const ZoneRef& zone, const dns::Name& owner) const {
  auto order = order_of("look", zone);
  order["name"] = owner.lowered().to_text();
  return request(text_of_order(order));
}

Seen<Page> Exec::parse_look(const Call& call, const ZoneRef& zone, const dns::Name&,
                            const Response& response) const {
  return parse_list(call, zone, response);
}

std::vector<Request> Exec::apply(const Call&, const LiveZone& live, const Batch& batch) const {
  std::map<RRsetKey, const std::vector<std::string>*> ids;
  for (const auto& one : live.rrsets) {
    if (!one.ids.empty()) ids[one.key()] = &one.ids;
  }
  auto order = order_of("apply", live.zone);
  order["changes"] = OrderedJson::array();
  for (const auto& change : batch) {
    const auto known = ids.find(change.key());
    order["changes"].push_back(
        json_of(change, known == ids.end() ? std::vector<std::string>() : *known->second));
  }
  return {request(text_of_order(order))};
}

Outcome Exec::parse_apply(const Call&, const ZoneRef&, const Response& response) const {
  const auto json = answer_of(config_, response, Access::write);
  if (json.trouble() != nullptr) return *json.trouble();
  return outcome_of(*json.value());
}

Request Exec::poll(const Call&, const ZoneRef& zone, const std::string& cursor) const {
  auto order = order_of("poll", zone);
  order["cursor"] = cursor;
  return request(text_of_order(order));
}

Outcome Exec::parse_poll(const Call& call, const ZoneRef& zone, const Response& response) const {
  return parse_apply(call, zone, response);
}

std::size_t Exec::octets_of(const PlannedChange& change) const {
  return json_of(change, {}).dump(-1, ' ', false, OrderedJson::error_handler_t::replace).size() + 1;
}

std::optional<Request> Exec::zones(const Call&, const std::string& cursor) const {
  auto order = order_of("zones");
  if (!cursor.empty()) order["cursor"] = cursor;
  return request(text_of_order(order));
}

Seen<ZonesPage> Exec::parse_zones(const Call&, const Response& response) const {
  const auto json = answer_of(config_, response, Access::read);
  if (json.trouble() != nullptr) return *json.trouble();
  const Json* zones = find(*json.value(), "zones");
  if (zones == nullptr || !zones->is_array()) return garbage("a list of zones");
  ZonesPage page;
  page.next = cursor_of(*json.value());
  for (const auto& zone : *zones) {
    const auto apex = dns::Name::from_text(text_of(zone, "zone"));
    if (!apex) return garbage("a list of zones");
    page.zones.push_back({*apex, text_of(zone, "id")});
  }
  return page;
}

}  // namespace taproot::pushers
