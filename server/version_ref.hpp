#pragma once

#include "dns/result.hpp"
#include "dns/serial.hpp"
#include "zonestore/zone_version.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace taproot::server {

/// A version as a person names it, the same for every verb and for the control API:
///
///     41                                   its number
///     serial:2026112501                    the newest with this serial
///     2026-11-25, 2026-11-25T10:00[:30]    what was current then (UTC)
///     -2h, "2h ago"                        what was current so long ago (s, m, h, d, w)
struct VersionRef {
  enum class Kind { number, serial, time };
  Kind kind = Kind::number;
  std::uint64_t number = 0;
  dns::Serial serial{0};
  zonestore::WallTime time{};

  /// Fails with Errc::bad_text; the words say what would do.
  static Result<VersionRef> from_text(std::string_view text, zonestore::WallTime now);
  static VersionRef of(std::uint64_t number) { return {Kind::number, number, dns::Serial(0), {}}; }
};

}  // namespace taproot::server
