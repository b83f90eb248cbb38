#include "zonestore/serial_policy.hpp"

#include <catch2/catch.hpp>

#include <random>

using namespace taproot;
using dns::Serial;
using zonestore::next_serial;
using zonestore::SerialPolicy;
using zonestore::WallTime;

namespace {

constexpr auto increment = SerialPolicy::increment;
constexpr auto unixtime = SerialPolicy::unixtime;
constexpr auto date = SerialPolicy::date;
constexpr auto keep = SerialPolicy::keep;
constexpr std::nullopt_t none = std::nullopt;

WallTime at(int year, unsigned month, unsigned day, int hour = 12) {
  return std::chrono::sys_days(std::chrono::year_month_day(
             std::chrono::year(year), std::chrono::month(month), std::chrono::day(day))) +
         std::chrono::hours(hour);
}

using MaybeSerial = std::optional<std::uint32_t>;

std::optional<Serial> serial_of(MaybeSerial value) {
  return value ? std::optional(Serial(*value)) : std::nullopt;
}

}  // namespace

TEST_CASE("each policy names the next serial", "[zonestore][serial]") {
  struct Case {
    SerialPolicy policy;
    MaybeSerial last;
    MaybeSerial source;
    WallTime now;
    std::uint32_t want;
  };
  const auto noon = at(2026, 11, 23);
  const auto c = GENERATE_COPY(
      // a new zone
      Case{increment, none, none, noon, 1}, Case{increment, none, 17, noon, 17},
      Case{unixtime, none, 17, noon, 1795435200}, Case{date, none, 17, noon, 2026112300},
      Case{keep, none, 17, noon, 17}, Case{keep, none, 0, noon, 0},
      // one more
      Case{increment, 17, none, noon, 18}, Case{increment, 17, 17, noon, 18},
      Case{increment, 17, 4, noon, 18}, Case{increment, 17, 40, noon, 40},
      Case{keep, 17, 18, noon, 18},
      // the clock is ahead, or it is not
      Case{unixtime, 17, none, noon, 1795435200},
      Case{unixtime, 1795435200, none, noon, 1795435201},
      Case{unixtime, 1795435300, none, noon, 1795435301},
      Case{unixtime, 2026112300, none, noon, 2026112301},
      Case{date, 2026112299, none, noon, 2026112300},
      Case{date, 2026112300, none, noon, 2026112301},
      Case{date, 2026112399, none, noon, 2026112400},
      Case{date, 2026112405, none, noon, 2026112406},
      Case{date, 1795435200, none, noon, 2026112300},
      Case{date, 2026112300, 2026119999, noon, 2026112301},
      // days are those of UTC
      Case{date, none, none, at(2026, 12, 31, 23), 2026123100},
      Case{date, none, none, at(2026, 12, 31, 24), 2027010100},
      // clocks that are wrong, and the year in which seconds no longer fit into 32 bits
      Case{unixtime, none, none, at(1960, 1, 1), 0}, Case{unixtime, 5, none, at(1960, 1, 1), 6},
      Case{date, 2026112300, none, at(1970, 1, 1), 2026112301},
      Case{unixtime, 0xffff'fff0, none, at(2106, 2, 7, 7), 1904},
      // round the circle (RFC 1982)
      Case{increment, 0xffff'ffff, none, noon, 0}, Case{increment, 0xffff'ffff, 0, noon, 0},
      Case{increment, 0xffff'fff0, 5, noon, 5}, Case{increment, 5, 0xffff'fff0, noon, 6},
      Case{keep, 0xffff'fff0, 5, noon, 5}, Case{unixtime, 0xffff'ffff, none, noon, 1795435200},
      Case{date, 0xffff'ffff, none, noon, 2026112300},
      // never more than 2^31 - 1 ahead
      Case{increment, 1, 0x8000'0000, noon, 0x8000'0000}, Case{increment, 1, 0x8000'0001, noon, 2},
      Case{increment, 1, 0x8000'0002, noon, 2}, Case{keep, 1, 0x8000'0000, noon, 0x8000'0000},
      Case{date, 4000000000, none, noon, 4000000001});
  CAPTURE(to_text(c.policy), c.last, c.source, c.want);
  const auto next = next_serial(c.policy, serial_of(c.last), serial_of(c.source), c.now);
  REQUIRE(next);
  CHECK(next->value() == c.want);
}

TEST_CASE("keep refuses a serial that does not go ahead", "[zonestore][serial]") {
  struct Case {
    MaybeSerial last;
    MaybeSerial source;
    const char* words;
  };
  const auto c =
      GENERATE(Case{17, none, "needs a serial in the source"}, Case{none, none, "needs a serial"},
               Case{17, 17, "still has serial 17"}, Case{17, 16, "16 is behind 17"},
               Case{17, 0xffff'ffff, "is behind 17"}, Case{0, 0xffff'ffff, "use one from 1 on"},
               Case{1, 0x8000'0001, "has no order to 1"});
  CAPTURE(c.last, c.source);
  const auto next = next_serial(keep, serial_of(c.last), serial_of(c.source), WallTime());
  REQUIRE_FALSE(next);
  CHECK(next.error().code == Errc::bad_serial);
  CHECK_THAT(next.error().detail, Catch::Contains(c.words));
}

TEST_CASE("every serial is ahead of the last one", "[zonestore][serial]") {
  std::mt19937 random(1);
  for (int i = 0; i < 20000; ++i) {
    const Serial last(static_cast<std::uint32_t>(random()));
    const Serial source(static_cast<std::uint32_t>(random()));
    const WallTime now{std::chrono::seconds(random())};
    for (const auto policy : {increment, unixtime, date, keep}) {
      const auto next = next_serial(policy, last, source, now);
      if (next) {
        REQUIRE(*next > last);
      } else {
        REQUIRE(policy == keep);
      }
    }
  }
}

TEST_CASE("policies are read by their names", "[zonestore][serial]") {
  for (const auto policy : {increment, unixtime, date, keep}) {
    CHECK(zonestore::serial_policy_from_text(to_text(policy)).value() == policy);
  }
  const auto bad = zonestore::serial_policy_from_text("Date");
  REQUIRE_FALSE(bad);
  CHECK(bad.error().code == Errc::bad_config);
  CHECK_THAT(bad.error().detail, Catch::Contains("\"Date\""));
}
