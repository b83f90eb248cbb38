#include "pushers/push.hpp"

#include "tests/pushers/fake_provider.hpp"

#include <catch2/catch.hpp>

#include <random>

namespace taproot::pushers {

using namespace test;

namespace {

/// A world of random zones and faults, grown from one number.
class World {
 public:
  explicit World(unsigned seed) : random_(seed) {}

  unsigned below(unsigned bound) { return static_cast<unsigned>(random_() % bound); }

  std::string host() { return "h" + std::to_string(below(14)); }

  std::string record(const std::string& owner) {
    switch (below(4)) {
      case 0:
        return owner + " 300 CNAME t" + std::to_string(below(3));
      case 1:
        return owner + " 300 TXT \"v" + std::to_string(below(3)) + "\"";
      default:
        return owner + " " + std::to_string(60 * (1 + below(3))) + " A 192.0.2." +
               std::to_string(1 + below(3));
    }
  }

  /// At most one RRset for a name, so that a CNAME has its name for itself.
  Lines zone() {
    std::map<std::string, std::string> by_owner;
    for (unsigned i = below(14); i > 0; --i) {
      const std::string owner = host();
      by_owner[owner] = record(owner);
    }
    Lines lines;
    for (const auto& [owner, line] : by_owner) lines.push_back(line);
    return lines;
  }

  std::optional<Fault> fault(const std::string& request) {
    const bool writes = request.starts_with("apply");
    if (below(4) != 0) return std::nullopt;
    switch (below(6)) {
      case 0:
        return Fault{0, writes && below(2) == 0, ""};
      case 1:
        return Fault{fake_broken, writes && below(2) == 0, ""};
      case 2:
        return Fault{fake_slow_down, false, below(2) == 0 ? "3" : ""};
      case 3:
        return Fault{fake_conflict, false, ""};
      case 4:
        return Fault{fake_garbage, writes && below(2) == 0, ""};
      default:
        return std::nullopt;
    }
  }

 private:
  std::mt19937 random_;
};

}  // namespace

TEST_CASE("pushes converge, and never do what they must not", "[pushers][push][property]") {
  const auto seed = GENERATE(take(300, random(0U, 10'000'000U)));
  CAPTURE(seed);
  World world(seed);
  FakeProvider provider;
  provider.put({soa(1), "@ 3600 NS ns1 | ns2"});
  Capabilities caps = every_type();
  caps.batch.max_changes = 1 + world.below(5);
  caps.batch.compares = world.below(2) == 0;
  provider.can_look = world.below(2) == 0;
  provider.tells_serial = world.below(2) == 0;
  provider.page_size = 1 + world.below(8);
  std::shared_ptr<const RememberedZone> remembered;
  FakeDriver driver(provider, caps);
  const bool shared = world.below(2) == 0;

  // Strangers' data, at names that we never want.
  std::map<RRsetKey, LiveRRset> strangers;
  for (unsigned i = 0; i < 5; ++i) {
    const auto one = rrset(world.record("s" + std::to_string(i)));
    provider.put(one);
    strangers.emplace(RRsetKey{one.owner, one.type}, LiveRRset{one, LiveKind::plain, "", {}});
  }
  // Before the first push the zone is known to be in use.
  std::string state;
  for (unsigned round = 1; round <= 4; ++round) {
    const Lines wanted = world.zone();
    bool in_sync = false;
    for (unsigned attempt = 0; attempt < 60 && !in_sync; ++attempt) {
      PushOrder order;
      order.version = version(with_apex(round, wanted), round);
      order.settings = settings(shared ? OwnershipMode::shared : OwnershipMode::exclusive);
      if (!state.empty()) order.owned = must(Ownership::decode(state));
      order.remembered = remembered;
      if (world.below(8) == 0) {  // what is remembered is not all that is there
        const auto one = rrset("t" + std::to_string(strangers.size()) + " 60 A 203.0.113.1");
        provider.put(one);
        strangers.emplace(RRsetKey{one.owner, one.type}, LiveRRset{one, LiveKind::plain, "", {}});
      }
      Conversation talk(provider, driver, order);
      talk.jitter = 0.3;
      talk.fault = [&](const std::string& request) { return world.fault(request); };
      const auto batches_before = provider.batches.size();
      const PushResult first = talk.run();
      remembered = first.remembered;
      if (talk.journaled) state = *talk.journaled;
      if (first.applied_state) state = *first.applied_state;
      if (first.end == PushEnd::unsafe) {
        // Stopped: nothing may have been sent after the guard, and a person forces this very plan.
        REQUIRE(first.plan);
        REQUIRE_FALSE(first.guards.empty());
        if (first.requests == 2) REQUIRE(provider.batches.size() == batches_before);
        order.force_plan = first.plan->id();
        order.owned = state.empty() ? Ownership() : must(Ownership::decode(state));
        Conversation forced(provider, driver, order);
        forced.fault = [&](const std::string& request) { return world.fault(request); };
        const PushResult second = forced.run();
        if (forced.journaled) state = *forced.journaled;
        if (second.applied_state) state = *second.applied_state;
      }
      in_sync = first.end == PushEnd::in_sync;
      REQUIRE_FALSE(provider.lost_apex_ns);
      for (const auto& [key, live] : strangers) {
        REQUIRE(provider.zone.contains(key));
        REQUIRE(provider.zone.at(key).rrset == live.rrset);
      }
    }
    REQUIRE(in_sync);
    CHECK(provider.zone.size() == 2 + wanted.size() + strangers.size());
    for (const auto& line : wanted) {
      const auto one = rrset(line);
      REQUIRE(provider.zone.contains({one.owner, one.type}));
      CHECK(provider.zone.at({one.owner, one.type}).rrset == one);
    }
  }
}

TEST_CASE("no guard is passed unforced, whatever goes wrong", "[pushers][push][property]") {
  const auto seed = GENERATE(take(200, random(0U, 10'000'000U)));
  CAPTURE(seed);
  World world(seed);
  FakeProvider provider;
  provider.put({soa(1), "@ 3600 NS ns1 | ns2"});
  Lines lines;
  for (unsigned i = 0; i < 20; ++i) lines.push_back("h" + std::to_string(i) + " 300 A 192.0.2.1");
  provider.put(lines);
  FakeDriver driver(provider, every_type());
  PushOrder order;
  LiveZone live;
  for (const auto& [key, one] : provider.zone) live.rrsets.push_back(one);
  order.owned = owned_from(live);
  order.settings = settings();
  const unsigned kept = world.below(12);
  order.version = version(with_apex(1, Lines(lines.begin(), lines.begin() + kept)));
  for (int attempt = 0; attempt < 5; ++attempt) {
    Conversation talk(provider, driver, order);
    talk.fault = [&](const std::string& request) { return world.fault(request); };
    const auto end = talk.run().end;
    CHECK((end == PushEnd::unsafe || end == PushEnd::unreachable));
  }
  CHECK(provider.batches.empty());
}

}  // namespace taproot::pushers
