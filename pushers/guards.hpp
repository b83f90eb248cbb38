#pragma once

#include "pushers/ownership.hpp"
#include "pushers/plan.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace taproot::pushers {

/// When a plan is stopped for a person to look. Counted in RRsets, over the whole plan, before it
/// is cut into requests.
struct GuardLimits {
  std::size_t small_zone = 10;  ///< below this many live RRsets the percentages do not apply
  unsigned max_deleted_percent = 30;
  unsigned max_updated_percent = 30;
  std::size_t max_deletions = 50;  ///< in 24 hours
};

/// One guard that stops a plan.
struct GuardHit {
  std::string guard;  ///< its name: "deleted-percent", "updated-percent", "deletions",
                      ///< "empty-zone", "vanished-zone", "last-mx", "apex-ns" or "no-apex-ns"
  std::string words;
  friend bool operator==(const GuardHit&, const GuardHit&) = default;
};

/// Why a person should look before this plan is applied; empty if nobody has to. Deletions of the
/// last 24 hours count with those of the plan. A plan without changes is always safe.
std::vector<GuardHit> why_unsafe(const Plan& plan, const GuardLimits& limits,
                                 const Ownership& owned, WallTime now);

/// "deletions: would delete 60 RRsets …; last-mx: …"
std::string to_text(const std::vector<GuardHit>& hits);

}  // namespace taproot::pushers
