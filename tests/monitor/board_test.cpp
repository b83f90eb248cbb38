#include "monitor/board.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <string>

using namespace taproot;
using namespace std::chrono_literals;
using monitor::Board;
using monitor::Observation;
using monitor::State;
using monitor::WallTime;

namespace {

const WallTime noon{std::chrono::hours(20000 * 24 + 12)};
const dns::Name apex = *dns::Name::from_text("example.org");

net::Endpoint endpoint(const std::string& text) {
  return *net::Endpoint::from_text(text, 53);
}

monitor::Nameserver nameserver(const std::string& provider, const std::string& address) {
  return {apex, provider, "ns1." + provider + ".example.", endpoint(address)};
}

const auto ns_a = nameserver("nsd", "192.0.2.1");
const auto ns_b = nameserver("nsd", "192.0.2.2");
const auto ns_c = nameserver("pdns", "192.0.2.3");

Board board() {
  Board made;
  made.set_zone(apex, {{"nsd",
                        monitor::Arrival::transfer,
                        {{ns_a.name, ns_a.endpoint}, {ns_b.name, ns_b.endpoint}}},
                       {"pdns", monitor::Arrival::api, {{ns_c.name, ns_c.endpoint}}}});
  made.set_history(apex, {{5, dns::Serial(40), noon - 2h}, {6, dns::Serial(41), noon - 1h}});
  return made;
}

Observation saw(const monitor::Nameserver& who, State verdict, WallTime when, std::uint32_t serial,
                std::uint64_t version, std::uint32_t wanted) {
  Observation seen;
  seen.nameserver = who;
  seen.when = when;
  seen.version = version;
  if (who.provider == "nsd") seen.wanted = dns::Serial(wanted);
  if (verdict != State::unreachable) seen.serial = dns::Serial(serial);
  seen.verdict = verdict;
  seen.detail = verdict == State::unreachable ? "no answer" : "serves " + std::to_string(serial);
  return seen;
}

const monitor::NameserverRow& row(const Board& board, const monitor::Nameserver& who) {
  const auto* found = board.find(who);
  REQUIRE(found != nullptr);
  return *found;
}

void check_words(const Board& board) {
  for (const auto& [name, zone] : board.zones()) {
    CHECK(zone.waits_for().empty() == (zone.state() == State::in_sync));
    for (const auto& [provider_name, provider] : zone.providers) {
      CHECK(provider.waits_for().empty() == (provider.state() == State::in_sync));
      for (const auto& ns : provider.nameservers) {
        CHECK(ns.waits_for.empty() == (ns.state == State::in_sync));
      }
    }
  }
}

}  // namespace

TEST_CASE("the rows are those of the configuration", "[monitor][board]") {
  auto b = board();
  check_words(b);
  CHECK(row(b, ns_a).state == State::unknown);
  CHECK(b.find(apex)->wanted->number == 6);
  CHECK(b.find(*dns::Name::from_text("example.net")) == nullptr);
  b.on_observed(saw(nameserver("other", "192.0.2.1"), State::in_sync, noon, 41, 6, 41));
  b.on_observed(saw(nameserver("nsd", "192.0.2.9"), State::in_sync, noon, 41, 6, 41));
  CHECK(b.find(apex)->state() == State::unknown);

  SECTION("rows that stay keep what is known") {
    b.on_observed(saw(ns_a, State::in_sync, noon, 41, 6, 41));
    b.set_zone(apex, {{"nsd", monitor::Arrival::transfer, {{ns_a.name, ns_a.endpoint}}}});
    CHECK(row(b, ns_a).state == State::in_sync);
    CHECK(b.find(ns_b) == nullptr);
    CHECK(b.find(ns_c) == nullptr);
    CHECK(b.find(apex)->state() == State::in_sync);
    check_words(b);
  }
  SECTION("a zone without providers is not in sync") {
    b.set_zone(apex, {});
    CHECK(b.find(apex)->state() == State::unknown);
    check_words(b);
  }
  SECTION("a provider without nameservers is not in sync") {
    b.set_zone(apex, {{"blind", monitor::Arrival::transfer, {}}});
    CHECK(b.find(apex)->state() == State::unknown);
    CHECK_THAT(b.find(apex)->waits_for(), Catch::Contains("no nameserver"));
    check_words(b);
  }
  SECTION("dropped zones are gone") {
    b.drop_zone(apex);
    CHECK(b.zones().empty());
    b.on_installed(apex, {7, dns::Serial(42), noon});
    b.on_observed(saw(ns_a, State::in_sync, noon, 42, 7, 42));
    CHECK(b.zones().empty());
  }
}

TEST_CASE("the lag is exact, from commit to first seen", "[monitor][board]") {
  auto b = board();
  b.on_observed(saw(ns_a, State::in_sync, noon - 1min, 41, 6, 41));
  CHECK(row(b, ns_a).wanted_seen_at == noon - 1min);
  CHECK_FALSE(row(b, ns_a).lag);  // a version of before we watched

  b.on_installed(apex, {7, dns::Serial(42), noon});
  CHECK(row(b, ns_a).state == State::behind);
  CHECK(row(b, ns_a).since == noon);
  CHECK_FALSE(row(b, ns_a).wanted_seen_at);
  check_words(b);

  b.on_observed(saw(ns_a, State::behind, noon + 20ms, 41, 7, 42));
  CHECK(row(b, ns_a).since == noon);
  CHECK(row(b, ns_a).seen_version == 6);
  b.on_observed(saw(ns_a, State::in_sync, noon + 70ms, 42, 7, 42));
  b.on_observed(saw(ns_a, State::in_sync, noon + 60s, 42, 7, 42));
  CHECK(row(b, ns_a).state == State::in_sync);
  CHECK(row(b, ns_a).since == noon + 70ms);
  CHECK(row(b, ns_a).lag == 70ms);
  CHECK(row(b, ns_a).lag_version == 7);
  CHECK(row(b, ns_a).wanted_seen_at == noon + 70ms);
  CHECK(row(b, ns_a).seen_version == 7);
  CHECK(row(b, ns_a).last_asked == noon + 60s);

  SECTION("a provider's lag is that of its last nameserver") {
    const auto& provider = b.find(apex)->providers.at("nsd");
    CHECK_FALSE(provider.lag());
    b.on_observed(saw(ns_b, State::in_sync, noon + 90ms, 42, 7, 42));
    CHECK(provider.lag() == 90ms);
  }
  SECTION("told twice of a version it counts once") {
    b.on_installed(apex, {7, dns::Serial(42), noon});
    CHECK(row(b, ns_a).state == State::in_sync);
  }
  SECTION("the lag of the version before stays until the next is seen") {
    b.on_installed(apex, {8, dns::Serial(43), noon + 2min});
    CHECK(row(b, ns_a).lag == 70ms);
    CHECK(row(b, ns_a).lag_version == 7);
    CHECK_FALSE(b.find(apex)->providers.at("nsd").lag());
  }
}

TEST_CASE("a look judged by an older version is judged again", "[monitor][board]") {
  struct Case {
    const char* what;
    monitor::Nameserver who;
    State verdict;
    std::uint32_t serial;
    State want;
  };
  const auto c = GENERATE(values<Case>({
      {"the old serial", ns_a, State::in_sync, 41, State::behind},
      {"the new serial, ahead of the old", ns_a, State::ahead, 42, State::in_sync},
      {"ahead of both", ns_a, State::ahead, 50, State::ahead},
      {"silence", ns_a, State::unreachable, 0, State::unreachable},
      {"data of the old version", ns_c, State::in_sync, 2, State::behind},
  }));
  INFO(c.what);
  auto b = board();
  b.on_installed(apex, {7, dns::Serial(42), noon});
  b.on_observed(saw(c.who, c.verdict, noon + 1s, c.serial, 6, 41));
  CHECK(row(b, c.who).state == c.want);
  check_words(b);
}

TEST_CASE("errors are kept, and since when", "[monitor][board]") {
  auto b = board();
  b.on_observed(saw(ns_a, State::in_sync, noon, 41, 6, 41));
  b.on_observed(saw(ns_a, State::unreachable, noon + 1min, 0, 6, 41));
  b.on_observed(saw(ns_a, State::unreachable, noon + 2min, 0, 6, 41));
  CHECK(row(b, ns_a).state == State::unreachable);
  CHECK(row(b, ns_a).failing_since == noon + 1min);
  CHECK(row(b, ns_a).last_error == "no answer");
  CHECK(row(b, ns_a).last_error_at == noon + 2min);
  CHECK(row(b, ns_a).seen_serial == dns::Serial(41));  // the last one that was seen
  CHECK(row(b, ns_a).last_answered == noon);
  CHECK(b.find(apex)->providers.at("nsd").failing_since() == noon + 1min);
  CHECK_THAT(row(b, ns_a).waits_for, Catch::Contains("192.0.2.1:53"));
  check_words(b);

  b.on_observed(saw(ns_a, State::in_sync, noon + 3min, 41, 6, 41));
  CHECK_FALSE(row(b, ns_a).failing_since);
  CHECK(row(b, ns_a).last_error == "no answer");
  CHECK_FALSE(b.find(apex)->providers.at("nsd").failing_since());
}

TEST_CASE("a secondary ahead of us comes with the cure", "[monitor][board]") {
  auto b = board();
  b.on_observed(saw(ns_a, State::ahead, noon, 50, 6, 41));
  CHECK(row(b, ns_a).state == State::ahead);
  CHECK_FALSE(row(b, ns_a).seen_version);
  CHECK_THAT(row(b, ns_a).waits_for, Catch::Contains("serial after 50"));
  check_words(b);
}

TEST_CASE("a provider is as bad as its worst nameserver, a zone as its worst provider",
          "[monitor][board]") {
  struct Case {
    State a, b, c, provider, zone;
  };
  const auto c = GENERATE(
      Case{State::in_sync, State::in_sync, State::in_sync, State::in_sync, State::in_sync},
      Case{State::in_sync, State::behind, State::in_sync, State::behind, State::behind},
      Case{State::behind, State::unreachable, State::in_sync, State::unreachable,
           State::unreachable},
      Case{State::in_sync, State::in_sync, State::wrong_data, State::in_sync, State::wrong_data},
      Case{State::ahead, State::unreachable, State::behind, State::ahead, State::ahead});
  auto b = board();
  b.on_observed(saw(ns_a, c.a, noon, 41, 6, 41));
  b.on_observed(saw(ns_b, c.b, noon, 41, 6, 41));
  b.on_observed(saw(ns_c, c.c, noon, 41, 6, 41));
  CHECK(b.find(apex)->providers.at("nsd").state() == c.provider);
  CHECK(b.find(apex)->state() == c.zone);
  CHECK(b.count_zones() == std::map<State, std::size_t>{{c.zone, 1}});
  check_words(b);
}

TEST_CASE("what a row waits for says how the version comes there", "[monitor][board]") {
  auto b = board();
  b.on_installed(apex, {7, dns::Serial(42), noon});
  b.on_observed(saw(ns_a, State::behind, noon, 41, 7, 42));
  b.on_observed(saw(ns_c, State::behind, noon, 3, 7, 42));
  b.on_notify_state(apex, "nsd", endpoint("192.0.2.77"), "NOTIFY sent 3 times, not answered");
  monitor::PushState push;
  push.words = "applying 3 of 12 requests";
  push.error = "HTTP 429 from the provider";
  b.on_push_state(apex, "pdns", push);

  CHECK_THAT(row(b, ns_a).waits_for, Catch::Contains("version 7 (serial 42)"));
  CHECK_THAT(row(b, ns_a).waits_for, Catch::Contains("192.0.2.77:53: NOTIFY sent 3 times"));
  CHECK_THAT(row(b, ns_c).waits_for, Catch::Contains("applying 3 of 12"));
  CHECK_THAT(row(b, ns_c).waits_for, Catch::Contains("HTTP 429"));
  CHECK_THAT(row(b, ns_c).waits_for, !Catch::Contains("NOTIFY"));

  b.on_notify_state(apex, "nsd", endpoint("192.0.2.77"), "");
  CHECK_THAT(row(b, ns_a).waits_for, !Catch::Contains("NOTIFY"));
  push.waits_for_person = true;
  b.on_push_state(apex, "pdns", push);
  CHECK_THAT(row(b, ns_c).waits_for, Catch::Contains("a person"));
  check_words(b);
}

TEST_CASE("the last transfer is kept", "[monitor][board]") {
  auto b = board();
  b.on_transfer(apex, "nsd",
                {"IXFR", endpoint("192.0.2.1").address(), dns::Serial(41), 512, 0.25, noon});
  b.on_transfer(apex, "nobody", {});
  const auto& last = b.find(apex)->providers.at("nsd").last_transfer;
  REQUIRE(last);
  CHECK(last->kind == "IXFR");
  CHECK(last->octets == 512);
}

TEST_CASE("serials of recent versions are recognised, and their number is bounded",
          "[monitor][board]") {
  auto b = board();
  CHECK(b.find(apex)->find_version(dns::Serial(40)) == 5);
  CHECK_FALSE(b.find(apex)->find_version(dns::Serial(39)));
  for (std::uint32_t i = 0; i < 1000; ++i) b.on_installed(apex, {7 + i, dns::Serial(42 + i), noon});
  CHECK(b.find(apex)->recent.size() == Board::max_recent);
  CHECK(b.find(apex)->find_version(dns::Serial(1041)) == 1006);
  CHECK_FALSE(b.find(apex)->find_version(dns::Serial(40)));
}
