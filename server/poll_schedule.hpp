#pragma once

#include <chrono>
#include <cstddef>

namespace taproot::server {

/// When to look at a document again: at its interval while all is well, after failures soon and
/// then ever more seldom. Waits vary, so that many sources do not ask at the same moment. A value:
/// it reads no clock.
class PollSchedule {
 public:
  explicit PollSchedule(std::chrono::milliseconds interval) : interval_(interval) {}

  /// Each takes a number from 0 to 1 by chance, and gives the wait until the next look.
  std::chrono::milliseconds on_success(double chance);
  std::chrono::milliseconds on_failure(double chance);

  /// In a row.
  std::size_t failures() const { return failures_; }

 private:
  std::chrono::milliseconds interval_;
  std::size_t failures_ = 0;
};

}  // namespace taproot::server
