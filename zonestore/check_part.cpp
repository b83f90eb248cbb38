#include "zonestore/check_part.hpp"

#include "dns/rdata.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace taproot::zonestore {

namespace {

using dns::RRType;

/// More CNAMEs than this are not followed by anybody.
constexpr std::size_t max_chain = 32;

SourceRecords::Item item_of(const dns::Name& owner, const RRsetView& rrset, Octets rdata,
                            std::uint32_t file) {
  return {owner, rrset.type(), rrset.ttl(), dns::Rdata(rdata), Place{file, 0, 0}};
}

void append_records(const Node& node, const dns::Name& apex, std::uint32_t file,
                    std::vector<SourceRecords::Item>& items) {
  const dns::Name owner = node.owner(apex);
  for (const auto rrset : node.rrsets()) {
    for (const Octets rdata : rrset) items.push_back(item_of(owner, rrset, rdata, file));
  }
}

/// Gathers the names that the rules look at beside those they are about.
class Surroundings {
 public:
  Surroundings(const ZoneVersion& version, SourceRecords& records)
      : version_(version), records_(records) {
    for (const auto& item : records.items) focus_.insert(item.owner);
  }

  /// Adds their records as those of no place; returns the empty non-terminals among them.
  std::vector<dns::Name> gather() {
    add(version_.apex_node());
    const std::size_t count = records_.items.size();
    for (std::size_t i = 0; i < count; ++i) {
      const auto item = records_.items[i];  // a copy: adding moves the others
      if (i == 0 || records_.items[i - 1].owner != item.owner) add_ancestors(item.owner);
      if (const auto target = target_labels(version_.apex(), item.type, item.rdata.wire());
          !target.empty()) {
        follow(name_of(target), item.type == RRType::CNAME);
      }
    }
    add_referrers_of_glue(count);
    return std::move(empty_);
  }

 private:
  dns::Name name_of(Octets labels) const {
    std::vector<std::uint8_t> wire(labels.begin(), labels.end());
    const Octets apex = version_.apex().wire();
    wire.insert(wire.end(), apex.begin(), apex.end());
    return dns::Name::from_trusted(wire);
  }

  void add(const Node& node) {
    const dns::Name owner = node.owner(version_.apex());
    if (focus_.contains(owner) || !added_.insert(owner).second) return;
    if (node.is_empty()) empty_.push_back(owner);
    append_records(node, version_.apex(), Place::elsewhere, records_.items);
  }

  /// The name, if it is there, and those above it.
  void add_ancestors(dns::Name name) {
    for (; name.size() > version_.apex().size(); name = name.parent()) {
      if (const Node* node = version_.find(name)) add(*node);
    }
  }

  /// What answers for a target: itself, or the wildcard of its closest encloser.
  const Node* answering(const dns::Name& target) const {
    const auto found = version_.lookup(target.wire());
    if (found.exact != nullptr || found.closest_encloser == nullptr) return found.exact;
    return version_.find_wildcard(*found.closest_encloser);
  }

  void follow(dns::Name target, bool chain) {
    for (std::size_t steps = 0; steps < max_chain; ++steps) {
      add_ancestors(target);
      const Node* node = answering(target);
      if (node == nullptr) return;
      add(*node);
      const auto cname = node->find(RRType::CNAME);
      if (!chain || !cname) return;
      const Octets next = target_labels(version_.apex(), RRType::CNAME, (*cname).first());
      if (next.empty()) return;
      target = name_of(next);
    }
  }

  /// An address below a zone cut may be glue of a delegation elsewhere: where its own does not
  /// name it, all of them are asked.
  void add_referrers_of_glue(std::size_t count) {
    Names glue;
    for (std::size_t i = 0; i < count; ++i) {
      const auto& item = records_.items[i];
      if (item.type != RRType::A && item.type != RRType::AAAA) continue;
      const auto found = version_.lookup(item.owner.wire());
      if (found.delegation != nullptr && !names(*found.delegation, item.owner)) {
        glue.insert(item.owner);
      }
    }
    if (glue.empty()) return;
    for (auto at = version_.walk(); at.leaf() != nullptr; at.next()) {
      if (!at.leaf()->is_delegation()) continue;
      const bool is_one = std::any_of(
          glue.begin(), glue.end(), [&](const dns::Name& name) { return names(*at.leaf(), name); });
      if (is_one) add(*at.leaf());
    }
  }

  static bool names(const Node& delegation, const dns::Name& nameserver) {
    const auto ns = delegation.find(RRType::NS);
    if (!ns) return false;
    return (*ns).any([&](Octets rdata) { return dns::same_name(rdata, nameserver.wire()); });
  }

  const ZoneVersion& version_;
  SourceRecords& records_;
  Names focus_;
  Names added_;
  std::vector<dns::Name> empty_;
};

}  // namespace

std::vector<Finding> check_part(const ZoneVersion& version, SourceRecords focus,
                                const LineReader& lines, const RulePolicy& policy) {
  const auto empty = Surroundings(version, focus).gather();
  return run_check(version.apex(), focus, empty, lines, policy);
}

SourceRecords records_of(const ZoneVersion& version, const Names& names) {
  SourceRecords records;
  records.files.emplace_back();
  for (const auto& name : names) {
    if (const Node* node = version.find(name)) {
      append_records(*node, version.apex(), 0, records.items);
    }
  }
  return records;
}

std::vector<Finding> check_version(const ZoneVersion& version, const RulePolicy& policy) {
  return check_part(version, records_of(version, names_not_plain(version, policy)), nullptr,
                    policy);
}

}  // namespace taproot::zonestore
