#include "monitor/probe_schedule.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <vector>

using namespace taproot;
using namespace std::chrono_literals;
using monitor::ProbeSchedule;
using Instant = ProbeSchedule::Instant;

namespace {

std::vector<long> waits_in_vain(ProbeSchedule& schedule, Instant now, int looks) {
  std::vector<long> waits;
  for (int i = 0; i < looks; ++i) {
    const auto next = schedule.on_look(false, now, 0);
    waits.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(next - now).count());
    now = next;
  }
  return waits;
}

}  // namespace

TEST_CASE("after a change it is looked at once, often, and then less often",
          "[monitor][schedule]") {
  ProbeSchedule schedule(60s);
  const Instant start = Instant{} + 1h;
  CHECK(schedule.on_change(start) == start);
  const auto waits = waits_in_vain(schedule, start, 45);
  CHECK(std::vector<long>(waits.begin(), waits.begin() + 11) ==
        std::vector<long>{20, 50, 100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000});
  // A minute after the change every 30 seconds, and ten minutes after it at the interval.
  CHECK(waits[19] == 30000);
  CHECK(waits[36] == 30000);
  CHECK(waits[44] == 60000);
}

TEST_CASE("what is seen is looked at at the interval", "[monitor][schedule]") {
  ProbeSchedule schedule(60s);
  const Instant start = Instant{} + 1h;
  schedule.on_change(start);
  CHECK(schedule.on_look(true, start + 1ms, 0) == start + 1ms + 60s);
  CHECK(schedule.on_look(true, start + 1ms, 0xffff) < start + 1ms + 66s);
  CHECK(schedule.on_look(true, start + 1ms, 0x8000) == start + 1ms + 63s);
}

TEST_CASE("what falls out of sync is asked again after seconds", "[monitor][schedule]") {
  ProbeSchedule schedule(60s);
  const Instant start = Instant{} + 1h;
  schedule.on_change(start);
  schedule.on_look(true, start, 0);
  CHECK(waits_in_vain(schedule, start + 1h, 2) == std::vector<long>{5000, 5000});
  CHECK(schedule.on_look(true, start + 2h, 0) == start + 2h + 60s);
}

TEST_CASE("a short interval is never exceeded", "[monitor][schedule]") {
  ProbeSchedule schedule(1s);
  const Instant start = Instant{} + 1h;
  schedule.on_change(start);
  for (const long wait : waits_in_vain(schedule, start, 200)) CHECK(wait <= 1000);
}
