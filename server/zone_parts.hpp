#pragma once

#include "server/zone_loader.hpp"

namespace taproot::server {

/// Reads and checks a zone that is made of documents or of several sources. Blocks: call it on the
/// work pool.
LoadedZone load_parts_of(const ZoneConfig& zone);

}  // namespace taproot::server
