#include "server/config.hpp"
#include "server/config_sections.hpp"

#include <algorithm>
#include <charconv>

namespace taproot::server {

using zonestore::Finding;
using zonestore::Severity;

namespace {

constexpr const char* provider_name = "secondaries";
constexpr std::uint16_t dns_port = 53;

/// Reads flags one by one; what is wrong is reported under the flag's name.
class FlagReader {
 public:
  explicit FlagReader(std::vector<Finding>& findings) : findings_(findings) {}

  void error(const char* flag, const char* rule, std::string message, std::string cure) {
    add(Severity::error, flag, rule, std::move(message), std::move(cure));
  }
  void warning(const char* flag, const char* rule, std::string message, std::string cure) {
    add(Severity::warning, flag, rule, std::move(message), std::move(cure));
  }

  std::optional<net::Endpoint> endpoint(const char* flag, const std::string& text,
                                        std::optional<std::uint16_t> default_port) {
    const auto read = net::Endpoint::from_text(text, default_port);
    if (read) return *read;
    error(flag, "config-bad-address", "\"" + text + "\" is not an address with a port",
          "write 127.0.0.1:5300 or [::1]:5300");
    return std::nullopt;
  }

 private:
  void add(Severity severity, const char* flag, const char* rule, std::string message,
           std::string cure) {
    findings_.push_back({severity, rule, flag, 0, 0, std::move(message), std::move(cure), {}});
  }

  std::vector<Finding>& findings_;
};

void read_server_flags(const ServeFlags& flags, FlagReader& reader, Config& config) {
  for (const auto& text : flags.listen) {
    const auto endpoint = reader.endpoint("--listen", text, std::nullopt);
    if (endpoint) config.listen.push_back(*endpoint);
  }
  if (flags.workers && *flags.workers != "auto") {
    unsigned count = 0;
    const auto* end = flags.workers->data() + flags.workers->size();
    const auto [at, failed] = std::from_chars(flags.workers->data(), end, count);
    if (failed == std::errc() && at == end && count >= 1 && count <= 256) {
      config.workers = count;
    } else {
      reader.error("--workers", "config-bad-value",
                   "\"" + *flags.workers + "\" is not a number from 1 to 256",
                   "write a number or auto");
    }
  }
  if (!flags.control) return;
  const auto endpoint = reader.endpoint("--control", *flags.control, std::nullopt);
  if (!endpoint) return;
  config.control.listen = *endpoint;
  if (is_exposed(*endpoint)) {
    reader.error(
        "--control", "config-control-exposed",
        endpoint->to_text() + " can be reached from other hosts, and the control API has no TLS",
        "use 127.0.0.1:8053");
  }
}

void read_zone_flags(const ServeFlags& flags, FlagReader& reader, Config& config) {
  for (const auto& text : flags.zones) {
    const auto equals = text.find('=');
    const auto name = dns::Name::from_text(text.substr(0, equals));
    if (equals == std::string::npos || equals + 1 == text.size() || !name) {
      reader.error("--zone", "config-bad-value", "\"" + text + "\" is not NAME=FILE",
                   "write example.com=example.com.yaml");
      continue;
    }
    if (config.find_zone(*name) != nullptr) {
      reader.error("--zone", "config-zone-twice", "zone " + name->to_text() + " is given twice",
                   "keep one of the two");
      continue;
    }
    ZoneConfig zone;
    zone.name = *name;
    zone.source = text.substr(equals + 1);
    zone.shown = zone.source;
    config.zones.push_back(std::make_shared<const ZoneConfig>(std::move(zone)));
  }
}

void read_key_flags(const ServeFlags& flags, FlagReader& reader, Config& config) {
  for (const auto& text : flags.keys) {
    auto key = dns::TsigKey::from_text(text);
    if (!key) {  // neither the text nor the reason is shown: either may hold the secret
      reader.error("--key", "config-bad-secret", "a key is not NAME:ALGORITHM:BASE64",
                   "write xfr.example.net.:hmac-sha256:… or use keys: in a configuration file");
      continue;
    }
    if (config.find_key(key->name) != nullptr) {
      reader.error("--key", "config-duplicate-name",
                   "key " + key->name.to_text() + " is given twice", "keep one of the two");
      continue;
    }
    config.keys.push_back(std::move(*key));
  }
}

/// The name behind "key:", if it is a key's.
std::optional<dns::Name> key_reference(const char* flag, std::string_view text, FlagReader& reader,
                                       const Config& config) {
  const auto name = dns::Name::from_text(text);
  if (name && config.find_key(*name) != nullptr) return *name;
  reader.error(flag, "config-unknown-reference", "there is no key " + std::string(text),
               "give it with --key NAME:ALGORITHM:BASE64");
  return std::nullopt;
}

void read_transfer_flags(const ServeFlags& flags, FlagReader& reader, const Config& config,
                         ProviderConfig& provider) {
  xfr::AccessRule addresses{provider.name, {}, std::nullopt};
  for (const auto& text : flags.allow_transfer) {
    if (text.starts_with("key:")) {
      const auto key = key_reference("--allow-transfer", text.substr(4), reader, config);
      if (key) provider.access.push_back({provider.name, {}, *key});
      continue;
    }
    if (text == "any") {
      addresses.from = everybody();
      continue;
    }
    const auto prefix = net::Prefix::from_text(text);
    if (!prefix) {
      reader.error("--allow-transfer", "config-bad-address", "\"" + text + "\" is not an address",
                   "write 192.0.2.1 or key:NAME");
    } else if (is_everybody(*prefix)) {
      reader.error("--allow-transfer", "config-open-transfer",
                   text + " opens the zones to everybody",
                   "use key:NAME; if you mean it, write the word any instead");
    } else {
      addresses.from.push_back(*prefix);
    }
  }
  if (!addresses.from.empty()) provider.access.push_back(std::move(addresses));
}

void read_notify_flags(const ServeFlags& flags, FlagReader& reader, const Config& config,
                       ProviderConfig& provider) {
  for (const auto& text : flags.notify) {
    const auto comma = text.find(',');
    const auto endpoint = reader.endpoint("--notify", text.substr(0, comma), dns_port);
    std::optional<dns::Name> key;
    if (comma != std::string::npos) {
      const std::string rest = text.substr(comma + 1);
      if (!rest.starts_with("key:")) {
        reader.error("--notify", "config-bad-value", "\"" + text + "\" has no key: after the comma",
                     "write ADDRESS:PORT,key:NAME");
        continue;
      }
      key = key_reference("--notify", rest.substr(4), reader, config);
      if (!key) continue;
    }
    if (!endpoint) continue;
    provider.notify.push_back({*endpoint, key});
    // Nobody has told us its name, and the status needs one.
    const auto name = "secondary-" + std::to_string(provider.notify.size()) + ".";
    provider.nameservers.push_back({dns::Name::from_text(name).value(), {*endpoint}});
  }
}

void add_secondaries(const ServeFlags& flags, FlagReader& reader, Config& config) {
  ProviderConfig provider;
  provider.name = provider_name;
  read_transfer_flags(flags, reader, config, provider);
  read_notify_flags(flags, reader, config, provider);
  if (flags.allow_transfer.empty() && flags.notify.empty()) return;
  if (provider.access.empty()) {
    reader.warning("--notify", "config-no-access",
                   "secondaries are told of changes, but none may transfer",
                   "add --allow-transfer ADDRESS or --allow-transfer key:NAME");
  }
  config.providers.push_back(std::move(provider));
  for (auto& zone : config.zones) {
    ZoneConfig with = *zone;
    with.providers.emplace_back(provider_name);
    zone = std::make_shared<const ZoneConfig>(std::move(with));
  }
}

}  // namespace

bool ServeFlags::any() const {
  return !listen.empty() || !zones.empty() || state || workers || !keys.empty() ||
         !allow_transfer.empty() || !notify.empty() || control;
}

ConfigRead config_from_flags(const ServeFlags& flags, const ConfigWorld& world) {
  ConfigRead read;
  FlagReader reader(read.findings);
  Config config;
  read_server_flags(flags, reader, config);
  read_zone_flags(flags, reader, config);
  read_key_flags(flags, reader, config);
  add_secondaries(flags, reader, config);
  if (config.listen.empty()) {
    config.listen.emplace_back(net::Address::from_text("127.0.0.1").value(), std::uint16_t{5300});
  }
  config.state = flags.state ? std::filesystem::path(*flags.state) : default_state(world);
  config.control.token_file = config.state / "control.token";
  if (!zonestore::has_errors(read.findings)) read.config = std::move(config);
  return read;
}

}  // namespace taproot::server
