#include "zonestore/changes.hpp"

#include "dns/presentation.hpp"
#include "dns/rdata.hpp"
#include "zonestore/zone_version.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace taproot::zonestore {

namespace {

std::size_t octets_of(const std::optional<dns::RRset>& rrset) {
  if (!rrset) return 0;
  std::size_t octets = 0;
  for (const auto& rdata : rrset->rdata) octets += rrset->owner.size() + 10 + rdata.size();
  return octets;
}

/// Both nodes of one name, either of them possibly missing.
void compare_nodes(const dns::Name& apex, const Node* before, const Node* after,
                   std::vector<Change>& changes) {
  if (before != nullptr && after != nullptr && before->same_octets(*after)) return;
  const dns::Name owner = (after != nullptr ? after : before)->owner(apex);
  std::map<dns::RRType, Change> by_type;
  if (before != nullptr) {
    for (const auto rrset : before->rrsets()) by_type[rrset.type()].before = rrset.to_rrset(owner);
  }
  if (after != nullptr) {
    for (const auto rrset : after->rrsets()) by_type[rrset.type()].after = rrset.to_rrset(owner);
  }
  for (auto& [type, change] : by_type) {
    if (change.before && change.after && dns::same_rrset(*change.before, *change.after)) continue;
    changes.push_back(std::move(change));
  }
}

void append_lines(std::string& text, char sign, const std::optional<dns::RRset>& rrset) {
  if (!rrset) return;
  const std::string lines = dns::to_text(*rrset);
  for (std::size_t at = 0; at < lines.size();) {
    const std::size_t end = lines.find('\n', at);
    text += sign;
    text += ' ';
    text.append(lines, at, end - at + 1);
    at = end + 1;
  }
}

}  // namespace

std::size_t ChangeSet::octets() const {
  std::size_t octets = 0;
  for (const auto& change : changes) octets += octets_of(change.before) + octets_of(change.after);
  return octets;
}

ChangeSet changes_between(const ZoneVersion& before, const ZoneVersion& after) {
  ChangeSet result{before.serial(), after.serial(), {}};
  const dns::Name& apex = before.apex();
  ZoneVersion::Trie::difference(before.names_, after.names_,
                                [&](const Node* old_node, const Node* new_node) {
                                  compare_nodes(apex, old_node, new_node, result.changes);
                                });
  return result;
}

ChangeSet condense(const std::vector<std::shared_ptr<const ChangeSet>>& steps) {
  ChangeSet result{steps.front()->from, steps.back()->to, {}};
  std::map<std::pair<dns::Name, dns::RRType>, Change> merged;
  for (const auto& step : steps) {
    for (const auto& change : step->changes) {
      const auto [at, fresh] = merged.try_emplace({change.owner(), change.type()}, change);
      if (!fresh) at->second.after = change.after;
    }
  }
  for (auto& [key, change] : merged) {
    const bool same = change.before && change.after
                          ? dns::same_rrset(*change.before, *change.after)
                          : change.before.has_value() == change.after.has_value();
    if (!same) result.changes.push_back(std::move(change));
  }
  return result;
}

std::string to_text(const ChangeSet& changes) {
  std::string text;
  const auto append = [&text](const Change& change) {
    append_lines(text, '-', change.before);
    append_lines(text, '+', change.after);
  };
  for (const auto& change : changes.changes) {
    if (change.type() == dns::RRType::SOA) append(change);
  }
  for (const auto& change : changes.changes) {
    if (change.type() != dns::RRType::SOA) append(change);
  }
  return text;
}

}  // namespace taproot::zonestore
