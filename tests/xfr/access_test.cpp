#include "xfr/access.hpp"

#include <catch2/catch.hpp>

using namespace taproot;

namespace {

dns::Name name_of(const char* text) {
  return dns::Name::from_text(text).value();
}
net::Address address_of(const char* text) {
  return net::Address::from_text(text).value();
}
net::Prefix prefix_of(const char* text) {
  return net::Prefix::from_text(text).value();
}

std::vector<xfr::AccessRule> rules() {
  return {{"by-address", {prefix_of("192.0.2.53"), prefix_of("2001:db8::/32")}, {}},
          {"by-key", {}, name_of("any.key.")},
          {"by-both", {prefix_of("198.51.100.0/24")}, name_of("both.key.")},
          {"by-nothing", {}, {}}};
}

}  // namespace

TEST_CASE("a transfer needs a rule whose every part holds", "[xfr][access]") {
  struct Case {
    const char* address;
    const char* key;
    const char* provider;  ///< null: refused
  };
  const auto c = GENERATE(
      Case{"192.0.2.53", nullptr, "by-address"}, Case{"192.0.2.53", "other.key.", "by-address"},
      Case{"2001:db8:1::1", nullptr, "by-address"}, Case{"192.0.2.54", nullptr, nullptr},
      Case{"192.0.2.54", "other.key.", nullptr}, Case{"192.0.2.54", "ANY.key.", "by-key"},
      Case{"198.51.100.7", "both.key.", "by-both"}, Case{"198.51.100.7", nullptr, nullptr},
      Case{"198.51.101.7", "both.key.", nullptr}, Case{"127.0.0.1", nullptr, nullptr});
  CAPTURE(c.address, c.key != nullptr ? c.key : "-");
  xfr::Requester who{address_of(c.address), {}};
  if (c.key != nullptr) who.key = name_of(c.key);
  const auto verdict = xfr::may_transfer(rules(), who);
  CHECK(verdict.allowed == (c.provider != nullptr));
  CHECK(verdict.provider == (c.provider != nullptr ? c.provider : ""));
  CHECK(verdict.why.empty() == verdict.allowed);
}

TEST_CASE("a refusal says who asked and what would be allowed", "[xfr][access]") {
  const auto refused = [](std::span<const xfr::AccessRule> rules, xfr::Requester who) {
    return xfr::may_transfer(rules, who).why;
  };
  CHECK(refused({}, {address_of("192.0.2.1"), {}}) ==
        "192.0.2.1 asked unsigned; nobody may transfer this zone: give it a provider with "
        "transfer-from or key");
  auto two = rules();
  two.resize(1);
  CHECK(refused(two, {address_of("192.0.2.1"), name_of("k.")}) ==
        "192.0.2.1 asked with key k.; allowed is by-address from 192.0.2.53, 2001:db8::/32");
  std::vector<xfr::AccessRule> many(9, rules()[1]);
  CHECK(refused(many, {address_of("192.0.2.1"), {}}).find("; and 5 more") != std::string::npos);
}

TEST_CASE("whose secondary it seems to be is told by address or key alone", "[xfr][access]") {
  const auto guess = [](const char* address, const char* key) -> std::string {
    const auto all = rules();
    xfr::Requester who{address_of(address), {}};
    if (key != nullptr) who.key = name_of(key);
    const auto* rule = xfr::guess_rule(all, who);
    return rule == nullptr ? "-" : rule->provider;
  };
  CHECK(guess("198.51.100.7", nullptr) == "by-both");
  CHECK(guess("203.0.113.1", "both.key.") == "by-both");
  CHECK(guess("203.0.113.1", nullptr) == "-");
}
