#include "zonestore/zone_version.hpp"

#include "zonestore/labels.hpp"

#include <algorithm>
#include <cassert>

namespace taproot::zonestore {

namespace {

/// Of one name, by ZoneBuilder::add(): what an RRset can count.
constexpr std::size_t max_records = 65'535;

constexpr std::array<std::uint8_t, 2> wildcard_label = {1, '*'};

}  // namespace

Lookup ZoneVersion::lookup(Octets qname) const {
  const Octets labels = qname.first(qname.size() - apex_.size());
  Lookup found;
  const Node* above = nullptr;  // one step behind, because a DNAME counts only strictly above
  names_.for_each_ancestor(TrieKey(labels), [&](const Node& node) {
    if (above != nullptr && found.dname == nullptr && above->has_dname()) found.dname = above;
    if (found.delegation == nullptr && node.is_delegation()) found.delegation = &node;
    above = &node;
  });
  found.closest_encloser = above;
  if (above == nullptr) return found;
  if (above->labels().size() == labels.size()) {
    found.exact = above;
  } else if (found.dname == nullptr && above->has_dname()) {
    found.dname = above;
  }
  return found;
}

const Node* ZoneVersion::find_wildcard(const Node& closest_encloser) const {
  std::array<std::uint8_t, 257> name;
  std::copy(wildcard_label.begin(), wildcard_label.end(), name.begin());
  const Octets below = closest_encloser.labels();
  std::copy(below.begin(), below.end(), name.begin() + 2);
  return names_.find(TrieKey({name.data(), below.size() + 2}));
}

const Node* ZoneVersion::find(const dns::Name& name) const {
  if (!name.is_subdomain_of(apex_)) return nullptr;
  return names_.find(TrieKey(name.wire().first(name.size() - apex_.size())));
}

std::optional<dns::RRset> ZoneVersion::find(const dns::Name& name, dns::RRType type) const {
  const Node* node = find(name);
  if (node == nullptr) return std::nullopt;
  const auto found = node->find(type);
  if (!found) return std::nullopt;
  return (*found).to_rrset(name);
}

std::optional<std::vector<std::shared_ptr<const ChangeSet>>> ZoneVersion::steps_from(
    dns::Serial serial) const {
  if (serial == this->serial()) return std::vector<std::shared_ptr<const ChangeSet>>{};
  for (auto step = history_.end(); step != history_.begin();) {
    --step;
    if ((*step)->from == serial) return std::vector(step, history_.end());
  }
  return std::nullopt;
}

ZoneBuilder::ZoneBuilder(dns::Name apex) : version_(std::make_shared<ZoneVersion>()) {
  version_->apex_ = std::move(apex);
}

ZoneBuilder::ZoneBuilder(const ZoneVersion& base) : version_(std::make_shared<ZoneVersion>(base)) {}

Octets ZoneBuilder::labels_of(const dns::Name& owner) const {
  assert(owner.is_subdomain_of(version_->apex_));
  return owner.wire().first(owner.size() - version_->apex_.size());
}

void ZoneBuilder::count(const Node* node, int sign) {
  if (node == nullptr) return;
  const auto add = [sign](std::size_t& sum, std::size_t value) {
    sum = sign > 0 ? sum + value : sum - value;
  };
  add(version_->rrset_count_, node->rrset_count());
  for (const auto rrset : node->rrsets()) {
    const std::size_t owner = node->labels().size() + version_->apex_.size();
    add(version_->record_count_, rrset.count());
    add(version_->content_octets_, rrset.count() * (owner + 8) + rrset.packed().size());
  }
}

void ZoneBuilder::replace(const Node* before, const Node* after) {
  count(before, -1);
  count(after, +1);
  version_->names_.put(after);
}

void ZoneBuilder::put(dns::RRset rrset) {
  last_added_ = nullptr;  // it may be replaced
  dns::normalise(rrset);
  const Octets labels = labels_of(rrset.owner);
  const Node* before = version_->names_.find(TrieKey(labels));
  replace(before, Node::with(before, labels, rrset));
  if (before == nullptr) add_empty_parents(labels);
}

ZoneBuilder::Added ZoneBuilder::add(Octets labels, std::vector<RecordView>& records) {
  if (records.size() > max_records) return Added::not_at_all;
  const auto packed = Node::pack(labels, records);
  if (const Node* there = version_->names_.put_new(packed.node)) {
    Node::release(packed.node);
    return add_to(*there, records);
  }
  count(packed.node, +1);
  const Octets parent = labels.empty() ? labels : parent_of(labels);
  const bool has_parent =
      parent.empty() || (last_added_ != nullptr && dns::same_name(last_added_->labels(), parent));
  if (!has_parent) add_empty_parents(labels);
  last_added_ = packed.node;
  return packed.is_uneven ? Added::unevenly : Added::evenly;
}

ZoneBuilder::Added ZoneBuilder::add_to(const Node& there, std::vector<RecordView>& records) {
  if (records.size() + there.record_count() > max_records) return Added::not_at_all;
  for (const auto rrset : there.rrsets()) {
    for (const Octets rdata : rrset) records.push_back({rrset.type(), rrset.ttl(), rdata});
  }
  const auto packed = Node::pack(there.labels(), records);
  if (last_added_ == &there) last_added_ = packed.node;
  replace(&there, packed.node);
  return packed.is_uneven ? Added::unevenly : Added::evenly;
}

void ZoneBuilder::put_node(const Node* node) {
  count(node, +1);
  version_->names_.put(node);
}

void ZoneBuilder::add_empty_parents(Octets labels) {
  while (!labels.empty()) {
    labels = parent_of(labels);
    if (version_->names_.find(TrieKey(labels)) != nullptr) return;
    version_->names_.put(Node::make(labels, {}));
  }
}

bool ZoneBuilder::remove(const dns::Name& owner, dns::RRType type) {
  last_added_ = nullptr;
  const Octets labels = labels_of(owner);
  const Node* before = version_->names_.find(TrieKey(labels));
  if (before == nullptr || !before->find(type)) return false;
  replace(before, Node::without(*before, type));
  drop_if_empty(labels);
  return true;
}

void ZoneBuilder::drop_if_empty(Octets labels) {
  while (!labels.empty()) {
    const TrieKey key(labels);
    const Node* node = version_->names_.find(key);
    if (node == nullptr || !node->is_empty() || version_->names_.has_descendants(key)) return;
    version_->names_.erase(key);
    labels = parent_of(labels);
  }
}

Result<void> ZoneBuilder::apply(const ChangeSet& changes) {
  for (const auto& change : changes.changes) {
    const auto now = find(change.owner(), change.type());
    const bool fits = now ? change.before && dns::same_rrset(*now, *change.before) : !change.before;
    if (!fits) {
      return fail(Errc::conflict, change.owner().to_text() + " " + dns::to_text(change.type()) +
                                      " is not what this change was made for");
    }
    if (!change.after) remove(change.owner(), change.type());
  }
  for (const auto& change : changes.changes) {
    if (change.after) put(*change.after);
  }
  return {};
}

std::optional<dns::RRset> ZoneBuilder::find(const dns::Name& owner, dns::RRType type) const {
  return version_->find(owner, type);
}

void ZoneBuilder::set_serial(dns::Serial serial) {
  auto rrset = find(version_->apex_, dns::RRType::SOA);
  if (!rrset) return;
  auto soa = dns::Soa::from_rdata(rrset->rdata.front().wire());
  if (!soa) return;
  soa->serial = serial;
  rrset->rdata = {soa->to_rdata()};
  put(std::move(*rrset));
}

void ZoneBuilder::push_history(std::shared_ptr<const ChangeSet> step, std::size_t max_steps,
                               std::size_t max_octets) {
  auto& history = version_->history_;
  history.push_back(std::move(step));
  std::size_t octets = 0;
  std::size_t keep = 0;
  while (keep < history.size() && keep < max_steps) {
    octets += history[history.size() - 1 - keep]->octets();
    if (octets > max_octets) break;
    ++keep;
  }
  history.erase(history.begin(), history.end() - static_cast<std::ptrdiff_t>(keep));
}

Result<std::shared_ptr<const ZoneVersion>> ZoneBuilder::finish() {
  const Node* apex = version_->names_.find(TrieKey({}));
  const auto found = apex == nullptr ? Node::Found() : apex->find(dns::RRType::SOA);
  if (!found) {
    return fail(Errc::bad_zone, version_->apex_.to_text() + " has no SOA record at its apex");
  }
  auto soa = dns::Soa::from_rdata((*found).first());
  if (!soa) return tl::unexpected<Error>(soa.error());
  version_->soa_ = std::move(*soa);
  version_->apex_node_ = apex;
  return std::shared_ptr<const ZoneVersion>(std::move(version_));
}

}  // namespace taproot::zonestore
