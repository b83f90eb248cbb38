#pragma once

#include "dns/secret.hpp"
#include "pushers/driver.hpp"
#include "pushers/drivers/dyn_answer.hpp"

#include <string>

namespace taproot::pushers {

/// How to reach Dyn Managed DNS, or what speaks its protocol.
struct DynConfig {
  std::string url = "https://api.dynect.net";
  std::string customer;
  std::string user;
  Secret password;
};

/// Speaks the DynECT REST protocol of Dyn Managed DNS, which was retired; its successor is Oci.
///
/// Each push has a session of its own. Each change of an RRset is staged by a request of its own,
/// and all of them are published at once. What was staged and not published is discarded before the
/// zone is read, since a reading shows it as if it were in force. Whatever becomes a job is waited
/// for.
class Dyn : public Driver {
 public:
  explicit Dyn(DynConfig config);

  const Capabilities& capabilities() const override { return capabilities_; }
  std::optional<Request> login(const Call& call) const override;
  Seen<std::string> parse_login(const Call& call, const Response& response) const override;
  std::optional<Request> logout(const std::string& session) const override;
  std::optional<ZoneRef> known_zone(const dns::Name& apex) const override;
  Request find_zone(const Call& call, const dns::Name& apex) const override;
  Seen<ZoneRef> parse_find(const Call& call, const dns::Name& apex,
                           const Response& response) const override;
  Request list(const Call& call, const ZoneRef& zone, const std::string& cursor) const override;
  Seen<Page> parse_list(const Call& call, const ZoneRef& zone,
                        const Response& response) const override;
  std::vector<Request> apply(const Call& call, const LiveZone& live,
                             const Batch& batch) const override;
  std::vector<Request> commit(const Call& call, const LiveZone& live) const override;
  Outcome parse_apply(const Call& call, const ZoneRef& zone,
                      const Response& response) const override;
  Request poll(const Call& call, const ZoneRef& zone, const std::string& cursor) const override;
  Outcome parse_poll(const Call& call, const ZoneRef& zone,
                     const Response& response) const override;
  std::optional<Request> zones(const Call& call, const std::string& cursor) const override;
  Seen<ZonesPage> parse_zones(const Call& call, const Response& response) const override;

 private:
  Request request(const std::string& session, std::string method, const std::string& path,
                  std::string body = {}) const;
  Trouble trouble(const Call& call, const DynAnswer& answer, const Response& response,
                  Access access) const;

  DynConfig config_;
  Capabilities capabilities_;
};

}  // namespace taproot::pushers
