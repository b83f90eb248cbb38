#include "monitor/alerts.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <chrono>
#include <set>
#include <string>

using namespace taproot;
using namespace taproot::monitor;
using namespace std::chrono_literals;

namespace {

const WallTime noon{1795425243s};

NameserverRow nameserver(State state) {
  NameserverRow row;
  row.nameserver = "ns1.example.";
  row.endpoint = net::Endpoint::from_text("192.0.2.53:53").value();
  row.state = state;
  row.since = noon;
  row.waits_for = "it waits";
  row.last_error = "no answer";
  return row;
}

ZoneRow zone_with(NameserverRow row) {
  ZoneRow zone;
  zone.providers["p"].name = "p";
  zone.providers["p"].nameservers.push_back(std::move(row));
  return zone;
}

ZoneRow zone_with(PushState push) {
  ZoneRow zone;
  zone.providers["p"].name = "p";
  push.when = noon;
  zone.providers["p"].push = std::move(push);
  return zone;
}

std::string rules_at(const ZoneRow& zone, std::chrono::seconds after,
                     const std::vector<SecondaryTrouble>& troubles = {}) {
  std::string text;
  for (const auto& alert : alerts_of(zone, troubles, noon + after)) {
    CHECK(alert.provider == "p");
    CHECK(alert.since == noon);
    CHECK_FALSE(alert.subject.empty());
    CHECK_FALSE(alert.words.empty());
    text += std::string(alert.rule) + " ";
  }
  return text;
}

}  // namespace

TEST_CASE("what lasts too long is an alert, and nothing before", "[monitor][alerts]") {
  struct Case {
    ZoneRow zone;
    std::chrono::seconds limit;
    std::string rule;
  };
  PushState failing;
  failing.error = "401";
  PushState waiting;
  waiting.words = "stopped";
  waiting.waits_for_person = true;
  const std::vector<Case> cases = {
      {zone_with(nameserver(State::behind)), 300s, "nameserver-behind "},
      {zone_with(nameserver(State::unreachable)), 60s, "nameserver-unreachable "},
      {zone_with(nameserver(State::ahead)), 0s, "nameserver-ahead "},
      {zone_with(nameserver(State::wrong_data)), 0s, "nameserver-wrong-data "},
      {zone_with(failing), 60s, "push-failing "},
      {zone_with(waiting), 0s, "push-waits-for-person "}};
  for (const auto& c : cases) {
    CAPTURE(c.rule);
    if (c.limit > 0s) CHECK(rules_at(c.zone, c.limit - 1s).empty());
    CHECK(rules_at(c.zone, c.limit) == c.rule);
    CHECK(rules_at(c.zone, 24h) == c.rule);
  }
}

TEST_CASE("nothing is wrong with who is in sync or not asked yet", "[monitor][alerts]") {
  CHECK(rules_at(zone_with(nameserver(State::in_sync)), 24h).empty());
  CHECK(rules_at(zone_with(nameserver(State::unknown)), 24h).empty());
  CHECK(rules_at(zone_with(PushState{}), 24h).empty());
  CHECK(alerts_of(ZoneRow{}, {}, noon).empty());
}

TEST_CASE("transfers that go wrong for a minute are an alert", "[monitor][alerts]") {
  const auto zone = zone_with(nameserver(State::in_sync));
  const std::vector<SecondaryTrouble> troubles = {{"p", "192.0.2.1", noon, "AXFR refused"}};
  CHECK(rules_at(zone, 59s, troubles).empty());
  CHECK(rules_at(zone, 60s, troubles) == "transfers-failing ");
}

TEST_CASE("a parent that was not told for an hour is an alert", "[monitor][alerts]") {
  const std::vector<monitor::UntoldParent> parents = {{"CDS", noon, "answers REFUSED"}};
  CHECK(alerts_of(parents, noon + 59min).empty());
  const auto alerts = alerts_of(parents, noon + 60min);
  REQUIRE(alerts.size() == 1);
  CHECK(alerts[0].rule == "parent-not-told");
  CHECK(alerts[0].subject == "parent CDS");
  CHECK(alerts[0].words == "answers REFUSED");
}

TEST_CASE("every rule has a name of its own", "[monitor][alerts]") {
  const auto& rules = alert_rules();
  CHECK(std::set<std::string_view>(rules.begin(), rules.end()).size() == rules.size());
  CHECK(rules.size() == 8);
}
