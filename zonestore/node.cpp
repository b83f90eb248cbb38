#include "zonestore/node.hpp"

#include "dns/rdata.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>

namespace taproot::zonestore {

namespace {

std::size_t packed_size(const dns::RRset& rrset) {
  std::size_t size = RRsetView::header_size;
  for (const auto& rdata : rrset.rdata) size += 2 + rdata.size();
  return size;
}

std::uint8_t* pack_rrset(std::uint8_t* to, const dns::RRset& rrset) {
  const auto put = [&to](auto value) {
    std::memcpy(to, &value, sizeof value);
    to += sizeof value;
  };
  put(static_cast<std::uint16_t>(rrset.type));
  put(static_cast<std::uint16_t>(rrset.rdata.size()));
  put(rrset.ttl);
  put(static_cast<std::uint32_t>(packed_size(rrset) - RRsetView::header_size));
  for (const auto& rdata : rrset.rdata) {
    *to++ = static_cast<std::uint8_t>(rdata.size() >> 8);
    *to++ = static_cast<std::uint8_t>(rdata.size());
    if (rdata.size() > 0) std::memcpy(to, rdata.wire().data(), rdata.size());
    to += rdata.size();
  }
  return to;
}

bool is_before(const RecordView& a, const RecordView& b) {
  if (a.type != b.type) return a.type < b.type;
  return dns::compare_canonical(a.type, a.rdata, b.rdata) < 0;
}

/// By type, then in canonical order; of doubles the first stays first.
void sort_records(std::span<RecordView> records) {
  constexpr std::size_t few = 24;
  if (records.size() > few) return std::stable_sort(records.begin(), records.end(), is_before);
  for (std::size_t i = 1; i < records.size(); ++i) {
    const RecordView record = records[i];
    std::size_t at = i;
    for (; at > 0 && is_before(record, records[at - 1]); --at) records[at] = records[at - 1];
    records[at] = record;
  }
}

bool is_double(const RecordView& a, const RecordView& b) {
  return a.rdata.size() == b.rdata.size() && dns::compare_canonical(a.type, a.rdata, b.rdata) == 0;
}

/// Sorted records of one type, the lowest TTL in the first, without doubles: those left, in front.
std::size_t even_out(std::span<RecordView> set, bool& is_uneven) {
  std::size_t left = 1;
  for (std::size_t i = 1; i < set.size(); ++i) {
    if (set[i].ttl != set[0].ttl) is_uneven = true;
    set[0].ttl = std::min(set[0].ttl, set[i].ttl);
    if (is_double(set[i], set[left - 1])) {
      is_uneven = true;
      continue;
    }
    if (left != i) set[left] = set[i];
    ++left;
  }
  return left;
}

std::uint8_t* pack_set(std::uint8_t* to, std::span<const RecordView> set, std::size_t octets) {
  const auto put = [&to](auto value) {
    std::memcpy(to, &value, sizeof value);
    to += sizeof value;
  };
  put(static_cast<std::uint16_t>(set[0].type));
  put(static_cast<std::uint16_t>(set.size()));
  put(set[0].ttl);
  put(static_cast<std::uint32_t>(octets));
  for (const auto& record : set) {
    *to++ = static_cast<std::uint8_t>(record.rdata.size() >> 8);
    *to++ = static_cast<std::uint8_t>(record.rdata.size());
    if (!record.rdata.empty()) std::memcpy(to, record.rdata.data(), record.rdata.size());
    to += record.rdata.size();
  }
  return to;
}

/// Calls `see(records of one type)` for sorted records.
template <class See>
void each_set(std::span<RecordView> records, See see) {
  for (std::size_t begin = 0; begin < records.size();) {
    std::size_t end = begin + 1;
    while (end < records.size() && records[end].type == records[begin].type) ++end;
    see(records.subspan(begin, end - begin));
    begin = end;
  }
}

}  // namespace

dns::RRset RRsetView::to_rrset(const dns::Name& owner) const {
  dns::RRset rrset{owner, type(), ttl(), {}};
  rrset.rdata.reserve(count());
  for (const Octets rdata : *this) rrset.rdata.emplace_back(rdata);
  return rrset;
}

bool RRsetView::same_octets(const RRsetView& other) const {
  return size() == other.size() && std::memcmp(at_, other.at_, size()) == 0;
}

dns::Name Node::owner(const dns::Name& apex) const {
  std::array<std::uint8_t, 255> wire;
  const Octets below = apex.wire();
  if (labels_size_ > 0) std::memcpy(wire.data(), data(), labels_size_);
  std::memcpy(wire.data() + labels_size_, below.data(), below.size());
  return dns::Name::from_trusted({wire.data(), labels_size_ + below.size()});
}

std::size_t Node::record_count() const {
  std::size_t count = 0;
  for (const auto rrset : rrsets()) count += rrset.count();
  return count;
}

Node::Found Node::find(dns::RRType type) const {
  const std::uint8_t* at = data() + labels_size_;
  for (std::size_t left = rrset_count_; left > 0; --left) {
    const RRsetView rrset(at);
    if (rrset.type() == type) return Found(at);
    at += rrset.size();
  }
  return {};
}

Octets Node::rrset_octets() const {
  const std::uint8_t* begin = data() + labels_size_;
  const std::uint8_t* end = begin;
  for (const auto rrset : rrsets()) end += rrset.size();
  return {begin, static_cast<std::size_t>(end - begin)};
}

bool Node::same_octets(const Node& other) const {
  if (rrset_count_ != other.rrset_count_) return false;
  const Octets a = rrset_octets();
  const Octets b = other.rrset_octets();
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

std::size_t Node::octets() const {
  return sizeof(Node) + labels_size_ + rrset_octets().size();
}

Node* Node::allocate(Octets labels, std::size_t rrset_octets) {
  void* memory = std::malloc(sizeof(Node) + labels.size() + rrset_octets);
  if (memory == nullptr) throw std::bad_alloc();
  Node* node = new (memory) Node();
  node->labels_size_ = static_cast<std::uint8_t>(labels.size());
  if (!labels.empty()) std::memcpy(node->data(), labels.data(), labels.size());
  return node;
}

void Node::note(dns::RRType type) {
  ++rrset_count_;
  if (type == dns::RRType::NS) flags_ |= has_ns;
  if (type == dns::RRType::DNAME) flags_ |= has_dname_flag;
  if (type == dns::RRType::CNAME) flags_ |= has_cname_flag;
}

const Node* Node::make(Octets labels, std::span<const dns::RRset> rrsets) {
  std::size_t size = 0;
  for (const auto& rrset : rrsets) size += packed_size(rrset);
  Node* node = allocate(labels, size);
  std::uint8_t* to = node->data() + labels.size();
  for (const auto& rrset : rrsets) {
    to = pack_rrset(to, rrset);
    node->note(rrset.type);
  }
  return node;
}

Node::Packed Node::pack(Octets labels, std::span<RecordView> records) {
  sort_records(records);
  Packed packed;
  std::size_t kept = 0;
  std::size_t octets = 0;
  each_set(records, [&](std::span<RecordView> set) {
    const std::size_t left = even_out(set, packed.is_uneven);
    octets += RRsetView::header_size;
    for (const auto& record : set.first(left)) octets += 2 + record.rdata.size();
    if (kept != static_cast<std::size_t>(set.data() - records.data())) {
      std::copy_n(set.begin(), left, records.begin() + static_cast<std::ptrdiff_t>(kept));
    }
    kept += left;
  });
  Node* node = allocate(labels, octets);
  std::uint8_t* to = node->data() + labels.size();
  each_set(records.first(kept), [&](std::span<const RecordView> set) {
    std::size_t size = 0;
    for (const auto& record : set) size += 2 + record.rdata.size();
    to = pack_set(to, set, size);
    node->note(set[0].type);
  });
  packed.node = node;
  return packed;
}

const Node* Node::from_octets(Octets labels, Octets rrsets, std::size_t count) {
  Node* node = allocate(labels, rrsets.size());
  if (!rrsets.empty()) std::memcpy(node->data() + labels.size(), rrsets.data(), rrsets.size());
  const std::uint8_t* at = node->data() + labels.size();
  for (; count > 0; --count) {
    const RRsetView rrset(at);
    node->note(rrset.type());
    at += rrset.size();
  }
  return node;
}

const Node* Node::with(const Node* base, Octets labels, const dns::RRset& rrset) {
  const std::size_t old_size = base == nullptr ? 0 : base->rrset_octets().size();
  Node* node = allocate(labels, old_size + packed_size(rrset));
  std::uint8_t* to = node->data() + labels.size();
  bool put = false;
  if (base != nullptr) {
    for (const auto other : base->rrsets()) {
      if (!put && other.type() >= rrset.type) {
        to = pack_rrset(to, rrset);
        node->note(rrset.type);
        put = true;
      }
      if (other.type() == rrset.type) continue;
      std::memcpy(to, other.at_, other.size());
      to += other.size();
      node->note(other.type());
    }
  }
  if (!put) {
    pack_rrset(to, rrset);
    node->note(rrset.type);
  }
  return node;
}

const Node* Node::without(const Node& base, dns::RRType type) {
  Node* node = allocate(base.labels(), base.rrset_octets().size());
  std::uint8_t* to = node->data() + node->labels_size_;
  for (const auto rrset : base.rrsets()) {
    if (rrset.type() == type) continue;
    std::memcpy(to, rrset.at_, rrset.size());
    to += rrset.size();
    node->note(rrset.type());
  }
  return node;
}

void Node::release(const Node* node) {
  if (node->holders_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  node->~Node();
  std::free(const_cast<Node*>(node));
}

}  // namespace taproot::zonestore
