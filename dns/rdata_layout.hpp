#pragma once

#include "dns/octets.hpp"
#include "dns/types.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace taproot::dns {

// The table of rdata formats. Wire format (rdata.cpp) and our own presentation format
// (rdata_text.cpp) both follow it; a new type is a new line in rdata_layout.cpp.

/// One field of rdata.
enum class Field : std::uint8_t {
  end,  ///< no more fields
  u8,
  algorithm,  ///< one octet, in text also a mnemonic of DNSSEC
  u16,
  cert_type,     ///< two octets, in text also a mnemonic of RFC 4398 section 2.1
  rrtype,        ///< two octets, in text a mnemonic
  dsync_scheme,  ///< one octet, in text also a mnemonic of RFC 9859 section 6.2
  u32,
  seconds,  ///< four octets, in text a TTL
  time,     ///< four octets, in text YYYYMMDDHHmmSS (RFC 4034 section 3.2)
  ipv4,
  ipv6,
  octets_6,      ///< EUI-48
  octets_8,      ///< EUI-64
  name,          ///< a type of RFC 1035: compressed, and lowered in canonical form
  name_legacy,   ///< RFC 3597 section 4: read compressed, written plain, lowered
  name_lowered,  ///< never compressed, lowered in canonical form
  name_kept,     ///< never compressed, case kept in canonical form
  string,        ///< one character-string
  strings,       ///< one or more character-strings up to the end
  tag,           ///< a character-string of at least one letter or digit (CAA)
  salt,          ///< a length octet and that many octets, in text hexadecimal or "-"
  hash,          ///< the same with at least one octet, in text base32hex (RFC 5155)
  bitmap,        ///< type bitmap of RFC 4034 section 4.1.2, possibly empty
  // What follows takes all octets up to the end; _some: at least one.
  rest,  ///< no text form of our own
  rest_some,
  text_rest,  ///< in text one string of any length
  text_some,
  hex_some,
  base64_rest,
  base64_some,
  ipseckey,   ///< RFC 4025 section 2, whole
  hip,        ///< RFC 8005 section 5, whole
  svc_params  ///< RFC 9460 section 2.2
};

constexpr bool is_name(Field field) {
  return field == Field::name || field == Field::name_legacy || field == Field::name_lowered ||
         field == Field::name_kept;
}
constexpr bool may_be_compressed(Field field) {
  return field == Field::name || field == Field::name_legacy;
}
constexpr bool is_lowered(Field field) {
  return is_name(field) && field != Field::name_kept;
}

constexpr bool lacks_text(Field field) {
  return field == Field::rest || field == Field::rest_some;
}

/// The fields of a type in order, and what no single field can say.
struct Layout {
  using Fields = std::array<Field, 10>;
  /// Looks at whole uncompressed rdata whose fields are right; what is wrong, or nullptr.
  using Check = const char* (*)(Octets rdata);

  constexpr Layout(RRType of, Fields in_order, Check check = nullptr)
      : type(of), fields(in_order), why_bad(check) {
    for (const Field field : fields) {
      compressed = compressed || may_be_compressed(field);
      lowered = lowered || is_lowered(field);
      has_text = has_text && !lacks_text(field);
    }
  }

  RRType type;
  Fields fields;
  Check why_bad;
  bool compressed = false;  ///< a name in it may be compressed on the way in
  bool lowered = false;     ///< a name in it is lowered in canonical form
  bool has_text = true;     ///< every field has a text form of our own (rdata_text.hpp)
};

/// The layout of `type`, or nullptr for opaque octets (RFC 3597).
const Layout* find_layout(RRType type);

/// Octets that the field takes at the front of valid uncompressed `rdata`.
std::size_t field_size(Field field, Octets rdata);

}  // namespace taproot::dns
