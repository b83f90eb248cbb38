#include "pushers/drivers/rfc2136.hpp"

#include "dns/rdata.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace taproot::pushers {

namespace {

using dns::Class;
using dns::Rcode;
using dns::Record;
using dns::RRset;
using dns::RRType;

/// A message over TCP holds 65,535 octets; the header, the SOA and the signature want their share.
constexpr std::size_t max_message_octets = 60'000;
/// Type, class, TTL and RDLENGTH.
constexpr std::size_t fixed_octets = 10;
/// BIND keeps how far its signer has come in records of this private type, at the apex.
constexpr RRType signing_state{65534};

Capabilities rfc2136_capabilities() {
  Capabilities result;
  result.kind = "rfc2136";
  result.checked_on = "2026-11-26";
  result.every_type = true;
  // What the server makes itself when it signs.
  result.refused = {RRType::RRSIG,      RRType::NSEC, RRType::NSEC3,
                    RRType::NSEC3PARAM, RRType::SIG,  RRType::NXT};
  result.apex_ns = ApexNs::manage;
  result.soa = SoaRule::pushed;
  result.batch.max_octets = max_message_octets;
  result.batch.atomic = true;
  result.batch.compares = true;
  return result;
}

Trouble garbage(const std::string& what) {
  return {TroubleKind::incomplete_read, "the answer is not " + what, {}, {}};
}

// Reading a zone.

bool is_signers(RRType type) {
  return type == RRType::RRSIG || type == RRType::NSEC || type == RRType::NSEC3 ||
         type == RRType::NSEC3PARAM;
}

bool is_signers_at_apex(RRType type) {
  return type == RRType::DNSKEY || type == RRType::CDS || type == RRType::CDNSKEY ||
         type == signing_state;
}

LiveRRsets gathered(const std::vector<Record>& records) {
  LiveRRsets rrsets;
  for (const auto& record : records) {
    auto& live = rrsets[{record.owner, record.type}];
    const bool is_new = live.rrset.rdata.empty();
    live.rrset.owner = record.owner;
    live.rrset.type = record.type;
    live.rrset.ttl = is_new ? record.ttl : std::min(live.rrset.ttl, record.ttl);
    live.rrset.rdata.push_back(record.rdata);
  }
  return rrsets;
}

/// What the server's signer made is neither ours nor in the way.
void mark_signers(const dns::Name& apex, LiveRRsets& rrsets) {
  const bool is_signed = rrsets.contains({apex, RRType::RRSIG});
  for (auto& [key, live] : rrsets) {
    const bool at_apex = is_signed && key.owner == apex && is_signers_at_apex(key.type);
    if (!is_signers(key.type) && !at_apex) continue;
    live.kind = LiveKind::foreign;
    live.why = "the server's signer made it";
  }
}

// Writing a zone (RFC 2136 sections 2.4 and 2.5).

class UpdateMessage {
 public:
  explicit UpdateMessage(const dns::Name& apex) : apex_(apex) {
    message_.header.opcode = dns::Opcode::update;
    message_.question.push_back({apex, RRType::SOA, Class::IN});
  }

  void require_values(const dns::Name& owner, RRType type, const std::vector<dns::Rdata>& values) {
    for (const auto& value : values) message_.answer.push_back({owner, type, Class::IN, 0, value});
  }
  void require_absent(const RRsetKey& key) {
    message_.answer.push_back({key.owner, key.type, Class::none, 0, {}});
  }

  /// What the change was planned on.
  void require(const PlannedChange& change) {
    if (!change.before) return require_absent(change.key());
    require_values(change.before->owner, change.before->type, change.before->rdata);
  }

  void remove(const RRset& rrset) {
    message_.authority.push_back({rrset.owner, rrset.type, Class::any, 0, {}});
  }

  void put(const PlannedChange& change) {
    const RRset& after = *change.after;
    if (after.owner == apex_ && after.type == RRType::SOA) return put_soa(change);
    const bool is_apex_ns = after.owner == apex_ && after.type == RRType::NS;
    if (change.before && !is_apex_ns) remove(*change.before);
    for (const auto& value : after.rdata) add(after, value);
    if (!change.before || !is_apex_ns) return;
    // Deleting this RRset, or its last record, is passed over in silence (section 3.4.2.4): so the
    // new ones first, and then those that are gone, one by one.
    for (const auto& value : change.before->rdata) {
      const bool stays =
          std::any_of(after.rdata.begin(), after.rdata.end(), [&](const dns::Rdata& kept) {
            return dns::compare_canonical(RRType::NS, kept.wire(), value.wire()) == 0;
          });
      if (!stays) message_.authority.push_back({apex_, RRType::NS, Class::none, 0, value});
    }
  }

  /// Empty if it is too much for one message.
  std::vector<std::uint8_t> octets() const {
    return message_.compose().value_or(std::vector<std::uint8_t>());
  }

 private:
  void add(const RRset& rrset, const dns::Rdata& value) {
    message_.authority.push_back({rrset.owner, rrset.type, Class::IN, rrset.ttl, value});
  }

  /// One that does not count ahead of the server's is passed over in silence (section 3.4.2.2).
  void put_soa(const PlannedChange& change) {
    auto soa = dns::Soa::from_rdata(change.after->rdata.front().wire());
    if (!soa) return;
    const auto live =
        change.before ? dns::Soa::from_rdata(change.before->rdata.front().wire()) : soa;
    if (live && !(soa->serial > live->serial)) soa->serial = dns::Serial(live->serial.value() + 1);
    add(*change.after, soa->to_rdata());
  }

  dns::Name apex_;
  dns::Message message_;
};

Trouble update_trouble(Rcode rcode) {
  const std::string says = "the server says " + dns::to_text(rcode);
  switch (rcode) {
    case Rcode::nxdomain:
    case Rcode::yxdomain:
    case Rcode::yxrrset:
    case Rcode::nxrrset:
      return {TroubleKind::conflict, says + ": somebody else changed the zone meanwhile", {}, {}};
    case Rcode::notauth:
      return {TroubleKind::conflict, says + ": it is not the zone's primary", {}, {}};
    case Rcode::notimp:
      return {TroubleKind::auth, says + ": it takes no DNS UPDATE", {}, {}};
    case Rcode::refused:
      return {TroubleKind::permanent,
              says +
                  ": may this key change the zone, and would it be right after the change (name "
                  "servers in the zone with addresses)?",
              {},
              {}};
    case Rcode::servfail:
      return {TroubleKind::unknown_outcome, says, {}, {}};
    default:
      return {TroubleKind::permanent, says, {}, {}};
  }
}

}  // namespace

Rfc2136::Rfc2136(Rfc2136Config config)
    : config_(std::move(config)), capabilities_(rfc2136_capabilities()) {}

Request Rfc2136::request(DnsRequest dns) const {
  Request request;
  dns.server = config_.server;
  dns.key = config_.key;
  dns.tls = config_.tls;
  request.dns = std::move(dns);
  request.timeout = std::chrono::seconds(60);
  return request;
}

/// The transfer itself says whether the server has it.
std::optional<ZoneRef> Rfc2136::known_zone(const dns::Name& apex) const {
  return ZoneRef{apex, apex.lowered().to_text()};
}

Request Rfc2136::find_zone(const Call&, const dns::Name& apex) const {
  DnsRequest dns;
  dns.message =
      dns::make_query(apex, RRType::SOA, 0).compose().value_or(std::vector<std::uint8_t>());
  return request(std::move(dns));
}

Seen<ZoneRef> Rfc2136::parse_find(const Call&, const dns::Name& apex,
                                  const Response& response) const {
  if (!response.dns) return garbage("a DNS message");
  const auto& message = response.dns->message;
  const Rcode rcode = message.header.rcode;
  if (rcode == Rcode::nxdomain && message.header.aa) return Absent{};
  if (rcode == Rcode::servfail) {
    return Trouble{
        TroubleKind::retry_after, "the server says SERVFAIL: has it loaded the zone?", {}, {}};
  }
  if (rcode != Rcode::noerror) {
    return Trouble{TroubleKind::permanent,
                   "the server says " + dns::to_text(rcode) + ": does it have the zone " +
                       apex.to_text() + ", and may this key ask for it?",
                   {},
                   {}};
  }
  const auto is_soa = [&](const Record& record) {
    return record.owner == apex && record.type == RRType::SOA;
  };
  const auto& answer = message.answer;
  if (!message.header.aa) {
    return Trouble{
        TroubleKind::permanent, "the server is not authoritative for " + apex.to_text(), {}, {}};
  }
  if (std::none_of(answer.begin(), answer.end(), is_soa)) return Absent{};
  return ZoneRef{apex, apex.lowered().to_text()};
}

Request Rfc2136::list(const Call&, const ZoneRef& zone, const std::string&) const {
  DnsRequest dns;
  dns.transfer = zone.apex;
  auto result = request(std::move(dns));
  result.timeout = std::chrono::minutes(4);
  return result;
}

Seen<Page> Rfc2136::parse_list(const Call&, const ZoneRef& zone, const Response& response) const {
  if (!response.dns || response.dns->records.empty()) return garbage("a transfer of the zone");
  const auto& records = response.dns->records;
  if (records.front().type != RRType::SOA || records.front().owner != zone.apex) {
    return garbage("a transfer of the zone");
  }
  auto rrsets = gathered(records);
  mark_signers(zone.apex, rrsets);
  Page page;
  for (auto& [key, live] : rrsets) {
    dns::normalise(live.rrset);
    page.rrsets.push_back(std::move(live));
  }
  const auto soa = records.front().rdata.wire();
  page.state_token.assign(soa.begin(), soa.end());
  page.notes.push_back("the server counts the zone's SOA serial itself: it serves its own");
  page.complete = true;  // a transfer is an answer only when its closing SOA came
  return page;
}

std::vector<Request> Rfc2136::apply(const Call& call, const LiveZone& live,
                                    const Batch& batch) const {
  UpdateMessage update(live.zone.apex);
  if (call.untouched && !live.state_token.empty()) {
    update.require_values(live.zone.apex, RRType::SOA, {dns::Rdata(live.state_token)});
  }
  for (const auto& change : batch) {
    const bool is_soa = change.key() == RRsetKey{live.zone.apex, RRType::SOA};
    if (!is_soa) update.require(change);
  }
  // The server goes through them in order: what makes room must come first.
  for (const auto& change : batch) {
    if (change.is_delete()) update.remove(*change.before);
  }
  for (const auto& change : batch) {
    if (!change.is_delete()) update.put(change);
  }
  DnsRequest dns;
  dns.message = update.octets();
  return {request(std::move(dns))};
}

std::size_t Rfc2136::octets_of(const PlannedChange& change) const {
  const std::size_t record = change.rrset().owner.size() + fixed_octets;
  std::size_t octets = record;  // that it is absent, or its deletion
  const auto add = [&](const std::optional<RRset>& rrset) {
    if (!rrset) return;
    for (const auto& rdata : rrset->rdata) octets += record + rdata.size();
  };
  add(change.before);
  add(change.after);
  return octets;
}

Outcome Rfc2136::parse_apply(const Call&, const ZoneRef&, const Response& response) const {
  if (!response.dns) {
    return Trouble{TroubleKind::unknown_outcome, "the answer is not a DNS message", {}, {}};
  }
  const Rcode rcode = response.dns->message.header.rcode;
  if (rcode == Rcode::noerror) return Accepted{};
  return update_trouble(rcode);
}

}  // namespace taproot::pushers
