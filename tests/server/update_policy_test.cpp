#include "server/update_policy.hpp"

#include "tests/support/zone_text.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace taproot;
using dns::RRType;
using dns::UpdateChange;
using server::UpdateNames;
using server::Updater;
using server::UpdateRule;
using server::UpdateRules;
using tests::name_of;

namespace {

const dns::Name& apex() {
  static const auto name = name_of("example.com.");
  return name;
}

UpdateRule rule(std::vector<std::string> names, std::vector<RRType> types, bool any = false) {
  UpdateRule made;
  made.keys = {name_of("acme.")};
  for (const auto& text : names) made.names.push_back(UpdateNames::from_text(text).value());
  made.types = std::move(types);
  made.any_type = any;
  return made;
}

UpdateRules rules(std::vector<UpdateRule> all) {
  return std::make_shared<const std::vector<UpdateRule>>(std::move(all));
}

Updater acme() {
  return {name_of("acme."), net::Address::from_text("192.0.2.1").value()};
}

dns::Update update_of(UpdateChange::Kind kind, const std::string& owner, RRType type) {
  dns::Update update{apex(), {}, {}};
  update.changes.push_back({kind, dns::Name::from_text(owner, apex()).value(), type, 0, {}});
  return update;
}

}  // namespace

TEST_CASE("names of a rule", "[server][update]") {
  struct Case {
    const char* pattern;
    const char* owner;
    bool matches;
  };
  const std::vector<Case> cases = {
      {"www", "www", true},
      {"www", "WWW", true},
      {"www", "a.www", false},
      {"www", "@", false},
      {"www.example.com.", "www", true},
      {"www.example.com.", "mail", false},
      {"a.b", "a.b", true},
      {"@", "@", true},
      {"@", "www", false},
      {"*", "www", true},
      {"*", "a.www", true},
      {"*", "@", false},
      {"*.team", "x.team", true},
      {"*.team", "a.x.team", true},
      {"*.team", "\\*.team", true},
      {"*.team", "team", false},
      {"*.team", "xteam", false},
      {"*.team.example.com.", "x.team", true},
      {"\\*.apps", "\\*.apps", true},
      {"\\*.apps", "x.apps", false},
      {"_acme-challenge.*", "_acme-challenge.www", true},
      {"_acme-challenge.*", "_ACME-challenge.a.www", true},
      {"_acme-challenge.*", "_acme-challenge", false},
      {"_acme-challenge.*", "www", false},
      {"_acme-challenge.*", "x._acme-challenge.www", false},
      {"_acme-challenge.*", "_acme-challengex.www", false},
      {"_acme-challenge", "_acme-challenge", true},
      {"self", "host1", true},
      {"self", "host2", false},
      {"self", "a.host1", false},
      {"*.self", "a.host1", true},
      {"*.self", "host1", false},
      {"_acme-challenge.self", "_acme-challenge.host1", true},
      {"_acme-challenge.self", "_acme-challenge.host2", false},
      {"self.example.com.", "self", true},
      {"self.example.com.", "host1", false},
  };
  for (const auto& c : cases) {
    INFO(c.pattern << " " << c.owner);
    const auto names = UpdateNames::from_text(c.pattern);
    REQUIRE(names);
    CHECK(names->text() == c.pattern);
    const auto owner = dns::Name::from_text(c.owner, apex()).value();
    CHECK(names->match(owner, apex(), name_of("host1.example.com.")) == c.matches);
    CHECK_FALSE(names->match(name_of("www.example.net."), apex(), name_of("www.example.net.")));
  }
}

TEST_CASE("names that are no names of a rule", "[server][update]") {
  const auto text = GENERATE("", "a..b", "*.a.self.example.", "_x.*.example.com..", "*.www.*",
                             "x.example.com..*");
  CAPTURE(text);
  const auto names = UpdateNames::from_text(text);
  if (std::string(text) == "*.a.self.example.") {
    CHECK(names);  // an absolute name, as it happens
  } else if (std::string(text) == "*.www.*") {
    CHECK(names);  // below a name "www.*", which a zone can have
  } else {
    CHECK_FALSE(names);
  }
}

TEST_CASE("what a rule lets its key do", "[server][update]") {
  using Kind = UpdateChange::Kind;
  const auto set = rules({rule({"_acme-challenge", "_acme-challenge.*"}, {RRType::TXT}),
                          rule({"*.dyn"}, {RRType::NS}, true)});
  struct Case {
    Kind kind;
    const char* owner;
    RRType type;
    bool allowed;
  };
  const std::vector<Case> cases = {
      {Kind::add, "_acme-challenge", RRType::TXT, true},
      {Kind::add, "_acme-challenge.www", RRType::TXT, true},
      {Kind::remove_rrset, "_acme-challenge.www", RRType::TXT, true},
      {Kind::remove_value, "_acme-challenge.www", RRType::TXT, true},
      {Kind::remove_name, "_acme-challenge.www", RRType::none, false},
      {Kind::add, "_acme-challenge.www", RRType::A, false},
      {Kind::add, "www", RRType::TXT, false},
      {Kind::add, "@", RRType::TXT, false},
      {Kind::add, "x.dyn", RRType::A, true},
      {Kind::add, "x.dyn", RRType{65280}, true},
      {Kind::add, "x.dyn", RRType::NS, true},   // named
      {Kind::add, "x.dyn", RRType::DS, false},  // any does not mean it
      {Kind::add, "x.dyn", RRType::SOA, false},
      {Kind::remove_rrset, "x.dyn", RRType::RRSIG, false},
      {Kind::remove_name, "x.dyn", RRType::none, true},
      {Kind::add, "dyn", RRType::A, false},
  };
  for (const auto& c : cases) {
    auto update = update_of(c.kind, c.owner, c.type);
    const auto why = server::why_not_allowed(set, acme(), update);
    INFO(c.owner << " " << dns::to_text(c.type) << " " << why.value_or("allowed"));
    CHECK(why.has_value() != c.allowed);
  }
  auto whole = update_of(Kind::remove_name, "x.dyn", RRType::none);
  REQUIRE_FALSE(server::why_not_allowed(set, acme(), whole));
  const auto& spares = whole.changes.front().spares;
  CHECK(std::find(spares.begin(), spares.end(), RRType::DS) != spares.end());
  CHECK(std::find(spares.begin(), spares.end(), RRType::NS) == spares.end());
}

TEST_CASE("all of an update is allowed, or none", "[server][update]") {
  const auto set = rules({rule({"a"}, {RRType::TXT})});
  auto update = update_of(UpdateChange::Kind::add, "a", RRType::TXT);
  CHECK_FALSE(server::why_not_allowed(set, acme(), update));
  update.changes.push_back(update_of(UpdateChange::Kind::add, "b", RRType::TXT).changes.front());
  const auto why = server::why_not_allowed(set, acme(), update);
  REQUIRE(why);
  CHECK(*why ==
        "it may not change b TXT; it may change names a types TXT; to allow "
        "it, add to update: of example.com. {key: acme., names: [\"b\"], types: [TXT]}");
}

TEST_CASE("who may do something at all", "[server][update]") {
  auto limited = rule({"a"}, {RRType::TXT});
  limited.who.from = {net::Prefix::from_text("192.0.2.0/24").value()};
  const auto set = rules({limited});
  CHECK_FALSE(server::why_no_updater(set, apex(), acme()));
  auto who = acme();
  who.address = net::Address::from_text("198.51.100.1").value();
  CHECK(server::why_no_updater(set, apex(), who));
  auto update = update_of(UpdateChange::Kind::add, "a", RRType::TXT);
  CHECK(server::why_not_allowed(set, who, update));
  CHECK(server::why_no_updater(set, apex(), {name_of("other."), acme().address}));
  CHECK(server::why_no_updater(nullptr, apex(), acme()));
  CHECK(server::why_no_updater(rules({}), apex(), acme()));
}
