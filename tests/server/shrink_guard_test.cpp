#include "server/shrink_guard.hpp"

#include "dns/presentation.hpp"
#include "dns/rdata.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <string>

namespace taproot::server {

namespace {

const dns::Name apex = dns::Name::from_text("example.org.").value();

dns::RRset rrset(const std::string& owner, dns::RRType type, const std::string& value) {
  return {dns::Name::from_text(owner, apex).value(),
          type,
          300,
          {dns::rdata_from_text(type, value, apex).value()}};
}

/// The apex and so many names below it.
std::shared_ptr<const zonestore::ZoneVersion> zone(int names, std::uint64_t number = 0,
                                                   std::uint32_t serial = 1,
                                                   const std::string& address = "192.0.2.1") {
  zonestore::ZoneBuilder builder(apex);
  builder.put(rrset("@", dns::RRType::SOA, "ns1 admin " + std::to_string(serial) + " 1 2 3 4"));
  for (int i = 0; i < names; ++i) {
    builder.put(rrset("h" + std::to_string(i), dns::RRType::A, address));
  }
  zonestore::Provenance provenance;
  provenance.number = number;
  builder.set_provenance(provenance);
  return builder.finish().value();
}

}  // namespace

TEST_CASE("the shrink guard stands before large losses only", "[server][shrink]") {
  struct Case {
    int before, after;
    unsigned percent;
    bool stops;
  };
  const auto c = GENERATE(Case{99, 80, 20, false}, Case{99, 79, 20, false}, Case{99, 78, 20, true},
                          Case{99, 0, 20, true}, Case{99, 0, 100, false}, Case{99, 98, 0, true},
                          Case{99, 99, 0, false}, Case{99, 500, 0, false},
                          // nine names with the apex are few, ten are not
                          Case{8, 0, 20, false}, Case{9, 0, 20, true}, Case{9, 7, 20, false});
  CAPTURE(c.before, c.after, c.percent);
  const auto before = zone(c.before, 7);
  const auto stop = why_shrunk(before.get(), *zone(c.after), c.percent);
  CHECK(stop.has_value() == c.stops);
  CHECK_FALSE(why_shrunk(nullptr, *zone(c.after), c.percent));
  if (!stop) return;
  CHECK(stop->rule == "max-shrink-percent");
  CHECK_THAT(stop->why, Catch::Contains(std::to_string(c.before - c.after) + " of " +
                                        std::to_string(c.before + 1)));
}

TEST_CASE("a shrink guard's id lets one candidate pass, once", "[server][shrink]") {
  const auto before = zone(99, 7);
  const auto id = [](const auto& current, const auto& candidate) {
    return why_shrunk(current.get(), *candidate, 20)->force_id;
  };
  const auto first = id(before, zone(10));
  CHECK(first.size() == 12);
  CHECK(id(before, zone(10)) == first);
  CHECK(id(before, zone(10, 0, 99)) == first);  // the serial may be ours
  CHECK(id(before, zone(11)) != first);
  CHECK(id(before, zone(10, 0, 1, "192.0.2.2")) != first);
  CHECK(id(zone(99, 8), zone(10)) != first);  // it has passed, or something else has come
}

}  // namespace taproot::server
