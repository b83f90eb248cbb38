#include "zonestore/divergence.hpp"

#include "dns/rdata.hpp"

#include <map>

namespace taproot::zonestore {

namespace {

dns::RRset without_serial(const dns::RRset& rrset) {
  if (rrset.type != dns::RRType::SOA || rrset.rdata.empty()) return rrset;
  auto soa = dns::Soa::from_rdata(rrset.rdata.front().wire());
  if (!soa) return rrset;
  soa->serial = dns::Serial(0);
  dns::RRset same = rrset;
  same.rdata = {soa->to_rdata()};
  return same;
}

using Known = std::map<RRsetKey, const Divergence*>;

Known by_key(const std::vector<Divergence>& divergences) {
  Known known;
  for (const auto& divergence : divergences) known.emplace(divergence.key(), &divergence);
  return known;
}

void set_rrset(ZoneBuilder& builder, const RRsetKey& key, const std::optional<dns::RRset>& rrset) {
  if (!rrset) {
    builder.remove(key.first, key.second);
    return;
  }
  builder.put(*rrset);
}

/// A builder that has lost its SOA, which no caller's can, gives null.
std::shared_ptr<const ZoneVersion> finished(ZoneBuilder& builder) {
  auto version = builder.finish();
  return version ? std::move(*version) : nullptr;
}

}  // namespace

bool same_contents(const std::optional<dns::RRset>& a, const std::optional<dns::RRset>& b) {
  if (!a || !b) return a.has_value() == b.has_value();
  return dns::same_rrset(without_serial(*a), without_serial(*b));
}

ChangeSet content_changes(const ZoneVersion& before, const ZoneVersion& after) {
  auto changes = changes_between(before, after);
  std::erase_if(changes.changes,
                [](const Change& change) { return same_contents(change.before, change.after); });
  return changes;
}

DivergenceStep diverge(const std::vector<Divergence>& known, const ChangeSet& changes,
                       Divergence::By by) {
  const auto at = by_key(known);
  DivergenceStep step;
  for (const auto& change : changes.changes) {
    const RRsetKey key{change.owner(), change.type()};
    const auto found = at.find(key);
    const auto& source = found == at.end() ? change.before : found->second->source;
    if (same_contents(source, change.after)) {
      if (found != at.end()) step.drops.push_back(key);
      continue;
    }
    // Once somebody has edited it, going back a version makes it no less an edit.
    const bool was_edited = found != at.end() && found->second->by == Divergence::By::edit;
    step.puts.push_back({key.first, key.second, source, was_edited ? Divergence::By::edit : by});
  }
  return step;
}

std::shared_ptr<const ZoneVersion> source_side(const ZoneVersion& current,
                                               const std::vector<Divergence>& divergences) {
  ZoneBuilder builder(current);
  for (const auto& divergence : divergences) {
    set_rrset(builder, divergence.key(), divergence.source);
  }
  builder.set_serial(current.serial());
  return finished(builder);
}

SourceMerge merge_source(const ZoneVersion& current, const std::vector<Divergence>& divergences,
                         const ZoneVersion& source, OnConflict on_conflict) {
  SourceMerge merge;
  const auto last = source_side(current, divergences);
  if (!last) return merge;
  const auto news = content_changes(*last, source);
  merge.source_changed = !news.changes.empty();
  ZoneBuilder builder(current);
  const auto diverged = by_key(divergences);
  if (merge.source_changed) {
    // Whoever went back did so from what the source said then: now it says something new.
    for (const auto& divergence : divergences) {
      if (divergence.by != Divergence::By::rollback) continue;
      set_rrset(builder, divergence.key(), divergence.source);
      merge.step.drops.push_back(divergence.key());
    }
  }
  for (const auto& change : news.changes) {
    const RRsetKey key{change.owner(), change.type()};
    const auto found = diverged.find(key);
    const bool is_edited = found != diverged.end() && found->second->by == Divergence::By::edit;
    const auto zone = builder.find(key.first, key.second);
    if (!is_edited) {
      set_rrset(builder, key, change.after);
    } else if (same_contents(zone, change.after)) {
      merge.step.drops.push_back(key);
    } else if (on_conflict == OnConflict::report) {
      merge.conflicts.push_back({key.first, key.second, change.before, change.after, zone});
    } else {
      merge.step.puts.push_back({key.first, key.second, change.after, Divergence::By::edit});
    }
  }
  if (!merge.conflicts.empty()) return merge;
  builder.set_serial(source.serial());  // a wish, as that of any source
  merge.version = finished(builder);
  return merge;
}

}  // namespace taproot::zonestore
