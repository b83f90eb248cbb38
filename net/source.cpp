#include "net/source.hpp"

#include <algorithm>
#include <array>

namespace taproot::net {

Address source_of(const Address& address) {
  if (!address.is_ipv6()) return address;
  std::array<std::uint8_t, 16> prefix{};
  const Octets octets = address.octets();
  std::copy(octets.begin(), octets.begin() + 8, prefix.begin());
  return Address::from_octets(prefix).value_or(address);
}

}  // namespace taproot::net
