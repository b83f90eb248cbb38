#include "pushers/drivers/powerdns.hpp"

#include "dns/presentation.hpp"
#include "dns/rdata.hpp"
#include "pushers/base_url.hpp"
#include "pushers/drivers/json_answer.hpp"
#include "pushers/drivers/powerdns_content.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>
#include <utility>

namespace taproot::pushers {

namespace {

using Json = nlohmann::json;
using OrderedJson = nlohmann::ordered_json;

using dns::RRType;

/// PowerDNS takes 2 MB by default; proxies want their share.
constexpr std::size_t max_patch_octets = 1'500'000;
Capabilities powerdns_capabilities() {
  Capabilities result;
  result.kind = "powerdns";
  result.checked_on = "2026-11-23";
  result.every_type = true;
  // What the server makes itself when it signs.
  result.refused = {RRType::RRSIG,      RRType::NSEC, RRType::NSEC3,
                    RRType::NSEC3PARAM, RRType::SIG,  RRType::NXT};
  result.apex_ns = ApexNs::manage;
  result.soa = SoaRule::pushed;
  result.batch.max_octets = max_patch_octets;
  result.batch.atomic = true;
  return result;
}

/// Nothing instead of an exception; a second value after the first is an error too.
std::optional<Json> parse_json(const std::string& text) {
  Json json = Json::parse(text, nullptr, false);
  if (json.is_discarded()) return std::nullopt;
  return json;
}

bool iequals(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return dns::lower(static_cast<std::uint8_t>(x)) == dns::lower(static_cast<std::uint8_t>(y));
  });
}

bool is_json(const Response& response) {
  const auto type = response.header("Content-Type");
  return type && type->starts_with("application/json");
}

/// Whether the 422 (and in older versions the only) answer for an unknown zone is meant.
bool says_no_such_zone(const Response& response) {
  return response.status == 422 && response.body.find("Could not find domain") != std::string::npos;
}

// Reading a zone.

/// One record into the set; what keeps it from being plain data, or nothing.
std::optional<std::string> read_record(const Json& record, const dns::Name& apex, dns::RRset& rrset,
                                       bool& broken) {
  const std::string* content = find_text(record, "content");
  if (content == nullptr) {
    broken = true;
    return std::nullopt;
  }
  if (flag_of(record, "disabled")) return "it has disabled records";
  auto rdata = dns::rdata_from_text(rrset.type, *content, apex);
  if (!rdata) return why_unreadable(rdata.error());
  rrset.rdata.push_back(std::move(*rdata));
  return std::nullopt;
}

/// Nothing for an RRset without records (PowerDNS lists those that have comments); an error for
/// what is not an RRset of this zone at all.
Result<std::optional<LiveRRset>> read_rrset(const Json& json, const dns::Name& apex) {
  const auto bad = [](const std::string& why) { return fail(Errc::bad_answer, why); };
  if (!json.is_object()) return bad("an RRset is not an object");
  const std::string* name = find_text(json, "name");
  const std::string* type = find_text(json, "type");
  const auto ttl = ttl_of(json, "ttl");
  const Json* records = find(json, "records");
  if (name == nullptr || type == nullptr || !ttl || records == nullptr || !records->is_array()) {
    return bad("an RRset lacks name, type, ttl or records");
  }
  const auto owner = dns::Name::from_text(*name);
  if (!owner || !name->ends_with('.')) return bad("an RRset's name is not an absolute name");
  if (!owner->is_subdomain_of(apex)) return bad("it lists a name outside of the zone");
  if (records->empty()) return std::optional<LiveRRset>();

  LiveRRset live;
  live.rrset.owner = *owner;
  const auto known = powerdns_type_from(*type);
  live.rrset.type = known.value_or(RRType::none);
  live.rrset.ttl = *ttl;
  if (!known || is_powerdns_own(*known)) {
    live.make_opaque("it is of PowerDNS's type " + one_line(*type, 20));
    return live;
  }
  bool broken = false;
  for (const auto& record : *records) {
    if (auto why = read_record(record, apex, live.rrset, broken)) live.make_opaque(std::move(*why));
    if (broken) return bad("a record has no content");
  }
  dns::normalise(live.rrset);
  return live;
}

/// What a person should know about how PowerDNS treats this zone.
void note_settings(const Json& zone, Page& page) {
  const std::string* edit = find_text(zone, "soa_edit_api");
  page.serial_is_ours = edit != nullptr && (edit->empty() || iequals(*edit, "OFF"));
  if (!page.serial_is_ours) {
    page.notes.push_back(
        "PowerDNS changes the SOA serial of this zone by itself (soa_edit_api is " +
        (edit == nullptr ? std::string("not told") : "\"" + one_line(*edit, 40) + "\"") +
        "), so it serves another serial than taproot's; set soa_edit_api to \"\" to keep ours");
  }
  const std::string* served = find_text(zone, "soa_edit");
  const bool is_signed = flag_of(zone, "dnssec");
  if (is_signed && served != nullptr && !served->empty() && !iequals(*served, "NONE")) {
    page.serial_is_ours = false;
    page.notes.push_back("PowerDNS signs this zone and edits the serial it serves (soa_edit is \"" +
                         one_line(*served, 40) + "\")");
  }
  if (is_signed && !flag_of(zone, "api_rectify")) {
    page.notes.push_back(
        "PowerDNS signs this zone and api_rectify is off: set it, or rectify the zone after "
        "pushes");
  }
}

/// One of several contents of a zone that PowerDNS chooses from by who asks: "example.com..inside".
bool is_variant(const std::string& name) {
  return name.find("..") != std::string::npos;
}

/// The zone is one that PowerDNS transfers from somewhere else: what is pushed would be lost.
bool is_secondary(const Json& zone) {
  const std::string* kind = find_text(zone, "kind");
  if (kind == nullptr) return false;
  return iequals(*kind, "Slave") || iequals(*kind, "Secondary") || iequals(*kind, "Consumer");
}

Trouble secondary_trouble() {
  return {TroubleKind::permanent,
          "PowerDNS holds this zone as a secondary and would overwrite what is pushed: feed it by "
          "transfer (kind: transfer), or make it Native or Primary there",
          {},
          {}};
}

// Writing a zone.

OrderedJson json_of(const PlannedChange& change) {
  const dns::RRset& rrset = change.rrset();
  OrderedJson json = {{"name", rrset.owner.to_text()}, {"type", powerdns_type(rrset.type)}};
  if (change.is_delete()) {
    json["changetype"] = "DELETE";
    return json;
  }
  json["ttl"] = rrset.ttl;
  json["changetype"] = "REPLACE";
  json["records"] = OrderedJson::array();
  for (const auto& rdata : rrset.rdata) {
    json["records"].push_back(
        {{"content", powerdns_content(rrset.type, rdata.wire())}, {"disabled", false}});
  }
  return json;
}

/// The RRset that a 422 is about: "Record www.example.org./A '192.0.2.300': …" or
/// "RRset www.example.org. IN CNAME: …".
std::optional<RRsetKey> culprit_of(std::string_view words) {
  const bool is_record = words.starts_with("Record ");
  if (!is_record && !words.starts_with("RRset ")) return std::nullopt;
  words.remove_prefix(is_record ? 7 : 6);
  const std::size_t end_of_name = words.find_first_of(" /");
  if (end_of_name == std::string_view::npos) return std::nullopt;
  const auto owner = dns::Name::from_text(words.substr(0, end_of_name));
  words.remove_prefix(end_of_name + 1);
  if (words.starts_with("IN ")) words.remove_prefix(3);
  const auto type = powerdns_type_from(words.substr(0, words.find_first_of(" :'")));
  if (!owner || !type) return std::nullopt;
  return RRsetKey{*owner, *type};
}

}  // namespace

Powerdns::Powerdns(PowerdnsConfig config)
    : config_(std::move(config)), capabilities_(powerdns_capabilities()) {
  config_.url = without_slash(std::move(config_.url));
}

Request Powerdns::request(std::string method, const std::string& path) const {
  Request request;
  request.method = std::move(method);
  request.url =
      config_.url + "/api/v1/servers/" + percent_encoded(config_.server_id) + "/zones" + path;
  request.headers = {{"X-API-Key", std::string(config_.api_key.reveal())},
                     {"Accept", "application/json"}};
  request.timeout = std::chrono::seconds(60);
  return request;
}

/// PowerDNS makes a zone's id of its name: what is no letter, digit, dot or hyphen becomes =XX.
std::optional<ZoneRef> Powerdns::known_zone(const dns::Name& apex) const {
  if (apex.is_root()) return ZoneRef{apex, "=2E"};
  constexpr std::string_view digits = "0123456789ABCDEF";
  std::string id;
  for (const char c : apex.lowered().to_text()) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-';
    if (c == '\\') return std::nullopt;  // escapes are its own business
    if (is_plain) {
      id += c;
      continue;
    }
    const auto octet = static_cast<unsigned char>(c);
    id += '=';
    id += digits[octet >> 4];
    id += digits[octet & 15];
  }
  return ZoneRef{apex, id};
}

Request Powerdns::find_zone(const Call&, const dns::Name& apex) const {
  return request("GET", "?zone=" + percent_encoded(apex.lowered().to_text()));
}

Request Powerdns::list(const Call&, const ZoneRef& zone, const std::string&) const {
  return request("GET", "/" + percent_encoded(zone.id));
}

/// Servers before 4.4 do not know the question and list all of the zone.
Request Powerdns::look(const Call&, const ZoneRef& zone, const dns::Name& owner) const {
  return request("GET", "/" + percent_encoded(zone.id) +
                            "?rrset_name=" + percent_encoded(owner.lowered().to_text()));
}

Seen<Page> Powerdns::parse_look(const Call& call, const ZoneRef& zone, const dns::Name&,
                                const Response& response) const {
  return parse_list(call, zone, response);
}

std::vector<Request> Powerdns::apply(const Call&, const LiveZone& live, const Batch& batch) const {
  OrderedJson rrsets = OrderedJson::array();
  // PowerDNS looks at the entries one after the other: what makes room must come first.
  for (const auto& change : batch) {
    if (change.is_delete()) rrsets.push_back(json_of(change));
  }
  for (const auto& change : batch) {
    if (!change.is_delete()) rrsets.push_back(json_of(change));
  }
  Request patch = request("PATCH", "/" + percent_encoded(live.zone.id));
  patch.headers.emplace_back("Content-Type", "application/json");
  patch.body = OrderedJson{{"rrsets", std::move(rrsets)}}.dump(
      -1, ' ', false, OrderedJson::error_handler_t::replace);
  return {std::move(patch)};
}

std::size_t Powerdns::octets_of(const PlannedChange& change) const {
  return json_of(change).dump(-1, ' ', false, OrderedJson::error_handler_t::replace).size() + 1;
}

Seen<ZoneRef> Powerdns::parse_find(const Call& call, const dns::Name& apex,
                                   const Response& response) const {
  if (says_no_such_zone(response)) return Absent{};
  if (response.status == 404) {
    return Trouble{TroubleKind::permanent,
                   "HTTP 404: there is no PowerDNS API at this URL (is it on, and is the server id "
                   "right?)",
                   {},
                   {}};
  }
  if (response.status != 200) return trouble(call, response, Access::read);
  const auto json = parse_json(response.body);
  if (!json || !json->is_array()) return garbage("a list of zones");
  std::vector<ZoneRef> found;
  bool secondary = false;
  for (const auto& zone : *json) {
    const std::string* id = find_text(zone, "id");
    const std::string* name = id == nullptr ? nullptr : find_text(zone, "name");
    if (name == nullptr || id->empty()) return garbage("a list of zones");
    if (is_variant(*name)) continue;
    const auto its_apex = dns::Name::from_text(*name);
    if (!its_apex) return garbage("a list of zones");
    if (*its_apex != apex) continue;
    found.push_back({apex, *id});
    secondary = secondary || is_secondary(zone);
  }
  if (found.empty()) return Absent{};
  if (found.size() > 1) {
    return Trouble{TroubleKind::permanent,
                   "PowerDNS lists " + std::to_string(found.size()) + " zones of this name",
                   {},
                   {}};
  }
  if (secondary) return secondary_trouble();
  return found.front();
}

Seen<Page> Powerdns::parse_list(const Call& call, const ZoneRef& zone,
                                const Response& response) const {
  if (response.status == 404 || says_no_such_zone(response)) return Absent{};
  if (response.status != 200) return trouble(call, response, Access::read);
  const auto json = parse_json(response.body);
  if (!json || !json->is_object()) return garbage("a zone");
  const std::string* name = find_text(*json, "name");
  const Json* rrsets = find(*json, "rrsets");
  if (name == nullptr || rrsets == nullptr || !rrsets->is_array()) return garbage("a zone");
  const auto apex = dns::Name::from_text(*name);
  if (!apex || *apex != zone.apex) return garbage("the zone that was asked for");
  if (is_secondary(*json)) return secondary_trouble();

  Page page;
  for (const auto& rrset : *rrsets) {
    auto live = read_rrset(rrset, zone.apex);
    if (!live) return garbage("a zone (" + live.error().detail + ")");
    if (*live) page.rrsets.push_back(std::move(**live));
  }
  note_settings(*json, page);
  if (const Json* serial = find(*json, "serial");
      serial != nullptr && serial->is_number_unsigned() &&
      serial->get<std::uint64_t>() <= std::numeric_limits<std::uint32_t>::max()) {
    page.serial = static_cast<std::uint32_t>(serial->get<std::uint64_t>());
  }
  page.complete = true;  // one answer holds the whole zone, and it was whole JSON
  return page;
}

Outcome Powerdns::parse_apply(const Call& call, const ZoneRef&, const Response& response) const {
  if (response.status == 204 && response.body.empty()) return Accepted{};
  if (response.status == 404 || says_no_such_zone(response)) {
    return Trouble{TroubleKind::conflict, "the zone is gone", {}, {}};
  }
  return trouble(call, response, Access::write);
}

std::optional<Request> Powerdns::zones(const Call&, const std::string&) const {
  return request("GET", "?dnssec=false");
}

Seen<ZonesPage> Powerdns::parse_zones(const Call& call, const Response& response) const {
  if (response.status != 200) return trouble(call, response, Access::read);
  const auto json = parse_json(response.body);
  if (!json || !json->is_array()) return garbage("a list of zones");
  ZonesPage page;
  for (const auto& zone : *json) {
    const std::string* name = find_text(zone, "name");
    const std::string* id = find_text(zone, "id");
    if (name == nullptr || id == nullptr) return garbage("a list of zones");
    if (is_variant(*name)) continue;
    const auto apex = dns::Name::from_text(*name);
    if (!apex) return garbage("a list of zones");
    page.zones.push_back({*apex, *id});
  }
  return page;
}

/// What PowerDNS says went wrong. A server that is not PowerDNS may say anything, and may even
/// send our key back.
std::string Powerdns::words_of(const Response& response) const {
  const auto json = is_json(response) ? parse_json(response.body) : std::nullopt;
  const std::string* error = json ? find_text(*json, "error") : nullptr;
  if (error == nullptr) return "";
  const std::string words = without_secret(*error, config_.api_key);
  return one_line(words);
}

Trouble Powerdns::trouble(const Call& call, const Response& response, Access access) const {
  const std::string words = words_of(response);
  Trouble result = trouble_of(response, access, words, call.now);
  if (result.kind == TroubleKind::permanent) result.culprit = culprit_of(words);
  if (response.status == 413) {
    result.words += " (a larger webserver-max-bodysize in PowerDNS helps)";
  }
  return result;
}

Trouble Powerdns::garbage(const std::string& what) const {
  return unreadable(what, "PowerDNS");
}

}  // namespace taproot::pushers
