#include "zonestore/check_index.hpp"

#include "dns/rdata.hpp"
#include "zonestore/labels.hpp"

#include <algorithm>
#include <utility>

namespace taproot::zonestore {

namespace {

/// Ignores the case of ASCII letters, as comparing names does.
std::size_t hash(Octets wire) {
  std::uint64_t value = 0xcbf2'9ce4'8422'2325u;
  for (const auto octet : wire) value = (value ^ dns::lower(octet)) * 0x0000'0100'0000'01b3u;
  return static_cast<std::size_t>(value ^ value >> 29);
}

std::uint32_t tag_of(std::size_t hashed) {
  return static_cast<std::uint32_t>(hashed >> 32);
}

}  // namespace

CheckIndex::CheckIndex(const dns::Name& apex, const SourceRecords& records,
                       const std::vector<dns::Name>& empty)
    : apex_(apex), records_(records) {
  slots_.assign(64, Slot{});
  add_owner(apex_.wire());
  for (const auto& name : empty) add_owner(name.wire());
  add_items();
  find_cuts();
  find_glue();
}

bool CheckIndex::is_in_zone(Octets wire) const {
  const std::size_t apex_size = apex_.size();
  while (wire.size() > apex_size) wire = parent_of(wire);
  return dns::same_name(wire, apex_.wire());
}

void CheckIndex::add_items() {
  std::vector<std::pair<std::uint64_t, std::uint32_t>> keys;
  keys.reserve(records_.items.size());
  std::uint32_t owner = 0;
  Octets last = apex_.wire();
  for (std::size_t i = 0; i < records_.items.size(); ++i) {
    const auto& item = records_.items[i];
    const auto at = static_cast<std::uint32_t>(i);
    const Octets wire = item.owner.wire();
    if (!dns::same_name(wire, last)) {
      if (!is_in_zone(wire)) {
        outside_.push_back(at);
        continue;
      }
      owner = add_owner(wire);
      last = wire;
    }
    keys.emplace_back(std::uint64_t{owner} << 16 | static_cast<std::uint16_t>(item.type), at);
  }
  group(std::move(keys));
}

/// Adds a name of the zone and all names between it and the apex.
std::uint32_t CheckIndex::add_owner(Octets wire) {
  std::uint32_t child = none;
  std::uint32_t result = none;
  for (;;) {
    const std::size_t hashed = hash(wire);
    Slot& slot = slots_[slot_of(wire, hashed)];
    const bool known = slot.owner != none;
    const std::uint32_t at = known ? slot.owner : static_cast<std::uint32_t>(owners_.size());
    if (result == none) result = at;
    if (child != none) owners_[child].parent = at;
    if (known) return result;
    slot = {at, tag_of(hashed)};
    owners_.push_back({});
    owners_.back().wire = wire;
    if (owners_.size() * 2 > slots_.size()) grow();
    if (wire.size() == apex_.size()) return result;
    child = at;
    wire = parent_of(wire);
  }
}

/// Where the name is, or where it would be put.
std::size_t CheckIndex::slot_of(Octets wire, std::size_t hashed) const {
  const std::size_t mask = slots_.size() - 1;
  const std::uint32_t tag = tag_of(hashed);
  for (std::size_t at = hashed & mask;; at = (at + 1) & mask) {
    const Slot& slot = slots_[at];
    if (slot.owner == none) return at;
    if (slot.tag == tag && dns::same_name(owners_[slot.owner].wire, wire)) return at;
  }
}

void CheckIndex::grow() {
  slots_.assign(slots_.size() * 4, Slot{});
  for (std::size_t i = 0; i < owners_.size(); ++i) {
    const std::size_t hashed = hash(owners_[i].wire);
    slots_[slot_of(owners_[i].wire, hashed)] = {static_cast<std::uint32_t>(i), tag_of(hashed)};
  }
}

void CheckIndex::group(std::vector<std::pair<std::uint64_t, std::uint32_t>> keys) {
  if (!std::is_sorted(keys.begin(), keys.end())) std::sort(keys.begin(), keys.end());
  items_.reserve(keys.size());  // spans into it stay good
  for (std::size_t i = 0; i < keys.size();) {
    const std::size_t begin = i;
    for (; i < keys.size() && keys[i].first == keys[begin].first; ++i) {
      items_.push_back(keys[i].second);
    }
    const auto at = static_cast<std::uint32_t>(keys[begin].first >> 16);
    Owner& owner = owners_[at];
    if (owner.set_count++ == 0) owner.first_set = static_cast<std::uint32_t>(sets_.size());
    sets_.push_back({at, static_cast<dns::RRType>(keys[begin].first & 0xffff),
                     std::span(items_).subspan(begin, i - begin)});
  }
}

/// A parent may stand behind its child, so each chain is followed up to what is known already.
void CheckIndex::find_cuts() {
  std::vector<bool> known(owners_.size(), false);
  known[0] = true;
  std::vector<std::uint32_t> chain;
  for (std::uint32_t i = 1; i < owners_.size(); ++i) {
    for (auto at = i; !known[at]; at = owners_[at].parent) chain.push_back(at);
    for (; !chain.empty(); chain.pop_back()) {
      Owner& owner = owners_[chain.back()];
      const Owner& parent = owners_[owner.parent];
      known[chain.back()] = true;
      owner.cut = parent.cut;
      if (owner.cut == none && has(owner, dns::RRType::NS)) owner.cut = chain.back();
      owner.dname = parent.dname;
      if (owner.dname == none && has(parent, dns::RRType::DNAME)) owner.dname = owner.parent;
    }
  }
}

void CheckIndex::find_glue() {
  for (const Set& set : sets_) {
    if (set.type != dns::RRType::NS || owners_[set.owner].cut != set.owner) continue;
    for (const auto at : set.items) {
      const auto target = dns::target_of(set.type, item(at).rdata.wire());
      const auto owner = find(target.wire());
      if (owner != none) owners_[owner].is_delegation_target = true;
    }
  }
}

std::uint32_t CheckIndex::find(Octets wire) const {
  return slots_[slot_of(wire, hash(wire))].owner;
}

const CheckIndex::Set* CheckIndex::find(const Owner& owner, dns::RRType type) const {
  const auto sets = sets_of(owner);  // by ascending type
  const auto found = std::lower_bound(sets.begin(), sets.end(), type,
                                      [](const Set& set, dns::RRType t) { return set.type < t; });
  return found != sets.end() && found->type == type ? &*found : nullptr;
}

CheckIndex::Target CheckIndex::target(const dns::Name& name) const {
  Target result;
  Octets wire = name.wire();
  result.in_zone = is_in_zone(wire);
  if (!result.in_zone) return result;
  std::uint32_t encloser = find(wire);
  const bool exact = encloser != none;
  while (encloser == none) {
    wire = parent_of(wire);
    encloser = find(wire);
  }
  const Owner& closest = owners_[encloser];
  result.cut = closest.cut;
  result.dname = closest.dname;
  if (!exact && result.dname == none && has(closest, dns::RRType::DNAME)) result.dname = encloser;
  if (exact) {
    result.answers = encloser;
  } else if (const auto wildcard = dns::Name::from_trusted(closest.wire).child("*")) {
    result.answers = find(wildcard->wire());  // RFC 4592 section 2.2.1
  }
  return result;
}

}  // namespace taproot::zonestore
