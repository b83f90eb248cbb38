#include "dns/dsync.hpp"

namespace taproot::dns {

Result<Dsync> Dsync::from_rdata(Octets rdata) {
  constexpr std::size_t fixed = 5;
  if (rdata.size() <= fixed) return fail(Errc::truncated, "DSYNC is too short");
  const auto number = [&](std::size_t at) {
    return static_cast<std::uint16_t>(rdata[at] << 8 | rdata[at + 1]);
  };
  const Octets target = rdata.subspan(fixed);
  const std::size_t length = name_length(target);
  if (length == 0) return fail(Errc::bad_rdata, "the target of DSYNC is not a name");
  if (length != target.size()) return fail(Errc::trailing_octets, "octets behind DSYNC's target");
  return Dsync{static_cast<RRType>(number(0)), rdata[2], number(3), Name::from_trusted(target)};
}

}  // namespace taproot::dns
