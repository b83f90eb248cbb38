#include "server/poll_schedule.hpp"

#include <algorithm>
#include <cstdint>

namespace taproot::server {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds first_wait = std::chrono::seconds(5);
constexpr milliseconds longest_wait = std::chrono::minutes(5);  // unless the interval is longer

/// `wait` and up to `share` of it more or less.
milliseconds varied(milliseconds wait, double share, double chance) {
  const double factor = 1.0 - share + 2.0 * share * chance;
  return milliseconds(static_cast<milliseconds::rep>(static_cast<double>(wait.count()) * factor));
}

}  // namespace

milliseconds PollSchedule::on_success(double chance) {
  failures_ = 0;
  return varied(interval_, 0.1, chance);
}

milliseconds PollSchedule::on_failure(double chance) {
  ++failures_;
  constexpr std::size_t most_doublings = 20;
  const auto doublings = std::min(failures_ - 1, most_doublings);
  const milliseconds wait = std::min(interval_, first_wait) * (std::int64_t{1} << doublings);
  return varied(std::min(wait, std::max(interval_, longest_wait)), 0.25, chance);
}

}  // namespace taproot::server
