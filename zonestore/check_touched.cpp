#include "dns/rdata.hpp"
#include "zonestore/check_part.hpp"
#include "zonestore/labels.hpp"

#include <algorithm>

namespace taproot::zonestore {

namespace {

using dns::RRType;

/// A change that concerns more names is checked as a whole.
constexpr std::size_t many = 5'000;

/// What other names may rely on: being there, having an address, being no alias.
struct Standing {
  bool exists = false;
  bool has_records = false;
  bool has_address = false;
  bool has_cname = false;
  bool is_cut = false;
  bool has_dname = false;
  friend bool operator==(const Standing&, const Standing&) = default;
};

Standing standing_of(const Node* node) {
  if (node == nullptr) return {};
  return {true,
          !node->is_empty(),
          node->find(RRType::A) || node->find(RRType::AAAA),
          node->has_cname(),
          node->is_delegation(),
          node->has_dname()};
}

class Touched {
 public:
  Touched(const ZoneVersion& before, const ZoneVersion& after, const TargetFilter* targets)
      : before_(before), after_(after), targets_(targets) {}

  std::optional<Names> find(const ChangeSet& changes) {
    for (const auto& change : changes.changes) {
      const dns::Name& owner = change.owner();
      if (owner == after_.apex() || !names_.insert(owner).second) continue;
      if (!look_at(owner)) return std::nullopt;
    }
    names_.insert(after_.apex());
    add_new_targets(changes);
    if (!relied_on_.empty()) add_referrers();
    if (names_.size() > many) return std::nullopt;
    return std::move(names_);
  }

 private:
  /// False if it concerns too much of the zone.
  bool look_at(const dns::Name& owner) {
    const auto was = standing_of(before_.find(owner));
    const auto is = standing_of(after_.find(owner));
    if (was == is) return names_.size() <= many;
    if (owner.is_wildcard()) return false;  // it answered, or answers now, for names unknown
    rely_on(owner);
    // An empty non-terminal that comes with it hides a wildcard from the names below.
    for (auto parent = owner.parent(); exists(before_, parent) != exists(after_, parent);
         parent = parent.parent()) {
      rely_on(parent);
    }
    const bool covers = was.is_cut != is.is_cut || was.has_dname != is.has_dname;
    return !covers || add_below(owner);
  }

  static bool exists(const ZoneVersion& version, const dns::Name& name) {
    return version.find(name) != nullptr;
  }

  void rely_on(const dns::Name& name) {
    const Octets labels = name.wire().first(name.size() - after_.apex().size());
    if (targets_ == nullptr || targets_->may_have(labels)) relied_on_.insert(name);
  }

  /// The names below a zone cut or DNAME that came or went.
  bool add_below(const dns::Name& owner) {
    return after_.walk_below(owner, [&](const Node& node) {
      names_.insert(node.owner(after_.apex()));
      return names_.size() <= many;
    });
  }

  /// What a new NS names is glue now, and what an old one named is perhaps no more.
  void add_new_targets(const ChangeSet& changes) {
    for (const auto& change : changes.changes) {
      if (change.type() != RRType::NS) continue;
      for (const auto* side : {&change.before, &change.after}) {
        if (!*side) continue;
        for (const auto& rdata : (*side)->rdata) {
          const auto target = dns::target_of(RRType::NS, rdata.wire());
          if (target.is_subdomain_of(after_.apex())) names_.insert(target);
        }
      }
    }
  }

  /// Whoever points at a name whose standing changed, or below it.
  void add_referrers() {
    const dns::Name& apex = after_.apex();
    for (auto at = after_.walk(); at.leaf() != nullptr && names_.size() <= many; at.next()) {
      for (const auto rrset : at.leaf()->rrsets()) {
        if (rrset.any(
                [&](Octets rdata) { return relies(target_labels(apex, rrset.type(), rdata)); })) {
          names_.insert(at.leaf()->owner(apex));
        }
      }
    }
  }

  bool relies(Octets labels) const {
    if (labels.empty()) return false;
    return std::any_of(relied_on_.begin(), relied_on_.end(), [&](const dns::Name& name) {
      return is_at_or_below(labels, name.wire().first(name.size() - after_.apex().size()));
    });
  }

  const ZoneVersion& before_;
  const ZoneVersion& after_;
  const TargetFilter* targets_;
  Names names_;
  Names relied_on_;
};

}  // namespace

std::optional<Names> names_touched(const ZoneVersion& before, const ZoneVersion& after,
                                   const ChangeSet& changes, const TargetFilter* targets) {
  return Touched(before, after, targets).find(changes);
}

}  // namespace taproot::zonestore
