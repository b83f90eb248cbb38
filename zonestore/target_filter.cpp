#include "zonestore/target_filter.hpp"

#include "dns/rdata.hpp"
#include "zonestore/labels.hpp"
#include "zonestore/zone_version.hpp"

#include <algorithm>

namespace taproot::zonestore {

Octets target_labels(const dns::Name& apex, dns::RRType type, Octets rdata) {
  return labels_below(apex, dns::target_octets(type, rdata));
}

TargetFilter::TargetFilter(const ZoneVersion& version) {
  // Most names of a delegation zone are pointed at, and so are their parents.
  constexpr std::size_t counters_per_name = 24;
  constexpr std::size_t least = 16;
  blocks_.resize(std::max(least, version.name_count() * counters_per_name / Block::size));
  for (auto at = version.walk(); at.leaf() != nullptr; at.next()) {
    for (const auto rrset : at.leaf()->rrsets()) {
      for (const Octets rdata : rrset) {
        count(target_labels(version.apex(), rrset.type(), rdata), Sign::add);
      }
    }
  }
}

void TargetFilter::apply(const dns::Name& apex, const ChangeSet& changes) {
  for (const auto& change : changes.changes) {
    if (change.before) count(apex, *change.before, Sign::take);
    if (change.after) count(apex, *change.after, Sign::add);
  }
}

bool TargetFilter::may_have(Octets labels) const {
  const Place place = place_of(labels);
  const Block& block = blocks_[place.block];
  return std::all_of(place.at.begin(), place.at.end(),
                     [&](std::uint8_t at) { return block.count(at) != 0; });
}

void TargetFilter::count(const dns::Name& apex, const dns::RRset& rrset, Sign sign) {
  for (const auto& rdata : rrset.rdata) {
    count(target_labels(apex, rrset.type, rdata.wire()), sign);
  }
}

/// The name and all names between it and the apex.
void TargetFilter::count(Octets labels, Sign sign) {
  for (; !labels.empty(); labels = parent_of(labels)) {
    const Place place = place_of(labels);
    Block& block = blocks_[place.block];
    for (const std::uint8_t at : place.at) {
      const unsigned count = block.count(at);
      if (count == Block::full) continue;
      if (sign == Sign::add) {
        block.set(at, count + 1);
      } else if (count > 0) {
        block.set(at, count - 1);
      }
    }
  }
}

void TargetFilter::Block::set(std::size_t at, unsigned count) {
  const unsigned shift = at % 2 * 4;
  std::uint8_t& pair = pairs[at / 2];
  pair = static_cast<std::uint8_t>((pair & ~(full << shift)) | count << shift);
}

TargetFilter::Place TargetFilter::place_of(Octets labels) const {
  std::uint64_t value = 0xcbf2'9ce4'8422'2325u;
  for (const auto octet : labels) value = (value ^ dns::lower(octet)) * 0x0000'0100'0000'01b3u;
  value = (value ^ value >> 32) * 0x9e37'79b9'7f4a'7c15u;  // each bit tells of all octets
  value ^= value >> 29;
  constexpr unsigned bits = 7;
  Place place{};
  for (auto& at : place.at) {
    at = static_cast<std::uint8_t>(value % Block::size);
    value >>= bits;
  }
  constexpr unsigned rest = 64 - bits * Place::counters;
  place.block = static_cast<std::size_t>(value * blocks_.size() >> rest);
  return place;
}

}  // namespace taproot::zonestore
