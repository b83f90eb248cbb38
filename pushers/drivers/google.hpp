#pragma once

#include "pushers/driver.hpp"
#include "pushers/drivers/google_key.hpp"

#include <map>
#include <string>

namespace taproot::pushers {

/// How to reach Google Cloud DNS.
struct GoogleConfig {
  std::string url = "https://dns.googleapis.com";
  GoogleKey key;
  std::map<dns::Name, std::string> zone_ids = {};  ///< where several zones have one name
};

/// Speaks the API of Google Cloud DNS (v1), with a token of a service account for each push.
///
/// A batch is one change, all or nothing. What it takes away must be what is there, to the TTL:
/// Google compares by itself. RRsets with a routing policy are opaque, private zones are not seen.
class Google : public Driver {
 public:
  explicit Google(GoogleConfig config);

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
  std::optional<Request> zones(const Call& call, const std::string& cursor) const override;
  Seen<ZonesPage> parse_zones(const Call& call, const Response& response) const override;

 private:
  Request request(const Call& call, std::string method, const std::string& path) const;
  Trouble trouble(const Call& call, const Response& response, Access access) const;

  GoogleConfig config_;
  Capabilities capabilities_;
};

}  // namespace taproot::pushers
