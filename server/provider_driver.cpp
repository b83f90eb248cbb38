#include "server/provider_driver.hpp"

#include "pushers/carrier.hpp"
#include "pushers/drivers/azure.hpp"
#include "pushers/drivers/cloudflare.hpp"
#include "pushers/drivers/dyn.hpp"
#include "pushers/drivers/exec.hpp"
#include "pushers/drivers/google.hpp"
#include "pushers/drivers/ibm_cis.hpp"
#include "pushers/drivers/ns1.hpp"
#include "pushers/drivers/oci.hpp"
#include "pushers/drivers/powerdns.hpp"
#include "pushers/drivers/rfc2136.hpp"
#include "pushers/drivers/route53.hpp"
#include "pushers/drivers/softlayer.hpp"
#include "pushers/zone_reading.hpp"
#include "server/oci_session.hpp"

#include <algorithm>
#include <thread>
#include <utility>

namespace taproot::server {

namespace {

using std::chrono::steady_clock;
using std::chrono::system_clock;

std::unique_ptr<pushers::Driver> make_rfc2136(const ProviderConfig& provider,
                                              const std::vector<dns::TsigKey>& keys) {
  pushers::Rfc2136Config config;
  config.server = provider.server.value_or(net::Endpoint());
  config.tls = provider.update_tls;
  const auto found = std::find_if(keys.begin(), keys.end(), [&](const dns::TsigKey& key) {
    return provider.update_key && key.name == *provider.update_key;
  });
  if (found != keys.end()) config.key = *found;
  return std::make_unique<pushers::Rfc2136>(std::move(config));
}

/// What says whose zones, by its key in the configuration; empty if it was left away.
std::string account_of(const ProviderConfig& provider, const char* key) {
  const auto found = provider.account.find(key);
  return found == provider.account.end() ? std::string() : found->second;
}

std::unique_ptr<pushers::Driver> make_route53(const ProviderConfig& provider) {
  pushers::Route53Config config;
  if (!provider.url.empty()) config.url = provider.url;
  config.credentials = {provider.key_id, provider.api_key, provider.session_token};
  config.zone_ids = provider.ids;
  config.role.arn = account_of(provider, "role-arn");
  config.role.external_id = account_of(provider, "external-id");
  if (const auto url = account_of(provider, "login-url"); !url.empty()) config.role.url = url;
  return std::make_unique<pushers::Route53>(std::move(config));
}

std::unique_ptr<pushers::Driver> make_cloudflare(const ProviderConfig& provider) {
  pushers::CloudflareConfig config;
  if (!provider.url.empty()) config.url = provider.url;
  config.token = provider.api_key;
  config.zone_ids = provider.ids;
  return std::make_unique<pushers::Cloudflare>(std::move(config));
}

std::unique_ptr<pushers::Driver> make_google(const ProviderConfig& provider) {
  pushers::GoogleConfig config;
  if (!provider.url.empty()) config.url = provider.url;
  if (auto key = pushers::google_key_from_json(provider.api_key)) config.key = std::move(*key);
  if (!provider.key_id.empty()) config.key.project = provider.key_id;
  config.zone_ids = provider.ids;
  return std::make_unique<pushers::Google>(std::move(config));
}

std::unique_ptr<pushers::Driver> make_softlayer(const ProviderConfig& provider) {
  pushers::SoftlayerConfig config;
  if (!provider.url.empty()) config.url = provider.url;
  config.user = provider.key_id;
  config.api_key = provider.api_key;
  return std::make_unique<pushers::Softlayer>(std::move(config));
}

std::unique_ptr<pushers::Driver> make_ns1(const ProviderConfig& provider) {
  pushers::Ns1Config config;
  if (!provider.url.empty()) config.url = provider.url;
  config.api_key = provider.api_key;
  return std::make_unique<pushers::Ns1>(std::move(config));
}

std::unique_ptr<pushers::Driver> make_azure(const ProviderConfig& provider) {
  const auto of = [&](const char* key) { return account_of(provider, key); };
  pushers::AzureConfig config;
  if (!provider.url.empty()) config.url = provider.url;
  if (!of("login-url").empty()) config.login_url = of("login-url");
  config.tenant = of("tenant");
  config.subscription = of("subscription");
  config.resource_group = of("resource-group");
  config.client_id = of("client-id");
  config.client_secret = provider.api_key;
  return std::make_unique<pushers::Azure>(std::move(config));
}

std::unique_ptr<pushers::Driver> make_dyn(const ProviderConfig& provider) {
  pushers::DynConfig config;
  if (!provider.url.empty()) config.url = provider.url;
  config.customer = account_of(provider, "customer");
  config.user = account_of(provider, "user");
  config.password = provider.api_key;
  return std::make_unique<pushers::Dyn>(std::move(config));
}

/// Null for what was refused with the configuration.
pushers::OciKeySource oci_key_of(const ProviderConfig& provider) {
  if (!provider.session_token.empty()) {
    auto session = std::make_shared<OciSession>(provider);
    if (session->key() == nullptr) return nullptr;
    return [session = std::move(session)] { return session->key(); };
  }
  auto key = pushers::OciKey::make(account_of(provider, "tenancy"), account_of(provider, "user"),
                                   provider.api_key, provider.passphrase);
  if (!key) return nullptr;
  return [key = std::make_shared<const pushers::OciKey>(std::move(*key))] { return key; };
}

std::unique_ptr<pushers::Driver> make_oci(const ProviderConfig& provider) {
  const auto of = [&](const char* key) { return account_of(provider, key); };
  auto key = oci_key_of(provider);
  if (!key) return nullptr;
  const auto url =
      provider.url.empty() ? "https://dns." + of("region") + ".oraclecloud.com" : provider.url;
  const auto compartment = of("compartment").empty() ? of("tenancy") : of("compartment");
  return std::make_unique<pushers::Oci>(
      pushers::OciConfig{url, std::move(key), compartment, provider.ids});
}

std::unique_ptr<pushers::Driver> make_ibm_cis(const ProviderConfig& provider) {
  pushers::IbmCisConfig config;
  if (!provider.url.empty()) config.url = provider.url;
  const auto login_url = account_of(provider, "login-url");
  if (!login_url.empty()) config.login_url = login_url;
  config.crn = account_of(provider, "crn");
  config.api_key = provider.api_key;
  config.zone_ids = provider.ids;
  return std::make_unique<pushers::IbmCis>(std::move(config));
}

}  // namespace

std::unique_ptr<pushers::Driver> make_driver(const ProviderConfig& provider,
                                             const std::vector<dns::TsigKey>& keys) {
  switch (provider.kind) {
    case ProviderKind::transfer:
      return nullptr;
    case ProviderKind::powerdns:
      return std::make_unique<pushers::Powerdns>(
          pushers::PowerdnsConfig{provider.url, provider.api_key});
    case ProviderKind::rfc2136:
      return make_rfc2136(provider, keys);
    case ProviderKind::route53:
      return make_route53(provider);
    case ProviderKind::cloudflare:
      return make_cloudflare(provider);
    case ProviderKind::google:
      return make_google(provider);
    case ProviderKind::softlayer:
      return make_softlayer(provider);
    case ProviderKind::ns1:
      return make_ns1(provider);
    case ProviderKind::azure:
      return make_azure(provider);
    case ProviderKind::ibm_cis:
      return make_ibm_cis(provider);
    case ProviderKind::oci:
      return make_oci(provider);
    case ProviderKind::dyn:
      return make_dyn(provider);
    case ProviderKind::exec:
      return provider.exec ? std::make_unique<pushers::Exec>(*provider.exec) : nullptr;
  }
  return nullptr;
}

namespace {

/// Carries a reading to its end. Fails with Errc::timed_out at `end`, or as the reading does.
Result<void> carry_out(pushers::ZoneReading& reading, steady_clock::time_point end) {
  std::optional<pushers::Request> request = reading.start(system_clock::now());
  while (request) {
    if (steady_clock::now() + reading.wait() >= end) {
      return fail(Errc::timed_out, "the zone was not read in time");
    }
    std::this_thread::sleep_for(reading.wait());
    const auto response = pushers::carry_and_wait(std::move(*request));
    if (!response) return tl::unexpected(response.error());
    auto next = reading.on_response(system_clock::now(), *response);
    if (!next) return tl::unexpected(next.error());
    request = std::move(*next);
  }
  return {};
}

}  // namespace

Result<pushers::LiveZone> read_live_zone(const pushers::Driver& driver, const dns::Name& apex,
                                         std::chrono::seconds deadline) {
  pushers::ZoneReading reading(driver, apex);
  auto read = carry_out(reading, steady_clock::now() + deadline);
  if (auto request = reading.end()) (void)pushers::carry_and_wait(std::move(*request));
  if (read) return reading.take();
  if (read.error().code != Errc::timed_out) return tl::unexpected(read.error());
  return fail(Errc::timed_out,
              "the zone was not read after " + std::to_string(deadline.count()) + " s");
}

}  // namespace taproot::server
