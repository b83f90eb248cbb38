#include "server/answer.hpp"

#include "dns/name.hpp"

#include <algorithm>
#include <cstring>
#include <optional>

namespace taproot::server {

namespace {

using dns::RRType;
using zonestore::Lookup;
using zonestore::Node;
using zonestore::RRsetView;
using zonestore::ZoneEntry;
using zonestore::ZoneSet;
using zonestore::ZoneVersion;

bool is_at_or_below(Octets name, Octets ancestor) {
  while (name.size() > ancestor.size()) name = name.subspan(name[0] + std::size_t{1});
  return name.size() == ancestor.size() && dns::same_name(name, ancestor);
}

/// The owner of `node` as the last part of a name at or below it, so that it is written as a
/// pointer to that name.
Octets owner_in(Octets name, const Node& node, const ZoneVersion& zone) {
  return name.last(node.labels().size() + zone.apex().size());
}

/// Data below a DNAME is as if it were not there (RFC 6672 section 2.4), unless the DNAME itself
/// lies in a delegated zone.
bool is_renamed(const Lookup& at) {
  if (at.dname == nullptr) return false;
  return at.delegation == nullptr || at.dname->labels().size() < at.delegation->labels().size();
}

/// Octets before the name in the rdata of a type whose targets' addresses are worth adding.
std::optional<std::size_t> target_offset(RRType type) {
  switch (type) {
    case RRType::NS:
      return 0;
    case RRType::MX:
      return 2;
    case RRType::SRV:
      return 6;
    default:
      return std::nullopt;
  }
}

/// RFC 6895 section 3.1. Types that only make sense with a message of their own are a mistake;
/// those that ask for a service are one that we do not have.
std::optional<dns::Rcode> why_bad_type(RRType type) {
  if (!dns::is_meta(type) || type == RRType::ANY) return std::nullopt;
  constexpr auto nxname = static_cast<RRType>(128);  // RFC 9824 section 3.5
  const bool mistake =
      type == RRType::none || type == RRType::OPT || type == RRType::TSIG || type == nxname;
  return mistake ? dns::Rcode::formerr : dns::Rcode::notimp;
}

RRsetView smallest_of(const Node& node) {
  RRsetView smallest = *node.rrsets().begin();
  for (const RRsetView rrset : node.rrsets()) {
    if (rrset.packed().size() < smallest.packed().size()) smallest = rrset;
  }
  return smallest;
}

template <class Denial>
Denial denial(const ZoneVersion& zone, Octets name) {
  const RRsetView soa = *zone.apex_node().find(RRType::SOA);
  return {{name.last(zone.apex().size()), soa}, std::min(soa.ttl(), zone.soa().minimum)};
}

/// One query on its way through the zones.
class Search {
 public:
  Search(const ZoneSet& zones, const dns::Query& query, SynthesisedNames& names, Answer& answer)
      : zones_(zones), qtype_(query.qtype), names_(names), answer_(answer) {}

  /// Follows the chain from `name` to its end.
  Outcome follow(Octets name) {
    for (;;) {
      const ZoneEntry* entry = enclosing_zone(name);
      if (entry == nullptr) return leave(NotOurs{});
      if (entry->version() == nullptr) return leave(NotLoaded{});
      zone_ = entry->version().get();
      if (const auto outcome = look_up(name)) return *outcome;
      const Link& last = answer_.chain[answer_.chain.size() - 1];
      if (ends_at(last)) return ChainOnly{};
      name = last.target;
    }
  }

  /// Adds the addresses of what the outcome's RRset points at.
  void add_addresses(Outcome& outcome) {
    if (auto* referral = std::get_if<Referral>(&outcome)) return add_glue(*referral);
    const auto* found = std::get_if<Found>(&outcome);
    if (found == nullptr) return;
    for_each_target(found->rrset.rrset, [this](Octets target, RRType type) {
      const ZoneEntry* entry = zones_.find_enclosing(target);
      if (entry == nullptr || entry->version() == nullptr) return;
      const Lookup at = entry->version()->lookup(target);
      // Glue is no answer of ours, but a resolver that got our NS may want it at once.
      const bool ours = at.delegation == nullptr || type == RRType::NS;
      if (ours && at.exact != nullptr && !is_renamed(at)) add_addresses_of(*at.exact, target);
    });
  }

 private:
  const ZoneEntry* enclosing_zone(Octets name) const {
    if (qtype_ == RRType::DS) {
      // The parent answers, if it is ours; otherwise the child can at least deny.
      if (const ZoneEntry* parent = zones_.find_enclosing(name, true)) return parent;
    }
    return zones_.find_enclosing(name);
  }

  /// Where the chain leads to a zone that cannot answer, what it has so far is the answer.
  template <class Reason>
  Outcome leave(Reason reason) const {
    if (answer_.chain.empty()) return reason;
    return ChainOnly{};
  }

  /// What the zone has for `name`, or nothing: then there is one more link to follow.
  std::optional<Outcome> look_up(Octets name) {
    const Lookup at = zone_->lookup(name);
    if (is_renamed(at)) return rename(name, *at.dname);
    if (at.delegation != nullptr && !(qtype_ == RRType::DS && at.exact == at.delegation)) {
      const Octets cut = owner_in(name, *at.delegation, *zone_);
      return Referral{{cut, *at.delegation->find(RRType::NS)}, 0};
    }
    const Node* node = at.exact != nullptr ? at.exact : zone_->find_wildcard(*at.closest_encloser);
    if (node == nullptr) return denial<Nxdomain>(*zone_, name);
    return look_at(*node, name);
  }

  std::optional<Outcome> look_at(const Node& node, Octets name) {
    if (node.is_empty()) return denial<Nodata>(*zone_, name);
    if (qtype_ == RRType::ANY) return Found{{name, smallest_of(node)}};
    if (const auto found = node.find(qtype_)) return Found{{name, *found}};
    if (!node.has_cname()) return denial<Nodata>(*zone_, name);
    const RRsetView cname = *node.find(RRType::CNAME);
    answer_.chain.push({name, cname.first(), cname.ttl()});
    return std::nullopt;
  }

  /// RFC 6672 section 3.2: the part of the name from the DNAME's owner on is replaced.
  std::optional<Outcome> rename(Octets name, const Node& node) {
    const Octets owner = owner_in(name, node, *zone_);
    const auto dname = node.find(RRType::DNAME);
    const Octets kept = name.first(name.size() - owner.size());
    const Octets target = (*dname).first();
    auto& room = names_.octets[answer_.chain.size()];
    if (target.size() > room.size() - kept.size()) return TooLongName{{owner, *dname}};
    std::memcpy(room.data(), kept.data(), kept.size());
    std::memcpy(room.data() + kept.size(), target.data(), target.size());
    const Octets renamed{room.data(), kept.size() + target.size()};
    answer_.chain.push({name, renamed, (*dname).ttl(), owner, dname});
    return std::nullopt;
  }

  /// A chain ends where it is full, where it comes back to itself, and where a synthesised CNAME
  /// is what was asked for.
  bool ends_at(const Link& last) const {
    if (answer_.chain.full() || qtype_ == RRType::CNAME || qtype_ == RRType::ANY) return true;
    return std::any_of(answer_.chain.begin(), answer_.chain.end(), [&](const Link& link) {
      return link.owner.size() == last.target.size() && dns::same_name(link.owner, last.target);
    });
  }

  template <class Visit>
  static void for_each_target(const RRsetView& rrset, Visit&& visit) {
    const auto offset = target_offset(rrset.type());
    if (!offset) return;
    std::size_t left = max_additional_names;
    for (const Octets rdata : rrset) {
      if (left-- == 0) return;
      visit(rdata.subspan(*offset), rrset.type());
    }
  }

  /// Glue at or below the cut first, as it must not be missing; then addresses that the same zone
  /// has of other servers (RFC 9471 section 3).
  void add_glue(Referral& referral) {
    const Octets cut = referral.delegation.owner;
    const auto add = [&](bool below_the_cut) {
      for_each_target(referral.delegation.rrset, [&](Octets target, RRType) {
        if (is_at_or_below(target, cut) != below_the_cut) return;
        if (!is_at_or_below(target, zone_->apex().wire())) return;
        const Lookup at = zone_->lookup(target);
        if (at.exact != nullptr && !is_renamed(at)) add_addresses_of(*at.exact, target);
      });
    };
    add(true);
    referral.needed = answer_.additional.size();
    add(false);
  }

  void add_addresses_of(const Node& node, Octets owner) {
    for (const RRType type : {RRType::A, RRType::AAAA}) {
      const auto found = node.find(type);
      if (found && !is_added(*found) && !answer_.additional.full()) {
        answer_.additional.push({owner, *found});
      }
    }
  }

  bool is_added(const RRsetView& rrset) const {
    return std::any_of(answer_.additional.begin(), answer_.additional.end(),
                       [&](const NamedRRset& other) {
                         return other.rrset.packed().data() == rrset.packed().data();
                       });
  }

  const ZoneSet& zones_;
  RRType qtype_;
  SynthesisedNames& names_;
  Answer& answer_;
  const ZoneVersion* zone_ = nullptr;  ///< where the last name was looked up
};

}  // namespace

Answer answer(const ZoneSet& zones, const dns::Query& query, SynthesisedNames& names) {
  Answer result;
  if (query.qclass != dns::Class::IN) {
    result.outcome = NotOurs{};
  } else if (const auto rcode = why_bad_type(query.qtype)) {
    result.outcome = BadType{*rcode};
  } else {
    Search search(zones, query, names, result);
    result.outcome = search.follow(query.qname);
    search.add_addresses(result.outcome);
  }
  return result;
}

}  // namespace taproot::server
