#include "config_world.hpp"

#include "server/sarif.hpp"
#include "zonestore/rule_table.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <regex>
#include <set>
#include <string>

using namespace taproot;
using namespace taproot::server;
using nlohmann::json;
using zonestore::Finding;
using zonestore::Severity;

namespace {

CheckReport sample() {
  CheckReport report;
  Finding finding{Severity::error,
                  "cname-and-other-data",
                  "zones/example.org.yaml",
                  14,
                  8,
                  "www has a CNAME beside A",
                  "remove one",
                  "  \xc3\xa4: {type: A}"};
  finding.related.push_back(
      {"zones/example.org.yaml", 3, 1, "the CNAME is here", "www: {type: CNAME}"});
  report.findings.push_back(finding);
  report.findings.push_back({Severity::warning, "spf-syntax", "a b.zone", 2, 1, "m", "", "x"});
  report.findings.push_back({Severity::note, "config-odd", "", 0, 0, "n", "", ""});
  report.findings.push_back({Severity::error, "unreadable", "/etc/else.zone", 0, 0, "n", "", ""});
  return report;
}

/// What SARIF 2.1.0 requires of the parts that we write (sections 3.13 to 3.30, and the schema's
/// "required" and "enum").
void check_location(const json& location) {
  const auto& place = location.at("physicalLocation");
  const auto uri = place.at("artifactLocation").at("uri").get<std::string>();
  CHECK_FALSE(uri.empty());
  CHECK(std::regex_match(uri, std::regex("[-._~/!$&'()*+,;=@:%0-9A-Za-z]+")));
  CHECK((place["artifactLocation"].contains("uriBaseId") == (uri.substr(0, 7) != "file://")));
  if (!place.contains("region")) return;
  CHECK(place["region"].at("startLine").get<int>() >= 1);
  if (place["region"].contains("startColumn")) {
    CHECK(place["region"]["startColumn"].get<int>() >= 1);
  }
  if (place["region"].contains("endColumn")) {
    CHECK(place["region"]["endColumn"] > place["region"]["startColumn"]);
  }
}

void check_document(const json& document) {
  CHECK(document.at("version") == "2.1.0");
  CHECK(document.at("$schema").get<std::string>().find("sarif-2.1.0") != std::string::npos);
  REQUIRE(document.at("runs").size() == 1);
  const auto& run = document["runs"][0];
  CHECK(run.at("columnKind") == "unicodeCodePoints");
  const auto& driver = run.at("tool").at("driver");
  CHECK(driver.at("name") == "taproot");
  std::set<std::string> ids;
  for (const auto& rule : driver.at("rules")) {
    CHECK(ids.insert(rule.at("id").get<std::string>()).second);
    CHECK_FALSE(rule.at("shortDescription").at("text").get<std::string>().empty());
    CHECK_FALSE(rule.at("help").at("text").get<std::string>().empty());
    CHECK_FALSE(rule.contains("helpUri"));
    CHECK(rule.at("defaultConfiguration").at("enabled").is_boolean());
  }
  const std::set<std::string> levels = {"error", "warning", "note", "none"};
  std::set<std::string> fingerprints;
  for (const auto& result : run.at("results")) {
    CHECK(levels.count(result.at("level").get<std::string>()) == 1);
    CHECK_FALSE(result.at("message").at("text").get<std::string>().empty());
    const auto index = result.at("ruleIndex").get<std::size_t>();
    REQUIRE(index < driver["rules"].size());
    CHECK(driver["rules"][index]["id"] == result.at("ruleId"));
    for (const auto& location : result.at("locations")) check_location(location);
    for (const auto& [name, value] : result.at("partialFingerprints").items()) {
      CHECK(fingerprints.insert(value.get<std::string>()).second);
    }
    if (!result.contains("relatedLocations")) continue;
    for (const auto& location : result["relatedLocations"]) {
      check_location(location);
      CHECK(location.at("id").get<int>() >= 1);
      CHECK_FALSE(location.at("message").at("text").get<std::string>().empty());
    }
  }
}

}  // namespace

TEST_CASE("findings are told as SARIF", "[server][sarif]") {
  const auto document = json::parse(to_sarif(sample(), "/srv/review"));
  check_document(document);
  const auto& results = document["runs"][0]["results"];
  REQUIRE(results.size() == 4);
  const auto& place = results[0]["locations"][0]["physicalLocation"];
  CHECK(place["artifactLocation"]["uri"] == "zones/example.org.yaml");
  CHECK(place["region"] == json({{"startLine", 14}, {"startColumn", 7}, {"endColumn", 11}}));
  CHECK(results[0]["message"]["text"] == "www has a CNAME beside A\ncure: remove one");
  CHECK(results[0]["relatedLocations"][0]["physicalLocation"]["region"]["startLine"] == 3);
  CHECK(results[1]["level"] == "warning");
  CHECK(results[1]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "a%20b.zone");
  CHECK(results[2]["locations"].empty());
  CHECK(results[3]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] ==
        "file:///etc/else.zone");
  CHECK_FALSE(results[3]["locations"][0]["physicalLocation"].contains("region"));
}

TEST_CASE("the rules of SARIF are those of the table", "[server][sarif]") {
  const auto document = json::parse(to_sarif(CheckReport(), "/"));
  check_document(document);
  const auto& rules = document["runs"][0]["tool"]["driver"]["rules"];
  const auto known = zonestore::all_rules();
  REQUIRE(rules.size() == known.size());
  for (std::size_t i = 0; i < known.size(); ++i) CHECK(rules[i]["id"] == known[i].name);
  CHECK(document["runs"][0]["results"].empty());
}

TEST_CASE("a finding keeps its fingerprint when its line moves", "[server][sarif]") {
  const auto fingerprints = [](const CheckReport& report) {
    std::vector<std::string> list;
    const auto document = json::parse(to_sarif(report, "/r"));
    for (const auto& result : document["runs"][0]["results"]) {
      list.push_back(result["partialFingerprints"]["taproot/v1"]);
    }
    return list;
  };
  auto moved = sample();
  moved.findings[0].line = 99;
  CHECK(fingerprints(sample()) == fingerprints(moved));
  moved.findings[0].rule = "cname-loop";
  CHECK(fingerprints(sample())[0] != fingerprints(moved)[0]);
  // Twice the same is two.
  auto twice = sample();
  twice.findings.push_back(twice.findings[0]);
  CHECK(fingerprints(twice)[0] != fingerprints(twice)[4]);
}

TEST_CASE("octets that are not UTF-8 do no harm to SARIF", "[server][sarif]") {
  auto report = sample();
  report.findings[0].excerpt = report.findings[0].message = report.findings[0].file = "\xff\xfe";
  report.findings[0].column = 4000;
  check_document(json::parse(to_sarif(report, "/r")));
}
