#pragma once

#include "dns/name.hpp"
#include "dns/rrset.hpp"
#include "dns/types.hpp"
#include "zonestore/finding.hpp"
#include "zonestore/zone_version.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace taproot::zonestore {

/// One wish of a transaction. Values were read and checked for their type already.
struct EditChange {
  enum class Op {
    put,     ///< these values are the RRset, whatever it was
    add,     ///< these values, too; there may be no RRset yet
    remove,  ///< without these values; the last one takes the RRset with it
    drop     ///< no RRset of this type, or without a type none of this owner
  };
  Op op = Op::put;
  dns::Name owner;
  std::optional<dns::RRType> type;   ///< only `drop` may be without
  std::optional<std::uint32_t> ttl;  ///< nothing: the RRset's own, or 3600 for a new one
  std::vector<dns::Rdata> values;
};

/// What a transaction makes of a version.
struct Edited {
  std::shared_ptr<const ZoneVersion> version;  ///< null if one of the findings is an error
  /// Wishes that cannot be (errors), and such that change nothing (notes): each begins with
  /// "changes[2]", its place in the transaction.
  std::vector<Finding> findings;
};

/// Applies all changes, one after the other, or none. Costs the changes and not the zone: the
/// result shares its memory with `current`. It is not checked as a zone yet.
Edited edit_zone(const ZoneVersion& current, const std::vector<EditChange>& changes);

}  // namespace taproot::zonestore
