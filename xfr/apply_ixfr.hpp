#pragma once

#include "dns/result.hpp"
#include "xfr/ixfr_step.hpp"
#include "zonestore/zone_version.hpp"

#include <memory>
#include <vector>

namespace taproot::xfr {

/// What `base` becomes by these steps. Costs the steps and not the zone: the result shares its
/// memory with `base`.
///
/// Nothing is taken on trust: each step must begin with the SOA that stands there, everything it
/// deletes must be there with the same TTL, nothing it adds may be, and an RRset has one TTL
/// afterwards. Fails with Errc::conflict otherwise: then what we have is not what the primary
/// thinks, and the whole zone has to be transferred.
Result<std::shared_ptr<const zonestore::ZoneVersion>> apply_ixfr(
    const zonestore::ZoneVersion& base, const std::vector<IxfrStep>& steps);

}  // namespace taproot::xfr
