#include "zonestore/target_filter.hpp"

#include "dns/rdata.hpp"
#include "zonestore/labels.hpp"
#include "zonestore/zone_version.hpp"

#include <algorithm>
#include <bit>

namespace taproot::zonestore {

Octets target_labels(const dns::Name& apex, dns::RRType type, Octets rdata) {
  return labels_below(apex, dns::target_octets(type, rdata));
}

TargetFilter::TargetFilter(const ZoneVersion& version) {
  // Most names of a delegation zone are pointed at, and so are their parents.
  constexpr std::size_t slots_per_name = 6;
  constexpr std::size_t least = 1024;
  counts_.resize(std::bit_ceil(std::max(least, version.name_count() * slots_per_name)));
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
  return counts_[hash(labels) & (counts_.size() - 1)] != 0;
}

void TargetFilter::count(const dns::Name& apex, const dns::RRset& rrset, Sign sign) {
  for (const auto& rdata : rrset.rdata) {
    count(target_labels(apex, rrset.type, rdata.wire()), sign);
  }
}

/// The name and all names between it and the apex.
void TargetFilter::count(Octets labels, Sign sign) {
  constexpr std::uint8_t full = 255;
  for (; !labels.empty(); labels = parent_of(labels)) {
    std::uint8_t& count = slot(labels);
    if (count == full) continue;
    if (sign == Sign::add) {
      ++count;
    } else if (count > 0) {
      --count;
    }
  }
}

std::size_t TargetFilter::hash(Octets labels) {
  std::uint64_t value = 0xcbf2'9ce4'8422'2325u;
  for (const auto octet : labels) value = (value ^ dns::lower(octet)) * 0x0000'0100'0000'01b3u;
  return static_cast<std::size_t>(value ^ value >> 32);
}

}  // namespace taproot::zonestore
