#include "zonestore/sources/piece_records.hpp"

#include <algorithm>
#include <cstring>

namespace taproot::zonestore {

bool operator==(const ReadingContext& a, const ReadingContext& b) {
  // The last TTL counts for nothing behind a $TTL. The case of the origin is that of the names.
  return std::ranges::equal(a.origin.wire(), b.origin.wire()) && a.default_ttl == b.default_ttl &&
         (a.default_ttl || a.last_ttl == b.last_ttl);
}

std::uint32_t OctetArena::append(Octets octets) {
  std::uint8_t* const to = room(octets.size());
  std::copy(octets.begin(), octets.end(), to);
  return keep(octets.size());
}

void OctetArena::grow(std::size_t octets) {
  constexpr std::size_t least = 4096;
  const std::size_t capacity = std::max({least, 2 * capacity_, size_ + octets});
  auto larger = std::make_unique_for_overwrite<std::uint8_t[]>(capacity);
  if (size_ > 0) std::memcpy(larger.get(), octets_.get(), size_);
  octets_ = std::move(larger);
  capacity_ = capacity;
}

}  // namespace taproot::zonestore
