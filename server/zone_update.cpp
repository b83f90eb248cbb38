#include "server/zone_update.hpp"

#include "zonestore/update.hpp"

#include <algorithm>
#include <utility>

namespace taproot::server {

namespace {

/// The other way round: what takes the changes back.
zonestore::ChangeSet reversed(zonestore::ChangeSet changes) {
  for (auto& change : changes.changes) std::swap(change.before, change.after);
  return changes;
}

/// Why the step would make the zone wrong, or nothing; then `targets` has made it, too.
std::optional<std::string> why_wrong(const zonestore::ZoneVersion& before,
                                     const std::shared_ptr<const zonestore::ZoneVersion>& after,
                                     const zonestore::RulePolicy& rules,
                                     zonestore::TargetFilter* targets) {
  const auto changes = zonestore::changes_between(before, *after);
  if (targets != nullptr) targets->apply(before.apex(), changes);
  const auto checked = zonestore::check_edit(before, after, changes, rules, targets);
  if (checked.version != nullptr) return std::nullopt;
  if (targets != nullptr) targets->apply(before.apex(), reversed(changes));
  return zonestore::first_error(checked.findings, "the zone would have errors");
}

}  // namespace

UpdatedZone update_in_turn(const std::shared_ptr<const zonestore::ZoneVersion>& current,
                           const std::vector<ZoneUpdate>& updates,
                           const zonestore::RulePolicy& rules, zonestore::TargetFilter* targets) {
  UpdatedZone zone{current, {}, false};
  for (const auto& one : updates) {
    auto updated = zonestore::update_zone(zone.version, one.update);
    UpdateOutcome outcome{updated.rcode, std::move(updated.why), 0};
    if (updated.version != nullptr && updated.version != zone.version) {
      if (auto why = why_wrong(*zone.version, updated.version, rules, targets)) {
        outcome = {dns::Rcode::refused, std::move(*why), 0};
      } else {
        zone.version = std::move(updated.version);
        zone.sets_serial = zone.sets_serial || updated.sets_serial;
      }
    }
    zone.outcomes.push_back(std::move(outcome));
  }
  return zone;
}

std::string who_updated(const std::vector<ZoneUpdate>& updates,
                        const std::vector<UpdateOutcome>& outcomes) {
  constexpr std::size_t most_named = 2;
  std::vector<std::string> names;
  for (std::size_t i = 0; i < updates.size(); ++i) {
    const auto& who = updates[i].who;
    const bool is_known = std::find(names.begin(), names.end(), who) != names.end();
    if (outcomes[i].rcode == dns::Rcode::noerror && !is_known) names.push_back(who);
  }
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), most_named); ++i) {
    text += (i == 0 ? "" : ", ") + names[i];
  }
  if (names.size() > most_named)
    text += " and " + std::to_string(names.size() - most_named) + " more";
  return text;
}

}  // namespace taproot::server
