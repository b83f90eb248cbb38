#pragma once

#include "dns/name.hpp"
#include "dns/rrset.hpp"
#include "dns/types.hpp"

#include <string>
#include <string_view>

namespace taproot::zonestore {

/// A text as a YAML scalar, in quotes only where it needs them (good in block and flow style), or
/// as a JSON string. It must be UTF-8.
std::string scalar_text(std::string_view text, bool is_json);

/// The text that a source has for a value: what rdata_from_value() reads as this rdata. Of TXT
/// and SPF the text itself where that is possible, presentation format otherwise.
std::string record_value_text(dns::RRType type, const dns::Rdata& rdata, const dns::Name& apex);

}  // namespace taproot::zonestore
