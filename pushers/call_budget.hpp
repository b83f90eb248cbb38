#pragma once

#include "net/loop.hpp"

#include <algorithm>
#include <chrono>
#include <optional>

namespace taproot::pushers {

/// How many calls an access may make: so many a minute, a sixth of them at once. Half of what is
/// saved up is for what is urgent, and while that waits nothing else goes. A value that is told the
/// time.
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
    const bool gives_way = !is_urgent && now < urgent_until_;
    if (calls_ >= needed && !gives_way) {
      calls_ -= 1;
      return std::chrono::milliseconds(0);
    }
    const double seconds = std::max(needed - calls_, 0.0) / per_second_;
    const auto wait = std::chrono::milliseconds(1 + static_cast<long>(seconds * 1000));
    if (is_urgent) urgent_until_ = std::max(urgent_until_, now + wait + patience);
    return gives_way
               ? std::max(wait, std::chrono::ceil<std::chrono::milliseconds>(urgent_until_ - now))
               : wait;
  }

  /// Nothing is saved up at `then`.
  void drain(net::Instant then) {
    calls_ = std::min(calls_, 0.0);
    last_ = last_ ? std::max(*last_, then) : then;
  }

 private:
  /// So late may somebody come back who was told to wait.
  static constexpr std::chrono::milliseconds patience{100};

  double per_second_ = 0;
  double most_ = 1;
  double calls_ = 1;
  std::optional<net::Instant> last_;
  net::Instant urgent_until_{};  ///< so long somebody urgent may be about to come back
};

}  // namespace taproot::pushers
