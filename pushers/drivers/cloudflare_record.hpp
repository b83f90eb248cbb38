#pragma once

#include "dns/octets.hpp"
#include "dns/result.hpp"
#include "dns/rrset.hpp"
#include "dns/types.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace taproot::pushers {

// How Cloudflare spells records: simple types as `content`, others as an object `data` with a
// member for each field. Names have no last dot there.

/// The types that both sides can spell.
const std::vector<dns::RRType>& cloudflare_types();

/// A JSON object of what says the rdata of a record: content, or data, and priority, as the type
/// has them.
std::string cloudflare_fields(dns::RRType type, Octets rdata);

/// The rdata of a record as Cloudflare lists it, a JSON object. Fails with Errc::bad_answer or what
/// reading it as presentation format fails with.
Result<dns::Rdata> cloudflare_rdata(dns::RRType type, std::string_view record);

}  // namespace taproot::pushers
