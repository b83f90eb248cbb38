#include "dns/text_fields.hpp"

#include <algorithm>

namespace taproot::dns {

namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Seconds of one unit, or 0.
std::uint64_t unit_seconds(char unit) {
  switch (unit) {
    case 'w':
    case 'W':
      return 604800;
    case 'd':
    case 'D':
      return 86400;
    case 'h':
    case 'H':
      return 3600;
    case 'm':
    case 'M':
      return 60;
    case 's':
    case 'S':
      return 1;
    default:
      return 0;
  }
}

}  // namespace

void TextFields::skip_blanks() {
  std::size_t i = 0;
  while (i < rest_.size() && is_blank(rest_[i])) ++i;
  rest_.remove_prefix(i);
}

std::optional<TextField> TextFields::next() {
  if (rest_.empty() || trouble_ != nullptr) return std::nullopt;
  auto field = rest_[0] == '"' ? quoted() : plain();
  if (field) skip_blanks();
  return field;
}

std::optional<TextField> TextFields::quoted() {
  std::size_t i = 1;
  while (i < rest_.size() && rest_[i] != '"')
    i += rest_[i] == '\\' ? std::size_t{2} : std::size_t{1};
  if (i >= rest_.size()) {
    trouble_ = "a quoted string has no end";
    return std::nullopt;
  }
  const TextField field{rest_.substr(1, i - 1), true};
  rest_.remove_prefix(i + 1);
  if (rest_.empty() || is_blank(rest_[0])) return field;
  trouble_ = "a quoted string goes on after its second quote";
  return std::nullopt;
}

std::optional<TextField> TextFields::plain() {
  std::size_t i = 0;
  while (i < rest_.size() && !is_blank(rest_[i])) {
    if (rest_[i] == '"') {
      trouble_ = "a quote stands inside a field; put a backslash before it";
      return std::nullopt;
    }
    i += rest_[i] == '\\' ? std::size_t{2} : std::size_t{1};
  }
  i = std::min(i, rest_.size());
  const TextField field{rest_.substr(0, i), false};
  rest_.remove_prefix(i);
  return field;
}

const char* append_unescaped(std::string& out, std::string_view text) {
  while (!text.empty()) {
    const std::size_t plain = std::min(text.find('\\'), text.size());
    out.append(text.substr(0, plain));
    text.remove_prefix(plain);
    if (text.empty()) return nullptr;
    if (text.size() < 2) return "ends in a backslash";
    if (!is_digit(text[1])) {
      out += text[1];
      text.remove_prefix(2);
      continue;
    }
    if (text.size() < 4 || !is_digit(text[2]) || !is_digit(text[3])) {
      return "has a \\ with fewer than three digits";
    }
    const int value = (text[1] - '0') * 100 + (text[2] - '0') * 10 + (text[3] - '0');
    if (value > 255) return "has an escape \\DDD over 255";
    out += static_cast<char>(value);
    text.remove_prefix(4);
  }
  return nullptr;
}

void append_quoted(std::string& out, Octets octets) {
  out += '"';
  for (const std::uint8_t octet : octets) {
    if (octet >= 0x20 && octet < 0x7f) {
      if (octet == '"' || octet == '\\') out += '\\';
      out += static_cast<char>(octet);
      continue;
    }
    out += '\\';
    out += static_cast<char>('0' + octet / 100);
    out += static_cast<char>('0' + octet / 10 % 10);
    out += static_cast<char>('0' + octet % 10);
  }
  out += '"';
}

const char* append_from_hex(std::string& out, std::string_view digits) {
  int high = -1;
  for (const char c : digits) {
    if (is_blank(c)) continue;
    const int value = hex_value(c);
    if (value < 0) return "has other than hexadecimal digits";
    if (high < 0) {
      high = value;
    } else {
      out += static_cast<char>(high << 4 | value);
      high = -1;
    }
  }
  return high < 0 ? nullptr : "has an odd number of hexadecimal digits";
}

void append_hex(std::string& out, Octets octets) {
  constexpr std::string_view digits = "0123456789abcdef";
  for (const std::uint8_t octet : octets) {
    out += digits[octet >> 4];
    out += digits[octet & 15];
  }
}

std::optional<std::uint32_t> seconds_from_text(std::string_view text, std::uint32_t most) {
  std::uint64_t sum = 0;
  bool with_units = false;
  while (!text.empty()) {
    std::uint64_t number = 0;
    std::size_t i = 0;
    for (; i < text.size() && is_digit(text[i]); ++i) {
      number = number * 10 + static_cast<std::uint64_t>(text[i] - '0');
      if (number > most) return std::nullopt;
    }
    if (i == 0) return std::nullopt;
    if (i == text.size()) {
      // A bare number counts seconds, but only when it stands alone: 1h30 is a slip.
      if (with_units) return std::nullopt;
      return static_cast<std::uint32_t>(number);
    }
    const std::uint64_t unit = unit_seconds(text[i]);
    if (unit == 0) return std::nullopt;
    sum += number * unit;
    if (sum > most) return std::nullopt;
    with_units = true;
    text.remove_prefix(i + 1);
  }
  if (!with_units) return std::nullopt;
  return static_cast<std::uint32_t>(sum);
}

}  // namespace taproot::dns
