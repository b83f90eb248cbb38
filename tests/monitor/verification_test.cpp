#include "monitor/verification.hpp"

#include "dns/presentation.hpp"
#include "zonestore/changes.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

using namespace taproot;
using monitor::ExpectedAnswer;
using Kind = ExpectedAnswer::Kind;

namespace {

dns::Name name(const std::string& text) {
  return *dns::Name::from_text(text, *dns::Name::from_text("example.org"));
}

/// "www A 192.0.2.1", TTL 300, owners relative to example.org.
dns::RRset rrset(const std::string& line) {
  std::istringstream words(line);
  std::string owner;
  std::string type;
  words >> owner >> type >> std::ws;
  std::string rest;
  std::getline(words, rest);
  const auto rrtype = *dns::rrtype_from_text(type);
  return {name(owner), rrtype, 300, {*dns::rdata_from_text(rrtype, rest, name("@"))}};
}

const std::vector<std::string> base = {
    "@ SOA ns1 admin 42 3600 600 86400 300",
    "@ NS ns1",
    "ns1 A 192.0.2.53",
    "www A 192.0.2.1",
    "*.wild TXT \"any\"",
    "alias CNAME www",
    "deep.down.here A 192.0.2.2",
    "sub NS ns1.sub",
    "sub DS 1 13 2 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
    "ns1.sub A 192.0.2.54",
    "plain NS plain",
    "plain A 192.0.2.55",
    "moved DNAME example.net.",
    "hidden.moved A 192.0.2.56",
};

std::shared_ptr<const zonestore::ZoneVersion> zone(const std::vector<std::string>& lines) {
  zonestore::ZoneBuilder builder(name("@"));
  for (const auto& line : lines) builder.put(rrset(line));
  return *builder.finish();
}

std::set<std::string> questions(const std::vector<ExpectedAnswer>& answers) {
  std::set<std::string> all;
  for (const auto& a : answers) {
    if (a.kind != Kind::nxdomain) all.insert(a.owner.to_text_in(name("@")) + " " + to_text(a.type));
  }
  return all;
}

}  // namespace

TEST_CASE("what a server of a version answers", "[monitor][verification]") {
  const auto version = zone(base);
  struct Case {
    const char* owner;
    dns::RRType type;
    std::optional<Kind> want;
  };
  const auto c = GENERATE(values<Case>({
      {"www", dns::RRType::A, Kind::data},
      {"www", dns::RRType::AAAA, Kind::absence},
      {"@", dns::RRType::SOA, Kind::data},
      {"alias", dns::RRType::CNAME, Kind::data},
      {"nobody", dns::RRType::A, Kind::absence},
      {"down.here", dns::RRType::A, Kind::absence},
      {"*.wild", dns::RRType::TXT, Kind::data},
      {"gone.wild", dns::RRType::TXT, Kind::data},
      {"gone.wild", dns::RRType::A, Kind::absence},
      {"sub", dns::RRType::NS, Kind::referral},
      {"sub", dns::RRType::DS, Kind::data},
      {"plain", dns::RRType::DS, Kind::absence},
      {"plain", dns::RRType::A, std::nullopt},
      {"ns1.sub", dns::RRType::A, std::nullopt},
      {"moved", dns::RRType::DNAME, Kind::data},
      {"hidden.moved", dns::RRType::A, std::nullopt},
      {"www", dns::RRType::RRSIG, std::nullopt},
      {"example.net.", dns::RRType::A, std::nullopt},
  }));
  CAPTURE(c.owner, to_text(c.type));
  const auto expected = monitor::expect(*version, name(c.owner), c.type);
  REQUIRE(expected.has_value() == c.want.has_value());
  if (!expected) return;
  CHECK(expected->kind == *c.want);
  CHECK(expected->owner == name(c.owner));
  CHECK(expected->type == c.type);
  const bool has_data = *c.want == Kind::data || *c.want == Kind::referral;
  CHECK(expected->wanted.has_value() == has_data);
  if (has_data) CHECK(expected->wanted->owner == name(c.owner));
}

TEST_CASE("a verification asks for all that can be seen", "[monitor][verification]") {
  const auto plan = monitor::plan_verification(*zone(base), {});
  REQUIRE(plan.expectation.answers);
  CHECK(questions(*plan.expectation.answers) ==
        std::set<std::string>{"@ SOA", "@ NS", "ns1 A", "www A", "*.wild TXT", "alias CNAME",
                              "deep.down.here A", "sub NS", "sub DS", "plain NS", "moved DNAME"});
  CHECK(plan.in_zone == 11);
  CHECK(plan.rrsets == 11);
  CHECK_FALSE(plan.is_sample());
  CHECK(plan.expectation.serial == dns::Serial(42));
  CHECK(plan.expectation.compare_at_any_serial);
  const auto& last = plan.expectation.answers->back();
  CHECK(last.kind == Kind::nxdomain);
  CHECK(last.owner.is_subdomain_of(name("@")));
  CHECK(last.owner.label_count() == 3);
}

TEST_CASE("a zone whose wildcard answers for every name has none that must not exist",
          "[monitor][verification]") {
  auto lines = base;
  lines.push_back("* A 192.0.2.99");
  const auto plan = monitor::plan_verification(*zone(lines), {});
  CHECK(plan.expectation.answers->size() == plan.rrsets);
  CHECK(questions(*plan.expectation.answers).contains("* A"));
}

TEST_CASE("what belongs to the provider is not compared", "[monitor][verification]") {
  monitor::VerifyOptions options;
  options.provider_owns_apex = true;
  options.ttl_may_differ = true;
  const auto plan = monitor::plan_verification(*zone(base), options);
  const auto asked = questions(*plan.expectation.answers);
  CHECK_FALSE(asked.contains("@ SOA"));
  CHECK_FALSE(asked.contains("@ NS"));
  CHECK(asked.contains("sub NS"));
  CHECK_FALSE(plan.expectation.serial);
  CHECK(plan.expectation.ttl_may_differ);
}

TEST_CASE("of a large zone apex, changes and a sample are asked for", "[monitor][verification]") {
  auto lines = base;
  for (int i = 0; i < 500; ++i) lines.push_back("h" + std::to_string(i) + " A 192.0.2.1");
  const auto before = zone(lines);
  zonestore::ZoneBuilder builder(*before);
  builder.put(rrset("@ SOA ns1 admin 43 3600 600 86400 300"));
  builder.put(rrset("h123 A 192.0.2.7"));
  builder.remove(name("h321"), dns::RRType::A);
  const auto next = *builder.finish();
  auto step = std::make_shared<const zonestore::ChangeSet>(changes_between(*before, *next));
  zonestore::ZoneBuilder with_history(*next);
  with_history.push_history(step, 10, 1 << 20);
  const auto version = *with_history.finish();

  monitor::VerifyOptions options;
  options.max_rrsets = 50;
  options.seed = 7;
  const auto plan = monitor::plan_verification(*version, options);
  CHECK(plan.is_sample());
  CHECK(plan.in_zone == 11 + 499);
  CHECK(plan.rrsets <= 50);
  CHECK(plan.rrsets >= 45);
  const auto asked = questions(*plan.expectation.answers);
  CHECK(asked.size() == plan.rrsets);
  for (const char* must : {"@ SOA", "@ NS", "h123 A", "h321 A"}) {
    INFO(must);
    CHECK(asked.contains(must));
  }
  options.seed = 8;
  CHECK(asked != questions(*monitor::plan_verification(*version, options).expectation.answers));
}

TEST_CASE("changes are expected as the version has them", "[monitor][verification]") {
  const auto before = zone(base);
  zonestore::ZoneBuilder builder(*before);
  builder.put(rrset("www A 192.0.2.99"));
  builder.remove(name("alias"), dns::RRType::CNAME);
  builder.remove(name("ns1.sub"), dns::RRType::A);
  builder.put(rrset("new.wild TXT \"own\""));
  const auto after = *builder.finish();
  const auto changes = changes_between(*before, *after);

  const auto expected = monitor::expect_changes(*after, changes, {});
  CHECK(questions(expected) == std::set<std::string>{"www A", "alias CNAME", "new.wild TXT"});
  const auto back = monitor::expect_changes(*before, changes, {});
  const auto wild = std::find_if(back.begin(), back.end(), [](const ExpectedAnswer& a) {
    return a.owner == name("new.wild");
  });
  REQUIRE(wild != back.end());
  CHECK(wild->kind == Kind::data);  // the wildcard takes the place of what is gone

  monitor::VerifyOptions few;
  few.max_rrsets = 1;
  CHECK(monitor::expect_changes(*after, changes, few).size() == 1);
}
