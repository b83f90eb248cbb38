#pragma once

#include "zonestore/journal_rows.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace taproot::zonestore {

/// What the journal's one writer remembers of the table of zones, so that most looks at it cost
/// no statement: which zones have no row for certain, and the rows of some that have one.
///
///     a first load of many zones   none of them has a row
///     a row of edits               the row is the one that was written last
class KnownZones {
 public:
  /// Every row that there is is known by its key, and will be. Until then anything may be there.
  void set_complete() { complete_ = true; }
  void add(std::string_view key);
  /// False: there is no such row.
  bool may_have(std::string_view key) const;

  /// Null: it has to be looked up.
  const ZoneRow* find(const std::string& key) const;
  void remember(const std::string& key, const ZoneRow& row);
  /// After a write that was not committed.
  void forget_rows() noexcept { rows_.clear(); }

 private:
  static constexpr std::size_t most_rows = 4096;

  bool complete_ = false;
  std::unordered_set<std::uint64_t> keys_;  ///< their hashes: one that is equal costs a look
  std::unordered_map<std::string, ZoneRow> rows_;
};

}  // namespace taproot::zonestore
