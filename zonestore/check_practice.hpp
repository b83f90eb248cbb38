#pragma once

#include "zonestore/check_rules.hpp"

namespace taproot::zonestore {

// Rules of good practice: none of them keeps a zone out by itself. Each function of a set is
// local: it looks at the set and at what can be found by name, so it may be called for the sets
// that changed alone.

/// SPF in TXT records (RFC 7208).
void check_spf(CheckedZone& zone, const CheckIndex::Set& set);
/// SPF in records of the type SPF.
void check_spf_type(CheckedZone& zone, const CheckIndex::Set& set);
/// TXT records at _dmarc (RFC 7489).
void check_dmarc(CheckedZone& zone, const CheckIndex::Set& set);
/// TXT records below _domainkey (RFC 6376).
void check_dkim(CheckedZone& zone, const CheckIndex::Set& set);
/// CAA records (RFC 8659).
void check_caa(CheckedZone& zone, const CheckIndex::Set& set);
/// A and AAAA records that the public cannot reach (RFC 6890).
void check_addresses(CheckedZone& zone, const CheckIndex::Set& set);
/// TTLs that are very short or very long.
void check_ttl_length(CheckedZone& zone, const CheckIndex::Set& set);
/// The NS of the apex: how many, and whether one failure takes all.
void check_nameserver_set(CheckedZone& zone, const CheckIndex::Set& set);
/// The SOA's expire and mailbox.
void check_soa_practice(CheckedZone& zone, const CheckIndex::Set& set);

/// All of the above, for one set of any type.
void check_set_practice(CheckedZone& zone, const CheckIndex::Set& set);

/// A-labels that no Unicode label stands behind (RFC 5891), of one owner.
void check_idn(CheckedZone& zone, const CheckIndex::Owner& owner);
/// The first label of an owner that looks like a slip of the pen, beside its siblings. Local, too,
/// but worth its time in zones only that people write by hand: see check_practice().
void check_label(CheckedZone& zone, const CheckIndex::Owner& owner);

/// All rules of good practice for a whole zone.
void check_practice(CheckedZone& zone);
/// Labels that look misspelt beside others: of whole zones only.
void check_labels(CheckedZone& zone);

}  // namespace taproot::zonestore
