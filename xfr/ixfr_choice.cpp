#include "xfr/ixfr_choice.hpp"

#include <algorithm>
#include <utility>

namespace taproot::xfr {

namespace {

using Steps = std::vector<std::shared_ptr<const zonestore::ChangeSet>>;

std::size_t octets_of(const Steps& steps) {
  std::size_t sum = 0;
  for (const auto& step : steps) sum += step->octets();
  return sum;
}

/// A step without both of its SOAs cannot be told: they open its two halves.
bool has_both_soas(const zonestore::ChangeSet& step) {
  return std::any_of(step.changes.begin(), step.changes.end(), [](const auto& change) {
    return change.type() == dns::RRType::SOA && change.before && change.after;
  });
}

bool can_be_told(const Steps& steps) {
  return std::all_of(steps.begin(), steps.end(),
                     [](const auto& step) { return has_both_soas(*step); });
}

/// Differences as small as this travel as fast as any zone, and spare the secondary a full load.
constexpr std::size_t always_small = 4096;

bool too_big(const Steps& steps, const zonestore::ZoneVersion& version) {
  return octets_of(steps) > std::max(version.content_octets(), always_small);
}

}  // namespace

IxfrChoice choose_ixfr(const zonestore::ZoneVersion& version, dns::Serial has) {
  if (has >= version.serial()) return {IxfrChoice::Kind::current, {}};
  auto steps = version.steps_from(has);
  if (!steps || steps->empty() || !can_be_told(*steps)) return {IxfrChoice::Kind::whole_zone, {}};
  if (too_big(*steps, version) && steps->size() > 1) {
    // Records that changed and changed back need not travel (RFC 1995 section 5).
    steps = Steps{std::make_shared<const zonestore::ChangeSet>(zonestore::condense(*steps))};
  }
  if (too_big(*steps, version) || !can_be_told(*steps)) return {IxfrChoice::Kind::whole_zone, {}};
  return {IxfrChoice::Kind::differences, std::move(*steps)};
}

}  // namespace taproot::xfr
