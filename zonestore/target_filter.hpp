#pragma once

#include "dns/name.hpp"
#include "dns/octets.hpp"
#include "zonestore/changes.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace taproot::zonestore {

class ZoneVersion;

/// The labels above the apex of the name that a record points at (dns::target_octets()), if that
/// lies in the zone and below its apex; else empty.
Octets target_labels(const dns::Name& apex, dns::RRType type, Octets rdata);

/// Knows which names of a zone nothing in it points at, neither at them nor at a name below them:
/// then the change of such a name cannot make another record wrong. A counting Bloom filter whose
/// counters of one name share a cache line: of names that nothing points at it takes fewer than
/// one in a hundred for one that is pointed at, never the other way round.
///
/// Made once for a large version, and then kept true by the changes, in their time.
class TargetFilter {
 public:
  /// All names that the records of `version` point at. Costs the zone.
  explicit TargetFilter(const ZoneVersion& version);

  void apply(const dns::Name& apex, const ChangeSet& changes);

  /// False: no record points at this name (its labels above the apex) or below it.
  bool may_have(Octets labels) const;

  std::size_t octets() const { return blocks_.size() * sizeof(Block); }

 private:
  /// Counters of four bits, two to an octet; one that is full stays full.
  struct alignas(64) Block {
    static constexpr unsigned full = 15;
    static constexpr std::size_t size = 128;
    std::array<std::uint8_t, size / 2> pairs{};

    unsigned count(std::size_t at) const { return unsigned{pairs[at / 2]} >> (at % 2 * 4) & full; }
    void set(std::size_t at, unsigned count);
  };
  /// Where the counters of a name are.
  struct Place {
    static constexpr std::size_t counters = 5;
    std::size_t block;
    std::array<std::uint8_t, counters> at;
  };
  enum class Sign { add, take };

  Place place_of(Octets labels) const;
  void count(Octets labels, Sign sign);
  void count(const dns::Name& apex, const dns::RRset& rrset, Sign sign);

  std::vector<Block> blocks_;
};

}  // namespace taproot::zonestore
