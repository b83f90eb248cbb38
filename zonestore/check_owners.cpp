#include "dns/rdata.hpp"
#include "zonestore/check_rules.hpp"

#include <algorithm>

namespace taproot::zonestore {

namespace {

using dns::RRType;

/// More types than are in use anywhere: a name is one block of memory, written anew per type.
constexpr std::uint32_t max_types = 100;

/// RFC 4035 section 2.5 and RFC 2535's KEY: what may stand beside a CNAME.
bool may_be_beside_cname(RRType type) {
  return type == RRType::CNAME || type == RRType::RRSIG || type == RRType::NSEC ||
         type == RRType::KEY || type == RRType::SIG || type == RRType::NXT;
}

bool is_address(RRType type) {
  return type == RRType::A || type == RRType::AAAA;
}

/// What the parent's side of a zone cut holds with authority (RFC 4035 section 2.2), and NS.
bool belongs_to_cut(RRType type) {
  return type == RRType::NS || type == RRType::DS || type == RRType::NSEC || type == RRType::RRSIG;
}

void check_cname(CheckedZone& zone, const CheckIndex::Owner& owner) {
  const auto& index = zone.index();
  const auto* cname = index.find(owner, RRType::CNAME);
  if (cname == nullptr) return;
  std::string others;
  std::uint32_t place = cname->items[0];
  for (const auto& set : index.sets_of(owner)) {
    if (may_be_beside_cname(set.type)) continue;
    others += (others.empty() ? "" : ", ") + dns::to_text(set.type);
    place = std::max(place, set.items[0]);
  }
  if (others.empty()) return;
  const char* cure = index.is_apex(owner)
                         ? "the apex needs SOA and NS, so it can have no CNAME: write A and AAAA"
                         : "remove either the CNAME or the other records";
  FindingDetails details;
  for (const auto& set : index.sets_of(owner)) {
    const bool is_it = set.items[0] == place;
    if (is_it || (may_be_beside_cname(set.type) && &set != cname)) continue;
    const std::string says = &set == cname ? "the CNAME" : "the " + dns::to_text(set.type);
    details.also.push_back({index.first_item(set), says + " is here"});
    if (details.also.size() == 2) break;  // enough to see it
  }
  zone.error("cname-and-other-data", index.item(place),
             index.first_item(*cname).owner.to_text() + " has a CNAME beside " + others, cure,
             details);
}

void check_wildcard(CheckedZone& zone, const CheckIndex::Owner& owner) {
  const auto& index = zone.index();
  if (index.is_apex(owner)) return;
  const auto* ns = index.find(owner, RRType::NS);
  if (ns == nullptr || !index.first_item(*ns).owner.is_wildcard()) return;
  zone.error("wildcard-ns", index.first_item(*ns),
             index.first_item(*ns).owner.to_text() +
                 " has NS: what a wildcard delegates is not "
                 "defined (RFC 4592 section 4.2)",
             "delegate each name by itself");
}

void check_below_dname(CheckedZone& zone, const CheckIndex::Owner& owner) {
  const auto& index = zone.index();
  if (owner.dname == CheckIndex::none || owner.cut != CheckIndex::none) return;
  const auto& item = index.first_item(index.sets_of(owner)[0]);
  const auto& above = index.owner(owner.dname);
  const auto dname = dns::Name::from_trusted(above.wire);
  const auto& dname_item = index.first_item(*index.find(above, RRType::DNAME));
  zone.error("data-below-dname", item,
             item.owner.to_text() + " lies below the DNAME at " + dname.to_text() +
                 ", which answers for it",
             "remove the DNAME, or the records below it",
             {{}, {{dname_item, "the DNAME is here"}}});
}

void check_below_cut(CheckedZone& zone, const CheckIndex::Owner& owner) {
  const auto& index = zone.index();
  if (owner.cut == CheckIndex::none) return;
  const auto& cut = index.owner(owner.cut);
  const bool at_cut = &cut == &owner;
  const std::string cut_name = dns::Name::from_trusted(cut.wire).to_text();
  for (const auto& set : index.sets_of(owner)) {
    const auto& item = index.first_item(set);
    const std::string what = item.owner.to_text() + " " + dns::to_text(set.type);
    if (at_cut && belongs_to_cut(set.type)) continue;
    if (!is_address(set.type)) {
      zone.warning("occluded-data", item,
                   what + " is never answered, because " + cut_name + " is delegated",
                   "move it into the zone " + cut_name + ", or remove the delegation");
    } else if (!owner.is_delegation_target) {
      zone.warning(
          "extra-glue", item,
          what + " is below the delegation of " + cut_name + ", and no NS of a delegation names it",
          "move it into the zone " + cut_name + ", or mend the NS records");
    }
  }
}

void check_ds(CheckedZone& zone, const CheckIndex::Owner& owner) {
  const auto& index = zone.index();
  const auto* ds = index.find(owner, RRType::DS);
  if (ds == nullptr) return;
  const bool delegated = !index.is_apex(owner) && index.has(owner, RRType::NS);
  const bool occluded = owner.cut != CheckIndex::none;
  if (delegated || occluded) return;
  const auto& item = index.first_item(*ds);
  zone.warning("ds-without-delegation", item,
               item.owner.to_text() + " has a DS but is not delegated here",
               index.is_apex(owner) ? "give the DS to the parent zone"
                                    : "write the NS of the delegation, or remove the DS");
}

void check_type_count(CheckedZone& zone, const CheckIndex::Owner& owner) {
  const auto& index = zone.index();
  if (owner.set_count <= max_types) return;
  const auto& item = index.first_item(index.sets_of(owner)[max_types]);
  zone.error("too-many-types", item,
             item.owner.to_text() + " has records of " + std::to_string(owner.set_count) +
                 " types, " + std::to_string(max_types) + " are allowed",
             "spread them over several names");
}

}  // namespace

void check_owners(CheckedZone& zone) {
  for (const auto& owner : zone.index().owners()) {
    if (owner.set_count == 0) continue;
    check_type_count(zone, owner);
    check_cname(zone, owner);
    check_wildcard(zone, owner);
    check_below_dname(zone, owner);
    check_below_cut(zone, owner);
    check_ds(zone, owner);
  }
}

}  // namespace taproot::zonestore
