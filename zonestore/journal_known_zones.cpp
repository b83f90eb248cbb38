#include "zonestore/journal_known_zones.hpp"

#include <xxhash.h>

namespace taproot::zonestore {

namespace {

std::uint64_t hash(std::string_view key) {
  return XXH3_64bits(key.data(), key.size());
}

}  // namespace

void KnownZones::add(std::string_view key) {
  keys_.insert(hash(key));
}

bool KnownZones::may_have(std::string_view key) const {
  return !complete_ || keys_.contains(hash(key));
}

const ZoneRow* KnownZones::find(const std::string& key) const {
  const auto at = rows_.find(key);
  return at == rows_.end() ? nullptr : &at->second;
}

void KnownZones::remember(const std::string& key, const ZoneRow& row) {
  if (rows_.size() >= most_rows) rows_.clear();
  rows_.insert_or_assign(key, row);
}

}  // namespace taproot::zonestore
