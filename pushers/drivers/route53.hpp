#pragma once

#include "pushers/driver.hpp"
#include "pushers/drivers/aws_role.hpp"
#include "pushers/drivers/sigv4.hpp"

#include <map>
#include <string>

namespace taproot::pushers {

/// How to reach Route 53.
struct Route53Config {
  std::string url = "https://route53.amazonaws.com";
  AwsCredentials credentials;
  std::map<dns::Name, std::string> zone_ids = {};  ///< where several zones have one name
  AwsRole role = {};
};

/// Speaks the API of Amazon Route 53 (2013-04-01). With a role it asks for credentials of it at the
/// start of each push, which sign all that follows.
///
/// A batch is one ChangeBatch, all or nothing. What is changed or deleted there must still be what
/// was read: an RRset is changed by deleting the old one and creating the new one, so that Route 53
/// itself compares. Only apex NS, which cannot be deleted, is laid over what is there. Aliases and
/// sets with an identifier (weighted, by place, by latency …) are opaque.
class Route53 : public Driver {
 public:
  explicit Route53(Route53Config config);

  const Capabilities& capabilities() const override { return capabilities_; }
  std::optional<Request> login(const Call& call) const override;
  Seen<std::string> parse_login(const Call& call, const Response& response) const override;
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
  Request poll(const Call& call, const ZoneRef& zone, const std::string& cursor) const override;
  Outcome parse_poll(const Call& call, const ZoneRef& zone,
                     const Response& response) const override;
  std::size_t octets_of(const PlannedChange& change) const override;
  std::size_t weight_of(const PlannedChange& change) const override;
  std::optional<Request> zones(const Call& call, const std::string& cursor) const override;
  Seen<ZonesPage> parse_zones(const Call& call, const Response& response) const override;

 private:
  Request request(const Call& call, std::string method, const std::string& path,
                  std::string body = "") const;
  Trouble trouble(const Call& call, const Response& response, Access access) const;

  Route53Config config_;
  AwsScope scope_;
  Capabilities capabilities_;
};

}  // namespace taproot::pushers
