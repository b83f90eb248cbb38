#pragma once

#include "dns/serial.hpp"
#include "zonestore/changes.hpp"
#include "zonestore/zone_version.hpp"

#include <memory>
#include <vector>

namespace taproot::xfr {

/// What a secondary that holds a serial gets.
struct IxfrChoice {
  enum class Kind { current, differences, whole_zone };
  Kind kind = Kind::whole_zone;
  /// For differences: the steps to send, oldest first.
  std::vector<std::shared_ptr<const zonestore::ChangeSet>> steps;
};

/// RFC 1995 section 4: a secondary at our serial or ahead of it gets the current SOA alone;
/// one whose serial history reaches gets the differences, step by step, or condensed into one if
/// the steps together are bigger than the zone (and than a small message); if that is bigger, too,
/// the whole zone. So does any other, also one whose serial has no order to ours.
IxfrChoice choose_ixfr(const zonestore::ZoneVersion& version, dns::Serial has);

}  // namespace taproot::xfr
