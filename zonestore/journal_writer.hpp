#pragma once

#include "dns/result.hpp"
#include "zonestore/journal.hpp"
#include "zonestore/journal_tables.hpp"

#include <cstdint>

namespace taproot::zonestore {

/// Writes one version into the tables: its row, its changes, now and then a snapshot, and what
/// pruning takes away. Runs inside the caller's transaction. The cost is that of the step; a
/// snapshot is written once the steps since the last one hold as much as the zone.
///
/// Fails with Errc::conflict or bad_serial if the number or the serial is not a new one, and
/// Errc::io.
class JournalWriter {
 public:
  JournalWriter(JournalTables& tables, const HistoryLimits& limits)
      : tables_(tables), limits_(limits) {}

  Result<void> write(const Journal::Entry& entry);

 private:
  Result<void> write_first(const Journal::Entry& entry);
  Result<void> write_changes(const ZoneRow& zone, const Journal::Entry& entry);
  Result<void> write_snapshot(ZoneRow& zone, const Journal::Entry& entry);
  bool wants_snapshot(const ZoneRow& zone, const Journal::Entry& entry) const;
  Result<void> prune(ZoneRow& zone);
  Result<std::uint64_t> start_by_count(const ZoneRow& zone);
  Result<std::uint64_t> start_by_size(const ZoneRow& zone);

  JournalTables& tables_;
  const HistoryLimits& limits_;
};

}  // namespace taproot::zonestore
