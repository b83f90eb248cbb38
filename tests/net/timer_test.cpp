#include "net/timer.hpp"

#include "tests/net/run_until.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <vector>

namespace taproot::net {

using namespace std::chrono_literals;

TEST_CASE("timers call in the order of their times, and never early", "[net][timer]") {
  Loop loop;
  std::vector<int> seen;
  const Instant start = Clock::now();
  bool early = false;
  const auto add = [&](int number, Instant when) {
    auto timer = std::make_unique<Timer>(loop, [&seen, &early, number, when] {
      if (Clock::now() < when) early = true;
      seen.push_back(number);
    });
    timer->set(when);
    CHECK(timer->is_set());
    return timer;
  };
  const auto c = add(3, start + 30ms);
  const auto a = add(1, start - 1s);
  const auto b = add(2, start + 10ms + 300us);
  CHECK(seen.empty());
  REQUIRE(run_until(loop, [&] { return seen.size() == 3; }));
  CHECK(seen == std::vector{1, 2, 3});
  CHECK_FALSE(early);
  CHECK_FALSE(a->is_set());
}

TEST_CASE("a timer forgets its old time", "[net][timer]") {
  Loop loop;
  int calls = 0;
  Timer timer(loop, [&] { ++calls; });
  timer.set_after(0ms);
  timer.set_after(1h);
  run_for(loop, 5ms);
  CHECK(calls == 0);
  timer.set_after(1ms);
  REQUIRE(run_until(loop, [&] { return calls == 1; }));
  timer.set_after(0ms);
  timer.cancel();
  CHECK_FALSE(timer.is_set());
  run_for(loop, 5ms);
  CHECK(calls == 1);
}

TEST_CASE("timers may be set and cancelled inside calls", "[net][timer]") {
  Loop loop;
  int ticks = 0, cancelled = 0;
  Timer victim(loop, [&] { ++cancelled; });
  std::unique_ptr<Timer> ticker;
  ticker = std::make_unique<Timer>(loop, [&] {
    victim.cancel();
    if (++ticks < 3) ticker->set_after(1ms);
  });
  ticker->set_after(1ms);
  victim.set_after(20ms);
  REQUIRE(run_until(loop, [&] { return ticks == 3; }));
  run_for(loop, 30ms);
  CHECK(cancelled == 0);
}

TEST_CASE("a timer may be destroyed in its own call", "[net][timer]") {
  Loop loop;
  std::unique_ptr<Timer> timer;
  const auto witness = std::make_shared<int>(7);
  int seen = 0;
  timer = std::make_unique<Timer>(loop, [&seen, &timer, witness] {
    timer.reset();
    seen = *witness;  // the callable must still be there
  });
  timer->set_after(0ms);
  REQUIRE(run_until(loop, [&] { return seen == 7; }));
  CHECK(loop.close() == 0);
  CHECK(witness.use_count() == 1);
}

TEST_CASE("the farthest times do not overflow", "[net][timer]") {
  Loop loop;
  int calls = 0;
  Timer never(loop, [&] { ++calls; });
  never.set(Instant::max());
  run_for(loop, 3ms);
  never.set_after(Clock::duration::max());
  run_for(loop, 3ms);
  CHECK(calls == 0);
  never.set(Instant::min());
  REQUIRE(run_until(loop, [&] { return calls == 1; }));
}

}  // namespace taproot::net
