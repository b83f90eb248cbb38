#pragma once

#include "server/config.hpp"
#include "zonestore/journal.hpp"

#include <vector>

namespace taproot::server {

/// Which folder each zone came from, as the journal knows it: so a zone whose file vanished, while
/// taproot ran or while it did not, is served on until a person drops it. Belongs to the control
/// loop.
class ZoneHomes {
 public:
  explicit ZoneHomes(zonestore::Journal& journal);

  /// Adds to a configuration the zones that came from one of its folders, have a version, and are
  /// not in it: their files vanished.
  void add_vanished(Config& config) const;

  /// Takes down where these zones are from, and forgets all others. What cannot be written is
  /// logged, and known until the next start.
  void remember(const std::vector<SharedZoneConfig>& zones);

 private:
  zonestore::Journal& journal_;
  /// What the journal has of a start before, until the first remember().
  zonestore::Journal::Homes homes_;
  std::vector<SharedZoneConfig> remembered_;
};

}  // namespace taproot::server
