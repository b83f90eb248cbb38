#pragma once

#include "server/zone_loader.hpp"

namespace taproot::server {

/// Reads and checks a zone that is made of documents or of several sources: `loaded` gets its
/// candidate and what was read. Blocks: call it on the work pool.
void load_parts_of(const ZoneConfig& zone, LoadedZone& loaded);

}  // namespace taproot::server
