#pragma once

#include "dns/types.hpp"
#include "dns/update.hpp"
#include "zonestore/zone_version.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace taproot::zonestore {

/// The first prerequisite that a zone does not meet.
struct UnmetPrerequisite {
  dns::Rcode rcode = dns::Rcode::nxrrset;
  std::string why;
};

/// RFC 2136 section 3.2: nothing if the zone meets all of them. Those about values come last.
std::optional<UnmetPrerequisite> find_unmet(const ZoneVersion& zone,
                                            const std::vector<dns::Prerequisite>& prerequisites);

/// What an UPDATE makes of a version.
struct Updated {
  dns::Rcode rcode = dns::Rcode::noerror;
  std::string why;  ///< unless NOERROR
  /// `current` itself if nothing changes. Otherwise its serial is that of the requester's SOA if
  /// that was taken, or the next one: only a placeholder, but no longer the serial before. Null
  /// unless NOERROR.
  std::shared_ptr<const ZoneVersion> version;
  bool sets_serial = false;  ///< a SOA of the requester was taken
};

/// Carries out an UPDATE, whole or not at all (RFC 2136 sections 3.2 and 3.4.2). What the RFC
/// has ignored is ignored: a CNAME beside other data and other data beside a CNAME, a SOA whose
/// serial is not ahead, the removal of the apex's SOA or last NS. Costs the names it touches; the
/// result shares its memory with `current`. It is not checked as a zone yet.
Updated update_zone(const std::shared_ptr<const ZoneVersion>& current, const dns::Update& update);

}  // namespace taproot::zonestore
