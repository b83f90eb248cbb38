#pragma once

#include "dns/name.hpp"
#include "dns/octets.hpp"
#include "dns/result.hpp"
#include "dns/rrset.hpp"
#include "dns/types.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace taproot::pushers {

// How SoftLayer spells records: `host` below the zone, `type` in small letters, the rest in `data`;
// MX and SRV have their numbers beside it, and SRV the first two labels of its owner.

/// The types that both sides can spell.
const std::vector<dns::RRType>& softlayer_types();

/// A JSON object of what says where a record is: host and type, of SRV service and protocol.
std::string softlayer_place(const dns::Name& apex, const dns::Name& owner, dns::RRType type);

/// A JSON object of what says its rdata: data, and numbers as the type has them.
std::string softlayer_fields(dns::RRType type, Octets rdata);

/// The owner of a record as SoftLayer lists it, a JSON object. Fails with Errc::bad_answer.
Result<dns::Name> softlayer_owner(const dns::Name& apex, std::string_view record);

/// Its rdata. Fails with Errc::bad_answer or what reading presentation format fails with.
Result<dns::Rdata> softlayer_rdata(const dns::Name& apex, dns::RRType type,
                                   std::string_view record);

}  // namespace taproot::pushers
