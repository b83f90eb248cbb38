#include "net/endpoint.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace taproot::net {

namespace {

constexpr std::array<std::uint8_t, 12> v4_mapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

tl::unexpected<Error> bad(std::string_view text, const char* what) {
  return fail(Errc::bad_text, '"' + std::string(text) + "\" is not " + what);
}

/// A decimal number without sign, blanks or leading zeros.
std::optional<unsigned> number(std::string_view text, unsigned max) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = error == std::errc{} && end == text.data() + text.size();
  if (!whole || value > max || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  return value;
}

std::size_t hash_octets(Octets octets, std::size_t seed) {
  const std::string_view view(reinterpret_cast<const char*>(octets.data()), octets.size());
  return std::hash<std::string_view>{}(view) ^ (seed * 0x9e37'79b9'7f4a'7c15u);
}

}  // namespace

Result<Address> Address::from_octets(Octets octets) {
  Address address;
  if (octets.size() == 16 && std::equal(v4_mapped.begin(), v4_mapped.end(), octets.begin())) {
    octets = octets.subspan(12);
  }
  if (octets.size() != 4 && octets.size() != 16) {
    return fail(Errc::bad_text,
                "an address has 4 or 16 octets, not " + std::to_string(octets.size()));
  }
  address.is_ipv6_ = octets.size() == 16;
  std::copy(octets.begin(), octets.end(), address.octets_.begin());
  return address;
}

Result<Address> Address::from_text(std::string_view text) {
  std::array<std::uint8_t, 16> octets{};
  std::array<char, INET6_ADDRSTRLEN> zero_ended{};
  if (text.size() < zero_ended.size() && text.find('\0') == text.npos) {
    std::copy(text.begin(), text.end(), zero_ended.begin());
    if (inet_pton(AF_INET, zero_ended.data(), octets.data()) == 1) {
      return from_octets(Octets(octets).first(4));
    }
    if (inet_pton(AF_INET6, zero_ended.data(), octets.data()) == 1) return from_octets(octets);
  }
  return bad(text, "an IPv4 or IPv6 address");
}

std::string Address::to_text() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(is_ipv6_ ? AF_INET6 : AF_INET, octets_.data(), text.data(), text.size());
  return text.data();
}

bool Address::is_loopback() const {
  if (!is_ipv6_) return octets_[0] == 127;
  return octets_[15] == 1 && std::all_of(octets_.begin(), octets_.end() - 1,
                                         [](std::uint8_t octet) { return octet == 0; });
}

bool Address::is_wildcard() const {
  return octets_ == std::array<std::uint8_t, 16>{};
}

bool Address::is_link_local() const {
  if (!is_ipv6_) return octets_[0] == 169 && octets_[1] == 254;
  return octets_[0] == 0xfe && (octets_[1] & 0xc0) == 0x80;
}

Result<Prefix> Prefix::from_text(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = Address::from_text(text.substr(0, slash));
  if (!address) return bad(text, "an address or prefix such as 192.0.2.0/24");
  const unsigned bits = address->is_ipv6() ? 128 : 32;
  if (slash == text.npos) return Prefix(*address, bits);

  const auto length = number(text.substr(slash + 1), bits);
  if (!length) return bad(text, "a prefix: its length must be a number the address has bits for");
  std::array<std::uint8_t, 16> kept{};
  std::copy(address->octets().begin(), address->octets().end(), kept.begin());
  for (unsigned bit = *length; bit < bits; ++bit) {
    kept[bit / 8] = static_cast<std::uint8_t>(kept[bit / 8] & ~(0x80u >> (bit % 8)));
  }
  const auto first = Address::from_octets(Octets(kept).first(bits / 8));
  if (!first) return tl::unexpected(first.error());
  if (*first != *address) {
    return fail(Errc::bad_text, '"' + std::string(text) +
                                    "\" has bits set after its prefix: " + first->to_text() + "/" +
                                    std::to_string(*length) + " is the prefix");
  }
  return Prefix(*address, *length);
}

bool Prefix::contains(const Address& address) const {
  if (address.is_ipv6() != address_.is_ipv6()) return false;
  const Octets mine = address_.octets();
  const Octets theirs = address.octets();
  const std::size_t whole = length_ / 8;
  if (!std::equal(mine.begin(), mine.begin() + static_cast<std::ptrdiff_t>(whole),
                  theirs.begin())) {
    return false;
  }
  const unsigned rest = length_ % 8;
  if (rest == 0) return true;
  return ((mine[whole] ^ theirs[whole]) >> (8 - rest)) == 0;
}

std::string Prefix::to_text() const {
  const bool host = length_ == (address_.is_ipv6() ? 128u : 32u);
  return host ? address_.to_text() : address_.to_text() + "/" + std::to_string(length_);
}

Result<Endpoint> Endpoint::from_text(std::string_view text,
                                     std::optional<std::uint16_t> default_port) {
  constexpr auto what = "an address and port such as 192.0.2.1:53 or [2001:db8::1]:53";
  std::string_view host = text;
  std::string_view port;
  bool has_port = false;
  if (text.starts_with('[')) {
    const auto closing = text.find(']');
    if (closing == text.npos) return bad(text, what);
    host = text.substr(1, closing - 1);
    const auto rest = text.substr(closing + 1);
    has_port = rest.starts_with(':');
    if (!rest.empty() && !has_port) return bad(text, what);
    if (has_port) port = rest.substr(1);
  } else if (const auto colon = text.find(':'); colon != text.npos && colon == text.rfind(':')) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
    has_port = true;
  }
  const auto address = Address::from_text(host);
  const bool brackets_fit = !text.starts_with('[') || host.find(':') != host.npos;
  if (!address || !brackets_fit) return bad(text, what);
  if (!has_port) {
    if (!default_port) return bad(text, "an address with a port: the port is missing");
    return Endpoint(*address, *default_port);
  }
  const auto value = number(port, 65535);
  if (!value) return bad(text, "an address with a port of 0 to 65535");
  return Endpoint(*address, static_cast<std::uint16_t>(*value));
}

std::optional<Endpoint> Endpoint::from_sockaddr(const sockaddr* address, socklen_t size) {
  if (size >= sizeof(sockaddr_in) && address->sa_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, address, sizeof in);
    const auto* octets = reinterpret_cast<const std::uint8_t*>(&in.sin_addr);
    return Endpoint(*Address::from_octets({octets, 4}), ntohs(in.sin_port));
  }
  if (size >= sizeof(sockaddr_in6) && address->sa_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, address, sizeof in);
    const auto* octets = reinterpret_cast<const std::uint8_t*>(&in.sin6_addr);
    return Endpoint(*Address::from_octets({octets, 16}), ntohs(in.sin6_port));
  }
  return std::nullopt;
}

std::string Endpoint::to_text() const {
  const auto port = ":" + std::to_string(port_);
  return address_.is_ipv6() ? "[" + address_.to_text() + "]" + port : address_.to_text() + port;
}

SocketAddress Endpoint::to_sockaddr() const {
  if (address_.is_ipv6()) return to_sockaddr_ipv6();
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(port_);
  std::memcpy(&in.sin_addr, address_.octets().data(), 4);
  SocketAddress out;
  std::memcpy(&out.storage, &in, sizeof in);
  out.size = sizeof in;
  return out;
}

SocketAddress Endpoint::to_sockaddr_ipv6() const {
  sockaddr_in6 in{};
  in.sin6_family = AF_INET6;
  in.sin6_port = htons(port_);
  auto* octets = reinterpret_cast<std::uint8_t*>(&in.sin6_addr);
  if (address_.is_ipv6()) {
    std::memcpy(octets, address_.octets().data(), 16);
  } else {
    std::memcpy(octets, v4_mapped.data(), v4_mapped.size());
    std::memcpy(octets + v4_mapped.size(), address_.octets().data(), 4);
  }
  SocketAddress out;
  std::memcpy(&out.storage, &in, sizeof in);
  out.size = sizeof in;
  return out;
}

}  // namespace taproot::net

std::size_t std::hash<taproot::net::Address>::operator()(
    const taproot::net::Address& address) const noexcept {
  return taproot::net::hash_octets(address.octets(), 0);
}

std::size_t std::hash<taproot::net::Endpoint>::operator()(
    const taproot::net::Endpoint& endpoint) const noexcept {
  return taproot::net::hash_octets(endpoint.address().octets(), endpoint.port() + std::size_t{1});
}
