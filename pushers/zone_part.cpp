#include "pushers/zone_part.hpp"

#include "pushers/fingerprint.hpp"

namespace taproot::pushers {

namespace {

std::uint64_t number_at(const std::array<std::uint8_t, 32>& octets, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i) value = value << 8 | octets[at + i];
  return value;
}

}  // namespace

void Tally::count(const LiveRRset& one, int sign) {
  const auto step = static_cast<std::size_t>(sign);  // unsigned numbers go round
  if (one.kind == LiveKind::plain) {
    plain_ += step;
    if (one.rrset.type == dns::RRType::MX) plain_mx_ += step;
  }
  auto digest = digest_of(one.rrset, true);
  digest.add(static_cast<std::uint64_t>(one.kind)).add(one.is_uneven() ? 1 : 0);
  const auto octets = digest.octets();
  for (std::size_t i = 0; i < digest_.size(); ++i) {
    digest_[i] += number_at(octets, 8 * i) * static_cast<std::uint64_t>(sign);
  }
}

}  // namespace taproot::pushers
