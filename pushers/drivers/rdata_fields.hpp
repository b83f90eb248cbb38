#pragma once

#include "dns/octets.hpp"
#include "dns/result.hpp"
#include "dns/rrset.hpp"
#include "dns/types.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace taproot::pushers {

// Rdata in pieces, for drivers of APIs that have a value for each field of it. The pieces are those
// of presentation format.

/// The fields of rdata: strings without quotes and escapes, names without their last dot. Of types
/// without fields of their own all of the presentation format is one.
std::vector<std::string> pieces_of(dns::RRType type, Octets rdata);

/// The rdata of such pieces; a last one that is optional may be missing. Fails with
/// Errc::bad_answer or what reading presentation format fails with.
Result<dns::Rdata> rdata_of(dns::RRType type, const std::vector<std::string>& pieces);

/// The next field, taken off the front: a word, or a string with its quotes.
std::string_view take_field(std::string_view& text);

/// A quoted string's octets.
std::string unquoted_string(std::string_view text);
/// The string of these octets, with its quotes.
std::string quoted_string(std::string_view octets);

/// 0 for what is no number.
std::uint32_t number_in(std::string_view text);

/// A name without the dot at its end; the root stays ".".
std::string without_dot(std::string name);
std::string with_dot(std::string name);

/// All strings of a TXT record as one.
std::string joined_strings(Octets rdata);
/// The TXT record that says this, in strings as long as they may be; of at most 65,000 octets.
dns::Rdata in_strings(std::string_view text);

}  // namespace taproot::pushers
