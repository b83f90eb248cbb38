#include "net/wall_clock.hpp"

#include <chrono>

namespace taproot::net {

std::uint64_t wall_seconds() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(now).count());
}

}  // namespace taproot::net
