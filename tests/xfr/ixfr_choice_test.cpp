#include "xfr/ixfr_choice.hpp"

#include "tests/support/zone_text.hpp"
#include "tests/xfr/random_zone.hpp"

#include <catch2/catch.hpp>

using namespace taproot;
using Kind = xfr::IxfrChoice::Kind;

TEST_CASE("what a secondary gets depends on what it has", "[xfr][ixfr]") {
  tests::RandomZone zone(1, 200);
  for (int i = 0; i < 5; ++i) zone.change(2);
  const auto& version = *zone.version();
  REQUIRE(version.serial() == dns::Serial(6));
  struct Case {
    const char* what;
    std::uint32_t has;
    Kind kind;
    std::size_t steps;
  };
  const auto c = GENERATE(Case{"the same", 6, Kind::current, 0}, Case{"ahead", 7, Kind::current, 0},
                          Case{"far ahead", 6 + 0x7fff'ffffu, Kind::current, 0},
                          Case{"no order", 6 + 0x8000'0000u, Kind::whole_zone, 0},
                          Case{"one behind", 5, Kind::differences, 1},
                          Case{"the first", 1, Kind::differences, 5},
                          Case{"before history", 0, Kind::whole_zone, 0});
  INFO(c.what);
  const auto choice = xfr::choose_ixfr(version, dns::Serial(c.has));
  CHECK(choice.kind == c.kind);
  CHECK(choice.steps.size() == c.steps);
}

namespace {

/// A zone of one large record, which `changes` versions replaced by another in turns.
std::shared_ptr<const zonestore::ZoneVersion> large_and_restless(int changes) {
  const auto text = [](int serial) {
    const std::string fill(230, serial % 2 == 0 ? 'e' : 'o');
    std::string large;
    for (int i = 0; i < 20; ++i) large += fill + " ";
    return "@ 60 SOA ns admin " + std::to_string(serial) + " 1 1 1 1\n@ 60 NS ns.test.\na 60 TXT " +
           large + "\n";
  };
  auto version = tests::zone_of("example.", text(1));
  for (int serial = 2; serial <= changes + 1; ++serial) {
    zonestore::ZoneBuilder builder(*version);
    for (auto& rrset : tests::rrsets_of(version->apex(), text(serial))) {
      builder.put(std::move(rrset));
    }
    auto next = builder.finish().value();
    zonestore::ZoneBuilder with_history(*next);
    with_history.push_history(
        std::make_shared<const zonestore::ChangeSet>(zonestore::changes_between(*version, *next)),
        100, 1 << 20);
    version = with_history.finish().value();
  }
  return version;
}

}  // namespace

TEST_CASE("differences bigger than the zone are not sent", "[xfr][ixfr]") {
  const auto version = large_and_restless(1);
  CHECK(xfr::choose_ixfr(*version, dns::Serial(1)).kind == Kind::whole_zone);
}

TEST_CASE("many steps that come to little are condensed", "[xfr][ixfr]") {
  const auto version = large_and_restless(4);  // back to what it was
  const auto choice = xfr::choose_ixfr(*version, dns::Serial(1));
  REQUIRE(choice.kind == Kind::differences);
  REQUIRE(choice.steps.size() == 1);
  CHECK(choice.steps[0]->from == dns::Serial(1));
  CHECK(choice.steps[0]->to == dns::Serial(5));
  CHECK(choice.steps[0]->changes.size() == 1);
}
