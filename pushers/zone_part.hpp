#pragma once

#include "dns/name.hpp"
#include "pushers/live_zone.hpp"
#include "pushers/rrset_key.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <set>

namespace taproot::pushers {

/// What a set of RRsets comes to, whatever their order: how many there are, and a sum of digests
/// that stands for all of them. What was added can be taken out again, so it costs a change and not
/// the zone to keep.
class Tally {
 public:
  void add(const LiveRRset& one) { count(one, 1); }
  void add(const dns::RRset& plain) { add(LiveRRset{plain, LiveKind::plain, "", {}}); }
  /// One that was added.
  void take(const LiveRRset& one) { count(one, -1); }

  std::size_t plain() const { return plain_; }
  std::size_t plain_mx() const { return plain_mx_; }
  const std::array<std::uint64_t, 2>& digest() const { return digest_; }

  friend bool operator==(const Tally&, const Tally&) = default;

 private:
  void count(const LiveRRset& one, int sign);

  std::size_t plain_ = 0;
  std::size_t plain_mx_ = 0;
  std::array<std::uint64_t, 2> digest_{};
};

/// The part of a zone in which a version and what is at a provider may differ: all RRsets of some
/// owners, the apex and the fence among them. Of the rest it is known that both are the same, RRset
/// by RRset, and that what the provider keeps of it is what the version says.
struct ZonePart {
  std::set<dns::Name> owners;
  std::set<RRsetKey> keys;  ///< of what was there at these owners when the part was made
  Tally rest;
};

}  // namespace taproot::pushers
