#pragma once

#include "pushers/driver.hpp"
#include "pushers/drivers/oci_signature.hpp"

#include <map>
#include <string>

namespace taproot::pushers {

/// How to reach the DNS of Oracle Cloud Infrastructure.
struct OciConfig {
  std::string url;  ///< "https://dns.REGION.oraclecloud.com"
  OciKeySource key;
  std::string compartment;                         ///< whose zones are listed
  std::map<dns::Name, std::string> zone_ids = {};  ///< where the name alone does not find the zone
};

/// Speaks the DNS API of Oracle Cloud Infrastructure (20180115), each request signed.
///
/// A batch is one PATCH of the zone's records, all or nothing, on the condition that the zone is
/// still in the state that was read or left there (its ETag): whoever else wrote makes it fail.
/// Records that Oracle protects are foreign, but for the NS RRset at the apex, which others may
/// join.
class Oci : public Driver {
 public:
  explicit Oci(OciConfig config);

  const Capabilities& capabilities() const override { return capabilities_; }
  std::uint64_t credential_mark() const override { return config_.key()->mark; }
  std::optional<ZoneRef> known_zone(const dns::Name& apex) const override;
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

 private:
  Request request(const Call& call, std::string method, const std::string& path,
                  std::string body = {}, const std::string& etag = {}) const;
  Trouble trouble(const Call& call, const Response& response, Access access) const;

  OciConfig config_;
  Capabilities capabilities_;
};

}  // namespace taproot::pushers
