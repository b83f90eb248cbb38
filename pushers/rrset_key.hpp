#pragma once

#include "dns/name.hpp"
#include "dns/types.hpp"

#include <compare>
#include <string>

namespace taproot::pushers {

/// Which RRset of a zone: its owner and its type.
struct RRsetKey {
  dns::Name owner;
  dns::RRType type = dns::RRType::none;

  /// "www.example.org. A"
  std::string to_text() const { return owner.to_text() + " " + dns::to_text(type); }

  friend bool operator==(const RRsetKey&, const RRsetKey&) = default;
  /// Canonical order of owners, then by type.
  friend std::weak_ordering operator<=>(const RRsetKey& a, const RRsetKey& b) {
    if (const auto order = a.owner <=> b.owner; order != 0) return order;
    return a.type <=> b.type;
  }
};

}  // namespace taproot::pushers
