#include "server/config_secret.hpp"
#include "server/config_sections.hpp"

#include <algorithm>

namespace taproot::server {

namespace {

/// Shorter secrets are guessable; RFC 8945 section 9 wants at least the hash's length.
constexpr std::size_t weak_secret_octets = 16;

std::optional<Secret> secret_from_file(const ConfigNode& node, const std::string& file_key,
                                       const std::string& what, const ConfigScope& scope) {
  const auto path = read_text(node, file_key, scope.findings);
  if (!path) return std::nullopt;
  auto read = read_secret_file(resolve(scope, *path));
  if (!read) {
    scope.findings.error(node.place, "config-secret-unreadable",
                         what + ": " + *path + " cannot be read: " + read.error().detail,
                         "make the file, readable for taproot only (mode 0600)");
    return std::nullopt;
  }
  if (read->exposed) {
    scope.findings.warning(node.place, "config-secret-permissions",
                           what + ": " + *path + " can be read by others", "chmod 600 " + *path);
  }
  return std::move(read->secret);
}

std::optional<Secret> secret_from_reference(const ConfigNode& node, const std::string& key,
                                            const std::string& file_key, const std::string& what,
                                            const ConfigScope& scope) {
  if (node.kind != ConfigNode::Kind::text || !is_secret_reference(node.text)) {
    scope.findings.hide(node.place);
    scope.findings.error(node.place, "config-inline-secret",
                         what + ": the secret stands in the configuration itself",
                         "put it in a file of mode 0600 and write " + file_key + ": PATH, or " +
                             key + ": env:NAME, or " + key + ": \"exec:COMMAND\"");
    return std::nullopt;
  }
  auto secret = follow_secret_reference(node.text, scope.world);
  if (!secret) {
    scope.findings.error(node.place, "config-secret-unreadable",
                         what + ": " + secret.error().detail,
                         "set the variable or mend the command");
    return std::nullopt;
  }
  return std::move(*secret);
}

/// The key's secret, decoded, if everything about it is right.
void read_key_secret(MapReader& map, const ConfigScope& scope, dns::TsigKey& key) {
  const std::string what = "key " + key.name.to_text();
  const auto text = read_secret(map, "secret", "secret-file", what, scope);
  if (!text) return;
  auto octets = tsig_secret_from_text(*text, key.name, key.algorithm);
  if (!octets) {
    scope.findings.error(
        map.place(), "config-bad-secret", what + ": its secret " + octets.error().detail,
        "write base64, or make a new one: taproot key generate " + key.name.to_text());
    return;
  }
  if (octets->reveal().size() < weak_secret_octets) {
    scope.findings.warning(map.place(), "config-weak-secret",
                           what + ": its secret is shorter than 16 octets",
                           "make a new one: taproot key generate " + key.name.to_text());
  }
  key.secret = std::move(*octets);
}

/// Weak ones need the operator's word that they may be used.
void read_algorithm(const ConfigNode& node, const ConfigScope& scope, const Config& config,
                    dns::TsigKey& key) {
  const auto text = read_text(node, "algorithm", scope.findings);
  if (!text) return;
  const auto algorithm = dns::tsig_algorithm_from_text(*text, dns::WeakAlgorithms::allowed);
  if (!algorithm) {
    scope.findings.error(node.place, "config-bad-value",
                         "algorithm: \"" + *text + "\" is not one that taproot knows",
                         "write hmac-sha256, hmac-sha512, hmac-sha384 or hmac-sha224");
    return;
  }
  key.algorithm = *algorithm;
  if (!dns::is_weak(*algorithm)) return;
  const auto word = dns::to_text(*algorithm);
  const auto& allowed = config.weak_algorithms;
  if (std::find(allowed.begin(), allowed.end(), *algorithm) == allowed.end()) {
    scope.findings.error(node.place, "config-weak-algorithm",
                         word + " is too weak to be used without a word from you",
                         "make a key for hmac-sha256; if the other side has nothing better, write "
                         "allow-weak-algorithms: [" +
                             word + "] below server:");
  } else {
    scope.findings.warning(node.place, "config-weak-algorithm",
                           "a key for " + word + ", which is weak",
                           "make a key for hmac-sha256 as soon as the other side can use it");
  }
}

void read_least_mac(const ConfigNode& node, const ConfigScope& scope, dns::TsigKey& key) {
  const auto octets = read_count(node, "least-mac", dns::shortest_mac(key.algorithm),
                                 dns::mac_size(key.algorithm), scope.findings);
  if (octets) key.least_mac = static_cast<std::size_t>(*octets);
}

void read_key(const ConfigNode& node, const ConfigScope& scope, Config& config) {
  MapReader map(node, scope.findings, "key");
  dns::TsigKey key;
  std::optional<dns::Name> name;
  const auto* name_node =
      map.need("name", "name it as the other side does: name: xfr.example.net.");
  if (name_node != nullptr) name = read_name(*name_node, "key name", scope.findings);
  if (const auto* algorithm = map.find("algorithm")) {
    read_algorithm(*algorithm, scope, config, key);
  }
  if (const auto* least = map.find("least-mac")) read_least_mac(*least, scope, key);
  if (name) key.name = *name;
  read_key_secret(map, scope, key);
  map.finish();
  if (!name) return;
  if (config.find_key(*name) != nullptr) {
    scope.findings.error(name_node->place, "config-duplicate-name",
                         "there are two keys " + name->to_text(), "give one another name");
    return;
  }
  config.keys.push_back(std::move(key));
}

}  // namespace

std::optional<Secret> read_secret(MapReader& map, const std::string& key,
                                  const std::string& file_key, const std::string& what,
                                  const ConfigScope& scope) {
  const auto* in_file = map.find(file_key);
  const auto* reference = map.find(key);
  if (reference != nullptr) scope.findings.hide(reference->place);
  if (in_file != nullptr && reference != nullptr) {
    scope.findings.error(in_file->place, "config-duplicate-key",
                         what + " has both " + file_key + " and " + key, "keep one of the two");
    return std::nullopt;
  }
  if (in_file != nullptr) return secret_from_file(*in_file, file_key, what, scope);
  if (reference != nullptr) return secret_from_reference(*reference, key, file_key, what, scope);
  if (map.is_map()) {
    scope.findings.error(map.place(), "config-missing-key", what + " has no " + file_key,
                         "write " + file_key + ": PATH, or " + key + ": env:NAME");
  }
  return std::nullopt;
}

void read_keys_section(const ConfigNode& node, const ConfigScope& scope, Config& config) {
  for (const auto* item : read_items(node, "keys", scope.findings)) {
    read_key(*item, scope, config);
  }
}

}  // namespace taproot::server
