#include "server/config_tls.hpp"

#include <filesystem>
#include <system_error>

namespace taproot::server {

std::string certificate_name(const dns::Name& name) {
  std::string text = name.lowered().to_text();
  if (text.size() > 1) text.pop_back();
  return text;
}

std::optional<net::SpkiPin> read_pin(const ConfigNode& node, std::string_view what,
                                     ConfigFindings& findings) {
  const auto text = read_text(node, what, findings);
  if (!text) return std::nullopt;
  const auto pin = net::SpkiPin::from_text(*text);
  if (pin) return *pin;
  findings.error(node.place, "config-bad-value",
                 std::string(what) + ": \"" + *text + "\" is not a pin: " + pin.error().detail,
                 "write the base64 of the SHA-256 digest of the certificate's public key; "
                 "docs/transfers.md has the command that prints it");
  return std::nullopt;
}

namespace {

/// A file's path, resolved; nothing if the key is not there or is wrong.
std::optional<std::string> read_file_key(MapReader& map, std::string_view key,
                                         const std::string& what, const ConfigScope& scope) {
  const auto* node = map.find(key);
  if (node == nullptr) return std::nullopt;
  const auto path = read_text(*node, what + "." + std::string(key), scope.findings);
  if (!path) return std::nullopt;
  return resolve(scope, *path).string();
}

/// Makes the context, or reports the file that is in its way.
template <class Made>
std::shared_ptr<const net::TlsContext> made_or_told(Made made, ConfigPlace place,
                                                    const ConfigScope& scope) {
  if (made) return *made;
  scope.findings.error(place, "config-bad-certificate", made.error().detail,
                       "name PEM files that belong together and that taproot may read");
  return nullptr;
}

void warn_if_exposed(const std::optional<std::string>& key, ConfigPlace place,
                     const ConfigScope& scope) {
  std::error_code ignored;  // what is not there is told elsewhere
  constexpr auto others =
      std::filesystem::perms::others_read | std::filesystem::perms::others_write;
  if (!key || (std::filesystem::status(*key, ignored).permissions() & others) ==
                  std::filesystem::perms::none) {
    return;
  }
  scope.findings.warning(place, "config-secret-permissions",
                         *key + ": this private key can be read by others", "chmod 600 " + *key);
}

}  // namespace

std::shared_ptr<const net::TlsContext> read_tls_server(const ConfigNode& node,
                                                       const ConfigScope& scope) {
  MapReader map(node, scope.findings, "server.tls");
  const auto certificate = read_file_key(map, "certificate", "server.tls", scope);
  const auto key = read_file_key(map, "key", "server.tls", scope);
  const auto client_ca = read_file_key(map, "client-ca", "server.tls", scope);
  map.finish();
  if (!map.is_map()) return nullptr;
  if (!certificate || !key) {
    scope.findings.error(map.place(), "config-missing-key", "server.tls needs certificate and key",
                         "write tls: {certificate: FILE, key: FILE}");
    return nullptr;
  }
  warn_if_exposed(key, map.place(), scope);
  return made_or_told(net::TlsContext::for_server({*certificate, *key, client_ca}), map.place(),
                      scope);
}

std::shared_ptr<const net::TlsContext> read_tls_client(const ConfigNode& node,
                                                       const ConfigScope& scope) {
  MapReader map(node, scope.findings, "tls");
  net::TlsClientSettings settings;
  if (const auto* hostname = map.find("hostname")) {
    const auto text = read_text(*hostname, "tls.hostname", scope.findings);
    const auto name = text && !net::Address::from_text(*text)
                          ? read_name(*hostname, "tls.hostname", scope.findings)
                          : std::nullopt;
    settings.hostname = name ? certificate_name(*name) : text.value_or("");
  }
  if (const auto* pins = map.find("pin")) {
    for (const auto* item : read_items(*pins, "tls.pin", scope.findings)) {
      if (const auto pin = read_pin(*item, "tls.pin", scope.findings)) {
        settings.pins.push_back(*pin);
      }
    }
  }
  settings.ca_file = read_file_key(map, "ca-file", "tls", scope);
  settings.certificate = read_file_key(map, "certificate", "tls", scope);
  settings.key = read_file_key(map, "key", "tls", scope);
  map.finish();
  if (!map.is_map()) return nullptr;
  if (map.find("hostname") == nullptr && map.find("pin") == nullptr) {
    scope.findings.error(map.place(), "config-missing-key",
                         "tls has neither hostname nor pin: it would be anybody",
                         "write hostname: NAME, or pin: BASE64, or both");
    return nullptr;
  }
  if (settings.hostname.empty() && settings.pins.empty()) return nullptr;  // it has its finding
  if (settings.certificate.has_value() != settings.key.has_value()) {
    scope.findings.error(map.place(), "config-missing-key",
                         "tls needs certificate and key, or neither", "name both files, or none");
    return nullptr;
  }
  warn_if_exposed(settings.key, map.place(), scope);
  return made_or_told(net::TlsContext::for_client(settings), map.place(), scope);
}

namespace {

/// The entries of a key that says whom a certificate has to be of. An empty list would be anybody.
std::vector<const ConfigNode*> read_certificate_items(const ConfigNode& node, std::string_view key,
                                                      const ConfigScope& scope) {
  auto items = read_items(node, key, scope.findings);
  if (node.kind == ConfigNode::Kind::list && items.empty()) {
    scope.findings.error(node.place, "config-bad-value", std::string(key) + ": is an empty list",
                         "name whom you mean, or leave " + std::string(key) + ": away");
  }
  return items;
}

}  // namespace

bool read_tls_access(MapReader& map, const ConfigScope& scope, xfr::AccessRule& rule) {
  static constexpr std::string_view transports[] = {"any", "tls"};
  const auto* names = map.find("tls-identity");
  const auto* pins = map.find("tls-pin");
  if (names != nullptr) {
    for (const auto* item : read_certificate_items(*names, "tls-identity", scope)) {
      const auto name = read_name(*item, "tls-identity", scope.findings);
      if (name) rule.tls_names.push_back(certificate_name(*name));
    }
  }
  if (pins != nullptr) {
    for (const auto* item : read_certificate_items(*pins, "tls-pin", scope)) {
      const auto pin = read_pin(*item, "tls-pin", scope.findings);
      if (pin) rule.tls_pins.push_back(*pin);
    }
  }
  const bool wants_certificate = names != nullptr || pins != nullptr;
  const auto* node = map.find("transport");
  const auto chosen = node != nullptr ? read_choice(*node, "transport", transports, scope.findings)
                                      : std::optional<std::size_t>();
  if (!chosen) return wants_certificate;
  rule.tls_only = *chosen == 1;
  if (!rule.tls_only && wants_certificate) {
    scope.findings.error(node->place, "config-bad-value",
                         "transport: any does not go with tls-identity or tls-pin: there is no "
                         "certificate without TLS",
                         "write transport: tls, or take it out");
  }
  return wants_certificate;
}

}  // namespace taproot::server
