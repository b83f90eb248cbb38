#include "zonestore/update.hpp"

#include "dns/rdata.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

namespace taproot::zonestore {

namespace {

using dns::Prerequisite;
using dns::Rcode;
using dns::Rdata;
using dns::RRset;
using dns::RRType;
using dns::UpdateChange;

/// More records than this a name cannot hold of one type.
constexpr std::size_t most_records = std::numeric_limits<std::uint16_t>::max();

bool same_value(RRType type, Octets a, Octets b) {
  return dns::compare_canonical(type, a, b) == std::strong_ordering::equal;
}

// --- Prerequisites -----------------------------------------------------------------------------

bool is_in_use(const Node* node) {
  return node != nullptr && !node->is_empty();
}

bool has_exactly(const Node* node, const Prerequisite& wanted) {
  const auto found = node != nullptr ? node->find(wanted.type) : Node::Found();
  if (!found) return false;
  RRset rrset{wanted.owner, wanted.type, 0, wanted.values};
  return dns::same_data(rrset, (*found).to_rrset(wanted.owner));
}

std::optional<UnmetPrerequisite> why_unmet(const Prerequisite& one, const ZoneVersion& zone) {
  using Kind = Prerequisite::Kind;
  const Node* node = zone.find(one.owner);
  const std::string name = one.owner.to_text();
  const bool has_rrset = node != nullptr && node->find(one.type);
  switch (one.kind) {
    case Kind::name_in_use:
      if (is_in_use(node)) return std::nullopt;
      return UnmetPrerequisite{Rcode::nxdomain, name + " is not in use"};
    case Kind::name_not_in_use:
      if (!is_in_use(node)) return std::nullopt;
      return UnmetPrerequisite{Rcode::yxdomain, name + " is in use"};
    case Kind::rrset_exists:
      if (has_rrset) return std::nullopt;
      return UnmetPrerequisite{Rcode::nxrrset, name + " has no " + dns::to_text(one.type)};
    case Kind::rrset_absent:
      if (!has_rrset) return std::nullopt;
      return UnmetPrerequisite{Rcode::yxrrset, name + " has a " + dns::to_text(one.type)};
    case Kind::rrset_has_values:
      if (has_exactly(node, one)) return std::nullopt;
      return UnmetPrerequisite{Rcode::nxrrset,
                               name + " has other values of " + dns::to_text(one.type)};
  }
  return std::nullopt;
}

// --- Changes -----------------------------------------------------------------------------------

/// The records of a name while an UPDATE goes over them.
using Sets = std::map<RRType, RRset>;

/// Types that may stand beside a CNAME (RFC 4034 section 3, RFC 2535 section 2.3.5).
bool may_join_cname(RRType type) {
  return type == RRType::CNAME || type == RRType::RRSIG || type == RRType::NSEC ||
         type == RRType::SIG || type == RRType::KEY || type == RRType::NXT;
}

bool has_other_than_cname(const Sets& sets) {
  return std::any_of(sets.begin(), sets.end(),
                     [](const auto& one) { return !may_join_cname(one.first); });
}

/// A record that the new one takes the place of (section 3.4.2.2): one of the same value; of WKS
/// one of the same address and protocol.
bool is_replaced(RRType type, Octets old, Octets fresh) {
  constexpr std::size_t wks_key = 5;
  if (type != RRType::WKS) return same_value(type, old, fresh);
  return std::equal(old.begin(), old.begin() + wks_key, fresh.begin());
}

class Updater {
 public:
  explicit Updater(const std::shared_ptr<const ZoneVersion>& current) : current_(current) {}

  void carry_out(const UpdateChange& change);
  Updated finish();

 private:
  Sets& sets_of(const dns::Name& owner);
  void add(Sets& sets, const UpdateChange& change);
  void add_soa(Sets& sets, const UpdateChange& change);
  void remove_rrset(Sets& sets, const UpdateChange& change) const;
  void remove_name(Sets& sets, const UpdateChange& change) const;
  void remove_value(Sets& sets, const UpdateChange& change) const;
  bool is_apex(const UpdateChange& change) const { return change.owner == current_->apex(); }
  bool put_into(ZoneBuilder& builder) const;

  const std::shared_ptr<const ZoneVersion>& current_;
  std::map<dns::Name, Sets> touched_;
  bool sets_serial_ = false;
  std::optional<std::string> too_many_;
};

Sets& Updater::sets_of(const dns::Name& owner) {
  const auto [at, is_new] = touched_.try_emplace(owner);
  const Node* node = is_new ? current_->find(owner) : nullptr;
  if (node != nullptr) {
    for (const auto rrset : node->rrsets()) {
      at->second.emplace(rrset.type(), rrset.to_rrset(at->first));
    }
  }
  return at->second;
}

void Updater::carry_out(const UpdateChange& change) {
  using Kind = UpdateChange::Kind;
  Sets& sets = sets_of(change.owner);
  switch (change.kind) {
    case Kind::add:
      return change.type == RRType::SOA ? add_soa(sets, change) : add(sets, change);
    case Kind::remove_rrset:
      return remove_rrset(sets, change);
    case Kind::remove_name:
      return remove_name(sets, change);
    case Kind::remove_value:
      return remove_value(sets, change);
  }
}

/// An RRset has one TTL (RFC 2181 section 5.2): that of the newest record.
void Updater::add(Sets& sets, const UpdateChange& change) {
  const RRType type = change.type;
  if (type == RRType::CNAME) {
    if (has_other_than_cname(sets)) return;
    sets.erase(type);  // there is one at most
  } else if (sets.contains(RRType::CNAME) && !may_join_cname(type)) {
    return;
  }
  RRset& rrset = sets.try_emplace(type, RRset{change.owner, type, change.ttl, {}}).first->second;
  rrset.ttl = change.ttl;
  for (Rdata& value : rrset.rdata) {
    if (!is_replaced(type, value.wire(), change.value.wire())) continue;
    value = change.value;
    return;
  }
  if (rrset.rdata.size() >= most_records) {
    too_many_ = change.owner.to_text() + " would have more than " + std::to_string(most_records) +
                " records of " + dns::to_text(type);
    return;
  }
  rrset.rdata.push_back(change.value);
}

void Updater::add_soa(Sets& sets, const UpdateChange& change) {
  const auto old = sets.find(RRType::SOA);
  if (!is_apex(change) || old == sets.end()) return;
  const auto before = dns::Soa::from_rdata(old->second.rdata.front().wire());
  const auto after = dns::Soa::from_rdata(change.value.wire());
  if (!before || !after || !(after->serial > before->serial)) return;
  old->second.rdata = {change.value};
  old->second.ttl = change.ttl;
  sets_serial_ = true;
}

void Updater::remove_rrset(Sets& sets, const UpdateChange& change) const {
  const bool is_kept = change.type == RRType::SOA || change.type == RRType::NS;
  if (is_apex(change) && is_kept) return;
  sets.erase(change.type);
}

void Updater::remove_name(Sets& sets, const UpdateChange& change) const {
  std::erase_if(sets, [&](const auto& one) {
    const RRType type = one.first;
    if (is_apex(change) && (type == RRType::SOA || type == RRType::NS)) return false;
    return std::find(change.spares.begin(), change.spares.end(), type) == change.spares.end();
  });
}

void Updater::remove_value(Sets& sets, const UpdateChange& change) const {
  const RRType type = change.type;
  const auto at = sets.find(type);
  if (type == RRType::SOA || at == sets.end()) return;
  auto& values = at->second.rdata;
  if (is_apex(change) && type == RRType::NS && values.size() == 1) return;
  std::erase_if(values, [&](const Rdata& value) {
    return same_value(type, value.wire(), change.value.wire());
  });
  if (values.empty()) sets.erase(at);
}

/// Whether anything is different now.
bool Updater::put_into(ZoneBuilder& builder) const {
  bool changed = false;
  for (const auto& [owner, sets] : touched_) {
    if (const Node* node = current_->find(owner)) {
      for (const auto rrset : node->rrsets()) {
        if (!sets.contains(rrset.type())) changed = builder.remove(owner, rrset.type()) || changed;
      }
    }
    for (const auto& [type, rrset] : sets) {
      const auto before = builder.find(owner, type);
      if (before && dns::same_rrset(*before, rrset)) continue;
      builder.put(rrset);
      changed = true;
    }
  }
  return changed;
}

Updated Updater::finish() {
  if (too_many_) return {Rcode::refused, std::move(*too_many_), nullptr, false};
  ZoneBuilder builder(*current_);
  if (!put_into(builder)) return {Rcode::noerror, {}, current_, false};
  if (!sets_serial_) builder.set_serial(current_->serial().next());
  auto version = builder.finish();
  if (!version) return {Rcode::servfail, version.error().detail, nullptr, false};
  return {Rcode::noerror, {}, std::move(*version), sets_serial_};
}

}  // namespace

std::optional<UnmetPrerequisite> find_unmet(const ZoneVersion& zone,
                                            const std::vector<Prerequisite>& prerequisites) {
  for (const bool of_values : {false, true}) {
    for (const auto& one : prerequisites) {
      if ((one.kind == Prerequisite::Kind::rrset_has_values) != of_values) continue;
      if (auto unmet = why_unmet(one, zone)) return unmet;
    }
  }
  return std::nullopt;
}

Updated update_zone(const std::shared_ptr<const ZoneVersion>& current, const dns::Update& update) {
  if (auto unmet = find_unmet(*current, update.prerequisites)) {
    return {unmet->rcode, std::move(unmet->why), nullptr, false};
  }
  Updater updater(current);
  for (const auto& change : update.changes) updater.carry_out(change);
  return updater.finish();
}

}  // namespace taproot::zonestore
