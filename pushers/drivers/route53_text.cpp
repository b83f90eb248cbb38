#include "pushers/drivers/route53_text.hpp"

#include <array>
#include <cstddef>
#include <cstdio>
#include <optional>

namespace taproot::pushers {

namespace {

/// The value of three digits, if they are some and it is an octet.
std::optional<unsigned> octet_of(std::string_view digits, unsigned base) {
  if (digits.size() < 3) return std::nullopt;
  unsigned value = 0;
  for (const char c : digits.substr(0, 3)) {
    if (c < '0' || c >= static_cast<char>('0' + static_cast<int>(base))) return std::nullopt;
    value = value * base + static_cast<unsigned>(c - '0');
  }
  return value < 256 ? std::optional(value) : std::nullopt;
}

std::string rewritten(std::string_view text, unsigned from, const char* format) {
  std::string result;
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] != '\\' || at + 1 == text.size()) {
      result += text[at];
      continue;
    }
    if (const auto octet = octet_of(text.substr(at + 1), from)) {
      std::array<char, 8> written{};
      const int size = std::snprintf(written.data(), written.size(), format, *octet);
      result.append(written.data(), static_cast<std::size_t>(size));
      at += 3;
    } else {
      result += text[at];
      result += text[++at];
    }
  }
  return result;
}

}  // namespace

std::string from_route53_text(std::string_view text) {
  return rewritten(text, 8, "\\%03u");
}

std::string to_route53_text(std::string_view text) {
  return rewritten(text, 10, "\\%03o");
}

}  // namespace taproot::pushers
