#pragma once

#include "zonestore/candidate.hpp"
#include "zonestore/changes.hpp"
#include "zonestore/rule_policy.hpp"
#include "zonestore/target_filter.hpp"
#include "zonestore/zone_version.hpp"

#include <memory>

namespace taproot::zonestore {

/// Checks a zone that differs from a version in force by these changes only, e.g. after an edit.
///
/// The result's version is `candidate` itself, or null if the changes bring in an error. What was
/// wrong before does not keep a change out: such errors come back as warnings. Costs the changes;
/// where names come or go also a look at all that points somewhere, unless `targets` (which must
/// have those of both versions) says that nothing points there. On the work pool.
Candidate check_edit(const ZoneVersion& current, std::shared_ptr<const ZoneVersion> candidate,
                     const ChangeSet& changes, const RulePolicy& policy = {},
                     const TargetFilter* targets = nullptr);

}  // namespace taproot::zonestore
