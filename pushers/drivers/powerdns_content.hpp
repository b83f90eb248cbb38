#pragma once

#include "dns/octets.hpp"
#include "dns/result.hpp"
#include "dns/rrset.hpp"
#include "dns/types.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace taproot::pushers {

// How PowerDNS spells types and rdata. It refuses (422) what is not spelled as it would itself:
// SVCB parameters in its own mixture of quotes, LOC with two decimals, CERT in numbers, and RFC
// 3597 text for the types it knows by name.

/// "A", …; TYPE19 for a type that PowerDNS has no name for.
std::string powerdns_type(dns::RRType type);

/// The type of a name in PowerDNS's list, its own ALIAS and LUA included; nothing if unknown.
std::optional<dns::RRType> powerdns_type_from(std::string_view text);

/// True for types that only PowerDNS has: an alias that it resolves, a program that it runs.
bool is_powerdns_own(dns::RRType type);

/// The `content` of a record.
std::string powerdns_content(dns::RRType type, Octets rdata);

}  // namespace taproot::pushers
