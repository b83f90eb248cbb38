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

namespace {

net::SpkiPin pin_of(std::uint8_t octet) {
  const std::vector<std::uint8_t> digest(net::SpkiPin::size, octet);
  return net::SpkiPin::from_digest(digest).value();
}

/// "tcp", "none" (TLS without a client certificate), "a" (verified for a.example, pin 1), "a2" (the
/// same name, pin 2) or "expired" (pin 1, not verified).
std::optional<net::TlsPeer> peer_named(const std::string& name) {
  if (name == "tcp") return std::nullopt;
  if (name == "none") return net::TlsPeer{};
  if (name == "a") return net::TlsPeer{{"a.example", "other.example"}, pin_of(1), ""};
  if (name == "a2") return net::TlsPeer{{"a.example"}, pin_of(2), ""};
  if (name == "b") return net::TlsPeer{{"b.example"}, pin_of(3), ""};
  return net::TlsPeer{{}, pin_of(1), "certificate has expired"};
}

std::vector<xfr::AccessRule> tls_rules() {
  return {{"tls-address", {prefix_of("192.0.2.53")}, {}, true},
          {"tls-key", {}, name_of("tls.key."), true},
          {"identity", {prefix_of("198.51.100.0/24")}, {}, false, {"a.example"}},
          {"pinned", {prefix_of("203.0.113.0/24")}, {}, false, {}, {pin_of(1)}},
          {"everything",
           {prefix_of("2001:db8::/32")},
           name_of("all.key."),
           true,
           {"a.example", "b.example"},
           {pin_of(1), pin_of(3)}},
          {"tls-alone", {}, {}, true}};
}

}  // namespace

TEST_CASE("a rule that wants TLS never holds without it", "[xfr][access][tls]") {
  struct Case {
    const char* address;
    const char* key;
    const char* peer;
    const char* provider;  ///< null: refused
  };
  const auto c = GENERATE(
      Case{"192.0.2.53", nullptr, "none", "tls-address"},
      Case{"192.0.2.53", nullptr, "expired", "tls-address"},
      Case{"192.0.2.53", nullptr, "tcp", nullptr}, Case{"192.0.2.53", "tls.key.", "tcp", nullptr},
      Case{"192.0.2.99", "tls.key.", "none", "tls-key"},
      Case{"192.0.2.99", "tls.key.", "tcp", nullptr}, Case{"192.0.2.99", nullptr, "none", nullptr},
      Case{"192.0.2.99", nullptr, "a", nullptr}, Case{"198.51.100.1", nullptr, "a", "identity"},
      Case{"198.51.100.1", nullptr, "a2", "identity"}, Case{"198.51.100.1", nullptr, "b", nullptr},
      Case{"198.51.100.1", nullptr, "none", nullptr},
      Case{"198.51.100.1", nullptr, "expired", nullptr},
      Case{"198.51.100.1", nullptr, "tcp", nullptr}, Case{"203.0.113.1", nullptr, "a", "pinned"},
      Case{"203.0.113.1", nullptr, "expired", "pinned"},
      Case{"203.0.113.1", nullptr, "a2", nullptr}, Case{"203.0.113.1", nullptr, "tcp", nullptr},
      Case{"2001:db8::1", "all.key.", "a", "everything"},
      Case{"2001:db8::1", "all.key.", "b", "everything"},
      Case{"2001:db8::1", "all.key.", "a2", nullptr},
      Case{"2001:db8::1", "all.key.", "expired", nullptr},
      Case{"2001:db8::1", "all.key.", "tcp", nullptr}, Case{"2001:db8::1", nullptr, "a", nullptr},
      Case{"192.0.2.1", "all.key.", "a", nullptr});
  CAPTURE(c.address, c.key != nullptr ? c.key : "-", c.peer);
  const auto peer = peer_named(c.peer);
  xfr::Requester who{address_of(c.address), {}, peer ? &*peer : nullptr};
  if (c.key != nullptr) who.key = name_of(c.key);
  const auto verdict = xfr::may_transfer(tls_rules(), who);
  CHECK(verdict.provider == (c.provider != nullptr ? c.provider : ""));
  CHECK(verdict.allowed == (c.provider != nullptr));
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
        "192.0.2.1 asked with key k.; to be by-address it lacks an address in transfer-from "
        "(192.0.2.53, 2001:db8::/32)");
  std::vector<xfr::AccessRule> many(9, rules()[1]);
  CHECK(refused(many, {address_of("192.0.2.1"), {}}).find("; and 5 more") != std::string::npos);
}

TEST_CASE("a refusal names the nearest rule first, and each part that it lacks",
          "[xfr][access][tls]") {
  const auto refused = [](const xfr::Requester& who) {
    return xfr::may_transfer(tls_rules(), who).why;
  };
  CHECK_THAT(
      refused({address_of("192.0.2.53"), {}}),
      Catch::StartsWith("192.0.2.53 asked unsigned; to be tls-address it lacks TLS; to be "));
  const auto expired = peer_named("expired");
  CHECK_THAT(
      refused({address_of("198.51.100.1"), {}, &*expired}),
      Catch::StartsWith("198.51.100.1 asked unsigned over TLS with a client certificate that is "
                        "not verified (certificate has expired) (pin " +
                        pin_of(1).to_text() + "); to be ") &&
          Catch::Contains("; to be identity it lacks a verified client certificate of "
                          "tls-identity a.example"));
  const auto none = peer_named("none");
  CHECK_THAT(refused({address_of("2001:db8::1"), name_of("all.key."), &*none}),
             Catch::Contains("over TLS without a client certificate") &&
                 Catch::Contains("to be everything it lacks a verified client certificate of "
                                 "tls-identity a.example, b.example, a client certificate with "
                                 "tls-pin "));
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
  const auto peer = peer_named("a");
  const auto all = tls_rules();
  const auto* rule = xfr::guess_rule(all, {address_of("10.0.0.1"), {}, &*peer});
  REQUIRE(rule != nullptr);
  CHECK(rule->provider == "identity");
}
