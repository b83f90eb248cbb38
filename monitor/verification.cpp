#include "monitor/verification.hpp"

#include "zonestore/node.hpp"

#include <algorithm>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <tuple>
#include <utility>

namespace taproot::monitor {

namespace {

using dns::RRType;
using zonestore::Node;
using zonestore::ZoneVersion;

/// NSEC3 cannot be asked for, and a server may keep RRSIG and NSEC to itself (RFC 8482) or make
/// its own.
bool is_made_by_signing(RRType type) {
  return type == RRType::RRSIG || type == RRType::NSEC || type == RRType::NSEC3;
}

bool belongs_to_provider(const Node& node, RRType type, const VerifyOptions& options) {
  return options.provider_owns_apex && node.is_apex() &&
         (type == RRType::SOA || type == RRType::NS);
}

bool belongs_to_provider(const ZoneVersion& version, const dns::Name& owner, RRType type,
                         const VerifyOptions& options) {
  return owner == version.apex() && belongs_to_provider(version.apex_node(), type, options);
}

ExpectedAnswer expect_at_delegation(const ZoneVersion& version, const Node& node, RRType type) {
  const auto owner = node.owner(version.apex());
  const auto found = node.find(type);
  if (type == RRType::NS) return ExpectedAnswer::referral((*found).to_rrset(owner));
  if (found) return ExpectedAnswer::data((*found).to_rrset(owner));
  return ExpectedAnswer::absence(owner, type);
}

/// What a wildcard puts in the place of a name that is not there (RFC 4592), or nothing.
ExpectedAnswer expect_instead(const ZoneVersion& version, const Node& closest_encloser,
                              const dns::Name& owner, RRType type) {
  const Node* wildcard = version.find_wildcard(closest_encloser);
  if (wildcard == nullptr) return ExpectedAnswer::absence(owner, type);
  const auto found = wildcard->find(type);
  if (!found) return ExpectedAnswer::absence(owner, type);
  return ExpectedAnswer::data((*found).to_rrset(owner));
}

/// Picks `size` of the things offered, each with the same chance, however many there will be.
class Sample {
 public:
  Sample(std::size_t size, std::uint64_t seed) : size_(size), random_(seed) {}

  void offer(const Node& node, RRType type) {
    ++offered_;
    if (picked_.size() < size_) {
      picked_.emplace_back(&node, type);
      return;
    }
    const auto at = std::uniform_int_distribution<std::size_t>(0, offered_ - 1)(random_);
    if (at < size_) picked_[at] = {&node, type};
  }

  const std::vector<std::pair<const Node*, RRType>>& picked() const { return picked_; }

 private:
  std::size_t size_;
  std::mt19937_64 random_;
  std::size_t offered_ = 0;
  std::vector<std::pair<const Node*, RRType>> picked_;
};

/// Calls `visit(node, type)` for every RRset that a question can show.
template <class Visit>
void for_each_visible(const ZoneVersion& version, const VerifyOptions& options, Visit&& visit) {
  std::optional<dns::Name> cut;  // names below it come right after it in canonical order
  for (auto cursor = version.walk(); cursor.leaf() != nullptr; cursor.next()) {
    const Node& node = *cursor.leaf();
    if (cut && node.owner(version.apex()).is_subdomain_of(*cut)) continue;
    if (node.is_delegation() || node.has_dname()) cut = node.owner(version.apex());
    for (const auto rrset : node.rrsets()) {
      const bool glue =
          node.is_delegation() && rrset.type() != RRType::NS && rrset.type() != RRType::DS;
      if (glue || is_made_by_signing(rrset.type())) continue;
      if (!belongs_to_provider(node, rrset.type(), options)) visit(node, rrset.type());
    }
  }
}

/// Changed RRsets of the newest steps, until there are `max` of them.
std::vector<ExpectedAnswer> newest_changes(const ZoneVersion& version, std::size_t max,
                                           VerifyOptions options) {
  std::vector<ExpectedAnswer> answers;
  const auto& history = version.history();
  for (auto step = history.rbegin(); step != history.rend() && answers.size() < max; ++step) {
    options.max_rrsets = max - answers.size();
    auto more = expect_changes(version, **step, options);
    std::move(more.begin(), more.end(), std::back_inserter(answers));
  }
  return answers;
}

/// The same question once, the first one stays.
void drop_doubles(std::vector<ExpectedAnswer>& answers) {
  const auto question = [](const ExpectedAnswer& a) { return std::tie(a.owner, a.type); };
  std::stable_sort(answers.begin(), answers.end(),
                   [&](const auto& a, const auto& b) { return question(a) < question(b); });
  const auto same = [&](const auto& a, const auto& b) { return question(a) == question(b); };
  answers.erase(std::unique(answers.begin(), answers.end(), same), answers.end());
}

/// A name just below the apex that no zone has by accident; nothing if a wildcard would answer.
std::optional<ExpectedAnswer> expect_no_such_name(const ZoneVersion& version, std::uint64_t seed) {
  if (version.apex_node().has_dname()) return std::nullopt;
  if (version.find_wildcard(version.apex_node()) != nullptr) return std::nullopt;
  std::mt19937_64 random(seed);
  std::uniform_int_distribution<int> letter('a', 'z');
  std::string label;
  for (int i = 0; i < 20; ++i) label += static_cast<char>(letter(random));
  const auto name = version.apex().child(label);
  if (!name || version.find(*name) != nullptr) return std::nullopt;
  return ExpectedAnswer::nxdomain(*name);
}

}  // namespace

std::optional<ExpectedAnswer> expect(const ZoneVersion& version, const dns::Name& owner,
                                     RRType type) {
  if (is_made_by_signing(type) || !owner.is_subdomain_of(version.apex())) return std::nullopt;
  const auto found = version.lookup(owner.wire());
  if (found.dname != nullptr) return std::nullopt;
  if (found.delegation != nullptr) {
    const bool at_cut = found.delegation == found.exact;
    if (!at_cut || (type != RRType::NS && type != RRType::DS)) return std::nullopt;
    return expect_at_delegation(version, *found.exact, type);
  }
  if (found.exact == nullptr) {
    return expect_instead(version, *found.closest_encloser, owner, type);
  }
  const auto rrset = found.exact->find(type);
  if (rrset) return ExpectedAnswer::data((*rrset).to_rrset(owner));
  return ExpectedAnswer::absence(owner, type);
}

std::vector<ExpectedAnswer> expect_changes(const ZoneVersion& version,
                                           const zonestore::ChangeSet& changes,
                                           const VerifyOptions& options) {
  std::vector<ExpectedAnswer> answers;
  for (const auto& change : changes.changes) {
    if (answers.size() >= options.max_rrsets) break;
    if (belongs_to_provider(version, change.owner(), change.type(), options)) continue;
    auto expected = expect(version, change.owner(), change.type());
    if (expected) answers.push_back(std::move(*expected));
  }
  return answers;
}

VerificationPlan plan_verification(const ZoneVersion& version, const VerifyOptions& options) {
  VerificationPlan plan;
  const std::size_t max = std::max<std::size_t>(options.max_rrsets, 1);
  Sample sample(max, options.seed);
  std::vector<ExpectedAnswer> answers;
  for_each_visible(version, options, [&](const Node& node, RRType type) {
    ++plan.in_zone;
    if (node.is_apex()) {
      if (auto expected = expect(version, version.apex(), type)) answers.push_back(*expected);
    } else {
      sample.offer(node, type);
    }
  });
  if (plan.in_zone > max) {
    auto changed = newest_changes(version, max / 2, options);
    std::move(changed.begin(), changed.end(), std::back_inserter(answers));
  }
  for (const auto& [node, type] : sample.picked()) {
    if (answers.size() >= max) break;
    if (auto expected = expect(version, node->owner(version.apex()), type)) {
      answers.push_back(std::move(*expected));
    }
  }
  drop_doubles(answers);
  plan.rrsets = answers.size();
  if (auto none = expect_no_such_name(version, options.seed)) answers.push_back(std::move(*none));
  plan.expectation.version = version.number();
  if (!options.provider_owns_apex) plan.expectation.serial = version.serial();
  plan.expectation.ttl_may_differ = options.ttl_may_differ;
  plan.expectation.compare_at_any_serial = true;
  plan.expectation.answers =
      std::make_shared<const std::vector<ExpectedAnswer>>(std::move(answers));
  return plan;
}

}  // namespace taproot::monitor
