#pragma once

#include "dns/name.hpp"
#include "dns/result.hpp"

#include <string>

namespace taproot::pushers {

/// A name as a provider shows it to people: U-labels in UTF-8 become A-labels (RFC 5890 section
/// 2.3.2.1). Fails like Name::from_text().
Result<dns::Name> name_from_outside(const std::string& text);

}  // namespace taproot::pushers
