#pragma once

#include "net/endpoint.hpp"

namespace taproot::net {

/// Whom an address is counted for: an IPv4 address for itself, an IPv6 address for its /64, as
/// whoever has one address of a /64 has all of them.
Address source_of(const Address& address);

}  // namespace taproot::net
