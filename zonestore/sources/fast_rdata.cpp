#include "zonestore/sources/fast_rdata.hpp"

#include "dns/rdata_checks.hpp"

#include <algorithm>
#include <cstring>

namespace taproot::zonestore {

namespace {

using dns::RRType;

constexpr std::size_t max_name = 255;
constexpr std::size_t max_label = 63;
constexpr std::size_t max_string = 255;
constexpr std::size_t max_rdata = 65535;

constexpr std::array<std::uint8_t, 256> make_hex_values() {
  std::array<std::uint8_t, 256> values{};
  values.fill(0xff);
  for (std::size_t i = 0; i < 10; ++i) values['0' + i] = static_cast<std::uint8_t>(i);
  for (std::size_t i = 0; i < 6; ++i) {
    values['a' + i] = values['A' + i] = static_cast<std::uint8_t>(10 + i);
  }
  return values;
}

constexpr auto hex_values = make_hex_values();

unsigned hex_value(char c) {
  return hex_values[static_cast<unsigned char>(c)];
}

unsigned digit_value(char c) {
  return static_cast<unsigned>(c - '0');
}

void skip_blanks(const char*& at) {
  while (is_kind(*at, octet_kind::blank)) ++at;
}

/// Reads fields one after the other to `to`. Every reader moves both, and is false for what is
/// not plain.
class Fields {
 public:
  Fields(const char* at, std::uint8_t* to, const dns::Name& origin)
      : at_(at), to_(to), origin_(origin) {}

  bool read(RRType type);

  const char* at() const { return at_; }
  std::uint8_t* to() const { return to_; }

 private:
  bool number(unsigned most, unsigned octets);
  bool u8() { return number(0xff, 1); }
  bool u16() { return number(0xffff, 2); }
  bool name();
  bool ipv4();
  bool ipv6();
  bool string();
  bool strings();
  bool text();
  bool tag();
  bool hex();
  bool quoted(const std::uint8_t* end);
  bool unquoted(const std::uint8_t* end);
  bool escape();
  bool ended() const { return is_kind(*at_, octet_kind::ends); }

  const char* at_;
  std::uint8_t* to_;
  const dns::Name& origin_;
};

bool Fields::read(RRType type) {
  switch (type) {
    case RRType::A:
      return ipv4();
    case RRType::AAAA:
      return ipv6();
    case RRType::NS:
    case RRType::CNAME:
    case RRType::PTR:
    case RRType::DNAME:
      return name();
    case RRType::MX:
      return u16() && name();
    case RRType::SRV:
      return u16() && u16() && u16() && name();
    case RRType::TXT:
      return strings();
    case RRType::DS: {
      const std::uint8_t* const begin = to_;
      return u16() && u8() && u8() && hex() && dns::why_bad_ds({begin, to_}) == nullptr;
    }
    case RRType::CAA:
      return u8() && tag() && text();
    default:
      return false;
  }
}

bool Fields::number(unsigned most, unsigned octets) {
  skip_blanks(at_);
  constexpr int digits = 5;
  unsigned value = 0;
  const char* const begin = at_;
  for (; is_kind(*at_, octet_kind::digit) && at_ - begin < digits; ++at_) {
    value = value * 10 + digit_value(*at_);
  }
  if (at_ == begin || value > most || !ended()) return false;
  if (octets == 2) *to_++ = static_cast<std::uint8_t>(value >> 8);
  *to_++ = static_cast<std::uint8_t>(value);
  return true;
}

bool Fields::name() {
  skip_blanks(at_);
  const std::size_t size = fast_name(at_, origin_, to_);
  to_ += size;
  return size > 0;
}

bool Fields::ipv4() {
  skip_blanks(at_);
  for (int i = 0; i < 4; ++i) {
    if (i > 0 && *at_++ != '.') return false;
    if (!is_kind(*at_, octet_kind::digit)) return false;
    unsigned value = digit_value(*at_++);
    if (value > 0) {  // inet_pton() takes no zeros in front
      if (is_kind(*at_, octet_kind::digit)) value = value * 10 + digit_value(*at_++);
      if (is_kind(*at_, octet_kind::digit)) value = value * 10 + digit_value(*at_++);
    }
    if (value > 255) return false;
    *to_++ = static_cast<std::uint8_t>(value);
  }
  return ended();
}

/// RFC 4291 section 2.2, forms 1 and 2.
bool Fields::ipv6() {
  constexpr std::size_t whole = 16;
  constexpr std::size_t nowhere = whole + 1;
  skip_blanks(at_);
  std::array<std::uint8_t, whole> octets{};
  std::size_t size = 0;
  std::size_t gap = nowhere;  // where "::" stands
  if (at_[0] == ':') {
    if (at_[1] != ':') return false;
    gap = 0;
    at_ += 2;
  }
  while (!ended()) {
    unsigned value = 0;
    const char* const begin = at_;
    for (unsigned v = 0; at_ - begin < 4 && (v = hex_value(*at_)) < 16; ++at_) {
      value = value << 4 | v;
    }
    if (at_ == begin || size == whole) return false;
    octets[size++] = static_cast<std::uint8_t>(value >> 8);
    octets[size++] = static_cast<std::uint8_t>(value);
    if (ended()) break;
    if (*at_++ != ':') return false;
    if (*at_ == ':') {
      if (gap != nowhere) return false;
      gap = size;
      ++at_;
    } else if (ended()) {
      return false;
    }
  }
  if (gap == nowhere ? size != whole : size == whole) return false;
  const std::size_t behind = gap == nowhere ? 0 : size - gap;
  std::memset(to_, 0, whole);
  std::memcpy(to_, octets.data(), size - behind);
  std::memcpy(to_ + whole - behind, octets.data() + size - behind, behind);
  to_ += whole;
  return true;
}

/// \X or \DDD (RFC 1035 section 5.1).
bool Fields::escape() {
  ++at_;
  if (!is_kind(*at_, octet_kind::digit)) {
    if (*at_ < ' ' || *at_ > '~') return false;
    *to_++ = static_cast<std::uint8_t>(*at_++);
    return true;
  }
  if (!is_kind(at_[1], octet_kind::digit) || !is_kind(at_[2], octet_kind::digit)) return false;
  const unsigned value = digit_value(at_[0]) * 100 + digit_value(at_[1]) * 10 + digit_value(at_[2]);
  if (value > 255) return false;
  *to_++ = static_cast<std::uint8_t>(value);
  at_ += 3;
  return true;
}

bool Fields::quoted(const std::uint8_t* end) {
  ++at_;
  while (*at_ != '"') {
    if (*at_ == '\n' || to_ == end) return false;
    if (*at_ == '\\') {
      if (!escape()) return false;
    } else {
      *to_++ = static_cast<std::uint8_t>(*at_++);
    }
  }
  ++at_;
  return ended();
}

bool Fields::unquoted(const std::uint8_t* end) {
  while (!ended()) {
    if (to_ == end) return false;
    if (*at_ == '\\') {
      if (!escape()) return false;
    } else if (is_kind(*at_, octet_kind::in_field)) {
      *to_++ = static_cast<std::uint8_t>(*at_++);
    } else {
      return false;
    }
  }
  return true;
}

/// A character-string with its length before it.
bool Fields::string() {
  std::uint8_t* const length = to_++;
  const bool good = *at_ == '"' ? quoted(to_ + max_string) : unquoted(to_ + max_string);
  *length = static_cast<std::uint8_t>(to_ - length - 1);
  return good;
}

/// Character-strings up to the end of the line, at least one.
bool Fields::strings() {
  skip_blanks(at_);
  if (ended() || (at_[0] == '\\' && at_[1] == '#')) return false;
  do {
    if (!string()) return false;
    skip_blanks(at_);
  } while (!ended());
  return true;
}

/// One string of any length, without a length before it.
bool Fields::text() {
  skip_blanks(at_);
  if (*at_ == '"') return quoted(nullptr);
  return !ended() && unquoted(nullptr);
}

/// RFC 8659 section 4.1.
bool Fields::tag() {
  skip_blanks(at_);
  std::uint8_t* const length = to_;
  return *at_ != '"' && string() && dns::why_bad_tag({length + 1, to_}) == nullptr;
}

/// Hexadecimal digits up to the end of the line, blanks between them, at least one octet.
bool Fields::hex() {
  const std::uint8_t* const begin = to_;
  unsigned high = 16;
  for (;; ++at_) {
    skip_blanks(at_);
    const unsigned value = hex_value(*at_);
    if (value > 15) break;
    if (high > 15) {
      high = value;
    } else {
      *to_++ = static_cast<std::uint8_t>(high << 4 | value);
      high = 16;
    }
  }
  return to_ != begin && high == 16 && ended();
}

bool is_fast(RRType type) {
  switch (type) {
    case RRType::A:
    case RRType::AAAA:
    case RRType::NS:
    case RRType::CNAME:
    case RRType::PTR:
    case RRType::DNAME:
    case RRType::MX:
    case RRType::SRV:
    case RRType::TXT:
    case RRType::DS:
    case RRType::CAA:
      return true;
    default:
      return false;
  }
}

/// Whether rdata may be longer than two names and a few numbers.
bool may_be_long(RRType type) {
  return type == RRType::TXT || type == RRType::DS || type == RRType::CAA;
}

}  // namespace

std::size_t fast_name(const char*& at, const dns::Name& origin, std::uint8_t* to) {
  const char* p = at;
  if (*p == '.') {
    *to = 0;
    at = p + 1;
    return is_kind(*at, octet_kind::ends) ? 1 : 0;
  }
  if (*p == '@' && is_kind(p[1], octet_kind::ends)) {
    std::memcpy(to, origin.wire().data(), origin.size());
    at = p + 1;
    return origin.size();
  }
  std::uint8_t* length = to;
  for (;;) {
    std::uint8_t* out = length + 1;
    const char* const label = p;
    while (is_kind(*p, octet_kind::in_label) && p - label <= static_cast<int>(max_label)) {
      *out++ = static_cast<std::uint8_t>(*p++);
    }
    const auto octets = static_cast<std::size_t>(p - label);
    const auto size = static_cast<std::size_t>(out - to);
    if (octets == 0 || octets > max_label || size >= max_name) return 0;
    *length = static_cast<std::uint8_t>(octets);
    length = out;
    if (*p == '.') {
      ++p;
      if (!is_kind(*p, octet_kind::ends)) continue;
      *out = 0;
      at = p;
      return size + 1;
    }
    if (!is_kind(*p, octet_kind::ends) || size + origin.size() > max_name) return 0;
    std::memcpy(out, origin.wire().data(), origin.size());
    at = p;
    return size + origin.size();
  }
}

std::optional<FastRdata> fast_rdata(RRType type, const char*& at, const char* end,
                                    const dns::Name& origin, OctetArena& octets) {
  if (!is_fast(type)) return std::nullopt;
  std::size_t room = 1024;
  if (may_be_long(type)) {
    // What a string is written with takes more octets than what it stands for, its length included.
    room += static_cast<std::size_t>(std::find(at, end, '\n') - at);
  }
  std::uint8_t* const begin = octets.room(room);
  Fields fields(at, begin, origin);
  if (!fields.read(type)) return std::nullopt;
  const auto size = static_cast<std::size_t>(fields.to() - begin);
  if (size > max_rdata) return std::nullopt;
  at = fields.at();
  return FastRdata{octets.keep(size), static_cast<std::uint16_t>(size)};
}

}  // namespace taproot::zonestore
