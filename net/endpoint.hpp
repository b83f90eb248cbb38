#pragma once

#include "dns/octets.hpp"
#include "dns/result.hpp"

#include <sys/socket.h>

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace taproot::net {

/// The address of one host, IPv4 or IPv6. A v4-mapped IPv6 address (RFC 4291 section 2.5.5.2) is
/// the IPv4 address it maps, so that one host has one Address. Zone identifiers ("%eth0") are not
/// kept. IPv4 sorts before IPv6.
class Address {
 public:
  /// 0.0.0.0
  Address() = default;

  /// Reads "192.0.2.1" or "2001:db8::1", without brackets; Errc::bad_text otherwise.
  static Result<Address> from_text(std::string_view text);
  /// 4 or 16 octets in network order; Errc::bad_text for any other size.
  static Result<Address> from_octets(Octets octets);

  /// IPv6 as in RFC 5952, without brackets.
  std::string to_text() const;

  /// 4 or 16 octets in network order, borrowed from this object.
  Octets octets() const { return Octets(octets_).first(is_ipv6_ ? 16 : 4); }

  bool is_ipv6() const { return is_ipv6_; }
  /// 127.0.0.0/8 or ::1.
  bool is_loopback() const;
  /// 0.0.0.0 or ::, which stand for all addresses of this host.
  bool is_wildcard() const;
  /// 169.254.0.0/16 or fe80::/10.
  bool is_link_local() const;

  friend bool operator==(const Address&, const Address&) = default;
  friend std::strong_ordering operator<=>(const Address&, const Address&) = default;

 private:
  bool is_ipv6_ = false;
  std::array<std::uint8_t, 16> octets_{};
};

/// A set of addresses that begin with the same bits.
class Prefix {
 public:
  /// Reads "192.0.2.0/24", "2001:db8::/32" or a bare address, which stands for itself alone.
  /// Fails with Errc::bad_text, also when bits after the prefix are set: "192.0.2.1/24" is more
  /// often a slip than a wish.
  static Result<Prefix> from_text(std::string_view text);

  bool contains(const Address& address) const;

  /// The first address of the prefix.
  const Address& address() const { return address_; }
  /// Bits: 0 to 32 or 0 to 128.
  unsigned length() const { return length_; }

  /// "192.0.2.0/24"; a single host is written without its length.
  std::string to_text() const;

  friend bool operator==(const Prefix&, const Prefix&) = default;

 private:
  Prefix(const Address& address, unsigned length) : address_(address), length_(length) {}
  Address address_;
  unsigned length_ = 0;
};

/// What the socket calls want to see of an Endpoint.
struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

/// An address and a port: one end of a conversation.
class Endpoint {
 public:
  /// 0.0.0.0:0
  Endpoint() = default;
  Endpoint(const Address& address, std::uint16_t port) : address_(address), port_(port) {}

  /// Reads "127.0.0.1:53" or "[::1]:53". With a default port also "127.0.0.1", "[::1]" and
  /// "::1". Fails with Errc::bad_text; port 0 is read, it lets the system choose when binding.
  static Result<Endpoint> from_text(std::string_view text,
                                    std::optional<std::uint16_t> default_port = std::nullopt);

  /// Nothing for families other than IPv4 and IPv6. `size` is what the system said it filled.
  static std::optional<Endpoint> from_sockaddr(const sockaddr* address, socklen_t size);

  const Address& address() const { return address_; }
  std::uint16_t port() const { return port_; }

  /// "127.0.0.1:53" or "[::1]:53".
  std::string to_text() const;

  SocketAddress to_sockaddr() const;
  /// For a socket of family AF_INET6 that is not IPv6-only: IPv4 is written v4-mapped.
  SocketAddress to_sockaddr_ipv6() const;

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
  friend std::strong_ordering operator<=>(const Endpoint&, const Endpoint&) = default;

 private:
  Address address_;
  std::uint16_t port_ = 0;
};

}  // namespace taproot::net

template <>
struct std::hash<taproot::net::Address> {
  std::size_t operator()(const taproot::net::Address& address) const noexcept;
};

template <>
struct std::hash<taproot::net::Endpoint> {
  std::size_t operator()(const taproot::net::Endpoint& endpoint) const noexcept;
};
