#include "dns/header.hpp"
#include "dns/message.hpp"

#include <algorithm>

namespace taproot::dns {

namespace {

using Trouble = Query::Trouble;

constexpr std::size_t fixed_octets = 10;  // type, class, TTL and RDLENGTH of a record

std::uint16_t u16_at(Octets wire, std::size_t at) {
  return static_cast<std::uint16_t>(wire[at] << 8 | wire[at + 1]);
}

/// Octets of the name at `at`, a pointer at its end included but not followed; 0 if it is cut off.
std::size_t skip_name(Octets wire, std::size_t at) {
  const std::size_t start = at;
  while (at < wire.size()) {
    const std::size_t length = wire[at];
    if (length == 0) return at + 1 - start;
    if (length >= 0xc0) return wire.size() - at >= 2 ? at + 2 - start : 0;
    if (length > 63) return 0;
    at += length + 1;
  }
  return 0;
}

/// Where one record stands.
struct Place {
  std::size_t at = 0;
  std::size_t fixed = 0;  // type, class, TTL and RDLENGTH
  std::size_t end = 0;

  RRType type(Octets wire) const { return static_cast<RRType>(u16_at(wire, fixed)); }
  Octets rdata(Octets wire) const {
    return wire.subspan(fixed + fixed_octets, end - fixed - fixed_octets);
  }
};

bool find_record(Octets wire, std::size_t at, Place& place) {
  const std::size_t owner = skip_name(wire, at);
  if (owner == 0 || wire.size() - at - owner < fixed_octets) return false;
  place.at = at;
  place.fixed = at + owner;
  const std::size_t rdata = place.fixed + fixed_octets;
  const std::size_t rdlength = u16_at(wire, place.fixed + 8);
  if (rdlength > wire.size() - rdata) return false;
  place.end = rdata + rdlength;
  return true;
}

bool options_fit(Octets options) {
  while (!options.empty()) {
    if (options.size() < 4) return false;
    const std::size_t size = u16_at(options, 2);
    if (size > options.size() - 4) return false;
    options = options.subspan(4 + size);
  }
  return true;
}

/// RFC 6891 section 6.1: one OPT, with the root as its owner.
bool read_opt(Octets wire, const Place& place, Query& query) {
  if (query.has_edns || place.fixed != place.at + 1) return false;
  if (!options_fit(place.rdata(wire))) return false;
  query.has_edns = true;
  query.udp_size = std::max<std::uint16_t>(512, u16_at(wire, place.fixed + 2));
  query.edns_version = wire[place.fixed + 5];
  query.dnssec_ok = (wire[place.fixed + 6] & 0x80) != 0;
  return true;
}

/// Skips the answer and authority sections; false if they are cut off or hold OPT or TSIG.
bool skip_sections(Octets wire, const Query& query, std::size_t& at) {
  const std::size_t count = std::size_t{query.answer_count} + query.authority_count;
  for (std::size_t i = 0; i < count; ++i) {
    Place place;
    if (!find_record(wire, at, place)) return false;
    const RRType type = place.type(wire);
    if (type == RRType::OPT || type == RRType::TSIG) return false;
    at = place.end;
  }
  return true;
}

bool read_additional(Octets wire, Query& query, std::size_t& at) {
  for (std::size_t left = u16_at(wire, 10); left > 0; --left) {
    Place place;
    if (!find_record(wire, at, place)) return false;
    if (place.type(wire) == RRType::OPT && !read_opt(wire, place, query)) return false;
    if (place.type(wire) == RRType::TSIG) {
      if (left != 1) return false;  // RFC 8945 section 5.1: it is the last record
      query.has_tsig = true;
      query.tsig_at = place.at;
    }
    at = place.end;
  }
  return true;
}

/// Opcodes whose messages have the sections of a query. What others look like is not known, and
/// they are going to be answered with NOTIMP from their header alone.
bool has_sections(Opcode opcode) {
  return opcode == Opcode::query || opcode == Opcode::notify || opcode == Opcode::update;
}

}  // namespace

Query::Trouble Query::parse(Octets wire, Query& query) {
  if (wire.size() < header_size) return Trouble::drop;
  query = Query();
  query.header = header_from(wire);
  if (query.header.qr) return Trouble::drop;
  if (!has_sections(query.header.opcode)) return Trouble::none;
  query.answer_count = u16_at(wire, 6);
  query.authority_count = u16_at(wire, 8);
  if (u16_at(wire, 4) != 1) return Trouble::formerr;
  const std::size_t qname = name_length(wire.subspan(header_size));
  if (qname == 0 || wire.size() - header_size - qname < 4) return Trouble::formerr;
  query.qname = wire.subspan(header_size, qname);
  query.qtype = static_cast<RRType>(u16_at(wire, header_size + qname));
  query.qclass = static_cast<Class>(u16_at(wire, header_size + qname + 2));
  query.question_end = header_size + qname + 4;

  std::size_t at = query.question_end;
  if (!skip_sections(wire, query, at)) return Trouble::formerr;
  if (!read_additional(wire, query, at)) return Trouble::formerr;
  return at == wire.size() ? Trouble::none : Trouble::formerr;
}

}  // namespace taproot::dns
