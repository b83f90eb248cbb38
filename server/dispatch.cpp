#include "server/dispatch.hpp"

#include "dns/rdata.hpp"
#include "dns/wire.hpp"
#include "server/refusal_words.hpp"
#include "xfr/access.hpp"
#include "xfr/ixfr_choice.hpp"
#include "xfr/transfer.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace taproot::server {

namespace {

using dns::Opcode;
using dns::Rcode;
using dns::RRType;
using zonestore::ZoneEntry;
using zonestore::ZoneVersion;

constexpr std::size_t plain_udp_size = 512;  // RFC 1035 section 4.2.1
/// Answers that may be lost on their way before a secondary that asks again counts as broken.
constexpr unsigned lost_datagrams = 3;

std::size_t most_octets(const dns::Query& query, Transport transport) {
  if (transport == Transport::tcp) return Dispatch::buffer_size;
  if (!query.has_edns) return plain_udp_size;
  return std::min(query.udp_size, edns_udp_size);
}

/// The serial of the SOA that is the first record behind the question, if it is the zone's.
std::optional<dns::Serial> first_serial(const dns::Query& query, Octets request) {
  dns::WireReader reader(request, query.question_end);
  const auto owner = dns::Name::from_wire(reader);
  const auto type = reader.u16();
  const auto klass = reader.u16();
  const auto ttl = reader.u32();
  const auto length = reader.u16();
  if (!owner || !type || !klass || !ttl || !length) return std::nullopt;
  if (*type != static_cast<std::uint16_t>(RRType::SOA)) return std::nullopt;
  if (!dns::same_name(owner->wire(), query.qname)) return std::nullopt;
  const auto rdata = dns::rdata_from_wire(RRType::SOA, reader, *length);
  if (!rdata) return std::nullopt;
  const auto soa = dns::Soa::from_rdata(rdata->wire());
  if (!soa) return std::nullopt;
  return soa->serial;
}

/// The serial of the SOA in the authority section, which says what the secondary has (RFC 1995
/// section 3).
std::optional<dns::Serial> serial_in(const dns::Query& query, Octets request) {
  if (query.answer_count != 0 || query.authority_count != 1) return std::nullopt;
  return first_serial(query, request);
}

/// What a NOTIFY says in its answer section that the primary has (RFC 1996 section 3.7).
std::optional<dns::Serial> announced_serial(const dns::Query& query, Octets request) {
  if (query.answer_count != 1) return std::nullopt;
  return first_serial(query, request);
}

std::string_view asked_by(const dns::Query& query) {
  if (query.header.opcode == Opcode::notify) return "NOTIFY";
  if (query.header.opcode == Opcode::update) return "UPDATE";
  if (query.qtype == RRType::AXFR) return "AXFR";
  return query.qtype == RRType::IXFR ? "IXFR" : "SOA";
}

/// Requests that only a secondary makes, or somebody who wants to be taken for one.
bool is_of_secondary(const dns::Query& query) {
  return query.header.opcode != Opcode::query || query.qtype == RRType::AXFR ||
         query.qtype == RRType::IXFR || query.qtype == RRType::SOA;
}

const ZoneEntry* zone_named(const zonestore::ZoneSet& zones, Octets qname) {
  const ZoneEntry* entry = zones.find_enclosing(qname);
  return entry != nullptr && entry->apex().size() == qname.size() ? entry : nullptr;
}

}  // namespace

/// One request while it is handled.
struct Dispatch::Exchange {
  const Snapshot& snapshot;
  const Request& request;
  const dns::Query& query;
  std::span<std::uint8_t> buffer;
  std::size_t limit = 0;
  std::optional<dns::TsigSession> session{};  ///< if the request is signed and not malformed
  std::optional<dns::Name> key{};             ///< if the signature is right

  /// What is left of the limit when the signature is taken off.
  std::size_t unsigned_limit() const {
    const std::size_t taken = session ? session->max_size() : 0;
    return limit - std::min(limit, taken);
  }
  xfr::Requester requester() const { return {request.from.address(), key, request.tls}; }
};

Dispatch::Dispatch(Counters& counters, WallClock wall_clock, Tell tell, Submit submit)
    : counters_(counters),
      wall_clock_(std::move(wall_clock)),
      tell_(std::move(tell)),
      submit_(std::move(submit)) {}

Reply Dispatch::handle(const Snapshot& snapshot, const Request& request,
                       std::span<std::uint8_t> buffer) {
  ++(request.transport == Transport::udp ? counters_.udp_requests : counters_.tcp_requests);
  dns::Query query;
  const auto trouble = dns::Query::parse(request.octets, query);
  if (trouble == dns::Query::Trouble::drop) {
    ++counters_.dropped;
    return {};
  }
  Exchange exchange{snapshot, request, query, buffer, most_octets(query, request.transport)};
  if (trouble == dns::Query::Trouble::formerr) return rcode(exchange, Rcode::formerr);
  if (query.has_tsig && !check_signature(exchange)) {
    return rcode(exchange, exchange.session ? Rcode::notauth : Rcode::formerr);
  }
  return by_opcode(exchange);
}

/// RFC 8945 section 5.2. False if the request must not be acted on; then there is a session to
/// make the error answer with, unless the request is malformed.
bool Dispatch::check_signature(Exchange& exchange) {
  ++counters_.signed_requests;
  dns::TsigVerdict verdict;
  auto session =
      dns::TsigSession::check_request(exchange.request.octets, exchange.query.tsig_at,
                                      exchange.snapshot.policy->keys, wall_clock_(), verdict);
  if (session && verdict.error == dns::TsigError::none && verdict.authentic) {
    exchange.key = session->key_name();
    exchange.session = std::move(*session);
    return true;
  }
  ++counters_.tsig_failures;
  if (exchange.query.header.opcode == Opcode::update) {
    counters_.count_update(session ? Rcode::notauth : Rcode::formerr);
  }
  if (!session) return false;
  exchange.session = std::move(*session);
  if (is_of_secondary(exchange.query)) {
    const auto key = verdict.authentic ? std::optional(exchange.session->key_name()) : std::nullopt;
    tell_refusal(exchange, key, words_of(verdict));
  }
  return false;
}

Reply Dispatch::by_opcode(Exchange& exchange) {
  switch (exchange.query.header.opcode) {
    case Opcode::query:
      return query(exchange);
    case Opcode::notify:
      return notify(exchange);
    case Opcode::update:
      return update(exchange);
    case Opcode::iquery:
    case Opcode::status:
      break;
  }
  return rcode(exchange, Rcode::notimp);  // also for opcodes without a name
}

/// RFC 1996 section 3.10 and 3.11. Only of zones that we follow, and only from those we follow.
Reply Dispatch::notify(Exchange& exchange) {
  const dns::Query& query = exchange.query;
  const ZoneEntry* entry = query.qtype == RRType::SOA && query.qclass == dns::Class::IN
                               ? zone_named(*exchange.snapshot.zones, query.qname)
                               : nullptr;
  const auto rules = entry != nullptr ? exchange.snapshot.policy->notifiers_for(entry->apex())
                                      : std::span<const xfr::AccessRule>();
  auto verdict = xfr::may_notify(rules, exchange.requester());
  if (!verdict.allowed) {
    tell_refusal(exchange, exchange.key, std::move(verdict.why));
    return rcode(exchange, Rcode::refused);
  }
  TransferEvent event;
  event.from = exchange.request.from;
  event.key = exchange.key;
  event.over_tcp = exchange.request.transport == Transport::tcp;
  event.over_tls = exchange.request.tls != nullptr;
  event.kind = TransferEvent::Kind::notified;
  event.apex = entry->apex();
  event.before = announced_serial(query, exchange.request.octets);
  if (may_tell(&Budget::observations, max_observations_told)) tell_(std::move(event));
  const std::size_t size = compose_rcode(Rcode::noerror, query, exchange.buffer);
  if (size > 2) exchange.buffer[2] |= 0x04;  // AA, as BIND, Knot and NSD answer
  return sign(exchange, size, Rcode::noerror);
}

Reply Dispatch::query(Exchange& exchange) {
  const dns::Query& query = exchange.query;
  if (query.edns_version > 0) return rcode(exchange, Rcode::badvers);
  if (query.qtype == RRType::AXFR || query.qtype == RRType::IXFR) return transfer(exchange);
  if (query.qtype == RRType::SOA) observe(exchange);
  return message(exchange, server::answer(*exchange.snapshot.zones, query, names_));
}

/// What can be said without a look at the zone's contents is said here, rights included: so
/// whoever has none learns nothing from an UPDATE (RFC 2136 section 3.3 would look at the zone
/// first).
Reply Dispatch::update(Exchange& exchange) {
  const dns::Query& query = exchange.query;
  if (!submit_) return rcode(exchange, Rcode::notimp);
  if (query.edns_version > 0) return rcode(exchange, Rcode::badvers);
  if (query.qtype != RRType::SOA) {
    return refuse_update(exchange, Rcode::formerr, "the zone section is not of type SOA");
  }
  const ZoneEntry* entry =
      query.qclass == dns::Class::IN ? zone_named(*exchange.snapshot.zones, query.qname) : nullptr;
  if (entry == nullptr) {
    return refuse_update(exchange, Rcode::notauth, "this is no zone of ours");
  }
  if (!exchange.key) {
    return refuse_update(exchange, Rcode::refused,
                         "it is not signed; only the TSIG keys that update: of the zone names may "
                         "change it");
  }
  const Updater who{*exchange.key, exchange.request.from.address(), exchange.request.tls};
  const UpdateRules rules = exchange.snapshot.policy->updates_for(entry->apex());
  if (auto why = why_no_updater(rules, entry->apex(), who)) {
    return refuse_update(exchange, Rcode::refused, std::move(*why));
  }
  auto update = dns::Update::parse(exchange.request.octets);
  if (!update) {
    return refuse_update(exchange, update.error().rcode, std::move(update.error().why));
  }
  if (auto why = why_not_allowed(rules, who, *update)) {
    return refuse_update(exchange, Rcode::refused, std::move(*why));
  }
  if (owed_.is_full()) return refuse_update(exchange, Rcode::servfail, "too many updates at once");
  return submit(exchange, std::move(*update));
}

Reply Dispatch::submit(Exchange& exchange, dns::Update update) {
  UpdateOrder order;
  order.update = std::move(update);
  order.request = {*exchange.key, exchange.session->stamp(), exchange.request.from,
                   exchange.query.header.id};
  order.over_tcp = exchange.request.transport == Transport::tcp;
  const auto ticket =
      owed_.add(OwedAnswer(exchange.query, exchange.request.octets, std::move(exchange.session)));
  submit_(std::move(order), ticket);
  return {0, nullptr, ticket};
}

void Dispatch::when_answered(OwedAnswers::Ticket ticket, OwedAnswer::Deliver deliver) {
  owed_.deliver(ticket, std::move(deliver));
}

void Dispatch::answer(OwedAnswers::Ticket ticket, std::optional<dns::Rcode> rcode) {
  auto owed = owed_.take(ticket);
  if (!owed || !rcode) return;
  std::array<std::uint8_t, udp_buffer_size> buffer;
  counters_.count_rcode(*rcode);
  counters_.count_update(*rcode);
  std::size_t size = compose_rcode(*rcode, owed->query(), buffer);
  if (owed->session) size = owed->session->sign_answer(buffer, size, wall_clock_()).value_or(0);
  if (size > 0 && owed->deliver) owed->deliver(Octets(buffer).first(size));
}

Reply Dispatch::transfer(Exchange& exchange) {
  const dns::Query& query = exchange.query;
  const bool udp = exchange.request.transport == Transport::udp;
  if (query.qclass != dns::Class::IN) return rcode(exchange, Rcode::refused);
  if (udp && query.qtype == RRType::AXFR) return rcode(exchange, Rcode::notimp);
  const ZoneEntry* entry = zone_named(*exchange.snapshot.zones, query.qname);
  if (entry == nullptr) return refuse(exchange, Rcode::notauth, "this is no zone of ours");

  auto verdict =
      xfr::may_transfer(exchange.snapshot.policy->rules_for(entry->apex()), exchange.requester());
  if (!verdict.allowed) return refuse(exchange, Rcode::refused, std::move(verdict.why));
  const auto& version = entry->version();
  if (version == nullptr) return refuse(exchange, Rcode::servfail, "the zone is not loaded");

  TransferEvent about;
  about.apex = entry->apex();
  about.from = exchange.request.from;
  about.key = exchange.key;
  about.provider = std::move(verdict.provider);
  about.over_tcp = !udp;
  about.over_tls = exchange.request.tls != nullptr;
  if (query.qtype == RRType::AXFR) return start(exchange, std::move(about), version, {});
  about.before = serial_in(query, exchange.request.octets);
  if (!about.before) return rcode(exchange, Rcode::formerr);
  auto choice = xfr::choose_ixfr(*version, *about.before);
  distrust(exchange, about, choice);
  if (udp) return ixfr_over_udp(exchange, std::move(about), version, std::move(choice));
  return start(exchange, std::move(about), version, std::move(choice));
}

/// Differences that did not help are not sent again: see DeliveredDifferences.
void Dispatch::distrust(Exchange& exchange, TransferEvent& about, xfr::IxfrChoice& choice) {
  auto* delivered = exchange.snapshot.delivered;
  if (delivered == nullptr || choice.kind != xfr::IxfrChoice::Kind::differences) return;
  const auto& address = about.from.address();
  const auto known = delivered->find(
      xfr::DeliveredDifferences::Place({about.apex, address, about.key}), *about.before);
  const unsigned trusted = exchange.snapshot.policy->secondaries_at(about.provider, address) +
                           (about.over_tcp ? 0 : lost_datagrams);
  if (!known.broke_off && known.deliveries < trusted) return;
  about.note = (known.broke_off ? "it broke off the differences from serial "
                                : "it asked again for the differences from serial ") +
               std::to_string(about.before->value()) + ", so it is given the whole zone";
  choice = {};
}

Reply Dispatch::start(Exchange& exchange, TransferEvent about,
                      const std::shared_ptr<const ZoneVersion>& version, xfr::IxfrChoice choice) {
  counters_.count_rcode(Rcode::noerror);
  auto transfer = std::make_unique<OutgoingTransfer>(
      xfr::Transfer(exchange.query, version, std::move(choice), exchange.snapshot.composed),
      std::move(exchange.session), std::move(about), counters_, wall_clock_, tell_);
  if (exchange.snapshot.delivered != nullptr) transfer->remember_in(*exchange.snapshot.delivered);
  return {0, std::move(transfer)};
}

/// RFC 1995 section 2: what does not fit into one datagram is not begun; the SOA alone tells the
/// secondary to come back over TCP.
Reply Dispatch::ixfr_over_udp(Exchange& exchange, TransferEvent about,
                              const std::shared_ptr<const ZoneVersion>& version,
                              xfr::IxfrChoice choice) {
  using Kind = xfr::IxfrChoice::Kind;
  const Kind kind = choice.kind;
  about.what = kind;
  about.serial = version->serial();
  if (kind == Kind::differences) {
    xfr::Transfer transfer(exchange.query, version, std::move(choice));
    const std::size_t size = transfer.next(exchange.buffer.first(exchange.limit),
                                           exchange.limit - exchange.unsigned_limit());
    if (transfer.done()) {
      about.records = transfer.records();
      about.octets = size;
      about.messages = 1;
      ++counters_.ixfr_started;
      ++counters_.transfers_finished;
      about.kind = TransferEvent::Kind::finished;
      if (auto* delivered = exchange.snapshot.delivered; delivered != nullptr) {
        const xfr::DeliveredDifferences::Place place({about.apex, about.from.address(), about.key});
        delivered->on_delivered(place, *about.before);
      }
      if (may_tell(&Budget::observations, max_observations_told)) tell_(std::move(about));
      return sign(exchange, size, Rcode::noerror);
    }
  }
  if (kind == Kind::current) ++counters_.ixfr_current;
  Answer soa;
  soa.outcome = Found{{exchange.query.qname, *version->apex_node().find(RRType::SOA)}};
  return message(exchange, soa);
}

Reply Dispatch::refuse(Exchange& exchange, Rcode rcode, std::string why) {
  ++counters_.transfers_refused;
  tell_refusal(exchange, exchange.key, std::move(why));
  return this->rcode(exchange, rcode);
}

Reply Dispatch::refuse_update(Exchange& exchange, Rcode rcode, std::string why) {
  counters_.count_update(rcode);
  tell_refusal(exchange, exchange.key, std::move(why));
  return this->rcode(exchange, rcode);
}

Reply Dispatch::rcode(Exchange& exchange, Rcode rcode) {
  return sign(exchange, compose_rcode(rcode, exchange.query, exchange.buffer), rcode);
}

Reply Dispatch::message(Exchange& exchange, const Answer& answer) {
  const std::size_t size =
      compose(answer, exchange.query, exchange.buffer, exchange.unsigned_limit());
  return sign(exchange, size, rcode_of(answer));
}

/// Counts a reply of `size` octets, and signs it if the request was signed.
Reply Dispatch::sign(Exchange& exchange, std::size_t size, Rcode rcode) {
  counters_.count_rcode(rcode);
  if (size > 2 && (exchange.buffer[2] & 2) != 0) ++counters_.truncated;
  if (!exchange.session) return {size, nullptr};
  const auto total = exchange.session->sign_answer(exchange.buffer, size, wall_clock_());
  return {total.value_or(0), nullptr};
}

/// `key` is the one that the request was rightly signed with, be it too late.
void Dispatch::tell_refusal(const Exchange& exchange, const std::optional<dns::Name>& key,
                            std::string why) {
  ++counters_.refusals;
  if (!may_tell_refusal(exchange.request.from.address())) return;
  ++counters_.refusals_told;
  TransferEvent event;
  event.kind = TransferEvent::Kind::refused;
  event.apex = dns::Name::from_trusted(exchange.query.qname);
  event.from = exchange.request.from;
  event.key = key;
  event.asked = asked_by(exchange.query);
  auto requester = exchange.requester();
  requester.key = key;
  const auto rules = exchange.snapshot.policy->rules_for(event.apex);
  if (const auto* rule = xfr::guess_rule(rules, requester)) event.provider = rule->provider;
  event.over_tcp = exchange.request.transport == Transport::tcp;
  event.over_tls = exchange.request.tls != nullptr;
  event.why = std::move(why);
  tell_(std::move(event));
}

void Dispatch::tell_broken_tls(const net::Endpoint& from, std::string why) {
  ++counters_.refusals;
  if (!may_tell_refusal(from.address())) return;
  ++counters_.refusals_told;
  TransferEvent event;
  event.kind = TransferEvent::Kind::broken_tls;
  event.apex = dns::Name::root();
  event.from = from;
  event.over_tls = true;
  event.why = std::move(why);
  tell_(std::move(event));
}

/// A secondary that asks for the SOA is alive, and soon knows our serial.
void Dispatch::observe(const Exchange& exchange) {
  if (exchange.query.qclass != dns::Class::IN) return;
  const ZoneEntry* entry = zone_named(*exchange.snapshot.zones, exchange.query.qname);
  if (entry == nullptr || entry->version() == nullptr) return;
  const auto* rule =
      xfr::guess_rule(exchange.snapshot.policy->rules_for(entry->apex()), exchange.requester());
  if (rule == nullptr || !may_tell(&Budget::observations, max_observations_told)) return;
  TransferEvent event;
  event.kind = TransferEvent::Kind::soa_query;
  event.apex = entry->apex();
  event.from = exchange.request.from;
  event.key = exchange.key;
  event.provider = rule->provider;
  event.serial = entry->version()->serial();
  event.over_tcp = exchange.request.transport == Transport::tcp;
  event.over_tls = exchange.request.tls != nullptr;
  tell_(std::move(event));
}

bool Dispatch::may_tell_refusal(const net::Address& of) {
  const dns::TsigTime second = wall_clock_();
  if (second != told_.second) told_ = {second};
  auto& of_source =
      told_.refusals_of_source[std::hash<net::Address>()(of) % told_.refusals_of_source.size()];
  if (of_source >= max_refusals_of_source) return false;
  if (!may_tell(&Budget::refusals, max_refusals_told)) return false;
  ++of_source;
  return true;
}

/// Strangers must not be able to bury the control loop under events.
bool Dispatch::may_tell(unsigned Budget::* what, unsigned limit) {
  const dns::TsigTime second = wall_clock_();
  if (second != told_.second) told_ = {second};
  if (told_.*what >= limit) return false;
  ++(told_.*what);
  return true;
}

}  // namespace taproot::server
