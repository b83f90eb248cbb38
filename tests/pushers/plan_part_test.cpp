#include "pushers/fence.hpp"
#include "pushers/remembered_zone.hpp"
#include "tests/pushers/values.hpp"

#include <catch2/catch.hpp>

#include <random>

namespace taproot::pushers {

using namespace test;

namespace {

/// Zones, providers and what becomes of them, by chance.
class Chance {
 public:
  explicit Chance(unsigned seed) : random_(seed) {}

  std::size_t below(std::size_t end) { return random_() % end; }
  bool one_in(std::size_t times) { return below(times) == 0; }

  std::string line() {
    static const Lines owners{"a", "b", "c", "d.e", "*.f", "g", "A.b", "_s._tcp", "h", "sub"};
    static const Lines data{"A 192.0.2.1",
                            "A 192.0.2.2 | 192.0.2.3",
                            "AAAA 2001:db8::1",
                            "TXT \"x\" \"y\"",
                            "MX 10 a",
                            "MX 10 B | 20 c",
                            "CNAME a",
                            "NS a",
                            "SRV 1 2 3 a",
                            "HINFO x y",
                            "TXT xy"};
    static const Lines ttls{"30", "300", "86400"};
    return owners[below(owners.size())] + " " + ttls[below(ttls.size())] + " " +
           data[below(data.size())];
  }

  Lines lines(std::size_t count) {
    Lines all;
    for (; count > 0; --count) all.push_back(line());
    return all;
  }

  Capabilities capabilities() {
    auto result = every_type();
    if (one_in(3)) result.refused = {dns::RRType::HINFO};
    if (one_in(3)) result.ttl.min = 60;
    if (one_in(3)) result.soa = SoaRule::providers;
    if (one_in(3)) result.apex_ns = ApexNs::ignore;
    if (one_in(4)) result.keeps_own_ns = true;
    return result;
  }

  PlanSettings settings() {
    auto result = test::settings(one_in(3) ? OwnershipMode::shared : OwnershipMode::exclusive);
    if (one_in(2)) result.unsupported = UnsupportedPolicy::omit;
    if (one_in(3)) result.fence = "oslo";
    if (one_in(3)) result.apex_ns = one_in(2) ? ApexNs::manage : ApexNs::join;
    return result;
  }

  /// What a provider has that was given a version, and was then in other hands.
  LiveZone live(const zonestore::ZoneVersion& version, const Capabilities& capabilities) {
    auto live = live_zone({});
    live.serial_is_ours = one_in(2);
    for (auto at = version.walk(); at.leaf() != nullptr; at.next()) {
      const auto owner = at.leaf()->owner(version.apex());
      for (const auto view : at.leaf()->rrsets()) {
        auto held = effective(capabilities, version.apex(), view.to_rrset(owner));
        if (held && !one_in(15)) live.rrsets.push_back({held->rrset, LiveKind::plain, "", {}});
      }
    }
    meddle(live);
    return live;
  }

  void meddle(LiveZone& live) {
    for (auto& one : live.rrsets) {
      if (one_in(20)) one.has_copies = true;
      if (one_in(20)) one.rrset.ttl += 1;
      if (one_in(20)) one.make_opaque("an alias");
    }
    for (const auto& line : lines(below(3))) {
      const auto theirs = rrset(line);
      const bool is_there = std::any_of(live.rrsets.begin(), live.rrsets.end(), [&](auto& one) {
        return one.key() == RRsetKey{theirs.owner, theirs.type};
      });
      if (!is_there) live.rrsets.push_back({theirs, LiveKind::plain, "", {}});
    }
  }

  /// The next version: a few RRsets come, go and change.
  std::shared_ptr<const zonestore::ZoneVersion> next(const zonestore::ZoneVersion& version) {
    zonestore::ZoneBuilder builder(version);
    for (auto steps = below(4); steps > 0; --steps) {
      auto one = rrset(line());
      if (one_in(3)) {
        builder.remove(one.owner, one.type);
      } else {
        builder.put(std::move(one));
      }
    }
    builder.set_serial(dns::Serial(version.serial().value() + 1));
    zonestore::Provenance provenance;
    provenance.number = version.number() + 1;
    builder.set_provenance(provenance);
    return must(builder.finish());
  }

 private:
  std::mt19937 random_;
};

auto fields(const PlanCounts& c) {
  return std::tuple(c.live, c.live_beside, c.wanted_beside, c.created, c.updated, c.ttl_only,
                    c.deleted, c.conflicts, c.omitted, c.changes_apex_ns, c.wants_apex_ns,
                    c.deletes_apex_mx, c.deletes_last_mx);
}

void check_equal(const Plan& part, const Plan& whole) {
  CHECK(part.changes == whole.changes);
  CHECK(part.notes == whole.notes);
  CHECK(fields(part.counts) == fields(whole.counts));
  CHECK(part.blocked == whole.blocked);
  CHECK(part.is_overrun == whole.is_overrun);
  CHECK(part.live_hash == whole.live_hash);
  CHECK(part.desired_hash == whole.desired_hash);
  CHECK(part.kept.rrsets_mark() == whole.kept.rrsets_mark());
  CHECK(part.kept.encode() == whole.kept.encode());
  CHECK(part.id() == whole.id());
}

/// What is there once some of the plan was carried out.
LiveRRsets after(const LiveZone& live, const Plan& plan, Chance& chance) {
  auto there = gathered(live);
  for (const auto& change : plan.changes) {
    if (chance.one_in(6)) continue;
    there.erase(change.key());
    if (change.after)
      there.emplace(change.key(), LiveRRset{*change.after, LiveKind::plain, "", {}});
  }
  return there;
}

LiveZone with(LiveZone live, const LiveRRsets& rrsets) {
  live.rrsets.clear();
  for (const auto& [key, one] : rrsets) live.rrsets.push_back(one);
  return live;
}

}  // namespace

TEST_CASE("the plan of a part is the plan of the whole", "[pushers][plan][property]") {
  const auto seed = GENERATE(range(1U, 400U));
  CAPTURE(seed);
  Chance chance(seed);
  const auto caps = chance.capabilities();
  const auto settings = chance.settings();
  auto now = version(with_apex(1, chance.lines(chance.below(25))));
  auto live = chance.live(*now, caps);
  Ownership owned;
  if (chance.one_in(2)) owned = owned_from(live);
  const auto first = make_plan(*now, live, caps, owned, settings);
  auto memory = RememberedZone::make({now, live, nullptr, caps, settings.mode, first.kept, 1, {}});
  REQUIRE(memory);
  owned = first.kept;
  owned.set_applied();
  for (int step = 0; step < 6; ++step) {
    const auto wanted = chance.next(*now);
    auto recalled = memory->recall_part(*wanted, caps, owned, settings);
    REQUIRE(recalled);
    const auto whole_live = memory->recall(caps);
    auto part = make_plan(*wanted, recalled->live, recalled->part, caps, owned, settings);
    const auto whole = make_plan(*wanted, whole_live, caps, owned, settings);
    check_equal(part, whole);
    // It is carried out, or some of it; each keeps what it then knows.
    auto intended = owned;
    intended.add(part.kept);
    for (const auto& change : part.changes) {
      if (change.after) intended.add(fingerprint(change.key()), fingerprint(*change.after, false));
    }
    Chance same = chance;
    const auto part_there = with(recalled->live, after(recalled->live, part, chance));
    const auto whole_there = with(whole_live, after(whole_live, part, same));
    part = make_plan(*wanted, part_there, recalled->part, caps, intended, settings);
    const auto whole_again = make_plan(*wanted, whole_there, caps, intended, settings);
    check_equal(part, whole_again);
    memory = RememberedZone::make(
        {wanted, part_there, &recalled->part, caps, settings.mode, part.kept, 1, {}});
    const auto other = RememberedZone::make(
        {wanted, whole_there, nullptr, caps, settings.mode, whole_again.kept, 1, {}});
    REQUIRE(memory);
    CHECK(gathered(memory->recall(caps)).size() == gathered(other->recall(caps)).size());
    now = wanted;
    owned = must(Ownership::decode(part.kept.encode()));
    owned.set_applied();
  }
}

TEST_CASE("a part holds the change and what is different, and no more", "[pushers][plan]") {
  const auto caps = every_type();
  Lines lines;
  for (int i = 0; i < 500; ++i) lines.push_back("host" + std::to_string(i) + " 300 A 192.0.2.1");
  const auto before = version(with_apex(1, lines));
  auto live = live_zone(with_apex(1, lines));
  live.rrsets.push_back({rrset("theirs 300 A 192.0.2.9"), LiveKind::plain, "", {}});
  const auto owned = owned_from(live_zone(with_apex(1, lines)));
  const auto plan = make_plan(*before, live, caps, owned, settings());
  const auto memory = RememberedZone::make(
      {before, live, nullptr, caps, OwnershipMode::exclusive, plan.kept, 1, {}});
  zonestore::ZoneBuilder builder(*before);
  builder.put(rrset("host7 300 A 192.0.2.7"));
  builder.set_serial(dns::Serial(2));
  const auto wanted = must(builder.finish());
  const auto recalled = memory->recall_part(*wanted, caps, owned, settings());
  REQUIRE(recalled);
  CHECK(recalled->live.rrsets.size() == 4);  // SOA, NS, host7 and theirs
  CHECK(recalled->part.rest.plain() == 499);
  const auto part = make_plan(*wanted, recalled->live, recalled->part, caps, owned, settings());
  CHECK(short_changes(part) == Lines{"~ host7.example.org. A", "~ example.org. SOA"});
  CHECK(part.counts.live == 503);
  CHECK(short_notes(part) == Lines{"foreign theirs.example.org. A"});

  SECTION("what an operator decided is compared with all of the zone") {
    auto adopting = settings();
    adopting.adopt_all = true;
    CHECK_FALSE(memory->recall_part(*wanted, caps, owned, adopting));
    adopting = settings();
    adopting.adopt.insert({name("theirs"), dns::RRType::A});
    CHECK_FALSE(memory->recall_part(*wanted, caps, owned, adopting));
    CHECK_FALSE(memory->recall_part(*wanted, caps, owned, settings(OwnershipMode::shared)));
  }
  SECTION("so is a zone of which something else is ours than was kept") {
    auto other = owned;
    other.add(1, 2);
    CHECK_FALSE(memory->recall_part(*wanted, caps, other, settings()));
    CHECK_FALSE(memory->recall_part(*wanted, caps, Ownership(), settings()));
  }
}

TEST_CASE("what is owned is shared by copies, and each changes for itself", "[pushers][owned]") {
  const auto seed = GENERATE(range(1U, 40U));
  CAPTURE(seed);
  std::mt19937 random(seed);
  using Set = std::set<Ownership::Entry>;
  Ownership owned;
  Set set;
  const auto check = [&](const Ownership& one, const Set& wanted) {
    CHECK(one.size() == wanted.size());
    for (std::uint64_t key = 0; key < 8; ++key) {
      bool known = false;
      for (std::uint64_t contents = 0; contents < 4; ++contents) {
        CHECK(one.owns(key, contents) == wanted.contains({key, contents}));
        known = known || wanted.contains({key, contents});
      }
      CHECK(one.knows(key) == known);
    }
  };
  for (int step = 0; step < 60; ++step) {
    const auto key = random() % 8;
    const auto contents = random() % 4;
    const auto copy = owned.rrsets_only();
    const auto before = set;
    switch (random() % 6) {
      case 0:
        owned.drop(key);
        std::erase_if(set, [&](const auto& entry) { return entry.first == key; });
        break;
      case 1:
        owned.pack();
        break;
      case 2: {
        auto other = owned.rrsets_only();
        other.drop(key);
        other.add(key, contents);
        CHECK((other.rrsets_mark() == owned.rrsets_mark()) ==
              (other.encode() == owned.rrsets_only().encode()));
        owned.add(other);
        set.insert({key, contents});
        break;
      }
      case 3:
        owned = must(Ownership::decode(owned.encode()));
        break;
      default:
        owned.add(key, contents);
        set.insert({key, contents});
    }
    check(owned, set);
    check(copy, before);
  }
}

}  // namespace taproot::pushers
