#include "config_world.hpp"

#include "server/config.hpp"

#include <catch2/catch.hpp>

using namespace taproot;
using namespace taproot::server;
using namespace std::chrono_literals;

namespace {

/// The configuration of two keys and one zone with these lines.
ConfigRead read(const std::string& lines) {
  static const TestFolder folder;
  return read_config_text(
      "keys:\n"
      "  - {name: a.example, algorithm: hmac-sha256, secret: env:KEY}\n"
      "  - {name: b.example, algorithm: hmac-sha256, secret: env:KEY}\n"
      "defaults: {serial: date}\n"
      "zones:\n  - name: example.com\n" +
          lines,
      "taproot.yaml", folder.path(), test_world({{"KEY", "MDEyMzQ1Njc4OWFiY2RlZg=="}}));
}

std::string all_text(const ConfigRead& config) {
  std::string text;
  for (const auto& finding : config.findings) text += zonestore::to_text(finding, false) + "\n";
  return text;
}

}  // namespace

TEST_CASE("a transfer is a source", "[server][config]") {
  const auto read_one = read("    source: {transfer: 192.0.2.1}\n");
  INFO(all_text(read_one));
  REQUIRE(read_one.config);
  const auto& zone = *read_one.config->zones[0];
  CHECK(zone.shown == "transfer from 192.0.2.1:53");
  CHECK(zone.source.empty());
  CHECK(zone.serial == zonestore::SerialPolicy::keep);
  REQUIRE(zone.follow() != nullptr);
  const auto& follow = *zone.follow();
  REQUIRE(follow.primaries.size() == 1);
  CHECK_FALSE(follow.primaries[0].key);
  CHECK(follow.bounds.least == 30s);
  CHECK(follow.bounds.most == 24h);
  CHECK(follow.use_ixfr);
  CHECK_FALSE(follow.serve_expired);
}

TEST_CASE("a transfer has its bounds and keys", "[server][config]") {
  const auto read_one = read(
      "    serial: increment\n"
      "    source:\n"
      "      transfer: [192.0.2.1, {address: \"[2001:db8::1]:5353\", key: b.example}]\n"
      "      key: a.example\n"
      "      notify-from: [192.0.2.0/28]\n"
      "      ixfr: false\n"
      "      min-refresh: 1s\n"
      "      max-refresh: 1h\n"
      "      max-size: 1MiB\n"
      "      serve-expired: true\n");
  INFO(all_text(read_one));
  REQUIRE(read_one.config);
  const auto& zone = *read_one.config->zones[0];
  CHECK(zone.serial == zonestore::SerialPolicy::increment);
  const auto& follow = *zone.follow();
  REQUIRE(follow.primaries.size() == 2);
  CHECK(follow.primaries[0].key->to_text() == "a.example.");
  CHECK(follow.primaries[1].key->to_text() == "b.example.");
  CHECK(follow.primaries[1].endpoint.to_text() == "[2001:db8::1]:5353");
  CHECK(follow.notify_from.size() == 1);
  CHECK_FALSE(follow.use_ixfr);
  CHECK(follow.bounds.least == 1s);
  CHECK(follow.bounds.most == 1h);
  CHECK(follow.max_octets == std::size_t{1} << 20);
  CHECK(follow.serve_expired);
}

TEST_CASE("IXFR is asked for over TCP, not at all, or over UDP first", "[server][config]") {
  struct Case {
    const char* written;
    bool use;
    bool over_udp;
  };
  const auto c =
      GENERATE(Case{"true", true, false}, Case{"false", false, false}, Case{"udp", true, true});
  const auto one =
      read(std::string("    source: {transfer: 192.0.2.1, ixfr: ") + c.written + "}\n");
  INFO(all_text(one));
  REQUIRE(one.config);
  CHECK(one.config->zones[0]->follow()->use_ixfr == c.use);
  CHECK(one.config->zones[0]->follow()->ixfr_over_udp == c.over_udp);
}

TEST_CASE("what is wrong with a transfer is told", "[server][config]") {
  struct Case {
    const char* lines;
    const char* rule;
  };
  const auto c = GENERATE(
      Case{"    source: {transfer: []}\n", "config-missing-key"},
      Case{"    source: {transfer: host.example}\n", "config-bad-address"},
      Case{"    source: {transfer: [192.0.2.1, \"192.0.2.1:53\"]}\n", "config-duplicate-name"},
      Case{"    source: {transfer: 192.0.2.1, key: c.example}\n", "config-unknown-reference"},
      Case{"    source: {transfer: 192.0.2.1, notify-from: [x]}\n", "config-bad-address"},
      Case{"    source: {transfer: 192.0.2.1, file: x}\n", "config-missing-key"},
      Case{"    source: {transfer: 192.0.2.1, interval: 5s}\n", "config-unknown-key"},
      Case{"    source: {transfer: 192.0.2.1, min-refresh: 2h, max-refresh: 1h}\n",
           "config-bad-value"},
      Case{"    source: {transfer: 192.0.2.1, max-size: 100GiB}\n", "config-bad-value"},
      Case{"    source: {transfer: 192.0.2.1, ixfr: tcp}\n", "config-bad-value"},
      Case{"    sources: [{transfer: 192.0.2.1}, {transfer: 192.0.2.2}]\n", "config-wrong-kind"},
      Case{"    sources: [zones/x.yaml, {transfer: 192.0.2.2}]\n", "config-wrong-kind"});
  const auto bad = read(c.lines);
  INFO(c.lines << all_text(bad));
  CHECK_FALSE(bad.config);
  CHECK(std::any_of(bad.findings.begin(), bad.findings.end(),
                    [&](const auto& finding) { return finding.rule == c.rule; }));
}
