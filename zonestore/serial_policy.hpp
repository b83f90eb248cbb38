#pragma once

#include "dns/result.hpp"
#include "dns/serial.hpp"
#include "zonestore/zone_version.hpp"

#include <optional>
#include <string_view>

namespace taproot::zonestore {

/// Which serial the next version of a zone gets.
enum class SerialPolicy {
  increment,  ///< the last one plus 1
  unixtime,   ///< seconds since 1970, or the last one plus 1 if that is not ahead
  date,       ///< YYYYMMDDnn in UTC, or the last one plus 1 if that is not ahead
  keep        ///< the source's own; refused if it does not go ahead (RFC 1982)
};

Result<SerialPolicy> serial_policy_from_text(std::string_view text);
std::string_view to_text(SerialPolicy policy);

/// The serial of the next version: ahead of `last`, the highest this zone ever had anywhere
/// (nothing for a new zone), in the order of RFC 1982. `from_source` is the serial the source
/// has, if any: with `increment` a new zone starts there, and an older one jumps there if it is
/// ahead. Fails with Errc::bad_serial (policy keep).
Result<dns::Serial> next_serial(SerialPolicy policy, std::optional<dns::Serial> last,
                                std::optional<dns::Serial> from_source, WallTime now);

}  // namespace taproot::zonestore
