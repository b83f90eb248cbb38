#pragma once

#include "dns/octets.hpp"

#include <string>
#include <string_view>

namespace taproot::dns {

// SvcParams of SVCB and HTTPS (RFC 9460 section 2.1 and appendix A) between text and wire.

/// Appends the SvcParams in `text` in wire format, sorted by key. What is wrong, or an empty
/// string. Says nothing on how keys depend on each other: why_bad_svcb() does.
std::string append_from_svc_params(std::string& wire, std::string_view text);

/// Appends valid SvcParams as text, a blank before each.
void append_svc_params(std::string& out, Octets params);

}  // namespace taproot::dns
