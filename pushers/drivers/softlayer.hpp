#pragma once

#include "dns/secret.hpp"
#include "pushers/driver.hpp"

#include <string>

namespace taproot::pushers {

/// How to reach SoftLayer, which is IBM Cloud's classic infrastructure.
struct SoftlayerConfig {
  std::string url = "https://api.softlayer.com/rest/v3.1";
  std::string user;
  Secret api_key;
};

/// Speaks the REST API of SoftLayer's DNS (v3.1).
///
/// It keeps single records. Several of them go in one request, which is not all or nothing, and
/// none can be made or changed on a condition: what was done is what is read afterwards.
class Softlayer : public Driver {
 public:
  explicit Softlayer(SoftlayerConfig config);

  const Capabilities& capabilities() const override { return capabilities_; }
  Request find_zone(const Call& call, const dns::Name& apex) const override;
  Seen<ZoneRef> parse_find(const Call& call, const dns::Name& apex,
                           const Response& response) const override;
  Request list(const Call& call, const ZoneRef& zone, const std::string& cursor) const override;
  Seen<Page> parse_list(const Call& call, const ZoneRef& zone,
                        const Response& response) const override;
  Looks looks() const override { return Looks::owners; }
  bool can_look(const ZoneRef& zone, const dns::Name& owner) const override;
  Request look(const Call& call, const ZoneRef& zone, const dns::Name& owner) const override;
  Seen<Page> parse_look(const Call& call, const ZoneRef& zone, const dns::Name& owner,
                        const Response& response) const override;
  std::vector<Request> apply(const Call& call, const LiveZone& live,
                             const Batch& batch) const override;
  Outcome parse_apply(const Call& call, const ZoneRef& zone,
                      const Response& response) const override;
  std::size_t weight_of(const PlannedChange& change) const override;
  std::optional<Request> zones(const Call& call, const std::string& cursor) const override;
  Seen<ZonesPage> parse_zones(const Call& call, const Response& response) const override;

 private:
  Request request(std::string method, const std::string& path) const;
  Trouble trouble(const Call& call, const Response& response, Access access) const;

  SoftlayerConfig config_;
  Capabilities capabilities_;
};

}  // namespace taproot::pushers
