#include "server/zone_update.hpp"

#include "tests/support/zone_text.hpp"

#include <catch2/catch.hpp>

using namespace taproot;
using dns::Prerequisite;
using dns::Rcode;
using dns::RRType;
using dns::UpdateChange;
using tests::name_of;

namespace {

std::shared_ptr<const zonestore::ZoneVersion> zone() {
  static const auto version = tests::zone_of("example.com.", R"(
@ 60 SOA ns1.example.net. admin.example.net. 10 7200 900 1209600 300
@ 60 NS ns1.example.net.
@ 60 NS ns2.example.net.
www 300 A 192.0.2.1
)");
  return version;
}

server::ZoneUpdate adding(const std::string& owner, RRType type, const std::string& rdata,
                          const std::string& who = "a.") {
  server::ZoneUpdate update;
  update.update.zone = zone()->apex();
  update.update.changes.push_back({UpdateChange::Kind::add,
                                   dns::Name::from_text(owner, zone()->apex()).value(), type, 60,
                                   dns::rdata_from_text(type, rdata, zone()->apex()).value()});
  update.who = who;
  return update;
}

server::ZoneUpdate on_condition(server::ZoneUpdate update, Prerequisite::Kind kind,
                                const std::string& owner) {
  update.update.prerequisites.push_back(
      {kind, dns::Name::from_text(owner, zone()->apex()).value(), RRType::none, {}});
  return update;
}

}  // namespace

TEST_CASE("updates that come together are atomic each", "[server][update]") {
  const bool with_targets = GENERATE(false, true);
  std::vector<server::ZoneUpdate> updates;
  updates.push_back(adding("one", RRType::A, "192.0.2.1"));
  updates.push_back(on_condition(adding("two", RRType::A, "192.0.2.2"),
                                 Prerequisite::Kind::name_not_in_use, "one"));
  updates.push_back(adding("bad", RRType::NS, "ns.bad"));  // a delegation without address
  updates.back().update.changes.push_back(
      adding("three", RRType::A, "192.0.2.3").update.changes.front());
  updates.push_back(
      on_condition(adding("four", RRType::CNAME, "one"), Prerequisite::Kind::name_in_use, "one"));
  updates.push_back(adding("one", RRType::A, "192.0.2.1"));  // nothing new
  std::optional<zonestore::TargetFilter> targets;
  if (with_targets) targets.emplace(*zone());
  const auto result = server::update_in_turn(zone(), updates, {}, targets ? &*targets : nullptr);
  REQUIRE(result.outcomes.size() == 5);
  CHECK(result.outcomes[0].rcode == Rcode::noerror);
  CHECK(result.outcomes[1].rcode == Rcode::yxdomain);
  CHECK(result.outcomes[2].rcode == Rcode::refused);
  CHECK_FALSE(result.outcomes[2].why.empty());
  CHECK(result.outcomes[3].rcode == Rcode::noerror);
  CHECK(result.outcomes[4].rcode == Rcode::noerror);
  const auto& version = *result.version;
  CHECK(version.find(name_of("one.example.com.")) != nullptr);
  CHECK(version.find(name_of("two.example.com.")) == nullptr);
  CHECK(version.find(name_of("bad.example.com.")) == nullptr);
  CHECK(version.find(name_of("three.example.com.")) == nullptr);
  CHECK(version.find(name_of("four.example.com.")) != nullptr);
  CHECK_FALSE(result.sets_serial);
  if (targets) {
    const auto node = version.find(name_of("one.example.com."));
    CHECK(targets->may_have(node->labels()));  // the CNAME points there
  }
}

TEST_CASE("updates that change nothing make no version", "[server][update]") {
  std::vector<server::ZoneUpdate> updates;
  updates.push_back(
      on_condition(adding("one", RRType::A, "192.0.2.1"), Prerequisite::Kind::name_in_use, "none"));
  updates.push_back(adding("www", RRType::CNAME, "one"));
  const auto result = server::update_in_turn(zone(), updates, {}, nullptr);
  CHECK(result.version == zone());
  CHECK(result.outcomes[0].rcode == Rcode::nxdomain);
  CHECK(result.outcomes[1].rcode == Rcode::noerror);
}

TEST_CASE("a second update does not meet the serial before the first", "[server][update]") {
  auto locked = adding("one", RRType::A, "192.0.2.1");
  Prerequisite soa{Prerequisite::Kind::rrset_has_values, zone()->apex(), RRType::SOA, {}};
  soa.values = zone()->find(zone()->apex(), RRType::SOA)->rdata;
  locked.update.prerequisites.push_back(soa);
  auto second = adding("two", RRType::A, "192.0.2.1");
  second.update.prerequisites.push_back(soa);
  const auto result = server::update_in_turn(zone(), {locked, second}, {}, nullptr);
  CHECK(result.outcomes[0].rcode == Rcode::noerror);
  CHECK(result.outcomes[1].rcode == Rcode::nxrrset);
}

TEST_CASE("a version says whose updates made it", "[server][update]") {
  std::vector<server::ZoneUpdate> updates;
  std::vector<server::UpdateOutcome> outcomes;
  for (const char* who : {"a.", "b.", "a.", "refused.", "c."}) {
    updates.push_back(adding("www", RRType::A, "192.0.2.1", who));
    outcomes.push_back({std::string(who) == "refused." ? Rcode::refused : Rcode::noerror, "", 0});
  }
  CHECK(server::who_updated(updates, outcomes) == "a., b. and 1 more");
  updates.pop_back();
  outcomes.pop_back();
  CHECK(server::who_updated(updates, outcomes) == "a., b.");
}
