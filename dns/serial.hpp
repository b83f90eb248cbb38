#pragma once

#include <compare>
#include <cstdint>

namespace taproot::dns {

/// A zone's SOA serial, compared on the circle of RFC 1982 (SERIAL_BITS = 32).
///
/// Two serials exactly 2^31 apart have no order: every comparison of them is
/// false, so write the branch you want for "cannot tell".
class Serial {
 public:
  constexpr Serial() = default;
  constexpr explicit Serial(std::uint32_t value) : value_(value) {}

  constexpr std::uint32_t value() const { return value_; }

  /// The next serial, RFC 1982 section 3.1; 4294967295 is followed by 0.
  [[nodiscard]] constexpr Serial next() const { return Serial(value_ + 1); }

  friend constexpr bool operator==(Serial, Serial) = default;

  /// RFC 1982 section 3.2.
  friend constexpr std::partial_ordering operator<=>(Serial a, Serial b) {
    const std::uint32_t ahead = b.value_ - a.value_;  // how far b lies after a
    if (ahead == 0) return std::partial_ordering::equivalent;
    if (ahead == 0x8000'0000u) return std::partial_ordering::unordered;
    return ahead < 0x8000'0000u ? std::partial_ordering::less : std::partial_ordering::greater;
  }

 private:
  std::uint32_t value_ = 0;
};

}  // namespace taproot::dns
