#pragma once

#include "zonestore/candidate.hpp"
#include "zonestore/changes.hpp"
#include "zonestore/zone_version.hpp"

#include <memory>

namespace taproot::zonestore {

/// Checks a zone that differs from a version in force by these changes only, e.g. after an edit.
///
/// The result's version is `candidate` itself, or null if the changes bring in an error. What was
/// wrong before does not keep a change out: such errors come back as warnings. May block for large
/// zones: call it on the work pool.
Candidate check_edit(const ZoneVersion& current, std::shared_ptr<const ZoneVersion> candidate,
                     const ChangeSet& changes);

}  // namespace taproot::zonestore
