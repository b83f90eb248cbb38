#include "xfr/refresh_timers.hpp"

#include <algorithm>

namespace taproot::xfr {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds first_wait = seconds(2);
constexpr milliseconds longest_first_wait = std::chrono::minutes(5);
constexpr milliseconds longest_expire = std::chrono::hours(24 * 7 * 24);

/// `wait`, shortened by up to a tenth.
milliseconds varied(milliseconds wait, std::uint16_t dice) {
  return wait - wait * dice / (10 * 0x10000);
}

}  // namespace

RefreshTimers::Wait RefreshTimers::bounded(std::uint32_t value) const {
  return std::clamp<Wait>(seconds(value), bounds_.least, bounds_.most);
}

void RefreshTimers::set_soa(const dns::Soa& soa) {
  has_soa_ = true;
  refresh_ = bounded(soa.refresh);
  retry_ = std::min(bounded(soa.retry), refresh_);
  expire_ = std::clamp<Wait>(seconds(soa.expire), refresh_ + retry_, longest_expire);
}

RefreshTimers::Wait RefreshTimers::on_success(std::uint16_t dice) {
  failures_ = 0;
  return varied(has_soa_ ? refresh_ : first_wait, dice);
}

RefreshTimers::Wait RefreshTimers::on_failure(std::uint16_t dice) {
  ++failures_;
  constexpr std::size_t most_doublings = 20;
  const auto factor = std::int64_t{1} << std::min(failures_ - 1, most_doublings);
  const auto first = has_soa_ ? retry_ : std::min(first_wait, bounds_.most);
  const auto longest = has_soa_ ? refresh_ : std::min(longest_first_wait, bounds_.most);
  return varied(std::min(first * factor, longest), dice);
}

}  // namespace taproot::xfr
