#pragma once

#include "dns/rdata.hpp"
#include "zonestore/finding.hpp"
#include "zonestore/zone_version.hpp"

#include <memory>
#include <vector>

namespace taproot::server {

/// A zone as one of its primaries has it, transferred and checked.
struct ReceivedZone {
  std::shared_ptr<const zonestore::ZoneVersion> version;  ///< null: there are errors
  std::vector<zonestore::Finding> findings;
  dns::Soa soa;  ///< as the primary has it
};

}  // namespace taproot::server
