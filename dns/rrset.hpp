#pragma once

#include "dns/name.hpp"
#include "dns/octets.hpp"
#include "dns/types.hpp"

#include <compare>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace taproot::dns {

/// The rdata of one record in uncompressed wire format. One that exists was checked for its type
/// (see rdata.hpp); case inside names is kept as written. Up to 65,535 octets.
class Rdata {
 public:
  Rdata() = default;
  explicit Rdata(Octets wire) : wire_(reinterpret_cast<const char*>(wire.data()), wire.size()) {}
  explicit Rdata(std::string wire) : wire_(std::move(wire)) {}

  Octets wire() const {
    return {reinterpret_cast<const std::uint8_t*>(wire_.data()), wire_.size()};
  }
  std::size_t size() const { return wire_.size(); }

  /// Octet for octet. For equality in the sense of DNS compare canonical forms (rdata.hpp).
  friend bool operator==(const Rdata&, const Rdata&) = default;
  /// RFC 4034 section 6.3: as left-justified unsigned octets.
  friend std::strong_ordering operator<=>(const Rdata& a, const Rdata& b) {
    return a.wire_.compare(b.wire_) <=> 0;
  }

 private:
  std::string wire_;
};

/// A TTL is at most 2^31 - 1 seconds (RFC 2181 section 8).
constexpr std::uint32_t max_ttl = 0x7fff'ffffu;

/// All records of one owner and type, class IN: one TTL, at least one rdata (RFC 2181 section 5).
struct RRset {
  Name owner;
  RRType type = RRType::none;
  std::uint32_t ttl = 0;  ///< seconds, at most max_ttl
  std::vector<Rdata> rdata;

  /// Octet for octet; see same_data() in rdata.hpp for the comparison that ignores case.
  friend bool operator==(const RRset&, const RRset&) = default;
};

}  // namespace taproot::dns
