#pragma once

#include "server/config_sections.hpp"

#include <string>
#include <string_view>

namespace taproot::server {

// Providers of every kind but transfer: taproot brings the zones there itself.

/// Reads all keys of such a provider beside those that every provider has; its kind is known.
void read_api_provider(MapReader& map, const ConfigScope& scope, const Config& config,
                       ProviderConfig& provider);

/// Whether a key is one of providers of this kind.
bool is_api_key_of(ProviderKind kind, std::string_view key);

/// The kinds that have this key, in words; empty if none of them does.
std::string api_key_belongs_to(std::string_view key);

}  // namespace taproot::server
