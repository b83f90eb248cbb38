#include "pushers/drivers/powerdns_content.hpp"

#include "dns/name.hpp"
#include "dns/presentation.hpp"
#include "dns/text_fields.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cstdio>

namespace taproot::pushers {

namespace {

using dns::RRType;

constexpr auto alias_type = static_cast<RRType>(65401);
constexpr auto lua_type = static_cast<RRType>(65402);

/// What PowerDNS 4.7 reads by name, as tried with its API.
constexpr std::array named_types{
    RRType::A,          RRType::NS,    RRType::CNAME,  RRType::SOA,      RRType::MB,
    RRType::MR,         RRType::MINFO, RRType::PTR,    RRType::HINFO,    RRType::MX,
    RRType::TXT,        RRType::RP,    RRType::AFSDB,  RRType::AAAA,     RRType::LOC,
    RRType::SRV,        RRType::NAPTR, RRType::KX,     RRType::CERT,     RRType::DNAME,
    RRType::APL,        RRType::DS,    RRType::SSHFP,  RRType::IPSECKEY, RRType::DNSKEY,
    RRType::DHCID,      RRType::TLSA,  RRType::SMIMEA, RRType::CDS,      RRType::CDNSKEY,
    RRType::OPENPGPKEY, RRType::CSYNC, RRType::ZONEMD, RRType::SVCB,     RRType::HTTPS,
    RRType::SPF,        RRType::EUI48, RRType::EUI64,  RRType::URI,      RRType::CAA};

bool is_named(RRType type) {
  return std::find(named_types.begin(), named_types.end(), type) != named_types.end();
}

std::string generic(Octets rdata) {
  std::string text = "\\# " + std::to_string(rdata.size()) + (rdata.empty() ? "" : " ");
  dns::append_hex(text, rdata);
  return text;
}

std::size_t u16_at(Octets octets, std::size_t at) {
  return static_cast<std::size_t>(octets[at] << 8 | octets[at + 1]);
}

std::uint32_t u32_at(Octets octets, std::size_t at) {
  return static_cast<std::uint32_t>(u16_at(octets, at) << 16 | u16_at(octets, at + 2));
}

// LOC, RFC 1876.

/// A size or precision: a digit and a power of ten, in centimetres.
std::string metres(std::uint8_t packed) {
  std::uint64_t centimetres = packed >> 4;
  for (int i = packed & 15; i > 0; --i) centimetres *= 10;
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%llu.%02llum",
                static_cast<unsigned long long>(centimetres / 100),
                static_cast<unsigned long long>(centimetres % 100));
  return text.data();
}

/// Thousandths of a second of arc from 2^31.
std::string angle(std::uint32_t value, char positive, char negative) {
  constexpr std::uint32_t middle = 0x8000'0000u;
  const std::uint32_t distance = value >= middle ? value - middle : middle - value;
  std::array<char, 48> text{};
  std::snprintf(text.data(), text.size(), "%u %u %u.%03u %c", distance / 3'600'000,
                distance / 60'000 % 60, distance / 1000 % 60, distance % 1000,
                value >= middle ? positive : negative);
  return text.data();
}

std::string loc_content(Octets rdata) {
  const std::int64_t altitude = static_cast<std::int64_t>(u32_at(rdata, 12)) - 10'000'000;
  const std::uint64_t height = static_cast<std::uint64_t>(altitude < 0 ? -altitude : altitude);
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "%s%llu.%02llum", altitude < 0 ? "-" : "",
                static_cast<unsigned long long>(height / 100),
                static_cast<unsigned long long>(height % 100));
  return angle(u32_at(rdata, 4), 'N', 'S') + " " + angle(u32_at(rdata, 8), 'E', 'W') + " " +
         text.data() + " " + metres(rdata[1]) + " " + metres(rdata[2]) + " " + metres(rdata[3]);
}

// SVCB and HTTPS, RFC 9460.

constexpr std::array<std::string_view, 7> key_names{"mandatory", "alpn", "no-default-alpn", "port",
                                                    "ipv4hint",  "ech",  "ipv6hint"};

std::string key_name(std::size_t key) {
  return key < key_names.size() ? std::string(key_names[key]) : "key" + std::to_string(key);
}

/// The octets as a character-string within quotes: what is not plain as \DDD.
std::string escaped(Octets octets, std::string_view special) {
  std::string text;
  for (const std::uint8_t octet : octets) {
    const char c = static_cast<char>(octet);
    if (octet > 0x20 && octet < 0x7f && special.find(c) == std::string_view::npos) {
      text += c;
      continue;
    }
    std::array<char, 8> code{};
    std::snprintf(code.data(), code.size(), "\\%03u", static_cast<unsigned>(octet));
    text += code.data();
  }
  return text;
}

std::string base64(Octets octets) {
  std::string text((octets.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), octets.data(),
                                   static_cast<int>(octets.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

/// Addresses by way of the A or AAAA type's own text.
std::string addresses(Octets value, RRType type, std::size_t size) {
  std::string text;
  for (; value.size() >= size; value = value.subspan(size)) {
    text += (text.empty() ? "" : ",") + dns::rdata_to_text(type, value.first(size));
  }
  return text;
}

std::string alpn(Octets value) {
  std::string text;
  while (!value.empty()) {
    const std::size_t size = std::min<std::size_t>(value[0], value.size() - 1);
    text += (text.empty() ? "" : ",") + escaped(value.subspan(1, size), "\",\\");
    value = value.subspan(1 + size);
  }
  return text;
}

std::string parameter(std::size_t key, Octets value) {
  std::string text = key_name(key);
  switch (key) {
    case 0: {
      std::string keys;
      for (std::size_t at = 0; at + 2 <= value.size(); at += 2) {
        keys += (keys.empty() ? "" : ",") + key_name(u16_at(value, at));
      }
      return text + "=" + keys;
    }
    case 1:
      return text + "=" + alpn(value);
    case 2:
      return text;
    case 3:
      return text + "=" + std::to_string(value.size() == 2 ? u16_at(value, 0) : 0);
    case 4:
      return text + "=" + addresses(value, RRType::A, 4);
    case 5:
      return text + "=\"" + base64(value) + "\"";
    case 6:
      return text + "=" + addresses(value, RRType::AAAA, 16);
    default:
      return text + "=\"" + escaped(value, "\"\\") + "\"";
  }
}

/// CERT with its numbers: PowerDNS does not read the mnemonics of RFC 4398 section 2.1.
std::string cert_content(Octets rdata) {
  return std::to_string(u16_at(rdata, 0)) + " " + std::to_string(u16_at(rdata, 2)) + " " +
         std::to_string(rdata[4]) + " " + base64(rdata.subspan(5));
}

std::string svcb_content(Octets rdata) {
  const std::size_t name_size = dns::name_length(rdata.subspan(2));
  std::string text = std::to_string(u16_at(rdata, 0)) + " " +
                     dns::Name::from_trusted(rdata.subspan(2, name_size)).to_text();
  Octets rest = rdata.subspan(2 + name_size);
  while (rest.size() >= 4) {
    const std::size_t size = std::min(u16_at(rest, 2), rest.size() - 4);
    text += " " + parameter(u16_at(rest, 0), rest.subspan(4, size));
    rest = rest.subspan(4 + size);
  }
  return text;
}

}  // namespace

std::string powerdns_type(RRType type) {
  if (is_named(type)) return dns::to_text(type);
  return "TYPE" + std::to_string(static_cast<unsigned>(type));
}

std::optional<RRType> powerdns_type_from(std::string_view text) {
  if (text == "ADDR") return static_cast<RRType>(65400);
  if (text == "ALIAS") return alias_type;
  if (text == "LUA") return lua_type;
  const auto type = dns::rrtype_from_text(text);
  if (!type || dns::is_meta(*type)) return std::nullopt;
  return *type;
}

bool is_powerdns_own(RRType type) {
  return type == alias_type || type == lua_type;
}

std::string powerdns_content(RRType type, Octets rdata) {
  if (!is_named(type)) return generic(rdata);
  if (type == RRType::LOC && rdata.size() == 16 && rdata[0] == 0) return loc_content(rdata);
  if (type == RRType::CERT && rdata.size() > 5) return cert_content(rdata);
  if (type == RRType::SVCB || type == RRType::HTTPS) return svcb_content(rdata);
  return dns::rdata_to_text(type, rdata);
}

}  // namespace taproot::pushers
