#include "zonestore/store.hpp"

#include "journal_samples.hpp"

#include <catch2/catch.hpp>

#include <stdexcept>

using namespace samples;
using zonestore::Installed;
using zonestore::SerialPolicy;

namespace {

const dns::Name apex = name_of("example.org.");

VersionPtr candidate(std::uint32_t value, std::uint32_t serial = 1) {
  return zone_with("example.org.", value, serial);
}

std::uint32_t value_of(const zonestore::ZoneVersion& version) {
  const auto rrset = version.find(name_of("www.example.org."), dns::RRType::A);
  return rrset ? rrset->rdata.front().wire()[3] : 0;
}

}  // namespace

TEST_CASE("a zone that was never good is configured but not loaded", "[zonestore][store]") {
  StateFolder folder;
  auto store = store_in(folder.path());
  CHECK(store->zones()->find(apex) == nullptr);
  REQUIRE(store->add(apex));
  REQUIRE(store->zones()->find(apex));
  CHECK(store->current(apex) == nullptr);
  store->drop(apex);
  CHECK(store->zones()->find(apex) == nullptr);
  store->drop(apex);
}

TEST_CASE("a first version is taken as it is", "[zonestore][store]") {
  StateFolder folder;
  auto store = store_in(folder.path());
  REQUIRE(store->add(apex));
  auto request = request_for(candidate(1, 42));
  request.serial_is_ours = false;
  request.why = "first";
  request.source = "file";
  const auto installed = store->install(request);
  REQUIRE(installed);
  CHECK(installed->changed);
  CHECK(installed->step == nullptr);
  CHECK(installed->version->serial().value() == 42);
  CHECK(installed->version->number() == 1);
  CHECK(installed->version->history().empty());
  CHECK(installed->version->provenance().who == "test");
  CHECK(installed->version->provenance().why == "first");
  CHECK(installed->version->provenance().source == "file");
  CHECK(installed->version->provenance().committed ==
        zonestore::WallTime(std::chrono::hours(480000)));
  CHECK(store->current(apex) == installed->version);
}

TEST_CASE("the same contents change nothing, whatever the serial", "[zonestore][store]") {
  StateFolder folder;
  auto store = store_in(folder.path());
  const auto first = store->install(request_for(candidate(1)));
  REQUIRE(first);
  int told = 0;
  store->on_installed([&](const Installed&) { ++told; });
  for (const auto policy : {SerialPolicy::increment, SerialPolicy::keep, SerialPolicy::date}) {
    for (const std::uint32_t serial : {1u, 0u, 999u, 0xffff'ffffu}) {
      auto request = request_for(candidate(1, serial));
      request.serial_is_ours = false;
      request.policy = policy;
      const auto again = store->install(request);
      REQUIRE(again);
      CHECK_FALSE(again->changed);
      CHECK(again->step == nullptr);
      CHECK(again->version == first->version);
    }
  }
  CHECK(told == 0);
  CHECK(store->journal().history(apex, 10)->size() == 1);
}

TEST_CASE("a change of the SOA alone is a change", "[zonestore][store]") {
  StateFolder folder;
  auto store = store_in(folder.path());
  REQUIRE(store->install(request_for(candidate(1))));
  zonestore::ZoneBuilder builder(*candidate(1));
  auto soa = soa_of(apex, 1);
  SECTION("a timer") {
    auto fields = dns::Soa::from_rdata(soa.rdata.front().wire()).value();
    fields.minimum = 77;
    soa.rdata = {fields.to_rdata()};
  }
  SECTION("the TTL") {
    soa.ttl = 77;
  }
  builder.put(soa);
  const auto installed = store->install(request_for(builder.finish().value()));
  REQUIRE(installed);
  CHECK(installed->changed);
  CHECK(installed->version->serial().value() == 2);
  CHECK(installed->step->changes.size() == 1);
}

TEST_CASE("a change becomes the next version, built on the last", "[zonestore][store]") {
  StateFolder folder;
  auto store = store_in(folder.path());
  const auto first = store->install(request_for(candidate(1)));
  const auto second = store->install(request_for(candidate(2, 70)));
  REQUIRE(first);
  REQUIRE(second);
  CHECK(second->changed);
  CHECK(second->version->number() == 2);
  CHECK(second->version->serial().value() == 2);
  CHECK(value_of(*second->version) == 2);
  REQUIRE(second->step);
  CHECK(second->step->from.value() == 1);
  CHECK(second->step->to.value() == 2);
  CHECK(second->step->changes.size() == 2);
  CHECK(second->version->history() == std::vector{second->step});
  CHECK(second->step->changes == changes_between(*first->version, *second->version).changes);
  // What did not change is shared, not copied.
  zonestore::ZoneBuilder more(*second->version);
  more.put(a_of(name_of("far.example.org."), {1}));
  const auto third = store->install(request_for(more.finish().value()));
  REQUIRE(third);
  const auto www = name_of("www.example.org.");
  CHECK(third->version->find(www) == second->version->find(www));
}

TEST_CASE("serials follow the policy and everything that was ever seen", "[zonestore][store]") {
  struct Case {
    const char* what;
    std::uint32_t seen;
    SerialPolicy policy;
    bool ours;
    std::uint32_t source;
    std::uint32_t want;  ///< 0: refused
  };
  const auto c = GENERATE(
      Case{"ours", 500, SerialPolicy::increment, true, 900, 501},
      Case{"the source is ahead", 500, SerialPolicy::increment, false, 900, 900},
      Case{"the source is behind", 500, SerialPolicy::increment, false, 9, 501},
      Case{"keep, ahead", 500, SerialPolicy::keep, false, 900, 900},
      Case{"keep, behind", 500, SerialPolicy::keep, false, 499, 0},
      Case{"keep, the same", 500, SerialPolicy::keep, false, 500, 0},
      Case{"keep, but the serial is ours", 500, SerialPolicy::keep, true, 900, 0},
      Case{"seen round the circle", 0xffff'ffff, SerialPolicy::increment, true, 1, 0xffff'ffff},
      Case{"seen as far ahead as can be", 0x8000'0009, SerialPolicy::increment, true, 1, 0});
  INFO(c.what);
  StateFolder folder;
  auto store = store_in(folder.path());
  const bool wraps = c.seen == 0xffff'ffff;
  REQUIRE(store->install([&] {
    auto request = request_for(candidate(1, wraps ? 0xffff'fffe : 10));
    request.serial_is_ours = false;
    return request;
  }()));
  if (!wraps) REQUIRE(store->journal().raise_serial(apex, dns::Serial(c.seen)));
  auto request = request_for(candidate(2, c.source));
  request.policy = c.policy;
  request.serial_is_ours = c.ours;
  const auto installed = store->install(request);
  if (c.want == 0) {
    REQUIRE_FALSE(installed);
    CHECK(installed.error().code == Errc::bad_serial);
    CHECK_THAT(installed.error().detail, Catch::StartsWith("example.org.: "));
    CHECK(value_of(*store->current(apex)) == 1);
    return;
  }
  REQUIRE(installed);
  CHECK(installed->version->serial().value() == c.want);
  const auto next = store->install(request_for(candidate(3)));
  REQUIRE(next);
  CHECK(next->version->serial().value() == c.want + 1);
}

TEST_CASE("a new zone starts above what others have seen of it", "[zonestore][store]") {
  StateFolder folder;
  auto store = store_in(folder.path());
  REQUIRE(store->journal().raise_serial(apex, dns::Serial(2026112300)));
  const auto installed = store->install(request_for(candidate(1)));
  REQUIRE(installed);
  CHECK(installed->version->serial().value() == 2026112301);
  CHECK(installed->version->number() == 1);
}

TEST_CASE("a dropped zone goes on where it was", "[zonestore][store]") {
  StateFolder folder;
  auto store = store_in(folder.path());
  REQUIRE(store->install(request_for(candidate(1))));
  REQUIRE(store->install(request_for(candidate(2))));
  store->drop(apex);
  CHECK(store->current(apex) == nullptr);
  SECTION("added again") {
    REQUIRE(store->add(apex));
    CHECK(store->current(apex)->number() == 2);
    REQUIRE(store->add(apex));  // once more changes nothing
    CHECK(store->current(apex)->number() == 2);
  }
  SECTION("installed again") {
    const auto installed = store->install(request_for(candidate(3)));
    REQUIRE(installed);
    CHECK(installed->version->number() == 3);
    CHECK(installed->version->serial().value() == 3);
    CHECK(installed->step);
  }
}

TEST_CASE("a change for another version is refused", "[zonestore][store]") {
  StateFolder folder;
  auto store = store_in(folder.path());
  auto request = request_for(candidate(1));
  request.based_on = 1;
  const auto early = store->install(request);
  REQUIRE_FALSE(early);
  CHECK(early.error().code == Errc::conflict);
  CHECK_THAT(early.error().detail, Catch::Contains("no version is current"));
  request.based_on = 0;
  REQUIRE(store->install(request));
  for (const std::uint64_t wrong : {0u, 2u}) {
    request = request_for(candidate(2));
    request.based_on = wrong;
    const auto refused = store->install(request);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Errc::conflict);
    CHECK_THAT(refused.error().detail, Catch::Contains("version 1 is current"));
  }
  request.based_on = 1;
  CHECK(store->install(request));
}

TEST_CASE("one bad request does not stop the others", "[zonestore][store]") {
  StateFolder folder;
  auto store = store_in(folder.path());
  REQUIRE(store->install(request_for(candidate(1))));
  std::vector<zonestore::InstallRequest> requests;
  requests.push_back(request_for(zone_with("a.example.", 1)));
  requests.push_back(request_for(candidate(2)));
  requests.back().based_on = 9;
  requests.push_back(request_for(nullptr));
  requests.push_back(request_for(zone_with("b.example.", 1)));
  requests.push_back(request_for(candidate(1)));
  const auto results = store->install(requests);
  REQUIRE(results.size() == 5);
  CHECK((results[0] && results[0]->changed));
  CHECK((!results[1] && results[1].error().code == Errc::conflict));
  CHECK((!results[2] && results[2].error().code == Errc::bad_zone));
  CHECK((results[3] && results[3]->changed));
  CHECK((results[4] && !results[4]->changed));
  CHECK(store->zones()->size() == 3);
  CHECK(store->install(std::vector<zonestore::InstallRequest>()).empty());
}

TEST_CASE("requests for the same zone follow each other", "[zonestore][store]") {
  StateFolder folder;
  auto store = store_in(folder.path());
  std::vector<std::uint64_t> told;
  store->on_installed([&](const Installed& it) { told.push_back(it.version->number()); });
  std::vector<zonestore::InstallRequest> requests;
  for (const std::uint32_t value : {1u, 2u, 2u, 3u})
    requests.push_back(request_for(candidate(value)));
  requests[1].based_on = 1;
  requests[3].based_on = 2;
  const auto results = store->install(requests);
  REQUIRE(results.size() == 4);
  for (const auto& result : results) REQUIRE(result);
  CHECK(results[2]->version == results[1]->version);
  CHECK_FALSE(results[2]->changed);
  CHECK(results[3]->version->serial().value() == 3);
  CHECK(results[3]->version->history().size() == 2);
  CHECK(store->current(apex) == results[3]->version);
  CHECK(told == std::vector<std::uint64_t>{1, 2, 3});
  store.reset();
  store = store_in(folder.path());
  REQUIRE(store->add(apex));
  CHECK(value_of(*store->current(apex)) == 3);
  CHECK(value_of(*store->journal().version(apex, 2).value()) == 2);
}

TEST_CASE("journal, then publish, then tell", "[zonestore][store]") {
  StateFolder folder;
  auto store = store_in(folder.path());
  REQUIRE(store->install(request_for(candidate(1))));
  const auto before = store->zones();
  std::uint64_t journaled = 0;
  std::uint64_t served = 0;
  std::size_t sets = 0;
  store->on_installed([&](const Installed& it) {
    const auto reader = Journal::open(folder.path(), {}, true).value();
    journaled = reader->newest(it.version->apex()).value()->number();
    served = store->current(it.version->apex())->number();
    sets = store->zones()->size();
  });
  REQUIRE(
      store->install({request_for(candidate(2)), request_for(zone_with("b.example.", 1))}).front());
  CHECK(journaled == 1);  // of the last one told, b.example.
  CHECK(served == 1);
  CHECK(sets == 2);
  REQUIRE(store->install(request_for(candidate(3))));
  CHECK(journaled == 3);
  CHECK(served == 3);
  CHECK(before->find(apex)->version()->number() == 1);  // whoever has a set keeps it
}

TEST_CASE("what cannot be journaled is not served and not told", "[zonestore][store]") {
  StateFolder folder;
  {
    REQUIRE(store_in(folder.path())->install(request_for(candidate(1))));
  }
  ZoneStore store(Journal::open(folder.path(), {}, true).value(), {});
  REQUIRE(store.add(apex));
  bool told = false;
  store.on_installed([&](const Installed&) { told = true; });
  const auto before = store.zones();
  const auto results = store.install(
      {request_for(candidate(2)), request_for(candidate(2)), request_for(zone_with("b.", 1))});
  for (const auto& result : results) {
    REQUIRE_FALSE(result);
    CHECK(result.error().code == Errc::io);
  }
  CHECK(store.zones() == before);
  CHECK_FALSE(told);
}

TEST_CASE("an exception leaves nothing half done", "[zonestore][store]") {
  StateFolder folder;
  int calls = 0;
  int throw_at = 0;
  ZoneStore store(Journal::open(folder.path()).value(), {}, [&]() -> zonestore::WallTime {
    if (++calls == throw_at) throw std::runtime_error("no clock");
    return {};
  });
  REQUIRE(store.install(request_for(candidate(1))));
  const auto before = store.zones();
  throw_at = calls + 2;
  CHECK_THROWS(store.install({request_for(candidate(2)), request_for(zone_with("b.", 1))}));
  CHECK(store.zones() == before);
  CHECK(store.journal().last_number(apex).value() == 1);

  SECTION("a listener's exception does not keep the others from being told") {
    int told = 0;
    store.on_installed([&](const Installed&) {
      if (++told == 1) throw std::runtime_error("busy");
    });
    CHECK_THROWS(store.install({request_for(candidate(2)), request_for(zone_with("b.", 1))}));
    CHECK(told == 2);
    CHECK(store.current(apex)->number() == 2);
    CHECK(store.journal().last_number(apex).value() == 2);
  }
}

TEST_CASE("a listener may install", "[zonestore][store]") {
  StateFolder folder;
  auto store = store_in(folder.path());
  store->on_installed([&](const Installed& it) {
    if (it.version->number() < 5) {
      (void)store->install(
          request_for(candidate(static_cast<std::uint32_t>(it.version->number()) + 1)));
    }
  });
  REQUIRE(store->install(request_for(candidate(1))));
  CHECK(store->current(apex)->number() == 5);
}

TEST_CASE("a rollback is a new version with old contents", "[zonestore][store]") {
  StateFolder folder;
  auto store = store_in(folder.path());
  for (const std::uint32_t value : {1u, 2u, 3u}) {
    REQUIRE(store->install(request_for(candidate(value))));
  }
  const auto back = store->rollback(apex, 1, "ann", "3 was wrong");
  REQUIRE(back);
  CHECK(back->changed);
  CHECK(back->version->number() == 4);
  CHECK(back->version->serial().value() == 4);
  CHECK(value_of(*back->version) == 1);
  CHECK(back->version->provenance().who == "ann");
  CHECK(back->version->provenance().why == "3 was wrong");
  CHECK(back->version->provenance().source == "version 1");
  CHECK(back->version->history().size() == 3);
  const auto nothing = store->rollback(apex, 4, "ann", "");
  REQUIRE(nothing);
  CHECK_FALSE(nothing->changed);
  const auto unknown = store->rollback(apex, 17, "ann", "");
  REQUIRE_FALSE(unknown);
  CHECK(unknown.error().code == Errc::not_found);
  CHECK_THAT(unknown.error().detail, Catch::Contains("1 to 4 are kept"));
}

TEST_CASE("a replaced version is freed by the store, not by its last reader",
          "[zonestore][store]") {
  StateFolder folder;
  auto store = store_in(folder.path());
  REQUIRE(store->install(request_for(candidate(1))));
  auto reader = store->current(apex);
  const std::weak_ptr<const zonestore::ZoneVersion> old = reader;
  REQUIRE(store->install(request_for(candidate(2))));
  reader.reset();
  CHECK_FALSE(old.expired());
  store->free_retired();
  CHECK(old.expired());
  const std::weak_ptr<const zonestore::ZoneVersion> unread = store->current(apex);
  REQUIRE(store->install(request_for(candidate(3))));
  CHECK(unread.expired());
}

TEST_CASE("many zones are installed at once", "[zonestore][store]") {
  StateFolder folder;
  auto store = store_in(folder.path());
  std::vector<zonestore::InstallRequest> requests;
  for (int i = 0; i < 5000; ++i) {
    requests.push_back(request_for(zone_with("z" + std::to_string(i) + ".example.", 1)));
  }
  for (const auto& result : store->install(requests)) REQUIRE(result);
  CHECK(store->zones()->size() == 5000);
  CHECK(store->journal().zones().size() == 5000);
}
