#pragma once

#include "dns/result.hpp"
#include "dns/serial.hpp"

#include <vector>

namespace taproot::zonestore {

/// The serial that brings everybody behind us again, and whether it is only half of the way.
struct SerialJump {
  dns::Serial to;
  bool is_halfway = false;  ///< everybody must have it before the second jump
};

/// From `ours`, to a serial that is ahead of it and of all `seen` elsewhere (RFC 1982), or halfway
/// there where none is: a serial that lies 2^31 - 1 or 2^31 away from ours can be passed in two
/// jumps only. Fails with Errc::conflict where one of `seen` would be left behind for good by the
/// jump that the others need; it must follow first.
Result<SerialJump> jump_above(dns::Serial ours, const std::vector<dns::Serial>& seen);

}  // namespace taproot::zonestore
