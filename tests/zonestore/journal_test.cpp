#include "zonestore/journal.hpp"

#include "journal_samples.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace samples;

namespace {

const dns::Name apex = name_of("example.org.");

/// A version as the store would make it, without a store.
VersionPtr numbered(std::uint64_t number, std::uint32_t serial, std::uint32_t value,
                    const std::string& apex_text = "example.org.") {
  zonestore::ZoneBuilder builder(*zone_with(apex_text, value, serial));
  builder.set_provenance({number, zonestore::WallTime(std::chrono::microseconds(1234567)), "ann",
                          "because", "zones/example.org.yaml"});
  return builder.finish().value();
}

Journal::Entry step_between(const VersionPtr& before, const VersionPtr& after) {
  return {after, std::make_shared<const zonestore::ChangeSet>(changes_between(*before, *after))};
}

/// What the reader of a version can ask of history: from every serial it reaches, the newest.
void check_history(Journal& journal, const zonestore::ZoneVersion& newest,
                   const std::map<std::uint64_t, std::string>& contents) {
  std::uint64_t number = newest.number() - newest.history().size();
  for (const auto& first : newest.history()) {
    CAPTURE(number);
    const auto steps = newest.steps_from(first->from);
    REQUIRE(steps);
    if (const auto old = journal.version(newest.apex(), number)) {
      REQUIRE(octets_of(**old) == contents.at(number));
      REQUIRE((*old)->serial() == first->from);
      zonestore::ZoneBuilder builder(**old);
      for (const auto& step : *steps) REQUIRE(builder.apply(*step));
      REQUIRE(octets_of(*builder.finish().value()) == octets_of(newest));
      zonestore::ZoneBuilder at_once(**old);
      REQUIRE(at_once.apply(condense(*steps)));
      REQUIRE(octets_of(*at_once.finish().value()) == octets_of(newest));
    }
    ++number;
  }
}

}  // namespace

TEST_CASE("memory, journal and history tell the same of random changes", "[zonestore][journal]") {
  struct Case {
    const char* what;
    HistoryLimits limits;
    std::size_t owners;
    int versions;
  };
  const auto c = GENERATE(Case{"defaults", {}, 20, 120},
                          Case{"little history in memory", {3, 1000, 1000}, 20, 60},
                          Case{"no history in memory", {0, 0, 1000}, 20, 30},
                          Case{"little on disk", {200, 1 << 20, 7}, 20, 60},
                          Case{"one on disk", {200, 1 << 20, 1}, 20, 20},
                          Case{"snapshots by size", {200, 1 << 20, 100000}, 600, 60});
  INFO(c.what);
  const unsigned seed = GENERATE(1u, 2u, 3u);
  CAPTURE(seed);
  StateFolder folder;
  RandomZone zone(seed, c.owners);
  for (std::size_t i = 0; c.owners > 100 && i < 2 * c.owners; ++i) zone.change();
  std::map<std::uint64_t, std::string> contents;
  auto store = store_in(folder.path(), c.limits);
  for (int i = 0; i < c.versions; ++i) {
    for (int j = c.owners > 100 ? 40 : 1; j > 0; --j) zone.change();
    const auto installed = store->install(request_for(zone.version("example.org.")));
    REQUIRE(installed);
    const auto& version = *installed->version;
    contents[version.number()] = octets_of(version);
    if (c.owners > 100 && i % 10 != 0) continue;  // slow
    const auto loaded = store->journal().newest(apex);
    REQUIRE(loaded);
    REQUIRE(octets_of(**loaded) == octets_of(version));
    REQUIRE((*loaded)->serial() == version.serial());
    REQUIRE((*loaded)->number() == version.number());
    REQUIRE((*loaded)->record_count() == version.record_count());
    const auto& on_disk = (*loaded)->history();
    const auto& in_memory = version.history();
    // A step that is pruned on disk may still be in memory.
    REQUIRE(on_disk.size() <= in_memory.size());
    REQUIRE(on_disk.size() >= std::min(in_memory.size(), c.limits.disk_versions));
    REQUIRE(std::equal(on_disk.rbegin(), on_disk.rend(), in_memory.rbegin(),
                       [](const auto& a, const auto& b) {
                         return a->from == b->from && a->to == b->to && a->changes == b->changes;
                       }));
    if (i % 17 == 3 || i == 50) {
      store.reset();
      store = store_in(folder.path(), c.limits);
      REQUIRE(store->add(apex));
      REQUIRE(octets_of(*store->current(apex)) == contents.rbegin()->second);
    }
  }
  const auto last = contents.rbegin()->first;
  std::size_t kept = 0;
  for (const auto& [number, octets] : contents) {
    const auto version = store->journal().version(apex, number);
    if (!version) {
      REQUIRE(version.error().code == Errc::not_found);
      REQUIRE(kept == 0);  // only the oldest are missing
      REQUIRE(last - number >= c.limits.disk_versions);
      continue;
    }
    ++kept;
    REQUIRE(octets_of(**version) == octets);
  }
  CHECK(kept <= 2 * c.limits.disk_versions);
  CHECK(store->journal().history(apex, 1000000)->size() == kept);
  check_history(store->journal(), *store->current(apex), contents);
}

TEST_CASE("a version comes back with all that was known of it", "[zonestore][journal]") {
  StateFolder folder;
  const auto first = numbered(1, 10, 1);
  const auto second = numbered(2, 11, 2);
  {
    auto journal = Journal::open(folder.path()).value();
    CHECK(journal->newest(apex).value() == nullptr);
    CHECK(journal->zones().empty());
    REQUIRE(journal->record({{first, nullptr}}));
    REQUIRE(journal->record({step_between(first, second)}));
  }
  auto journal = Journal::open(folder.path()).value();
  CHECK(journal->zones() == std::vector{apex});
  const auto newest = journal->newest(name_of("EXAMPLE.org.")).value();
  REQUIRE(newest);
  CHECK(newest->provenance().number == 2);
  CHECK(newest->provenance().who == "ann");
  CHECK(newest->provenance().why == "because");
  CHECK(newest->provenance().source == "zones/example.org.yaml");
  CHECK(newest->provenance().committed == second->provenance().committed);
  CHECK(newest->history().size() == 1);

  const auto history = journal->history(apex, 10).value();
  REQUIRE(history.size() == 2);
  CHECK(history[0].provenance.number == 2);
  CHECK(history[0].serial.value() == 11);
  CHECK(history[0].records == 3);
  CHECK(history[0].added == 1);
  CHECK(history[0].removed == 1);
  CHECK(history[1].provenance.who == "ann");
  CHECK(history[1].added == 3);
  CHECK(journal->history(apex, 1)->size() == 1);
  CHECK(journal->history(name_of("example.net."), 1)->empty());
  CHECK(journal->last_number(apex).value() == 2);
  CHECK(journal->last_number(name_of("example.net.")).value() == 0);
}

TEST_CASE("records are counted one by one", "[zonestore][journal]") {
  StateFolder folder;
  auto store = store_in(folder.path());
  const auto www = name_of("www.example.org.");
  const auto install = [&](const dns::RRset& rrset) {
    REQUIRE(store->install(request_for(zone_of("example.org.", 1, {rrset}))));
    const auto newest = store->journal().history(apex, 1)->front();
    return std::pair(newest.added, newest.removed);
  };
  using Pair = std::pair<std::size_t, std::size_t>;
  CHECK(install(a_of(www, {1, 2})) == Pair(4, 0));
  CHECK(install(a_of(www, {1, 2, 3})) == Pair(1, 0));
  CHECK(install(a_of(www, {3, 4})) == Pair(1, 2));
  CHECK(install(a_of(www, {3, 4}, 301)) == Pair(2, 2));
  CHECK(install(txt_of(www, {"x"})) == Pair(1, 2));
}

TEST_CASE("a version that is not kept is named with those that are", "[zonestore][journal]") {
  StateFolder folder;
  auto store = store_in(folder.path(), {200, 1 << 20, 3});
  const auto none = store->journal().version(apex, 1);
  REQUIRE_FALSE(none);
  CHECK(none.error().code == Errc::not_found);
  for (std::uint32_t i = 0; i < 10; ++i) {
    REQUIRE(store->install(request_for(zone_with("example.org.", i))));
  }
  for (const std::uint64_t number :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{11}, ~std::uint64_t{0}}) {
    const auto version = store->journal().version(apex, number);
    REQUIRE_FALSE(version);
    CHECK(version.error().code == Errc::not_found);
    CHECK_THAT(version.error().detail, Catch::Contains(" to 10 are kept"));
  }
}

TEST_CASE("numbers and serials are never used twice", "[zonestore][journal]") {
  StateFolder folder;
  auto journal = Journal::open(folder.path()).value();
  const auto first = numbered(3, 0xffff'fffe, 1);
  REQUIRE(journal->record({{first, nullptr}}));
  CHECK(journal->highest_serial(apex).value().value() == 0xffff'fffe);
  struct Case {
    std::uint64_t number;
    std::uint32_t serial;
    Errc want;
  };
  for (const auto& c : {Case{3, 0xffff'ffff, Errc::conflict}, Case{2, 0xffff'ffff, Errc::conflict},
                        Case{4, 0xffff'fffe, Errc::bad_serial}, Case{4, 5000, Errc::conflict},
                        Case{4, 0x7fff'fffe, Errc::bad_serial}}) {
    CAPTURE(c.number, c.serial);
    const auto done = journal->record({step_between(first, numbered(c.number, c.serial, 2))});
    if (c.serial == 5000) {
      REQUIRE(done);  // ahead, round the circle
      REQUIRE_FALSE(journal->record({step_between(first, numbered(c.number, 5001, 2))}));
      CHECK(journal->highest_serial(apex).value().value() == 5000);
      break;
    }
    REQUIRE_FALSE(done);
    CHECK(done.error().code == c.want);
    CHECK(journal->last_number(apex).value() == 3);
  }
}

TEST_CASE("serials seen elsewhere are remembered", "[zonestore][journal]") {
  StateFolder folder;
  auto journal = Journal::open(folder.path()).value();
  CHECK_FALSE(journal->highest_serial(apex));
  REQUIRE(journal->raise_serial(apex, dns::Serial(0xffff'fff0)));
  REQUIRE(journal->raise_serial(apex, dns::Serial(0xffff'ffe0)));
  CHECK(journal->highest_serial(apex).value().value() == 0xffff'fff0);
  REQUIRE(journal->raise_serial(apex, dns::Serial(3)));
  journal.reset();
  journal = Journal::open(folder.path()).value();
  CHECK(journal->highest_serial(apex).value().value() == 3);
  CHECK(journal->zones().empty());
  CHECK(journal->newest(apex).value() == nullptr);
  REQUIRE_FALSE(journal->record({{numbered(1, 3, 1), nullptr}}));
  REQUIRE(journal->record({{numbered(1, 4, 1), nullptr}}));
}

TEST_CASE("what providers were given is remembered", "[zonestore][journal]") {
  StateFolder folder;
  auto journal = Journal::open(folder.path()).value();
  CHECK_FALSE(journal->applied(apex, "one"));
  const zonestore::WallTime at{std::chrono::microseconds(99)};
  REQUIRE(journal->set_applied(apex, "one", {1, at, "{\"a\":1}"}));
  REQUIRE(journal->set_applied(apex, "two", {2, at, ""}));
  REQUIRE(journal->set_applied(apex, "one", {3, at, std::string("x\0y", 3)}));
  journal.reset();
  journal = Journal::open(folder.path(), {}, true).value();
  const auto one = journal->applied(apex, "one");
  REQUIRE(one);
  CHECK(one->version == 3);
  CHECK(one->at == at);
  CHECK(one->state == std::string("x\0y", 3));
  CHECK(journal->applied(apex, "two")->state.empty());
  CHECK_FALSE(journal->applied(name_of("example.net."), "one"));
}

TEST_CASE("all entries are recorded or none", "[zonestore][journal]") {
  StateFolder folder;
  auto journal = Journal::open(folder.path()).value();
  std::vector<Journal::Entry> entries;
  for (int i = 0; i < 100; ++i) {
    entries.push_back({numbered(1, 1, 1, "z" + std::to_string(i) + ".example."), nullptr});
  }
  auto bad = entries;
  bad.push_back({numbered(1, 1, 1, "z7.example."), nullptr});
  const auto refused = journal->record(bad);
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().detail, Catch::StartsWith("z7.example.: "));
  CHECK(journal->zones().empty());
  REQUIRE(journal->record(entries));
  CHECK(journal->zones().size() == 100);
  REQUIRE(journal->record({}));
}

TEST_CASE("damage of a version is an error that names it", "[zonestore][journal]") {
  struct Case {
    const char* what;
    const char* sql;
    const char* words;
  };
  const auto c = GENERATE(
      Case{"an octet of a step",
           "UPDATE changes SET content = CAST(substr(content, 1, 30) || x'00' "
           "|| substr(content, 32) AS BLOB) WHERE number = 2",
           "step 2: the checksum is wrong"},
      Case{"a step is missing", "DELETE FROM changes WHERE number = 2", "step 2 is missing"},
      Case{"the last step is missing", "DELETE FROM changes WHERE number = 3", "step 3 is missing"},
      Case{"a step twice",
           "UPDATE changes SET content = (SELECT content FROM changes WHERE number "
           "= 2) WHERE number = 3",
           "step 3: "},
      Case{"an octet of the snapshot",
           "UPDATE snapshots SET content = CAST(substr(content, 1, 30) || x'00' AS BLOB)",
           "snapshot 1: the checksum is wrong"},
      Case{"no snapshot", "DELETE FROM snapshots", "no snapshot"},
      Case{"no version row", "PRAGMA foreign_keys = OFF; DELETE FROM versions WHERE number = 3",
           "no row of version 3"},
      Case{"another serial", "UPDATE versions SET serial = 77 WHERE number = 3", "lost its serial"},
      Case{"fewer records", "UPDATE versions SET records = 77 WHERE number = 3",
           "lost its serial"});
  INFO(c.what);
  StateFolder folder;
  {
    auto store = store_in(folder.path());
    for (std::uint32_t i = 1; i <= 3; ++i) {
      REQUIRE(store->install(request_for(zone_with("example.org.", i))));
    }
  }
  run_sql(folder.database(), c.sql);
  auto store = store_in(folder.path());
  const auto added = store->add(apex);
  REQUIRE_FALSE(added);
  CHECK(added.error().code == Errc::io);
  CHECK_THAT(added.error().detail, Catch::Contains("version 3 of example.org. cannot be read"));
  CHECK_THAT(added.error().detail, Catch::Contains(c.words));
  CHECK(store->zones()->find(apex)->version() == nullptr);

  // A good source mends it: the zone goes on above every number and serial it had.
  const auto mended = store->install(request_for(zone_with("example.org.", 9)));
  REQUIRE(mended);
  CHECK(mended->version->number() == 4);
  CHECK(mended->version->serial().value() == 4);
  CHECK(mended->step == nullptr);
  REQUIRE(store->install(request_for(zone_with("example.org.", 10))));
  store.reset();
  store = store_in(folder.path());
  REQUIRE(store->add(apex));
  CHECK(store->current(apex)->number() == 5);
  CHECK(store->current(apex)->history().size() == 1);
}

TEST_CASE("what one change costs on disk does not depend on the zone", "[zonestore][journal]") {
  const auto pages_for = [](std::size_t names) {
    StateFolder folder;
    std::vector<dns::RRset> rrsets;
    for (std::size_t i = 0; i < names; ++i) {
      rrsets.push_back(a_of(name_of("n" + std::to_string(i) + ".example.org."), {1}));
    }
    auto store = store_in(folder.path());
    REQUIRE(store->install(request_for(zone_of("example.org.", 1, rrsets))));
    run_sql(folder.database(), "PRAGMA wal_checkpoint(TRUNCATE)");
    rrsets.front() = a_of(rrsets.front().owner, {2});
    REQUIRE(store->install(request_for(zone_of("example.org.", 1, rrsets))));
    return fs::file_size(folder.path() / "taproot.db-wal") / 4096;
  };
  const auto small = pages_for(10);
  const auto large = pages_for(20000);
  CHECK(small <= 12);
  CHECK(large <= small + 2);
}

TEST_CASE("snapshots come as often as the changes are worth", "[zonestore][journal]") {
  StateFolder folder;
  std::vector<dns::RRset> rrsets;
  for (int i = 0; i < 4000; ++i) {
    rrsets.push_back(a_of(name_of("n" + std::to_string(i) + ".example.org."), {1}));
  }
  std::size_t content = 0;
  std::size_t changed = 0;
  {
    auto store = store_in(folder.path(), {0, 0, 10});
    for (std::uint32_t i = 0; i < 60; ++i) {
      for (std::size_t k = 0; k < 200; ++k) rrsets[k] = a_of(rrsets[k].owner, {i + 10});
      const auto installed = store->install(request_for(zone_of("example.org.", 1, rrsets)));
      REQUIRE(installed);
      content = installed->version->content_octets();
      if (installed->step) changed += installed->step->octets();
    }
  }
  const auto bases = run_sql(folder.database(), "SELECT count(DISTINCT number) FROM snapshots");
  const auto kept = run_sql(folder.database(), "SELECT count(*) FROM versions");
  CAPTURE(content, changed);
  CHECK(bases >= 1);
  CHECK(static_cast<std::size_t>(bases) <= changed / content + 1);
  CHECK(kept >= 10);
  CHECK(kept < 60);
  CHECK(run_sql(folder.database(), "SELECT count(*) FROM pragma_foreign_key_check") == 0);
}

TEST_CASE("what is kept is bounded in size, too", "[zonestore][journal]") {
  HistoryLimits limits;
  limits.disk_octets = 20'000;
  limits.disk_versions = 8;
  StateFolder folder;
  auto store = store_in(folder.path(), limits);
  const auto octets = [&] { return run_sql(folder.database(), "SELECT octets FROM zones"); };
  const auto sum = [&] { return run_sql(folder.database(), "SELECT sum(octets) FROM versions"); };
  const auto oldest = [&] { return run_sql(folder.database(), "SELECT oldest FROM zones"); };
  std::vector<dns::RRset> rrsets;
  for (int i = 0; i < 60; ++i) {
    rrsets.push_back(txt_of(name_of("h" + std::to_string(i) + ".example.org."),
                            {std::string(100, static_cast<char>('a' + i % 26))}));
  }
  for (std::uint32_t i = 1; i <= 60; ++i) {
    rrsets.push_back(a_of(name_of("www.example.org."), {i}));
    REQUIRE(store->install(request_for(zone_of("example.org.", 1, rrsets))));
    rrsets.pop_back();
    REQUIRE(octets() == sum());
    // The newest snapshot with what follows it always stays.
    const bool can_go = run_sql(folder.database(), "SELECT base > oldest FROM zones") != 0;
    REQUIRE((octets() <= 20'000 || !can_go));
    REQUIRE(store->journal().version(apex, std::uint64_t(oldest())));
  }
  CHECK(oldest() > 30);
  // A smaller bound takes effect with the next version.
  store.reset();
  limits.disk_octets = 0;
  limits.disk_versions = 1000;
  store = store_in(folder.path(), limits);
  REQUIRE(store->install(request_for(zone_of("example.org.", 1, rrsets))));
  CHECK(oldest() == run_sql(folder.database(), "SELECT base FROM zones"));
  CHECK(store->journal().newest(apex).value()->record_count() == rrsets.size() + 2);
}

TEST_CASE("versions are found by serial and by time", "[zonestore][journal]") {
  StateFolder folder;
  auto journal = Journal::open(folder.path()).value();
  auto now = zonestore::WallTime(std::chrono::hours(480000));
  ZoneStore store(std::move(journal), {}, [&] { return now; });
  for (std::uint32_t i = 1; i <= 4; ++i) {
    REQUIRE(store.install(request_for(zone_with("example.org.", i))));
    now += std::chrono::hours(1);
  }
  auto& kept = store.journal();
  const auto third = kept.version(apex, 3).value();
  CHECK(kept.number_of(apex, third->serial()).value() == 3);
  CHECK(kept.number_at(apex, third->provenance().committed).value() == 3);
  CHECK(kept.number_at(apex, third->provenance().committed + std::chrono::minutes(59)).value() ==
        3);
  CHECK(kept.number_at(apex, now).value() == 4);
  const auto early = kept.number_at(apex, zonestore::WallTime(std::chrono::hours(479999)));
  REQUIRE_FALSE(early);
  CHECK(early.error().code == Errc::not_found);
  CHECK_THAT(early.error().detail, Catch::Contains("1 is the oldest"));
  const auto none = kept.number_of(apex, dns::Serial(77));
  REQUIRE_FALSE(none);
  CHECK_THAT(none.error().detail, Catch::Contains("serial 77") && Catch::Contains("1 to 4"));
  CHECK_FALSE(kept.number_of(name_of("example.net."), dns::Serial(1)));
}

TEST_CASE("a version may differ from the one before in nothing but its serial",
          "[zonestore][journal]") {
  StateFolder folder;
  auto store = store_in(folder.path());
  auto request = request_for(zone_with("example.org.", 7));
  request.source = "zones/example.org.yaml";
  request.revision = std::string(40, 'a');
  const auto first = store->install(request).value().version;
  const auto second = store->renumber(apex, dns::Serial(500), "alice", "above").value();
  REQUIRE(second.changed);
  CHECK(second.version->serial() == dns::Serial(500));
  CHECK(second.version->provenance().source == "zones/example.org.yaml");
  CHECK(second.version->history().back()->changes.size() == 1);
  const auto back = store->renumber(apex, dns::Serial(499), "", "");
  REQUIRE_FALSE(back);
  CHECK(back.error().code == Errc::bad_serial);
  CHECK_FALSE(store->renumber(apex, dns::Serial(500), "", ""));
  CHECK_FALSE(store->renumber(name_of("example.net."), dns::Serial(1), "", ""));
  // The source, which still says the same, changes nothing.
  CHECK_FALSE(store->install(request_for(zone_with("example.org.", 7))).value().changed);
  store.reset();
  store = store_in(folder.path());
  const auto history = store->journal().history(apex, 9).value();
  REQUIRE(history.size() == 2);
  CHECK(history[0].provenance.revision == std::string(40, 'a'));
  CHECK(history[0].provenance.who == "alice");
}
