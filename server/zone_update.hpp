#pragma once

#include "dns/name.hpp"
#include "dns/types.hpp"
#include "dns/update.hpp"
#include "zonestore/check_edit.hpp"
#include "zonestore/rule_policy.hpp"
#include "zonestore/target_filter.hpp"
#include "zonestore/zone_version.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace taproot::server {

/// What became of one UPDATE.
struct UpdateOutcome {
  dns::Rcode rcode = dns::Rcode::servfail;
  std::string why;            ///< unless NOERROR
  std::uint64_t version = 0;  ///< the one that is in force with it, if NOERROR
};

/// An allowed UPDATE that waits for its zone.
struct ZoneUpdate {
  dns::Update update;
  std::string who;  ///< the key, for history
  std::function<void(const UpdateOutcome&)> done;
};

/// What some UPDATEs, one after the other, make of a zone.
struct UpdatedZone {
  std::shared_ptr<const zonestore::ZoneVersion> version;  ///< `current` itself if nothing changes
  std::vector<UpdateOutcome> outcomes;                    ///< one for each
  bool sets_serial = false;                               ///< the version's serial is a requester's
};

/// Carries out each on what those before it left, whole or not at all. One that would make the
/// zone wrong is refused. `targets` (may be null) is true to `current`, and to the result
/// afterwards. On the work pool.
UpdatedZone update_in_turn(const std::shared_ptr<const zonestore::ZoneVersion>& current,
                           const std::vector<ZoneUpdate>& updates,
                           const zonestore::RulePolicy& rules, zonestore::TargetFilter* targets);

/// Who made a version of these updates: "a.", or "a., b. and 2 more".
std::string who_updated(const std::vector<ZoneUpdate>& updates,
                        const std::vector<UpdateOutcome>& outcomes);

}  // namespace taproot::server
