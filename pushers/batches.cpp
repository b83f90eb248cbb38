#include "pushers/batches.hpp"

#include <algorithm>

namespace taproot::pushers {

namespace {

std::size_t unit_end(const std::vector<PlannedChange>& changes, std::size_t begin) {
  std::size_t end = begin;
  while (end < changes.size() && changes[end].unit == changes[begin].unit) ++end;
  return end;
}

}  // namespace

std::vector<Batch> pack(const std::vector<PlannedChange>& changes, const BatchLimits& limits,
                        const Measure& octets_of, const Measure& weight_of) {
  std::vector<Batch> batches;
  std::size_t weight = 0;
  std::size_t octets = 0;
  for (std::size_t begin = 0; begin < changes.size();) {
    const std::size_t end = unit_end(changes, begin);
    std::size_t unit_weight = 0;
    std::size_t unit_octets = 0;
    for (std::size_t i = begin; i < end; ++i) {
      unit_weight += weight_of(changes[i]);
      unit_octets += octets_of(changes[i]);
    }
    const bool fits = !batches.empty() && weight + unit_weight <= limits.max_changes &&
                      octets + unit_octets <= limits.max_octets;
    if (!fits) {
      batches.emplace_back();
      weight = octets = 0;
    }
    weight += unit_weight;
    octets += unit_octets;
    for (; begin < end; ++begin) batches.back().push_back(changes[begin]);
  }
  return batches;
}

Halves halve(const Batch& batch) {
  std::size_t middle = unit_end(batch, 0);
  while (middle < batch.size() / 2) middle = unit_end(batch, middle);
  const auto at = batch.begin() + static_cast<std::ptrdiff_t>(middle);
  return {Batch(batch.begin(), at), Batch(at, batch.end())};
}

Halves isolate(const Batch& batch, const RRsetKey& key) {
  const auto found = std::find_if(batch.begin(), batch.end(),
                                  [&](const PlannedChange& change) { return change.key() == key; });
  Halves halves;
  if (found == batch.end()) return {{}, batch};
  const std::size_t unit = found->unit;
  for (const auto& change : batch) {
    (change.unit == unit ? halves.first : halves.second).push_back(change);
  }
  return halves;
}

}  // namespace taproot::pushers
