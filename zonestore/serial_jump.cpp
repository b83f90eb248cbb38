#include "zonestore/serial_jump.hpp"

#include <algorithm>
#include <cstdint>
#include <string>

namespace taproot::zonestore {

namespace {

constexpr std::uint32_t half_a_jump = 0x4000'0000;

bool passes_all(dns::Serial to, const std::vector<dns::Serial>& seen) {
  return std::all_of(seen.begin(), seen.end(), [to](dns::Serial one) { return to > one; });
}

}  // namespace

Result<SerialJump> jump_above(dns::Serial ours, const std::vector<dns::Serial>& seen) {
  // How far ahead on the circle the furthest one is; 2^31 counts, though it has no order to ours.
  std::uint32_t furthest = 0;
  for (const auto one : seen) {
    if (one <= ours) continue;
    furthest = std::max(furthest, one.value() - ours.value());
  }
  const dns::Serial to(ours.value() + furthest + 1);
  if (to > ours) {
    if (passes_all(to, seen)) return SerialJump{to, false};
    const auto lagging =
        std::find_if(seen.begin(), seen.end(), [to](dns::Serial one) { return !(to > one); });
    return fail(Errc::conflict, "serial " + std::to_string(to.value()) + " would not be ahead of " +
                                    std::to_string(lagging->value()) +
                                    ", which a nameserver still serves (RFC 1982): it must have "
                                    "serial " +
                                    std::to_string(ours.value()) + " first");
  }
  return SerialJump{dns::Serial(ours.value() + half_a_jump), true};
}

}  // namespace taproot::zonestore
