#pragma once

#include "dns/name.hpp"
#include "net/endpoint.hpp"

#include <optional>
#include <span>
#include <string>
#include <vector>

namespace taproot::xfr {

/// One way to be allowed a zone's transfer. Every part that is set must hold at once: the address
/// in one of the prefixes AND the request signed with the key. A rule that sets neither never
/// holds.
struct AccessRule {
  std::string provider;           ///< whom it is for, for logs and the board
  std::vector<net::Prefix> from;  ///< empty: any address (then `key` is set)
  std::optional<dns::Name> key;   ///< the name of a TSIG key; none: unsigned (then `from` is set)
  bool operator==(const AccessRule&) const = default;
};

/// Who asks, as far as proven: `key` is set only if the TSIG was right.
struct Requester {
  net::Address address;
  std::optional<dns::Name> key;
};

/// The first rule that holds, or null: nothing is allowed without one. Allocates nothing.
const AccessRule* find_rule(std::span<const AccessRule> rules, const Requester& who);

/// The first rule whose addresses or whose key alone fit, or null: whose secondary this seems to
/// be, e.g. when it asks for the SOA, which it may do unsigned. Not a right to anything.
const AccessRule* guess_rule(std::span<const AccessRule> rules, const Requester& who);

struct AccessVerdict {
  bool allowed = false;
  std::string provider;  ///< of the rule that allowed it
  std::string why;       ///< if refused: who asked what, which rules there are, how to allow it
};

/// find_rule() with words for the log.
AccessVerdict may_transfer(std::span<const AccessRule> rules, const Requester& who);

}  // namespace taproot::xfr
