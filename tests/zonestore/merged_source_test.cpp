#include "zonestore/sources/merged_source.hpp"

#include "tests/zonestore/source_samples.hpp"
#include "zonestore/zone_version.hpp"

#include <catch2/catch.hpp>

#include <optional>
#include <string>
#include <vector>

namespace taproot::zonestore {

using namespace samples;

namespace {

SourcePart part(const std::string& shown, std::string text, SourceKind kind = SourceKind::yaml,
                const std::vector<std::string>& owns = {}) {
  SourcePart made;
  made.shown = shown;
  made.kind = kind;
  made.text = std::make_shared<const std::string>(std::move(text));
  for (const auto& pattern : owns) {
    made.owns.push_back(OwnerPattern::from_text(pattern, apex()).value());
  }
  return made;
}

const std::string base = R"('':
  - {type: NS, values: [ns1.example.net., ns2.example.net.]}
www: {type: A, value: 192.0.2.1}
)";
const std::string soa = R"('':
  - {type: SOA, value: {mname: m.example.net., rname: h.example.net., serial: 7, refresh: 3600,
     retry: 600, expire: 2419200, minimum: 300}}
)";

const Finding* find_rule(const Candidate& candidate, std::string_view rule) {
  for (const auto& finding : candidate.findings) {
    if (finding.rule == rule) return &finding;
  }
  return nullptr;
}

std::size_t count_rule(const Candidate& candidate, std::string_view rule) {
  std::size_t count = 0;
  for (const auto& finding : candidate.findings) count += finding.rule == rule ? 1u : 0u;
  return count;
}

bool has(const Candidate& candidate, std::string_view owner, dns::RRType type) {
  return candidate.version && candidate.version->find(name(owner), type).has_value();
}

}  // namespace

TEST_CASE("parts of every kind make one zone", "[zonestore][merge]") {
  const auto merged = load_parts(
      apex(), {part("base.yaml", base),
               part("a.json", R"({"a": {"type": "A", "value": "192.0.2.2"}})", SourceKind::json),
               part("b.zone", "$TTL 60\nb A 192.0.2.3\n", SourceKind::zone_file)});
  INFO(all_text(merged.findings));
  REQUIRE(merged.version);
  CHECK(has(merged, "www.example.com.", dns::RRType::A));
  CHECK(has(merged, "a.example.com.", dns::RRType::A));
  CHECK(has(merged, "b.example.com.", dns::RRType::A));
  CHECK(merged.serial_is_ours);
  const auto made = merged.version->find(apex(), dns::RRType::SOA);
  REQUIRE(made);
  CHECK_THAT(dns::to_text(*made), Catch::Contains("ns1.example.net."));
}

TEST_CASE("one part is the zone it is alone", "[zonestore][merge]") {
  const auto merged = load_parts(apex(), {part("base.yaml", base)});
  REQUIRE(merged.version);
  CHECK(merged.version->record_count() == 4);
  CHECK(merged.serial_is_ours);
}

TEST_CASE("different types of one owner may come from different parts", "[zonestore][merge]") {
  const auto merged =
      load_parts(apex(), {part("base.yaml", base), part("b.yaml", "www: {type: TXT, value: x}\n")});
  CHECK(has(merged, "www.example.com.", dns::RRType::A));
  CHECK(has(merged, "www.example.com.", dns::RRType::TXT));
  CHECK(merged.findings.empty());
}

TEST_CASE("an RRset in two parts is a conflict that names both", "[zonestore][merge]") {
  const auto merged =
      load_parts(apex(), {part("base.yaml", base),
                          part("b.yaml",
                               "x: {type: A, value: 192.0.2.9}\n"
                               "WWW: {type: A, values: [192.0.2.1, 192.0.2.2, 192.0.2.3]}\n")});
  CHECK_FALSE(merged.version);
  REQUIRE(count_rule(merged, "source-conflict") == 1);
  const auto* finding = find_rule(merged, "source-conflict");
  CHECK(finding->severity == Severity::error);
  CHECK(finding->file == "b.yaml");
  CHECK(finding->line == 2);
  CHECK_THAT(finding->message, Catch::Contains("base.yaml:3"));
  CHECK_THAT(finding->excerpt, Catch::Contains("WWW"));
  CHECK_FALSE(finding->cure.empty());
}

TEST_CASE("three parts with one RRset are two conflicts", "[zonestore][merge]") {
  const auto merged = load_parts(
      apex(), {part("base.yaml", base), part("b.yaml", "www: {type: A, value: 192.0.2.1}\n"),
               part("c.yaml", "www: {type: A, value: 192.0.2.1}\n")});
  CHECK(count_rule(merged, "source-conflict") == 2);
}

TEST_CASE("a SOA comes from at most one part", "[zonestore][merge]") {
  const auto once = load_parts(apex(), {part("soa.yaml", soa), part("base.yaml", base)});
  INFO(all_text(once.findings));
  REQUIRE(once.version);
  CHECK(once.version->serial() == dns::Serial(7));
  CHECK_FALSE(once.serial_is_ours);
  const auto twice =
      load_parts(apex(), {part("soa.yaml", soa), part("base.yaml", base), part("soa2.yaml", soa)});
  CHECK_FALSE(twice.version);
  const auto* finding = find_rule(twice, "source-conflict");
  REQUIRE(finding);
  CHECK(finding->file == "soa2.yaml");
  CHECK_THAT(finding->message, Catch::Contains("SOA stands in soa.yaml:2"));
  const auto none = load_parts(
      apex(), {part("a.zone", "$TTL 60\n@ NS ns1.example.net.\n", SourceKind::zone_file)});
  CHECK(find_rule(none, "soa-missing") != nullptr);
}

TEST_CASE("a part has no more than it owns", "[zonestore][merge]") {
  const auto merged =
      load_parts(apex(), {part("base.yaml", base),
                          part("team.yaml",
                               "a.team: {type: A, value: 192.0.2.1}\n"
                               "mail:\n  - {type: A, value: 192.0.2.1}\n  - {type: TXT, value: x}\n"
                               "team: {type: TXT, value: x}\n",
                               SourceKind::yaml, {"*.team", "ftp"})});
  CHECK_FALSE(merged.version);
  REQUIRE(count_rule(merged, "source-not-owner") == 2);
  const auto* finding = find_rule(merged, "source-not-owner");
  CHECK(finding->file == "team.yaml");
  CHECK(finding->line == 3);
  CHECK_THAT(finding->message,
             Catch::Contains("mail.example.com.") && Catch::Contains("*.team, ftp"));
}

TEST_CASE("rules look at all parts, and point into the right one", "[zonestore][merge]") {
  const auto merged = load_parts(
      apex(), {part("base.yaml", base), part("b.yaml", "\nwww: {type: CNAME, value: x.test.}\n")});
  CHECK_FALSE(merged.version);
  const auto* finding = find_rule(merged, "cname-and-other-data");
  REQUIRE(finding);
  CHECK((finding->file == "b.yaml" || finding->file == "base.yaml"));
  CHECK_FALSE(finding->excerpt.empty());
}

TEST_CASE("one part that cannot be read keeps the whole zone out", "[zonestore][merge]") {
  SourcePart missing;
  missing.shown = "gone.yaml";
  missing.path = "/does/not/exist.yaml";
  const auto merged = load_parts(apex(), {part("base.yaml", base), missing});
  CHECK_FALSE(merged.version);
  REQUIRE(merged.findings.size() == 1);
  CHECK(merged.findings[0].rule == "unreadable");
  CHECK(merged.findings[0].file == "gone.yaml");

  auto refused = part("https://host/a.yaml", "www: {type: A, value: 192.0.2.1}\n");
  refused.findings.push_back(
      {Severity::error, "source-signature", refused.shown, 0, 0, "m", "", ""});
  const auto kept_out = load_parts(apex(), {part("base.yaml", base), refused});
  CHECK_FALSE(kept_out.version);
  CHECK(places_of(kept_out.findings) == std::vector<std::string>{"source-signature:0:0"});
}

TEST_CASE("files and texts go together, includes too", "[zonestore][merge]") {
  const Folder folder;
  folder.write("sub/more", "inc A 192.0.2.5\nwww A 192.0.2.6\n");
  SourcePart file;
  file.shown = "z.zone";
  file.path = folder.write("z.zone", "$TTL 60\nz A 192.0.2.4\n$INCLUDE sub/more\n");
  const auto merged = load_parts(apex(), {part("base.yaml", base), file});
  const auto* finding = find_rule(merged, "source-conflict");
  REQUIRE(finding);
  CHECK_THAT(finding->file, Catch::EndsWith("more"));
  CHECK(finding->line == 2);
  // What came from elsewhere includes nothing of this machine.
  const auto text = load_parts(
      apex(), {part("https://h/z.zone", "$INCLUDE /etc/passwd\n", SourceKind::zone_file)});
  CHECK(find_rule(text, "include-refused") != nullptr);
}

TEST_CASE("owner patterns match names, and names below", "[zonestore][merge]") {
  struct Case {
    std::string pattern, owner;
    bool matches;
  };
  const auto c = GENERATE(values<Case>({{"mail", "mail.example.com.", true},
                                        {"mail", "MAIL.example.com.", true},
                                        {"mail", "a.mail.example.com.", false},
                                        {"mail.example.com.", "mail.example.com.", true},
                                        {"*.team", "a.team.example.com.", true},
                                        {"*.team", "a.b.team.example.com.", true},
                                        {"*.team", "*.team.example.com.", true},
                                        {"*.team", "team.example.com.", false},
                                        {"*.team", "xteam.example.com.", false},
                                        {"@", "example.com.", true},
                                        {"@", "www.example.com.", false},
                                        {"*", "www.example.com.", true},
                                        {"*", "example.com.", false}}));
  CAPTURE(c.pattern, c.owner);
  CHECK(OwnerPattern::from_text(c.pattern, apex())->matches(name(c.owner)) == c.matches);
  for (const auto* bad : {"mail.example.net.", "a..b", "*.example.org."}) {
    CHECK_FALSE(OwnerPattern::from_text(bad, apex()));
  }
}

}  // namespace taproot::zonestore
