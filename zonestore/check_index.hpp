#pragma once

#include "dns/name.hpp"
#include "dns/octets.hpp"
#include "dns/types.hpp"
#include "zonestore/candidate.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace taproot::zonestore {

/// The records of a source grouped by owner and type, for the checks: built once, in the time of
/// sorting numbers. Borrows the records. Those outside of the zone are not in it.
///
///     owners()   every name of the zone, empty non-terminals too, each with its parent
///     sets()     every RRset: an owner, a type, and the items it is made of
class CheckIndex {
 public:
  /// Stands for no owner.
  static constexpr std::uint32_t none = 0xffff'ffffu;

  struct Owner {
    Octets wire;  ///< uncompressed, in the case of the item it was met in first
    std::uint32_t parent = none;
    std::uint32_t first_set = 0;
    std::uint32_t set_count = 0;        ///< 0 for an empty non-terminal
    std::uint32_t cut = none;           ///< the topmost delegation at or above, below the apex
    std::uint32_t dname = none;         ///< the topmost DNAME strictly above
    bool is_delegation_target = false;  ///< an NS of a delegation names it: it may be glue
  };

  struct Set {
    std::uint32_t owner = none;
    dns::RRType type = dns::RRType::none;
    std::span<const std::uint32_t> items;  ///< indices into the records, in their order
  };

  /// `apex`, `records` and `empty` must live longer. `empty` are names that are there beside the
  /// owners of the records: empty non-terminals whose descendants are not among the records.
  CheckIndex(const dns::Name& apex, const SourceRecords& records,
             const std::vector<dns::Name>& empty = {});

  const dns::Name& apex() const { return apex_; }
  const SourceRecords& records() const { return records_; }

  const std::vector<Owner>& owners() const { return owners_; }
  const std::vector<Set>& sets() const { return sets_; }
  std::span<const Set> sets_of(const Owner& owner) const {
    return std::span(sets_).subspan(owner.first_set, owner.set_count);
  }
  /// Items whose owner is not at or below the apex.
  const std::vector<std::uint32_t>& outside() const { return outside_; }

  const Owner& owner(std::uint32_t at) const { return owners_[at]; }
  const Owner& apex_owner() const { return owners_[0]; }
  bool is_apex(const Owner& owner) const { return &owner == owners_.data(); }

  /// The owner of a name in wire format, or none.
  std::uint32_t find(Octets wire) const;
  const Set* find(const Owner& owner, dns::RRType type) const;
  bool has(const Owner& owner, dns::RRType type) const { return find(owner, type) != nullptr; }

  /// How a name that something points at stands in the zone.
  struct Target {
    bool in_zone = false;
    /// The owner that answers for it: its own or the wildcard that covers it; none if neither.
    std::uint32_t answers = none;
    std::uint32_t cut = none;    ///< the delegation that it lies at or below
    std::uint32_t dname = none;  ///< the DNAME that it lies below
  };
  Target target(const dns::Name& name) const;

  const SourceRecords::Item& item(std::uint32_t at) const { return records_.items[at]; }
  const SourceRecords::Item& first_item(const Set& set) const { return item(set.items[0]); }

 private:
  /// A place of the hash table; part of the hash is kept so that few names need be compared.
  struct Slot {
    std::uint32_t owner = none;
    std::uint32_t tag = 0;
  };

  void add_items();
  std::uint32_t add_owner(Octets wire);
  std::size_t slot_of(Octets wire, std::size_t hashed) const;
  void grow();
  void group(std::vector<std::pair<std::uint64_t, std::uint32_t>> keys);
  void find_cuts();
  void find_glue();
  bool is_in_zone(Octets wire) const;

  const dns::Name& apex_;
  const SourceRecords& records_;
  std::vector<Owner> owners_;
  std::vector<Slot> slots_;  // open addressing
  std::vector<Set> sets_;
  std::vector<std::uint32_t> items_;  // by owner and type
  std::vector<std::uint32_t> outside_;
};

}  // namespace taproot::zonestore
