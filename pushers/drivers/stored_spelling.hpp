#pragma once

#include "pushers/batches.hpp"
#include "pushers/live_zone.hpp"

#include <map>
#include <string>
#include <vector>

namespace taproot::pushers {

/// Keeps with an RRset how the provider spells its records, if we would spell one otherwise: where
/// a deletion must name what is there, it must name it so.
void keep_spelling(LiveRRset& live, std::vector<std::string> texts,
                   const std::vector<std::string>& ours);

/// How the provider spells what a batch takes away.
class StoredSpellings {
 public:
  StoredSpellings(const LiveZone& live, const Batch& batch);

  /// Empty where our own spelling does.
  const std::vector<std::string>& of(const RRsetKey& key) const;

 private:
  std::map<RRsetKey, const std::vector<std::string>*> spellings_;
};

}  // namespace taproot::pushers
