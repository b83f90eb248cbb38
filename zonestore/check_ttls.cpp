#include "zonestore/check_practice.hpp"

#include <string>

namespace taproot::zonestore {

namespace {

/// Below this a record is asked for all the time, and a short failure of the nameservers shows.
constexpr std::uint32_t short_ttl = 60;
/// RFC 1912 section 2.2 and common sense: a slip is remembered for as long.
constexpr std::uint32_t long_ttl = 7 * 86'400;

}  // namespace

void check_ttl_length(CheckedZone& zone, const CheckIndex::Set& set) {
  const auto& first = zone.index().first_item(set);
  if (first.ttl >= short_ttl && first.ttl <= long_ttl) return;
  const std::string title = first.owner.to_text() + " " + dns::to_text(set.type) + " has TTL " +
                            std::to_string(first.ttl);
  if (first.ttl == 0) {
    zone.note("short-ttl", first, title + ", so resolvers ask for it every time",
              "write a TTL of 60 or more");
  } else if (first.ttl < short_ttl) {
    zone.note("short-ttl", first, title + ", less than a minute",
              "write a TTL of 60 or more, unless the record changes that often");
  } else if (first.ttl <= dns::max_ttl) {
    zone.warning("long-ttl", first, title + ": a mistake in it stays for more than a week",
                 "write a TTL of a day or less");
  }
}

}  // namespace taproot::zonestore
