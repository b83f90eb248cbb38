#pragma once

#include "dns/octets.hpp"
#include "dns/result.hpp"
#include "dns/rrset.hpp"
#include "dns/types.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace taproot::pushers {

// How DynECT spells rdata: an object that has a member for each field. Names have their last dot.

/// The types that both sides can spell.
const std::vector<dns::RRType>& dyn_types();

/// A JSON object.
std::string dyn_rdata(dns::RRType type, Octets rdata);

/// The rdata of such an object, whose numbers may be texts. Fails with Errc::bad_answer or what
/// reading presentation format fails with.
Result<dns::Rdata> rdata_from_dyn(dns::RRType type, std::string_view object);

}  // namespace taproot::pushers
