#pragma once

#include "dns/message.hpp"
#include "dns/octets.hpp"
#include "dns/tsig.hpp"
#include "net/endpoint.hpp"
#include "net/tls_peer.hpp"
#include "server/answer.hpp"
#include "server/counters.hpp"
#include "server/outgoing_transfer.hpp"
#include "server/owed_answers.hpp"
#include "server/policy.hpp"
#include "server/transfer_event.hpp"
#include "server/update_order.hpp"
#include "xfr/composed_transfers.hpp"
#include "xfr/delivered_differences.hpp"
#include "zonestore/zone_set.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace taproot::server {

/// What a batch of requests works with, taken once: what is published meanwhile is for the next
/// batch. Both are there.
struct Snapshot {
  std::shared_ptr<const zonestore::ZoneSet> zones;
  std::shared_ptr<const Policy> policy;
  /// Shared with the other serving loops; none: nothing is remembered.
  xfr::DeliveredDifferences* delivered = nullptr;
  xfr::ComposedTransfers* composed = nullptr;  ///< none: each transfer is composed anew
};

enum class Transport { udp, tcp };

struct Request {
  Octets octets;
  net::Endpoint from;
  Transport transport = Transport::udp;
  const net::TlsPeer* tls = nullptr;  ///< over TCP only: who is at the other end, if it is TLS
};

/// What a request leads to: a message of `size` octets, a transfer to be pulled, an answer that
/// comes later, or silence.
struct Reply {
  std::size_t size = 0;
  std::unique_ptr<OutgoingTransfer> transfer = nullptr;  ///< over TCP only
  /// Not 0: give Dispatch::when_answered() a way to send it before the loop turns again.
  OwedAnswers::Ticket later = 0;
};

/// One switch from a request to its reply: parse, check the signature, then answer, transfer, or
/// say a rcode. Whether somebody may have a transfer is decided before anything is done for it.
///
///   AXFR over UDP            NOTIMP: RFC 5936 section 4.2 does not define it
///   IXFR over UDP            the differences if they fit, otherwise the current SOA (RFC 1995)
///   NOTIFY                   heeded if a primary of a zone that we follow says it, else REFUSED
///   UPDATE                   parsed, and judged by key, names and types, here; carried out on the
///                            control loop, so that its answer comes later
///   other opcodes            NOTIMP
///
/// Belongs to one serving loop; must outlive the transfers it began. Ordinary queries allocate
/// nothing.
class Dispatch {
 public:
  /// Room for a reply that is a message. A reply to UDP takes at most edns_udp_size octets, or
  /// the few more that a signature of a very long key name needs.
  static constexpr std::size_t buffer_size = 65535;
  static constexpr std::size_t udp_buffer_size = 4096;

  /// Brings an UPDATE to the control loop, which owes this loop an answer().
  using Submit = std::function<void(UpdateOrder, OwedAnswers::Ticket)>;

  /// Without `submit` UPDATE is not implemented.
  Dispatch(Counters& counters, WallClock wall_clock, Tell tell, Submit submit = nullptr);
  Dispatch(const Dispatch&) = delete;
  Dispatch& operator=(const Dispatch&) = delete;
  ~Dispatch() = default;

  /// Composes the reply's message at the front of `buffer` (buffer_size, or udp_buffer_size).
  Reply handle(const Snapshot& snapshot, const Request& request, std::span<std::uint8_t> buffer);

  /// Somebody's TLS did not come about: tells it, as seldom as a refusal is told.
  void tell_broken_tls(const net::Endpoint& from, std::string why);
  /// Whoever handed in a request whose reply comes later says how to send it, or that nobody
  /// waits for it any more.
  void when_answered(OwedAnswers::Ticket ticket, OwedAnswer::Deliver deliver);
  void forget(OwedAnswers::Ticket ticket) { owed_.forget(ticket); }
  /// Makes the answer and has it sent; without a rcode nothing is sent.
  void answer(OwedAnswers::Ticket ticket, std::optional<dns::Rcode> rcode);

  Counters& counters() { return counters_; }

 private:
  struct Exchange;

  /// Refusals and SOA queries that are told per second; of more, only the counters know. One
  /// source may take a part of it only, so that a flood does not hide what befalls the others.
  static constexpr unsigned max_refusals_told = 100;
  static constexpr unsigned max_refusals_of_source = 5;
  static constexpr unsigned max_observations_told = 2000;
  struct Budget {
    dns::TsigTime second = 0;
    unsigned refusals = 0;
    unsigned observations = 0;
    std::array<std::uint8_t, 64> refusals_of_source{};  ///< some sources share a place
  };

  bool check_signature(Exchange& exchange);
  Reply by_opcode(Exchange& exchange);
  Reply notify(Exchange& exchange);
  Reply query(Exchange& exchange);
  Reply update(Exchange& exchange);
  Reply submit(Exchange& exchange, dns::Update update);
  Reply transfer(Exchange& exchange);
  Reply start(Exchange& exchange, TransferEvent about,
              const std::shared_ptr<const zonestore::ZoneVersion>& version, xfr::IxfrChoice choice);
  Reply ixfr_over_udp(Exchange& exchange, TransferEvent about,
                      const std::shared_ptr<const zonestore::ZoneVersion>& version,
                      xfr::IxfrChoice choice);
  void distrust(Exchange& exchange, TransferEvent& about, xfr::IxfrChoice& choice);
  Reply refuse(Exchange& exchange, dns::Rcode rcode, std::string why);
  Reply refuse_update(Exchange& exchange, dns::Rcode rcode, std::string why);
  Reply rcode(Exchange& exchange, dns::Rcode rcode);
  Reply message(Exchange& exchange, const Answer& answer);
  Reply sign(Exchange& exchange, std::size_t size, dns::Rcode rcode);
  void tell_refusal(const Exchange& exchange, const std::optional<dns::Name>& key, std::string why);
  bool may_tell_refusal(const net::Address& of);
  void observe(const Exchange& exchange);
  bool may_tell(unsigned Budget::* what, unsigned limit);

  Counters& counters_;
  WallClock wall_clock_;
  Tell tell_;
  Submit submit_;
  OwedAnswers owed_;
  SynthesisedNames names_;
  Budget told_;
};

}  // namespace taproot::server
