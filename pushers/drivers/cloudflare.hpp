#pragma once

#include "dns/secret.hpp"
#include "pushers/driver.hpp"

#include <map>
#include <string>

namespace taproot::pushers {

/// How to reach Cloudflare.
struct CloudflareConfig {
  std::string url = "https://api.cloudflare.com/client/v4";
  Secret token;
  std::map<dns::Name, std::string> zone_ids = {};  ///< where several zones have one name
};

/// Speaks the API of Cloudflare (client v4).
///
/// Records are changed in place where their number allows it. A batch is all or nothing in
/// Cloudflare's database, and names the ids of records that were read: one that is gone meanwhile
/// makes it fail whole. Records that are proxied, or managed by a product of Cloudflare's, are
/// foreign; what is made here is never proxied.
class Cloudflare : public Driver {
 public:
  explicit Cloudflare(CloudflareConfig config);

  const Capabilities& capabilities() const override { return capabilities_; }
  Request find_zone(const Call& call, const dns::Name& apex) const override;
  Seen<ZoneRef> parse_find(const Call& call, const dns::Name& apex,
                           const Response& response) const override;
  Request list(const Call& call, const ZoneRef& zone, const std::string& cursor) const override;
  Seen<Page> parse_list(const Call& call, const ZoneRef& zone,
                        const Response& response) const override;
  std::optional<Request> look(const Call& call, const ZoneRef& zone,
                              const dns::Name& owner) const override;
  Seen<Page> parse_look(const Call& call, const ZoneRef& zone, const dns::Name& owner,
                        const Response& response) const override;
  std::vector<Request> apply(const Call& call, const LiveZone& live,
                             const Batch& batch) const override;
  Outcome parse_apply(const Call& call, const ZoneRef& zone,
                      const Response& response) const override;
  std::size_t octets_of(const PlannedChange& change) const override;
  std::size_t weight_of(const PlannedChange& change) const override;
  std::optional<Request> zones(const Call& call, const std::string& cursor) const override;
  Seen<ZonesPage> parse_zones(const Call& call, const Response& response) const override;

 private:
  Request request(std::string method, const std::string& path) const;
  Trouble trouble(const Call& call, const Response& response, Access access) const;

  CloudflareConfig config_;
  Capabilities capabilities_;
};

}  // namespace taproot::pushers
