#pragma once

#include <chrono>
#include <cstdint>

namespace taproot::monitor {

/// When to look again. As long as a change is waited for, soon: so that the time at which it was
/// seen is known closely. Then at the steady interval.
///
///   change ─> at once ─20─50─100─200─400─800 ms ─ … ─5 s─ (1 min after) ─30 s─ (10 min)
///   ─interval─>
///
/// Reads no clock and throws no dice.
class ProbeSchedule {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  explicit ProbeSchedule(std::chrono::milliseconds interval) : interval_(interval) {}

  /// Something new is to be seen from now on. Returns when to look: now.
  Instant on_change(Instant now);

  /// A look ended. `as_wanted`: it showed what was wanted. `jitter`, random bits, spreads the
  /// waits of the steady interval by a tenth. Returns when to look again.
  Instant on_look(bool as_wanted, Instant now, std::uint16_t jitter);

 private:
  std::chrono::milliseconds next_wait(Instant now);

  std::chrono::milliseconds interval_;
  Instant changed_{};
  unsigned looks_ = 0;   ///< in vain, since the change
  bool waiting_ = true;  ///< for what is wanted to be seen
};

}  // namespace taproot::monitor
