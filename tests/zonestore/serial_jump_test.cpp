#include "zonestore/serial_jump.hpp"

#include <catch2/catch.hpp>

#include <random>

using namespace taproot;
using dns::Serial;
using zonestore::jump_above;

namespace {

std::vector<Serial> serials(const std::vector<std::uint32_t>& values) {
  std::vector<Serial> all;
  for (const auto value : values) all.emplace_back(value);
  return all;
}

}  // namespace

TEST_CASE("a jump goes above all that was seen", "[zonestore][serial]") {
  struct Case {
    std::uint32_t ours;
    std::vector<std::uint32_t> seen;
    std::uint32_t to;
    bool halfway;
  };
  const auto c =
      GENERATE(Case{5, {}, 6, false}, Case{5, {5}, 6, false}, Case{5, {3, 500, 7}, 501, false},
               Case{5, {500, 500}, 501, false}, Case{0xffff'fff0, {4}, 5, false},
               Case{0xffff'fff0, {0xffff'ffff}, 0, false},
               Case{5, {5u + 0x7fff'fffe}, 5u + 0x7fff'ffff, false},
               // the furthest ahead there is, and the one without an order: halfway first
               Case{5, {5u + 0x7fff'ffff}, 5u + 0x4000'0000, true},
               Case{5, {5, 5u + 0x8000'0000}, 5u + 0x4000'0000, true},
               Case{0xf000'0000, {0x7000'0000}, 0x3000'0000, true},
               // more than that is behind us
               Case{5, {5u + 0x8000'0002}, 6, false});
  CAPTURE(c.ours, c.seen);
  const auto jump = jump_above(Serial(c.ours), serials(c.seen));
  REQUIRE(jump);
  CHECK(jump->to == Serial(c.to));
  CHECK(jump->is_halfway == c.halfway);
}

TEST_CASE("two jumps pass any serial, once the others have made the first", "[zonestore][serial]") {
  std::mt19937 random(3);
  for (int i = 0; i < 20000; ++i) {
    const Serial ours(static_cast<std::uint32_t>(random()));
    Serial theirs(static_cast<std::uint32_t>(random()));
    if (i % 10 == 0) theirs = Serial(ours.value() + 0x8000'0000);
    if (i % 10 == 1) theirs = Serial(ours.value() + 0x7fff'ffff);
    auto jump = jump_above(ours, {ours, theirs});
    REQUIRE(jump);
    REQUIRE(jump->to > ours);
    REQUIRE_FALSE(jump->to == theirs);
    if (jump->is_halfway) {
      // One that has not followed yet would be lost by the second jump: it is refused.
      const auto early = jump_above(jump->to, {ours, theirs});
      REQUIRE_FALSE(early);
      REQUIRE(early.error().code == Errc::conflict);
      const auto first = jump->to;
      jump = jump_above(first, {first, theirs});
      REQUIRE(jump);
      REQUIRE(jump->to > first);
      REQUIRE_FALSE(jump->is_halfway);
    }
    REQUIRE(jump->to > theirs);
  }
}
