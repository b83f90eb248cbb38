#pragma once

#include "dns/rdata.hpp"
#include "dns/rrset.hpp"
#include "zonestore/finding.hpp"
#include "zonestore/zone_digest.hpp"
#include "zonestore/zone_version.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace taproot::server {

/// A zone as one of its primaries has it, transferred and checked.
struct ReceivedZone {
  std::shared_ptr<const zonestore::ZoneVersion> version;  ///< null: there are errors
  std::vector<zonestore::Finding> findings;
  dns::Soa soa;  ///< as the primary has it
  /// What its ZONEMD came to; nothing: that was not looked at.
  std::optional<zonestore::DigestVerdict> digest;
  /// Why it is not the zone that the primary means: it is to be had from another. Then there is no
  /// version.
  std::optional<zonestore::Finding> wrong_digest;
  /// The primary's ZONEMD where the version is without it, since it gets serials or digests of its
  /// own; part of what the primary's next differences are to.
  std::optional<dns::RRset> left_out;
};

}  // namespace taproot::server
