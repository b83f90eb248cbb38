#pragma once

#include "dns/name.hpp"
#include "dns/tsig.hpp"
#include "xfr/access.hpp"

#include <span>
#include <unordered_map>
#include <vector>

namespace taproot::server {

/// What the configuration says about who may ask what. Immutable once published to the serving
/// loops (zonestore::Published<Policy>); a reload publishes another.
struct Policy {
  std::vector<dns::TsigKey> keys;
  /// By apex: who may transfer the zone. A zone that is not here is transferred to nobody.
  std::unordered_map<dns::Name, std::vector<xfr::AccessRule>, dns::NameHash> transfers;

  /// By apex of a zone that is followed: whose NOTIFY is heeded.
  std::unordered_map<dns::Name, std::vector<xfr::AccessRule>, dns::NameHash> notifiers;
  std::span<const xfr::AccessRule> notifiers_for(const dns::Name& apex) const {
    const auto found = notifiers.find(apex);
    if (found == notifiers.end()) return {};
    return found->second;
  }
  std::span<const xfr::AccessRule> rules_for(const dns::Name& apex) const {
    const auto found = transfers.find(apex);
    if (found == transfers.end()) return {};
    return found->second;
  }
};

}  // namespace taproot::server
