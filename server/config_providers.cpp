#include "server/config_api_providers.hpp"
#include "server/config_sections.hpp"
#include "server/config_tls.hpp"

#include <algorithm>

namespace taproot::server {

namespace {

constexpr std::uint16_t dns_port = 53;

void read_nameservers(const ConfigNode& node, const ConfigScope& scope, ProviderConfig& provider) {
  MapReader map(node, scope.findings, "nameservers");
  if (!map.is_map()) return;
  for (const auto& entry : node.entries) {
    const ConfigNode name_node{ConfigNode::Kind::text, entry.place, entry.key, {}, {}};
    const auto name = read_name(name_node, "nameservers", scope.findings);
    NameserverConfig nameserver;
    for (const auto* item : read_items(entry.value, "addresses of a nameserver", scope.findings)) {
      const auto endpoint = read_endpoint(*item, "nameservers", dns_port, scope.findings);
      if (endpoint) nameserver.endpoints.push_back(*endpoint);
    }
    if (!name) continue;
    nameserver.name = *name;
    const auto is_same = [&](const NameserverConfig& other) { return other.name == *name; };
    if (std::any_of(provider.nameservers.begin(), provider.nameservers.end(), is_same)) {
      scope.findings.error(entry.place, "config-duplicate-key",
                           name->to_text() + " stands twice in nameservers",
                           "put all its addresses in one list");
      continue;
    }
    provider.nameservers.push_back(std::move(nameserver));
  }
}

}  // namespace

std::optional<dns::Name> read_key_reference(const ConfigNode& node, const ConfigScope& scope,
                                            const Config& config) {
  const auto name = read_name(node, "key", scope.findings);
  if (!name || config.find_key(*name) != nullptr) return name;
  std::vector<std::string> names;
  names.reserve(config.keys.size());
  for (const auto& key : config.keys) names.push_back(key.name.to_text());
  const auto meant = nearest(name->to_text(), names);
  scope.findings.error(node.place, "config-unknown-reference", "there is no key " + name->to_text(),
                       meant ? "did you mean \"" + *meant + "\"?" : "add it to keys:");
  return name;
}

namespace {

/// An address, or a map with an address and `tls`.
std::optional<NotifyTarget> read_notify_target(const ConfigNode& node, const ConfigScope& scope,
                                               const std::optional<dns::Name>& key) {
  const auto plain = [&](const ConfigNode& address, std::uint16_t port) {
    return read_endpoint(address, "notify", port, scope.findings);
  };
  if (node.kind != ConfigNode::Kind::map) {
    const auto endpoint = plain(node, dns_port);
    return endpoint ? std::optional(NotifyTarget{*endpoint, key}) : std::nullopt;
  }
  MapReader map(node, scope.findings, "notify");
  const auto* address = map.need("address", "write {address: ADDRESS, tls: {hostname: NAME}}");
  const auto* tls = map.find("tls");
  const auto endpoint = address != nullptr ? plain(*address, tls != nullptr ? tls_port : dns_port)
                                           : std::optional<net::Endpoint>();
  auto context = tls != nullptr ? read_tls_client(*tls, scope) : nullptr;
  map.finish();
  if (!endpoint || (tls != nullptr && context == nullptr)) return std::nullopt;
  return NotifyTarget{*endpoint, key, std::move(context)};
}

/// The provider's keys, the one that signs first: more than one while it changes from an old one.
std::vector<dns::Name> read_key_references(MapReader& map, const ConfigScope& scope,
                                           const Config& config) {
  std::vector<dns::Name> keys;
  const auto* node = map.find("key");
  if (node == nullptr) return keys;
  const auto items = read_items(*node, "key", scope.findings);
  if (node->kind == ConfigNode::Kind::list && items.empty()) {
    scope.findings.error(node->place, "config-bad-value", "key: is an empty list",
                         "name a key, or leave key: away");
  }
  for (const auto* item : items) {
    const auto name = read_key_reference(*item, scope, config);
    if (!name) continue;
    if (std::find(keys.begin(), keys.end(), *name) != keys.end()) {
      scope.findings.error(item->place, "config-duplicate-name",
                           "key " + name->to_text() + " stands twice", "keep one of the two");
      continue;
    }
    keys.push_back(*name);
  }
  return keys;
}

void read_notify(MapReader& map, const ConfigScope& scope, const std::vector<dns::Name>& keys,
                 ProviderConfig& provider) {
  const auto key = keys.empty() ? std::nullopt : std::optional(keys.front());
  if (const auto* node = map.find("notify")) {
    for (const auto* item : read_items(*node, "notify", scope.findings)) {
      if (const auto target = read_notify_target(*item, scope, key)) {
        provider.notify.push_back(*target);
      }
    }
  }
  if (const auto* node = map.find("notify-source")) {
    const auto text = read_text(*node, "notify-source", scope.findings);
    const auto address = text ? net::Address::from_text(*text) : net::Address();
    if (address) {
      provider.notify_source = *address;
    } else {
      scope.findings.error(node->place, "config-bad-address",
                           "notify-source: \"" + *text + "\" is not an address",
                           "write one of this host's addresses, without a port");
    }
  }
}

/// One entry of transfer-from; `any` is the explicit word for everybody.
void read_prefix(const ConfigNode& node, const ConfigScope& scope, bool told_apart,
                 std::vector<net::Prefix>& prefixes) {
  const auto text = read_text(node, "transfer-from", scope.findings);
  if (!text) return;
  if (*text == "any") {
    const auto all = everybody();
    prefixes.insert(prefixes.end(), all.begin(), all.end());
    if (!told_apart) {
      scope.findings.warning(node.place, "config-open-transfer",
                             "anyone who can reach this server may transfer the zones",
                             "name addresses, or add a key or a tls-identity");
    }
    return;
  }
  const auto prefix = net::Prefix::from_text(*text);
  if (!prefix) {
    scope.findings.error(node.place, "config-bad-address",
                         "transfer-from: \"" + *text + "\" is not an address or prefix",
                         "write 192.0.2.1, 192.0.2.0/24 or \"2001:db8::/32\"");
    return;
  }
  if (is_everybody(*prefix) && !told_apart) {
    scope.findings.error(node.place, "config-open-transfer",
                         "transfer-from: " + *text + " opens the zones to everybody",
                         "add a key; if you mean it, write the word any instead");
    return;
  }
  prefixes.push_back(*prefix);
}

void read_access(MapReader& map, const ConfigScope& scope, const std::vector<dns::Name>& keys,
                 ProviderConfig& provider) {
  xfr::AccessRule rule{provider.name, {}, {}};
  const bool wants_certificate = read_tls_access(map, scope, rule);
  const bool told_apart = !keys.empty() || wants_certificate;
  const auto* node = map.find("transfer-from");
  if (node != nullptr) {
    for (const auto* item : read_items(*node, "transfer-from", scope.findings)) {
      read_prefix(*item, scope, told_apart, rule.from);
    }
  }
  const bool says_nothing =
      node == nullptr || (node->kind == ConfigNode::Kind::list && node->items.empty());
  if (says_nothing && !told_apart) {
    scope.findings.error(
        map.place(), "config-open-transfer",
        "provider " + provider.name + " has neither transfer-from nor key: nobody is told apart",
        "write transfer-from: [ADDRESS], or key: NAME, or both, or tls-identity: NAME");
    return;
  }
  if (keys.empty() && map.find("key") != nullptr) return;  // it was wrong, and has its finding
  const bool is_rule = !rule.from.empty() || !rule.tls_names.empty() || !rule.tls_pins.empty();
  if (keys.empty() && is_rule) provider.access.push_back(rule);
  for (const auto& key : keys) {
    rule.key = key;
    provider.access.push_back(rule);
  }
}

void read_transfer(MapReader& map, const ConfigScope& scope, const Config& config,
                   ProviderConfig& provider) {
  const auto keys = read_key_references(map, scope, config);
  read_notify(map, scope, keys, provider);
  read_access(map, scope, keys, provider);
}

/// Keys of other kinds get a better answer than "unknown".
void refuse_keys_of_others(ProviderKind kind, const ConfigNode& node, MapReader& map,
                           const ConfigScope& scope) {
  static constexpr std::string_view of_transfer[] = {"notify",    "notify-source", "transfer-from",
                                                     "transport", "tls-identity",  "tls-pin"};
  const auto has = [](std::span<const std::string_view> keys, std::string_view key) {
    return std::find(keys.begin(), keys.end(), key) != keys.end();
  };
  for (const auto& entry : node.entries) {
    std::string owner;
    if (has(of_transfer, entry.key)) owner = "transfer";
    if (entry.key == "key") owner = "transfer or rfc2136";
    if (auto api = api_key_belongs_to(entry.key); !api.empty()) owner = std::move(api);
    const bool is_own = kind == ProviderKind::transfer
                            ? has(of_transfer, entry.key) || entry.key == "key"
                            : is_api_key_of(kind, entry.key);
    if (owner.empty() || is_own) continue;
    scope.findings.hide(entry.value.place);
    (void)map.find(entry.key);  // known now, so that finish() leaves it to us
    scope.findings.error(entry.place, "config-wrong-kind",
                         entry.key + " belongs to providers of kind " + owner,
                         "remove it, or make this a provider of that kind");
  }
}

/// Who transfers takes what is there: it cannot be held back.
void check_stage(const MapReader& map, const ConfigScope& scope, const ProviderConfig& provider) {
  if (provider.kind == ProviderKind::transfer && provider.stage > 1) {
    scope.findings.error(map.place(), "config-bad-value",
                         "provider " + provider.name +
                             " transfers each version when it likes: it "
                             "can only be of stage 1",
                         "take stage out");
  }
  if (provider.stage == 1 && provider.stage_hold.count() > 0) {
    scope.findings.error(map.place(), "config-bad-value",
                         "provider " + provider.name + " is of stage 1, which waits for no other",
                         "put stage-hold at the providers of later stages");
  }
}

void read_kind(MapReader& map, const ConfigNode& node, const ConfigScope& scope,
               const Config& config, ProviderConfig& provider) {
  static constexpr std::span kinds(provider_kinds);
  std::string cure = "write kind: ";
  for (const auto kind : kinds) {
    cure += std::string(kind == kinds.front() ? "" : ", ") + std::string(kind);
  }
  const auto* kind_node = map.need("kind", cure);
  const auto kind = kind_node != nullptr ? read_choice(*kind_node, "kind", kinds, scope.findings)
                                         : std::optional<std::size_t>();
  if (!kind) {  // any kind's keys may be meant, so none of them is wrong
    for (const auto& entry : node.entries) (void)map.find(entry.key);
    return;
  }
  provider.kind = static_cast<ProviderKind>(*kind);
  if (provider.kind == ProviderKind::transfer) {
    read_transfer(map, scope, config, provider);
  } else {
    read_api_provider(map, scope, config, provider);
  }
  refuse_keys_of_others(provider.kind, node, map, scope);
}

void read_provider(const ConfigNode& node, const ConfigScope& scope, Config& config) {
  MapReader map(node, scope.findings, "provider");
  ProviderConfig provider;
  const auto* name_node = map.need("name", "give it a name to be shown by: name: nsd-frankfurt");
  if (name_node != nullptr) {
    provider.name = read_text(*name_node, "provider name", scope.findings).value_or("");
  }
  if (const auto* nameservers = map.find("nameservers")) {
    read_nameservers(*nameservers, scope, provider);
  }
  if (const auto* hold = map.find("hold")) {
    provider.hold = read_flag(*hold, "hold", scope.findings).value_or(false);
  }
  if (const auto* stage = map.find("stage")) {
    const auto number = read_count(*stage, "stage", 1, 9, scope.findings);
    if (number) provider.stage = static_cast<unsigned>(*number);
  }
  if (const auto* hold = map.find("stage-hold")) {
    const auto time = read_duration(*hold, "stage-hold", std::chrono::milliseconds(0),
                                    std::chrono::hours(24 * 7), scope.findings);
    if (time) provider.stage_hold = *time;
  }
  read_kind(map, node, scope, config, provider);
  map.finish();
  check_stage(map, scope, provider);
  if (provider.name.empty()) return;
  if (config.find_provider(provider.name) != nullptr) {
    scope.findings.error(name_node->place, "config-duplicate-name",
                         "there are two providers " + provider.name, "give one another name");
    return;
  }
  if (provider.nameservers.empty()) {
    scope.findings.note(
        map.place(), "config-no-nameservers",
        "provider " + provider.name + " has no nameservers: nobody can see what it serves",
        "add nameservers: {NAME: [ADDRESS]}");
  }
  config.providers.push_back(std::move(provider));
}

}  // namespace

bool is_everybody(const net::Prefix& prefix) {
  return prefix.length() == 0;
}

std::vector<net::Prefix> everybody() {
  return {net::Prefix::from_text("0.0.0.0/0").value(), net::Prefix::from_text("::/0").value()};
}

void read_providers_section(const ConfigNode& node, const ConfigScope& scope, Config& config) {
  for (const auto* item : read_items(node, "providers", scope.findings)) {
    read_provider(*item, scope, config);
  }
}

}  // namespace taproot::server
