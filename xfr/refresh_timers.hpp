#pragma once

#include "dns/rdata.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace taproot::xfr {

/// What an operator allows a primary's SOA to say.
struct RefreshBounds {
  std::chrono::milliseconds least = std::chrono::seconds(30);  ///< of refresh and retry
  std::chrono::milliseconds most = std::chrono::hours(24);     ///< of refresh and retry

  bool operator==(const RefreshBounds&) const = default;
};

/// When a follower looks at its primaries again, and when what it has is too old (RFC 1035 section
/// 3.3.13). A value: reads no clock and throws no dice.
///
/// After a good look the next comes after REFRESH, a little sooner by chance so that many zones
/// do not ask at the same moment. After failures it comes after RETRY, then after twice that and
/// so on up to REFRESH. Before there is any SOA a failed look is repeated after 2 s, 4 s … 5 min.
class RefreshTimers {
 public:
  using Wait = std::chrono::milliseconds;

  explicit RefreshTimers(RefreshBounds bounds = {}) : bounds_(bounds) {}

  /// Counts from the next set_soa() on.
  void set_bounds(RefreshBounds bounds) { bounds_ = bounds; }

  /// The SOA of what we have now.
  void set_soa(const dns::Soa& soa);

  /// The wait until the next look; `dice` are random bits.
  Wait on_success(std::uint16_t dice);
  Wait on_failure(std::uint16_t dice);
  std::size_t failures() const { return failures_; }  ///< in a row

  /// How long what we have is good without a word from a primary: EXPIRE, but never so short that
  /// one failed look is the end (as BIND has it), and at most 24 weeks. Nothing without a SOA.
  Wait expire() const { return expire_; }

 private:
  Wait bounded(std::uint32_t seconds) const;

  RefreshBounds bounds_;
  bool has_soa_ = false;
  Wait refresh_{};
  Wait retry_{};
  Wait expire_{};
  std::size_t failures_ = 0;
};

}  // namespace taproot::xfr
