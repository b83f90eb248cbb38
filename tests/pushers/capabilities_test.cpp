#include "pushers/capabilities.hpp"

#include "tests/pushers/values.hpp"

#include <catch2/catch.hpp>

namespace taproot::pushers {

using namespace test;

TEST_CASE("a TTL becomes one that the provider keeps", "[pushers][capabilities]") {
  struct Case {
    TtlRule rule;
    std::uint32_t ttl;
    std::uint32_t want;
  };
  const auto c = GENERATE(
      Case{{}, 0, 0}, Case{{}, 300, 300}, Case{{60, 86400, {}, {}}, 30, 60},
      Case{{60, 86400, {}, {}}, 60, 60}, Case{{60, 86400, {}, {}}, 90000, 86400},
      Case{{0, 0, {300, 3600, 86400}, {}}, 30, 300}, Case{{0, 0, {300, 3600, 86400}, {}}, 300, 300},
      Case{{0, 0, {300, 3600, 86400}, {}}, 301, 3600},
      Case{{0, 0, {300, 3600, 86400}, {}}, 99999, 86400});
  CAPTURE(c.ttl);
  CHECK(c.rule.effective(c.ttl) == c.want);
}

TEST_CASE("what a provider cannot hold is refused with a reason", "[pushers][capabilities]") {
  struct Case {
    const char* line;
    const char* words;  ///< null: it can be held
  };
  Capabilities narrow;
  narrow.kind = "narrow";
  narrow.types = {dns::RRType::A, dns::RRType::TXT, dns::RRType::NS, dns::RRType::AAAA,
                  dns::RRType::MX};
  narrow.refused = {dns::RRType::AAAA};
  narrow.max_records = 2;
  narrow.wildcard_ns = false;
  narrow.null_mx = false;
  narrow.txt = {10, 6, "\"", true, false, false};
  const auto c = GENERATE(
      Case{"www 300 A 192.0.2.1 | 192.0.2.2", nullptr},
      Case{"www 300 A 192.0.2.1 | 192.0.2.2 | 192.0.2.3", "3 records"},
      Case{"www 300 AAAA ::1", "type AAAA"}, Case{"www 300 PTR mail", "type PTR"},
      Case{"www 300 MX 0 .", "a null MX"}, Case{"www 300 MX 10 mail", nullptr},
      Case{"* 300 NS ns1", "wildcard"}, Case{"sub 300 NS ns1", nullptr},
      Case{"t 300 TXT \"abc def\"", "of 7 octets"}, Case{"t 300 TXT \"abcdef\" \"ghij\"", nullptr},
      Case{"t 300 TXT \"abcdef\" \"ghijk\"", "of 11 octets"}, Case{"t 300 TXT \"\"", "empty"},
      Case{"t 300 TXT \"a\\\"b\"", "octet 34"}, Case{"t 300 TXT \"\\228\"", "ASCII"});
  CAPTURE(c.line);
  const auto held = effective(narrow, name("@"), rrset(c.line));
  REQUIRE(held.has_value() == (c.words == nullptr));
  if (c.words != nullptr) CHECK_THAT(held.error().reason, Catch::Contains(c.words));
}

TEST_CASE("the apex NS RRset may have a TTL of its own", "[pushers][capabilities]") {
  Capabilities caps = every_type();
  caps.ttl.apex_ns = 86400;
  const auto apex = effective(caps, name("@"), rrset("@ 3600 NS ns1"));
  REQUIRE(apex);
  CHECK(apex->rrset.ttl == 86400);
  CHECK(apex->adjusted == std::vector<std::string>{"TTL 3600 becomes 86400"});
  const auto below = effective(caps, name("@"), rrset("sub 3600 NS ns1"));
  REQUIRE(below);
  CHECK(below->rrset.ttl == 3600);
}

}  // namespace taproot::pushers
