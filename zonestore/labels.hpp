#pragma once

#include "dns/name.hpp"
#include "dns/octets.hpp"

namespace taproot::zonestore {

// Names as a zone's trie has them: wire format without the labels of the apex and the root.

/// Without the first label. Also for whole names but the root.
inline Octets parent_of(Octets labels) {
  return labels.subspan(labels[0] + std::size_t{1});
}

inline bool is_at_or_below(Octets labels, Octets ancestor) {
  while (labels.size() > ancestor.size()) labels = parent_of(labels);
  return dns::same_name(labels, ancestor);
}

/// The labels above the apex of a name in wire format, if it lies below the apex; else empty.
inline Octets labels_below(const dns::Name& apex, Octets wire) {
  if (wire.size() <= apex.size() || !is_at_or_below(wire, apex.wire())) return {};
  return wire.first(wire.size() - apex.size());
}

}  // namespace taproot::zonestore
