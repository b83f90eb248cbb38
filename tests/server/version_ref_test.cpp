#include "server/version_ref.hpp"

#include <catch2/catch.hpp>

#include <chrono>

namespace taproot::server {

using namespace std::chrono_literals;

TEST_CASE("versions are named by number, serial and time", "[server][version]") {
  const zonestore::WallTime noon = std::chrono::sys_days(std::chrono::year(2026) / 11 / 25) + 12h;
  const auto midnight = noon - 12h;
  using Kind = VersionRef::Kind;
  struct Case {
    const char* text;
    Kind kind;
    std::uint64_t number;
    zonestore::WallTime time;
  };
  const auto c = GENERATE_COPY(
      Case{"1", Kind::number, 1, {}}, Case{"41", Kind::number, 41, {}},
      Case{"9223372036854775807", Kind::number, 9223372036854775807U, {}},
      Case{"serial:0", Kind::serial, 0, {}},
      Case{"serial:4294967295", Kind::serial, 4294967295, {}},
      Case{"2026-11-25", Kind::time, 0, midnight},
      Case{"2026-11-25T10:00", Kind::time, 0, midnight + 10h},
      Case{"2026-11-25 10:00", Kind::time, 0, midnight + 10h},
      Case{"2026-11-25T10:00Z", Kind::time, 0, midnight + 10h},
      Case{"2026-11-25T23:59:58", Kind::time, 0, midnight + 24h - 2s},
      Case{"2024-02-29", Kind::time, 0, std::chrono::sys_days(std::chrono::year(2024) / 2 / 29)},
      Case{"-0s", Kind::time, 0, noon}, Case{"-90s", Kind::time, 0, noon - 90s},
      Case{"-5m", Kind::time, 0, noon - 5min}, Case{"-2h", Kind::time, 0, noon - 2h},
      Case{"2h ago", Kind::time, 0, noon - 2h}, Case{"-3d", Kind::time, 0, noon - 72h},
      Case{"-2w", Kind::time, 0, noon - 336h});
  INFO(c.text);
  const auto ref = VersionRef::from_text(c.text, noon);
  REQUIRE(ref);
  CHECK(ref->kind == c.kind);
  if (c.kind == Kind::number) CHECK(ref->number == c.number);
  if (c.kind == Kind::serial) CHECK(ref->serial.value() == c.number);
  if (c.kind == Kind::time) CHECK(ref->time == c.time);
}

TEST_CASE("what names no version is told how to name one", "[server][version]") {
  const auto text = GENERATE(
      as<std::string>(), "", "0", "-1", "x", "41x", "9223372036854775808", "99999999999999999999",
      "serial:", "serial:x", "serial:4294967296", "serial:-1", "-2y", "-h", "2h", " ago", "h ago",
      "-99999999999h", "-1000000w", "2026-13-01", "2026-02-30", "2026-1-1", "1969-12-31",
      "2026-11-25T", "2026-11-25T24:00", "2026-11-25T10:60", "2026-11-25T10:00:60",
      "2026-11-25T10:00+01:00", "2026-11-25X10:00", std::string("41\0", 3));
  INFO(text);
  const zonestore::WallTime now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 25);
  const auto ref = VersionRef::from_text(text, now);
  REQUIRE_FALSE(ref);
  CHECK(ref.error().code == Errc::bad_text);
  CHECK_THAT(ref.error().detail, Catch::Contains("serial:NUMBER"));
}

}  // namespace taproot::server
