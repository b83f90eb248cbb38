#pragma once

#include "dns/name.hpp"
#include "net/tls_peer.hpp"
#include "server/config_reader.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace taproot::server {

/// A name as certificates have it: small letters, no last dot.
std::string certificate_name(const dns::Name& name);

/// Reads one pin, or reports what is wrong with it.
std::optional<net::SpkiPin> read_pin(const ConfigNode& node, std::string_view what,
                                     ConfigFindings& findings);

}  // namespace taproot::server
