#include "pushers/plan.hpp"

#include "tests/pushers/values.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace taproot::pushers {

using namespace test;
using Words = std::vector<std::string>;

namespace {

struct Case {
  const char* what;
  Lines wanted;  ///< beside SOA and NS
  Lines live;    ///< beside SOA and NS
  Lines ours;    ///< of `live`, by its contents then
  Words changes;
  Words notes;
};

Plan plan_of(const Case& c, OwnershipMode mode, Capabilities caps = every_type()) {
  const auto owned = owned_from(live_zone(with_apex(1, c.ours)));
  return make_plan(*version(with_apex(1, c.wanted)), live_zone(with_apex(1, c.live)), caps, owned,
                   settings(mode));
}

}  // namespace

TEST_CASE("plans of an exclusive zone", "[pushers][plan]") {
  const auto c = GENERATE(
      Case{"nothing to do",
           {"www 300 A 192.0.2.1"},
           {"www 300 A 192.0.2.1"},
           {"www 300 A 192.0.2.1"},
           {},
           {}},
      Case{"create", {"www 300 A 192.0.2.1"}, {}, {}, {"+ www.example.org. A"}, {}},
      Case{"update",
           {"www 300 A 192.0.2.2"},
           {"www 300 A 192.0.2.1"},
           {"www 300 A 192.0.2.1"},
           {"~ www.example.org. A"},
           {}},
      Case{"one record more",
           {"www 300 A 192.0.2.1 | 192.0.2.2"},
           {"www 300 A 192.0.2.1"},
           {"www 300 A 192.0.2.1"},
           {"~ www.example.org. A"},
           {}},
      Case{"delete ours",
           {},
           {"www 300 A 192.0.2.1"},
           {"www 300 A 192.0.2.1"},
           {"- www.example.org. A"},
           {}},
      Case{"leave what is not ours",
           {},
           {"x 300 A 192.0.2.1"},
           {},
           {},
           {"foreign x.example.org. A"}},
      Case{"leave what was changed there",
           {},
           {"x 300 A 192.0.2.9"},
           {"x 300 A 192.0.2.1"},
           {},
           {"drift x.example.org. A"}},
      Case{"put back what was changed there",
           {"x 300 A 192.0.2.1"},
           {"x 300 A 192.0.2.9"},
           {"x 300 A 192.0.2.1"},
           {"~ x.example.org. A"},
           {"drift x.example.org. A"}},
      Case{"replace what was put in our place",
           {"x 300 A 192.0.2.1"},
           {"x 300 A 192.0.2.9"},
           {},
           {"~ x.example.org. A"},
           {"drift x.example.org. A"}},
      Case{"TTL",
           {"www 600 A 192.0.2.1"},
           {"www 300 A 192.0.2.1"},
           {"www 300 A 192.0.2.1"},
           {"~ www.example.org. A"},
           {}},
      Case{"case of owner and names",
           {"www 300 CNAME Host.Example.NET."},
           {"WWW 300 CNAME host.example.net."},
           {},
           {},
           {}},
      Case{"TXT chunks", {"t 300 TXT \"abc\" \"def\""}, {"t 300 TXT \"abcdef\""}, {}, {}, {}},
      Case{"IPv6 spelling",
           {"www 300 AAAA 2001:db8:0:0:0:0:0:1"},
           {"www 300 AAAA 2001:DB8::1"},
           {},
           {},
           {}},
      Case{"A becomes CNAME",
           {"www 300 CNAME host"},
           {"www 300 A 192.0.2.1"},
           {"www 300 A 192.0.2.1"},
           {"- www.example.org. A", "+ www.example.org. CNAME"},
           {}},
      Case{"CNAME becomes A and AAAA",
           {"www 300 A 192.0.2.1", "www 300 AAAA ::1"},
           {"www 300 CNAME host"},
           {"www 300 CNAME host"},
           {"- www.example.org. CNAME", "+ www.example.org. A", "+ www.example.org. AAAA"},
           {}},
      Case{"a stranger's CNAME stays, so no A",
           {"www 300 A 192.0.2.1"},
           {"www 300 CNAME host"},
           {},
           {},
           {"foreign www.example.org. CNAME", "conflict www.example.org. A"}},
      Case{"a stranger's TXT stays, so the A stays too",
           {"www 300 CNAME host"},
           {"www 300 A 192.0.2.1", "www 300 TXT \"x\""},
           {"www 300 A 192.0.2.1"},
           {},
           {"foreign www.example.org. TXT", "conflict www.example.org. CNAME"}},
      Case{"order",
           {"b 300 A 192.0.2.1", "a 300 A 192.0.2.1", "m 300 A 192.0.2.2", "s 300 CNAME x"},
           {"m 300 A 192.0.2.1", "d 300 A 192.0.2.1", "s 300 A 192.0.2.1"},
           {"m 300 A 192.0.2.1", "d 300 A 192.0.2.1", "s 300 A 192.0.2.1"},
           {"+ a.example.org. A", "+ b.example.org. A", "- s.example.org. A",
            "+ s.example.org. CNAME", "~ m.example.org. A", "- d.example.org. A"},
           {}});
  INFO(c.what);
  const Plan plan = plan_of(c, OwnershipMode::exclusive);
  CHECK(short_changes(plan) == c.changes);
  CHECK(short_notes(plan) == c.notes);
  CHECK_FALSE(plan.blocked);
}

TEST_CASE("plans of a shared zone touch only what is ours", "[pushers][plan]") {
  const auto c = GENERATE(Case{"update ours",
                               {"www 300 A 192.0.2.2"},
                               {"www 300 A 192.0.2.1"},
                               {"www 300 A 192.0.2.1"},
                               {"~ www.example.org. A"},
                               {"zone example.org. NS"}},
                          Case{"not what others changed",
                               {"www 300 A 192.0.2.2"},
                               {"www 300 A 192.0.2.9"},
                               {"www 300 A 192.0.2.1"},
                               {},
                               {"zone example.org. NS", "conflict www.example.org. A"}},
                          Case{"not what others made",
                               {"www 300 A 192.0.2.2"},
                               {"www 300 A 192.0.2.9"},
                               {},
                               {},
                               {"zone example.org. NS", "conflict www.example.org. A"}},
                          Case{"delete ours only",
                               {},
                               {"a 300 A 192.0.2.1", "b 300 A 192.0.2.1"},
                               {"a 300 A 192.0.2.1"},
                               {"- a.example.org. A"},
                               {"zone example.org. NS", "foreign b.example.org. A"}});
  INFO(c.what);
  const Plan plan = plan_of(c, OwnershipMode::shared);
  CHECK(short_changes(plan) == c.changes);
  CHECK(short_notes(plan) == c.notes);
}

TEST_CASE("what equals the version becomes ours, where nobody else writes", "[pushers][plan]") {
  const auto wanted = version(with_apex(1, {"www 300 A 192.0.2.1"}));
  const auto live = live_zone(with_apex(1, {"www 300 A 192.0.2.1"}));
  const auto owns_www = [&](OwnershipMode mode, const Ownership& before) {
    const Plan plan = make_plan(*wanted, live, every_type(), before, settings(mode));
    CHECK(plan.is_empty());
    return plan.kept.knows(fingerprint(RRsetKey{name("www"), dns::RRType::A}));
  };
  Ownership later;
  later.set_applied();
  CHECK(owns_www(OwnershipMode::exclusive, Ownership()));
  CHECK(owns_www(OwnershipMode::exclusive, later));
  CHECK(owns_www(OwnershipMode::shared, Ownership()));
  CHECK_FALSE(owns_www(OwnershipMode::shared, later));
}

TEST_CASE("what is adopted is ours", "[pushers][plan]") {
  const auto wanted = version(with_apex(1, {"a 300 A 192.0.2.1"}));
  const auto live = live_zone(with_apex(1, {"a 300 A 192.0.2.9", "b 300 A 192.0.2.9"}));
  PlanSettings one = settings(OwnershipMode::shared);
  one.adopt = {{name("a"), dns::RRType::A}};
  const Plan first = make_plan(*wanted, live, every_type(), {}, one);
  CHECK(short_changes(first) == Words{"~ a.example.org. A"});
  PlanSettings all = settings();
  all.adopt_all = true;
  const Plan second = make_plan(*wanted, live, every_type(), {}, all);
  CHECK(short_changes(second) == Words{"~ a.example.org. A", "- b.example.org. A"});
}

TEST_CASE("what is not plain data is in the way and is never touched", "[pushers][plan]") {
  const auto kind = GENERATE(LiveKind::foreign, LiveKind::opaque);
  auto live = live_zone(with_apex(1, {"a 300 A 192.0.2.1", "b 300 A 192.0.2.1"}));
  const auto owned = owned_from(live);
  for (auto& one : live.rrsets) {
    if (one.rrset.type != dns::RRType::A) continue;
    one.kind = kind;
    one.why = "it has disabled records";
  }
  PlanSettings all = settings();
  all.adopt_all = true;
  const Plan plan =
      make_plan(*version(with_apex(1, {"a 300 A 192.0.2.2"})), live, every_type(), owned, all);
  CHECK(plan.is_empty());
  CHECK(plan.counts.conflicts == 1);
  CHECK(short_notes(plan) == Words{"conflict a.example.org. A", "foreign b.example.org. A"});
}

TEST_CASE("an RRset that is listed twice is in the way", "[pushers][plan]") {
  const auto live = live_zone(with_apex(1, {"a 300 A 192.0.2.1", "a 60 A 192.0.2.2"}));
  const Plan plan = make_plan(*version(with_apex(1, {"a 300 A 192.0.2.1"})), live, every_type(),
                              owned_from(live), settings());
  CHECK(plan.is_empty());
  CHECK(plan.counts.conflicts == 1);
}

TEST_CASE("uneven records are written as they should be, where they are ours", "[pushers][plan]") {
  auto live = live_zone(with_apex(1, {"a 300 A 192.0.2.1"}));
  const auto owned = owned_from(live);
  Ownership nothing;
  nothing.set_applied();
  (GENERATE(true, false) ? live.rrsets.back().has_copies : live.rrsets.back().has_mixed_ttls) =
      true;
  const auto wanted = version(with_apex(1, {"a 300 A 192.0.2.1"}));
  const Plan plan = make_plan(*wanted, live, every_type(), owned, settings());
  CHECK(short_changes(plan) == Words{"~ a.example.org. A"});
  CHECK(short_notes(plan) == Words{"drift a.example.org. A"});
  CHECK(plan.counts.updated == 0);
  CHECK(plan.counts.ttl_only == 1);
  const auto shared = settings(OwnershipMode::shared);
  CHECK(short_changes(make_plan(*wanted, live, every_type(), owned, shared)) ==
        Words{"~ a.example.org. A"});
  CHECK(make_plan(*wanted, live, every_type(), nothing, shared).is_empty());
}

TEST_CASE("a DS comes after its NS and goes before it", "[pushers][plan]") {
  const Lines sub{"sub 300 A 192.0.2.1", "sub 300 NS ns1",
                  "sub 300 DS 1 13 2 " + std::string(64, 'a')};
  const auto full = live_zone(with_apex(1, sub));
  const auto bare = live_zone(with_apex(1, {}));
  CHECK(short_changes(make_plan(*version(with_apex(1, sub)), bare, every_type(), owned_from(bare),
                                settings())) ==
        Words{"+ sub.example.org. A", "+ sub.example.org. NS", "+ sub.example.org. DS"});
  CHECK(short_changes(make_plan(*version(with_apex(1, {})), full, every_type(), owned_from(full),
                                settings())) ==
        Words{"- sub.example.org. DS", "- sub.example.org. A", "- sub.example.org. NS"});
}

TEST_CASE("an RRset that is listed in parts is put together", "[pushers][plan]") {
  const auto parts = [](const Lines& lines) {
    auto live = live_zone(with_apex(1, lines));
    live.has_parts = true;
    for (std::size_t i = 0; i < live.rrsets.size(); ++i) live.rrsets[i].ids = {std::to_string(i)};
    return gathered(live).at({name("a"), dns::RRType::A});
  };
  const auto whole = parts({"a 300 A 192.0.2.1", "a 300 A 192.0.2.2"});
  CHECK(whole.rrset == rrset("a 300 A 192.0.2.1 | 192.0.2.2"));
  CHECK_FALSE(whole.is_uneven());
  CHECK(whole.ids.size() == 2);
  const auto mixed = parts({"a 300 A 192.0.2.1", "a 60 A 192.0.2.2"});
  CHECK(mixed.rrset == rrset("a 60 A 192.0.2.1 | 192.0.2.2"));
  CHECK(mixed.has_mixed_ttls);
  CHECK_FALSE(mixed.has_copies);
  const auto twice = parts({"a 300 A 192.0.2.1", "a 300 A 192.0.2.1"});
  CHECK(twice.rrset == rrset("a 300 A 192.0.2.1"));
  CHECK(twice.has_copies);
}

TEST_CASE("nothing follows from an incomplete reading", "[pushers][plan]") {
  auto live = live_zone(with_apex(1, {"old 300 A 192.0.2.1"}));
  const auto owned = owned_from(live);
  live.complete = false;
  const Plan plan = make_plan(*version(with_apex(1, {"www 300 A 192.0.2.1"})), live, every_type(),
                              owned, settings());
  CHECK(plan.is_empty());
  REQUIRE(plan.blocked);
  CHECK_THAT(*plan.blocked, Catch::Contains("could not be read completely"));
}

TEST_CASE("the SOA goes last, and the serial only where it is ours", "[pushers][plan]") {
  auto live = live_zone(with_apex(1, {"old 300 A 192.0.2.1"}));
  const auto owned = owned_from(live);
  const auto wanted = version(with_apex(2, {"www 300 A 192.0.2.1"}));
  const Plan ours = make_plan(*wanted, live, every_type(), owned, settings());
  CHECK(short_changes(ours) ==
        Words{"+ www.example.org. A", "- old.example.org. A", "~ example.org. SOA"});
  live.serial_is_ours = false;
  const Plan theirs = make_plan(*wanted, live, every_type(), owned, settings());
  CHECK(short_changes(theirs) == Words{"+ www.example.org. A", "- old.example.org. A"});
  Capabilities caps = every_type();
  caps.soa = SoaRule::providers;
  live.serial_is_ours = true;
  const Plan kept = make_plan(*wanted, live, caps, owned, settings());
  CHECK(short_changes(kept) == Words{"+ www.example.org. A", "- old.example.org. A"});
}

TEST_CASE("other fields of the SOA are pushed with the serial that is there", "[pushers][plan]") {
  auto live = live_zone(with_apex(70, {}));
  live.serial_is_ours = false;
  const auto wanted =
      version({"@ 3600 SOA ns1 hostmaster 2 7200 900 1209600 60", "@ 3600 NS ns1 | ns2"});
  const Plan plan = make_plan(*wanted, live, every_type(), {}, settings());
  REQUIRE(plan.changes.size() == 1);
  const auto soa_there = dns::Soa::from_rdata(plan.changes[0].after->rdata[0].wire());
  REQUIRE(soa_there);
  CHECK(soa_there->serial == dns::Serial(70));
  CHECK(soa_there->minimum == 60);
}

TEST_CASE("policies for the apex NS RRset", "[pushers][plan]") {
  struct NsCase {
    ApexNs policy;
    const char* live;  ///< null: none
    Words changes;
    std::size_t records;
  };
  const auto c =
      GENERATE(NsCase{ApexNs::manage, "@ 3600 NS a.example.net.", {"~ example.org. NS"}, 2},
               NsCase{ApexNs::manage, nullptr, {"+ example.org. NS"}, 2},
               NsCase{ApexNs::ignore, "@ 3600 NS a.example.net.", {}, 0},
               NsCase{ApexNs::join, "@ 3600 NS a.example.net.", {"~ example.org. NS"}, 3},
               NsCase{ApexNs::join, "@ 3600 NS a.example.net. | ns1 | ns2", {}, 0});
  Lines lines{soa(1)};
  if (c.live != nullptr) lines.emplace_back(c.live);
  PlanSettings with_policy = settings();
  with_policy.apex_ns = c.policy;
  const Plan plan =
      make_plan(*version(with_apex(1, {})), live_zone(lines), every_type(), {}, with_policy);
  CHECK(short_changes(plan) == c.changes);
  if (!c.changes.empty()) CHECK(plan.changes[0].after->rdata.size() == c.records);
}

TEST_CASE("the apex NS RRset is never deleted", "[pushers][plan]") {
  const auto live = live_zone(with_apex(1, {}));
  PlanSettings all = settings();
  all.adopt_all = true;
  const Plan plan = make_plan(*version({soa(1), "www 300 A 192.0.2.1"}), live, every_type(),
                              owned_from(live), all);
  CHECK(short_changes(plan) == Words{"+ www.example.org. A"});
  CHECK_FALSE(plan.counts.wants_apex_ns);
}

TEST_CASE("what the provider cannot hold blocks or is omitted", "[pushers][plan]") {
  Capabilities caps = every_type();
  caps.refused = {dns::RRType::LOC};
  caps.ttl.min = 60;
  const Lines zone{"l 300 LOC 52 0 0.000 N 13 0 0.000 E 0m 1m 1m 1m", "www 30 A 192.0.2.1"};
  const auto live = live_zone(with_apex(1, {zone[0], "www 60 A 192.0.2.1"}));
  const auto owned = owned_from(live);
  const auto wanted = version(with_apex(1, zone));
  const Plan fails = make_plan(*wanted, live, caps, owned, settings());
  REQUIRE(fails.blocked);
  CHECK_THAT(*fails.blocked, Catch::Contains("1 RRsets that the provider cannot hold"));
  PlanSettings omits = settings();
  omits.unsupported = UnsupportedPolicy::omit;
  const Plan plan = make_plan(*wanted, live, caps, owned, omits);
  CHECK_FALSE(plan.blocked);
  CHECK(plan.is_empty());  // neither pushed, nor deleted, nor a TTL that cannot be
  CHECK(short_notes(plan) == Words{"omitted l.example.org. LOC", "adjusted www.example.org. A"});
}

TEST_CASE("a plan's id follows what it does and what it starts from", "[pushers][plan]") {
  const auto id = [](const Lines& wanted, const Lines& live, bool ours = true) {
    const auto there = live_zone(with_apex(1, live));
    return make_plan(*version(with_apex(1, wanted)), there, every_type(),
                     ours ? owned_from(there) : Ownership(), settings())
        .id();
  };
  const auto base = id({"www 300 A 192.0.2.1"}, {"old 300 A 192.0.2.1"});
  CHECK(base.size() == 12);
  CHECK(base == id({"WWW 300 A 192.0.2.1"}, {"OLD 300 A 192.0.2.1"}));
  CHECK(base != id({"www 300 A 192.0.2.2"}, {"old 300 A 192.0.2.1"}));
  CHECK(base != id({"www 300 A 192.0.2.1"}, {"old 300 A 192.0.2.2"}));
  CHECK(base != id({"www 300 A 192.0.2.1"}, {"old 300 A 192.0.2.1"}, false));
}

TEST_CASE("what is left of a plan is a part of it", "[pushers][plan]") {
  const auto wanted = version(with_apex(1, {"a 300 A 192.0.2.1", "b 300 A 192.0.2.1"}));
  const auto plan_from = [&](const Lines& live) {
    return make_plan(*wanted, live_zone(with_apex(1, live)), every_type(), {}, settings());
  };
  const Plan whole = plan_from({});
  CHECK(is_remainder(plan_from({"a 300 A 192.0.2.1"}), whole));
  CHECK(is_remainder(whole, whole));
  CHECK_FALSE(is_remainder(plan_from({"a 300 A 192.0.2.7"}), whole));
}

TEST_CASE("a plan as text", "[pushers][plan]") {
  const auto live =
      live_zone(with_apex(1, {"mail 300 A 192.0.2.5", "old 300 A 192.0.2.9", "x 60 TXT \"hi\""}));
  auto owned = owned_from(live_zone(with_apex(1, {"mail 300 A 192.0.2.5", "old 300 A 192.0.2.9"})));
  const Plan plan = make_plan(
      *version(with_apex(1, {"www 300 A 192.0.2.1 | 192.0.2.2", "mail 600 A 192.0.2.6"}), 7), live,
      every_type(), owned, settings());
  CHECK(plan.to_text() == "example.org. at berlin, version 7, serial 1, plan " + plan.id() + "\n" +
                              "  + create www.example.org. A 300 192.0.2.1, 192.0.2.2\n"
                              "  ~ update mail.example.org. A (300 192.0.2.5) -> (600 192.0.2.6)\n"
                              "  - delete old.example.org. A 300 192.0.2.9\n"
                              "  ! foreign x.example.org. TXT: not ours: left alone\n"
                              "Plan: 1 to create, 1 to change, 1 to delete\n");
}

TEST_CASE("a plan as JSON", "[pushers][plan]") {
  const auto live = live_zone(with_apex(1, {"x 60 TXT \"hi\""}));
  const Plan plan = make_plan(*version(with_apex(1, {"www 300 A 192.0.2.1"}), 7), live,
                              every_type(), {}, settings());
  const auto json = nlohmann::json::parse(plan.to_json());
  CHECK(json["zone"] == "example.org.");
  CHECK(json["provider"] == "berlin");
  CHECK(json["plan"] == plan.id());
  CHECK(json["version"] == 7);
  CHECK(json["create"] == 1);
  CHECK(json["blocked"].is_null());
  CHECK(json["changes"] ==
        nlohmann::json::parse(R"([{"action":"create","owner":"www.example.org.","type":"A",
                                  "after":{"ttl":300,"records":["192.0.2.1"]}}])"));
  CHECK(json["notes"][0]["kind"] == "foreign");
}

TEST_CASE("a zone full of strangers does not fill the notes", "[pushers][plan]") {
  Lines lines;
  for (int i = 0; i < 500; ++i) lines.push_back("h" + std::to_string(i) + " 300 A 192.0.2.1");
  const Plan plan = make_plan(*version(with_apex(1, {})), live_zone(with_apex(1, lines)),
                              every_type(), {}, settings());
  CHECK(plan.notes.size() == 201);
  CHECK(plan.notes.back().words == "and 300 more notes");
}

}  // namespace taproot::pushers
