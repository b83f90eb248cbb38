#include "pushers/remembered_zone.hpp"

#include "dns/rdata.hpp"

#include <algorithm>
#include <utility>

namespace taproot::pushers {

namespace {

/// What a provider would have of a version if it had nothing else.
LiveRRsets held_of(const zonestore::ZoneVersion& version, const Capabilities& capabilities) {
  LiveRRsets held;
  for (auto cursor = version.walk(); cursor.leaf() != nullptr; cursor.next()) {
    const dns::Name owner = cursor.leaf()->owner(version.apex());
    for (const auto view : cursor.leaf()->rrsets()) {
      auto one = effective(capabilities, version.apex(), view.to_rrset(owner));
      if (!one) continue;
      dns::normalise(one->rrset);
      const RRsetKey key{one->rrset.owner, one->rrset.type};
      held.emplace_hint(held.end(), key, LiveRRset{std::move(one->rrset), LiveKind::plain, "", {}});
    }
  }
  return held;
}

bool is_same(const LiveRRset& a, const LiveRRset& b) {
  return a.kind == b.kind && a.is_uneven() == b.is_uneven() && a.rrset == b.rrset;
}

}  // namespace

std::shared_ptr<const RememberedZone> RememberedZone::make(
    std::shared_ptr<const zonestore::ZoneVersion> version, const LiveZone& live,
    const Capabilities& capabilities, std::size_t pages, WallTime read_at) {
  if (!live.complete || version == nullptr) return nullptr;
  auto there = gathered(live);
  const auto held = held_of(*version, capabilities);
  RememberedZone result;
  for (const auto& [key, one] : held) {
    if (!there.contains(key)) result.different_.emplace(key, std::nullopt);
  }
  for (auto& [key, one] : there) {
    const auto in_version = held.find(key);
    if (in_version != held.end() && is_same(in_version->second, one)) continue;
    one.ids.clear();
    result.different_.insert_or_assign(key, std::move(one));
    if (result.different_.size() > max_different) return nullptr;
  }
  if (result.different_.size() > max_different) return nullptr;
  result.version_ = std::move(version);
  result.rest_ = {live.zone, {}, true, live.state_token, live.serial_is_ours, live.notes, false};
  result.pages_ = std::max<std::size_t>(pages, 1);
  result.read_at_ = read_at;
  return std::make_shared<const RememberedZone>(std::move(result));
}

LiveZone RememberedZone::recall(const Capabilities& capabilities) const {
  LiveZone live = rest_;
  auto held = held_of(*version_, capabilities);
  for (const auto& [key, one] : different_) {
    held.erase(key);
    if (one) held.emplace(key, *one);
  }
  live.rrsets.reserve(held.size());
  for (auto& [key, one] : held) live.rrsets.push_back(std::move(one));
  return live;
}

}  // namespace taproot::pushers
