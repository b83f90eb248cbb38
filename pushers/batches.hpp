#pragma once

#include "pushers/capabilities.hpp"
#include "pushers/plan.hpp"

#include <cstddef>
#include <functional>
#include <vector>

namespace taproot::pushers {

/// Changes that go to the provider together.
using Batch = std::vector<PlannedChange>;

/// What one change counts.
using Measure = std::function<std::size_t(const PlannedChange&)>;

/// Cuts changes into batches within the limits. Keeps the order and never parts a unit; a unit
/// beyond the limits makes a batch of its own. `octets_of` says what a change counts against
/// max_octets, `weight_of` what against max_changes.
std::vector<Batch> pack(const std::vector<PlannedChange>& changes, const BatchLimits& limits,
                        const Measure& octets_of, const Measure& weight_of);

/// Two halves of a batch that was refused, between units. The second is empty for a single unit.
struct Halves {
  Batch first;
  Batch second;
};
Halves halve(const Batch& batch);

/// The unit of `key` first, then the rest; the first is empty if the batch does not have it.
Halves isolate(const Batch& batch, const RRsetKey& key);

}  // namespace taproot::pushers
