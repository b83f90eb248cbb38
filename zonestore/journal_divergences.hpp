#pragma once

#include "dns/result.hpp"
#include "zonestore/divergence.hpp"
#include "zonestore/journal_tables.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace taproot::zonestore {

// Where a zone parts from its source, in the journal: one row for each such RRset, so that a step
// costs what it changes, however much was edited before. `zone` is the id of a row of zones.

/// Runs inside the caller's transaction. Fails with Errc::io.
Result<void> write_divergences(JournalTables& tables, std::int64_t zone,
                               const DivergenceStep& step);

/// All of a zone, or the one of this RRset. Fails with Errc::io, or what decoding fails with.
Result<std::vector<Divergence>> read_divergences(JournalTables& tables, std::int64_t zone,
                                                 const std::optional<RRsetKey>& key);

}  // namespace taproot::zonestore
