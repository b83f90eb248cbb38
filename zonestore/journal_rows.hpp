#pragma once

#include "dns/serial.hpp"
#include "zonestore/journal.hpp"

#include <cstdint>
#include <optional>

namespace taproot::zonestore {

/// The row of a zone: what there is of it, without a look at its versions.
struct ZoneRow {
  std::int64_t id = 0;  ///< 0: there is no row
  std::optional<dns::Serial> highest;
  std::uint64_t oldest = 0;
  std::uint64_t newest = 0;       ///< 0: no version
  std::uint64_t base = 0;         ///< the newest snapshot
  std::uint64_t base_octets = 0;  ///< octets of the steps since
  std::uint64_t octets = 0;       ///< of all versions kept
};

struct VersionRow {
  VersionSummary summary;
  std::optional<std::uint64_t> step_octets;  ///< nothing: a version without step
  std::uint64_t octets = 0;                  ///< of its changes and its snapshot, about
};

}  // namespace taproot::zonestore
