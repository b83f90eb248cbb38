#pragma once

#include "dns/name.hpp"
#include "dns/octets.hpp"
#include "zonestore/changes.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace taproot::zonestore {

class ZoneVersion;

/// The labels above the apex of the name that a record points at (dns::target_octets()), if that
/// lies in the zone and below its apex; else empty.
Octets target_labels(const dns::Name& apex, dns::RRType type, Octets rdata);

/// Knows which names of a zone nothing in it points at, neither at them nor at a name below them:
/// then the change of such a name cannot make another record wrong. A counting Bloom filter with
/// one hash: it may take a name for one that is pointed at, never the other way round.
///
/// Made once for a large version, and then kept true by the changes, in their time.
class TargetFilter {
 public:
  /// All names that the records of `version` point at. Costs the zone.
  explicit TargetFilter(const ZoneVersion& version);

  void apply(const dns::Name& apex, const ChangeSet& changes);

  /// False: no record points at this name (its labels above the apex) or below it.
  bool may_have(Octets labels) const;

  std::size_t octets() const { return counts_.size(); }

 private:
  enum class Sign { add, take };
  void count(Octets labels, Sign sign);
  void count(const dns::Name& apex, const dns::RRset& rrset, Sign sign);
  std::uint8_t& slot(Octets labels) { return counts_[hash(labels) & (counts_.size() - 1)]; }
  static std::size_t hash(Octets labels);

  std::vector<std::uint8_t> counts_;  ///< a power of two of them; one that is full stays full
};

}  // namespace taproot::zonestore
