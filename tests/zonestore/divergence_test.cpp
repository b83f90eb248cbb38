#include "zonestore/divergence.hpp"

#include "journal_samples.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <random>

using namespace samples;
using zonestore::Divergence;
using zonestore::DivergenceStep;
using zonestore::OnConflict;
using zonestore::RRsetKey;
using zonestore::ZoneBuilder;

namespace {

const dns::Name apex = name_of("example.org.");

/// A zone as a plain map: owner's letter to the last octet of its address.
using Plain = std::map<char, std::uint8_t>;

dns::Name owner_of(char letter) {
  return apex.child(std::string(1, letter)).value();
}

dns::RRset rrset_of(char letter, std::uint8_t value) {
  const std::uint8_t octets[] = {192, 0, 2, value};
  return {owner_of(letter), dns::RRType::A, 300, {dns::Rdata(Octets(octets))}};
}

VersionPtr plain_zone(const Plain& plain, std::uint32_t serial = 1) {
  ZoneBuilder builder(apex);
  builder.put(soa_of(apex, serial));
  for (const auto& [letter, value] : plain) builder.put(rrset_of(letter, value));
  return builder.finish().value();
}

Plain plain_of(const zonestore::ZoneVersion& version) {
  Plain plain;
  for (char letter = 'a'; letter <= 'z'; ++letter) {
    const auto rrset = version.find(owner_of(letter), dns::RRType::A);
    if (rrset) plain[letter] = rrset->rdata.front().wire()[3];
  }
  return plain;
}

/// Divergences as the journal keeps them.
class Kept {
 public:
  void take(const DivergenceStep& step) {
    if (step.drops_all) kept_.clear();
    for (const auto& key : step.drops) kept_.erase(key);
    for (const auto& put : step.puts) kept_[put.key()] = put;
  }
  std::vector<Divergence> all() const {
    std::vector<Divergence> list;
    for (const auto& [key, divergence] : kept_) list.push_back(divergence);
    return list;
  }

 private:
  std::map<RRsetKey, Divergence> kept_;
};

/// A zone that is edited and whose source changes, as the server does it.
struct World {
  explicit World(const Plain& start) : source(start), zone(plain_zone(start)) {}

  void edit(const Plain& wanted, Divergence::By by = Divergence::By::edit) {
    const auto next = plain_zone(wanted, 2);
    kept.take(zonestore::diverge(kept.all(), zonestore::content_changes(*zone, *next), by));
    zone = next;
  }
  /// What came of reading the source.
  zonestore::SourceMerge read(OnConflict on_conflict = OnConflict::report) {
    auto merge = zonestore::merge_source(*zone, kept.all(), *plain_zone(source, 9), on_conflict);
    if (merge.version) {
      kept.take(merge.step);
      zone = merge.version;
    }
    return merge;
  }
  Plain source_side() const { return plain_of(*zonestore::source_side(*zone, kept.all())); }

  Plain source;
  VersionPtr zone;
  Kept kept;
};

Plain random_plain(std::mt19937& random, Plain plain, std::size_t changes) {
  for (std::size_t i = 0; i < changes; ++i) {
    const char letter = static_cast<char>('a' + random() % 6);
    if (random() % 3 == 0) {
      plain.erase(letter);
    } else {
      plain[letter] = static_cast<std::uint8_t>(1 + random() % 3);
    }
  }
  return plain;
}

/// What a three-way merge of plain maps has at one place; nothing for a conflict.
struct Merged {
  bool conflict = false;
  std::optional<std::uint8_t> value;
};
std::optional<std::uint8_t> look(const Plain& plain, char letter) {
  const auto found = plain.find(letter);
  return found == plain.end() ? std::nullopt : std::optional(found->second);
}
Merged merged(const Plain& last, const Plain& ours, const Plain& theirs, char letter) {
  const auto a = look(last, letter), b = look(ours, letter), c = look(theirs, letter);
  if (a == c) return {false, b};
  if (a == b || b == c) return {false, c};
  return {true, std::nullopt};
}

}  // namespace

TEST_CASE("a source that has not changed takes no edit back", "[zonestore][divergence]") {
  World world({{'a', 1}, {'b', 1}});
  world.edit({{'a', 2}, {'c', 3}});
  const auto merge = world.read();
  CHECK_FALSE(merge.source_changed);
  CHECK(merge.conflicts.empty());
  CHECK(plain_of(*world.zone) == Plain{{'a', 2}, {'c', 3}});
  CHECK(world.source_side() == world.source);
}

TEST_CASE("what the source changes elsewhere comes into the edited zone",
          "[zonestore][divergence]") {
  World world({{'a', 1}, {'b', 1}});
  world.edit({{'a', 2}, {'b', 1}});
  world.source = {{'a', 1}, {'b', 2}, {'d', 4}};
  const auto merge = world.read();
  CHECK(merge.source_changed);
  CHECK(plain_of(*world.zone) == Plain{{'a', 2}, {'b', 2}, {'d', 4}});
  CHECK(world.source_side() == world.source);
  CHECK(merge.version->serial().value() == 9);
}

TEST_CASE("source and edit that differ at one RRset are a conflict", "[zonestore][divergence]") {
  World world({{'a', 1}, {'b', 1}});
  world.edit({{'a', 2}, {'b', 1}});
  world.source = {{'a', 3}, {'b', 2}};
  SECTION("which changes nothing") {
    const auto merge = world.read();
    CHECK(merge.version == nullptr);
    REQUIRE(merge.conflicts.size() == 1);
    const auto& conflict = merge.conflicts.front();
    CHECK(conflict.owner == owner_of('a'));
    CHECK(conflict.last == rrset_of('a', 1));
    CHECK(conflict.zone == rrset_of('a', 2));
    CHECK(conflict.source == rrset_of('a', 3));
    CHECK(plain_of(*world.zone) == Plain{{'a', 2}, {'b', 1}});
  }
  SECTION("unless the edit is to stand") {
    const auto merge = world.read(OnConflict::keep_zone);
    CHECK(plain_of(*world.zone) == Plain{{'a', 2}, {'b', 2}});
    CHECK(world.source_side() == world.source);
    CHECK_FALSE(world.read().source_changed);
  }
  SECTION("until the source agrees") {
    world.source = {{'a', 2}, {'b', 2}};
    CHECK(world.read().version);
    CHECK(plain_of(*world.zone) == world.source);
    CHECK(world.kept.all().empty());
  }
}

TEST_CASE("a rollback holds until the source changes at all", "[zonestore][divergence]") {
  World world({{'a', 2}, {'b', 2}});
  world.edit({{'a', 1}, {'b', 1}}, Divergence::By::rollback);
  CHECK_FALSE(world.read().source_changed);
  CHECK(plain_of(*world.zone) == Plain{{'a', 1}, {'b', 1}});
  world.source = {{'a', 3}, {'b', 2}};
  CHECK(world.read().source_changed);
  CHECK(plain_of(*world.zone) == world.source);
  CHECK(world.kept.all().empty());
}

TEST_CASE("going back over an edit leaves it an edit", "[zonestore][divergence]") {
  World world({{'a', 1}});
  world.edit({{'a', 2}});
  world.edit({{'a', 3}});
  world.edit({{'a', 2}}, Divergence::By::rollback);
  REQUIRE(world.kept.all().size() == 1);
  CHECK(world.kept.all().front().by == Divergence::By::edit);
  world.source['b'] = 1;
  world.read();
  CHECK(plain_of(*world.zone) == Plain{{'a', 2}, {'b', 1}});
  world.edit({{'a', 1}, {'b', 1}}, Divergence::By::rollback);
  CHECK(world.kept.all().empty());
}

TEST_CASE("the SOA's serial is no change, the rest of it is", "[zonestore][divergence]") {
  const auto last = plain_zone({{'a', 1}}, 7);
  ZoneBuilder builder(*last);
  auto soa = soa_of(apex, 8);
  soa.ttl = 60;
  builder.put(soa);
  const VersionPtr edited = builder.finish().value();
  CHECK(zonestore::content_changes(*last, *plain_zone({{'a', 1}}, 90)).changes.empty());
  Kept kept;
  kept.take(
      zonestore::diverge({}, zonestore::content_changes(*last, *edited), Divergence::By::edit));
  REQUIRE(kept.all().size() == 1);
  CHECK_FALSE(
      zonestore::merge_source(*edited, kept.all(), *plain_zone({{'a', 1}}, 95)).source_changed);
}

TEST_CASE("any row of edits and readings is a three-way merge", "[zonestore][divergence]") {
  const auto seed = GENERATE(range(0, 60));
  CAPTURE(seed);
  std::mt19937 random(static_cast<unsigned>(seed));
  World world(random_plain(random, {}, 6));
  Plain last = world.source;
  for (int step = 0; step < 30; ++step) {
    const Plain before = plain_of(*world.zone);
    if (random() % 2 == 0) {
      world.edit(random_plain(random, before, 1 + random() % 3));
      CHECK(world.source_side() == last);
      continue;
    }
    world.source = random_plain(random, world.source, random() % 3);
    bool conflicts = false;
    Plain wanted;
    for (char letter = 'a'; letter <= 'z'; ++letter) {
      const auto place = merged(last, before, world.source, letter);
      conflicts = conflicts || place.conflict;
      if (place.value) wanted[letter] = *place.value;
    }
    const auto merge = world.read();
    CHECK(merge.source_changed == (last != world.source));
    CHECK(merge.conflicts.empty() != conflicts);
    CHECK(plain_of(*world.zone) == (conflicts ? before : wanted));
    if (conflicts) {
      world.source = last;  // the operator takes it back
    } else {
      last = world.source;
    }
    REQUIRE(world.source_side() == last);
  }
}

TEST_CASE("the journal keeps divergences with their version", "[zonestore][divergence][journal]") {
  StateFolder folder;
  {
    auto store = store_in(folder.path());
    REQUIRE(store->add(apex));
    REQUIRE(store->install(request_for(plain_zone({{'a', 1}, {'b', 1}}))));
    auto request = request_for(plain_zone({{'a', 2}, {'c', 1}}));
    DivergenceStep step = zonestore::diverge(
        {}, zonestore::content_changes(*store->current(apex), *request.candidate),
        Divergence::By::edit);
    request.divergence = std::make_shared<const DivergenceStep>(step);
    REQUIRE(store->install(request));
  }
  auto store = store_in(folder.path());
  REQUIRE(store->add(apex));
  auto& journal = store->journal();
  const auto all = journal.divergences(apex).value();
  CHECK(all.size() == 3);
  CHECK(plain_of(*zonestore::source_side(*store->current(apex), all)) == Plain{{'a', 1}, {'b', 1}});
  const RRsetKey key{owner_of('A'), dns::RRType::A};
  CHECK(journal.divergences(apex, {key}).value().size() == 1);
  DivergenceStep one;
  one.drops = {key};
  REQUIRE(journal.diverge(apex, one));
  CHECK(journal.divergences(apex).value().size() == 2);
  one.drops_all = true;
  REQUIRE(journal.diverge(apex, one));
  CHECK(journal.divergences(apex).value().empty());
  CHECK(journal.divergences(name_of("other.example.")).value().empty());
}

TEST_CASE("a rollback in the store is noted as one", "[zonestore][divergence][store]") {
  StateFolder folder;
  auto store = store_in(folder.path());
  REQUIRE(store->add(apex));
  REQUIRE(store->install(request_for(plain_zone({{'a', 1}}))));
  REQUIRE(store->install(request_for(plain_zone({{'a', 2}}))));
  REQUIRE(store->rollback(apex, 1, "test", ""));
  const auto all = store->journal().divergences(apex).value();
  REQUIRE(all.size() == 1);
  CHECK(all.front().by == Divergence::By::rollback);
  REQUIRE(store->rollback(apex, 2, "test", ""));
  CHECK(store->journal().divergences(apex).value().empty());
}
