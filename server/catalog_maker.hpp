#pragma once

#include "server/config.hpp"
#include "server/zone_loader.hpp"
#include "zonestore/store.hpp"
#include "zonestore/zone_version.hpp"

#include <memory>
#include <utility>
#include <vector>

namespace taproot::server {

/// What a catalog is made of: a value for the work pool.
struct CatalogWork {
  std::shared_ptr<const zonestore::ZoneVersion> current;  ///< may be null
  std::vector<std::pair<dns::Name, SharedValue<CatalogProperties>>> members;
};

/// Makes catalog zones (RFC 9432) of the zones that the same providers get. A zone is listed from
/// its first version on; what is listed stays listed as long as it is configured, whatever happens
/// to it here, because secondaries drop what is not.
class CatalogMaker {
 public:
  /// Reads both when it fills in.
  CatalogMaker(const Config& config, const zonestore::ZoneStore& store)
      : config_(config), store_(store) {}

  /// Fills in what a catalog is to be made of; leaves other zones alone.
  void fill(SharedZoneConfig& zone) const;

 private:
  const Config& config_;
  const zonestore::ZoneStore& store_;
};

/// Makes the candidate of a catalog. Blocks for large ones: call it on the work pool.
void load_catalog(const ZoneConfig& zone, LoadedZone& loaded);

}  // namespace taproot::server
