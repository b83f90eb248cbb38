#pragma once

#include "pushers/driver.hpp"
#include "pushers/exec_config.hpp"

#include <string>
#include <vector>

namespace taproot::pushers {

/// Hands a provider over to a program: each request is one run of it, with one JSON object on its
/// standard input and one on its standard output (docs/exec-driver.md). What it may take, in time
/// and octets, is bounded, and whatever is not in the protocol is trouble.
class Exec : public Driver {
 public:
  explicit Exec(ExecConfig config);

  const Capabilities& capabilities() const override { return config_.capabilities; }
  Request find_zone(const Call& call, const dns::Name& apex) const override;
  Seen<ZoneRef> parse_find(const Call& call, const dns::Name& apex,
                           const Response& response) const override;
  Request list(const Call& call, const ZoneRef& zone, const std::string& cursor) const override;
  Seen<Page> parse_list(const Call& call, const ZoneRef& zone,
                        const Response& response) const override;
  Looks looks() const override { return config_.looks ? Looks::owners : Looks::none; }
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
  Request request(std::string order) const;

  ExecConfig config_;
};

}  // namespace taproot::pushers
