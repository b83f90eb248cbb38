#pragma once

#include "dns/octets.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace taproot::dns {

/// Octets from hexadecimal digits; blanks between them are skipped.
inline std::vector<std::uint8_t> from_hex(std::string_view digits) {
  std::vector<std::uint8_t> octets;
  int high = -1;
  for (const char c : digits) {
    if (c == ' ' || c == '\n') continue;
    const int value = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    if (high < 0) {
      high = value;
    } else {
      octets.push_back(static_cast<std::uint8_t>(high << 4 | value));
      high = -1;
    }
  }
  return octets;
}

inline std::string to_hex(Octets octets) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t octet : octets) {
    text += digits[octet >> 4];
    text += digits[octet & 15];
  }
  return text;
}

}  // namespace taproot::dns
