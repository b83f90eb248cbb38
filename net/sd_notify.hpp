#pragma once

#include <string_view>

namespace taproot::net {

/// Tells the service manager a state such as "READY=1" (sd_notify(3)): one datagram to the socket
/// that NOTIFY_SOCKET names, a path or "@abstract". Does nothing when it names none, and does not
/// care whether anybody listens. Never blocks.
void sd_notify(std::string_view state) noexcept;

}  // namespace taproot::net
