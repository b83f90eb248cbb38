#include "server/refusal_log.hpp"

#include "tests/support/zone_text.hpp"

#include <catch2/catch.hpp>

using namespace taproot;
using namespace std::chrono_literals;
using server::RefusalLog;
using server::TransferEvent;

namespace {

struct Log {
  std::vector<std::string> lines;
  RefusalLog log{[this](const std::string& line) { lines.push_back(line); }};
  net::Instant now{};
  std::uint64_t all = 0;
  std::uint64_t told = 0;

  void refuse(const std::string& from, const std::string& zone = "example.",
              const std::string& why = "no rule") {
    TransferEvent event;
    event.kind = TransferEvent::Kind::refused;
    event.apex = tests::name_of(zone);
    event.from = net::Endpoint::from_text(from).value();
    event.asked = "AXFR";
    event.why = why;
    ++all;
    ++told;
    log.on_refused(event, now);
  }
  void pass(std::chrono::seconds time) {
    now += time;
    log.tick(now, all, told);
  }
};

}  // namespace

TEST_CASE("a refusal says who asked what and why not", "[server][refusals]") {
  Log log;
  TransferEvent event;
  event.apex = tests::name_of("example.");
  event.from = net::Endpoint::from_text("[2001:db8::1]:4711").value();
  event.asked = "IXFR";
  event.key = tests::name_of("k.");
  event.provider = "nsd";
  event.why = "because";
  SECTION("over TCP") {
    log.log.on_refused(event, log.now);
    CHECK(log.lines.at(0) ==
          "example.: IXFR over TCP from [2001:db8::1]:4711 with key k. (nsd) refused: because");
  }
  SECTION("over UDP, of nobody") {
    event.over_tcp = false;
    event.key.reset();
    event.provider.clear();
    log.log.on_refused(event, log.now);
    CHECK(log.lines.at(0) == "example.: IXFR over UDP from [2001:db8::1]:4711 refused: because");
  }
}

TEST_CASE("the same again is counted and told once a minute", "[server][refusals]") {
  Log log;
  for (int i = 0; i < 58; ++i) log.refuse("192.0.2.7:" + std::to_string(1000 + i));
  log.refuse("192.0.2.8:1");
  CHECK(log.lines.size() == 2);
  log.pass(59s);
  CHECK(log.lines.size() == 2);
  log.pass(1s);
  REQUIRE(log.lines.size() == 3);
  CHECK(log.lines[2] == "192.0.2.7: 57 more requests like this were refused in the last minute");
  CHECK(log.log.sources() == 0);
  log.refuse("192.0.2.7:1");
  log.refuse("192.0.2.7:1");
  CHECK(log.lines.size() == 4);
  log.pass(60s);
  CHECK(log.lines.at(4) == "192.0.2.7: 1 more request like this was refused in the last minute");
}

TEST_CASE("one source has a few lines a minute, whatever it asks", "[server][refusals]") {
  Log log;
  for (int i = 0; i < 100; ++i) log.refuse("192.0.2.7:1", "z" + std::to_string(i) + ".");
  CHECK(log.lines.size() == RefusalLog::lines_per_source);
  // Whoever has a /64 has one share.
  for (int i = 0; i < 100; ++i) {
    log.refuse("[2001:db8:0:1::" + std::to_string(i) + "]:1", "y" + std::to_string(i) + ".");
  }
  CHECK(log.lines.size() == 2 * RefusalLog::lines_per_source);
  CHECK(log.log.sources() == 2);
}

TEST_CASE("a flood of addresses costs a bounded number of lines and octets", "[server][refusals]") {
  Log log;
  for (int i = 0; i < 100'000; ++i) {
    log.refuse("10." + std::to_string(i >> 16) + "." + std::to_string(i >> 8 & 255) + "." +
               std::to_string(i & 255) + ":1");
  }
  CHECK(log.lines.size() == RefusalLog::max_sources);
  CHECK(log.log.sources() == RefusalLog::max_sources);
  log.all += 5000;  // which the serving loops only counted
  log.lines.clear();
  log.pass(60s);
  log.pass(60s);
  REQUIRE(log.lines.size() >= 1);
  std::uint64_t counted = 0;
  for (const auto& line : log.lines) {
    CHECK_THAT(line, Catch::Contains("too many to be told one by one"));
    counted += std::stoull(line);
  }
  CHECK(counted == 100'000 - RefusalLog::max_sources + 5000);
  log.pass(60s);
  CHECK(log.lines.size() <= 2);
}
