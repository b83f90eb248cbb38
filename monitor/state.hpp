#pragma once

#include <string>

namespace taproot::monitor {

/// How one nameserver stands to the version wanted. From good to bad: the state of a provider or a
/// zone is the worst of what it consists of.
enum class State {
  in_sync,      ///< it serves the version wanted
  unknown,      ///< it was not looked at yet
  behind,       ///< it serves an older version
  unreachable,  ///< no answer, or one that shows it does not serve the zone (REFUSED, SERVFAIL,
                ///< lame)
  ahead,        ///< its serial is ahead of ours (RFC 1982) or has no order to it: a person must act
  wrong_data    ///< it serves something else than what is wanted
};

/// "in_sync", "unknown", "behind", "unreachable", "ahead" or "wrong_data".
std::string to_text(State state);

/// The worse of two.
State worse(State a, State b);

}  // namespace taproot::monitor
