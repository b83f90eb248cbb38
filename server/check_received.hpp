#pragma once

#include "dns/name.hpp"
#include "dns/result.hpp"
#include "server/received_zone.hpp"
#include "xfr/incoming_transfer.hpp"
#include "zonestore/rule_policy.hpp"
#include "zonestore/zone_version.hpp"

#include <memory>
#include <string>

namespace taproot::server {

/// How a transferred zone is looked at.
struct ReceivedChecks {
  zonestore::RulePolicy rules;
  bool is_catalog = false;
  zonestore::DigestDemand digest = zonestore::DigestDemand::check;
  /// The zone goes on with the primary's serials, so that its ZONEMD stays right.
  bool keeps_digest = true;
};

/// Makes a zone of what a transfer brought, and checks it by the rules. `base` is what the
/// differences were asked for; null if the whole zone was. `shown` is the source's name in
/// findings.
///
/// Small zones are checked as wholes. Of a large one that came as differences only what they touch
/// is, so that a change costs the change; then the findings are those about it. A catalog is not
/// for resolvers, and the rules are not for it: it is refused if it is broken. Before all that a
/// ZONEMD is verified (RFC 8976 section 4), which costs the whole zone. Fails with Errc::conflict
/// if differences do not fit to `base`: then the whole zone has to be transferred. Blocks: call it
/// on the work pool.
Result<ReceivedZone> check_received(const dns::Name& apex, const std::string& shown,
                                    xfr::IncomingTransfer transfer,
                                    const std::shared_ptr<const zonestore::ZoneVersion>& base,
                                    const ReceivedChecks& checks);

}  // namespace taproot::server
