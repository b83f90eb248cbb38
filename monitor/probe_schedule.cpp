#include "monitor/probe_schedule.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace taproot::monitor {

using std::chrono::milliseconds;

namespace {

constexpr std::array<milliseconds, 9> fast = {
    milliseconds(20),  milliseconds(50),   milliseconds(100),  milliseconds(200), milliseconds(400),
    milliseconds(800), milliseconds(1600), milliseconds(3200), milliseconds(5000)};
constexpr milliseconds slow = std::chrono::seconds(30);
constexpr auto fast_until = std::chrono::minutes(1);
constexpr auto slow_until = std::chrono::minutes(10);

}  // namespace

ProbeSchedule::Instant ProbeSchedule::on_change(Instant now) {
  changed_ = now;
  looks_ = 0;
  waiting_ = true;
  return now;
}

ProbeSchedule::Instant ProbeSchedule::on_look(bool as_wanted, Instant now, std::uint16_t jitter) {
  const bool was_waiting = std::exchange(waiting_, !as_wanted);
  if (waiting_ && !was_waiting) {
    // It was as wanted and is no more. That is no change of ours to be timed closely.
    changed_ = now;
    looks_ = fast.size() - 1;
  }
  if (waiting_) {
    const auto wait = next_wait(now);
    if (wait < interval_) return now + wait;
  }
  return now + interval_ + interval_ * jitter / (10 * 0x10000);
}

milliseconds ProbeSchedule::next_wait(Instant now) {
  if (now - changed_ < fast_until) return fast[std::min<std::size_t>(looks_++, fast.size() - 1)];
  if (now - changed_ < slow_until) return slow;
  return interval_;
}

}  // namespace taproot::monitor
