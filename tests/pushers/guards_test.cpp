#include "pushers/guards.hpp"

#include "tests/pushers/values.hpp"

#include <catch2/catch.hpp>

namespace taproot::pushers {

using namespace test;

namespace {

/// h0, h1, … of the given octets, one A record each.
Lines hosts(int from, int to, const std::string& address = "192.0.2.1") {
  Lines lines;
  for (int i = from; i < to; ++i) lines.push_back("h" + std::to_string(i) + " 300 A " + address);
  return lines;
}

Lines joined(Lines a, const Lines& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

struct Case {
  const char* what;
  Lines wanted;
  Lines live;
  std::string guards;  ///< names with blanks between
};

std::string names(const std::vector<GuardHit>& hits) {
  std::string text;
  for (const auto& hit : hits) text += (text.empty() ? "" : " ") + hit.guard;
  return text;
}

std::vector<GuardHit> hits_of(const Lines& wanted, const Lines& live, Ownership owned = {},
                              WallTime now = {}) {
  const auto there = live_zone(live);
  owned.add(owned_from(there));
  const Plan plan = make_plan(*version(wanted), there, every_type(), owned, settings());
  return why_unsafe(plan, GuardLimits{}, owned, now);
}

}  // namespace

TEST_CASE("guards stop what a person should see", "[pushers][guards]") {
  const Lines mx{"@ 300 MX 10 mail", "sub 300 MX 10 mail"};
  const auto c = GENERATE_COPY(
      Case{"one of many", with_apex(1, hosts(1, 20)), with_apex(1, hosts(0, 20)), ""},
      Case{"30% of 20 deleted", with_apex(1, hosts(6, 18)), with_apex(1, hosts(0, 18)), ""},
      Case{"35% of 20 deleted", with_apex(1, hosts(7, 18)), with_apex(1, hosts(0, 18)),
           "deleted-percent"},
      Case{"all but one of a small zone", with_apex(1, hosts(6, 7)), with_apex(1, hosts(0, 7)), ""},
      Case{"30% of 20 changed", with_apex(1, joined(hosts(0, 6, "192.0.2.2"), hosts(6, 18))),
           with_apex(1, hosts(0, 18)), ""},
      Case{"35% of 20 changed", with_apex(1, joined(hosts(0, 7, "192.0.2.2"), hosts(7, 18))),
           with_apex(1, hosts(0, 18)), "updated-percent"},
      Case{"many created", with_apex(1, hosts(0, 200)), with_apex(1, hosts(0, 20)), ""},
      Case{"50 of 1000 deleted", with_apex(1, hosts(50, 1000)), with_apex(1, hosts(0, 1000)), ""},
      Case{"51 of 1000 deleted", with_apex(1, hosts(51, 1000)), with_apex(1, hosts(0, 1000)),
           "deletions"},
      Case{"everything", with_apex(1, {}), with_apex(1, hosts(0, 5)), "empty-zone"},
      Case{"first push into an empty zone", with_apex(1, hosts(0, 50)), {soa(1)}, ""},
      Case{"a zone of SOA and NS alone", with_apex(1, {}), {soa(1)}, ""},
      Case{"MX of the apex", with_apex(1, {mx[1]}), with_apex(1, mx), "last-mx"},
      Case{"the last MX below", with_apex(1, hosts(0, 1)),
           with_apex(1, joined(hosts(0, 1), {"sub 300 MX 10 mail"})), "last-mx"},
      Case{"one of two MX below", with_apex(1, {"b 300 MX 10 mail"}),
           with_apex(1, {"a 300 MX 10 mail", "b 300 MX 10 mail"}), ""},
      Case{"other MX", with_apex(1, {"@ 300 MX 20 mail"}), with_apex(1, {"@ 300 MX 10 mail"}), ""},
      Case{"apex NS",
           with_apex(1, hosts(0, 1)),
           {soa(1), "@ 3600 NS other", "h0 300 A 192.0.2.1"},
           "apex-ns"},
      Case{"TTL of the apex NS",
           with_apex(1, hosts(0, 1)),
           {soa(1), "@ 60 NS ns1 | ns2", "h0 300 A 192.0.2.1"},
           ""},
      Case{"no apex NS", {soa(1), "h0 300 A 192.0.2.1"}, with_apex(1, {}), "no-apex-ns"},
      Case{"A becomes CNAME everywhere", with_apex(1, joined({"h0 300 CNAME x"}, hosts(1, 18))),
           with_apex(1, hosts(0, 18)), ""});
  INFO(c.what);
  CHECK(names(hits_of(c.wanted, c.live)) == c.guards);
}

TEST_CASE("TTLs alone never trip the percentages", "[pushers][guards]") {
  Lines other_ttl;
  for (int i = 0; i < 20; ++i) other_ttl.push_back("h" + std::to_string(i) + " 60 A 192.0.2.1");
  CHECK(names(hits_of(with_apex(1, other_ttl), with_apex(1, hosts(0, 20)))).empty());
}

TEST_CASE("a zone that was full and is empty now stops everything", "[pushers][guards]") {
  Ownership owned;
  owned.set_live_rrsets(12);
  const auto hits = hits_of(with_apex(1, hosts(0, 3)), with_apex(1, {}), owned);
  CHECK(names(hits) == "vanished-zone");
}

TEST_CASE("slow leaks trip the guards too", "[pushers][guards]") {
  const WallTime now{std::chrono::hours(500'000)};
  Ownership owned;
  owned.note_deletions(now - std::chrono::hours(3), 45);
  const auto wanted = with_apex(1, hosts(10, 1000));
  const auto live = with_apex(1, hosts(0, 1000));
  CHECK(names(hits_of(wanted, live, owned, now)) == "deletions");
  CHECK(names(hits_of(wanted, live, owned, now + std::chrono::hours(22))).empty());
  // Without a deletion of its own a plan is not held responsible.
  CHECK(names(hits_of(live, with_apex(1, hosts(0, 999)), owned, now)).empty());
}

TEST_CASE("guards name themselves", "[pushers][guards]") {
  const auto hits = hits_of(with_apex(1, {}), with_apex(1, hosts(0, 20)));
  CHECK(to_text(hits) ==
        "deleted-percent: would delete 20 of 22 RRsets, more than 30%; "
        "empty-zone: the zone wanted has nothing but SOA and NS, the provider has 20 other RRsets");
}

}  // namespace taproot::pushers
