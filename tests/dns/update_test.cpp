#include "dns/update.hpp"

#include "dns/message.hpp"
#include "tests/support/zone_text.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace taproot;
using dns::Class;
using dns::Prerequisite;
using dns::Rcode;
using dns::RRType;
using dns::Update;
using dns::UpdateChange;
using tests::name_of;

namespace {

constexpr const char* zone = "example.com.";

dns::Message empty_update() {
  dns::Message message;
  message.header.id = 7;
  message.header.opcode = dns::Opcode::update;
  message.question.push_back({name_of(zone), RRType::SOA, Class::IN});
  return message;
}

/// A record of an UPDATE; without text it has no rdata.
dns::Record record(const std::string& owner, Class klass, RRType type, const std::string& text = "",
                   std::uint32_t ttl = 0) {
  dns::Rdata rdata;
  if (!text.empty()) rdata = dns::rdata_from_text(type, text, name_of(zone)).value();
  return {dns::Name::from_text(owner, name_of(zone)).value(), type, klass, ttl, rdata};
}

enum class Section { prerequisite, update };

Rcode rcode_of(const dns::Message& message) {
  const auto update = Update::parse(message.compose().value());
  return update ? Rcode::noerror : update.error().rcode;
}

Rcode rcode_of(Section section, dns::Record one) {
  auto message = empty_update();
  auto& where = section == Section::prerequisite ? message.answer : message.authority;
  where.push_back(std::move(one));
  return rcode_of(message);
}

}  // namespace

TEST_CASE("the zone section names one zone of class IN by its SOA", "[dns][update]") {
  auto message = empty_update();
  CHECK(rcode_of(message) == Rcode::noerror);
  message.question.front().qtype = RRType::A;
  CHECK(rcode_of(message) == Rcode::formerr);
  message = empty_update();
  message.question.push_back(message.question.front());
  CHECK(rcode_of(message) == Rcode::formerr);
  message.question.clear();
  CHECK(rcode_of(message) == Rcode::formerr);
  message = empty_update();
  message.question.front().qclass = Class::CH;
  CHECK(rcode_of(message) == Rcode::notauth);
  message = empty_update();
  message.header.opcode = dns::Opcode::query;
  CHECK(rcode_of(message) == Rcode::formerr);
  message = empty_update();
  message.header.qr = true;
  CHECK(rcode_of(message) == Rcode::formerr);
}

TEST_CASE("RFC 2136 sections 3.2 and 3.4.1: what may stand in an UPDATE", "[dns][update]") {
  struct Case {
    const char* what;
    Section section;
    dns::Record record;
    Rcode rcode;
  };
  const auto p = Section::prerequisite;
  const auto u = Section::update;
  const std::string a = "192.0.2.1";
  const std::vector<Case> cases = {
      {"RRset exists", p, record("www", Class::any, RRType::A), Rcode::noerror},
      {"RRset absent", p, record("www", Class::none, RRType::A), Rcode::noerror},
      {"name in use", p, record("www", Class::any, RRType::ANY), Rcode::noerror},
      {"name not in use", p, record("www", Class::none, RRType::ANY), Rcode::noerror},
      {"RRset has values", p, record("www", Class::IN, RRType::A, a), Rcode::noerror},
      {"the apex itself", p, record("@", Class::any, RRType::SOA), Rcode::noerror},
      {"TTL, ANY", p, record("www", Class::any, RRType::A, "", 1), Rcode::formerr},
      {"TTL, NONE", p, record("www", Class::none, RRType::A, "", 1), Rcode::formerr},
      {"TTL, IN", p, record("www", Class::IN, RRType::A, a, 1), Rcode::formerr},
      {"TTL before zone", p, record("www.test.", Class::any, RRType::A, "", 1), Rcode::formerr},
      {"outside, ANY", p, record("www.test.", Class::any, RRType::A), Rcode::notzone},
      {"outside, IN", p, record("com.", Class::IN, RRType::A, a), Rcode::notzone},
      {"sibling", p, record("anexample.com.", Class::none, RRType::ANY), Rcode::notzone},
      {"rdata, ANY", p, record("www", Class::any, RRType::A, a), Rcode::formerr},
      {"rdata, NONE", p, record("www", Class::none, RRType::A, a), Rcode::formerr},
      {"rdata, name", p, record("www", Class::any, RRType::ANY, "\\# 1 00"), Rcode::formerr},
      {"class CH", p, record("www", Class::CH, RRType::A), Rcode::formerr},
      {"no rdata, IN", p, record("www", Class::IN, RRType::A), Rcode::formerr},
      {"ANY, IN", p, record("www", Class::IN, RRType::ANY), Rcode::formerr},
      {"AXFR, ANY", p, record("www", Class::any, RRType::AXFR), Rcode::formerr},
      {"MAILB, NONE", p, record("www", Class::none, RRType::MAILB), Rcode::formerr},

      {"add", u, record("www", Class::IN, RRType::A, a, 60), Rcode::noerror},
      {"add, TTL 0", u, record("www", Class::IN, RRType::A, a), Rcode::noerror},
      {"add, unknown type", u, record("www", Class::IN, RRType{65280}, "\\# 1 00"), Rcode::noerror},
      {"remove RRset", u, record("www", Class::any, RRType::A), Rcode::noerror},
      {"remove name", u, record("www", Class::any, RRType::ANY), Rcode::noerror},
      {"remove value", u, record("www", Class::none, RRType::A, a), Rcode::noerror},
      {"add outside", u, record("www.test.", Class::IN, RRType::A, a), Rcode::notzone},
      {"remove outside", u, record("www.test.", Class::any, RRType::ANY), Rcode::notzone},
      {"outside before class", u, record("www.test.", Class::CH, RRType::A), Rcode::notzone},
      {"add ANY", u, record("www", Class::IN, RRType::ANY), Rcode::formerr},
      {"add AXFR", u, record("www", Class::IN, RRType::AXFR), Rcode::formerr},
      {"add TKEY", u, record("www", Class::IN, RRType::TKEY), Rcode::formerr},
      {"add without rdata", u, record("www", Class::IN, RRType::A), Rcode::formerr},
      {"add TYPE0", u, record("www", Class::IN, RRType::none), Rcode::formerr},
      {"remove RRset, TTL", u, record("www", Class::any, RRType::A, "", 1), Rcode::formerr},
      {"remove RRset, rdata", u, record("www", Class::any, RRType::A, a), Rcode::formerr},
      {"remove MAILA", u, record("www", Class::any, RRType::MAILA), Rcode::formerr},
      {"remove IXFR", u, record("www", Class::any, RRType::IXFR), Rcode::formerr},
      {"remove value, TTL", u, record("www", Class::none, RRType::A, a, 1), Rcode::formerr},
      {"remove value, ANY", u, record("www", Class::none, RRType::ANY), Rcode::formerr},
      {"remove value, none", u, record("www", Class::none, RRType::A), Rcode::formerr},
      {"class CH", u, record("www", Class::CH, RRType::A, a), Rcode::formerr},
      {"class HS", u, record("www", Class::HS, RRType::A, a), Rcode::formerr},
  };
  for (const auto& c : cases) {
    INFO((c.section == p ? "prerequisite: " : "update: ") << c.what);
    CHECK(rcode_of(c.section, c.record) == c.rcode);
  }
}

TEST_CASE("an UPDATE becomes typed values", "[dns][update]") {
  using PKind = Prerequisite::Kind;
  using UKind = UpdateChange::Kind;
  auto message = empty_update();
  message.answer = {
      record("a", Class::IN, RRType::A, "192.0.2.1"), record("b", Class::any, RRType::ANY),
      record("A", Class::IN, RRType::A, "192.0.2.2"), record("a", Class::IN, RRType::TXT, "x")};
  message.authority = {record("c", Class::IN, RRType::MX, "10 Mail.example.com.", 300),
                       record("c", Class::any, RRType::ANY), record("c", Class::any, RRType::A),
                       record("c", Class::none, RRType::NS, "ns.example.com."),
                       record("c", Class::IN, RRType::A, "192.0.2.9", 0x8000'0001u)};
  message.additional = {record("test.", Class::IN, RRType::A, "192.0.2.1", 5)};
  message.edns.emplace();
  const auto update = Update::parse(message.compose().value());
  REQUIRE(update);
  CHECK(update->zone == name_of(zone));
  REQUIRE(update->prerequisites.size() == 3);
  const auto& values = update->prerequisites[0];
  CHECK(values.kind == PKind::rrset_has_values);
  CHECK(values.values.size() == 2);
  CHECK(update->prerequisites[1].kind == PKind::name_in_use);
  CHECK(update->prerequisites[1].type == RRType::none);
  CHECK(update->prerequisites[2].type == RRType::TXT);
  REQUIRE(update->changes.size() == 5);
  CHECK(update->changes[0].kind == UKind::add);
  CHECK(update->changes[0].ttl == 300);
  CHECK(dns::rdata_to_text(RRType::MX, update->changes[0].value.wire()) == "10 Mail.example.com.");
  CHECK(update->changes[1].kind == UKind::remove_name);
  CHECK(update->changes[1].type == RRType::none);
  CHECK(update->changes[2].kind == UKind::remove_rrset);
  CHECK(update->changes[3].kind == UKind::remove_value);
  CHECK(update->changes[4].ttl == 0);  // RFC 2181 section 8
}

TEST_CASE("no part of an UPDATE is taken for the whole", "[dns][update]") {
  auto message = empty_update();
  message.answer = {record("a", Class::any, RRType::A)};
  message.authority = {record("c", Class::IN, RRType::A, "192.0.2.1", 300)};
  const auto wire = message.compose().value();
  for (std::size_t size = 0; size < wire.size(); ++size) {
    const auto update = Update::parse(Octets(wire).first(size));
    REQUIRE_FALSE(update);
    CHECK(update.error().rcode == Rcode::formerr);
  }
  auto longer = wire;
  longer.push_back(0);
  CHECK_FALSE(Update::parse(longer));
}
