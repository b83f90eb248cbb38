#include "server/shrink_guard.hpp"

#include "pushers/fingerprint.hpp"

#include <string>

namespace taproot::server {

namespace {

std::string id_of(const zonestore::ZoneVersion& current, const zonestore::ZoneVersion& candidate) {
  pushers::Digest digest;
  digest.add("shrink").add(candidate.apex().lowered().to_text()).add(current.number());
  for (auto at = candidate.walk(); at.leaf() != nullptr; at.next()) {
    const auto owner = at.leaf()->owner(candidate.apex());
    for (const auto view : at.leaf()->rrsets()) {
      if (view.type() == dns::RRType::SOA) continue;  // its serial may be ours
      const auto rrset = view.to_rrset(owner);
      digest.add(owner.wire()).add(static_cast<std::uint64_t>(rrset.type)).add(rrset.ttl);
      for (const auto& rdata : rrset.rdata) digest.add(rdata.wire());
    }
  }
  return digest.hex(12);
}

}  // namespace

std::optional<GuardStop> why_shrunk(const zonestore::ZoneVersion* current,
                                    const zonestore::ZoneVersion& candidate, unsigned max_percent) {
  if (current == nullptr || current->name_count() < shrink_guard_names) return std::nullopt;
  const std::size_t before = current->name_count();
  const std::size_t after = candidate.name_count();
  if (after >= before) return std::nullopt;
  const std::size_t lost = before - after;
  if (lost * 100 <= before * max_percent) return std::nullopt;
  return GuardStop{"max-shrink-percent",
                   "the source would take away " + std::to_string(lost * 100 / before) +
                       "% of the names: " + std::to_string(lost) + " of " + std::to_string(before),
                   id_of(*current, candidate)};
}

}  // namespace taproot::server
