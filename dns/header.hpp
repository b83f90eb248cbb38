#pragma once

#include "dns/message.hpp"

#include <cstdint>

namespace taproot::dns {

/// Octets of the header of a message (RFC 1035 section 4.1.1).
constexpr std::size_t header_size = 12;

/// ID and flags from the front of `wire`, which has at least header_size octets.
constexpr Header header_from(Octets wire) {
  Header header;
  header.id = static_cast<std::uint16_t>(wire[0] << 8 | wire[1]);
  header.qr = (wire[2] & 0x80) != 0;
  header.opcode = static_cast<Opcode>(wire[2] >> 3 & 15);
  header.aa = (wire[2] & 4) != 0;
  header.tc = (wire[2] & 2) != 0;
  header.rd = (wire[2] & 1) != 0;
  header.ra = (wire[3] & 0x80) != 0;
  header.ad = (wire[3] & 0x20) != 0;
  header.cd = (wire[3] & 0x10) != 0;
  header.rcode = static_cast<Rcode>(wire[3] & 15);
  return header;
}

/// The third and fourth octet of a message, with the low four bits of the rcode.
constexpr std::uint16_t flags_of(const Header& header) {
  const auto bit = [](bool set, unsigned at) { return set ? 1u << at : 0u; };
  return static_cast<std::uint16_t>(
      bit(header.qr, 15) | static_cast<unsigned>(header.opcode) << 11 | bit(header.aa, 10) |
      bit(header.tc, 9) | bit(header.rd, 8) | bit(header.ra, 7) | bit(header.ad, 5) |
      bit(header.cd, 4) | (static_cast<unsigned>(header.rcode) & 15u));
}

}  // namespace taproot::dns
