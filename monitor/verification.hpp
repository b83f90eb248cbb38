#pragma once

#include "dns/name.hpp"
#include "dns/types.hpp"
#include "monitor/expectation.hpp"
#include "zonestore/changes.hpp"
#include "zonestore/zone_version.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace taproot::monitor {

/// How a version is to be compared with what a nameserver says.
struct VerifyOptions {
  /// More RRsets than these are not asked for: then the apex, the changed ones and a random sample.
  std::size_t max_rrsets = 2000;
  /// Some providers serve TTLs of their own.
  bool ttl_may_differ = false;
  /// SOA and apex NS belong to the provider (API providers): neither they nor the serial are
  /// compared.
  bool provider_owns_apex = false;
  /// Random bits for the sample and for the name that must not exist.
  std::uint64_t seed = 0;
};

/// What to ask for, and how much of the zone that is.
struct VerificationPlan {
  Expectation expectation;
  std::size_t in_zone = 0;  ///< RRsets that could be compared
  std::size_t rrsets = 0;   ///< of them, those that are asked for
  bool is_sample() const { return rrsets < in_zone; }
};

/// What a server of `version` answers to this question, or nothing where asking shows nothing:
/// glue, names hidden below a delegation or DNAME, types that are made by signing. An RRset that is
/// gone may leave NODATA, NXDOMAIN, or what a wildcard puts in its place.
std::optional<ExpectedAnswer> expect(const zonestore::ZoneVersion& version, const dns::Name& owner,
                                     dns::RRType type);

/// What a server of `version` answers about the RRsets that `changes` touched, at most
/// `max_rrsets` of them.
std::vector<ExpectedAnswer> expect_changes(const zonestore::ZoneVersion& version,
                                           const zonestore::ChangeSet& changes,
                                           const VerifyOptions& options);

/// All that a server of `version` is to be asked. Walks the whole zone: for a large one call it on
/// the work pool.
VerificationPlan plan_verification(const zonestore::ZoneVersion& version,
                                   const VerifyOptions& options);

}  // namespace taproot::monitor
