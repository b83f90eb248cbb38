#pragma once

#include "dns/octets.hpp"
#include "dns/result.hpp"
#include "dns/rrset.hpp"
#include "dns/types.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace taproot::pushers {

// How NS1 spells rdata: an answer is a list with a text for each field, and a short answer is these
// with one blank between them, without quotes and escapes.

/// The types that both sides can spell.
const std::vector<dns::RRType>& ns1_types();

std::vector<std::string> ns1_answer(dns::RRType type, Octets rdata);

/// The rdata of a short answer. Fails with Errc::bad_answer or what reading presentation format
/// fails with.
Result<dns::Rdata> ns1_rdata(dns::RRType type, std::string_view short_answer);

}  // namespace taproot::pushers
