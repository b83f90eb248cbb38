#include "xfr/delivered_differences.hpp"

#include <algorithm>
#include <functional>

namespace taproot::xfr {

namespace {

constexpr unsigned mark_shift = 38;
constexpr unsigned count_shift = 33;
constexpr unsigned broke_off_shift = 32;
constexpr std::uint64_t max_count = 31;

std::uint64_t mixed(std::uint64_t a, std::uint64_t b) {
  std::uint64_t x = a ^ (b + 0x9e3779b97f4a7c15u + (a << 6) + (a >> 2));
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  return x ^ (x >> 27);
}

std::uint64_t mark_of(std::uint64_t entry) {
  return entry >> mark_shift;
}
std::uint64_t count_of(std::uint64_t entry) {
  return entry >> count_shift & max_count;
}
dns::Serial serial_of(std::uint64_t entry) {
  return dns::Serial(static_cast<std::uint32_t>(entry));
}

}  // namespace

DeliveredDifferences::Place::Place(const SecondaryId& id) {
  std::uint64_t hash = mixed(dns::NameHash()(id.apex), std::hash<net::Address>()(id.address));
  if (id.key) hash = mixed(hash, dns::NameHash()(*id.key));
  set_ = hash % sets;
  mark_ = static_cast<std::uint32_t>(hash >> mark_shift) | 1u;
}

std::optional<std::size_t> DeliveredDifferences::find_entry(const Place& place) const {
  for (std::size_t i = place.set_ * ways; i < (place.set_ + 1) * ways; ++i) {
    if (mark_of(entries_[i].load(std::memory_order_relaxed)) == place.mark_) return i;
  }
  return std::nullopt;
}

DeliveredDifferences::Known DeliveredDifferences::find(const Place& place,
                                                       dns::Serial before) const {
  const auto found = find_entry(place);
  if (!found) return {};
  const auto entry = entries_[*found].load(std::memory_order_relaxed);
  if (serial_of(entry) != before) return {};
  return {static_cast<unsigned>(count_of(entry)), (entry >> broke_off_shift & 1) != 0};
}

void DeliveredDifferences::on_delivered(const Place& place, dns::Serial before) {
  put(place, before, false);
}

void DeliveredDifferences::on_broken_off(const Place& place, dns::Serial before) {
  put(place, before, true);
}

/// Two loops that put the same entry at once may lose one of the counts: then the secondary has to
/// ask once more.
void DeliveredDifferences::put(const Place& place, dns::Serial before, bool broke_off) {
  const auto found = find_entry(place);
  auto& next = next_way_[place.set_];
  Entry& entry =
      found ? entries_[*found]
            : entries_[place.set_ * ways + next.fetch_add(1, std::memory_order_relaxed) % ways];
  const auto old = entry.load(std::memory_order_relaxed);
  const bool goes_on = mark_of(old) == place.mark_ && serial_of(old) == before;
  const std::uint64_t count = goes_on ? std::min(count_of(old) + 1, max_count) : 1;
  entry.store(std::uint64_t{place.mark_} << mark_shift | count << count_shift |
                  std::uint64_t{broke_off} << broke_off_shift | before.value(),
              std::memory_order_relaxed);
}

}  // namespace taproot::xfr
