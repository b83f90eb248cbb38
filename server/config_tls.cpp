#include "server/config_tls.hpp"

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

}  // namespace taproot::server
