#pragma once

#include "dns/result.hpp"
#include "dns/rrset.hpp"
#include "dns/types.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace taproot::pushers {

// How Azure spells an RRset: a member of its own for each type, with a list of objects that have a
// member for each field. Names have no last dot there.

/// The types that both sides can spell.
const std::vector<dns::RRType>& azure_types();

/// A JSON object of the properties of an RRset: TTL and records.
std::string azure_properties(const dns::RRset& rrset);

/// The records of an RRset as Azure lists its properties, a JSON object; none if there are none.
/// Fails with Errc::bad_answer or what reading presentation format fails with.
Result<std::vector<dns::Rdata>> azure_rdata(dns::RRType type, std::string_view properties);

}  // namespace taproot::pushers
