#pragma once

#include <string>
#include <string_view>

namespace taproot::pushers {

// Route 53 writes octets in names and values as \ooo in octal digits, where presentation format
// (RFC 1035 section 5.1) has \DDD in decimal ones.

/// Presentation format of what Route 53 wrote. What is no octet stays as it is, to fail later.
std::string from_route53_text(std::string_view text);

/// What Route 53 reads, of presentation format.
std::string to_route53_text(std::string_view text);

}  // namespace taproot::pushers
