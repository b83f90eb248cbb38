#pragma once

#include "dns/types.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace taproot::server {

/// A number that one thread changes and any thread reads.
class Count {
 public:
  void add(std::uint64_t more) {
    // One writer: a load and a store are enough, and cost no locked instruction.
    value_.store(value() + more, std::memory_order_relaxed);
  }
  void subtract(std::uint64_t less) { add(~less + 1); }
  Count& operator++() {
    add(1);
    return *this;
  }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// What one serving loop did since it began. Each loop has its own, on cache lines of its own;
/// the control loop reads them and adds them up.
struct alignas(64) Counters {
  static constexpr std::size_t rcodes = 24;

  Count udp_requests;
  Count tcp_requests;
  Count dropped;    ///< requests that deserved silence
  Count truncated;  ///< answers with TC
  Count signed_requests;
  Count tsig_failures;
  std::array<Count, rcodes> by_rcode;  ///< answers; transfers that began count as NOERROR

  Count refusals;       ///< requests that somebody may want to know of: see TransferEvent
  Count refusals_told;  ///< of them, those that became an event
  std::array<Count, rcodes> updates_by_rcode;  ///< UPDATEs, also counted above

  Count transfers_refused;
  Count axfr_started;
  Count ixfr_started;  ///< differences
  Count ixfr_current;  ///< asked by a secondary that had it all
  Count transfers_finished;
  Count transfers_aborted;
  Count transfer_octets;
  Count transfer_records;

  Count tcp_accepted;
  Count tls_accepted;   ///< not among tcp_accepted; all others are of both
  Count tls_failed;     ///< handshakes that failed, and connections that broke TLS
  Count tcp_open;       ///< now
  Count tcp_evicted;    ///< to make room for a newer one
  Count tcp_timed_out;  ///< idle, half a message, or not reading
  Count tcp_misused;    ///< sent what no DNS client sends

  void count_update(dns::Rcode rcode) {
    const auto index = static_cast<std::size_t>(rcode);
    if (index < rcodes) ++updates_by_rcode[index];
  }
  void count_rcode(dns::Rcode rcode) {
    const auto index = static_cast<std::size_t>(rcode);
    if (index < rcodes) ++by_rcode[index];
  }
};

}  // namespace taproot::server
