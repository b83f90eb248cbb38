#include "pushers/drivers/stored_spelling.hpp"

#include <algorithm>
#include <utility>

namespace taproot::pushers {

void keep_spelling(LiveRRset& live, std::vector<std::string> texts,
                   const std::vector<std::string>& ours) {
  const bool is_ours =
      texts.size() == ours.size() && std::is_permutation(texts.begin(), texts.end(), ours.begin());
  if (!is_ours) live.ids = std::move(texts);
}

StoredSpellings::StoredSpellings(const LiveZone& live, const Batch& batch) {
  for (const auto& change : batch) {
    if (change.before) spellings_.emplace(change.key(), nullptr);
  }
  if (spellings_.empty()) return;
  for (const auto& one : live.rrsets) {
    const auto wanted = spellings_.find(one.key());
    if (wanted != spellings_.end()) wanted->second = &one.ids;
  }
}

const std::vector<std::string>& StoredSpellings::of(const RRsetKey& key) const {
  static const std::vector<std::string> none;
  const auto found = spellings_.find(key);
  return found == spellings_.end() || found->second == nullptr ? none : *found->second;
}

}  // namespace taproot::pushers
