#include "config_world.hpp"

#include "server/config.hpp"

#include <catch2/catch.hpp>

using namespace taproot;
using namespace taproot::server;

namespace {

const std::string key = "k.example.:hmac-sha256:MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

ServeFlags one_zone() {
  ServeFlags flags;
  flags.zones = {"example.com=example.com.yaml"};
  return flags;
}

}  // namespace

TEST_CASE("one zone on the command line is a configuration", "[server][config]") {
  const auto read = config_from_flags(one_zone(), test_world({{"XDG_STATE_HOME", "/x"}}));
  REQUIRE(read.config);
  CHECK(read.findings.empty());
  CHECK(read.config->listen.at(0).to_text() == "127.0.0.1:5300");
  CHECK(read.config->state == "/x/taproot");
  CHECK(read.config->control.token_file == "/x/taproot/control.token");
  CHECK(read.config->control.listen.to_text() == "127.0.0.1:8053");
  CHECK(read.config->providers.empty());
  REQUIRE(read.config->zones.size() == 1);
  CHECK(read.config->zones[0]->source == "example.com.yaml");
}

TEST_CASE("secondaries on the command line are one provider", "[server][config]") {
  auto flags = one_zone();
  flags.listen = {"127.0.0.1:5300", "[::1]:5300"};
  flags.keys = {key};
  flags.allow_transfer = {"127.0.0.1", "192.0.2.0/24", "key:k.example"};
  flags.notify = {"127.0.0.1:5301", "[::1]:5302,key:k.example."};
  flags.state = "state";
  flags.workers = "2";
  flags.control = "127.0.0.1:9053";
  const auto config = config_from_flags(flags, test_world()).config;
  REQUIRE(config);
  CHECK(config->listen.size() == 2);
  CHECK(config->workers == 2u);
  CHECK(config->state == "state");
  CHECK(config->control.listen.port() == 9053);
  REQUIRE(config->providers.size() == 1);
  const auto& provider = config->providers[0];
  CHECK(provider.name == "secondaries");
  CHECK(config->zones[0]->providers == std::vector<std::string>{"secondaries"});
  // Either an address of the list, or the key from anywhere.
  REQUIRE(provider.access.size() == 2);
  CHECK(provider.access[0].key.has_value());
  CHECK(provider.access[0].from.empty());
  CHECK_FALSE(provider.access[1].key);
  CHECK(provider.access[1].from.size() == 2);
  REQUIRE(provider.notify.size() == 2);
  CHECK_FALSE(provider.notify[0].key);
  CHECK(provider.notify[1].key->to_text() == "k.example.");
  REQUIRE(provider.nameservers.size() == 2);
  CHECK(provider.nameservers[1].endpoints.at(0).to_text() == "[::1]:5302");
}

TEST_CASE("every wrong flag is told under its name", "[server][config]") {
  struct Case {
    const char* flag;
    const char* value;
    const char* rule;
  };
  const auto c = GENERATE(Case{"--listen", "5300", "config-bad-address"},
                          Case{"--zone", "example.com", "config-bad-value"},
                          Case{"--zone", "example.com=", "config-bad-value"},
                          Case{"--zone", "a..b=x", "config-bad-value"},
                          Case{"--zone", "EXAMPLE.com=other", "config-zone-twice"},
                          Case{"--key", "canary", "config-bad-secret"},
                          Case{"--key", "k:hmac-sha256:canary!", "config-bad-secret"},
                          Case{"--allow-transfer", "0.0.0.0/0", "config-open-transfer"},
                          Case{"--allow-transfer", "here", "config-bad-address"},
                          Case{"--allow-transfer", "key:none", "config-unknown-reference"},
                          Case{"--notify", "ns1.example:53", "config-bad-address"},
                          Case{"--notify", "127.0.0.1:1,key:none", "config-unknown-reference"},
                          Case{"--notify", "127.0.0.1:1,none", "config-bad-value"},
                          Case{"--workers", "none", "config-bad-value"},
                          Case{"--workers", "0", "config-bad-value"},
                          Case{"--control", "0.0.0.0:8053", "config-control-exposed"},
                          Case{"--control", "8053", "config-bad-address"});
  auto flags = one_zone();
  const std::string flag = c.flag;
  if (flag == "--listen") flags.listen.emplace_back(c.value);
  if (flag == "--zone") flags.zones.emplace_back(c.value);
  if (flag == "--key") flags.keys.emplace_back(c.value);
  if (flag == "--allow-transfer") flags.allow_transfer.emplace_back(c.value);
  if (flag == "--notify") flags.notify.emplace_back(c.value);
  if (flag == "--workers") flags.workers = c.value;
  if (flag == "--control") flags.control = c.value;
  const auto read = config_from_flags(flags, test_world());
  CAPTURE(c.flag, c.value);
  CHECK_FALSE(read.config);
  REQUIRE_FALSE(read.findings.empty());
  CHECK(read.findings[0].file == c.flag);
  CHECK(read.findings[0].rule == c.rule);
  CHECK_FALSE(read.findings[0].cure.empty());
  CHECK_THAT(zonestore::to_text(read.findings[0], false), !Catch::Contains("canary"));
}

TEST_CASE("secondaries that are told but may not transfer are a warning", "[server][config]") {
  auto flags = one_zone();
  flags.notify = {"127.0.0.1:5301"};
  const auto read = config_from_flags(flags, test_world());
  CHECK(read.config);
  REQUIRE(read.findings.size() == 1);
  CHECK(read.findings[0].rule == "config-no-access");
}

TEST_CASE("state goes where the system says", "[server][config]") {
  CHECK(default_state(test_world({{"STATE_DIRECTORY", "/var/lib/taproot"}, {"HOME", "/h"}})) ==
        "/var/lib/taproot");
  CHECK(default_state(test_world({{"STATE_DIRECTORY", "/a:/b"}, {"HOME", "/h"}})) ==
        "/h/.local/state/taproot");
  CHECK(default_state(test_world({{"XDG_STATE_HOME", "relative"}, {"HOME", "/h"}})) ==
        "/h/.local/state/taproot");
}
