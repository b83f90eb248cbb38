#include "dns/random_id.hpp"

#include <openssl/rand.h>

#include <array>
#include <random>

namespace taproot::dns {

std::uint16_t random_id() {
  std::array<std::uint8_t, 2> octets{};
  if (RAND_bytes(octets.data(), static_cast<int>(octets.size())) != 1) {
    return static_cast<std::uint16_t>(std::random_device{}());
  }
  return static_cast<std::uint16_t>(octets[0] << 8 | octets[1]);
}

}  // namespace taproot::dns
