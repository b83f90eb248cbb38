#include "pushers/remembered_zone.hpp"

#include "dns/rdata.hpp"
#include "pushers/fence.hpp"
#include "zonestore/changes.hpp"

#include <algorithm>
#include <utility>

namespace taproot::pushers {

namespace {

/// What a provider would have of a version, or of a part of it, if it had nothing else.
struct Held {
  LiveRRsets rrsets;
  std::set<dns::Name> bent;  ///< owners of what is left out, or not as the version has it
};

void hold(const zonestore::Node& node, const dns::Name& apex, const Capabilities& capabilities,
          Held& held) {
  const dns::Name owner = node.owner(apex);
  for (const auto view : node.rrsets()) {
    auto one = effective(capabilities, apex, view.to_rrset(owner));
    if (!one || !one->adjusted.empty()) held.bent.insert(owner);
    if (!one) continue;
    dns::normalise(one->rrset);
    const RRsetKey key{one->rrset.owner, one->rrset.type};
    held.rrsets.emplace_hint(held.rrsets.end(), key,
                             LiveRRset{std::move(one->rrset), LiveKind::plain, "", {}});
  }
}

Held held_of(const zonestore::ZoneVersion& version, const std::set<dns::Name>* owners,
             const Capabilities& capabilities) {
  Held held;
  if (owners != nullptr) {
    for (const auto& owner : *owners) {
      if (const auto* node = version.find(owner)) hold(*node, version.apex(), capabilities, held);
    }
    return held;
  }
  for (auto at = version.walk(); at.leaf() != nullptr; at.next()) {
    hold(*at.leaf(), version.apex(), capabilities, held);
  }
  return held;
}

bool is_same(const LiveRRset& a, const LiveRRset& b) {
  return a.kind == b.kind && a.is_uneven() == b.is_uneven() && a.rrset == b.rrset;
}

}  // namespace

std::shared_ptr<const RememberedZone> RememberedZone::make(const Known& known) {
  const auto& live = known.live;
  if (!live.complete || known.version == nullptr) return nullptr;
  auto there = gathered(live);
  const auto* owners = known.part != nullptr ? &known.part->owners : nullptr;
  auto held = held_of(*known.version, owners, known.capabilities);
  RememberedZone result;
  if (known.part != nullptr) result.held_ = known.part->rest;
  for (const auto& [key, one] : held.rrsets) {
    result.held_.add(one);
    if (!there.contains(key)) result.different_.emplace(key, std::nullopt);
  }
  for (auto& [key, one] : there) {
    const auto in_version = held.rrsets.find(key);
    if (in_version != held.rrsets.end() && is_same(in_version->second, one)) continue;
    one.ids.clear();
    result.different_.insert_or_assign(key, std::move(one));
    if (result.different_.size() > max_different) return nullptr;
  }
  if (result.different_.size() > max_different) return nullptr;
  result.bent_ = std::move(held.bent);
  result.mode_ = known.mode;
  result.kept_mark_ = known.kept.rrsets_mark();
  result.version_ = known.version;
  result.rest_ = {live.zone, {}, true, live.state_token, live.serial_is_ours, live.notes, false};
  result.pages_ = std::max<std::size_t>(known.pages, 1);
  result.read_at_ = known.read_at;
  return std::make_shared<const RememberedZone>(std::move(result));
}

LiveZone RememberedZone::recall(const Capabilities& capabilities) const {
  LiveZone live = rest_;
  auto held = held_of(*version_, nullptr, capabilities).rrsets;
  for (const auto& [key, one] : different_) {
    held.erase(key);
    if (one) held.emplace(key, *one);
  }
  live.rrsets.reserve(held.size());
  for (auto& [key, one] : held) live.rrsets.push_back(std::move(one));
  return live;
}

/// Where the two versions, or the version and what is there, may differ, or where there is
/// something to say about it.
std::set<dns::Name> RememberedZone::owners_that_matter(const zonestore::ZoneVersion& wanted) const {
  std::set<dns::Name> owners{version_->apex(), fence_key(version_->apex()).owner};
  for (const auto& change : zonestore::changes_between(*version_, wanted).changes) {
    owners.insert(change.owner());
  }
  for (const auto& [key, one] : different_) owners.insert(key.owner);
  owners.insert(bent_.begin(), bent_.end());
  return owners;
}

std::optional<RememberedZone::Recalled> RememberedZone::recall_part(
    const zonestore::ZoneVersion& wanted, const Capabilities& capabilities, const Ownership& owned,
    const PlanSettings& settings) const {
  const bool was_decided = settings.adopt_all || !settings.adopt.empty() || settings.mode != mode_;
  if (was_decided || owned.is_first() || bent_.size() > max_different) return std::nullopt;
  if (owned.rrsets_mark() != kept_mark_) return std::nullopt;
  Recalled result{rest_, {owners_that_matter(wanted), {}, held_}};
  auto held = held_of(*version_, &result.part.owners, capabilities).rrsets;
  for (const auto& [key, one] : held) result.part.rest.take(one);
  for (const auto& [key, one] : different_) {
    held.erase(key);
    if (one) held.emplace(key, *one);
  }
  for (auto& [key, one] : held) {
    result.part.keys.insert(key);
    result.live.rrsets.push_back(std::move(one));
  }
  return result;
}

}  // namespace taproot::pushers
