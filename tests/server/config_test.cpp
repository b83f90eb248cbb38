#include "config_world.hpp"

#include "server/config.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <fstream>
#include <iterator>

using namespace taproot;
using namespace taproot::server;
using zonestore::Finding;
using zonestore::Severity;

namespace {

constexpr const char* base64 = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

/// A folder with the files that the cases name.
const TestFolder& folder() {
  static const TestFolder made;
  static const bool filled = [] {
    made.file("keys/good", base64);
    made.file("keys/open", base64, 0644);
    made.file("keys/short", "c2hvcnQ=");
    made.file("keys/not-base64", "!!! hunter2 !!!");
    made.file("keys/other-name", std::string("other.example.:hmac-sha256:") + base64);
    made.file("keys/other-algorithm", std::string("k.:hmac-sha512:") + base64);
    made.file("keys/empty", "\n");
    made.file("zones/example.com.yaml", "");
    made.file("zones/example.net.zone", "");
    made.file("zones/.hidden.yaml", "");
    made.file("zones/example.com.yaml~", "");
    made.file("odd/README", "");
    made.file("odd/example.org.json", "");
    return true;
  }();
  (void)filled;
  return made;
}

ConfigRead read(const std::string& text,
                const ConfigWorld& world = test_world({{"HOME", "/home/op"}})) {
  return read_config_text(text, "taproot.yaml", folder().path(), world);
}

const Finding* find_rule(const ConfigRead& config, const std::string& rule) {
  const auto found = std::find_if(config.findings.begin(), config.findings.end(),
                                  [&](const Finding& one) { return one.rule == rule; });
  return found == config.findings.end() ? nullptr : &*found;
}

std::string all_text(const ConfigRead& config) {
  std::string text;
  for (const auto& finding : config.findings) text += zonestore::to_text(finding, false) + "\n";
  return text;
}

/// Before the provider's own lines, so that a case can be short.
const std::string transfer = "providers:\n  - name: p\n    kind: transfer\n";
const std::string powerdns =
    "providers:\n  - name: p\n    kind: powerdns\n    url: https://pdns.example.net:8081\n";

}  // namespace

TEST_CASE("every mistake in a configuration is told with its place and cure", "[server][config]") {
  struct Case {
    std::string text;
    std::string rule;
    std::size_t line, column;
    std::string says;  ///< in message or cure
  };
  const std::string with_key = "    api-key-file: keys/good\n";
  const auto c = GENERATE_COPY(values<Case>({
      {"", "config-syntax", 1, 1, "conf/taproot.yaml"},
      {"server: [\n", "config-syntax", 2, 1, "not valid YAML"},
      {"state: a\n---\nstate: b\n", "config-syntax", 3, 1, "second document"},
      {"? [a, b]\n: c\n", "config-syntax", 1, 3, "a key must be a word"},
      {"- a\n", "config-type", 1, 1, "must be a map, not a list"},
      {"serwer: {}\n", "config-unknown-key", 1, 1, "did you mean \"server\"?"},
      {"xyzzyplugh: 1\n", "config-unknown-key", 1, 1, "keys here are"},
      {"state: a\nstate: b\n", "config-duplicate-key", 2, 1, "keep one"},
      {"state: [a]\n", "config-type", 1, 8, "must be text, not a list"},
      {"server: 5300\n", "config-type", 1, 9, "server must be a map"},
      {"server:\n  lisen: [127.0.0.1:53]\n", "config-unknown-key", 2, 3,
       "did you mean \"listen\"?"},
      {"server:\n  listen: [127.0.0.1]\n", "config-bad-address", 2, 12, "127.0.0.1:5300"},
      {"server:\n  listen: [[::1]:53]\n", "config-syntax", 2, 0, "needs quotes"},
      {"server:\n  listen: [localhost:53]\n", "config-bad-address", 2, 12, "is not an address"},
      {"server: {workers: many}\n", "config-bad-value", 1, 19, "not a number from 1 to 256"},
      {"server: {workers: 0}\n", "config-bad-value", 1, 19, "from 1 to 256"},
      {"control: {listen: \"0.0.0.0:8053\"}\n", "config-control-exposed", 1, 19, "no TLS"},
      {"control: {listen: \"192.0.2.1:8053\"}\n", "config-control-exposed", 1, 19, "SSH"},
      {"control: {token: abc}\n", "config-unknown-key", 1, 11, "did you mean \"token-file\"?"},
      {"keys: [{algorithm: hmac-sha256, secret-file: keys/good}]\n", "config-missing-key", 1, 8,
       "key has no name"},
      {"keys: [{name: k., secret-file: keys/nothing}]\n", "config-secret-unreadable", 1, 32,
       "mode 0600"},
      {"keys: [{name: k., secret-file: keys/open}]\n", "config-secret-permissions", 1, 32,
       "chmod 600 keys/open"},
      {"keys: [{name: k., secret-file: keys/not-base64}]\n", "config-bad-secret", 1, 8,
       "taproot key generate k."},
      {"keys: [{name: k., secret-file: keys/empty}]\n", "config-bad-secret", 1, 8, "is empty"},
      {"keys: [{name: k., secret-file: keys/short}]\n", "config-weak-secret", 1, 8,
       "shorter than 16"},
      {"keys: [{name: k., secret-file: keys/other-name}]\n", "config-bad-secret", 1, 8,
       "holds the key other.example."},
      {"keys: [{name: k., secret-file: keys/other-algorithm}]\n", "config-bad-secret", 1, 8,
       "hmac-sha512"},
      {"keys: [{name: k., secret: MDEyMzQ1Njc4OTAxMjM0NQ==}]\n", "config-inline-secret", 1, 27,
       "secret-file: PATH"},
      {"keys: [{name: k., secret: env:NOT_SET}]\n", "config-secret-unreadable", 1, 27,
       "NOT_SET is not set"},
      {"keys: [{name: k.}]\n", "config-missing-key", 1, 8, "has no secret-file"},
      {"keys: [{name: k., secret-file: keys/good, secret: env:A}]\n", "config-duplicate-key", 1, 32,
       "both secret-file and secret"},
      {"keys: [{name: k., algorithm: hmac-md5, secret-file: keys/good}]\n", "config-weak-algorithm",
       1, 30, "hmac-sha256"},
      {"keys: [{name: a..b, secret-file: keys/good}]\n", "config-bad-name", 1, 15,
       "is not a domain name"},
      {"keys:\n  - {name: k., secret-file: keys/good}\n  - {name: K, secret-file: "
       "keys/good}\n",
       "config-duplicate-name", 3, 12, "two keys"},
      {"providers: [{kind: transfer, transfer-from: [192.0.2.1]}]\n", "config-missing-key", 1, 13,
       "provider has no name"},
      {"providers: [{name: p, transfer-from: [192.0.2.1]}]\n", "config-missing-key", 1, 13,
       "kind: transfer"},
      {"providers: [{name: p, kind: bind}]\n", "config-bad-value", 1, 29, "cloudflare, google"},
      {transfer, "config-open-transfer", 2, 5, "neither transfer-from nor key"},
      {transfer + "    transfer-from: []\n", "config-open-transfer", 2, 5,
       "neither transfer-from nor key"},
      {transfer + "    transfer-from: [0.0.0.0/0]\n", "config-open-transfer", 4, 21,
       "the word any"},
      {transfer + "    transfer-from: [\"::/0\"]\n", "config-open-transfer", 4, 21, "the word any"},
      {transfer + "    transfer-from: any\n", "config-open-transfer", 4, 20, "anyone"},
      {transfer + "    transport: tls\n", "config-open-transfer", 2, 5,
       "neither transfer-from nor key"},
      {transfer + "    transport: tls\n    transfer-from: [0.0.0.0/0]\n", "config-open-transfer", 5,
       21, "the word any"},
      {transfer + "    transfer-from: any\n    tls-identity: []\n", "config-bad-value", 5, 19,
       "empty list"},
      {transfer + "    tls-pin: abc\n", "config-bad-value", 4, 14, "not a pin"},
      {transfer + "    tls-identity: a.example\n    transport: any\n", "config-bad-value", 5, 16,
       "does not go with tls-identity"},
      {transfer + "    transfer-from: [192.0.2.1/24]\n", "config-bad-address", 4, 21,
       "192.0.2.0/24"},
      {transfer + "    key: k.\n", "config-unknown-reference", 4, 10, "add it to keys:"},
      {"keys: [{name: xfr., secret-file: keys/good}]\n" + transfer + "    key: xfx.\n",
       "config-unknown-reference", 5, 10, "did you mean \"xfr.\"?"},
      {transfer + "    transfer-from: [192.0.2.1]\n    notify: [ns1.example]\n",
       "config-bad-address", 5, 14, "is not an address"},
      {transfer + "    transfer-from: [192.0.2.1]\n    notify-source: 192.0.2.1:53\n",
       "config-bad-address", 5, 20, "without a port"},
      {transfer + "    transfer-from: [192.0.2.1]\n    url: https://x\n", "config-wrong-kind", 5, 5,
       "kind powerdns"},
      {transfer + "    transfer-from: [192.0.2.1]\n    nameservers: {ns1.: [nowhere]}\n",
       "config-bad-address", 5, 26, "is not an address"},
      {transfer + "    transfer-from: [192.0.2.1]\n    nameservers: [192.0.2.1]\n", "config-type",
       5, 18, "must be a map"},
      {transfer + "    transfer-from: [192.0.2.1]\n    nameservers: {NS1.: [192.0.2.1], "
                  "ns1.: [192.0.2.2]}\n",
       "config-duplicate-key", 5, 38, "stands twice"},
      {transfer + "    transfer-from: [192.0.2.1]\n    hold: maybe\n", "config-bad-value", 5, 11,
       "true or false"},
      {transfer + "    transfer-from: [192.0.2.1]\n", "config-no-nameservers", 2, 5,
       "nobody can see"},
      {transfer + "    transfer-from: [192.0.2.1]\n  - name: p\n    kind: transfer\n    "
                  "transfer-from: [192.0.2.2]\n",
       "config-duplicate-name", 5, 11, "two providers p"},
      {"providers: [{name: p, kind: powerdns, api-key-file: keys/good}]\n", "config-missing-key", 1,
       13, "has no url"},
      {powerdns, "config-missing-key", 2, 5, "has no api-key-file"},
      {powerdns + "    api-key: hunter2\n", "config-inline-secret", 5, 14, "api-key-file: PATH"},
      {powerdns + "    api-key-file: keys/empty\n", "config-bad-secret", 2, 5, "is empty"},
      {powerdns + with_key + "    ownership: mine\n", "config-bad-value", 6, 16,
       "exclusive or shared"},
      {powerdns + with_key + "    notify: [192.0.2.1]\n", "config-wrong-kind", 6, 5,
       "kind transfer"},
      {powerdns + with_key + "    guards: {max-delete-percent: 101}\n", "config-bad-value", 6, 34,
       "from 0 to 100"},
      {powerdns + with_key + "    guards: {max-delete: 5}\n", "config-unknown-key", 6, 14,
       "did you mean \"max-deletes\"?"},
      {"providers:\n  - {name: p, kind: powerdns, url: \"http://pdns.example.net\", "
       "api-key-file: keys/good}\n",
       "config-plain-http", 2, 36, "use https"},
      {"providers:\n  - {name: p, kind: powerdns, url: \"ftp://x\", api-key-file: "
       "keys/good}\n",
       "config-bad-value", 2, 36, "not an https URL"},
      {"providers:\n  - {name: p, kind: powerdns, url: \"https://u:hunter2@x\", "
       "api-key-file: keys/good}\n",
       "config-inline-secret", 2, 36, "user name or password"},
      {"providers:\n  - {name: p, kind: powerdns, url: \"https://x/?key=1\", api-key-file: "
       "keys/good}\n",
       "config-bad-value", 2, 36, "query"},
      {"providers:\n  - {name: p, kind: powerdns, url: \"https://:8081\", api-key-file: "
       "keys/good}\n",
       "config-bad-value", 2, 36, "no proper host"},
      {"zones: [{name: example.com}]\n", "config-missing-key", 1, 9, "zone has no source"},
      {"zones: [{source: a.yaml}]\n", "config-missing-key", 1, 9, "neither name nor directory"},
      {"zones: [{name: a, source: b, directory: c}]\n", "config-wrong-kind", 1, 41, "two entries"},
      {"zones: [{name: a, source: b, providers: [p]}]\n", "config-unknown-reference", 1, 42,
       "add it to providers:"},
      {transfer + "    transfer-from: [192.0.2.1]\nzones:\n  - {name: a, source: b, providers: "
                  "[p, p]}\n",
       "config-duplicate-name", 6, 41, "stands twice"},
      {"zones:\n  - {name: example.com, source: a}\n  - {name: EXAMPLE.com., source: b}\n",
       "config-zone-twice", 3, 12, "comes from a and from b"},
      {"zones:\n  - {name: example.com, source: a}\n  - {directory: zones}\n", "config-zone-twice",
       3, 17, "zones/example.com.yaml"},
      {"zones: [{directory: nowhere}]\n", "config-bad-directory", 1, 21, "cannot be read"},
      {"zones: [{directory: odd}]\n", "config-file-ignored", 1, 21, "odd/README"},
      {"zones: [{name: a, source: b, serial: random}]\n", "config-bad-value", 1, 38,
       "increment, unixtime, date or keep"},
      {"zones: [{name: a, source: b, publish: never}]\n", "config-bad-value", 1, 39,
       "auto or on-apply"},
      {"defaults: {seriel: date}\n", "config-unknown-key", 1, 12, "did you mean \"serial\"?"},
      {"probe: {interval: 0s}\n", "config-bad-value", 1, 19, "from 1s to 86400s"},
      {"probe: {interval: soon}\n", "config-bad-value", 1, 19, "30s"},
      {"history: {memory-size: 4 apples}\n", "config-bad-value", 1, 24, "4MiB"},
      {"history: {memory-size: 99999999999GiB}\n", "config-bad-value", 1, 24, "not a size"},
      {"history: {disk-versions: 1}\n", "config-bad-value", 1, 26, "from 2"},
      {"log: {level: loud}\n", "config-bad-value", 1, 14, "debug, info, warning or error"},
      {"log: {format: xml}\n", "config-bad-value", 1, 15, "text or json"},
      {"state: ''\n", "config-type", 1, 8, "empty"},
  }));
  const auto config = read(c.text);
  INFO(c.text);
  INFO(all_text(config));
  const auto* found = find_rule(config, c.rule);
  REQUIRE(found != nullptr);
  CHECK(found->file == "taproot.yaml");
  CHECK(found->line == c.line);
  if (c.column != 0) CHECK(found->column == c.column);
  CHECK_THAT(found->message + "\n" + found->cure, Catch::Contains(c.says));
  CHECK_FALSE(found->cure.empty());
  CHECK(config.config.has_value() == (found->severity != Severity::error));
  CHECK_THAT(all_text(config), !Catch::Contains("hunter2"));
  CHECK_THAT(all_text(config), !Catch::Contains("MDEyMz"));
}

TEST_CASE("weak algorithms are allowed by name", "[server][config]") {
  struct Case {
    const char* what;
    const char* server;
    const char* key;
    const char* rule;  // of the one finding; null: it is in order
    bool taken;
  };
  const std::string good = "secret-file: keys/good}]\n";
  const auto c = GENERATE(values<Case>({
      {"not allowed", "", "hmac-sha1", "config-weak-algorithm", false},
      {"another is allowed", "server: {allow-weak-algorithms: [hmac-md5]}\n", "hmac-sha1",
       "config-weak-algorithm", false},
      {"allowed", "server: {allow-weak-algorithms: [hmac-sha1]}\n", "hmac-sha1",
       "config-weak-algorithm", true},
      {"one in place of a list, in full", "server: {allow-weak-algorithms: hmac-md5}\n",
       "HMAC-MD5.SIG-ALG.REG.INT.", "config-weak-algorithm", true},
      {"allowed and not needed", "server: {allow-weak-algorithms: hmac-md5}\n", "hmac-sha512",
       nullptr, true},
      {"no weak one", "server: {allow-weak-algorithms: hmac-sha256}\n", "hmac-sha256",
       "config-bad-value", false},
      {"no algorithm", "server: {allow-weak-algorithms: rot13}\n", "hmac-sha256",
       "config-bad-value", false},
  }));
  INFO(c.what);
  const auto config =
      read(std::string(c.server) + "keys: [{name: k., algorithm: " + c.key + ", " + good);
  INFO(all_text(config));
  CHECK(config.config.has_value() == c.taken);
  CHECK((c.rule == nullptr || find_rule(config, c.rule) != nullptr));
  if (c.rule == nullptr) CHECK(find_rule(config, "config-weak-algorithm") == nullptr);
  if (!c.taken && std::string(c.rule) == "config-weak-algorithm") {
    CHECK_THAT(find_rule(config, c.rule)->cure,
               Catch::Contains("allow-weak-algorithms: [hmac-sha1] below server:"));
  }
}

TEST_CASE("the least MAC is between half of it and the whole", "[server][config]") {
  const unsigned octets = GENERATE(0u, 15u, 16u, 32u, 33u);
  const auto config = read("keys: [{name: k., least-mac: " + std::to_string(octets) +
                           ", secret-file: keys/good}]\n");
  INFO(all_text(config));
  CHECK(config.config.has_value() == (octets >= 16 && octets <= 32));
  if (config.config) CHECK(config.config->keys[0].least_mac == octets);
}

TEST_CASE("a provider may have several keys, and signs with the first", "[server][config]") {
  const std::string keys =
      "keys: [{name: new., secret-file: keys/good}, {name: old., secret-file: keys/good}]\n";
  SECTION("with addresses") {
    const auto config = read(keys + transfer +
                             "    notify: 192.0.2.1\n    transfer-from: 192.0.2.1\n"
                             "    key: [new., old.]\n");
    INFO(all_text(config));
    REQUIRE(config.config);
    const auto& provider = config.config->providers.front();
    CHECK(provider.notify.at(0).key == config.config->keys[0].name);
    REQUIRE(provider.access.size() == 2);
    for (std::size_t i = 0; i < 2; ++i) {
      CHECK(provider.access[i].key == config.config->keys[i].name);
      CHECK(provider.access[i].from.size() == 1);
    }
  }
  SECTION("an empty list does not open the zones") {
    const auto config = read(keys + transfer + "    transfer-from: 192.0.2.1\n    key: []\n");
    REQUIRE(find_rule(config, "config-bad-value") != nullptr);
    CHECK_FALSE(config.config);
  }
  SECTION("one of them is not there") {
    const auto config = read(keys + transfer + "    key: [new., odd.]\n");
    REQUIRE(find_rule(config, "config-unknown-reference") != nullptr);
    CHECK_THAT(find_rule(config, "config-unknown-reference")->cure, Catch::Contains("old."));
  }
  SECTION("one twice") {
    CHECK(find_rule(read(keys + transfer + "    key: [new., NEW]\n"), "config-duplicate-name"));
  }
}

TEST_CASE("all mistakes are told at once, in the order of the file", "[server][config]") {
  const auto config = read(
      "serwer: {}\n"
      "control: {listen: 8053}\n"
      "providers: [{name: p, kind: nsd}]\n"
      "zones: [{name: a}]\n"
      "probe: {interval: x}\n");
  CHECK_FALSE(config.config);
  std::vector<std::size_t> lines;
  for (const auto& finding : config.findings) {
    if (finding.severity == Severity::error) lines.push_back(finding.line);
  }
  CHECK(lines == std::vector<std::size_t>{1, 2, 3, 4, 5});
}

TEST_CASE("the configuration of the manual is read whole", "[server][config]") {
  folder().file("keys/powerdns", "hunter2\n");
  const auto read_it = read(R"(server:
  listen: [127.0.0.1:5300, "[::1]:5300"]
  workers: 3
state: /var/lib/taproot
control:
  listen: "[::1]:8054"
  allowed-hosts: [dash.example.net]
keys:
  - {name: xfr.example.net., algorithm: hmac-sha256, secret-file: keys/good}
providers:
  - name: nsd-frankfurt
    kind: transfer
    nameservers: {ns1.frankfurt.example.: [192.0.2.53, "127.0.0.1:5301", "[2001:db8::1]:54"]}
    notify: ["192.0.2.53", 127.0.0.1:5301]
    notify-source: 192.0.2.1
    transfer-from: ["192.0.2.53", 2001:db8::/32]
    key: xfr.example.net.
  - name: powerdns-berlin
    kind: powerdns
    url: https://pdns.example.net:8081
    api-key-file: keys/powerdns
    ownership: shared
    guards: {max-delete-percent: 10, max-update-percent: 20, max-deletes: 3}
    hold: true
    nameservers: {ns1.berlin.example.: 198.51.100.53}
defaults: {serial: date, guards: {max-shrink-percent: 30}}
zones:
  - {name: example.org, source: zones/example.org.yaml, guards: {max-shrink-percent: 5}, providers: [nsd-frankfurt, powerdns-berlin]}
  - {directory: zones, providers: [nsd-frankfurt], serial: unixtime, publish: on-apply}
probe: {interval: 90}
history: {memory-steps: 5, memory-size: 1MiB, disk-versions: 50, disk-size: 2MiB}
log: {level: debug, format: json}
)");
  INFO(all_text(read_it));
  REQUIRE(read_it.config);
  const auto& config = *read_it.config;
  REQUIRE(config.listen.size() == 2);
  CHECK(config.listen[1].to_text() == "[::1]:5300");
  CHECK(config.workers == 3u);
  CHECK(config.state == "/var/lib/taproot");
  CHECK(config.control.listen.to_text() == "[::1]:8054");
  CHECK(config.control.token_file == "/var/lib/taproot/control.token");
  CHECK(config.control.allowed_hosts == std::vector<std::string>{"dash.example.net"});
  REQUIRE(config.keys.size() == 1);
  CHECK(config.keys[0].secret.reveal() == "01234567890123456789012345678901");
  REQUIRE(config.providers.size() == 2);
  const auto& nsd = config.providers[0];
  REQUIRE(nsd.nameservers.size() == 1);
  REQUIRE(nsd.nameservers[0].endpoints.size() == 3);
  CHECK(nsd.nameservers[0].endpoints[0].to_text() == "192.0.2.53:53");
  CHECK(nsd.nameservers[0].endpoints[1].to_text() == "127.0.0.1:5301");
  CHECK(nsd.nameservers[0].endpoints[2].to_text() == "[2001:db8::1]:54");
  REQUIRE(nsd.notify.size() == 2);
  CHECK(nsd.notify[0].endpoint.to_text() == "192.0.2.53:53");
  CHECK(nsd.notify[0].key == config.keys[0].name);
  CHECK(nsd.notify_source->to_text() == "192.0.2.1");
  REQUIRE(nsd.access.size() == 1);
  CHECK(nsd.access[0].from.size() == 2);
  CHECK(nsd.access[0].key == config.keys[0].name);
  const auto& powerdns_berlin = config.providers[1];
  CHECK(powerdns_berlin.kind == ProviderKind::powerdns);
  CHECK(powerdns_berlin.url == "https://pdns.example.net:8081");
  CHECK(powerdns_berlin.api_key.reveal() == "hunter2");
  CHECK(powerdns_berlin.ownership == Ownership::shared);
  CHECK(powerdns_berlin.guards.max_delete_percent == 10u);
  CHECK(powerdns_berlin.guards.max_update_percent == 20u);
  CHECK(powerdns_berlin.guards.max_deletes == 3u);
  CHECK(powerdns_berlin.hold);
  REQUIRE(config.zones.size() == 3);
  CHECK(config.zones[0]->name.to_text() == "example.org.");
  CHECK(config.zones[0]->source == folder().path() / "zones/example.org.yaml");
  CHECK(config.zones[0]->shown == "zones/example.org.yaml");
  CHECK(config.zones[0]->providers == std::vector<std::string>{"nsd-frankfurt", "powerdns-berlin"});
  CHECK(config.zones[0]->serial == zonestore::SerialPolicy::date);
  CHECK(config.zones[0]->publish == Publish::automatic);
  CHECK(config.zones[1]->name.to_text() == "example.com.");
  CHECK(config.zones[1]->shown == "zones/example.com.yaml");
  CHECK(config.zones[2]->name.to_text() == "example.net.");
  CHECK(config.zones[2]->serial == zonestore::SerialPolicy::unixtime);
  CHECK(config.zones[2]->publish == Publish::on_apply);
  REQUIRE(config.directories.size() == 1);
  CHECK(config.directories[0].path == folder().path() / "zones");
  CHECK(config.directories[0].pattern.serial == zonestore::SerialPolicy::unixtime);
  CHECK(config.directories[0].trouble.empty());
  CHECK(config.zones[0]->max_shrink_percent == 5);
  CHECK(config.zones[1]->max_shrink_percent == 30);
  CHECK(config.zones[0]->directory.empty());
  CHECK(config.zones[1]->directory == config.directories[0].path);
  CHECK(config.history.disk_octets == std::size_t{2} << 20);
  CHECK(config.probe_interval == std::chrono::seconds(90));
  CHECK(config.history.memory_steps == 5);
  CHECK(config.history.memory_octets == 1u << 20u);
  CHECK(config.history.disk_versions == 50);
  CHECK(config.log_level == LogLevel::debug);
  CHECK(config.log_format == LogFormat::json);
}

TEST_CASE("what is left out has its usual value", "[server][config]") {
  const auto config = read("zones: []\n").config;
  REQUIRE(config);
  REQUIRE(config->listen.size() == 1);
  CHECK(config->listen[0].to_text() == "127.0.0.1:5300");
  CHECK_FALSE(config->workers);
  CHECK(config->state == "/home/op/.local/state/taproot");
  CHECK(config->control.listen.to_text() == "127.0.0.1:8053");
  CHECK(config->control.token_file == "/home/op/.local/state/taproot/control.token");
}

TEST_CASE("a provider's rule binds transport, address, key and certificate", "[server][config]") {
  const std::string pin(43, 'A');
  const auto config = read("keys: [{name: k., secret-file: keys/good}]\n" + transfer +
                           "    transfer-from: [192.0.2.1]\n    key: k.\n    transport: tls\n"
                           "    tls-identity: [NS1.Example.net., ns2.example.net]\n    tls-pin: " +
                           pin + "=\n")
                          .config;
  REQUIRE(config);
  const auto& rule = config->providers[0].access[0];
  CHECK(rule.from.size() == 1);
  CHECK(rule.key.has_value());
  CHECK(rule.tls_only);
  CHECK(rule.tls_names == std::vector<std::string>{"ns1.example.net", "ns2.example.net"});
  REQUIRE(rule.tls_pins.size() == 1);
  CHECK(rule.tls_pins[0].to_text() == pin + "=");
  const auto by_identity = read(transfer + "    tls-identity: a.example\n").config;
  REQUIRE(by_identity);
  CHECK(by_identity->providers[0].access[0].needs_tls());
}

TEST_CASE("any opens a provider to everybody, a key with a wide prefix does not",
          "[server][config]") {
  const auto open = read(transfer + "    transfer-from: any\n").config;
  REQUIRE(open);
  CHECK(open->providers[0].access[0].from.size() == 2);
  const auto keyed = read("keys: [{name: k., secret-file: keys/good}]\n" + transfer +
                          "    transfer-from: [0.0.0.0/0]\n    key: k.\n");
  INFO(all_text(keyed));
  REQUIRE(keyed.config);
  CHECK(keyed.config->providers[0].access[0].key.has_value());
  const auto key_only =
      read("keys: [{name: k., secret-file: keys/good}]\n" + transfer + "    key: k.\n").config;
  REQUIRE(key_only);
  CHECK(key_only->providers[0].access[0].from.empty());
}

TEST_CASE("http is for loopback only", "[server][config]") {
  const auto* url = GENERATE("http://127.0.0.1:8081", "http://[::1]:8081/", "http://localhost",
                             "https://pdns.example.net/base");
  const auto config = read("providers:\n  - {name: p, kind: powerdns, url: \"" + std::string(url) +
                           "\", api-key-file: keys/good}\n");
  INFO(all_text(config));
  REQUIRE(config.config);
  CHECK(config.config->providers[0].url == url);
}

TEST_CASE("anchors are followed, and bombs do not go off", "[server][config]") {
  const auto shared = read("x-policy: &p {serial: date}\ndefaults: *p\n");
  REQUIRE(shared.findings.size() >= 1);
  CHECK(shared.findings[0].rule == "config-unknown-key");  // x-policy, not defaults
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    const auto before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before;
    for (int j = 1; j < 10; ++j) bomb += ", " + before;
    bomb += "]\n";
  }
  const auto config = read(bomb);
  CHECK(find_rule(config, "config-syntax") != nullptr);
  std::string deep;
  for (int i = 0; i < 100'000; ++i) deep += "[";
  CHECK(find_rule(read(deep), "config-syntax") != nullptr);
  CHECK_FALSE(read("a: &a [*a]\n").config);
}

TEST_CASE("a planted secret is never shown, wherever it stands", "[server][config]") {
  const std::string text = GENERATE(
      as<std::string>(), "keys: [{name: k., secret: hunter2-canary, algorithm: none}]\n",
      "keys:\n  - name: k.\n    secert: hunter2-canary\n",
      "keys:\n  - name: k.\n    secret: \"hunter2-canary\n",
      "keys:\n  - {name: k., secret: hunter2-canary, nonsense: 1}\n",
      "providers: [{name: p, kind: transfer, api-key: hunter2-canary, transfer-from: [x]}]\n",
      "providers: [{name: p, kind: powerdns, api-key: [hunter2-canary], url: https://x}]\n",
      "providers: [{name: p, kind: powerdns, url: \"https://hunter2-canary@x\"}]\n",
      "control: {token: hunter2-canary, listen: 1}\n", "password: hunter2-canary\n");
  const auto config = read(text);
  CHECK_FALSE(config.config);
  INFO(text);
  CHECK_THAT(all_text(config), !Catch::Contains("hunter2-canary"));
  CHECK_THAT(to_error(config.findings).detail, !Catch::Contains("hunter2-canary"));
}

TEST_CASE("an unreadable file is a finding, too", "[server][config]") {
  const auto missing = read_config(folder().path() / "nothing.yaml");
  REQUIRE(missing.findings.size() == 1);
  CHECK(missing.findings[0].rule == "config-unreadable");
  CHECK_FALSE(missing.config);
  CHECK(read_config(folder().path()).findings[0].rule == "config-unreadable");
}

TEST_CASE("relative paths start at the configuration", "[server][config]") {
  const auto file = folder().file("taproot.yaml", "state: var\nzones: [{name: a, source: z/a}]\n");
  const auto config = read_config(file, test_world()).config;
  REQUIRE(config);
  CHECK(config->file == file);
  CHECK(config->state == folder().path() / "var");
  CHECK(config->zones[0]->source == folder().path() / "z/a");
}

TEST_CASE("commands read of the configuration what they need, and no secret", "[server][config]") {
  const auto file = folder().file(
      "client.yaml",
      "state: var\ncontrol: {listen: 127.0.0.1:9999}\nkeys: [{name: k., secret: exec:boom}]\n");
  const auto control = read_control_config(file, test_world({}, fail(Errc::io, "must not run")));
  REQUIRE(control);
  CHECK(control->listen.to_text() == "127.0.0.1:9999");
  CHECK(control->token_file == folder().path() / "var/control.token");
  CHECK(read_control_config(folder().path() / "nothing", test_world()).error().code ==
        Errc::bad_config);
}

TEST_CASE("several errors as one say how many there are", "[server][config]") {
  const auto error = to_error(read("a: 1\nb: 2\n").findings);
  CHECK(error.code == Errc::bad_config);
  CHECK_THAT(error.detail, Catch::Contains("taproot.yaml:1:1") && Catch::Contains("1 more"));
}

TEST_CASE("the example explains every key and has no mistake", "[server][config]") {
  const TestFolder example;
  example.file("keys/xfr.example.net", base64);
  example.file("keys/powerdns", "hunter2");
  example.file("zones/customers/example.net.zone", "");
  std::ifstream stream(std::string(TAPROOT_SOURCE_DIR) + "/conf/taproot.yaml");
  const std::string text{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  const auto config = read_config_text(text, "conf/taproot.yaml", example.path(), test_world());
  INFO(all_text(config));
  REQUIRE(config.config);
  CHECK(config.findings.empty());
  CHECK(config.config->zones.size() == 2);
  // Its values are the defaults where it says so.
  const Config defaults;
  CHECK(config.config->probe_interval == defaults.probe_interval);
  CHECK(config.config->history.memory_steps == defaults.history.memory_steps);
  CHECK(config.config->history.memory_octets == defaults.history.memory_octets);
  CHECK(config.config->history.disk_versions == defaults.history.disk_versions);
  for (const auto* key : {"listen",
                          "workers",
                          "state",
                          "token-file",
                          "allowed-hosts",
                          "secret-file",
                          "secret",
                          "nameservers",
                          "notify",
                          "notify-source",
                          "transfer-from",
                          "key",
                          "transport",
                          "tls-identity",
                          "tls-pin",
                          "listen-tls",
                          "client-ca",
                          "hostname",
                          "url",
                          "api-key-file",
                          "api-key",
                          "ownership",
                          "max-delete-percent",
                          "max-update-percent",
                          "max-deletes",
                          "unsupported",
                          "apex-ns",
                          "access-key-id",
                          "secret-access-key-file",
                          "session-token-file",
                          "zone-ids",
                          "token-file",
                          "service-account-file",
                          "project",
                          "hold",
                          "serial",
                          "publish",
                          "source",
                          "sources",
                          "timeout",
                          "max-size",
                          "token",
                          "ca-file",
                          "client-certificate",
                          "client-key",
                          "checksum",
                          "signature",
                          "public-key-file",
                          "file",
                          "owns",
                          "directory",
                          "interval",
                          "memory-steps",
                          "memory-size",
                          "disk-versions",
                          "disk-size",
                          "max-shrink-percent",
                          "level",
                          "format"}) {
    INFO(key);
    CHECK_THAT(text, Catch::Contains(std::string(key) + ":"));
  }
}

TEST_CASE("providers that taproot brings the zones to itself", "[server][config]") {
  const auto read_it = read(R"(keys:
  - {name: xfr.example.net., algorithm: hmac-sha256, secret-file: keys/good}
providers:
  - name: update
    kind: rfc2136
    server: 192.0.2.54
    key: xfr.example.net.
    apex-ns: join
  - name: aws
    kind: route53
    access-key-id: AKIDEXAMPLE
    secret-access-key-file: keys/powerdns
    session-token-file: keys/powerdns
    zone-ids: {example.org: Z1}
    role-arn: arn:aws:iam::123456789012:role/dns
    unsupported: omit
    apex-ns: manage
  - name: cf
    kind: cloudflare
    token-file: keys/powerdns
    url: http://127.0.0.1:8080/client/v4
  - {name: sl, kind: softlayer, user: SL1, api-key-file: keys/powerdns}
  - {name: ns1, kind: ns1, api-key-file: keys/powerdns}
  - name: azure
    kind: azure
    tenant: t1
    subscription: s1
    resource-group: g1
    client-id: c1
    client-secret-file: keys/powerdns
    login-url: http://127.0.0.1:8080
  - {name: old, kind: dyn, customer: c1, user: u1, password-file: keys/powerdns}
)");
  INFO(all_text(read_it));
  REQUIRE(read_it.config);
  const auto& providers = read_it.config->providers;
  REQUIRE(providers.size() == 7);
  CHECK(providers[0].server->to_text() == "192.0.2.54:53");
  CHECK(providers[0].update_key == read_it.config->keys[0].name);
  CHECK(providers[0].apex_ns == ApexNsPolicy::join);
  CHECK(providers[0].access.empty());
  CHECK(providers[1].key_id == "AKIDEXAMPLE");
  CHECK(providers[1].api_key.reveal() == "hunter2");
  CHECK(providers[1].session_token.reveal() == "hunter2");
  CHECK(providers[1].ids.at(dns::Name::from_text("example.org").value()) == "Z1");
  CHECK(providers[1].account.at("role-arn") == "arn:aws:iam::123456789012:role/dns");
  CHECK(providers[1].omits_unsupported);
  CHECK(providers[1].apex_ns == ApexNsPolicy::manage);
  CHECK(providers[2].kind == ProviderKind::cloudflare);
  CHECK(providers[2].url == "http://127.0.0.1:8080/client/v4");
  CHECK_FALSE(providers[2].omits_unsupported);
  CHECK(providers[3].key_id == "SL1");
  CHECK(providers[3].api_key.reveal() == "hunter2");
  CHECK(providers[4].kind == ProviderKind::ns1);
  CHECK(providers[5].account.at("resource-group") == "g1");
  CHECK(providers[5].account.at("login-url") == "http://127.0.0.1:8080");
  CHECK(providers[5].api_key.reveal() == "hunter2");
  CHECK(providers[6].account.at("customer") == "c1");
  CHECK(providers[6].api_key.reveal() == "hunter2");
}

TEST_CASE("mistakes in providers that taproot brings the zones to", "[server][config]") {
  struct Case {
    const char* text;
    const char* rule;
    const char* words;
  };
  const auto c = GENERATE(values<Case>({
      {"kind: rfc2136", "config-missing-key", "server"},
      {"kind: rfc2136, server: 192.0.2.1", "config-no-key", "key: NAME"},
      {"kind: rfc2136, server: nowhere", "config-bad-address", "address"},
      {"kind: rfc2136, server: 192.0.2.1, key: none.", "config-unknown-reference", "none."},
      {"kind: rfc2136, server: 192.0.2.1, notify: [192.0.2.1]", "config-wrong-kind", "transfer"},
      {"kind: rfc2136, server: 192.0.2.1, api-key: env:X", "config-wrong-kind", "powerdns"},
      {"kind: transfer, transfer-from: [192.0.2.1], server: 192.0.2.1", "config-wrong-kind",
       "rfc2136"},
      {"kind: route53, secret-access-key-file: keys/good", "config-missing-key", "access-key-id"},
      {"kind: route53, access-key-id: A", "config-missing-key", "secret-access-key"},
      {"kind: route53, access-key-id: A, secret-access-key: hunter2", "config-inline-secret",
       "secret-access-key-file"},
      {"kind: route53, access-key-id: A, secret-access-key-file: keys/good, role-arn: admin",
       "config-bad-value", "not an ARN"},
      {"kind: route53, access-key-id: A, secret-access-key-file: keys/good, external-id: e",
       "config-missing-key", "role-arn"},
      {"kind: cloudflare", "config-missing-key", "token"},
      {"kind: cloudflare, token-file: keys/empty", "config-bad-secret", "empty"},
      {"kind: cloudflare, token-file: keys/good, url: \"http://api.example.net\"",
       "config-plain-http", "https"},
      {"kind: google, service-account-file: keys/good", "config-bad-secret", "JSON key file"},
      {"kind: google", "config-missing-key", "service-account"},
      {"kind: softlayer, api-key-file: keys/good", "config-missing-key", "user"},
      {"kind: softlayer, user: u, api-key-file: keys/empty", "config-bad-secret", "empty"},
      {"kind: ns1", "config-missing-key", "api-key"},
      {"kind: ns1, api-key-file: keys/good, zone-ids: {a: b}", "config-wrong-kind",
       "route53, cloudflare, google, ibm-cis or oci"},
      {"kind: ibm-cis, api-key-file: keys/good", "config-missing-key", "crn"},
      {"kind: azure, client-secret-file: keys/good", "config-missing-key", "tenant"},
      {"kind: azure, tenant: t, subscription: s, resource-group: g, client-id: c, "
       "client-secret-file: "
       "keys/good, login-url: \"http://login.example.net\"",
       "config-plain-http", "https"},
      {"kind: oci, region: r1, tenancy: t, private-key-file: keys/good", "config-missing-key",
       "user"},
      {"kind: oci, tenancy: t, user: u, private-key-file: keys/good", "config-missing-key",
       "region"},
      {"kind: oci, region: \"evil.example/\", tenancy: t, user: u, private-key-file: keys/good",
       "config-bad-value", "region"},
      {"kind: oci, region: r1, tenancy: t, user: u, private-key-file: keys/good",
       "config-bad-secret", "cannot be read"},
      {"kind: oci, region: r1, tenancy: t, user: u", "config-missing-key", "private-key"},
      {"kind: oci, region: r1, tenancy: t, session-token-file: keys/good", "config-missing-key",
       "private-key"},
      {"kind: oci, region: r1, tenancy: t, private-key-file: keys/good, "
       "session-token-file: keys/empty",
       "config-bad-secret", "session token: it is empty"},
      {"kind: oci, region: r1, tenancy: t, private-key-file: keys/good, session-token: hunter2",
       "config-inline-secret", "session-token-file"},
      {"kind: cloudflare, token-file: keys/good, session-token-file: keys/good",
       "config-wrong-kind", "route53 or oci"},
      {"kind: dyn, user: u, password-file: keys/good", "config-missing-key", "customer"},
      {"kind: dyn, customer: c, user: u, password-file: keys/empty", "config-bad-secret", "empty"},
      {"kind: dyn, customer: c, user: u, password: hunter2", "config-inline-secret",
       "password-file"},
      {"kind: exec", "config-missing-key", "command"},
      {"kind: exec, command: []", "config-bad-value", "no program"},
      {"kind: exec, command: [x], url: \"https://a.example\"", "config-wrong-kind", "google"},
      {"kind: exec, command: [x], capabilities: {types: [A, BOGUS]}", "config-bad-value", "BOGUS"},
      {"kind: exec, command: [x], capabilities: {chunks: 4}", "config-unknown-key", "chunks"},
      {"kind: cloudflare, token-file: keys/good, command: [x]", "config-wrong-kind", "exec"},
      {"kind: cloudflare, token-file: keys/good, fence: \"a b\"", "config-bad-value", "fence"},
      {"kind: cloudflare, token-file: keys/good, reading-interval: 30d", "config-bad-value",
       "reading-interval"},
      {"kind: cloudflare, token-file: keys/good, apex-ns: ours", "config-bad-value", "manage"},
      {"kind: cloudflare, token-file: keys/good, unsupported: maybe", "config-bad-value", "omit"},
  }));
  const auto read_it = read("providers: [{name: p, " + std::string(c.text) + "}]\n");
  const auto text = all_text(read_it);
  INFO(c.text << "\n" << text);
  CHECK_THAT(text, Catch::Contains(c.rule) && Catch::Contains(c.words));
  CHECK(text.find("hunter2") == std::string::npos);
}

TEST_CASE("every rule of the configuration is explained in its manual", "[server][config]") {
  const std::filesystem::path root(TAPROOT_SOURCE_DIR);
  const auto whole = [](const std::filesystem::path& path) {
    std::ifstream stream(path);
    return std::string{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  };
  const auto manual = whole(root / "docs/configuration.md");
  std::size_t found = 0;
  for (const auto& entry : std::filesystem::directory_iterator(root / "server")) {
    const auto name = entry.path().filename().string();
    if (!name.starts_with("config") || !name.ends_with(".cpp")) continue;
    const auto text = whole(entry.path());
    for (auto at = text.find("\"config-"); at != std::string::npos;
         at = text.find("\"config-", at + 1)) {
      const auto rule = text.substr(at + 1, text.find('"', at + 1) - at - 1);
      INFO(name << ": " << rule);
      CHECK_THAT(manual, Catch::Contains("| `" + rule + "` |"));
      ++found;
    }
  }
  CHECK(found > 30);
}
