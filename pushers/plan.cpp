#include "pushers/plan.hpp"

#include "dns/rdata.hpp"
#include "pushers/fence.hpp"
#include "pushers/fingerprint.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace taproot::pushers {

namespace {

using dns::RRset;
using dns::RRType;

/// A zone of strangers must not fill memory and screens.
constexpr std::size_t max_notes = 200;

/// Types that may stand beside a CNAME (RFC 2181 section 10.1, RFC 4034 sections 3 and 4).
bool may_stand_beside_cname(RRType type) {
  return type == RRType::RRSIG || type == RRType::NSEC || type == RRType::NSEC3 ||
         type == RRType::KEY;
}

/// Makes one plan, step by step, and is spent then.
class Planner {
 public:
  Planner(const zonestore::ZoneVersion& wanted, const LiveZone& live, const ZonePart* part,
          const Capabilities& capabilities, const Ownership& owned, const PlanSettings& settings)
      : version_(wanted),
        live_zone_(live),
        part_(part),
        capabilities_(capabilities),
        owned_(owned),
        settings_(settings),
        chunks_matter_(capabilities.txt.chunks_matter) {
    plan_.apex = wanted.apex();
    plan_.provider = settings.provider;
    plan_.version = wanted.number();
    plan_.serial = wanted.serial();
  }

  Plan make() && {
    for (const auto& words : live_zone_.notes) note(NoteKind::zone, std::nullopt, words);
    if (!live_zone_.complete) {
      plan_.blocked = "the zone could not be read completely, so nothing follows from the reading";
      return std::move(plan_);
    }
    live_ = gathered(live_zone_);
    read_wanted();
    raise_fence();
    if (part_ != nullptr) keep_rest();
    compare_wanted();
    compare_rest();
    withdraw_clashes();
    order();
    if (fenced_off_ && !plan_.is_empty()) plan_.blocked = fenced_off_;
    count();
    seal();
    if (part_ == nullptr) plan_.kept.pack();
    return std::move(plan_);
  }

 private:
  struct Pending {
    std::optional<RRset> before;
    std::optional<RRset> after;
  };

  void read_wanted() {
    const auto take_all = [this](const zonestore::Node& node) {
      const dns::Name owner = node.owner(version_.apex());
      for (const auto view : node.rrsets()) take_wanted(view.to_rrset(owner));
    };
    if (part_ == nullptr) {
      for (auto at = version_.walk(); at.leaf() != nullptr; at.next()) take_all(*at.leaf());
    } else {
      for (const auto& owner : part_->owners) {
        if (const auto* node = version_.find(owner)) take_all(*node);
      }
    }
    if (plan_.counts.omitted > 0 && settings_.unsupported == UnsupportedPolicy::fail) {
      plan_.blocked = std::to_string(plan_.counts.omitted) +
                      " RRsets that the provider cannot hold: change them, or set `unsupported: "
                      "omit` for it";
    }
  }

  /// What is outside of the part stays as it is, and whose it is.
  void keep_rest() {
    plan_.kept = owned_.rrsets_only();
    for (const auto& key : part_->keys) plan_.kept.drop(fingerprint(key));
    for (const auto& [key, rrset] : wanted_) plan_.kept.drop(fingerprint(key));
    for (const auto& [key, there] : live_) plan_.kept.drop(fingerprint(key));
    for (const auto& key : left_) plan_.kept.drop(fingerprint(key));
  }

  bool is_fence(const RRsetKey& key) const {
    return !settings_.fence.empty() && key == fence_key(plan_.apex);
  }

  /// Ours goes there with all that is written; who finds one that is not behind must not write,
  /// and need not if nothing is to be changed.
  void raise_fence() {
    if (settings_.fence.empty()) return;
    const Fence ours{settings_.fence, version_.serial()};
    const auto key = fence_key(plan_.apex);
    if (auto held = effective(capabilities_, plan_.apex, to_rrset(ours, plan_.apex))) {
      wanted_.insert_or_assign(key, std::move(held->rrset));
    }
    const auto there = live_.find(key);
    if (there == live_.end()) return;
    const auto theirs = fence_from(there->second.rrset);
    if (!theirs || *theirs == ours) return;
    const bool is_behind = ours.serial > theirs->serial;
    if (is_behind) {
      plan_.is_overrun = theirs->holder != ours.holder;
      if (plan_.is_overrun) {
        note(NoteKind::zone, std::nullopt,
             "taproot " + theirs->holder + " brought serial " +
                 std::to_string(theirs->serial.value()) + " there; ours is newer");
      }
      return;
    }
    const std::string who = theirs->holder == ours.holder
                                ? "this taproot (" + ours.holder + ") itself brought serial "
                                : "taproot " + theirs->holder + " brought serial ";
    fenced_off_ = who + std::to_string(theirs->serial.value()) + " there, and ours is " +
                  std::to_string(ours.serial.value()) +
                  ": what is not newer is not written over it";
    wanted_.insert_or_assign(key, there->second.rrset);
  }

  void take_wanted(RRset rrset) {
    const RRsetKey key{rrset.owner, rrset.type};
    if (is_apex(key, RRType::SOA)) {
      if (capabilities_.soa == SoaRule::providers) return leave(key);
      keep_live_serial(rrset);
    }
    if (is_apex(key, RRType::NS)) {
      plan_.counts.wants_apex_ns = true;
      if (apex_ns() == ApexNs::ignore) {
        note(NoteKind::zone, key, "the apex NS RRset is left to the provider");
        return leave(key);
      }
      if (apex_ns() == ApexNs::join) join_live(rrset);
      if (settings_.apex_ns == ApexNs::manage && apex_ns() == ApexNs::join) {
        note(NoteKind::zone, key,
             "the provider keeps its own name servers: ours are added to them");
      }
    }
    auto held = effective(capabilities_, plan_.apex, rrset);
    if (!held) {
      ++plan_.counts.omitted;
      note(NoteKind::omitted, key, held.error().reason);
      return leave(key);
    }
    for (auto& words : held->adjusted) note(NoteKind::adjusted, key, std::move(words));
    wanted_.emplace(key, std::move(held->rrset));
  }

  /// Neither wanted nor to be taken away.
  void leave(const RRsetKey& key) { left_.insert(key); }

  bool is_apex(const RRsetKey& key, RRType type) const {
    return key.type == type && key.owner == plan_.apex;
  }

  /// In a shared zone the name servers are somebody else's business, unless it was said otherwise
  /// or there are none.
  ApexNs apex_ns() const {
    if (settings_.apex_ns == ApexNs::manage && capabilities_.keeps_own_ns) return ApexNs::join;
    if (settings_.apex_ns) return *settings_.apex_ns;
    const bool are_there = live_.contains({plan_.apex, RRType::NS});
    if (settings_.mode == OwnershipMode::shared && are_there) return ApexNs::ignore;
    return capabilities_.apex_ns;
  }

  /// Where the provider makes the serial, ours is no reason for a change.
  void keep_live_serial(RRset& soa) {
    if (live_zone_.serial_is_ours) return;
    const auto there = live_.find({plan_.apex, RRType::SOA});
    if (there == live_.end() || there->second.rrset.rdata.empty() || soa.rdata.empty()) return;
    const auto live = dns::Soa::from_rdata(there->second.rrset.rdata.front().wire());
    auto ours = dns::Soa::from_rdata(soa.rdata.front().wire());
    if (!live || !ours) return;
    ours->serial = live->serial;
    soa.rdata = {ours->to_rdata()};
  }

  void join_live(RRset& ns) {
    const auto there = live_.find({plan_.apex, RRType::NS});
    if (there == live_.end()) return;
    for (const auto& rdata : there->second.rrset.rdata) ns.rdata.push_back(rdata);
    dns::normalise(ns);
  }

  bool same(const RRset& a, const RRset& b) const { return a.ttl == b.ttl && same_data(a, b); }
  bool same_data(const RRset& a, const RRset& b) const {
    return comparable(a, chunks_matter_) == comparable(b, chunks_matter_);
  }

  bool is_adopted(const RRsetKey& key) const {
    return settings_.adopt_all || settings_.adopt.contains(key);
  }
  bool is_ours(const RRsetKey& key, const RRset& live) const {
    return owned_.owns(fingerprint(key), fingerprint(live, chunks_matter_));
  }

  void compare_wanted() {
    for (const auto& [key, rrset] : wanted_) {
      const auto there = live_.find(key);
      if (there == live_.end()) {
        pending_.emplace(key, Pending{std::nullopt, rrset});
      } else if (there->second.kind != LiveKind::plain) {
        plan_.kept.keep(fingerprint(key), owned_);
        conflict(key, "wanted, but what is there is not plain data: " + there->second.why);
      } else if (same(there->second.rrset, rrset)) {
        const bool is_kept = keep_equal(key, there->second.rrset);
        if (is_kept && there->second.is_uneven()) {
          note(NoteKind::drift, key, "a record is there twice, or TTLs differ; it is put right");
          pending_.emplace(key, Pending{rrset, rrset});
        }
      } else {
        compare_different(key, there->second.rrset, rrset);
      }
    }
  }

  /// Equal to what is wanted: ours from now on, except where others write too and may have put it
  /// there for reasons of their own.
  bool keep_equal(const RRsetKey& key, const RRset& live) {
    const bool takes = settings_.mode == OwnershipMode::exclusive || owned_.is_first() ||
                       is_adopted(key) || is_ours(key, live) || is_apex(key, RRType::SOA) ||
                       is_fence(key);
    if (takes) plan_.kept.add(fingerprint(key), fingerprint(live, chunks_matter_));
    return takes;
  }

  void compare_different(const RRsetKey& key, const RRset& live, const RRset& rrset) {
    const bool ours =
        is_ours(key, live) || is_adopted(key) || is_apex(key, RRType::SOA) || is_fence(key);
    const bool known = owned_.knows(fingerprint(key));
    if (!ours && settings_.mode == OwnershipMode::shared) {
      plan_.kept.keep(fingerprint(key), owned_);
      return conflict(key, known ? "wanted, but somebody else changed it there: adopt it first"
                                 : "wanted, but somebody else's is there: adopt it first");
    }
    if (!ours && known)
      note(NoteKind::drift, key, "somebody else changed it there; it is put back");
    if (!ours && !known && !owned_.is_first()) {
      note(NoteKind::drift, key, "somebody else's data is there; it is replaced");
    }
    pending_.emplace(key, Pending{live, rrset});
  }

  void compare_rest() {
    for (const auto& [key, there] : live_) {
      if (wanted_.contains(key)) continue;
      if (left_.contains(key) || is_apex(key, RRType::SOA) || is_apex(key, RRType::NS)) {
        plan_.kept.keep(fingerprint(key), owned_);
      } else if (there.kind != LiveKind::plain) {
        plan_.kept.keep(fingerprint(key), owned_);
        note(NoteKind::foreign, key, there.why);
      } else if (is_ours(key, there.rrset) || is_adopted(key)) {
        pending_.emplace(key, Pending{there.rrset, std::nullopt});
      } else if (owned_.knows(fingerprint(key))) {
        plan_.kept.keep(fingerprint(key), owned_);
        note(NoteKind::drift, key,
             "no longer wanted, but somebody else changed it there: left alone");
      } else {
        note(NoteKind::foreign, key, "not ours: left alone");
      }
    }
  }

  /// Gives up what a provider would refuse: a CNAME beside other data (RFC 1034 section 3.6.2),
  /// where the other data stays because it is not ours.
  void withdraw_clashes() {
    for (auto at = pending_.begin(); at != pending_.end();) {
      const dns::Name owner = at->first.owner;
      auto end = at;
      bool creates = false;
      for (; end != pending_.end() && end->first.owner == owner; ++end) {
        creates = creates || !end->second.before;
      }
      if (creates && would_clash(owner)) withdraw(at, end);
      at = end;
    }
  }

  bool would_clash(const dns::Name& owner) const {
    bool has_cname = false;
    bool has_other = false;
    const auto see = [&](RRType type) {
      if (type == RRType::CNAME) {
        has_cname = true;
      } else if (!may_stand_beside_cname(type)) {
        has_other = true;
      }
    };
    const RRsetKey first{owner, RRType::none};
    for (auto at = live_.lower_bound(first); at != live_.end() && at->first.owner == owner; ++at) {
      const auto change = pending_.find(at->first);
      if (change == pending_.end() || change->second.after) see(at->first.type);
    }
    for (auto at = pending_.lower_bound(first); at != pending_.end() && at->first.owner == owner;
         ++at) {
      if (at->second.after) see(at->first.type);
    }
    return has_cname && has_other;
  }

  using PendingAt = std::map<RRsetKey, Pending>::iterator;
  void withdraw(PendingAt begin, PendingAt end) {
    for (auto at = begin; at != end;) {
      const auto& [key, change] = *at;
      if (change.before && change.after) {
        ++at;
        continue;
      }
      if (change.after) conflict(key, "wanted, but a CNAME and other data cannot share a name");
      if (!change.after) plan_.kept.keep(fingerprint(key), owned_);
      at = pending_.erase(at);
    }
  }

  // Ordering: see make_plan().

  static bool is_swap(PendingAt begin, PendingAt end) {
    bool creates = false;
    bool deletes = false;
    bool cname = false;
    for (auto at = begin; at != end; ++at) {
      const auto& [key, change] = *at;
      if (change.before && change.after) continue;
      creates = creates || change.after.has_value();
      deletes = deletes || change.before.has_value();
      cname = cname || key.type == RRType::CNAME;
    }
    return creates && deletes && cname;
  }

  /// Where the changes at an owner begin, which are the last ones.
  static std::vector<PlannedChange>::iterator first_of(std::vector<PlannedChange>& changes,
                                                       const dns::Name& owner) {
    auto first = changes.end();
    while (first != changes.begin() && std::prev(first)->rrset().owner == owner) --first;
    return first;
  }

  /// A DS needs its NS: it goes before it, as it comes after it.
  static bool goes_first(const PlannedChange& change) {
    return change.is_delete() && change.key().type == RRType::DS;
  }

  enum Rank { fencing, creating, swapping, updating, deleting, last };

  void order() {
    std::map<Rank, std::vector<PlannedChange>> ranks;
    std::size_t unit = 0;
    for (auto at = pending_.begin(); at != pending_.end();) {
      auto end = at;
      while (end != pending_.end() && end->first.owner == at->first.owner) ++end;
      const bool swap = is_swap(at, end);
      const std::size_t swap_unit = swap ? unit++ : 0;
      std::vector<PlannedChange> swap_creates;
      for (; at != end; ++at) {
        auto& [key, change] = *at;
        PlannedChange planned{std::move(change.before), std::move(change.after), 0};
        if (is_apex(key, RRType::SOA) || is_fence(key)) {
          planned.unit = unit++;
          ranks[is_fence(key) ? fencing : last].push_back(std::move(planned));
        } else if (swap && !planned.is_update()) {
          planned.unit = swap_unit;
          auto& its = planned.is_delete() ? ranks[swapping] : swap_creates;
          its.insert(goes_first(planned) ? first_of(its, key.owner) : its.end(),
                     std::move(planned));
        } else {
          planned.unit = unit++;
          const Rank rank = planned.is_create()   ? creating
                            : planned.is_update() ? updating
                                                  : deleting;
          auto& its = ranks[rank];
          its.insert(goes_first(planned) ? first_of(its, key.owner) : its.end(),
                     std::move(planned));
        }
      }
      for (auto& planned : swap_creates) ranks[swapping].push_back(std::move(planned));
    }
    for (auto& [rank, changes] : ranks) {
      for (auto& change : changes) plan_.changes.push_back(std::move(change));
    }
  }

  /// What every zone has, and no content of it.
  bool is_frame(const RRsetKey& key) const {
    return is_apex(key, RRType::SOA) || is_apex(key, RRType::NS) || is_fence(key);
  }

  void count() {
    PlanCounts& counts = plan_.counts;
    const Tally rest = part_ != nullptr ? part_->rest : Tally();
    std::size_t live_mx = rest.plain_mx();
    counts.live = counts.live_beside = counts.wanted_beside = rest.plain();
    for (const auto& [key, there] : live_) {
      if (there.kind != LiveKind::plain) continue;
      ++counts.live;
      if (!is_frame(key)) ++counts.live_beside;
      if (key.type == RRType::MX) ++live_mx;
    }
    for (const auto& [key, rrset] : wanted_) {
      if (!is_frame(key)) ++counts.wanted_beside;
    }
    counts.wanted_beside += counts.omitted;
    std::size_t mx_after = live_mx;
    std::map<std::size_t, bool> creates_in_unit;
    for (const auto& change : plan_.changes) {
      creates_in_unit[change.unit] |= change.is_create();
      if (change.key().type == RRType::MX) {
        mx_after = mx_after + (change.is_create() ? 1 : 0) - (change.is_delete() ? 1 : 0);
      }
    }
    for (const auto& change : plan_.changes) {
      count(change, change.is_delete() && creates_in_unit[change.unit]);
    }
    counts.deletes_last_mx = live_mx > 0 && mx_after == 0;
  }

  void count(const PlannedChange& change, bool is_swapped) {
    PlanCounts& counts = plan_.counts;
    const RRsetKey key = change.key();
    if (change.is_create()) {
      ++counts.created;
    } else if (change.is_delete()) {
      ++(is_swapped ? counts.updated : counts.deleted);
      if (is_apex(key, RRType::MX)) counts.deletes_apex_mx = true;
    } else if (same_data(*change.before, *change.after)) {
      ++counts.ttl_only;
    } else {
      if (!is_apex(key, RRType::SOA) && !is_fence(key)) ++counts.updated;
      if (is_apex(key, RRType::NS)) counts.changes_apex_ns = true;
    }
  }

  void seal() {
    if (hidden_notes_ > 0) {
      plan_.notes.push_back(
          {NoteKind::zone, std::nullopt, "and " + std::to_string(hidden_notes_) + " more notes"});
    }
    const Tally rest = part_ != nullptr ? part_->rest : Tally();
    Tally live = rest;
    for (const auto& [key, there] : live_) live.add(there);
    plan_.live_hash = hex(live, live_zone_.zone.id);
    Tally desired = rest;
    for (const auto& [key, rrset] : wanted_) desired.add(rrset);
    plan_.desired_hash = hex(desired, "");
  }

  static std::string hex(const Tally& tally, std::string_view id) {
    Digest digest;
    digest.add(id);
    for (const auto number : tally.digest()) digest.add(number);
    return digest.hex(16);
  }

  void conflict(const RRsetKey& key, std::string words) {
    ++plan_.counts.conflicts;
    note(NoteKind::conflict, key, std::move(words));
  }

  void note(NoteKind kind, std::optional<RRsetKey> where, std::string words) {
    if (plan_.notes.size() >= max_notes) {
      ++hidden_notes_;
      return;
    }
    plan_.notes.push_back({kind, std::move(where), std::move(words)});
  }

  const zonestore::ZoneVersion& version_;
  const LiveZone& live_zone_;
  const ZonePart* const part_;  ///< null: all of the zone is compared
  const Capabilities& capabilities_;
  const Ownership& owned_;
  const PlanSettings& settings_;
  const bool chunks_matter_;

  LiveRRsets live_;
  std::map<RRsetKey, RRset> wanted_;
  std::set<RRsetKey> left_;
  std::map<RRsetKey, Pending> pending_;
  std::optional<std::string> fenced_off_;
  std::size_t hidden_notes_ = 0;
  Plan plan_;
};

}  // namespace

Plan make_plan(const zonestore::ZoneVersion& wanted, const LiveZone& live,
               const Capabilities& capabilities, const Ownership& owned,
               const PlanSettings& settings) {
  return Planner(wanted, live, nullptr, capabilities, owned, settings).make();
}

Plan make_plan(const zonestore::ZoneVersion& wanted, const LiveZone& live, const ZonePart& part,
               const Capabilities& capabilities, const Ownership& owned,
               const PlanSettings& settings) {
  return Planner(wanted, live, &part, capabilities, owned, settings).make();
}

std::string Plan::id() const {
  Digest digest;
  digest.add(std::string_view(apex.lowered().to_text())).add(std::string_view(provider));
  digest.add(std::string_view(live_hash)).add(std::string_view(desired_hash));
  for (const auto& change : changes) {
    digest.add(static_cast<std::uint64_t>(change.unit));
    digest.add(change.before ? fingerprint(*change.before, true) : 0);
    digest.add(change.after ? fingerprint(*change.after, true) : 0);
  }
  return digest.hex(12);
}

bool is_remainder(const Plan& rest, const Plan& whole) {
  std::set<std::pair<std::uint64_t, std::uint64_t>> parts;
  const auto part = [](const PlannedChange& change) {
    return std::pair(change.before ? fingerprint(*change.before, true) : 0,
                     change.after ? fingerprint(*change.after, true) : 0);
  };
  for (const auto& change : whole.changes) parts.insert(part(change));
  return std::all_of(rest.changes.begin(), rest.changes.end(),
                     [&](const PlannedChange& change) { return parts.contains(part(change)); });
}

}  // namespace taproot::pushers
