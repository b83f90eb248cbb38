#include "config_world.hpp"

#include "server/config.hpp"

#include <catch2/catch.hpp>

using namespace taproot;
using namespace taproot::server;

namespace {

/// The configuration of one zone with these lines under update:.
ConfigRead read(const std::string& update, const std::string& zone =
                                               "  - name: example.com\n"
                                               "    source: z.yaml\n") {
  return read_config_text(
      "keys:\n  - {name: acme., secret: 'env:KEY'}\n"
      "  - {name: www.example.com., secret: 'env:KEY'}\nzones:\n" +
          zone + "    update:\n" + update,
      "taproot.yaml", ".", test_world({{"KEY", "c2VjcmV0c2VjcmV0c2VjcmV0"}}));
}

std::string rules_found(const ConfigRead& config) {
  std::string text;
  for (const auto& finding : config.findings) text += finding.rule + "\n";
  return text;
}

}  // namespace

TEST_CASE("a zone says who may update what", "[server][config][update]") {
  const auto config = read(
      "      - {key: acme., names: [_acme-challenge, \"_acme-challenge.*\"], types: [TXT]}\n"
      "      - {key: [acme., www.example.com.], names: self, types: any, from: 192.0.2.0/24}\n");
  INFO(rules_found(config));
  REQUIRE(config.config);
  const auto& rules = config.config->zones[0]->update;
  REQUIRE(rules);
  REQUIRE(rules->size() == 2);
  CHECK(rules->at(0).keys.size() == 1);
  CHECK(rules->at(0).names.size() == 2);
  CHECK(rules->at(0).types == std::vector{dns::RRType::TXT});
  CHECK_FALSE(rules->at(0).any_type);
  CHECK(rules->at(0).who.from.empty());
  CHECK(rules->at(1).keys.size() == 2);
  CHECK(rules->at(1).any_type);
  CHECK(rules->at(1).who.from.size() == 1);
}

TEST_CASE("without update nobody may", "[server][config][update]") {
  const auto config = read_config_text("zones:\n  - {name: example.com, source: z.yaml}\n",
                                       "taproot.yaml", ".", test_world());
  REQUIRE(config.config);
  CHECK_FALSE(config.config->zones[0]->update);
}

TEST_CASE("mistakes under update", "[server][config][update]") {
  struct Case {
    const char* update;
    const char* rule;
  };
  const auto c = GENERATE(
      Case{"      - {names: [www], types: [A]}\n", "config-missing-key"},
      Case{"      - {key: acme., types: [A]}\n", "config-missing-key"},
      Case{"      - {key: acme., names: [www]}\n", "config-missing-key"},
      Case{"      - {key: acne., names: [www], types: [A]}\n", "config-unknown-reference"},
      Case{"      - {key: acme., names: [a..b], types: [A]}\n", "config-bad-name"},
      Case{"      - {key: acme., names: [www.example.net.], types: [A]}\n", "config-bad-name"},
      Case{"      - {key: acme., names: [www], types: [AXFR]}\n", "config-bad-value"},
      Case{"      - {key: acme., names: [www], types: [QUUX]}\n", "config-bad-value"},
      Case{"      - {key: acme., names: [www], types: [A], from: [192.0.2.1/24]}\n",
           "config-bad-address"},
      Case{"      - {key: acme., names: [www], types: [A], from: []}\n", "config-bad-value"},
      Case{"      - {key: acme., names: [www], types: [A], name: x}\n", "config-unknown-key"});
  CAPTURE(c.update);
  const auto config = read(c.update);
  CHECK_FALSE(config.config);
  CHECK(rules_found(config) == std::string(c.rule) + "\n");
}
