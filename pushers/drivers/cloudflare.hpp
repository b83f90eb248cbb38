#pragma once

#include "dns/secret.hpp"
#include "pushers/driver.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace taproot::pushers {

/// How to reach Cloudflare.
struct CloudflareConfig {
  std::string url = "https://api.cloudflare.com/client/v4";
  Secret token;
  std::map<dns::Name, std::string> zone_ids = {};  ///< where several zones have one name
};

/// What is different where somebody else runs the same API.
struct CloudflareDialect {
  std::string kind = "cloudflare";
  std::string called = "Cloudflare";
  std::vector<dns::RRType> types;
  std::uint32_t min_ttl = 60;
  std::uint32_t max_ttl = 86'400;
  bool finds_by_name = true;    ///< the list of zones can be asked for one name
  std::size_t zones_page = 50;  ///< how many zones a page has at most
  bool whole_srv = false;       ///< the data of SRV says also where it is
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
  Looks looks() const override { return Looks::owners; }
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

 protected:
  Cloudflare(CloudflareConfig config, CloudflareDialect dialect);

  /// Puts into a request who asks.
  virtual void authorize(const Call& call, Request& request) const;
  Trouble trouble(const Call& call, const Response& response, Access access) const;
  /// An answer to a question that is not `what` as it should be.
  Trouble garbage(const std::string& what) const;

 private:
  Request request(const Call& call, std::string method, const std::string& path) const;

  CloudflareConfig config_;
  CloudflareDialect dialect_;
  Capabilities capabilities_;
};

}  // namespace taproot::pushers
