#pragma once

#include "net/loop.hpp"

#include <algorithm>
#include <chrono>

namespace taproot::pushers {

/// Keeps a whole provider from being asked again and again while it does not answer. A value that
/// is told what happened and when; after some failures in a row it is open for a while, which
/// doubles each time the one try let through then fails too.
class Breaker {
 public:
  static constexpr unsigned max_failures = 3;
  static constexpr std::chrono::seconds first_pause{30};
  static constexpr std::chrono::seconds longest_pause{300};

  void on_success() { *this = Breaker(); }
  void on_failure(net::Instant now) {
    if (++failures_ < max_failures) return;
    pause_ = is_tripped() ? std::min(pause_ * 2, longest_pause) : first_pause;
    closed_from_ = now + pause_;
  }

  /// Failed often enough that one try at a time is all that is let through.
  bool is_tripped() const { return pause_ > std::chrono::seconds(0); }
  /// Nothing is let through before closed_from().
  bool is_open(net::Instant now) const { return is_tripped() && now < closed_from_; }
  net::Instant closed_from() const { return closed_from_; }

 private:
  unsigned failures_ = 0;
  std::chrono::seconds pause_{0};
  net::Instant closed_from_{};
};

}  // namespace taproot::pushers
