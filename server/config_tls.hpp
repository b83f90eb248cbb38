#pragma once

#include "dns/name.hpp"
#include "net/tls_context.hpp"
#include "net/tls_peer.hpp"
#include "server/config_reader.hpp"
#include "server/config_sections.hpp"
#include "xfr/access.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace taproot::server {

/// A name as certificates have it: small letters, no last dot.
std::string certificate_name(const dns::Name& name);

/// Reads one pin, or reports what is wrong with it.
std::optional<net::SpkiPin> read_pin(const ConfigNode& node, std::string_view what,
                                     ConfigFindings& findings);

constexpr std::uint16_t tls_port = 853;

/// Reads `transport`, `tls-identity` and `tls-pin`: how whoever asks something of us must come.
/// Whether a client certificate is asked for, be it with mistakes.
bool read_tls_access(MapReader& map, const ConfigScope& scope, xfr::AccessRule& rule);

/// Reads `{certificate, key, client-ca}`, and the files that it names; null, with findings, if
/// that cannot be.
std::shared_ptr<const net::TlsContext> read_tls_server(const ConfigNode& node,
                                                       const ConfigScope& scope);

/// Reads `{hostname, ca-file, pin, certificate, key}`: how a server is known to be the right one,
/// and who we are to it. Null, with findings, if that cannot be.
std::shared_ptr<const net::TlsContext> read_tls_client(const ConfigNode& node,
                                                       const ConfigScope& scope);

}  // namespace taproot::server
