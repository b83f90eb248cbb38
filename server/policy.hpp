#pragma once

#include "dns/name.hpp"
#include "dns/tsig.hpp"
#include "net/endpoint.hpp"
#include "server/update_policy.hpp"
#include "xfr/access.hpp"

#include <map>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace taproot::server {

/// What the configuration says about who may ask what. Immutable once published to the serving
/// loops (zonestore::Published<Policy>); a reload publishes another.
struct Policy {
  std::vector<dns::TsigKey> keys;
  using Rules = std::vector<xfr::AccessRule>;
  /// By apex: who may transfer the zone. A zone that is not here is transferred to nobody. Zones
  /// of the same providers share their rules.
  std::unordered_map<dns::Name, std::shared_ptr<const Rules>, dns::NameHash> transfers;

  /// How many secondaries a provider has at one address, where it is more than one: they cannot be
  /// told apart by their requests.
  std::map<std::pair<std::string, net::Address>, unsigned> crowds;

  unsigned secondaries_at(const std::string& provider, const net::Address& address) const {
    const auto found = crowds.find({provider, address});
    return found == crowds.end() ? 1 : found->second;
  }

  /// By apex: who may change the zone by UPDATE. A zone that is not here is changed by nobody.
  std::unordered_map<dns::Name, UpdateRules, dns::NameHash> updates;

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
    return *found->second;
  }
  UpdateRules updates_for(const dns::Name& apex) const {
    const auto found = updates.find(apex);
    return found == updates.end() ? nullptr : found->second;
  }
};

}  // namespace taproot::server
