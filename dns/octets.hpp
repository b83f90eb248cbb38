#pragma once

#include <cstdint>
#include <span>

namespace taproot {

/// Borrowed octets: good until the function they were handed to returns.
using Octets = std::span<const std::uint8_t>;

}  // namespace taproot
