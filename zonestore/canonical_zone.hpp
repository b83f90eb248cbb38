#pragma once

#include "dns/name.hpp"
#include "dns/rrset.hpp"
#include "zonestore/candidate.hpp"
#include "zonestore/sources/comments.hpp"

#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace taproot::zonestore {

/// A zone in the order in which it is written: each owner and each RRset once, doubles dropped.
struct CanonicalZone {
  struct Record {
    dns::Rdata rdata;
    RecordComments comments;
  };
  struct Set {
    dns::RRType type = dns::RRType::none;
    std::uint32_t ttl = 0;
    std::vector<std::string> comments;
    std::vector<Record> records;  ///< sorted by canonical rdata (RFC 4034 section 6.3)
  };
  struct Owner {
    dns::Name name;
    std::vector<std::string> comments;
    std::vector<Set> sets;  ///< SOA, NS, then by the type's name
  };
  dns::Name apex;
  std::vector<std::string> header;
  std::vector<Owner> owners;  ///< in canonical order (RFC 4034 section 6.1): the apex first
  std::vector<std::string> footer;
  bool with_serial = false;  ///< the SOA's serial is written
};

/// Puts the records of a source in canonical order. Nothing is checked: of an RRset with several
/// TTLs the lowest is taken, as when it is served (RFC 2181 section 5.2). The SOA that a document
/// without one gets by default is left out again.
CanonicalZone canonical_zone(const dns::Name& apex, const SourceRecords& records,
                             SourceComments comments, bool with_serial);

/// The zone as the YAML that docs/zone-format.md calls canonical. Reading it gives the records
/// that went in, octet for octet, and reading and writing it again gives the same text.
std::string to_yaml(const CanonicalZone& zone);

/// The same document as JSON; it has no comments.
std::string to_json(const CanonicalZone& zone);

/// The zone as a zone file (RFC 1035 section 5) with absolute names, with its serial.
std::string to_zone_file(const CanonicalZone& zone);

/// Takes out what a signer makes of a zone if the zone is signed (it has RRSIG): RRSIG, NSEC,
/// NSEC3, NSEC3PARAM, DNSKEY, CDS, CDNSKEY, ZONEMD and BIND's private type 65534. Returns how many
/// records of each type went. Their comments go with them.
std::map<dns::RRType, std::size_t> remove_generated_dnssec(SourceRecords& records,
                                                           SourceComments& comments);

}  // namespace taproot::zonestore
