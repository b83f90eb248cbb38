#include "config_world.hpp"

#include "server/config.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace taproot;
using namespace taproot::server;
using namespace std::chrono_literals;
using zonestore::SourceKind;

namespace {

const TestFolder& folder() {
  static const TestFolder made;
  static const bool filled = [] {
    made.file("token", "sesame\n");
    made.file("two-words", "open sesame\n");
    made.file("public", "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=\n");
    made.file("ca.pem", "pem");
    return true;
  }();
  (void)filled;
  return made;
}

/// The configuration of one zone with these lines.
ConfigRead read(const std::string& lines) {
  return read_config_text("zones:\n  - name: example.com\n" + lines, "taproot.yaml",
                          folder().path(), test_world({{"TOKEN", "sesame"}}));
}

std::string all_text(const ConfigRead& config) {
  std::string text;
  for (const auto& finding : config.findings) text += zonestore::to_text(finding, false) + "\n";
  return text;
}

}  // namespace

TEST_CASE("a URL is a source as a file is", "[server][config]") {
  const auto read_one = read("    source: https://host.example:8443/zones/z.yaml?ref=SECRET\n");
  INFO(all_text(read_one));
  REQUIRE(read_one.config);
  const auto& zone = *read_one.config->zones[0];
  CHECK(zone.source.empty());
  CHECK(zone.shown == "https://host.example:8443/zones/z.yaml");
  REQUIRE(zone.sources.size() == 1);
  REQUIRE(zone.sources[0].remote);
  const auto& remote = *zone.sources[0].remote;
  CHECK(remote.url == "https://host.example:8443/zones/z.yaml?ref=SECRET");
  CHECK(remote.kind == SourceKind::yaml);
  CHECK(remote.interval == 60s);
  CHECK(remote.timeout == 30s);
  CHECK(remote.max_octets == std::size_t{64} << 20);
  CHECK(remote.token.empty());
  CHECK_FALSE(remote.has_checksum);
  CHECK_FALSE(remote.signer);
}

TEST_CASE("a document has its keys", "[server][config]") {
  const auto config = read(
      "    source:\n      url: https://h/export\n      format: zone\n      interval: 5m\n"
      "      timeout: 10s\n      max-size: 1MiB\n      token-file: token\n      ca-file: ca.pem\n"
      "      client-certificate: ca.pem\n      client-key: ca.pem\n      checksum: sha256\n"
      "      signature: {public-key-file: public}\n");
  INFO(all_text(config));
  REQUIRE(config.config);
  const auto& remote = *config.config->zones[0]->sources[0].remote;
  CHECK(remote.kind == SourceKind::zone_file);
  CHECK(remote.interval == 5min);
  CHECK(remote.timeout == 10s);
  CHECK(remote.max_octets == 1048576);
  CHECK(remote.token.reveal() == "sesame");
  CHECK(remote.ca_file == (folder().path() / "ca.pem").string());
  CHECK(remote.client_key == remote.client_certificate);
  CHECK(remote.has_checksum);
  REQUIRE(remote.signer);
  CHECK(remote.signer->size() == 32);
  CHECK(read("    source: {url: https://h/z.json, token: env:TOKEN}\n").config);
}

TEST_CASE("one file alone goes the usual way", "[server][config]") {
  for (const auto* lines : {"    source: z.yaml\n", "    sources: [z.yaml]\n",
                            "    sources: z.yaml\n", "    source: {file: z.yaml}\n"}) {
    CAPTURE(lines);
    const auto config = read(lines);
    INFO(all_text(config));
    REQUIRE(config.config);
    CHECK(config.config->zones[0]->source == folder().path() / "z.yaml");
    CHECK(config.config->zones[0]->shown == "z.yaml");
    CHECK(config.config->zones[0]->sources.empty());
  }
}

TEST_CASE("several sources have their owners", "[server][config]") {
  const auto config = read(
      "    sources:\n      - zones/base.yaml\n      - https://h/a.json\n"
      "      - {file: zones/team.zone, owns: ['*.team-a', mail, '@']}\n"
      "      - {url: http://127.0.0.1:8000/b.db, owns: x}\n");
  INFO(all_text(config));
  REQUIRE(config.config);
  const auto& zone = *config.config->zones[0];
  REQUIRE(zone.sources.size() == 4);
  CHECK(zone.shown ==
        "zones/base.yaml, https://h/a.json, zones/team.zone, http://127.0.0.1:8000/b.db");
  CHECK(zone.sources[0].path == folder().path() / "zones/base.yaml");
  CHECK(zone.sources[1].remote->kind == SourceKind::json);
  CHECK(zone.sources[2].owns.size() == 3);
  CHECK(zone.sources[3].owns.at(0).text() == "x");
}

TEST_CASE("mistakes in sources are told with place and cure", "[server][config]") {
  struct Case {
    std::string lines, rule, says;
  };
  const auto c = GENERATE(values<Case>({
      {"    source: http://host.example/z.yaml\n", "config-plain-http", "in the clear"},
      {"    source: https://user:SECRET@h/z.yaml\n", "config-inline-secret", "token-file"},
      {"    source: https://h/z.yaml#SECRET\n", "config-bad-value", "fragment"},
      {"    source: https:///z.yaml\n", "config-bad-value", "host"},
      {"    source: https://h/export\n", "config-missing-key", "write format:"},
      {"    source: {url: 'ftp://h/z.yaml'}\n", "config-bad-value", "https"},
<<<<<<< HEAD
      {"    source: {}\n", "config-missing-key", "not just one of file, url and transfer"},
      {"    source: {url: https://h/z.yaml, file: z}\n", "config-missing-key", "not just one of"},
=======
      {"    source: {}\n", "config-missing-key", "neither file nor url"},
      {"    source: {url: https://h/z.yaml, file: z}\n", "config-missing-key", "more than one"},
>>>>>>> follower
      {"    source: {url: https://h/z.yaml, tokn: SECRET}\n", "config-unknown-key", "\"token\""},
      {"    source: {file: z.yaml, interval: 5s}\n", "config-unknown-key", "interval"},
      {"    source: {url: https://h/z.yaml, token: SECRET}\n", "config-inline-secret", "env:NAME"},
      {"    source: {url: https://h/z.yaml, token-file: two-words}\n", "config-bad-secret",
       "not one word"},
      {"    source: {url: https://h/z.yaml, format: bind}\n", "config-bad-value",
       "yaml, json or zone"},
      {"    source: {url: https://h/z.yaml, interval: 0s}\n", "config-bad-value", "from 1s"},
      {"    source: {url: https://h/z.yaml, max-size: 5GiB}\n", "config-bad-value", "max-size"},
      {"    source: {url: https://h/z.yaml, checksum: md5}\n", "config-bad-value", "sha256"},
      {"    source: {url: https://h/z.yaml, signature: {}}\n", "config-missing-key",
       "public-key-file"},
      {"    source: {url: https://h/z.yaml, signature: {public-key-file: token}}\n",
       "config-bad-value", "openssl pkey"},
      {"    source: {url: https://h/z.yaml, signature: {public-key-file: none}}\n",
       "config-file-unreadable", "No such file"},
      {"    source: {url: https://h/z.yaml, ca-file: none.pem}\n", "config-file-unreadable",
       "cannot be read"},
      {"    source: {url: https://h/z.yaml, client-key: ca.pem}\n", "config-missing-key",
       "client-certificate"},
      {"    source: z.yaml\n    sources: [a.yaml, b.yaml]\n", "config-wrong-kind", "either"},
      {"    sources: []\n", "config-missing-key", "is empty"},
      {"    sources: [a.yaml, a.yaml]\n", "config-duplicate-name", "twice"},
      {"    sources: [https://h/a.yaml, https://h/a.yaml]\n", "config-duplicate-name", "twice"},
      {"    sources: [a.yaml, {file: b.yaml, owns: [example.net.]}]\n", "config-bad-name",
       "not in the zone"},
      {"    sources: [a.yaml, [b.yaml]]\n", "config-type", "must be text"},
  }));
  CAPTURE(c.lines);
  const auto config = read(c.lines);
  const auto text = all_text(config);
  INFO(text);
  CHECK_FALSE(config.config);
  const auto found = std::find_if(config.findings.begin(), config.findings.end(),
                                  [&](const auto& one) { return one.rule == c.rule; });
  REQUIRE(found != config.findings.end());
  CHECK(found->line >= 3);
  CHECK_FALSE(found->cure.empty());
  CHECK_THAT(zonestore::to_text(*found, false), Catch::Contains(c.says));
  CHECK_THAT(text, !Catch::Contains("SECRET"));
}
