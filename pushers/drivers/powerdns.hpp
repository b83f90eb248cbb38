#pragma once

#include "dns/secret.hpp"
#include "pushers/driver.hpp"

#include <string>

namespace taproot::pushers {

/// Where a PowerDNS authoritative server's HTTP API is.
struct PowerdnsConfig {
  std::string url;  ///< without "/api/v1"; see why_bad_url()
  Secret api_key;
  std::string server_id = "localhost";
};

/// Speaks the HTTP API of the PowerDNS authoritative server (4.1 and newer).
///
/// One PATCH carries a whole batch, all or nothing. Records that are disabled there, and types of
/// PowerDNS's own (ALIAS, LUA), are opaque. Comments stay with the RRsets they belong to. The SOA
/// is pushed with our serial; where the zone's soa_edit_api would change it, the plan says so.
/// Zones are never created; one that PowerDNS itself transfers from elsewhere is refused.
class Powerdns : public Driver {
 public:
  explicit Powerdns(PowerdnsConfig config);

  const Capabilities& capabilities() const override { return capabilities_; }
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
  std::size_t octets_of(const PlannedChange& change) const override;
  std::optional<Request> zones(const Call& call, const std::string& cursor) const override;
  Seen<ZonesPage> parse_zones(const Call& call, const Response& response) const override;

 private:
  Request request(std::string method, const std::string& path) const;
  std::string words_of(const Response& response) const;
  Trouble trouble(const Call& call, const Response& response, Access access) const;
  Trouble garbage(const std::string& what) const;

  PowerdnsConfig config_;
  Capabilities capabilities_;
};

}  // namespace taproot::pushers
