#pragma once

#include "dns/message.hpp"
#include "dns/octets.hpp"
#include "dns/types.hpp"
#include "server/few.hpp"
#include "zonestore/node.hpp"
#include "zonestore/zone_set.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <variant>

namespace taproot::server {

// What a query gets, first decided, then written:
//
//   ZoneSet, Query ── answer() ──> Answer ── compose() ──> octets of a message
//
// Nothing here allocates, reads a clock or counts. An Answer borrows from the zone set, from the
// request and from the SynthesisedNames it was made with: it must not outlive them.

/// CNAMEs and DNAMEs followed for one query.
constexpr std::size_t max_chain = 16;
/// Names whose addresses are looked for, for one answer.
constexpr std::size_t max_additional_names = 13;

/// An RRset and the name it is answered under.
struct NamedRRset {
  Octets owner;
  zonestore::RRsetView rrset;
};

/// A step from one name to another.
struct Link {
  Octets owner;   ///< the alias
  Octets target;  ///< where it leads
  std::uint32_t ttl = 0;
  /// The owner and RRset of the DNAME that the CNAME is synthesised from (RFC 6672), if it is.
  Octets dname_owner{};
  zonestore::Node::Found dname{};
};

/// The RRset asked for (for ANY, one of those there are: RFC 8482 section 4.1).
struct Found {
  NamedRRset rrset;
};
/// The name lies in a zone delegated to others. The first `needed` additional RRsets are glue
/// without which the delegation cannot be followed (RFC 9471).
struct Referral {
  NamedRRset delegation;
  std::size_t needed = 0;
};
/// The name is there, or a wildcard stands for it, but no RRset of this type.
struct Nodata {
  NamedRRset soa;
  std::uint32_t ttl = 0;  ///< RFC 2308 section 3
};
/// The name is not there.
struct Nxdomain {
  NamedRRset soa;
  std::uint32_t ttl = 0;
};
/// The chain leads out of our zones, in a circle, or on and on.
struct ChainOnly {};
/// This DNAME would make a name of more than 255 octets (RFC 6672 section 2.2).
struct TooLongName {
  NamedRRset dname;
};
/// No zone of ours encloses the name, or the class is not IN.
struct NotOurs {};
/// A zone of ours encloses the name, but has never had a good version.
struct NotLoaded {};
/// Nobody can answer a question for this type (RFC 6895 section 3.1), or not this server.
struct BadType {
  dns::Rcode rcode = dns::Rcode::notimp;
};

using Outcome = std::variant<NotOurs, NotLoaded, BadType, Found, Nodata, Nxdomain, Referral,
                             ChainOnly, TooLongName>;

struct Answer {
  Few<Link, max_chain> chain;
  Outcome outcome;  ///< for the name at the end of the chain
  Few<NamedRRset, 2 * max_additional_names> additional;
};

/// Room for the names that DNAMEs make while one query is answered.
struct SynthesisedNames {
  std::array<std::array<std::uint8_t, 255>, max_chain> octets;
};

/// The algorithm of RFC 1034 section 4.3.2 as far as it concerns a server that does not recurse,
/// with the wildcards of RFC 4592, DNAME (RFC 6672), and DS at the parent's side of a zone cut
/// (RFC 4035 section 3.1.4.1). AXFR and IXFR are not answered here: they are a BadType.
Answer answer(const zonestore::ZoneSet& zones, const dns::Query& query, SynthesisedNames& names);

/// By the name at the end of the chain (RFC 6604 section 2.1).
dns::Rcode rcode_of(const Answer& answer);

/// What answers to UDP are limited to, and what requesters are told to limit theirs to.
constexpr std::uint16_t edns_udp_size = 1232;

/// Extended DNS errors (RFC 8914) that say more than the rcode.
enum class ExtendedError : std::uint16_t { none = 0, not_ready = 14, not_authoritative = 20 };

/// Writes the answer's message for the request to the front of `buffer`, into at most `limit`
/// octets (or the octets of header, question and OPT, if those are more), and returns its size.
/// What may be missing is left out first; TC is set, and all records are left out, when what must
/// be there does not fit (RFC 2181 section 9).
std::size_t compose(const Answer& answer, const dns::Query& query, std::span<std::uint8_t> buffer,
                    std::size_t limit);

/// A message without records that answers the request with `rcode`, e.g. FORMERR, written to the
/// front of `buffer`, which must have room for a header, a question and an OPT (300 octets).
/// Without a question if the request had none that could be read.
std::size_t compose_rcode(dns::Rcode rcode, const dns::Query& query, std::span<std::uint8_t> buffer,
                          ExtendedError extended = ExtendedError::none);

}  // namespace taproot::server
