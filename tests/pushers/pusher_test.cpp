#include "pushers/pusher.hpp"

#include "pushers/breaker.hpp"
#include "tests/pushers/fake_provider.hpp"

#include <catch2/catch.hpp>

namespace taproot::pushers {

using namespace test;
using namespace std::chrono_literals;

TEST_CASE("a breaker opens after three failures and doubles its pause", "[pushers][breaker]") {
  const net::Instant start{};
  Breaker breaker;
  breaker.on_failure(start);
  breaker.on_failure(start);
  CHECK_FALSE(breaker.is_open(start));
  breaker.on_failure(start);
  CHECK(breaker.is_open(start));
  CHECK(breaker.closed_from() == start + 30s);
  CHECK_FALSE(breaker.is_open(start + 30s));
  CHECK(breaker.is_tripped());
  breaker.on_failure(start + 30s);
  CHECK(breaker.closed_from() == start + 90s);
  for (int i = 0; i < 10; ++i) breaker.on_failure(start);
  CHECK(breaker.closed_from() == start + 300s);
  breaker.on_success();
  CHECK_FALSE(breaker.is_tripped());
}

TEST_CASE("a budget of calls lets so many through, the urgent first", "[pushers][budget]") {
  net::Instant now{};
  CallBudget none;
  for (int i = 0; i < 1000; ++i) CHECK(none.take(now, false) == 0ms);

  CallBudget budget(120);  // two a second, 20 at once
  int urgent = 0;
  int idle = 0;
  while (budget.take(now, false) == 0ms) ++idle;
  CHECK(idle == 11);  // the rest is for others
  while (budget.take(now, true) == 0ms) ++urgent;
  CHECK(idle + urgent == 20);
  CHECK(budget.take(now, true) == 501ms);
  now += 501ms;
  CHECK(budget.take(now, true) == 0ms);
  CHECK(budget.take(now, false) > 4s);
  // Nobody gets more than that in a minute, however often he asks.
  int taken = 0;
  for (int i = 0; i < 600; ++i, now += 100ms) taken += budget.take(now, true) == 0ms ? 1 : 0;
  CHECK(taken >= 118);
  CHECK(taken <= 120);
  now += std::chrono::hours(1);
  for (taken = 0; budget.take(now, true) == 0ms;) ++taken;
  CHECK(taken == 20);
}

TEST_CASE("while something urgent waits for a call, nothing else gets one", "[pushers][budget]") {
  net::Instant now{};
  CallBudget budget(6);  // one at once, so that half of it is no less
  CHECK(budget.take(now, true) == 0ms);
  CHECK(budget.take(now, true) == 10'001ms);
  CHECK(budget.take(now, false) >= 10'001ms);
  now += 10'001ms;
  CHECK(budget.take(now, false) > 0ms);
  CHECK(budget.take(now, true) == 0ms);
  now += 20s;
  CHECK(budget.take(now, false) == 0ms);
}

TEST_CASE("an account pauses for all, and goes on one by one", "[pushers][budget]") {
  net::Instant now{};
  Account account(60);
  CHECK(account.take(now, true) == 0ms);
  account.pause(now + 30s);
  account.pause(now + 20s);
  CHECK(account.take(now + 10s, true) == 20s);
  CHECK(account.take(now + 10s, false) == 20s);
  now += 30s;
  CHECK(account.take(now, true) == 1001ms);
  CHECK(account.take(now + 1001ms, true) == 0ms);
  CHECK(account.take(now + 1001ms, true) > 0ms);

  Account free;
  free.pause(now + 5s);
  CHECK(free.take(now, true) == 5s);
  CHECK(free.take(now + 5s, true) == 0ms);
}

TEST_CASE("an account keeps a session for a while", "[pushers][budget]") {
  const net::Instant now{};
  Account account;
  CHECK(account.session(now).empty());
  account.keep_session("one", now);
  CHECK(account.session(now + 599s) == "one");
  CHECK(account.session(now + 600s).empty());
  account.keep_session("two", now);
  account.drop_session("one");
  CHECK(account.session(now) == "two");
  account.drop_session("two");
  CHECK(account.session(now).empty());
}

TEST_CASE("a list of zones is shared for a short while by who asks the same",
          "[pushers][account]") {
  const net::Instant now{};
  ListedZones listed;
  Request request;
  request.url = "https://provider.example/zones";
  request.headers = {{"Authorization", "Bearer canary"}};
  const auto mark = ListedZones::mark_of(request);
  CHECK(mark.find("canary") == std::string::npos);
  CHECK_FALSE(listed.take(name("a"), mark, now));
  Response answer;
  answer.status = 200;
  answer.body = "all of them";
  listed.keep(name("a"), mark, answer, now);
  CHECK(listed.take(name("b"), mark, now + 29s)->body == "all of them");
  CHECK_FALSE(listed.take(name("c"), mark, now + 30s));
  // Who was told once asks anew, and the others get that then.
  CHECK_FALSE(listed.take(name("a"), mark, now));
  CHECK_FALSE(listed.take(name("B"), mark, now));
  answer.body = "one more";
  listed.keep(name("b"), mark, answer, now);
  CHECK(listed.take(name("a"), mark, now)->body == "one more");

  auto other = request;
  other.url += "?name=example.org";
  CHECK_FALSE(listed.take(name("d"), ListedZones::mark_of(other), now));
  other = request;
  other.headers[0].second = "Bearer another";
  CHECK_FALSE(listed.take(name("d"), ListedZones::mark_of(other), now));
  other = request;
  other.method = "POST";
  CHECK(ListedZones::mark_of(other).empty());
  listed.keep(name("d"), "", answer, now);
  CHECK_FALSE(listed.take(name("e"), "", now));
  answer.body.assign(ListedZones::most_octets + 1, 'x');
  listed.keep(name("d"), mark, answer, now + 60s);
  CHECK_FALSE(listed.take(name("e"), mark, now + 60s));
}

namespace {

/// A pusher whose provider cannot be reached: nobody listens on port 1.
struct Unreachable {
  net::Loop loop;
  FakeProvider provider;
  std::vector<std::string> said;
  std::optional<PushResult> result;
  std::optional<Pusher> pusher;

  Unreachable() {
    class Nowhere : public FakeDriver {
     public:
      using FakeDriver::FakeDriver;
      Request find_zone(const Call&, const dns::Name&) const override {
        Request request;
        request.url = "http://127.0.0.1:1/canary";
        request.timeout = 5s;
        return request;
      }
    };
    Pusher::Settings its;
    its.plan = settings();
    its.limits.tries = 2;
    its.limits.first_wait = 1ms;
    Pusher::Hooks hooks;
    hooks.on_state = [this](const dns::Name&, const std::string&, const std::string& words,
                            const PushResult* got) {
      said.push_back(words);
      if (got == nullptr) return;
      result = *got;
      loop.stop();
    };
    pusher.emplace(loop, std::make_unique<Nowhere>(provider, every_type()), its, std::move(hooks));
  }
};

}  // namespace

TEST_CASE("an unreachable provider is told in words and tried again later", "[pushers][pusher]") {
  Unreachable scene;
  scene.pusher->push(version(with_apex(1, {})));
  CHECK(scene.said.empty());  // nothing is called from inside the call
  CHECK(scene.pusher->waits_for(name("@")) == "queued");
  scene.loop.run();
  REQUIRE(scene.result);
  CHECK(scene.result->end == PushEnd::unreachable);
  CHECK_FALSE(scene.pusher->is_idle());
  scene.pusher->forget(name("@"));
  CHECK(scene.pusher->is_idle());
}

TEST_CASE("a callback may destroy the pusher", "[pushers][pusher]") {
  Unreachable scene;
  bool called = false;
  scene.pusher->plan(version(with_apex(1, {})), [&](const PushResult& result) {
    called = true;
    CHECK(result.end == PushEnd::unreachable);
    scene.pusher.reset();
    scene.loop.stop();
  });
  scene.loop.run();
  CHECK(called);
}

TEST_CASE("plans come while pushes are on hold, and not without bound", "[pushers][pusher]") {
  Unreachable scene;
  scene.pusher->hold();
  scene.pusher->push(version(with_apex(1, {})));
  int answers = 0;
  for (int i = 0; i < 20; ++i) {
    scene.pusher->plan(version(with_apex(1, {})), [&](const PushResult& result) {
      CHECK(result.end == PushEnd::unreachable);
      if (++answers == 20) scene.loop.stop();
    });
  }
  scene.loop.run();
  CHECK(answers == 20);
  CHECK_FALSE(scene.result);
  CHECK(scene.pusher->waits_for(name("@")) == "on hold");
}

TEST_CASE("a pusher that goes away calls nobody", "[pushers][pusher]") {
  Unreachable scene;
  scene.pusher->push(version(with_apex(1, {})));
  scene.loop.post([&] {
    scene.pusher.reset();
    scene.loop.stop();
  });
  scene.loop.run();
  CHECK_FALSE(scene.result);
}

}  // namespace taproot::pushers
