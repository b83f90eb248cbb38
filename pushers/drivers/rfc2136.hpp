#pragma once

#include "dns/tsig.hpp"
#include "net/endpoint.hpp"
#include "net/tls_context.hpp"
#include "pushers/driver.hpp"

#include <memory>
#include <optional>

namespace taproot::pushers {

/// Where a primary is that takes DNS UPDATE, and the key it knows us by.
struct Rfc2136Config {
  net::Endpoint server;
  std::optional<dns::TsigKey> key;  ///< nothing: the server goes by our address
  std::shared_ptr<const net::TlsContext> tls = nullptr;
};

/// Speaks DNS UPDATE (RFC 2136) with TSIG to a foreign primary, and reads it by AXFR.
///
/// Each message is all or nothing, and says of every RRset it touches what was read there: if
/// somebody else was faster it fails whole, and nothing is laid over his work. The first one says
/// so of the SOA, too. What the server's own signer makes is foreign. The serial is the server's.
class Rfc2136 : public Driver {
 public:
  explicit Rfc2136(Rfc2136Config config);

  const Capabilities& capabilities() const override { return capabilities_; }
  std::optional<ZoneRef> known_zone(const dns::Name& apex) const override;
  Request find_zone(const Call& call, const dns::Name& apex) const override;
  Seen<ZoneRef> parse_find(const Call& call, const dns::Name& apex,
                           const Response& response) const override;
  Request list(const Call& call, const ZoneRef& zone, const std::string& cursor) const override;
  Seen<Page> parse_list(const Call& call, const ZoneRef& zone,
                        const Response& response) const override;
  std::vector<Request> apply(const Call& call, const LiveZone& live,
                             const Batch& batch) const override;
  Outcome parse_apply(const Call& call, const ZoneRef& zone,
                      const Response& response) const override;
  std::size_t octets_of(const PlannedChange& change) const override;

 private:
  Request request(DnsRequest dns) const;

  Rfc2136Config config_;
  Capabilities capabilities_;
};

}  // namespace taproot::pushers
