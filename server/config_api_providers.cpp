#include "server/config_api_providers.hpp"

#include "pushers/drivers/google_key.hpp"
#include "pushers/drivers/oci_signature.hpp"
#include "pushers/fence.hpp"
#include "server/config_tls.hpp"
#include "server/config_url.hpp"

#include <algorithm>
#include <iterator>

namespace taproot::server {

namespace {

constexpr std::uint16_t dns_port = 53;

using Kinds = unsigned;  ///< bits

constexpr Kinds only(ProviderKind kind) {
  return 1U << static_cast<unsigned>(kind);
}

constexpr Kinds powerdns = only(ProviderKind::powerdns);
constexpr Kinds rfc2136 = only(ProviderKind::rfc2136);
constexpr Kinds route53 = only(ProviderKind::route53);
constexpr Kinds cloudflare = only(ProviderKind::cloudflare);
constexpr Kinds google = only(ProviderKind::google);
constexpr Kinds softlayer = only(ProviderKind::softlayer);
constexpr Kinds ns1 = only(ProviderKind::ns1);
constexpr Kinds azure = only(ProviderKind::azure);
constexpr Kinds ibm_cis = only(ProviderKind::ibm_cis);
constexpr Kinds oci = only(ProviderKind::oci);
constexpr Kinds dyn = only(ProviderKind::dyn);
constexpr Kinds exec = only(ProviderKind::exec);
constexpr Kinds all = ((1U << std::size(provider_kinds)) - 1) & ~only(ProviderKind::transfer);

/// One key, and who has it.
struct ApiKey {
  std::string_view name;
  Kinds kinds;
};

constexpr ApiKey api_keys[] = {
    {"ownership", all},
    {"guards", all},
    {"apex-ns", all},
    {"unsupported", all},
    {"calls-per-minute", all},
    {"fence", all},
    {"reading-interval", all},
    {"url", all & ~(rfc2136 | exec)},
    {"api-key", powerdns | softlayer | ns1 | ibm_cis},
    {"api-key-file", powerdns | softlayer | ns1 | ibm_cis},
    {"user", softlayer | oci | dyn},
    {"server", rfc2136},
    {"key", rfc2136},
    {"tls", rfc2136},
    {"access-key-id", route53},
    {"secret-access-key", route53},
    {"secret-access-key-file", route53},
    {"session-token", route53 | oci},
    {"session-token-file", route53 | oci},
    {"zone-ids", route53 | cloudflare | google | ibm_cis | oci},
    {"token", cloudflare},
    {"token-file", cloudflare},
    {"service-account", google},
    {"service-account-file", google},
    {"project", google},
    {"tenant", azure},
    {"subscription", azure},
    {"resource-group", azure},
    {"client-id", azure},
    {"client-secret", azure},
    {"client-secret-file", azure},
    {"login-url", azure | ibm_cis | route53},
    {"role-arn", route53},
    {"external-id", route53},
    {"crn", ibm_cis},
    {"region", oci},
    {"tenancy", oci},
    {"compartment", oci},
    {"private-key", oci},
    {"private-key-file", oci},
    {"passphrase", oci},
    {"passphrase-file", oci},
    {"customer", dyn},
    {"password", dyn},
    {"password-file", dyn},
    {"command", exec},
    {"timeout", exec},
    {"capabilities", exec},
};

const ApiKey* find_api_key(std::string_view name) {
  const auto* found = std::find_if(std::begin(api_keys), std::end(api_keys),
                                   [&](const ApiKey& key) { return key.name == name; });
  return found == std::end(api_keys) ? nullptr : found;
}

/// `secret_key` is where the secret belongs that people like to put into a URL.
void read_url(const ConfigNode& node, std::string_view secret_key, const ConfigScope& scope,
              std::string& where) {
  const auto url = read_text(node, "url", scope.findings);
  if (!url) return;
  const UrlUse use{"API key", secret_key, false};
  if (const auto fault = fault_of_url(*url, use)) {
    scope.findings.hide(node.place);
    scope.findings.error(node.place, fault->rule, fault->message, fault->cure);
    return;
  }
  where = *url;
}

void read_guards(const ConfigNode& node, const ConfigScope& scope, GuardConfig& guards) {
  MapReader map(node, scope.findings, "guards");
  if (const auto* deletes = map.find("max-delete-percent")) {
    const auto count = read_count(*deletes, "max-delete-percent", 0, 100, scope.findings);
    if (count) guards.max_delete_percent = static_cast<unsigned>(*count);
  }
  if (const auto* updates = map.find("max-update-percent")) {
    const auto count = read_count(*updates, "max-update-percent", 0, 100, scope.findings);
    if (count) guards.max_update_percent = static_cast<unsigned>(*count);
  }
  if (const auto* deletes = map.find("max-deletes")) {
    const auto count = read_count(*deletes, "max-deletes", 0, 1'000'000'000, scope.findings);
    if (count) guards.max_deletes = *count;
  }
  map.finish();
}

/// A secret that must be there; an empty one is nobody's.
void read_needed_secret(MapReader& map, const std::string& key, const std::string& what,
                        const std::string& cure, const ConfigScope& scope, Secret& where) {
  auto secret = read_secret(map, key, key + "-file", what, scope);
  if (secret && secret->empty()) {
    scope.findings.error(map.place(), "config-bad-secret", what + ": it is empty", cure);
  }
  if (secret) where = std::move(*secret);
}

void read_powerdns(MapReader& map, const ConfigScope& scope, ProviderConfig& provider) {
  const auto* url = map.need("url", "write url: https://HOST[:PORT] of the PowerDNS API");
  if (url != nullptr) read_url(*url, "api-key-file", scope, provider.url);
  auto key = read_secret(map, "api-key", "api-key-file", "provider " + provider.name, scope);
  if (key && key->empty()) {
    scope.findings.error(map.place(), "config-bad-secret",
                         "provider " + provider.name + ": its API key is empty",
                         "put the key that pdns.conf names api-key there");
  }
  if (key) provider.api_key = std::move(*key);
}

void read_rfc2136(MapReader& map, const ConfigScope& scope, const Config& config,
                  ProviderConfig& provider) {
  const auto* server = map.need("server", "write server: ADDRESS[:PORT] of the zones' primary");
  const auto* tls = map.find("tls");
  if (server != nullptr) {
    provider.server =
        read_endpoint(*server, "server", tls != nullptr ? tls_port : dns_port, scope.findings);
  }
  if (tls != nullptr) provider.update_tls = read_tls_client(*tls, scope);
  if (const auto* key = map.find("key")) {
    provider.update_key = read_key_reference(*key, scope, config);
  } else {
    scope.findings.warning(
        map.place(), "config-no-key",
        "provider " + provider.name +
            " has no key: whoever can send from our address can change its zones",
        "write key: NAME, of keys:");
  }
}

/// `zone-ids: {example.com: Z123}`.
void read_zone_ids(const ConfigNode& node, const ConfigScope& scope, ProviderConfig& provider) {
  MapReader map(node, scope.findings, "zone-ids");
  if (!map.is_map()) return;
  for (const auto& entry : node.entries) {
    const ConfigNode name_node{ConfigNode::Kind::text, entry.place, entry.key, {}, {}};
    const auto name = read_name(name_node, "zone-ids", scope.findings);
    const auto id = read_text(entry.value, "zone-ids", scope.findings);
    if (name && id) provider.ids[*name] = *id;
  }
}

/// A role that the key assumes, if there is one.
void read_role(MapReader& map, const ConfigScope& scope, ProviderConfig& provider) {
  if (const auto* url = map.find("login-url")) {
    read_url(*url, "secret-access-key-file", scope, provider.account["login-url"]);
  }
  for (const char* key : {"role-arn", "external-id"}) {
    if (const auto* node = map.find(key)) {
      provider.account[key] = read_text(*node, key, scope.findings).value_or("");
    }
  }
  const auto* role = map.find("role-arn");
  if (role == nullptr && map.find("external-id") != nullptr) {
    map.need("role-arn", "write role-arn: ARN, of the role that external-id belongs to");
  }
  if (role != nullptr && !provider.account["role-arn"].starts_with("arn:")) {
    scope.findings.error(role->place, "config-bad-value",
                         "role-arn: \"" + provider.account["role-arn"] + "\" is not an ARN",
                         "write it as AWS does: arn:aws:iam::123456789012:role/NAME");
  }
}

void read_route53(MapReader& map, const ConfigScope& scope, ProviderConfig& provider) {
  if (const auto* url = map.find("url")) {
    read_url(*url, "secret-access-key-file", scope, provider.url);
  }
  const auto* id = map.need("access-key-id", "write access-key-id: AKIA…, the key's public name");
  if (id != nullptr) {
    provider.key_id = read_text(*id, "access-key-id", scope.findings).value_or("");
  }
  read_role(map, scope, provider);
  read_needed_secret(map, "secret-access-key",
                     "provider " + provider.name + ": its secret access key",
                     "put the secret that AWS showed with the key there", scope, provider.api_key);
  if (map.find("session-token") == nullptr && map.find("session-token-file") == nullptr) return;
  read_needed_secret(map, "session-token", "provider " + provider.name + ": its session token",
                     "take the key away if it has none", scope, provider.session_token);
}

void read_cloudflare(MapReader& map, const ConfigScope& scope, ProviderConfig& provider) {
  if (const auto* url = map.find("url")) read_url(*url, "token-file", scope, provider.url);
  read_needed_secret(map, "token", "provider " + provider.name + ": its API token",
                     "put a token with Zone:Read and DNS:Edit for its zones there", scope,
                     provider.api_key);
}

void read_google(MapReader& map, const ConfigScope& scope, ProviderConfig& provider) {
  if (const auto* url = map.find("url"))
    read_url(*url, "service-account-file", scope, provider.url);
  read_needed_secret(map, "service-account", "provider " + provider.name + ": its service account",
                     "put the account's key file (JSON) there", scope, provider.api_key);
  if (const auto* project = map.find("project")) {
    provider.key_id = read_text(*project, "project", scope.findings).value_or("");
  }
  if (provider.api_key.empty()) return;
  const auto key = pushers::google_key_from_json(provider.api_key);
  if (key && (!key->project.empty() || !provider.key_id.empty())) return;
  scope.findings.error(map.place(), "config-bad-secret",
                       "provider " + provider.name + ": its service account " +
                           (key ? "names no project" : key.error().detail),
                       key ? "write project: NAME" : "take the JSON key file that Google made");
}

void read_softlayer(MapReader& map, const ConfigScope& scope, ProviderConfig& provider) {
  if (const auto* url = map.find("url")) read_url(*url, "api-key-file", scope, provider.url);
  const auto* user = map.need("user", "write user: NAME, of the API key's user");
  if (user != nullptr) provider.key_id = read_text(*user, "user", scope.findings).value_or("");
  read_needed_secret(map, "api-key", "provider " + provider.name + ": its API key",
                     "put the classic infrastructure API key of that user there", scope,
                     provider.api_key);
}

void read_ns1(MapReader& map, const ConfigScope& scope, ProviderConfig& provider) {
  if (const auto* url = map.find("url")) read_url(*url, "api-key-file", scope, provider.url);
  read_needed_secret(map, "api-key", "provider " + provider.name + ": its API key",
                     "put a key that may view and manage its zones there", scope, provider.api_key);
}

void read_azure(MapReader& map, const ConfigScope& scope, ProviderConfig& provider) {
  if (const auto* url = map.find("url")) read_url(*url, "client-secret-file", scope, provider.url);
  if (const auto* url = map.find("login-url")) {
    read_url(*url, "client-secret-file", scope, provider.account["login-url"]);
  }
  for (const char* key : {"tenant", "subscription", "resource-group", "client-id"}) {
    const auto* node = map.need(key, std::string("write ") + key + ": NAME");
    if (node != nullptr) {
      provider.account[key] = read_text(*node, key, scope.findings).value_or("");
    }
  }
  read_needed_secret(map, "client-secret", "provider " + provider.name + ": its client secret",
                     "put the secret of the app registration there", scope, provider.api_key);
}

void read_ibm_cis(MapReader& map, const ConfigScope& scope, ProviderConfig& provider) {
  if (const auto* url = map.find("url")) read_url(*url, "api-key-file", scope, provider.url);
  if (const auto* url = map.find("login-url")) {
    read_url(*url, "api-key-file", scope, provider.account["login-url"]);
  }
  const auto* crn = map.need("crn", "write crn: CRN, of the service instance");
  if (crn != nullptr) {
    provider.account["crn"] = read_text(*crn, "crn", scope.findings).value_or("");
  }
  read_needed_secret(map, "api-key", "provider " + provider.name + ": its API key",
                     "put an API key of IBM Cloud there", scope, provider.api_key);
}

/// A part of a host name: what else it is may lead the key elsewhere.
bool is_region(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
  });
}

void read_region(MapReader& map, const ConfigScope& scope, ProviderConfig& provider) {
  const auto* node = map.find("region");
  if (node == nullptr && !provider.url.empty()) return;
  if (node == nullptr) node = map.need("region", "write region: NAME, as eu-frankfurt-1");
  if (node == nullptr) return;
  const auto region = read_text(*node, "region", scope.findings);
  if (region && is_region(*region)) {
    provider.account["region"] = *region;
  } else if (region) {
    scope.findings.error(node->place, "config-bad-value",
                         "region: \"" + *region + "\" is not the name of a region",
                         "write it as Oracle does: eu-frankfurt-1");
  }
}

/// The token of a session, whose key and token are replaced while we run.
void read_session(MapReader& map, const ConfigScope& scope, ProviderConfig& provider) {
  read_needed_secret(map, "session-token", "provider " + provider.name + ": its session token",
                     "put the token there that `oci session authenticate` made", scope,
                     provider.session_token);
  for (const char* key : {"session-token-file", "private-key-file"}) {
    const auto* node = map.find(key);
    const auto path = node == nullptr ? std::nullopt : read_text(*node, key, scope.findings);
    if (path) provider.account[key] = resolve(scope, *path).string();
  }
}

void read_oci(MapReader& map, const ConfigScope& scope, ProviderConfig& provider) {
  if (const auto* url = map.find("url")) read_url(*url, "private-key-file", scope, provider.url);
  read_region(map, scope, provider);
  const bool has_session =
      map.find("session-token") != nullptr || map.find("session-token-file") != nullptr;
  for (const char* key : {"tenancy", "user"}) {
    // The token of a session says whose it is.
    const bool may_lack = has_session && key == std::string_view("user");
    const auto* node =
        may_lack ? map.find(key) : map.need(key, std::string("write ") + key + ": OCID");
    if (node != nullptr) {
      provider.account[key] = read_text(*node, key, scope.findings).value_or("");
    }
  }
  if (const auto* node = map.find("compartment")) {
    provider.account["compartment"] = read_text(*node, "compartment", scope.findings).value_or("");
  }
  const std::string what = "provider " + provider.name + ": its private key";
  read_needed_secret(map, "private-key", what, "put the user's API key (PEM) there", scope,
                     provider.api_key);
  if (map.find("passphrase") != nullptr || map.find("passphrase-file") != nullptr) {
    read_needed_secret(map, "passphrase", "provider " + provider.name + ": its passphrase",
                       "take the key away if there is none", scope, provider.passphrase);
  }
  if (has_session) read_session(map, scope, provider);
  if (provider.api_key.empty() || (has_session && provider.session_token.empty())) return;
  const auto key = has_session
                       ? pushers::OciKey::of_session(provider.session_token, provider.api_key,
                                                     provider.passphrase)
                       : pushers::OciKey::make("", "", provider.api_key, provider.passphrase);
  if (key) return;
  scope.findings.error(map.place(), "config-bad-secret",
                       "provider " + provider.name + " " + key.error().detail,
                       "take the PEM file of the user's API key, and its passphrase if it has one");
}

void read_dyn(MapReader& map, const ConfigScope& scope, ProviderConfig& provider) {
  if (const auto* url = map.find("url")) read_url(*url, "password-file", scope, provider.url);
  for (const char* key : {"customer", "user"}) {
    const auto* node = map.need(key, std::string("write ") + key + ": NAME");
    if (node != nullptr) {
      provider.account[key] = read_text(*node, key, scope.findings).value_or("");
    }
  }
  read_needed_secret(map, "password", "provider " + provider.name + ": its password",
                     "put the password of that user there", scope, provider.api_key);
}

}  // namespace

bool is_api_key_of(ProviderKind kind, std::string_view key) {
  const auto* known = find_api_key(key);
  return known != nullptr && (known->kinds & only(kind)) != 0;
}

std::string api_key_belongs_to(std::string_view key) {
  const auto* known = find_api_key(key);
  if (known == nullptr) return "";
  std::string words;
  Kinds rest = known->kinds;
  for (std::size_t i = 0; i < std::size(provider_kinds); ++i) {
    const Kinds bit = 1U << i;
    if ((rest & bit) == 0) continue;
    rest &= ~bit;
    words += (words.empty() ? "" : rest == 0 ? " or " : ", ") + std::string(provider_kinds[i]);
  }
  return words;
}

void read_api_provider(MapReader& map, const ConfigScope& scope, const Config& config,
                       ProviderConfig& provider) {
  static constexpr std::string_view ownerships[] = {"exclusive", "shared"};
  static constexpr std::string_view policies[] = {"fail", "omit"};
  static constexpr std::string_view apex_policies[] = {"ignore", "join", "manage"};
  if (provider.kind == ProviderKind::powerdns) read_powerdns(map, scope, provider);
  if (provider.kind == ProviderKind::rfc2136) read_rfc2136(map, scope, config, provider);
  if (provider.kind == ProviderKind::route53) read_route53(map, scope, provider);
  if (provider.kind == ProviderKind::cloudflare) read_cloudflare(map, scope, provider);
  if (provider.kind == ProviderKind::google) read_google(map, scope, provider);
  if (provider.kind == ProviderKind::softlayer) read_softlayer(map, scope, provider);
  if (provider.kind == ProviderKind::ns1) read_ns1(map, scope, provider);
  if (provider.kind == ProviderKind::azure) read_azure(map, scope, provider);
  if (provider.kind == ProviderKind::ibm_cis) read_ibm_cis(map, scope, provider);
  if (provider.kind == ProviderKind::oci) read_oci(map, scope, provider);
  if (provider.kind == ProviderKind::dyn) read_dyn(map, scope, provider);
  if (provider.kind == ProviderKind::exec) read_exec(map, scope, provider);
  if (const auto* node = map.find("ownership")) {
    const auto chosen = read_choice(*node, "ownership", ownerships, scope.findings);
    if (chosen) provider.ownership = static_cast<Ownership>(*chosen);
  }
  if (const auto* node = map.find("apex-ns")) {
    const auto chosen = read_choice(*node, "apex-ns", apex_policies, scope.findings);
    if (chosen) provider.apex_ns = static_cast<ApexNsPolicy>(*chosen + 1);
  }
  if (const auto* node = map.find("unsupported")) {
    const auto chosen = read_choice(*node, "unsupported", policies, scope.findings);
    provider.omits_unsupported = chosen && *chosen == 1;
  }
  if (const auto* node = map.find("calls-per-minute")) {
    const auto count = read_count(*node, "calls-per-minute", 1, 1'000'000, scope.findings);
    if (count) provider.calls_per_minute = static_cast<unsigned>(*count);
  }
  if (const auto* node = map.find("fence")) {
    const auto name = read_text(*node, "fence", scope.findings);
    if (name && !pushers::is_holder_name(*name)) {
      scope.findings.error(node->place, "config-bad-value",
                           "fence: \"" + *name +
                               "\" is not a name of 1 to 63 letters, digits, "
                               "dots and hyphens",
                           "write this taproot's own name, as fence: berlin");
    } else if (name) {
      provider.fence = *name;
    }
  }
  if (const auto* node = map.find("reading-interval")) {
    const auto time = read_duration(*node, "reading-interval", std::chrono::milliseconds(0),
                                    std::chrono::hours(24 * 7), scope.findings);
    if (time) provider.reading_interval = *time;
  }
  if (const auto* node = map.find("zone-ids");
      node != nullptr && is_api_key_of(provider.kind, "zone-ids")) {
    read_zone_ids(*node, scope, provider);
  }
  if (const auto* node = map.find("guards")) read_guards(*node, scope, provider.guards);
}

}  // namespace taproot::server
