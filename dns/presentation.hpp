#pragma once

#include "dns/name.hpp"
#include "dns/octets.hpp"
#include "dns/result.hpp"
#include "dns/rrset.hpp"
#include "dns/types.hpp"

#include <string>
#include <string_view>

namespace taproot::dns {

// Presentation format (RFC 1035 section 5, and each type's own RFC). The one place that knows
// ldns. Nearly all types are read and written without it, straight from the table of layouts, and a
// differential test holds both against each other; ldns does LOC and APL.

/// Reads the rdata of one record from text: fields separated by blanks, "quoted strings", escapes;
/// already without comments and parentheses. Names are relative to `origin`. `\# 4 0a000001`
/// (RFC 3597 section 5) is understood for every type and checked for the known ones.
/// Fails with Errc::bad_rdata or bad_text; the detail says which field and why.
Result<Rdata> rdata_from_text(RRType type, std::string_view text, const Name& origin);

/// The rdata as text, names absolute; unknown types as RFC 3597 text.
std::string rdata_to_text(RRType type, Octets rdata);

/// One line per record: "www.example.org.\t300\tIN\tA\t192.0.2.1\n".
std::string to_text(const RRset& rrset);

/// Reads a TTL: seconds, or BIND's 1w2d3h4m5s. At most max_ttl. Errc::bad_text otherwise.
Result<std::uint32_t> ttl_from_text(std::string_view text);

namespace detail {

/// The same through ldns whatever the type, without RFC 3597 text: what the differential test
/// holds our own reading against.
Result<Rdata> rdata_from_text_ldns(RRType type, std::string_view text, const Name& origin);

}  // namespace detail

}  // namespace taproot::dns
