#pragma once

#include "dns/name.hpp"
#include "dns/result.hpp"
#include "zonestore/journal.hpp"
#include "zonestore/journal_tables.hpp"
#include "zonestore/zone_version.hpp"

#include <cstdint>
#include <memory>

namespace taproot::zonestore {

/// Rebuilds versions: the nearest snapshot at or before, and the steps since. Fails with Errc::io
/// if something of that is missing or damaged; the words say which version of which zone.
class JournalReader {
 public:
  JournalReader(JournalTables& tables, const HistoryLimits& limits)
      : tables_(tables), limits_(limits) {}

  /// With as many of the newest steps as the limits allow as history. `zone` has a version.
  Result<std::shared_ptr<const ZoneVersion>> newest(const dns::Name& apex, const ZoneRow& zone);
  /// Without history. `number` is one of those kept.
  Result<std::shared_ptr<const ZoneVersion>> version(const dns::Name& apex, const ZoneRow& zone,
                                                     std::uint64_t number);

 private:
  /// `history` is the first step to be kept as history; `number` + 1: none.
  Result<std::shared_ptr<const ZoneVersion>> load(const dns::Name& apex, std::int64_t zone,
                                                  std::uint64_t number, std::uint64_t history);
  Result<std::uint64_t> history_start(const ZoneRow& zone);
  Result<std::uint64_t> start_at_base(ZoneBuilder& builder, std::int64_t zone,
                                      std::uint64_t number);
  Result<void> replay(ZoneBuilder& builder, std::int64_t zone, std::uint64_t base,
                      std::uint64_t number, std::uint64_t history);

  JournalTables& tables_;
  const HistoryLimits& limits_;
};

}  // namespace taproot::zonestore
