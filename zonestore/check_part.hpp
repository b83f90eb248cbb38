#pragma once

#include "dns/name.hpp"
#include "zonestore/candidate.hpp"
#include "zonestore/changes.hpp"
#include "zonestore/check.hpp"
#include "zonestore/target_filter.hpp"
#include "zonestore/zone_version.hpp"

#include <functional>
#include <optional>
#include <set>
#include <vector>

namespace taproot::zonestore {

// The check of a part of a zone: what a change touched, or the few names of a large zone that are
// not plain. The rules are those of check_zone(); what they ask of other names they find in the
// version.

using Names = std::set<dns::Name>;

/// Runs all rules on `focus`: all records of the names to be checked, with their places. What
/// else the rules need is taken from `version`, and nothing is said about it. Rules that compare
/// all names of a small zone (misspelt-label) are silent.
std::vector<Finding> check_part(const ZoneVersion& version, SourceRecords focus,
                                const LineReader& lines, const RulePolicy& policy = {});

/// The records of these names as they stand in `version`, without places.
SourceRecords records_of(const ZoneVersion& version, const Names& names);

/// The names of a version that are not plain: only about these can a rule have anything to say.
/// Many more than rules do complain about, but in a zone of delegations nearly none. Costs the
/// zone.
Names names_not_plain(const ZoneVersion& version, const RulePolicy& policy = {});

/// The names about which rules may say something else in `after` than in `before`: those that
/// changed, those that point at them, and those below a zone cut that came or went. `changes` leads
/// from one to the other; `targets` belongs to `after`, and without it all records are looked at.
/// Nothing if they are too many: then the whole of `after` is to be checked.
std::optional<Names> names_touched(const ZoneVersion& before, const ZoneVersion& after,
                                   const ChangeSet& changes, const TargetFilter* targets);

/// All findings about a version that came from no source: whole zones of any size.
std::vector<Finding> check_version(const ZoneVersion& version, const RulePolicy& policy = {});

}  // namespace taproot::zonestore
