#pragma once

#include "dns/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace taproot::dns {

/// RR types by their IANA numbers. Open: any 16-bit value is a type (RFC 3597), the names below
/// are those the program treats specially or spells by mnemonic.
enum class RRType : std::uint16_t {
  none = 0,
  A = 1,
  NS = 2,
  MD = 3,
  MF = 4,
  CNAME = 5,
  SOA = 6,
  MB = 7,
  MG = 8,
  MR = 9,
  null = 10,
  WKS = 11,
  PTR = 12,
  HINFO = 13,
  MINFO = 14,
  MX = 15,
  TXT = 16,
  RP = 17,
  AFSDB = 18,
  X25 = 19,
  ISDN = 20,
  RT = 21,
  SIG = 24,
  KEY = 25,
  PX = 26,
  AAAA = 28,
  LOC = 29,
  NXT = 30,
  SRV = 33,
  NAPTR = 35,
  KX = 36,
  CERT = 37,
  DNAME = 39,
  OPT = 41,
  APL = 42,
  DS = 43,
  SSHFP = 44,
  IPSECKEY = 45,
  RRSIG = 46,
  NSEC = 47,
  DNSKEY = 48,
  DHCID = 49,
  NSEC3 = 50,
  NSEC3PARAM = 51,
  TLSA = 52,
  SMIMEA = 53,
  HIP = 55,
  CDS = 59,
  CDNSKEY = 60,
  OPENPGPKEY = 61,
  CSYNC = 62,
  ZONEMD = 63,
  SVCB = 64,
  HTTPS = 65,
  DSYNC = 66,
  SPF = 99,
  EUI48 = 108,
  EUI64 = 109,
  TKEY = 249,
  TSIG = 250,
  IXFR = 251,
  AXFR = 252,
  MAILB = 253,
  MAILA = 254,
  ANY = 255,
  URI = 256,
  CAA = 257
};

enum class Class : std::uint16_t { IN = 1, CH = 3, HS = 4, none = 254, any = 255 };

enum class Opcode : std::uint8_t { query = 0, iquery = 1, status = 2, notify = 4, update = 5 };

/// Response codes, the extended ones of RFC 6891 and RFC 8945 included.
enum class Rcode : std::uint16_t {
  noerror = 0,
  formerr = 1,
  servfail = 2,
  nxdomain = 3,
  notimp = 4,
  refused = 5,
  yxdomain = 6,
  yxrrset = 7,
  nxrrset = 8,
  notauth = 9,
  notzone = 10,
  badvers = 16,
  badkey = 17,
  badtime = 18
};

/// "A", "NS", …; "TYPE12345" for a type without a mnemonic (RFC 3597 section 5).
std::string to_text(RRType type);

/// Reads a mnemonic in any case or TYPE12345; fails with Errc::bad_text.
Result<RRType> rrtype_from_text(std::string_view text);

std::string to_text(Class value);
std::string to_text(Opcode value);
std::string to_text(Rcode value);

/// True for types that can stand in a question or message but never in a zone: OPT, TKEY, TSIG,
/// IXFR, AXFR, MAILA, MAILB, ANY and the rest of 128 to 255 (RFC 6895 section 3.1), and type 0.
constexpr bool is_meta(RRType type) {
  const auto value = static_cast<std::uint16_t>(type);
  return value == 0 || type == RRType::OPT || (value >= 128 && value <= 255);
}

}  // namespace taproot::dns
