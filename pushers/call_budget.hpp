#pragma once

#include "net/loop.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

namespace taproot::pushers {

/// How many calls an access may make: so many a minute, a sixth of them at once. Half of what is
/// saved up is for what is urgent. A value that is told the time.
class CallBudget {
 public:
  /// Nothing: as many as one likes.
  explicit CallBudget(std::optional<unsigned> per_minute = std::nullopt)
      : per_second_(static_cast<double>(per_minute.value_or(0)) / 60),
        most_(std::max(per_second_ * 10, 1.0)),
        calls_(most_) {}

  /// Takes one call, or says after which time to ask again.
  std::chrono::milliseconds take(net::Instant now, bool is_urgent) {
    if (per_second_ <= 0) return std::chrono::milliseconds(0);
    if (last_ && now > *last_) {
      calls_ += per_second_ * std::chrono::duration<double>(now - *last_).count();
      calls_ = std::min(calls_, most_);
    }
    last_ = last_ ? std::max(*last_, now) : now;
    const double needed = is_urgent ? 1.0 : std::max(1.0, most_ / 2);
    if (calls_ >= needed) {
      calls_ -= 1;
      return std::chrono::milliseconds(0);
    }
    const double seconds = (needed - calls_) / per_second_;
    return std::chrono::milliseconds(1 + static_cast<long>(seconds * 1000));
  }

 private:
  double per_second_ = 0;
  double most_ = 1;
  double calls_ = 1;
  std::optional<net::Instant> last_;
};

}  // namespace taproot::pushers
