#include "pushers/guards.hpp"

namespace taproot::pushers {

namespace {

std::size_t recent_deletions(const Ownership& owned, WallTime now) {
  std::size_t sum = 0;
  for (const auto& one : owned.deletions()) {
    if (one.at + deletion_window >= now) sum += one.count;
  }
  return sum;
}

bool is_above(std::size_t part, std::size_t whole, unsigned percent) {
  return part * 100 > whole * percent;
}

std::string of_zone(std::size_t part, std::size_t whole) {
  return std::to_string(part) + " of " + std::to_string(whole) + " RRsets";
}

}  // namespace

std::vector<GuardHit> why_unsafe(const Plan& plan, const GuardLimits& limits,
                                 const Ownership& owned, WallTime now) {
  std::vector<GuardHit> hits;
  if (plan.is_empty()) return hits;
  const PlanCounts& counts = plan.counts;
  const std::size_t recent = counts.deleted > 0 ? recent_deletions(owned, now) : 0;
  const std::size_t deleted = counts.deleted + recent;
  const std::size_t base = counts.live + recent;
  const std::string recently =
      recent == 0 ? "" : " (" + std::to_string(recent) + " of them in the last 24 hours)";
  const bool is_small = base < limits.small_zone;

  if (!is_small && is_above(deleted, base, limits.max_deleted_percent)) {
    hits.push_back({"deleted-percent", "would delete " + of_zone(deleted, base) + recently +
                                           ", more than " +
                                           std::to_string(limits.max_deleted_percent) + "%"});
  }
  if (!is_small && is_above(counts.updated, base, limits.max_updated_percent)) {
    hits.push_back({"updated-percent", "would change " + of_zone(counts.updated, base) +
                                           ", more than " +
                                           std::to_string(limits.max_updated_percent) + "%"});
  }
  if (counts.deleted > 0 && deleted > limits.max_deletions) {
    hits.push_back({"deletions", "would delete " + std::to_string(deleted) + " RRsets" + recently +
                                     ", more than " + std::to_string(limits.max_deletions)});
  }
  if (counts.wanted_beside == 0 && counts.live_beside > 0) {
    hits.push_back({"empty-zone", "the zone wanted has nothing but SOA and NS, the provider has " +
                                      std::to_string(counts.live_beside) + " other RRsets"});
  }
  if (counts.live_beside == 0 && owned.live_rrsets() > 0) {
    hits.push_back({"vanished-zone", "the provider shows an empty zone, and had " +
                                         std::to_string(owned.live_rrsets()) +
                                         " RRsets at the last push"});
  }
  if (counts.deletes_apex_mx || counts.deletes_last_mx) {
    hits.push_back({"last-mx", counts.deletes_apex_mx ? "would delete the MX RRset of the apex"
                                                      : "would delete the last MX RRset"});
  }
  if (counts.changes_apex_ns) hits.push_back({"apex-ns", "would change the NS RRset of the apex"});
  if (!counts.wants_apex_ns) {
    hits.push_back({"no-apex-ns", "the zone wanted has no NS RRset at its apex"});
  }
  return hits;
}

std::string to_text(const std::vector<GuardHit>& hits) {
  std::string text;
  for (const auto& hit : hits) {
    if (!text.empty()) text += "; ";
    text += hit.guard + ": " + hit.words;
  }
  return text;
}

}  // namespace taproot::pushers
