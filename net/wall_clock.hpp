#pragma once

#include <cstdint>

namespace taproot::net {

/// Seconds since 1970 by the system's clock, as TSIG counts them (RFC 8945 section 4.2).
std::uint64_t wall_seconds();

}  // namespace taproot::net
