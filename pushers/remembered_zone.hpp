#pragma once

#include "pushers/capabilities.hpp"
#include "pushers/live_zone.hpp"
#include "pushers/ownership.hpp"
#include "pushers/plan.hpp"
#include "pushers/trouble.hpp"
#include "pushers/zone_part.hpp"
#include "zonestore/zone_version.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace taproot::pushers {

/// A zone at a provider as it was last read whole, with what was written and read back since: so
/// that a push need not read all of it to change a little, nor compare all of it to plan that. Kept
/// as what differs from a version, which shares its memory with the versions after it, and what all
/// of it comes to. Ids of records are not among it.
class RememberedZone {
 public:
  /// More RRsets than this that are not as in the version are not kept.
  static constexpr std::size_t max_different = 10'000;

  /// What was known when a plan had been made.
  struct Known {
    std::shared_ptr<const zonestore::ZoneVersion> version;
    const LiveZone& live;            ///< all of it, or `part` of it
    const ZonePart* part = nullptr;  ///< null: all of it
    const Capabilities& capabilities;
    OwnershipMode mode = OwnershipMode::exclusive;
    const Ownership& kept;  ///< Plan::kept
    std::size_t pages = 1;  ///< that a reading of all of it takes
    WallTime read_at;       ///< when it was read whole
  };

  /// Null if there is too much to keep, or the reading is not complete. Costs the part.
  static std::shared_ptr<const RememberedZone> make(const Known& known);

  /// The zone as make_plan() wants it.
  LiveZone recall(const Capabilities& capabilities) const;

  /// That part of it which `wanted` may change, and what is there. Nothing where more than the
  /// change has to be compared: after an operator's decision, or if something else is `owned` than
  /// was kept.
  struct Recalled {
    LiveZone live;
    ZonePart part;
  };
  std::optional<Recalled> recall_part(const zonestore::ZoneVersion& wanted,
                                      const Capabilities& capabilities, const Ownership& owned,
                                      const PlanSettings& settings) const;

  std::size_t pages() const { return pages_; }
  WallTime read_at() const { return read_at_; }

 private:
  RememberedZone() = default;
  std::set<dns::Name> owners_that_matter(const zonestore::ZoneVersion& wanted) const;

  std::shared_ptr<const zonestore::ZoneVersion> version_;
  LiveZone rest_;  ///< all but the RRsets
  /// What is not as in the version; nothing: it is not there.
  std::map<RRsetKey, std::optional<LiveRRset>> different_;
  std::set<dns::Name> bent_;  ///< owners of what the provider cannot hold as it is
  Tally held_;                ///< what it can hold of the version
  OwnershipMode mode_ = OwnershipMode::exclusive;
  std::uint64_t kept_mark_ = 0;  ///< what was ours by the plan
  std::size_t pages_ = 1;
  WallTime read_at_{};
};

}  // namespace taproot::pushers
