#pragma once

#include "dns/name.hpp"
#include "dns/octets.hpp"
#include "dns/result.hpp"
#include "dns/types.hpp"

#include <cstdint>

namespace taproot::dns {

/// DSYNC rdata (RFC 9859 section 2): where the operator of a parent zone wants to be told that a
/// child has changed something for it.
struct Dsync {
  static constexpr RRType rrtype = RRType::DSYNC;
  /// NOTIFY to the port of the target; others are not defined.
  static constexpr std::uint8_t notify_scheme = 1;

  RRType type = RRType::none;  ///< what it is told of: CDS (and CDNSKEY with it) or CSYNC
  std::uint8_t scheme = 0;     ///< 0: nothing is wanted
  std::uint16_t port = 0;
  Name target;

  /// Fails with Errc::truncated, trailing_octets or what reading the name fails with; a compressed
  /// name is an error, too.
  static Result<Dsync> from_rdata(Octets rdata);

  friend bool operator==(const Dsync&, const Dsync&) = default;
};

}  // namespace taproot::dns
