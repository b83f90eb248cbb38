#include "pushers/push.hpp"

#include "tests/pushers/fake_provider.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

namespace taproot::pushers {

using namespace test;
using namespace std::chrono_literals;

namespace {

/// A provider with a zone, and one push to it.
struct Scene {
  FakeProvider provider;
  FakeDriver driver;
  PushOrder order;

  explicit Scene(const Lines& wanted, const Lines& live = {}, Capabilities caps = every_type())
      : driver(provider, std::move(caps)) {
    provider.put({soa(1), "@ 3600 NS ns1 | ns2"});
    provider.put(live);
    order.version = version(with_apex(1, wanted), 7);
    order.settings = settings();
  }

  /// Everything that is there was put there by us.
  void own_all() {
    LiveZone live;
    for (const auto& [key, one] : provider.zone) live.rrsets.push_back(one);
    order.owned = owned_from(live);
  }

  Conversation begin() { return Conversation(provider, driver, order); }
};

/// The fault for the n-th request (from 1) that begins with these words.
auto nth(const std::string& words, int n, Fault fault) {
  return [words, n, fault, seen = 0](const std::string& request) mutable -> std::optional<Fault> {
    if (!request.starts_with(words) || ++seen != n) return std::nullopt;
    return fault;
  };
}

auto always(const std::string& words, Fault fault) {
  return [words, fault](const std::string& request) -> std::optional<Fault> {
    if (!request.starts_with(words)) return std::nullopt;
    return fault;
  };
}

bool has(const Lines& lines, const std::string& line) {
  return std::find(lines.begin(), lines.end(), line) != lines.end();
}

}  // namespace

TEST_CASE("a push reads, plans, writes and reads back", "[pushers][push]") {
  Scene scene({"www 300 A 192.0.2.1"});
  auto talk = scene.begin();
  const auto& result = talk.run();
  CHECK(result.end == PushEnd::done);
  CHECK(result.words == "1 change applied and read back");
  CHECK(scene.provider.log == Lines{"find", "list", "apply 0", "list"});
  CHECK(result.applied == 1);
  CHECK(result.requests == 4);
  CHECK(talk.waiting_words == Lines{"the provider to find the zone",
                                    "the provider to list the zone", "the journal",
                                    "the provider to take the changes (0 of 1)",
                                    "the provider to list the zone, to compare"});
  CHECK(talk.push.waits_for() == "nothing");
  REQUIRE(result.applied_state);
  CHECK(must(Ownership::decode(*result.applied_state)).size() == 3);

  scene.order.owned = must(Ownership::decode(*result.applied_state));
  scene.provider.log.clear();
  auto again = scene.begin();
  CHECK(again.run().end == PushEnd::in_sync);
  CHECK(scene.provider.log == Lines{"find", "list"});
  CHECK(again.push.result().applied_state == result.applied_state);
}

TEST_CASE("a dry run stops at the plan and tells the guards", "[pushers][push]") {
  Scene scene({}, {"www 300 A 192.0.2.1"});
  scene.own_all();
  scene.order.dry_run = true;
  auto talk = scene.begin();
  const auto& result = talk.run();
  CHECK(result.end == PushEnd::planned);
  CHECK(result.words == "Plan: 0 to create, 0 to change, 1 to delete");
  CHECK(scene.provider.log == Lines{"find", "list"});
  REQUIRE(result.guards.size() == 1);
  CHECK(result.guards[0].guard == "empty-zone");
  CHECK_FALSE(talk.journaled);
}

TEST_CASE("the intent is kept before the first write", "[pushers][push]") {
  Scene scene({"www 300 A 192.0.2.1"});
  auto talk = scene.begin();
  talk.on_journal = [&] { CHECK(scene.provider.batches.empty()); };
  talk.run();
  REQUIRE(talk.journaled);
  const auto intended = must(Ownership::decode(*talk.journaled));
  CHECK(intended.owns(fingerprint(RRsetKey{name("www"), dns::RRType::A}),
                      fingerprint(rrset("www 300 A 192.0.2.1"), false)));

  Scene second({"www 300 A 192.0.2.1"});
  auto broken = second.begin();
  broken.journal_works = false;
  CHECK(broken.run().end == PushEnd::blocked);
  CHECK_THAT(broken.push.result().words, Catch::Contains("disk full"));
  CHECK(second.provider.batches.empty());
}

TEST_CASE("what was created before a crash is known as ours after it", "[pushers][push]") {
  Scene scene({"www 300 A 192.0.2.1", "b 300 A 192.0.2.1"}, {"b 300 A 192.0.2.1"});
  scene.order.settings.mode = OwnershipMode::shared;
  scene.order.owned.set_applied();
  auto talk = scene.begin();
  talk.fault = always("apply", {0, true, ""});  // applied, and then the process ends
  talk.run();
  REQUIRE(talk.journaled);
  scene.order.owned = must(Ownership::decode(*talk.journaled));
  scene.order.version = version(with_apex(1, {"b 300 A 192.0.2.1"}), 8);
  auto after = scene.begin();
  CHECK(after.run().end == PushEnd::done);
  CHECK_FALSE(has(scene.provider.keys(), "www.example.org. A"));
}

TEST_CASE("the zone is never created", "[pushers][push]") {
  Scene scene({"www 300 A 192.0.2.1"});
  scene.provider.has_zone = false;
  auto talk = scene.begin();
  CHECK(talk.run().end == PushEnd::blocked);
  CHECK_THAT(talk.push.result().words, Catch::Contains("taproot does not create zones"));
  CHECK(scene.provider.log == Lines{"find"});
}

TEST_CASE("pages are read to the end", "[pushers][push]") {
  const auto size = GENERATE(0U, 1U, 7U, 8U, 9U, 20U);
  Lines lines;
  for (unsigned i = 0; i < size; ++i) lines.push_back("h" + std::to_string(i) + " 300 A 192.0.2.1");
  Scene scene(lines, lines);
  scene.provider.page_size = 10;
  auto talk = scene.begin();
  CHECK(talk.run().end == PushEnd::in_sync);
  CHECK(scene.provider.log.size() == 1 + (size + 2 + 9) / 10);
}

TEST_CASE("a list that does not come to an end is given up", "[pushers][push]") {
  Scene scene({"www 300 A 192.0.2.1"});
  scene.provider.page_size = 0;
  auto talk = scene.begin();
  CHECK(talk.run().end == PushEnd::blocked);
  CHECK_THAT(talk.push.result().words, Catch::Contains("does not come to an end"));
}

TEST_CASE("an incomplete reading writes nothing", "[pushers][push]") {
  Scene scene({"www 300 A 192.0.2.1"}, {"old 300 A 192.0.2.1"});
  scene.own_all();
  scene.provider.lists_completely = false;
  auto talk = scene.begin();
  CHECK(talk.run().end == PushEnd::unreachable);
  CHECK_THAT(talk.push.result().words, Catch::Contains("did not list the zone completely"));
  CHECK(scene.provider.batches.empty());
}

TEST_CASE("no answer may take more memory than the zone can need", "[pushers][push]") {
  Scene scene({"www 300 A 192.0.2.1"});
  Push push(scene.driver, scene.order);
  const auto first = push.on_start({});
  REQUIRE(std::holds_alternative<Send>(first));
  CHECK(std::get<Send>(first).request.max_body < std::size_t{5} << 20);
  Response response;
  response.status = 200;
  response.body = GENERATE(std::string(65, '['), " " + std::string(100'000, '{'));
  CHECK(std::holds_alternative<Wait>(push.on_response({}, response)));
  CHECK_THAT(push.waits_for(), Catch::Contains("nests deeper"));
}

TEST_CASE("brackets in a text are no nesting", "[pushers][push]") {
  Scene scene({"www 300 A 192.0.2.1"});
  Push push(scene.driver, scene.order);
  push.on_start({});
  Response response;
  response.status = 200;
  response.body = "{\"a\": \"\\\"" + std::string(100, '[') + "\"}";
  push.on_response({}, response);  // it is not what was asked for
  CHECK_THAT(push.waits_for(), !Catch::Contains("nests deeper"));
}

TEST_CASE("trouble while reading is waited out, and then given up", "[pushers][push]") {
  const auto request = GENERATE(as<std::string>{}, "find", "list");
  const auto status = GENERATE(0, fake_slow_down, fake_broken, fake_garbage, fake_conflict);
  CAPTURE(request, status);
  Scene scene({"www 300 A 192.0.2.1"});
  auto once = scene.begin();
  once.fault = nth(request, 1, {status, false, ""});
  CHECK(once.run().end == PushEnd::done);
  CHECK(once.waits == std::vector{500ms});

  Scene second({"www 300 A 192.0.2.1"});
  auto forever = second.begin();
  forever.fault = always(request, {status, false, ""});
  CHECK(forever.run().end == PushEnd::unreachable);
  CHECK(forever.waits == std::vector{500ms, 1000ms, 2000ms, 4000ms, 8000ms});
  CHECK(second.provider.batches.empty());
}

TEST_CASE("waits are jittered and bounded", "[pushers][push]") {
  Scene scene({"www 300 A 192.0.2.1"});
  scene.order.limits.tries = 10;
  auto talk = scene.begin();
  talk.jitter = 0.5;
  talk.fault = always("find", {0, false, ""});
  talk.run();
  CHECK(talk.waits.front() == 250ms);
  CHECK(talk.waits.back() == 15'000ms);
}

TEST_CASE("Retry-After is obeyed within reason", "[pushers][push]") {
  struct Case {
    const char* header;
    std::chrono::milliseconds wait;
  };
  const auto c = GENERATE(Case{"7", 7000ms}, Case{"600", 60'000ms}, Case{"soon", 500ms});
  Scene scene({"www 300 A 192.0.2.1"});
  auto talk = scene.begin();
  talk.fault = nth("apply", 1, {fake_slow_down, false, c.header});
  CHECK(talk.run().end == PushEnd::done);
  CHECK(talk.waits == std::vector{c.wait});
  CHECK(scene.provider.log == Lines{"find", "list", "apply 0", "apply 0", "list"});
  CHECK_THAT(talk.waiting_words.at(4), Catch::Contains("s to pass (status 429, try 2 of 6)"));
}

TEST_CASE("a push ends when its time is over", "[pushers][push]") {
  Scene scene({"www 300 A 192.0.2.1"});
  scene.order.limits.budget = 3s;
  auto talk = scene.begin();
  talk.fault = always("list", {fake_slow_down, false, "2"});
  CHECK(talk.run().end == PushEnd::unreachable);
  CHECK_THAT(talk.push.result().words, Catch::Contains("out of time"));
  CHECK(talk.now - Instant{} < 3s);
}

TEST_CASE("a refused key stops at once", "[pushers][push]") {
  const auto request = GENERATE(as<std::string>{}, "login", "find", "list", "apply");
  Scene scene({"www 300 A 192.0.2.1"});
  scene.driver.wants_login = true;
  auto talk = scene.begin();
  talk.fault = always(request, {fake_auth, false, ""});
  CHECK(talk.run().end == PushEnd::auth);
  CHECK(talk.waits.empty());
}

TEST_CASE("a key that was replaced while it was refused is tried", "[pushers][push]") {
  const auto request = GENERATE(as<std::string>{}, "find", "list", "apply");
  Scene scene({"www 300 A 192.0.2.1"});
  auto talk = scene.begin();
  SECTION("once") {
    talk.before = [&](const std::string& what) {
      if (what.starts_with(request)) scene.provider.credential = 1;
    };
    talk.fault = nth(request, 1, {fake_auth, false, ""});
    CHECK(talk.run().end == PushEnd::done);
    CHECK(talk.waits.size() == 1);
  }
  SECTION("and again only if it is another one again") {
    talk.before = [&](const std::string& what) {
      if (what.starts_with(request)) scene.provider.credential = 1;
    };
    talk.fault = always(request, {fake_auth, false, ""});
    CHECK(talk.run().end == PushEnd::auth);
    CHECK(talk.waits.size() == 1);
  }
  SECTION("and not for ever") {
    talk.before = [&](const std::string&) { ++scene.provider.credential; };
    talk.fault = always(request, {fake_auth, false, ""});
    CHECK(talk.run().end == PushEnd::unreachable);
    CHECK(talk.waits.size() < 10);
  }
}

TEST_CASE("a session is opened first and used", "[pushers][push]") {
  Scene scene({"www 300 A 192.0.2.1"});
  scene.driver.wants_login = true;
  auto talk = scene.begin();
  CHECK(talk.run().end == PushEnd::done);
  CHECK(scene.provider.log.front() == "login");
  CHECK(scene.provider.log.at(1) == "find as session-1");
}

TEST_CASE("a session of another push is used, and a new one opened where it is refused",
          "[pushers][push]") {
  Scene scene({"www 300 A 192.0.2.1"});
  scene.driver.wants_login = true;
  scene.order.session = "session-0";
  auto talk = scene.begin();
  SECTION("it is good still") {
    CHECK(talk.run().end == PushEnd::done);
    CHECK(scene.provider.log == Lines{"find as session-0", "list", "apply 0", "list"});
  }
  SECTION("it is good for nothing any more") {
    const auto request = GENERATE(as<std::string>{}, "find as session-0", "list", "apply");
    talk.fault = nth(request, 1, {fake_auth, false, ""});
    CHECK(talk.run().end == PushEnd::done);
    const auto& log = scene.provider.log;
    CHECK(std::count(log.begin(), log.end(), "login") == 1);
    CHECK(std::count(log.begin(), log.end(), "find as session-1") == 1);
  }
  SECTION("nor is a new one") {
    talk.fault = always("list", {fake_auth, false, ""});
    CHECK(talk.run().end == PushEnd::auth);
    const auto& log = scene.provider.log;
    CHECK(std::count(log.begin(), log.end(), "login") == 1);
  }
}

TEST_CASE("a session is given back at the end, whatever comes of that", "[pushers][push]") {
  const int status = GENERATE(fake_ok, 0, fake_auth, fake_slow_down);
  Scene scene({"www 300 A 192.0.2.1"});
  scene.driver.wants_login = scene.driver.wants_logout = true;
  scene.order.dry_run = GENERATE(false, true);
  auto talk = scene.begin();
  talk.fault = always("logout", {status, false, ""});
  CHECK(talk.run().end == (scene.order.dry_run ? PushEnd::planned : PushEnd::done));
  CHECK(scene.provider.log.back() == "logout session-1");
  CHECK(talk.push.result().requests == scene.provider.log.size());
  CHECK(talk.waits.empty());
}

TEST_CASE("where there is no session, none is given back", "[pushers][push]") {
  const bool wants_login = GENERATE(false, true);
  Scene scene({"www 300 A 192.0.2.1"});
  scene.driver.wants_login = wants_login;
  scene.driver.wants_logout = true;
  auto talk = scene.begin();
  if (wants_login) talk.fault = always("find", {fake_auth, false, ""});
  CHECK(talk.run().end == (wants_login ? PushEnd::auth : PushEnd::done));
  CHECK_FALSE(scene.provider.log.back().starts_with("logout"));
}

TEST_CASE("each batch knows the state that the one before left", "[pushers][push]") {
  auto capabilities = every_type();
  capabilities.batch.max_changes = 1;
  Scene scene({"a 300 A 192.0.2.1", "b 300 A 192.0.2.1"}, {}, capabilities);
  scene.driver.tells_state = true;
  auto talk = scene.begin();
  CHECK(talk.run().end == PushEnd::done);
  CHECK(has(scene.provider.log, "apply 0 in state-0"));
  CHECK(has(scene.provider.log, "apply 1 in state-1"));
}

TEST_CASE("a write of unknown outcome is read back before anything else", "[pushers][push]") {
  const bool applied = GENERATE(false, true);
  const int status = GENERATE(0, fake_broken, fake_garbage);
  Scene scene({"www 300 A 192.0.2.1"});
  auto talk = scene.begin();
  talk.fault = nth("apply", 1, {status, applied, ""});
  const auto& result = talk.run();
  CHECK(result.end == PushEnd::done);
  CHECK(result.words == "1 change applied and read back");
  if (applied) {
    CHECK(scene.provider.log == Lines{"find", "list", "apply 0", "list"});
  } else {
    CHECK(scene.provider.log == Lines{"find", "list", "apply 0", "list", "apply 1", "list"});
  }
}

TEST_CASE("writes that never come to a known end are given up", "[pushers][push]") {
  Scene scene({"www 300 A 192.0.2.1"});
  auto talk = scene.begin();
  talk.fault = always("apply", {fake_broken, false, ""});
  CHECK(talk.run().end == PushEnd::unreachable);
  CHECK(scene.provider.batches.size() == 4);
  CHECK_FALSE(talk.push.result().applied_state);
}

TEST_CASE("a conflict is read and planned again", "[pushers][push]") {
  Scene scene({"www 300 A 192.0.2.1"});
  auto talk = scene.begin();
  talk.fault = [&, first = true](const std::string& request) mutable -> std::optional<Fault> {
    if (!request.starts_with("apply") || !std::exchange(first, false)) return std::nullopt;
    scene.provider.put({"www 300 A 192.0.2.77"});  // somebody else was faster
    return Fault{fake_conflict, false, ""};
  };
  const auto& result = talk.run();
  CHECK(result.end == PushEnd::done);
  CHECK(result.applied == 1);
  CHECK(scene.provider.log == Lines{"find", "list", "apply 0", "find", "list", "apply 1", "list"});
  REQUIRE(result.plan);
}

TEST_CASE("what is done already is success", "[pushers][push]") {
  Scene scene({"www 300 A 192.0.2.1"});
  auto talk = scene.begin();
  talk.fault = nth("apply", 1, {fake_already, true, ""});
  CHECK(talk.run().end == PushEnd::done);
}

TEST_CASE("a job at the provider is waited for", "[pushers][push]") {
  Scene scene({"www 300 A 192.0.2.1"});
  auto talk = scene.begin();
  talk.fault = [n = 0](const std::string& request) mutable -> std::optional<Fault> {
    if (request.starts_with("apply")) return Fault{fake_working, true, ""};
    if (request.starts_with("poll") && ++n < 3) return Fault{fake_working, false, ""};
    return std::nullopt;
  };
  CHECK(talk.run().end == PushEnd::done);
  CHECK(scene.provider.log ==
        Lines{"find", "list", "apply 0", "poll job-1", "poll job-1", "poll job-1", "list"});
  CHECK(talk.waits == std::vector{2000ms, 4000ms, 8000ms});
}

TEST_CASE("staged changes are put in force", "[pushers][push]") {
  Scene scene({"www 300 A 192.0.2.1"});
  scene.driver.wants_commit = true;
  auto talk = scene.begin();
  CHECK(talk.run().end == PushEnd::done);
  CHECK(scene.provider.log == Lines{"find", "list", "apply 0", "commit", "list"});
  Scene second({"www 300 A 192.0.2.1"});
  second.driver.wants_commit = true;
  auto refused = second.begin();
  refused.fault = always("commit", {fake_refused, false, ""});
  CHECK(refused.run().end == PushEnd::partial);
}

TEST_CASE("a refused RRset is isolated and the rest is pushed", "[pushers][push]") {
  const bool named = GENERATE(false, true);
  Lines lines;
  for (int i = 0; i < 16; ++i) lines.push_back("h" + std::to_string(i) + " 300 A 192.0.2.1");
  Scene scene(lines);
  scene.driver.names_culprit = named;
  auto talk = scene.begin();
  talk.refused = {{name("h5"), dns::RRType::A}};
  const auto& result = talk.run();
  CHECK(result.end == PushEnd::partial);
  REQUIRE(result.refused.size() == 1);
  CHECK(result.refused[0].where.to_text() == "h5.example.org. A");
  CHECK(result.applied == 15);
  CHECK(result.total == 16);
  CHECK_THAT(result.words, Catch::Contains("1 RRset refused: h5.example.org. A: status 422"));
  CHECK(scene.provider.zone.size() == 2 + 15);
  CHECK(scene.provider.batches.size() <= (named ? 3U : 10U));
  REQUIRE(result.applied_state);
  const auto owned = must(Ownership::decode(*result.applied_state));
  CHECK(owned.size() == 17);
}

TEST_CASE("when all is refused it ends soon, blocked", "[pushers][push]") {
  Lines lines;
  std::set<RRsetKey> all;
  for (int i = 0; i < 200; ++i) {
    lines.push_back("h" + std::to_string(i) + " 300 A 192.0.2.1");
    all.insert({name("h" + std::to_string(i)), dns::RRType::A});
  }
  Scene scene(lines);
  auto talk = scene.begin();
  talk.refused = all;
  CHECK(talk.run().end == PushEnd::blocked);
  CHECK(talk.push.result().refused.size() == 20);
  CHECK(scene.provider.batches.size() < 60);
}

TEST_CASE("what we owned and could not change stays ours", "[pushers][push]") {
  Scene scene({"www 300 A 192.0.2.2"}, {"www 300 A 192.0.2.1"});
  scene.own_all();
  auto talk = scene.begin();
  talk.refused = {{name("www"), dns::RRType::A}};
  CHECK(talk.run().end == PushEnd::blocked);
  const auto owned = must(Ownership::decode(*talk.push.result().applied_state));
  CHECK(owned.owns(fingerprint(RRsetKey{name("www"), dns::RRType::A}),
                   fingerprint(rrset("www 300 A 192.0.2.1"), false)));
}

TEST_CASE("half a swap of types is put back", "[pushers][push]") {
  Capabilities caps = every_type();
  caps.batch = {1, 100, 1, false};
  Scene scene({"www 300 CNAME host"}, {"www 300 A 192.0.2.1"}, caps);
  scene.own_all();
  // A driver of single records needs two requests for it.
  class TwoSteps : public FakeDriver {
   public:
    using FakeDriver::FakeDriver;
    std::vector<Request> apply(const Call& call, const LiveZone& live,
                               const Batch& batch) const override {
      std::vector<Request> all;
      for (const auto& change : batch) {
        for (auto& request : FakeDriver::apply(call, live, {change})) all.push_back(request);
      }
      return all;
    }
  };
  TwoSteps driver(scene.provider, caps);
  Conversation talk(scene.provider, driver, scene.order);
  talk.refused = {{name("www"), dns::RRType::CNAME}};
  CHECK(talk.run().end == PushEnd::blocked);
  CHECK(scene.provider.keys() ==
        Lines{"example.org. NS", "example.org. SOA", "www.example.org. A"});
}

TEST_CASE("a refused batch that may have been done in part is read again", "[pushers][push]") {
  Capabilities caps = every_type();
  caps.batch = {10, 100'000, 1, false};
  Lines lines;
  for (int i = 0; i < 15; ++i) lines.push_back("h" + std::to_string(i) + " 300 A 192.0.2.1");
  Scene scene(lines, {}, caps);
  auto talk = scene.begin();
  talk.refused = {{name("h5"), dns::RRType::A}};
  talk.fault = nth("apply", 1, {fake_refused, true, ""});  // and done, as far as it goes
  const auto& result = talk.run();
  CHECK(result.end == PushEnd::partial);
  CHECK_THAT(result.words, Catch::Contains("14 changes applied") && Catch::Contains("h5"));
  CHECK(scene.provider.zone.size() == 2 + 14);
  for (std::size_t i = 1; i < scene.provider.batches.size(); ++i) {
    CHECK(scene.provider.batches[i].size() == 1);
  }
}

TEST_CASE("guards stop a push until its plan is forced", "[pushers][push]") {
  Scene scene({}, {"www 300 A 192.0.2.1"});
  scene.own_all();
  auto talk = scene.begin();
  const auto& stopped = talk.run();
  CHECK(stopped.end == PushEnd::unsafe);
  CHECK_THAT(stopped.words, Catch::Contains("empty-zone"));
  CHECK_THAT(talk.push.waits_for(), Catch::Contains("a person"));
  CHECK(scene.provider.batches.empty());
  REQUIRE(stopped.plan);

  scene.order.force_plan = "000000000000";
  auto wrong = scene.begin();
  CHECK(wrong.run().end == PushEnd::unsafe);
  scene.order.force_plan = stopped.plan->id();
  auto forced = scene.begin();
  CHECK(forced.run().end == PushEnd::done);
  CHECK(must(Ownership::decode(*forced.push.result().applied_state)).deletions().empty());
}

TEST_CASE("the rest of a forced plan goes on after an interruption", "[pushers][push]") {
  Capabilities caps = every_type();
  caps.batch.max_changes = 1;
  Lines lines;
  for (int i = 0; i < 12; ++i) lines.push_back("h" + std::to_string(i) + " 300 A 192.0.2.1");
  Scene scene({"h0 300 A 192.0.2.1"}, lines, caps);
  scene.own_all();
  auto talk = scene.begin();
  const auto id = talk.run().plan->id();
  scene.order.force_plan = id;
  auto forced = scene.begin();
  forced.fault = nth("apply", 4, {0, false, ""});
  const auto& result = forced.run();
  CHECK(result.end == PushEnd::done);
  CHECK(result.applied == 11);
  CHECK(scene.provider.zone.size() == 3);
}

TEST_CASE("only the expected plan is applied", "[pushers][push]") {
  Scene scene({"www 300 A 192.0.2.1"});
  scene.order.dry_run = true;
  auto talk = scene.begin();
  const auto id = talk.run().plan->id();
  scene.order.dry_run = false;
  scene.order.expected_plan = id;
  SECTION("as it was seen") {
    auto same = scene.begin();
    CHECK(same.run().end == PushEnd::done);
  }
  SECTION("the zone there has changed since") {
    scene.provider.put({"x 300 A 192.0.2.1"});
    auto other = scene.begin();
    CHECK(other.run().end == PushEnd::blocked);
    CHECK_THAT(other.push.result().words, Catch::Contains("look at it again"));
    CHECK(scene.provider.batches.empty());
  }
}

TEST_CASE("deletions are remembered for the guards", "[pushers][push]") {
  Scene scene({"b 300 A 192.0.2.1"}, {"a 300 A 192.0.2.1", "b 300 A 192.0.2.1"});
  scene.own_all();
  auto talk = scene.begin();
  CHECK(talk.run().end == PushEnd::done);
  const auto owned = must(Ownership::decode(*talk.push.result().applied_state));
  REQUIRE(owned.deletions().size() == 1);
  CHECK(owned.deletions()[0].count == 1);
  CHECK(owned.live_rrsets() == 1);
}

TEST_CASE("what does not show after all is not called done", "[pushers][push]") {
  Scene scene({"www 300 A 192.0.2.1"});
  auto talk = scene.begin();
  talk.fault = always("apply", {fake_already, false, ""});  // says so, and does nothing
  const auto& result = talk.run();
  CHECK(result.end == PushEnd::partial);
  CHECK_THAT(result.words, Catch::Contains("still shows something else for 1 RRset, first www"));
  CHECK(result.applied == 0);
  CHECK(talk.waits == std::vector{500ms, 1000ms, 2000ms});
}

TEST_CASE("conflicts make a push partial", "[pushers][push]") {
  Scene scene({"www 300 A 192.0.2.1", "x 300 A 192.0.2.1"}, {"x 300 A 192.0.2.2"});
  auto& x = scene.provider.zone.at({name("x"), dns::RRType::A});
  x.kind = LiveKind::opaque;
  x.why = "it has disabled records";
  auto talk = scene.begin();
  CHECK(talk.run().end == PushEnd::partial);
  CHECK(talk.push.result().words == "1 change applied and read back, 1 conflict left alone");
}

TEST_CASE("after its end a push only says so", "[pushers][push]") {
  Scene scene({"www 300 A 192.0.2.1"});
  auto talk = scene.begin();
  talk.run();
  CHECK(std::holds_alternative<Finished>(talk.push.on_wake({})));
  CHECK(std::holds_alternative<Finished>(talk.push.on_response({}, Response{})));
  CHECK(std::holds_alternative<Finished>(talk.push.on_journaled({}, {})));
}

}  // namespace taproot::pushers
