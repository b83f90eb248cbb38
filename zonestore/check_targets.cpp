#include "dns/rdata.hpp"
#include "zonestore/check_rules.hpp"

#include <string_view>

namespace taproot::zonestore {

namespace {

using dns::RRType;
using Item = SourceRecords::Item;

bool has_target(RRType type) {
  switch (type) {
    case RRType::NS:
    case RRType::CNAME:
    case RRType::MX:
    case RRType::SRV:
    case RRType::KX:
    case RRType::AFSDB:
    case RRType::RT:
    case RRType::SVCB:
    case RRType::HTTPS:
      return true;
    default:
      return false;  // RRType is open: types without a target are the rule
  }
}

/// These must point at addresses, not at aliases (RFC 2181 section 10.3, RFC 2782).
bool wants_address(RRType type) {
  return type == RRType::NS || type == RRType::MX || type == RRType::SRV;
}

bool has_address(const CheckIndex& index, std::uint32_t owner) {
  if (owner == CheckIndex::none) return false;
  return index.has(index.owner(owner), RRType::A) || index.has(index.owner(owner), RRType::AAAA);
}

/// A label that is a number from 0 to 255.
bool is_octet_label(Octets wire) {
  if (wire[0] == 0 || wire[0] > 3) return false;
  unsigned value = 0;
  for (const auto c : wire.subspan(1, wire[0])) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + (c - '0');
  }
  return value <= 255;
}

/// 192.0.2.1. as a name, or 192.0.2.1.example.com. where the dot at the end was forgotten.
bool looks_like_address(const dns::Name& name, const dns::Name& apex) {
  Octets wire = name.wire();
  for (int i = 0; i < 4; ++i) {
    if (!is_octet_label(wire)) return false;
    wire = wire.subspan(wire[0] + std::size_t{1});
  }
  static const dns::Name arpa = *dns::Name::from_text("arpa.");
  return wire.size() == 1 || (dns::same_name(wire, apex.wire()) && !apex.is_subdomain_of(arpa));
}

/// One record that points at a name of this zone.
struct Pointer {
  const Item& item;
  const CheckIndex::Set& set;
  const dns::Name& target;
  CheckIndex::Target found;

  std::string text() const {
    return item.owner.to_text() + " " + dns::to_text(set.type) + " points at " + target.to_text();
  }
};

void tell_cname(CheckedZone& zone, const Pointer& pointer) {
  const std::string message = pointer.text() + ", which is a CNAME";
  const char* cure = "point at the name that the CNAME leads to";
  const auto& index = zone.index();
  const auto* cname = index.find(index.owner(pointer.found.answers), RRType::CNAME);
  const FindingDetails also{{}, {{index.first_item(*cname), "the CNAME is here"}}};
  if (pointer.set.type == RRType::SRV) {
    zone.warning("target-is-cname", pointer.item, message, cure, also);
  } else {
    zone.error("target-is-cname", pointer.item, message, cure, also);
  }
}

void check_nameserver(CheckedZone& zone, const Pointer& pointer) {
  const auto& index = zone.index();
  if (!zone.is_complete() || has_address(index, pointer.found.answers)) return;
  const bool below_cut = pointer.found.cut != CheckIndex::none;
  if (below_cut && pointer.found.cut == pointer.set.owner) {
    zone.error("glue-missing", pointer.item,
               pointer.text() + ", which lies in the delegated zone itself and has no address here",
               "write A or AAAA records for " + pointer.target.to_text() + " beside the NS");
  } else if (!below_cut) {
    zone.error("address-missing", pointer.item, pointer.text() + ", which has no address",
               "write A or AAAA records for " + pointer.target.to_text());
  }
}

void check_other(CheckedZone& zone, const Pointer& pointer) {
  const auto& index = zone.index();
  if (!zone.is_complete() || pointer.found.cut != CheckIndex::none) return;
  const auto answers = pointer.found.answers;
  if (answers == CheckIndex::none || index.owner(answers).set_count == 0) {
    zone.warning("dangling-target", pointer.item, pointer.text() + ", which does not exist",
                 "write records for it, or mend the name");
  } else if (wants_address(pointer.set.type) && !has_address(index, answers)) {
    zone.warning("dangling-target", pointer.item, pointer.text() + ", which has no address",
                 "write A or AAAA records for it, or mend the name");
  }
}

void check_pointer(CheckedZone& zone, const CheckIndex::Set& set, const Item& item) {
  const auto& index = zone.index();
  const dns::Name target = dns::target_of(set.type, item.rdata.wire());
  if (target.is_root()) return;  // null MX, SRV without service, SVCB's own owner
  if (wants_address(set.type) && looks_like_address(target, index.apex())) {
    return zone.warning("target-is-address", item,
                        item.owner.to_text() + " " + dns::to_text(set.type) + " points at " +
                            target.to_text() + ", an address where a name belongs",
                        "give the address a name with an A record, and write that name");
  }
  const Pointer pointer{item, set, target, index.target(target)};
  if (!pointer.found.in_zone || pointer.found.dname != CheckIndex::none) return;
  const auto answers = pointer.found.answers;
  if (wants_address(set.type) && pointer.found.cut == CheckIndex::none &&
      answers != CheckIndex::none && index.has(index.owner(answers), RRType::CNAME)) {
    return tell_cname(zone, pointer);
  }
  if (set.type == RRType::NS) return check_nameserver(zone, pointer);
  check_other(zone, pointer);
}

/// Behind a zone cut or a DNAME: never answered, which another rule tells.
bool is_hidden(const CheckIndex& index, const CheckIndex::Set& set) {
  const auto& owner = index.owner(set.owner);
  const bool delegation = owner.cut == set.owner && set.type == RRType::NS;
  return (owner.cut != CheckIndex::none && !delegation) || owner.dname != CheckIndex::none;
}

}  // namespace

void check_targets(CheckedZone& zone) {
  const auto& index = zone.index();
  for (const auto& set : index.sets()) {
    if (!has_target(set.type) || is_hidden(index, set)) continue;
    for (const auto at : set.items) check_pointer(zone, set, index.item(at));
  }
}

}  // namespace taproot::zonestore
