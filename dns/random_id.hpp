#pragma once

#include <cstdint>

namespace taproot::dns {

/// A message ID that nobody can guess (RFC 5452 section 9.2).
std::uint16_t random_id();

}  // namespace taproot::dns
