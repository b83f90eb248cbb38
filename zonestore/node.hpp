#pragma once

#include "dns/name.hpp"
#include "dns/octets.hpp"
#include "dns/rrset.hpp"
#include "dns/types.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace taproot::zonestore {

/// An RRset as it lies in a version: borrowed from the version, good as long as that lives.
///
///     type u16 | count u16 | ttl u32 | octets u32 | count × ( rdlength u16 in network order, rdata
///     )
///
/// So RDLENGTH and rdata of a record can be copied into a message as they stand.
class RRsetView {
 public:
  explicit RRsetView(const std::uint8_t* at) : at_(at) {}

  dns::RRType type() const { return static_cast<dns::RRType>(read<std::uint16_t>(0)); }
  std::size_t count() const { return read<std::uint16_t>(2); }
  std::uint32_t ttl() const { return read<std::uint32_t>(4); }
  /// All records: RDLENGTH and rdata of each, one behind the other, in canonical order.
  Octets packed() const { return {at_ + header_size, read<std::uint32_t>(8)}; }

  /// Walks the rdata of the records.
  class Iterator {
   public:
    explicit Iterator(const std::uint8_t* at) : at_(at) {}
    Octets operator*() const { return {at_ + 2, length()}; }
    Iterator& operator++() {
      at_ += 2 + length();
      return *this;
    }
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    std::size_t length() const { return static_cast<std::size_t>(at_[0] << 8 | at_[1]); }
    const std::uint8_t* at_;
  };
  Iterator begin() const { return Iterator(packed().data()); }
  Iterator end() const { return Iterator(packed().data() + packed().size()); }

  /// Whether `test(Octets rdata)` holds for one of the records.
  template <class Test>
  bool any(Test test) const {
    for (const Octets rdata : *this) {
      if (test(rdata)) return true;
    }
    return false;
  }

  /// The rdata of the first record.
  Octets first() const { return *begin(); }

  /// A copy that stands alone.
  dns::RRset to_rrset(const dns::Name& owner) const;

  /// Type, TTL and all rdata are the same octet for octet.
  bool same_octets(const RRsetView& other) const;

  static constexpr std::size_t header_size = 12;

 private:
  friend class Node;
  std::size_t size() const { return header_size + read<std::uint32_t>(8); }

  template <class T>
  T read(std::size_t offset) const {
    T value;
    std::memcpy(&value, at_ + offset, sizeof value);  // packed, so not aligned
    return value;
  }
  const std::uint8_t* at_;
};

/// One record of a name as a reader of many has it: borrowed.
struct RecordView {
  dns::RRType type = dns::RRType::none;
  std::uint32_t ttl = 0;
  Octets rdata;  ///< valid for the type
};

/// A name of a zone with all its RRsets, in one block of memory; a leaf of the zone's trie.
/// Never changes. Names without RRsets are empty non-terminals (RFC 8499), kept so that every
/// ancestor of a name in the zone is found.
class Node {
 public:
  /// Labels of the owner in wire format without the labels of the apex and without the root:
  /// empty for the apex itself.
  Octets labels() const { return {data(), labels_size_}; }

  dns::Name owner(const dns::Name& apex) const;

  bool is_empty() const { return rrset_count_ == 0; }
  std::size_t rrset_count() const { return rrset_count_; }
  std::size_t record_count() const;

  bool is_apex() const { return labels_size_ == 0; }
  /// NS below the apex: the zone ends here (RFC 1034 section 4.2).
  bool is_delegation() const { return (flags_ & has_ns) != 0 && !is_apex(); }
  bool has_dname() const { return (flags_ & has_dname_flag) != 0; }
  bool has_cname() const { return (flags_ & has_cname_flag) != 0; }
  bool is_wildcard() const { return labels_size_ >= 2 && data()[0] == 1 && data()[1] == '*'; }

  /// What find() found: an RRset, or nothing.
  class Found {
   public:
    Found() = default;
    explicit Found(const std::uint8_t* at) : at_(at) {}
    explicit operator bool() const { return at_ != nullptr; }
    RRsetView operator*() const { return RRsetView(at_); }

   private:
    const std::uint8_t* at_ = nullptr;
  };
  Found find(dns::RRType type) const;

  /// All RRsets, by ascending type.
  class Iterator {
   public:
    Iterator(const std::uint8_t* at, std::size_t left) : at_(at), left_(left) {}
    RRsetView operator*() const { return RRsetView(at_); }
    Iterator& operator++() {
      at_ += RRsetView(at_).size();
      --left_;
      return *this;
    }
    friend bool operator!=(const Iterator& a, const Iterator& b) { return a.left_ != b.left_; }

   private:
    const std::uint8_t* at_;
    std::size_t left_;
  };
  struct RRsets {
    const Node& node;
    Iterator begin() const { return {node.data() + node.labels_size_, node.rrset_count_}; }
    Iterator end() const { return {nullptr, 0}; }
  };
  RRsets rrsets() const { return {*this}; }

  /// All RRsets as they lie in memory, one behind the other.
  Octets rrset_octets() const;
  /// Same RRsets octet for octet.
  bool same_octets(const Node& other) const;
  /// Memory this block takes, without the allocator's own.
  std::size_t octets() const;

  // Made and shared by the trie and the builder only.

  /// A node with these RRsets (normalised, of this owner, sorted by type); one reference.
  static const Node* make(Octets labels, std::span<const dns::RRset> rrsets);
  struct Packed;
  /// A node of loose records of one owner: grouped into RRsets, each in canonical order with the
  /// lowest TTL and no doubles. Sorts `records` in place; at most 65,535 of a type.
  static Packed pack(Octets labels, std::span<RecordView> records);
  /// A node of RRsets that lie one behind the other as rrset_octets() gives them, `count` of them,
  /// checked by the caller.
  static const Node* from_octets(Octets labels, Octets rrsets, std::size_t count);

  /// `base` (null: an empty one) with one RRset put in place of that of its type.
  static const Node* with(const Node* base, Octets labels, const dns::RRset& rrset);
  /// `base` without the RRset of that type.
  static const Node* without(const Node& base, dns::RRType type);

  static void retain(const Node* node) { node->holders_.fetch_add(1, std::memory_order_relaxed); }
  static void release(const Node* node);

 private:
  static constexpr std::uint8_t has_ns = 1;
  static constexpr std::uint8_t has_dname_flag = 2;
  static constexpr std::uint8_t has_cname_flag = 4;

  Node() = default;
  const std::uint8_t* data() const { return reinterpret_cast<const std::uint8_t*>(this + 1); }
  std::uint8_t* data() { return reinterpret_cast<std::uint8_t*>(this + 1); }
  static Node* allocate(Octets labels, std::size_t rrset_octets);
  void note(dns::RRType type);

  mutable std::atomic<std::uint32_t> holders_{1};
  std::uint16_t rrset_count_ = 0;
  std::uint8_t labels_size_ = 0;
  std::uint8_t flags_ = 0;
};

/// What Node::pack() made; one reference.
struct Node::Packed {
  const Node* node = nullptr;
  bool is_uneven = false;  ///< an RRset had doubles, or records with different TTLs
};

}  // namespace taproot::zonestore
