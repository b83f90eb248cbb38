#pragma once

#include "server/distributor.hpp"
#include "server/followed_sources.hpp"
#include "server/parent_notifier.hpp"
#include "server/remote_sources.hpp"
#include "server/serving.hpp"
#include "server/zone_desk.hpp"
#include "zonestore/store.hpp"

#include <string>

namespace taproot::server {

/// What the metrics are read from.
struct MetricSources {
  const zonestore::ZoneStore& store;
  const Distributor& distributor;
  const ZoneDesk& desk;
  const RemoteSources& remotes;
  const FollowedSources& followed;
  const ParentNotifier& parents;
  const Serving& serving;
  zonestore::WallTime started;
};

/// Prometheus text format 0.0.4. Per zone and nameserver: wanted and seen serial, state, lag.
std::string render_metrics(const MetricSources& sources);

}  // namespace taproot::server
