#include "pushers/ownership.hpp"

#include "pushers/fingerprint.hpp"
#include "tests/pushers/values.hpp"

#include <catch2/catch.hpp>

#include <random>

namespace taproot::pushers {

using namespace test;

namespace {

WallTime at(int hours) {
  return WallTime(std::chrono::hours(500'000 + hours));
}

}  // namespace

TEST_CASE("what was applied survives as text", "[pushers][ownership]") {
  const auto size = GENERATE(0U, 1U, 2U, 3U, 100U);
  std::mt19937_64 random(size);
  Ownership owned;
  for (unsigned i = 0; i < size; ++i) owned.add(random(), random());
  owned.set_live_rrsets(size);
  if (size != 0) owned.set_applied();
  owned.note_deletions(at(0), 3);
  const auto text = owned.encode();
  const auto back = Ownership::decode(text);
  REQUIRE(back);
  CHECK(*back == owned);
  CHECK(back->size() == size);
  CHECK(back->live_rrsets() == size);
  CHECK(back->is_first() == (size == 0));
  REQUIRE(back->deletions().size() == 1);
  CHECK(back->deletions()[0].count == 3);
  CHECK(text.size() < 120 + 22 * size);
}

TEST_CASE("text that is not what was written is refused", "[pushers][ownership]") {
  Ownership owned;
  owned.add(1, 2);
  owned.add(3, 4);
  const std::string good = owned.encode();
  REQUIRE(Ownership::decode(good));
  CHECK_FALSE(Ownership::decode(""));
  CHECK_FALSE(Ownership::decode("{}"));
  CHECK_FALSE(Ownership::decode(good + "AAAA"));
  for (std::size_t cut = 1; cut < good.size(); ++cut) {
    CAPTURE(cut);
    CHECK_FALSE(Ownership::decode(good.substr(0, good.size() - cut)));
  }
  std::string more = good;
  more.replace(more.find("rrsets 2"), 8, "rrsets 3");
  CHECK_FALSE(Ownership::decode(more));
  more.replace(more.find("rrsets 3"), 8, "rrsets 99999999999999999");
  CHECK_FALSE(Ownership::decode(more));
}

TEST_CASE("deletions count for a day, by the hour", "[pushers][ownership]") {
  Ownership owned;
  owned.note_deletions(at(0), 1);
  owned.note_deletions(at(0) + std::chrono::minutes(10), 2);
  owned.note_deletions(at(5), 4);
  REQUIRE(owned.deletions().size() == 2);
  CHECK(owned.deletions()[0].count == 3);
  owned.note_deletions(at(25), 0);
  REQUIRE(owned.deletions().size() == 1);
  CHECK(owned.deletions()[0].count == 4);
}

TEST_CASE("a fingerprint ignores what DNS ignores", "[pushers][ownership]") {
  struct Case {
    const char* a;
    const char* b;
    bool same;
  };
  const auto c =
      GENERATE(Case{"www 300 A 192.0.2.1 | 192.0.2.2", "WWW 300 A 192.0.2.2 | 192.0.2.1", true},
               Case{"www 300 A 192.0.2.1", "www 301 A 192.0.2.1", false},
               Case{"www 300 A 192.0.2.1", "ww2 300 A 192.0.2.1", false},
               Case{"www 300 CNAME Host.Example.NET.", "www 300 CNAME host.example.net.", true},
               Case{"t 300 TXT \"ab\" \"c\"", "t 300 TXT \"a\" \"bc\"", true},
               Case{"t 300 TXT \"abc\"", "t 300 TXT \"ABC\"", false},
               Case{"www 300 AAAA 2001:db8:0:0::1", "www 300 AAAA 2001:DB8::1", true});
  CAPTURE(c.a, c.b);
  CHECK((fingerprint(rrset(c.a), false) == fingerprint(rrset(c.b), false)) == c.same);
  CHECK(fingerprint(rrset("t 300 TXT \"ab\" \"c\""), true) !=
        fingerprint(rrset("t 300 TXT \"a\" \"bc\""), true));
}

}  // namespace taproot::pushers
