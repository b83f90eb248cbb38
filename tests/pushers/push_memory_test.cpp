#include "pushers/push.hpp"

#include "tests/pushers/fake_provider.hpp"

#include <catch2/catch.hpp>

namespace taproot::pushers {

using namespace test;
using namespace std::chrono_literals;

namespace {

/// A provider that can be asked for one owner, and pushes to it one after the other, each with
/// what the one before left behind.
struct Scene {
  FakeProvider provider;
  Capabilities caps = every_type();
  FakeDriver driver;
  PushOrder order;
  std::uint64_t number = 0;
  WallTime wall{std::chrono::hours(500'000)};

  explicit Scene(bool compares = false) : driver(provider, with(compares)) {
    provider.put({soa(1), "@ 3600 NS ns1 | ns2"});
    provider.can_look = true;
    provider.page_size = 10;
    order.settings = settings();
  }

  static Capabilities with(bool compares) {
    Capabilities result = every_type();
    result.batch.compares = compares;
    return result;
  }

  /// host0 to host39, and what is given.
  static Lines forty(Lines more = {}) {
    for (int i = 0; i < 40; ++i) more.push_back("host" + std::to_string(i) + " 300 A 192.0.2.1");
    return more;
  }

  std::function<void(const std::string&)> before;

  PushResult push(const Lines& lines) {
    ++number;
    order.version = version(with_apex(static_cast<unsigned>(number), lines), number);
    provider.log.clear();
    Conversation talk(provider, driver, order);
    talk.wall = wall;
    talk.before = before;
    PushResult result = talk.run();
    wall = talk.wall;
    order.remembered = result.remembered;
    if (result.applied_state) order.owned = must(Ownership::decode(*result.applied_state));
    order.trust_owned = false;
    return result;
  }
};

}  // namespace

TEST_CASE("a small change reads only what it changes", "[pushers][push][memory]") {
  Scene scene;
  CHECK(scene.push(Scene::forty()).end == PushEnd::done);
  CHECK(scene.provider.log.size() == 8);  // find, an empty page, apply, five pages
  const auto result = scene.push(Scene::forty({"new 300 A 192.0.2.2"}));
  CHECK(result.end == PushEnd::done);
  CHECK(result.words == "2 changes applied and read back");  // the SOA, too
  CHECK(scene.provider.log == Lines{"look new.example.org.", "apply 1", "look new.example.org."});
  CHECK(scene.provider.zone.contains({name("new"), dns::RRType::A}));

  scene.provider.tells_serial = false;
  CHECK(scene.push(Scene::forty()).end == PushEnd::done);
  CHECK(scene.provider.log ==
        Lines{"look new.example.org.", "apply 2", "look new.example.org.", "look example.org."});
}

TEST_CASE("where single RRsets are shown, these are looked at", "[pushers][push][memory]") {
  Scene scene;
  scene.provider.can_look = false;
  scene.provider.can_look_at = true;
  CHECK(scene.push(Scene::forty()).end == PushEnd::done);
  CHECK(scene.push(Scene::forty({"www 300 A 192.0.2.1"})).end == PushEnd::done);
  CHECK(scene.provider.log == Lines{"look at www.example.org. A", "apply 1",
                                    "look at www.example.org. A", "look at example.org. SOA"});
  // Another type at the same owner is none of its business.
  scene.provider.put({"www 60 TXT theirs"});
  CHECK(scene.push(Scene::forty({"www 300 A 192.0.2.2"})).end == PushEnd::done);
  CHECK(scene.provider.log.size() == 4);
  scene.provider.put({"www 300 A 203.0.113.1"});
  CHECK(scene.push(Scene::forty({"www 300 A 192.0.2.3"})).end == PushEnd::done);
  CHECK(scene.provider.log.at(1) == "find");
}

TEST_CASE("what a list hides is looked at before it is changed", "[pushers][push][memory]") {
  Scene scene;
  scene.provider.can_look = false;
  scene.provider.can_look_at = scene.provider.list_hides = true;
  const RRsetKey key{name("www"), dns::RRType::A};
  CHECK(scene.push(Scene::forty({"www 300 A 192.0.2.1"})).end == PushEnd::done);
  CHECK(std::count(scene.provider.log.begin(), scene.provider.log.end(),
                   "look at " + key.to_text()) == 0);  // what is new hides nothing
  const auto hide = [&] {
    scene.provider.zone.at(key).kind = LiveKind::opaque;
    scene.provider.zone.at(key).why = "filters";
  };
  SECTION("and left alone") {
    hide();
    for (const char* wanted : {"www 300 A 192.0.2.2", "www 300 A 192.0.2.3"}) {
      const auto result = scene.push(Scene::forty({wanted, "new 300 A 192.0.2.1"}));
      CHECK(result.plan->counts.conflicts == 1);
      CHECK(scene.provider.zone.at(key).rrset == rrset("www 300 A 192.0.2.1"));
    }
    CHECK(scene.provider.zone.contains({name("new"), dns::RRType::A}));
    CHECK(scene.push(Scene::forty()).end == PushEnd::done);  // nor is it deleted
    CHECK(scene.provider.zone.contains(key));
  }
  SECTION("also by a plan") {
    hide();
    scene.order.dry_run = true;
    const auto result = scene.push(Scene::forty({"www 300 A 192.0.2.2"}));
    CHECK(result.plan->counts.conflicts == 1);
    CHECK(result.end == PushEnd::planned);
  }
  SECTION("and it is changed if that is all there is") {
    scene.order.remembered.reset();
    CHECK(scene.push(Scene::forty({"www 300 A 192.0.2.2"})).end == PushEnd::done);
    const auto& log = scene.provider.log;
    CHECK(std::count(log.begin(), log.end(), "look at " + key.to_text()) == 2);  // before and after
    CHECK(scene.provider.zone.at(key).rrset == rrset("www 300 A 192.0.2.2"));
  }
}

TEST_CASE("a look behind a list that never comes ends", "[pushers][push][memory]") {
  Scene scene;
  scene.provider.can_look = false;
  scene.provider.can_look_at = scene.provider.list_hides = true;
  scene.provider.put({"www 300 A 192.0.2.1"});
  scene.order.version = version(with_apex(2, {"www 300 A 192.0.2.2"}), 2);
  const int status = GENERATE(0, fake_garbage, fake_broken, fake_refused);
  Conversation talk(scene.provider, scene.driver, scene.order);
  talk.fault = [&](const std::string& request) -> std::optional<Fault> {
    if (!request.starts_with("look at www")) return std::nullopt;
    return Fault{status, false, ""};
  };
  const auto result = talk.run();
  CHECK(result.end != PushEnd::done);
  CHECK(scene.provider.batches.empty());
  CHECK(scene.provider.log.size() < 20);
}

TEST_CASE("a provider that compares is not asked before", "[pushers][push][memory]") {
  Scene scene(true);
  scene.push(Scene::forty());
  CHECK(scene.push(Scene::forty({"new 300 A 192.0.2.2"})).end == PushEnd::done);
  CHECK(scene.provider.log == Lines{"apply 1", "look new.example.org."});
  // More owners than pages: it is written from memory all the same, and then read whole.
  Lines many = Scene::forty();
  for (int i = 0; i < 9; ++i) many.push_back("m" + std::to_string(i) + " 300 A 192.0.2.1");
  CHECK(scene.push(many).end == PushEnd::done);
  CHECK(scene.provider.log ==
        Lines{"apply 2", "list", "list 10", "list 20", "list 30", "list 40", "list 50"});
}

TEST_CASE("a push from memory knows the state that the last one left", "[pushers][push][memory]") {
  Scene scene(true);
  scene.driver.tells_state = true;
  scene.push(Scene::forty());
  CHECK(scene.push(Scene::forty({"new 300 A 192.0.2.2"})).end == PushEnd::done);
  CHECK(scene.provider.log == Lines{"apply 1 in state-1", "look new.example.org."});
  CHECK(scene.push(Scene::forty()).end == PushEnd::done);
  CHECK(scene.provider.log == Lines{"apply 2 in state-2", "look new.example.org."});
}

TEST_CASE("an equal version asks nobody while the reading is fresh", "[pushers][push][memory]") {
  Scene scene;
  scene.provider.serial_is_ours = false;
  scene.push(Scene::forty());
  CHECK(scene.push(Scene::forty()).end == PushEnd::in_sync);
  CHECK(scene.provider.log.empty());
  scene.wall += 2h;
  CHECK(scene.push(Scene::forty()).end == PushEnd::in_sync);
  CHECK(scene.provider.log.size() == 6);
}

TEST_CASE("what contradicts the memory leads to a whole reading", "[pushers][push][memory]") {
  const bool compares = GENERATE(false, true);
  CAPTURE(compares);
  Scene scene(compares);
  scene.push(Scene::forty());
  scene.provider.put(Lines{"host3 60 A 203.0.113.9", "theirs 60 A 203.0.113.9"});
  Lines lines = Scene::forty();
  lines[3] = "host3 300 A 192.0.2.7";
  const auto result = scene.push(lines);
  CHECK(result.end == PushEnd::done);
  CHECK(scene.provider.zone.at({name("host3"), dns::RRType::A}).rrset ==
        rrset("host3 300 A 192.0.2.7"));
  CHECK(scene.provider.zone.contains({name("theirs"), dns::RRType::A}));
  CHECK(scene.provider.log.at(0) == (compares ? "apply 1" : "look host3.example.org."));
  CHECK(scene.provider.log.at(1) == "find");
  CHECK(scene.provider.log.at(2) == "list");
  // And drift beside it was seen by the way.
  CHECK(short_notes(*result.plan) ==
        Lines{"drift host3.example.org. A", "foreign theirs.example.org. A"});
}

TEST_CASE("who writes between look and write is met by comparing", "[pushers][push][memory]") {
  Scene scene(true);
  scene.push(Scene::forty());
  bool done = false;
  scene.before = [&](const std::string& request) {
    if (!request.starts_with("apply") || done) return;
    done = true;
    scene.provider.put(Lines{"race 60 A 203.0.113.9"});
  };
  CHECK(scene.push(Scene::forty({"race 300 A 192.0.2.7"})).end == PushEnd::done);
  CHECK(scene.provider.zone.at({name("race"), dns::RRType::A}).rrset ==
        rrset("race 300 A 192.0.2.7"));
}

TEST_CASE("what a person should judge is made from a whole reading", "[pushers][push][memory]") {
  Scene scene(true);
  scene.push(Scene::forty());
  const auto result = scene.push({"host0 300 A 192.0.2.1"});  // deletes nearly all
  CHECK(result.end == PushEnd::unsafe);
  CHECK(scene.provider.log.at(0) == "find");
  CHECK(scene.provider.batches.size() == 1);
}

TEST_CASE("a plan that somebody saw is found again from memory", "[pushers][push][memory]") {
  Scene scene(true);
  scene.push(Scene::forty());
  scene.order.dry_run = true;
  const auto seen = scene.push(Scene::forty({"new 300 A 192.0.2.2"}));
  CHECK(seen.end == PushEnd::planned);
  CHECK(scene.provider.log.size() == 6);
  scene.order.dry_run = false;
  scene.order.expected_plan = seen.plan->id();
  --scene.number;
  CHECK(scene.push(Scene::forty({"new 300 A 192.0.2.2"})).end == PushEnd::done);
  CHECK(scene.provider.log == Lines{"apply 1", "look new.example.org."});
}

TEST_CASE("after a start the reading written down is enough", "[pushers][push][memory]") {
  Scene scene;
  scene.push(Scene::forty());
  scene.order.remembered = nullptr;
  scene.order.trust_owned = true;
  --scene.number;
  CHECK(scene.push(Scene::forty()).end == PushEnd::in_sync);
  CHECK(scene.provider.log.empty());

  SECTION("not of another version") {
    scene.order.trust_owned = true;
    CHECK(scene.push(Scene::forty({"new 300 A 192.0.2.2"})).end == PushEnd::done);
    CHECK(scene.provider.log.at(0) == "find");
  }
  SECTION("not when pushes are made in another way") {
    scene.order.trust_owned = true;
    scene.order.settings.mode = OwnershipMode::shared;
    --scene.number;
    CHECK(scene.push(Scene::forty()).end == PushEnd::in_sync);
    CHECK(scene.provider.log.at(0) == "find");
  }
  SECTION("not after an hour") {
    scene.order.trust_owned = true;
    scene.wall += 61min;
    --scene.number;
    CHECK(scene.push(Scene::forty()).end == PushEnd::in_sync);
    CHECK(scene.provider.log.at(0) == "find");
  }
  SECTION("not once something was about to be written") {
    scene.order.version = version(with_apex(9, Scene::forty({"new 300 A 192.0.2.2"})), 9);
    Conversation talk(scene.provider, scene.driver, scene.order);
    talk.wall = scene.wall;
    talk.run();
    REQUIRE(talk.journaled);
    CHECK_FALSE(must(Ownership::decode(*talk.journaled)).whole_reading());
  }
}

TEST_CASE("a comparison tells drift and writes nothing", "[pushers][push][memory]") {
  Scene scene;
  scene.push(Scene::forty());
  scene.order.dry_run = scene.order.compare = true;
  --scene.number;
  const auto equal = scene.push(Scene::forty());
  CHECK(equal.end == PushEnd::in_sync);
  CHECK(equal.applied_state);
  scene.provider.put(Lines{"host3 60 A 203.0.113.9"});
  --scene.number;
  const auto result = scene.push(Scene::forty());
  CHECK(result.end == PushEnd::drifted);
  CHECK_THAT(result.words, Catch::Contains("1 RRset, first host3.example.org. A"));
  CHECK(scene.provider.batches.size() == 1);
}

TEST_CASE("an interval of nothing reads whole each time", "[pushers][push][memory]") {
  Scene scene;
  scene.order.limits.reading_interval = 0ms;
  CHECK(scene.push(Scene::forty()).remembered == nullptr);
  scene.push(Scene::forty({"new 300 A 192.0.2.2"}));
  CHECK(scene.provider.log.size() == 12);  // find, 5 pages, apply, 5 pages
}

TEST_CASE("a look that is refused or cut leads to a whole reading", "[pushers][push][memory]") {
  Scene scene;
  scene.push(Scene::forty());
  const int status = GENERATE(fake_refused, fake_garbage, fake_absent, fake_broken);
  CAPTURE(status);
  scene.order.version = version(with_apex(2, Scene::forty({"new 300 A 192.0.2.2"})), 2);
  scene.provider.log.clear();
  Conversation talk(scene.provider, scene.driver, scene.order);
  talk.wall = scene.wall;
  talk.fault = [&](const std::string& request) -> std::optional<Fault> {
    if (!request.starts_with("look")) return std::nullopt;
    return Fault{status, false, ""};
  };
  CHECK(talk.run().end == PushEnd::done);
  CHECK(scene.provider.zone.contains({name("new"), dns::RRType::A}));
}

}  // namespace taproot::pushers
