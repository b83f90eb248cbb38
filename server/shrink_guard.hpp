#pragma once

#include "server/reports.hpp"
#include "zonestore/zone_version.hpp"

#include <optional>

namespace taproot::server {

/// Zones smaller than this change by large shares every day.
constexpr std::size_t shrink_guard_names = 10;

/// The guard before a source that would take more than `max_percent` of a zone's names away: half
/// a file, a forgotten include. Nothing if it lets the candidate pass; so it does with a zone's
/// first version, with zones of fewer than shrink_guard_names names, and at 100 percent.
///
/// The id stands for the candidate's records (the SOA aside) and the version before it, so it lets
/// exactly this one pass, once.
std::optional<GuardStop> why_shrunk(const zonestore::ZoneVersion* current,
                                    const zonestore::ZoneVersion& candidate, unsigned max_percent);

}  // namespace taproot::server
