#include "server/import_source.hpp"
#include "server/provider_driver.hpp"

#include <utility>

namespace taproot::server {

namespace {

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
                                          const std::vector<dns::TsigKey>& keys,
                                          std::chrono::seconds deadline) {
  const auto driver = make_driver(provider, keys);
  if (driver == nullptr) {
    return fail(Errc::bad_config, "provider " + provider.name +
                                      " takes transfers and has no API to read from: transfer "
                                      "from a server with --from axfr://HOST");
  }
  auto live = read_live_zone(*driver, apex, deadline);
  if (!live) return fail_in("provider " + provider.name, live.error());
  return zone_of(std::move(*live), provider);
}

}  // namespace taproot::server
