#include "dns/rdata.hpp"
#include "zonestore/check_part.hpp"
#include "zonestore/labels.hpp"

#include <algorithm>

namespace taproot::zonestore {

namespace {

using dns::RRType;

/// Far below every bound of the rules.
constexpr std::size_t few_records = 64;
constexpr std::size_t few_octets = 16 * 1024;
/// Within these no rule has a word about a TTL.
constexpr std::uint32_t usual_ttl_least = 300;
constexpr std::uint32_t usual_ttl_most = 7 * 86'400;

/// What check_addresses() may have a word about, and a little more.
bool is_special(RRType type, Octets rdata) {
  if (type == RRType::AAAA) return (rdata[0] & 0xe0) != 0x20;  // only 2000::/3 is global unicast
  const auto a = rdata[0];
  const auto b = rdata[1];
  return a == 0 || a == 10 || a == 127 || a >= 224 || (a == 100 && (b & 0xc0) == 64) ||
         (a == 169 && b == 254) || (a == 172 && (b & 0xf0) == 16) ||
         (a == 192 && (b == 168 || (b == 0 && rdata[2] == 0))) || (a == 198 && (b & 0xfe) == 18);
}

bool is_for_documentation(RRType type, Octets rdata) {
  if (type == RRType::AAAA) {
    return (rdata[1] == 0x01 && rdata[2] == 0x0d) || (rdata[0] == 0x3f && rdata[1] == 0xff);
  }
  const auto block = rdata[0] << 16 | rdata[1] << 8 | rdata[2];
  return block == 0xc0'00'02 || block == 0xc6'33'64 || block == 0xcb'00'71;
}

/// Labels that may be, or should be, internationalised (RFC 5890).
bool has_special_label(Octets labels) {
  for (; !labels.empty(); labels = parent_of(labels)) {
    const Octets label = labels.subspan(1, labels[0]);
    if (label.size() > 3 && label[2] == '-' && label[3] == '-') return true;
    for (const auto octet : label) {
      if (octet >= 0x80) return true;
    }
  }
  return false;
}

bool has_address(const Node& node) {
  return node.find(RRType::A) || node.find(RRType::AAAA);
}

/// Goes through a version in its order and picks the names that are not plain: plain is what
/// every rule is silent about, decided with few looks at other names.
class PlainWalk {
 public:
  PlainWalk(const ZoneVersion& version, const RulePolicy& policy)
      : version_(version),
        documentation_is_plain_(!policy.severity_of("documentation-address", {})) {}

  Names names_not_plain() {
    Names found;
    for (auto at = version_.walk(); at.leaf() != nullptr; at.next()) {
      const Node& node = *at.leaf();
      note_cuts(node);
      if (!node.is_empty() && !is_plain(node)) found.insert(node.owner(version_.apex()));
    }
    return found;
  }

 private:
  /// Whatever is below a name follows it at once, so one cut and one DNAME are enough.
  void note_cuts(const Node& node) {
    if (cut_ != nullptr && !is_at_or_below(node.labels(), cut_->labels())) cut_ = nullptr;
    if (dname_ != nullptr && !is_at_or_below(node.labels(), dname_->labels())) dname_ = nullptr;
    if (cut_ == nullptr && node.is_delegation()) cut_ = &node;
    if (dname_ == nullptr && node.has_dname()) dname_ = &node;
  }

  bool is_plain(const Node& node) const {
    if (node.is_apex() || node.is_wildcard() || dname_ != nullptr) return false;
    if (has_special_label(node.labels())) return false;
    if (node.has_cname() && node.rrset_count() > 1) return false;
    for (const auto rrset : node.rrsets()) {
      if (rrset.count() > few_records || rrset.packed().size() > few_octets) return false;
      if (rrset.ttl() < usual_ttl_least || rrset.ttl() > usual_ttl_most) return false;
      if (!is_plain(node, rrset)) return false;
    }
    return true;
  }

  bool is_plain(const Node& node, const RRsetView& rrset) const {
    switch (rrset.type()) {
      case RRType::A:
      case RRType::AAAA:
        return is_plain_address(node, rrset);
      case RRType::NS:
        return cut_ == &node && !rrset.any([&](Octets ns) { return !is_plain_ns(node, ns); });
      case RRType::DS:
        return cut_ == &node;
      case RRType::CNAME:
        return cut_ == nullptr && rrset.count() == 1 && is_plain_cname(rrset.first());
      case RRType::PTR:
        return cut_ == nullptr;
      default:
        return false;  // RRType is open
    }
  }

  bool is_plain_address(const Node& node, const RRsetView& rrset) const {
    if (cut_ == &node) return false;
    if (cut_ != nullptr && !is_named(*cut_, node.owner(version_.apex()).wire())) return false;
    return !rrset.any([&](Octets rdata) {
      return is_special(rrset.type(), rdata) ||
             (!documentation_is_plain_ && is_for_documentation(rrset.type(), rdata));
    });
  }

  static bool is_named(const Node& cut, Octets nameserver) {
    const auto ns = cut.find(RRType::NS);
    return ns && (*ns).any([&](Octets rdata) { return dns::same_name(rdata, nameserver); });
  }

  bool is_plain_ns(const Node& node, Octets nameserver) const {
    const bool like_an_address = nameserver[0] > 0 && nameserver[0] <= 3 && nameserver[1] <= '9';
    if (like_an_address) return false;
    if (nameserver.size() < version_.apex().size()) return true;
    const Octets labels = labels_below(version_.apex(), nameserver);
    if (labels.empty()) return !dns::same_name(nameserver, version_.apex().wire());
    const auto found = version_.lookup(nameserver);
    if (found.exact == nullptr || found.exact->has_cname()) return false;
    if (!has_address(*found.exact)) return false;
    const bool in_own_cut = is_at_or_below(labels, node.labels());
    return in_own_cut || found.delegation == nullptr;
  }

  bool is_plain_cname(Octets target) const {
    if (target.size() == 1) return false;
    if (target.size() < version_.apex().size()) return true;
    if (labels_below(version_.apex(), target).empty()) {
      return !dns::same_name(target, version_.apex().wire());
    }
    const auto found = version_.lookup(target);
    return found.exact != nullptr && !found.exact->is_empty() && !found.exact->has_cname() &&
           found.delegation == nullptr;
  }

  const ZoneVersion& version_;
  bool documentation_is_plain_;
  const Node* cut_ = nullptr;    // the topmost zone cut at or above the node
  const Node* dname_ = nullptr;  // a DNAME at or above it
};

}  // namespace

Names names_not_plain(const ZoneVersion& version, const RulePolicy& policy) {
  return PlainWalk(version, policy).names_not_plain();
}

}  // namespace taproot::zonestore
