#include "server/poll_schedule.hpp"

#include <catch2/catch.hpp>

using namespace taproot::server;
using namespace std::chrono_literals;

TEST_CASE("looks come at their interval, more or less", "[server][remote]") {
  PollSchedule schedule(60s);
  CHECK(schedule.on_success(0.5) == 60s);
  CHECK(schedule.on_success(0) == 54s);
  CHECK(schedule.on_success(1) == 66s);
}

TEST_CASE("failures are tried again soon, then ever more seldom", "[server][remote]") {
  PollSchedule schedule(60s);
  for (const auto wait : {5s, 10s, 20s, 40s, 80s, 160s, 300s, 300s}) {
    CHECK(schedule.on_failure(0.5) == wait);
  }
  CHECK(schedule.failures() == 8);
  CHECK(schedule.on_failure(0) == 225s);
  CHECK(schedule.on_success(0.5) == 60s);
  CHECK(schedule.on_failure(0.5) == 5s);
}

TEST_CASE("a short interval is not made longer by the first failure", "[server][remote]") {
  PollSchedule quick(1s);
  CHECK(quick.on_failure(0.5) == 1s);
  CHECK(quick.on_failure(0.5) == 2s);
  PollSchedule slow(24h);
  std::chrono::milliseconds wait{};
  for (int i = 0; i < 100; ++i) wait = slow.on_failure(0.5);
  CHECK(wait == 24h);
}
