#pragma once

#include "dns/secret.hpp"
#include "pushers/driver.hpp"

#include <string>

namespace taproot::pushers {

/// How to reach NS1.
struct Ns1Config {
  std::string url = "https://api.nsone.net/v1";
  Secret api_key;
};

/// Speaks the API of NS1 (v1).
///
/// Each change of an RRset is a request of its own. A new one is refused where there is one
/// already; changes and deletions cannot be asked for on a condition. RRsets with several tiers of
/// answers, linked ones, and those that NS1 makes itself are opaque.
class Ns1 : public Driver {
 public:
  explicit Ns1(Ns1Config config);

  const Capabilities& capabilities() const override { return capabilities_; }
  std::optional<ZoneRef> known_zone(const dns::Name& apex) const override;
  Request find_zone(const Call& call, const dns::Name& apex) const override;
  Seen<ZoneRef> parse_find(const Call& call, const dns::Name& apex,
                           const Response& response) const override;
  Request list(const Call& call, const ZoneRef& zone, const std::string& cursor) const override;
  Seen<Page> parse_list(const Call& call, const ZoneRef& zone,
                        const Response& response) const override;
  Looks looks() const override { return Looks::rrsets; }
  /// Nor filters, nor metadata.
  bool list_hides() const override { return true; }
  Request look_at(const Call& call, const ZoneRef& zone, const RRsetKey& key) const override;
  Seen<Page> parse_look_at(const Call& call, const ZoneRef& zone, const RRsetKey& key,
                           const Response& response) const override;
  std::vector<Request> apply(const Call& call, const LiveZone& live,
                             const Batch& batch) const override;
  Outcome parse_apply(const Call& call, const ZoneRef& zone,
                      const Response& response) const override;
  std::optional<Request> zones(const Call& call, const std::string& cursor) const override;
  Seen<ZonesPage> parse_zones(const Call& call, const Response& response) const override;

 private:
  Request request(std::string method, const std::string& path) const;
  Trouble trouble(const Call& call, const Response& response, Access access) const;

  Ns1Config config_;
  Capabilities capabilities_;
};

}  // namespace taproot::pushers
