#include "pushers/drivers/route53.hpp"

#include "dns/presentation.hpp"
#include "pushers/base_url.hpp"
#include "pushers/drivers/route53_text.hpp"
#include "pushers/drivers/stored_spelling.hpp"

#include <pugixml.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <sstream>
#include <utility>

namespace taproot::pushers {

namespace {

using dns::RRset;
using dns::RRType;

constexpr const char* api = "/2013-04-01/";
constexpr const char* xml_namespace = "https://route53.amazonaws.com/doc/2013-04-01/";
constexpr std::size_t max_batch_records = 1000;
constexpr std::size_t max_batch_characters = 32'000;
constexpr std::size_t max_txt_characters = 4000;
constexpr std::size_t max_rrset_records = 400;
constexpr std::size_t max_body = std::size_t{16} << 20;

Capabilities route53_capabilities() {
  Capabilities result;
  result.kind = "route53";
  result.checked_on = "2026-11-26";
  result.types = {RRType::A,     RRType::AAAA,  RRType::CAA,  RRType::CNAME,
                  RRType::DS,    RRType::HTTPS, RRType::MX,   RRType::NAPTR,
                  RRType::NS,    RRType::PTR,   RRType::SPF,  RRType::SRV,
                  RRType::SSHFP, RRType::SVCB,  RRType::TLSA, RRType::TXT};
  result.txt.max_written = max_txt_characters;
  result.max_records = max_rrset_records;
  result.wildcard_ns = false;
  result.apex_ns = ApexNs::ignore;
  result.soa = SoaRule::providers;
  result.batch.max_changes = max_batch_records;
  result.batch.max_octets = max_batch_characters;
  result.batch.atomic = true;
  result.batch.awaits_last_only = true;
  result.batch.compares = true;
  // Documented are 5 a second for the whole account, whoever calls; since 2026 a bucket of 50 that
  // gains 10 a second.
  result.calls_per_minute = 240;
  return result;
}

/// Where signatures are good for: one region for each of Amazon's worlds.
AwsScope scope_of(const std::string& url) {
  if (url.find(".amazonaws.com.cn") != std::string::npos) return {"cn-northwest-1", "route53"};
  if (url.find("us-gov.amazonaws.com") != std::string::npos) return {"us-gov-west-1", "route53"};
  return {"us-east-1", "route53"};
}

Trouble garbage(const std::string& what) {
  return unreadable(what, "Route 53");
}

// Reading.

/// The root element of this name, or an empty node.
pugi::xml_node root_of(pugi::xml_document& document, const Response& response, const char* name) {
  const auto parsed =
      document.load_buffer(response.body.data(), response.body.size(),
                           pugi::parse_escapes | pugi::parse_eol, pugi::encoding_utf8);
  return parsed ? document.child(name) : pugi::xml_node();
}

std::string text_of(const pugi::xml_node& node, const char* name) {
  return node.child(name).text().get();
}

/// Only what says so in so many words; nothing for anything else.
std::optional<bool> flag_of(const pugi::xml_node& node, const char* name) {
  const std::string text = text_of(node, name);
  if (text == "true") return true;
  if (text == "false") return false;
  return std::nullopt;
}

std::string without_prefix(std::string id, std::string_view prefix) {
  if (id.starts_with(prefix)) id.erase(0, prefix.size());
  return id;
}

bool is_id(const std::string& id) {
  return !id.empty() && id.size() <= 64 && std::all_of(id.begin(), id.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
  });
}

Result<dns::Name> name_of(const std::string& text) {
  if (text.empty()) return fail(Errc::bad_answer, "a name is missing");
  return dns::Name::from_text(from_route53_text(text));
}

/// Why a set is more than an RRset, or nothing.
std::optional<std::string> why_opaque(const pugi::xml_node& node) {
  if (node.child("AliasTarget")) return "it is an alias of Amazon's";
  if (node.child("SetIdentifier")) return "it is one of several that Route 53 chooses from";
  if (node.child("HealthCheckId")) return "a health check decides whether it is answered";
  if (node.child("TrafficPolicyInstanceId")) return "a traffic policy made it";
  return std::nullopt;
}

std::string value_text(RRType type, Octets rdata) {
  return to_route53_text(dns::rdata_to_text(type, rdata));
}

std::vector<std::string> values_of(const RRset& rrset) {
  std::vector<std::string> values;
  values.reserve(rrset.rdata.size());
  for (const auto& rdata : rrset.rdata) values.push_back(value_text(rrset.type, rdata.wire()));
  return values;
}

Result<LiveRRset> read_rrset(const pugi::xml_node& node, const dns::Name& apex) {
  const auto bad = [](const std::string& why) { return fail(Errc::bad_answer, why); };
  const auto owner = name_of(text_of(node, "Name"));
  if (!owner || !owner->is_subdomain_of(apex)) return bad("a name does not lie in the zone");
  LiveRRset live;
  live.rrset.owner = *owner;
  const std::string type = text_of(node, "Type");
  if (type.empty()) return bad("an RRset has no type");
  live.rrset.type = dns::rrtype_from_text(type).value_or(RRType::none);
  if (auto why = why_opaque(node)) {
    live.make_opaque(std::move(*why));
    return live;
  }
  const std::string ttl = text_of(node, "TTL");
  const char* const end = ttl.data() + ttl.size();
  const auto [stop, error] = std::from_chars(ttl.data(), end, live.rrset.ttl);
  if (error != std::errc() || stop != end) return bad("an RRset has no TTL");
  live.rrset.ttl = std::min(live.rrset.ttl, dns::max_ttl);
  const auto records = node.child("ResourceRecords");
  std::vector<std::string> values;
  for (const auto& record : records.children("ResourceRecord")) {
    const auto value = record.child("Value");
    if (!value) return bad("a record has no value");
    // Targets that were typed in without a last dot are meant to be absolute.
    values.emplace_back(value.text().get());
    live.take(
        dns::rdata_from_text(live.rrset.type, from_route53_text(values.back()), dns::Name::root()));
  }
  if (live.rrset.rdata.empty() && live.kind == LiveKind::plain) return bad("an RRset is empty");
  if (live.kind == LiveKind::plain) keep_spelling(live, std::move(values), values_of(live.rrset));
  dns::normalise(live.rrset);
  return live;
}

constexpr char cursor_separator = '\t';

/// Where the next page begins: all three, or sets with identifiers would be lost.
Result<std::string> next_cursor(const pugi::xml_node& root) {
  const std::string name = text_of(root, "NextRecordName");
  const std::string type = text_of(root, "NextRecordType");
  if (name.empty() || type.empty()) {
    return fail(Errc::bad_answer, "there is more, and it is not said where");
  }
  return name + cursor_separator + type + cursor_separator + text_of(root, "NextRecordIdentifier");
}

// Writing.

void add_change(pugi::xml_node changes, const char* action, const RRset& rrset,
                const std::vector<std::string>& stored = {}) {
  auto change = changes.append_child("Change");
  change.append_child("Action").text().set(action);
  auto set = change.append_child("ResourceRecordSet");  // its elements' order matters
  set.append_child("Name").text().set(to_route53_text(rrset.owner.to_text()).c_str());
  set.append_child("Type").text().set(dns::to_text(rrset.type).c_str());
  set.append_child("TTL").text().set(rrset.ttl);
  auto records = set.append_child("ResourceRecords");
  for (const auto& value : stored.empty() ? values_of(rrset) : stored) {
    records.append_child("ResourceRecord").append_child("Value").text().set(value.c_str());
  }
}

bool is_apex_ns(const PlannedChange& change, const dns::Name& apex) {
  return change.key() == RRsetKey{apex, RRType::NS};
}

std::string change_body(const LiveZone& live, const Batch& batch) {
  pugi::xml_document document;
  auto root = document.append_child("ChangeResourceRecordSetsRequest");
  root.append_attribute("xmlns").set_value(xml_namespace);
  auto changes = root.append_child("ChangeBatch").append_child("Changes");
  const dns::Name& apex = live.zone.apex;
  const StoredSpellings stored(live, batch);
  // What makes room comes first.
  for (const auto& change : batch) {
    if (!change.before || is_apex_ns(change, apex)) continue;
    add_change(changes, "DELETE", *change.before, stored.of(change.key()));
  }
  for (const auto& change : batch) {
    if (!change.after) continue;
    add_change(changes, is_apex_ns(change, apex) ? "UPSERT" : "CREATE", *change.after);
  }
  std::ostringstream text;
  document.save(text, "", pugi::format_raw, pugi::encoding_utf8);
  return text.str();
}

/// The RRset of "[Tried to create resource record set [name='www.example.com.', type='A'] but …".
std::optional<RRsetKey> culprit_of(std::string_view words) {
  constexpr std::string_view before_name = "[name='";
  constexpr std::string_view before_type = "', type='";
  const auto name_at = words.find(before_name);
  if (name_at == std::string_view::npos) return std::nullopt;
  words.remove_prefix(name_at + before_name.size());
  const auto type_at = words.find(before_type);
  if (type_at == std::string_view::npos) return std::nullopt;
  const auto owner = name_of(std::string(words.substr(0, type_at)));
  words.remove_prefix(type_at + before_type.size());
  const auto type = dns::rrtype_from_text(words.substr(0, words.find('\'')));
  if (!owner || !type) return std::nullopt;
  return RRsetKey{*owner, *type};
}

// What goes wrong.

struct AwsError {
  std::string code;
  std::string message;
};

/// One of the two shapes that errors have.
AwsError error_of(const Response& response) {
  pugi::xml_document document;
  if (const auto root = root_of(document, response, "ErrorResponse")) {
    const auto error = root.child("Error");
    return {text_of(error, "Code"), text_of(error, "Message")};
  }
  if (const auto root = root_of(document, response, "InvalidChangeBatch")) {
    std::string all = text_of(root, "Message");
    for (const auto& one : root.child("Messages").children("Message")) {
      all += (all.empty() ? "" : " ") + std::string(one.text().get());
    }
    return {"InvalidChangeBatch", all};
  }
  return {};
}

bool is_one_of(const std::string& code, std::initializer_list<std::string_view> codes) {
  return std::find(codes.begin(), codes.end(), code) != codes.end();
}

/// A batch that does not fit to what is there: somebody else was faster.
bool says_stale(const std::string& message) {
  for (const auto* words :
       {"it already exists", "it was not found", "not found", "do not match the current values"}) {
    if (message.find(words) != std::string::npos) return true;
  }
  return false;
}

std::optional<TroubleKind> kind_of(const AwsError& error, Access access) {
  const bool writes = access == Access::write;
  if (is_one_of(error.code,
                {"Throttling", "ThrottlingException", "ThrottledException", "RequestLimitExceeded",
                 "TooManyRequestsException", "PriorRequestNotComplete"})) {
    return TroubleKind::retry_after;
  }
  if (is_one_of(error.code,
                {"AccessDenied", "AccessDeniedException", "InvalidClientTokenId", "ExpiredToken",
                 "ExpiredTokenException", "SignatureDoesNotMatch", "RequestExpired",
                 "IncompleteSignature", "MissingAuthenticationToken", "UnrecognizedClientException",
                 "OptInRequired", "InvalidSignatureException"})) {
    return TroubleKind::auth;
  }
  if (error.code == "NoSuchHostedZone" && writes) return TroubleKind::conflict;
  if (error.code == "InvalidChangeBatch" && says_stale(error.message)) return TroubleKind::conflict;
  if (is_one_of(error.code, {"InvalidChangeBatch", "InvalidInput", "LimitsExceeded",
                             "NoSuchHealthCheck", "InvalidParameter"})) {
    return TroubleKind::permanent;
  }
  return std::nullopt;
}

Outcome change_outcome(const Response& response, const char* root_name) {
  pugi::xml_document document;
  const auto info = root_of(document, response, root_name).child("ChangeInfo");
  const std::string status = text_of(info, "Status");
  const std::string id = without_prefix(text_of(info, "Id"), "/change/");
  if (status == "INSYNC") return Accepted{};
  if (status == "PENDING" && is_id(id)) return Working{id, std::chrono::seconds(2)};
  return unreadable_outcome("the state of a change", "Route 53");
}

}  // namespace

Route53::Route53(Route53Config config)
    : config_(std::move(config)),
      scope_(scope_of(config_.url)),
      capabilities_(route53_capabilities()) {
  config_.url = without_slash(std::move(config_.url));
}

Request Route53::request(const Call& call, std::string method, const std::string& path,
                         std::string body) const {
  Request request;
  request.method = std::move(method);
  request.url = config_.url + api + path;
  request.body = std::move(body);
  if (!request.body.empty()) request.headers.emplace_back("Content-Type", "application/xml");
  request.timeout = std::chrono::seconds(30);
  request.max_body = max_body;
  const bool has_role = !call.session.empty();
  sign_v4(request, has_role ? credentials_of_session(call.session) : config_.credentials, scope_,
          call.now);
  return request;
}

std::optional<Request> Route53::login(const Call& call) const {
  if (config_.role.arn.empty()) return std::nullopt;
  return assume_role(config_.role, config_.credentials, call.now);
}

Seen<std::string> Route53::parse_login(const Call& call, const Response& response) const {
  if (response.status != 200) return trouble(call, response, Access::read);
  const auto credentials = credentials_of_role(response, call.now);
  if (!credentials) return unreadable("credentials of a role", "AWS");
  return session_of(*credentials);
}

Request Route53::find_zone(const Call& call, const dns::Name& apex) const {
  if (const auto known = config_.zone_ids.find(apex); known != config_.zone_ids.end()) {
    return request(call, "GET", "hostedzone/" + percent_encoded(known->second));
  }
  const std::string name = percent_encoded(to_route53_text(apex.lowered().to_text()));
  return request(call, "GET", "hostedzonesbyname?dnsname=" + name + "&maxitems=10");
}

Seen<ZoneRef> Route53::parse_find(const Call& call, const dns::Name& apex,
                                  const Response& response) const {
  const bool by_id = config_.zone_ids.contains(apex);
  if (response.status == 404 && error_of(response).code == "NoSuchHostedZone") return Absent{};
  if (response.status != 200) return trouble(call, response, Access::read);
  pugi::xml_document document;
  const auto root = root_of(document, response,
                            by_id ? "GetHostedZoneResponse" : "ListHostedZonesByNameResponse");
  if (!root) return garbage("a hosted zone");
  std::vector<ZoneRef> found;
  const auto take = [&](const pugi::xml_node& zone) {
    const auto name = name_of(text_of(zone, "Name"));
    const auto id = without_prefix(text_of(zone, "Id"), "/hostedzone/");
    const auto is_private = flag_of(zone.child("Config"), "PrivateZone");
    if (!name || !is_id(id)) return false;
    if (*name == apex && !is_private.value_or(false)) found.push_back({apex, id});
    return true;
  };
  if (by_id) {
    if (!take(root.child("HostedZone"))) return garbage("a hosted zone");
    if (found.empty()) {
      return permanent_trouble("the zone of zone-ids is another one there, or a private one");
    }
    return found.front();
  }
  const auto zones = root.child("HostedZones");
  if (!zones || !flag_of(root, "IsTruncated")) return garbage("a list of hosted zones");
  for (const auto& zone : zones.children("HostedZone")) {
    if (!take(zone)) return garbage("a list of hosted zones");
  }
  // Zones of one name stand together; many private ones may hide the public one.
  const auto next = name_of(text_of(root, "NextDNSName"));
  if (*flag_of(root, "IsTruncated") && (!next || *next == apex)) {
    return permanent_trouble(
        "Route 53 has very many zones of this name: say which one with zone-ids");
  }
  if (found.empty()) return Absent{};
  if (found.size() > 1) {
    return permanent_trouble("Route 53 has " + std::to_string(found.size()) +
                             " public zones of this name: say which one with zone-ids");
  }
  return found.front();
}

Request Route53::list(const Call& call, const ZoneRef& zone, const std::string& cursor) const {
  std::string path = "hostedzone/" + percent_encoded(zone.id) + "/rrset?maxitems=300";
  constexpr std::array keys{"&name=", "&type=", "&identifier="};
  std::string_view rest = cursor;
  for (const auto* key : keys) {
    if (rest.empty()) break;
    const auto end = std::min(rest.find(cursor_separator), rest.size());
    path += key + percent_encoded(std::string(rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return request(call, "GET", path);
}

Seen<Page> Route53::parse_list(const Call& call, const ZoneRef& zone,
                               const Response& response) const {
  if (response.status == 404 && error_of(response).code == "NoSuchHostedZone") return Absent{};
  if (response.status != 200) return trouble(call, response, Access::read);
  pugi::xml_document document;
  const auto root = root_of(document, response, "ListResourceRecordSetsResponse");
  const auto sets = root.child("ResourceRecordSets");
  const auto is_truncated = flag_of(root, "IsTruncated");
  if (!sets || !is_truncated) return garbage("a list of records");
  Page page;
  for (const auto& set : sets.children("ResourceRecordSet")) {
    auto live = read_rrset(set, zone.apex);
    if (!live) return garbage("a list of records (" + live.error().detail + ")");
    page.rrsets.push_back(std::move(*live));
  }
  if (*is_truncated) {
    auto next = next_cursor(root);
    if (!next) return garbage("a list of records (" + next.error().detail + ")");
    page.next = std::move(*next);
  }
  page.complete = !*is_truncated;
  return page;
}

/// What follows the owner in the list comes, too.
Request Route53::look(const Call& call, const ZoneRef& zone, const dns::Name& owner) const {
  const std::string name = percent_encoded(to_route53_text(owner.lowered().to_text()));
  return request(call, "GET",
                 "hostedzone/" + percent_encoded(zone.id) + "/rrset?maxitems=20&name=" + name);
}

Seen<Page> Route53::parse_look(const Call& call, const ZoneRef& zone, const dns::Name& owner,
                               const Response& response) const {
  auto seen = parse_list(call, zone, response);
  if (Page* page = seen.value(); page != nullptr && page->next) {
    const auto next = name_of(page->next->substr(0, page->next->find(cursor_separator)));
    page->complete = next.has_value() && *next != owner;
    page->next.reset();
  }
  return seen;
}

std::vector<Request> Route53::apply(const Call& call, const LiveZone& live,
                                    const Batch& batch) const {
  return {request(call, "POST", "hostedzone/" + percent_encoded(live.zone.id) + "/rrset",
                  change_body(live, batch))};
}

Outcome Route53::parse_apply(const Call& call, const ZoneRef&, const Response& response) const {
  if (response.status != 200) return trouble(call, response, Access::write);
  return change_outcome(response, "ChangeResourceRecordSetsResponse");
}

Request Route53::poll(const Call& call, const ZoneRef&, const std::string& cursor) const {
  return request(call, "GET", "change/" + percent_encoded(cursor));
}

Outcome Route53::parse_poll(const Call& call, const ZoneRef&, const Response& response) const {
  if (response.status == 200) return change_outcome(response, "GetChangeResponse");
  // It only asks: a change that nobody knows any more is looked up in the zone itself.
  Trouble result = trouble(call, response, Access::read);
  if (result.kind == TroubleKind::permanent) result.kind = TroubleKind::incomplete_read;
  return result;
}

/// Route 53 counts the characters of values, and no others; of an apex NS that is laid over twice.
std::size_t Route53::octets_of(const PlannedChange& change) const {
  std::size_t characters = 0;
  const auto add = [&](const std::optional<RRset>& rrset) {
    if (!rrset) return;
    for (const auto& rdata : rrset->rdata) {
      characters += value_text(rrset->type, rdata.wire()).size();
    }
  };
  add(change.before);
  add(change.after);
  if (change.after && change.key().type == RRType::NS) add(change.after);
  return characters;
}

std::size_t Route53::weight_of(const PlannedChange& change) const {
  std::size_t records = 0;
  if (change.before) records += change.before->rdata.size();
  if (change.after) records += change.after->rdata.size();
  if (change.after && change.key().type == RRType::NS) records += change.after->rdata.size();
  return records;
}

std::optional<Request> Route53::zones(const Call& call, const std::string& cursor) const {
  return request(
      call, "GET",
      "hostedzone?maxitems=100" + (cursor.empty() ? "" : "&marker=" + percent_encoded(cursor)));
}

Seen<ZonesPage> Route53::parse_zones(const Call& call, const Response& response) const {
  if (response.status != 200) return trouble(call, response, Access::read);
  pugi::xml_document document;
  const auto root = root_of(document, response, "ListHostedZonesResponse");
  const auto is_truncated = flag_of(root, "IsTruncated");
  if (!root.child("HostedZones") || !is_truncated) return garbage("a list of hosted zones");
  ZonesPage page;
  for (const auto& zone : root.child("HostedZones").children("HostedZone")) {
    const auto name = name_of(text_of(zone, "Name"));
    const auto id = without_prefix(text_of(zone, "Id"), "/hostedzone/");
    if (!name || !is_id(id)) return garbage("a list of hosted zones");
    if (!flag_of(zone.child("Config"), "PrivateZone").value_or(false)) {
      page.zones.push_back({*name, id});
    }
  }
  if (*is_truncated) page.next = text_of(root, "NextMarker");
  return page;
}

Trouble Route53::trouble(const Call& call, const Response& response, Access access) const {
  const AwsError error = error_of(response);
  std::string words = error.code + (error.message.empty() ? "" : ": " + error.message);
  const auto of_role = credentials_of_session(call.session);
  for (const auto& one : {config_.credentials, of_role}) {
    words = without_secret(std::move(words), one.secret);
    words = without_secret(std::move(words), one.session_token);
  }
  words = one_line(words, 300);
  Trouble result = trouble_of(response, access, words, call.now);
  if (const auto kind = kind_of(error, access)) {
    result.kind = *kind;
    result.words = words;
  }
  const bool is_throttling = error.code.starts_with("Thrott");
  result.throttled = result.throttled || (result.kind == TroubleKind::retry_after && is_throttling);
  if (result.kind == TroubleKind::auth) result.words += skew_words(response, call.now);
  if (result.kind == TroubleKind::permanent) result.culprit = culprit_of(error.message);
  return result;
}

}  // namespace taproot::pushers
