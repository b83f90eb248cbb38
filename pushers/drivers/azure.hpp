#pragma once

#include "dns/secret.hpp"
#include "pushers/driver.hpp"

#include <string>

namespace taproot::pushers {

/// How to reach Azure DNS.
struct AzureConfig {
  std::string url = "https://management.azure.com";
  std::string login_url = "https://login.microsoftonline.com";
  std::string tenant;
  std::string subscription;
  std::string resource_group;
  std::string client_id;
  Secret client_secret;
};

/// Speaks the API of Azure DNS (2018-05-01), with a token of an app registration for each push.
///
/// Each change of an RRset is a request of its own, on the condition that the RRset is as it was
/// read, or that there is none. RRsets that stand for a resource of Azure's are opaque.
class Azure : public Driver {
 public:
  explicit Azure(AzureConfig config);

  const Capabilities& capabilities() const override { return capabilities_; }
  std::optional<Request> login(const Call& call) const override;
  Seen<std::string> parse_login(const Call& call, const Response& response) const override;
  Request find_zone(const Call& call, const dns::Name& apex) const override;
  Seen<ZoneRef> parse_find(const Call& call, const dns::Name& apex,
                           const Response& response) const override;
  Request list(const Call& call, const ZoneRef& zone, const std::string& cursor) const override;
  Seen<Page> parse_list(const Call& call, const ZoneRef& zone,
                        const Response& response) const override;
  Looks looks() const override { return Looks::rrsets; }
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
  Request request(const Call& call, std::string method, const std::string& path) const;
  std::string zones_path() const;
  std::string path_of(const ZoneRef& zone, const RRsetKey& key) const;
  Trouble trouble(const Call& call, const Response& response, Access access) const;

  AzureConfig config_;
  Capabilities capabilities_;
};

}  // namespace taproot::pushers
