#pragma once

#include <string_view>

namespace taproot::dns {

// Strict shapes of the two types whose text ldns reads: ldns itself passes over fields too many
// and numbers too large. What is wrong, or nullptr.

const char* why_not_loc(std::string_view text);  ///< RFC 1876 section 3
const char* why_not_apl(std::string_view text);  ///< RFC 3123 section 5

}  // namespace taproot::dns
