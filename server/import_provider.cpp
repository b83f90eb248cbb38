#include "net/http_client.hpp"
#include "pushers/drivers/powerdns.hpp"
#include "pushers/zone_reading.hpp"
#include "server/import_source.hpp"

#include <utility>

namespace taproot::server {

namespace {

using std::chrono::steady_clock;
using std::chrono::system_clock;

Result<pushers::LiveZone> read_zone(const pushers::Driver& driver, const dns::Name& apex,
                                    std::chrono::seconds deadline) {
  const auto end = steady_clock::now() + deadline;
  pushers::ZoneReading reading(driver, apex);
  std::optional<pushers::Request> request = reading.start(system_clock::now());
  while (request) {
    if (steady_clock::now() >= end) {
      return fail(Errc::timed_out,
                  "the zone was not read after " + std::to_string(deadline.count()) + " s");
    }
    const auto response = net::http_fetch(*request);
    if (!response) return tl::unexpected(response.error());
    auto next = reading.on_response(system_clock::now(), *response);
    if (!next) return tl::unexpected(next.error());
    request = std::move(*next);
  }
  return reading.take();
}

std::string words_of(const pushers::LiveRRset& live) {
  const auto type =
      live.rrset.type == dns::RRType::none ? "an RRset" : dns::to_text(live.rrset.type);
  return live.rrset.owner.to_text() + ": " + type + " is left behind: " + live.why;
}

ImportedZone zone_of(pushers::LiveZone live, const ProviderConfig& provider) {
  ImportedZone zone;
  zone.source = "provider " + provider.name;
  zone.left_behind = std::move(live.notes);
  for (auto& one : live.rrsets) {
    if (one.kind == pushers::LiveKind::opaque) {
      zone.left_behind.push_back(words_of(one));
      continue;
    }
    for (auto& rdata : one.rrset.rdata) {
      zone.records.items.push_back(
          {one.rrset.owner, one.rrset.type, one.rrset.ttl, std::move(rdata), {}});
    }
  }
  return zone;
}

}  // namespace

Result<ImportedZone> import_from_provider(const dns::Name& apex, const ProviderConfig& provider,
                                          std::chrono::seconds deadline) {
  if (provider.kind != ProviderKind::powerdns) {
    return fail(Errc::bad_config, "provider " + provider.name +
                                      " takes transfers and has no API to read from: transfer "
                                      "from a server with --from axfr://HOST");
  }
  const pushers::Powerdns driver(pushers::PowerdnsConfig{provider.url, provider.api_key});
  auto live = read_zone(driver, apex, deadline);
  if (!live) return fail_in("provider " + provider.name, live.error());
  return zone_of(std::move(*live), provider);
}

}  // namespace taproot::server
