#include "config_world.hpp"

#include "server/config.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>

using namespace taproot;
using namespace taproot::server;
using zonestore::Severity;

namespace {

ConfigRead read(const std::string& text) {
  static const TestFolder folder;
  folder.file("zones/example.net.zone", "");
  return read_config_text(text, "taproot.yaml", folder.path(), test_world({{"HOME", "/home/op"}}));
}

std::string all_text(const ConfigRead& config) {
  std::string text;
  for (const auto& finding : config.findings) text += zonestore::to_text(finding, false) + "\n";
  return text;
}

const CheckConfig& check_of(const ConfigRead& config, std::size_t zone) {
  static const CheckConfig nothing;
  const auto& check = config.config->zones.at(zone)->check;
  return check ? *check : nothing;
}

}  // namespace

TEST_CASE("rules are set for all zones, a directory or one zone", "[server][config][check]") {
  const auto config = read(
      "defaults:\n"
      "  check:\n"
      "    rules: {spf-syntax: error, private-address: off}\n"
      "    command: [/usr/bin/my-check, --strict]\n"
      "    timeout: 30s\n"
      "zones:\n"
      "  - {name: a.example, source: a}\n"
      "  - name: b.example\n"
      "    source: b\n"
      "    check:\n"
      "      rules: {spf-syntax: note, one-provider: warning}\n"
      "      command: []\n"
      "  - directory: zones\n"
      "    check: {rules: {private-address: warning}, command: tools/check}\n");
  INFO(all_text(config));
  REQUIRE(config.config);
  const auto& a = check_of(config, 0);
  CHECK(a.rules.severity_of("spf-syntax", Severity::warning) == Severity::error);
  CHECK_FALSE(a.rules.is_on("private-address"));
  CHECK_FALSE(a.rules.is_on("one-provider"));
  CHECK(a.command == std::vector<std::string>{"/usr/bin/my-check", "--strict"});
  CHECK(a.timeout == std::chrono::seconds(30));
  const auto& b = check_of(config, 1);
  CHECK(b.rules.severity_of("spf-syntax", Severity::warning) == Severity::note);
  CHECK(b.rules.severity_of("one-provider", std::nullopt) == Severity::warning);
  CHECK_FALSE(b.rules.is_on("private-address"));
  CHECK(b.command.empty());
  const auto& c = check_of(config, 2);
  CHECK(c.rules.severity_of("private-address", Severity::warning) == Severity::warning);
  CHECK(c.rules.severity_of("spf-syntax", Severity::warning) == Severity::error);
  REQUIRE(c.command.size() == 1);
  CHECK(c.command[0].front() == '/');
  CHECK(c.command[0].ends_with("/tools/check"));
  CHECK(c.timeout == std::chrono::seconds(30));
}

TEST_CASE("without the key nothing is set", "[server][config][check]") {
  const auto config = read("zones: [{name: a.example, source: a}]\n");
  REQUIRE(config.config);
  CHECK(config.config->zones.at(0)->check.get() == nullptr);
}

TEST_CASE("mistakes in check are told with their place and cure", "[server][config][check]") {
  struct Case {
    std::string check;
    std::string rule;
    std::string says;
  };
  const auto c = GENERATE(values<Case>({
      {"{rules: {spf-sintax: error}}", "config-unknown-rule", "did you mean \"spf-syntax\"?"},
      {"{rules: {qqqqqqqqqqqqq: error}}", "config-unknown-rule", "taproot check --rules"},
      {"{rules: {cname-and-other-data: warning}}", "config-fixed-rule", "taproot check --rules"},
      {"{rules: {soa-missing: off}}", "config-fixed-rule", "cannot be set"},
      {"{rules: {out-of-zone: error}}", "config-fixed-rule", "cannot be set"},
      {"{rules: {spf-syntax: fatal}}", "config-bad-value", "error, warning, note or off"},
      {"{rules: {spf-syntax: }}", "config-type", "spf-syntax must be text"},
      {"{rules: [spf-syntax]}", "config-type", "check.rules must be a map"},
      {"{rules: {spf-syntax: off, spf-syntax: note}}", "config-duplicate-key", "twice"},
      {"{timeout: 1h}", "config-bad-value", "from 100ms to 600s"},
      {"{timeout: 0}", "config-bad-value", "from 100ms to 600s"},
      {"{command: {a: b}}", "config-type", "check.command must be a list"},
      {"{comand: x}", "config-unknown-key", "did you mean \"command\"?"},
      {"strict", "config-type", "check must be a map"},
  }));
  for (const std::string& head :
       {std::string("zones:\n  - name: a.example\n    source: a\n    check: "),
        std::string("defaults:\n  check: ")}) {
    const auto config = read(head + c.check + "\n");
    INFO(c.check << "\n" << all_text(config));
    CHECK_FALSE(config.config);
    const auto found = std::find_if(config.findings.begin(), config.findings.end(),
                                    [&](const auto& finding) { return finding.rule == c.rule; });
    REQUIRE(found != config.findings.end());
    CHECK((found->message + " " + found->cure).find(c.says) != std::string::npos);
    CHECK(found->line > 0);
    CHECK(found->column > 0);
  }
}
