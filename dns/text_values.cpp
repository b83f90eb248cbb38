#include "dns/text_values.hpp"

#include "dns/text_fields.hpp"
#include "dns/types.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <vector>

namespace taproot::dns {

namespace {

struct Mnemonic {
  std::string_view text;
  std::uint16_t number;
};

constexpr std::array algorithms{
    Mnemonic{"RSAMD5", 1},
    Mnemonic{"DH", 2},
    Mnemonic{"DSA", 3},
    Mnemonic{"RSASHA1", 5},
    Mnemonic{"DSA-NSEC3-SHA1", 6},
    Mnemonic{"RSASHA1-NSEC3-SHA1", 7},
    Mnemonic{"RSASHA256", 8},
    Mnemonic{"RSASHA512", 10},
    Mnemonic{"ECC-GOST", 12},
    Mnemonic{"ECDSAP256SHA256", 13},
    Mnemonic{"ECDSAP384SHA384", 14},
    Mnemonic{"ED25519", 15},
    Mnemonic{"ED448", 16},
    Mnemonic{"INDIRECT", 252},
    Mnemonic{"PRIVATEDNS", 253},
    Mnemonic{"PRIVATEOID", 254},
};

constexpr std::array cert_types{
    Mnemonic{"PKIX", 1},  Mnemonic{"SPKI", 2},  Mnemonic{"PGP", 3},    Mnemonic{"IPKIX", 4},
    Mnemonic{"ISPKI", 5}, Mnemonic{"IPGP", 6},  Mnemonic{"ACPKIX", 7}, Mnemonic{"IACPKIX", 8},
    Mnemonic{"URI", 253}, Mnemonic{"OID", 254},
};

constexpr std::array dsync_schemes{Mnemonic{"NOTIFY", 1}};

constexpr std::string_view base32hex = "0123456789abcdefghijklmnopqrstuv";

char lower_char(char c) {
  return static_cast<char>(lower(static_cast<std::uint8_t>(c)));
}

template <std::size_t Size>
std::optional<std::uint16_t> find_mnemonic(const std::array<Mnemonic, Size>& all,
                                           std::string_view text) {
  for (const Mnemonic& m : all) {
    if (std::equal(text.begin(), text.end(), m.text.begin(), m.text.end(),
                   [](char a, char b) { return lower_char(a) == lower_char(b); })) {
      return m.number;
    }
  }
  return std::nullopt;
}

template <std::size_t Size>
void append_mnemonic(std::string& out, const std::array<Mnemonic, Size>& all,
                     std::uint16_t number) {
  const auto* found = std::find_if(all.begin(), all.end(),
                                   [number](const Mnemonic& m) { return m.number == number; });
  if (found != all.end()) {
    out += found->text;
  } else {
    out += std::to_string(number);
  }
}

/// `count` digits at `at`.
unsigned digits_at(std::string_view text, std::size_t at, std::size_t count) {
  unsigned value = 0;
  for (const char c : text.substr(at, count)) value = value * 10 + static_cast<unsigned>(c - '0');
  return value;
}

void append_padded(std::string& out, std::int64_t value, std::size_t width) {
  const std::string digits = std::to_string(value);
  out.append(width - std::min(width, digits.size()), '0');
  out += digits;
}

}  // namespace

template <class Number>
std::optional<Number> number_from_text(std::string_view text) {
  Number value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stop != end) return std::nullopt;
  return value;
}
template std::optional<std::uint8_t> number_from_text(std::string_view text);
template std::optional<std::uint16_t> number_from_text(std::string_view text);
template std::optional<std::uint32_t> number_from_text(std::string_view text);

std::optional<std::uint8_t> algorithm_from_text(std::string_view text) {
  if (const auto found = find_mnemonic(algorithms, text)) return static_cast<std::uint8_t>(*found);
  return number_from_text<std::uint8_t>(text);
}

std::optional<std::uint16_t> cert_type_from_text(std::string_view text) {
  if (const auto found = find_mnemonic(cert_types, text)) return found;
  return number_from_text<std::uint16_t>(text);
}

void append_cert_type(std::string& out, std::uint16_t type) {
  append_mnemonic(out, cert_types, type);
}

std::optional<std::uint8_t> dsync_scheme_from_text(std::string_view text) {
  if (const auto found = find_mnemonic(dsync_schemes, text)) {
    return static_cast<std::uint8_t>(*found);
  }
  return number_from_text<std::uint8_t>(text);
}

void append_dsync_scheme(std::string& out, std::uint8_t scheme) {
  append_mnemonic(out, dsync_schemes, scheme);
}

std::optional<std::uint32_t> time_from_text(std::string_view text) {
  const bool digits =
      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!digits) return std::nullopt;
  if (text.size() != 14) return number_from_text<std::uint32_t>(text);
  using namespace std::chrono;
  const year_month_day day{year(static_cast<int>(digits_at(text, 0, 4))),
                           month(digits_at(text, 4, 2)), std::chrono::day(digits_at(text, 6, 2))};
  const unsigned hour = digits_at(text, 8, 2);
  const unsigned minute = digits_at(text, 10, 2);
  const unsigned second = digits_at(text, 12, 2);
  if (!day.ok() || day.year() < year(1970) || hour > 23 || minute > 59 || second > 59) {
    return std::nullopt;
  }
  const auto since = sys_days(day).time_since_epoch() + hours(hour) + minutes(minute);
  return static_cast<std::uint32_t>(duration_cast<std::chrono::seconds>(since).count() + second);
}

void append_time(std::string& out, std::uint32_t seconds) {
  using namespace std::chrono;
  const sys_seconds time{std::chrono::seconds(seconds)};
  const auto midnight = floor<days>(time);
  const year_month_day day(midnight);
  const hh_mm_ss clock(time - midnight);
  append_padded(out, static_cast<int>(day.year()), 4);
  append_padded(out, static_cast<unsigned>(day.month()), 2);
  append_padded(out, static_cast<unsigned>(day.day()), 2);
  append_padded(out, clock.hours().count(), 2);
  append_padded(out, clock.minutes().count(), 2);
  append_padded(out, clock.seconds().count(), 2);
}

const char* append_from_eui(std::string& wire, std::string_view text, std::size_t size) {
  constexpr const char* why = "is not octets in hexadecimal with '-' between";
  if (text.size() != 3 * size - 1) return why;
  std::string digits;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i % 3 != 2) {
      digits += text[i];
    } else if (text[i] != '-') {
      return why;
    }
  }
  const bool blank = digits.find_first_of(" \t\r\n") != std::string::npos;
  return blank || append_from_hex(wire, digits) != nullptr ? why : nullptr;
}

void append_eui(std::string& out, Octets octets) {
  for (std::size_t i = 0; i < octets.size(); ++i) {
    if (i > 0) out += '-';
    append_hex(out, octets.subspan(i, 1));
  }
}

const char* append_from_base32hex(std::string& wire, std::string_view text) {
  std::uint32_t group = 0;
  unsigned bits = 0;
  for (const char c : text) {
    const std::size_t value = base32hex.find(lower_char(c));
    if (value == std::string_view::npos) return "is not base32hex";
    group = group << 5 | static_cast<std::uint32_t>(value);
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    wire += static_cast<char>(group >> bits & 0xff);
    group &= (1u << bits) - 1;
  }
  // A whole digit too many, or bits that no octet holds.
  return bits < 5 && group == 0 ? nullptr : "is not base32hex";
}

void append_base32hex(std::string& out, Octets octets) {
  std::uint32_t group = 0;
  unsigned bits = 0;
  for (const std::uint8_t octet : octets) {
    group = (group << 8 | octet) & 0xffff;
    bits += 8;
    for (; bits >= 5; bits -= 5) out += base32hex[group >> (bits - 5) & 31];
  }
  if (bits > 0) out += base32hex[group << (5 - bits) & 31];
}

const char* append_from_types(std::string& wire, std::string_view text) {
  std::vector<std::uint16_t> types;
  TextFields fields(text);
  while (const auto field = fields.next()) {
    const auto type = rrtype_from_text(field->text);
    if (!type || field->quoted) return "has other than RR types in its type bitmap";
    types.push_back(static_cast<std::uint16_t>(*type));
  }
  if (fields.trouble() != nullptr) return fields.trouble();
  std::sort(types.begin(), types.end());
  for (std::size_t i = 0; i < types.size();) {
    const int window = types[i] >> 8;
    std::array<std::uint8_t, 32> bits{};
    std::size_t size = 0;
    for (; i < types.size() && types[i] >> 8 == window; ++i) {
      size = (types[i] & 0xffu) / 8 + 1;
      bits[size - 1] = static_cast<std::uint8_t>(bits[size - 1] | 0x80u >> (types[i] & 7));
    }
    wire += static_cast<char>(window);
    wire += static_cast<char>(size);
    wire.append(reinterpret_cast<const char*>(bits.data()), size);
  }
  return nullptr;
}

void append_types(std::string& out, Octets bitmap) {
  bool first = true;
  while (!bitmap.empty()) {
    const std::size_t size = bitmap[1];
    for (std::size_t bit = 0; bit < size * 8; ++bit) {
      if ((bitmap[2 + bit / 8] & 0x80u >> bit % 8) == 0) continue;
      if (!first) out += ' ';
      first = false;
      out += to_text(static_cast<RRType>(static_cast<std::size_t>(bitmap[0]) << 8 | bit));
    }
    bitmap = bitmap.subspan(2 + size);
  }
}

const char* append_from_address(std::string& wire, int family, std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> copy{};
  std::array<std::uint8_t, 16> octets{};
  const bool fits = text.size() < copy.size();
  if (fits) std::copy(text.begin(), text.end(), copy.begin());
  if (!fits || inet_pton(family, copy.data(), octets.data()) != 1) {
    return family == AF_INET ? "is not an IPv4 address" : "is not an IPv6 address";
  }
  wire.append(reinterpret_cast<const char*>(octets.data()), family == AF_INET ? 4 : 16);
  return nullptr;
}

void append_address(std::string& out, int family, Octets octets) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  // Cannot fail: the buffer is large enough for both families.
  out += inet_ntop(family, octets.data(), text.data(), static_cast<socklen_t>(text.size()));
}

}  // namespace taproot::dns
