#pragma once

#include "dns/result.hpp"
#include "dns/rrset.hpp"
#include "dns/serial.hpp"
#include "dns/types.hpp"
#include "dns/wire.hpp"

#include <cstdint>
#include <vector>

namespace taproot::dns {

// One table says for each type which fields its rdata has; everything here follows it. Types not
// in the table are opaque octets (RFC 3597).

/// Reads `rdlength` octets of rdata of `type` at the reader, follows compressed names where the
/// type allows them (RFC 3597 section 4), and checks the fields. Fails with Errc::truncated,
/// bad_rdata (wrong length, bad field, octets left over) or what Name::from_wire fails with.
Result<Rdata> rdata_from_wire(RRType type, WireReader& reader, std::uint16_t rdlength);

/// Checks octets that are uncompressed rdata already, e.g. from RFC 3597 text or the journal.
Result<Rdata> rdata_from_octets(RRType type, Octets wire);
/// The same check without making an Rdata of them; allocates only to say what is wrong.
Result<void> check_rdata_octets(RRType type, Octets wire);

/// Writes rdata that is known to be valid, without its RDLENGTH; names are compressed for the
/// types of RFC 1035 only.
void write_rdata(WireWriter& writer, RRType type, Octets rdata);

/// Names inside in lower case where RFC 4034 section 6.2 (as corrected by RFC 6840 section 5.1)
/// says so: the form to compare, sort and hash.
Rdata canonical(RRType type, const Rdata& rdata);

/// Compares the canonical forms of two valid rdata of one type: the order of RFC 4034 section
/// 6.3. Allocates only for rare types whose names stand between other fields.
std::strong_ordering compare_canonical(RRType type, Octets a, Octets b);

/// Sorts by canonical form and drops doubles (RFC 2181 section 5). Of doubles the first stays.
void normalise(RRset& rrset);

/// Same owner, type and data, whatever the order and the case of names; TTL aside.
bool same_data(const RRset& a, const RRset& b);
/// As same_data(), and the same TTL.
bool same_rrset(const RRset& a, const RRset& b);

/// The name that NS, CNAME, DNAME, PTR, MX, SRV, KX, RT, AFSDB, SVCB or HTTPS rdata points at;
/// the root for other types. `rdata` must be valid for `type`.
Name target_of(RRType type, Octets rdata);
/// The same in wire format, borrowed from `rdata`; empty for other types.
Octets target_octets(RRType type, Octets rdata);

/// SOA rdata (RFC 1035 section 3.3.13); times in seconds.
struct Soa {
  Name mname;
  Name rname;
  Serial serial;
  std::uint32_t refresh = 0;
  std::uint32_t retry = 0;
  std::uint32_t expire = 0;
  std::uint32_t minimum = 0;

  static Result<Soa> from_rdata(Octets rdata);
  Rdata to_rdata() const;
};

}  // namespace taproot::dns
