#pragma once

#include "dns/message.hpp"
#include "dns/octets.hpp"
#include "dns/tsig.hpp"
#include "net/endpoint.hpp"
#include "server/answer.hpp"
#include "server/counters.hpp"
#include "server/outgoing_transfer.hpp"
#include "server/policy.hpp"
#include "server/transfer_event.hpp"
#include "zonestore/zone_set.hpp"

#include <cstddef>
#include <cstdint>
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
};

enum class Transport { udp, tcp };

struct Request {
  Octets octets;
  net::Endpoint from;
  Transport transport = Transport::udp;
};

/// What a request leads to: a message of `size` octets, a transfer to be pulled, or silence.
struct Reply {
  std::size_t size = 0;
  std::unique_ptr<OutgoingTransfer> transfer;  ///< over TCP only
};

/// One switch from a request to its reply: parse, check the signature, then answer, transfer, or
/// say a rcode. Whether somebody may have a transfer is decided before anything is done for it.
///
///   AXFR over UDP            NOTIMP: RFC 5936 section 4.2 does not define it
///   IXFR over UDP            the differences if they fit, otherwise the current SOA (RFC 1995)
///   NOTIFY                   heeded if a primary of a zone that we follow says it, else REFUSED
///   UPDATE, other opcodes    NOTIMP
///
/// Belongs to one serving loop; must outlive the transfers it began. Ordinary queries allocate
/// nothing.
class Dispatch {
 public:
  /// Room for a reply that is a message. A reply to UDP takes at most edns_udp_size octets, or
  /// the few more that a signature of a very long key name needs.
  static constexpr std::size_t buffer_size = 65535;
  static constexpr std::size_t udp_buffer_size = 4096;

  Dispatch(Counters& counters, WallClock wall_clock, Tell tell);
  Dispatch(const Dispatch&) = delete;
  Dispatch& operator=(const Dispatch&) = delete;
  ~Dispatch() = default;

  /// Composes the reply's message at the front of `buffer` (buffer_size, or udp_buffer_size).
  Reply handle(const Snapshot& snapshot, const Request& request, std::span<std::uint8_t> buffer);

  Counters& counters() { return counters_; }

 private:
  struct Exchange;

  /// Refusals and SOA queries that are told per second; of more, only the counters know.
  static constexpr unsigned max_refusals_told = 100;
  static constexpr unsigned max_observations_told = 2000;
  struct Budget {
    dns::TsigTime second = 0;
    unsigned refusals = 0;
    unsigned observations = 0;
  };

  bool check_signature(Exchange& exchange);
  Reply by_opcode(Exchange& exchange);
  Reply notify(Exchange& exchange);
  Reply query(Exchange& exchange);
  Reply transfer(Exchange& exchange);
  Reply start(Exchange& exchange, TransferEvent about,
              const std::shared_ptr<const zonestore::ZoneVersion>& version, xfr::IxfrChoice choice);
  Reply ixfr_over_udp(Exchange& exchange, TransferEvent about,
                      const std::shared_ptr<const zonestore::ZoneVersion>& version,
                      xfr::IxfrChoice choice);
  Reply refuse(Exchange& exchange, dns::Rcode rcode, std::string why);
  Reply rcode(Exchange& exchange, dns::Rcode rcode);
  Reply message(Exchange& exchange, const Answer& answer);
  Reply sign(Exchange& exchange, std::size_t size, dns::Rcode rcode);
  void tell_refusal(const Exchange& exchange, std::string why);
  void observe(const Exchange& exchange);
  bool may_tell(unsigned Budget::* what, unsigned limit);

  Counters& counters_;
  WallClock wall_clock_;
  Tell tell_;
  SynthesisedNames names_;
  Budget told_;
};

}  // namespace taproot::server
