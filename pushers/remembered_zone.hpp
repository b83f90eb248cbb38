#pragma once

#include "pushers/capabilities.hpp"
#include "pushers/live_zone.hpp"
#include "pushers/trouble.hpp"
#include "zonestore/zone_version.hpp"

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace taproot::pushers {

/// A zone at a provider as it was last read whole, with what was written and read back since: so
/// that a push need not read all of it to change a little. Kept as what differs from a version,
/// which shares its memory with the versions after it. Ids of records are not among it.
class RememberedZone {
 public:
  /// More RRsets than this that are not as in the version are not kept.
  static constexpr std::size_t max_different = 10'000;

  /// Null if there is too much to keep, or `live` is not complete. `pages` is how many a reading
  /// of all of it takes; it was read whole at `read_at`.
  static std::shared_ptr<const RememberedZone> make(
      std::shared_ptr<const zonestore::ZoneVersion> version, const LiveZone& live,
      const Capabilities& capabilities, std::size_t pages, WallTime read_at);

  /// The zone as make_plan() wants it.
  LiveZone recall(const Capabilities& capabilities) const;

  std::size_t pages() const { return pages_; }
  WallTime read_at() const { return read_at_; }

 private:
  RememberedZone() = default;

  std::shared_ptr<const zonestore::ZoneVersion> version_;
  LiveZone rest_;  ///< all but the RRsets
  /// What is not as in the version; nothing: it is not there.
  std::map<RRsetKey, std::optional<LiveRRset>> different_;
  std::size_t pages_ = 1;
  WallTime read_at_{};
};

}  // namespace taproot::pushers
