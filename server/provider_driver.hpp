#pragma once

#include "dns/name.hpp"
#include "dns/result.hpp"
#include "dns/tsig.hpp"
#include "pushers/driver.hpp"
#include "pushers/live_zone.hpp"
#include "server/config.hpp"

#include <chrono>
#include <memory>
#include <vector>

namespace taproot::server {

/// What speaks with a provider of any kind but transfer; null for that one. `keys` are those of
/// the configuration.
std::unique_ptr<pushers::Driver> make_driver(const ProviderConfig& provider,
                                             const std::vector<dns::TsigKey>& keys);

/// Reads a zone at a provider, whole or not at all. Waits for it on a loop of its own.
Result<pushers::LiveZone> read_live_zone(const pushers::Driver& driver, const dns::Name& apex,
                                         std::chrono::seconds deadline);

}  // namespace taproot::server
