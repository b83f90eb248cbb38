#include "pushers/fence.hpp"

#include "pushers/push.hpp"
#include "tests/pushers/fake_provider.hpp"

#include <catch2/catch.hpp>

namespace taproot::pushers {

using namespace test;

namespace {

/// One taproot of two that write to the same account: each has its own state.
struct Writer {
  FakeProvider& provider;
  FakeDriver driver;
  PushOrder order;

  Writer(FakeProvider& shared, const std::string& holder, bool compares)
      : provider(shared), driver(shared, with(compares)) {
    order.settings = settings();
    order.settings.fence = holder;
  }

  static Capabilities with(bool compares) {
    Capabilities result = every_type();
    result.soa = SoaRule::providers;
    result.batch.compares = compares;
    result.batch.max_changes = 3;
    return result;
  }

  std::function<void(const std::string&)> before;

  PushResult push(unsigned serial, const Lines& lines) {
    order.version = version(with_apex(serial, lines), serial);
    Conversation talk(provider, driver, order);
    talk.before = before;
    PushResult result = talk.run();
    order.remembered = result.remembered;
    if (talk.journaled) order.owned = must(Ownership::decode(*talk.journaled));
    if (result.applied_state) order.owned = must(Ownership::decode(*result.applied_state));
    return result;
  }
};

FakeProvider empty_zone() {
  FakeProvider provider;
  provider.put({soa(1), "@ 3600 NS ns1 | ns2"});
  provider.can_look = true;
  return provider;
}

Fence fence_there(const FakeProvider& provider) {
  return fence_from(provider.zone.at(fence_key(name("@"))).rrset).value_or(Fence{"none", {}});
}

std::string text_at(const FakeProvider& provider, const std::string& owner) {
  const auto at = provider.zone.find({name(owner), dns::RRType::A});
  if (at == provider.zone.end()) return "none";
  return dns::rdata_to_text(dns::RRType::A, at->second.rrset.rdata.front().wire());
}

}  // namespace

TEST_CASE("a fence is read as it was written", "[pushers][fence]") {
  const Fence fence{"berlin-2", dns::Serial(4'294'967'295U)};
  CHECK(fence_from(to_rrset(fence, name("@"))) == fence);
  CHECK(fence_key(name("@")).to_text() == "_taproot-fence.example.org. TXT");
  for (const auto* text :
       {"\"taproot-fence=1 serial=1 holder=\"", "\"taproot-fence=1 serial= holder=a\"",
        "\"taproot-fence=1 serial=4294967296 holder=a\"", "\"taproot-fence=2 serial=1 holder=a\"",
        "\"taproot-fence=1 serial=1 holder=a b\"", "\"\"", "\"taproot-fence=1 serial=1\" \"x\"",
        "\"taproot-fence=1 serial=1 holder=a\" | \"other\""}) {
    CAPTURE(text);
    CHECK_FALSE(fence_from(rrset(std::string("_taproot-fence 60 TXT ") + text)));
  }
}

TEST_CASE("what is not newer is not written over it", "[pushers][fence]") {
  const bool compares = GENERATE(false, true);
  CAPTURE(compares);
  auto provider = empty_zone();
  Writer old(provider, "old", compares);
  Writer young(provider, "young", compares);
  CHECK(old.push(5, {"www 300 A 192.0.2.5", "b 300 A 192.0.2.5"}).end == PushEnd::done);
  CHECK(fence_there(provider) == Fence{"old", dns::Serial(5)});

  // Newer data takes over, and says so.
  const auto taken = young.push(7, {"www 300 A 192.0.2.7", "b 300 A 192.0.2.5"});
  CHECK(taken.end == PushEnd::done);
  CHECK_THAT(taken.plan->to_text(), Catch::Contains("taproot old brought serial 5 there"));
  CHECK(fence_there(provider) == Fence{"young", dns::Serial(7)});

  // The old one is behind: it changes nothing and cleans nothing up, with memory and without.
  for (const unsigned serial : {6U, 7U}) {
    const auto refused = old.push(serial, {"www 300 A 192.0.2.6"});
    CHECK(refused.end == PushEnd::blocked);
    CHECK_THAT(refused.words, Catch::Contains("taproot young brought serial 7 there, and ours is " +
                                              std::to_string(serial)));
    old.order.remembered = nullptr;
    CHECK(old.push(serial, {"www 300 A 192.0.2.6"}).end == PushEnd::blocked);
  }
  CHECK(text_at(provider, "www") == "192.0.2.7");
  CHECK(text_at(provider, "b") == "192.0.2.5");

  // The same data under the same serial is no quarrel.
  CHECK(old.push(7, {"www 300 A 192.0.2.7", "b 300 A 192.0.2.5"}).end == PushEnd::in_sync);
  CHECK(fence_there(provider).holder == "young");
  CHECK(old.push(8, {"www 300 A 192.0.2.8"}).end == PushEnd::done);
  CHECK(text_at(provider, "www") == "192.0.2.8");
}

TEST_CASE("a plan is refused when a newer one came between its batches", "[pushers][fence]") {
  auto provider = empty_zone();
  Writer old(provider, "old", true);
  Writer young(provider, "young", true);
  Lines many;
  for (int i = 0; i < 9; ++i) many.push_back("h" + std::to_string(i) + " 300 A 192.0.2.5");
  const int at_batch = GENERATE(0, 1, 2);
  CAPTURE(at_batch);
  int batch = 0;
  old.before = [&](const std::string& request) {
    if (!request.starts_with("apply") || batch++ != at_batch) return;
    young.push(7, {"www 300 A 192.0.2.7", "h8 300 A 192.0.2.7"});
  };
  const auto result = old.push(5, many);
  CHECK(result.end == PushEnd::blocked);
  CHECK(text_at(provider, "www") == "192.0.2.7");
  CHECK(text_at(provider, "h8") == "192.0.2.7");
  CHECK(fence_there(provider) == Fence{"young", dns::Serial(7)});
}

TEST_CASE("a state that was restored writes nothing over what it brought", "[pushers][fence]") {
  auto provider = empty_zone();
  Writer now(provider, "berlin", true);
  now.push(9, {"www 300 A 192.0.2.9"});
  Writer restored(provider, "berlin", true);
  const auto result = restored.push(4, {"www 300 A 192.0.2.4"});
  CHECK(result.end == PushEnd::blocked);
  CHECK_THAT(result.words, Catch::Contains("this taproot (berlin) itself brought serial 9"));
}

TEST_CASE("a fence is no content of the zone", "[pushers][fence]") {
  auto provider = empty_zone();
  Writer writer(provider, "berlin", false);
  writer.push(1, {"www 300 A 192.0.2.1"});
  const auto result = writer.push(2, {});
  CHECK(result.end == PushEnd::unsafe);
  CHECK_THAT(result.words, Catch::Contains("empty-zone"));
}

TEST_CASE("whoever was overrun by something older says so", "[pushers][fence]") {
  auto provider = empty_zone();
  Writer young(provider, "young", false);
  young.push(7, {"www 300 A 192.0.2.7"});
  // A provider that does not compare: the old one's write came late.
  provider.put(to_rrset({"old", dns::Serial(5)}, name("@")));
  provider.put(Lines{"www 300 A 192.0.2.5"});
  young.order.dry_run = young.order.compare = true;
  const auto seen = young.push(7, {"www 300 A 192.0.2.7"});
  CHECK(seen.end == PushEnd::drifted);
  REQUIRE(seen.plan);
  CHECK(seen.plan->is_overrun);
}

}  // namespace taproot::pushers
