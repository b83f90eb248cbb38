#pragma once

#include "monitor/alerts.hpp"
#include "monitor/board.hpp"
#include "server/config.hpp"
#include "server/distributor.hpp"
#include "server/reports.hpp"
#include "server/zone_desk.hpp"
#include "zonestore/zone_version.hpp"

namespace taproot::server {

/// Everything an operator reads of one zone: the desk's side (source, findings), the store's
/// (version) and the board's (providers and nameservers). `version` is null if there is none.
ZoneRow make_zone_row(const ZoneState& state, const zonestore::ZoneVersion* version,
                      const Distributor& distributor, WallTime now);

AlertRow make_alert_row(monitor::Alert alert);

/// What an operator must know while the state cannot be written.
std::string state_warning(const Error& trouble);

/// One line of history from a journal's summary.
VersionRow make_version_row(const zonestore::VersionSummary& summary);
VersionRow make_version_row(const zonestore::ZoneVersion& version);

/// An RRset's records, each as "TTL TYPE RDATA".
std::vector<std::string> record_lines(const std::optional<dns::RRset>& rrset);
PlannedChange make_planned_change(const std::optional<dns::RRset>& before,
                                  const std::optional<dns::RRset>& after);
std::vector<PlannedChange> make_planned_changes(const zonestore::ChangeSet& changes);

/// The guard that stopped a push, with the id that lets it pass once; nothing if none did.
std::optional<GuardStop> guard_of(const pushers::PushResult* push);

}  // namespace taproot::server
