#include "zonestore/check.hpp"

#include "tests/zonestore/source_samples.hpp"
#include "zonestore/rule_table.hpp"
#include "zonestore/sources/records.hpp"
#include "zonestore/sources/zone_file.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace taproot::zonestore {

using namespace samples;

namespace {

using Lines = std::vector<std::string>;

/// Lines 1 to 4 of every zone here.
constexpr const char* head =
    "@ 300 SOA ns1 host 7 3600 600 2419200 300\n@ NS ns1\n@ NS ns.example.net.\nns1 A "
    "192.0.2.53\n";

Candidate check(std::string_view text) {
  return check_zone(apex(), read_zone_text(apex(), text, "zone", {}),
                    [](const std::string&, std::size_t) { return ""; });
}

}  // namespace

TEST_CASE("every rule finds what it is for", "[zonestore][check]") {
  struct Case {
    std::string text;  // behind the head, from line 5 on
    Lines want;
  };
  std::string chain;
  for (int i = 0; i < 20; ++i) {
    chain += "c" + std::to_string(i) + " CNAME c" + std::to_string(i + 1) + "\n";
  }
  std::string many;
  for (int i = 0; i < 2001; ++i) {
    many += "a A 9.9." + std::to_string(i / 250) + "." + std::to_string(i % 250) + "\n";
  }
  std::string types;
  for (int i = 0; i < 101; ++i) types += "a TYPE" + std::to_string(2000 + i) + " \\# 0\n";
  std::string large;
  for (int i = 0; i < 300; ++i) {
    large += "a TXT \"" + std::to_string(i) + std::string(230, 'x') + "\"\n";
  }
  const auto c = GENERATE_COPY(values<Case>({
      {"", {}},
      // the apex
      {"@ SOA ns1 host 8 3600 600 2419200 300\n", {"several-soas:5:1"}},
      {"@ SOA ns1 host 7 3600 600 2419200 300\n", {"duplicate-record:5:1"}},
      {"a SOA ns1 host 8 3600 600 2419200 300\n", {"soa-not-at-apex:5:1"}},
      {"www.example.net. A 192.0.2.1\n", {"out-of-zone:5:1"}},
      {"com. A 192.0.2.1\n", {"out-of-zone:5:1"}},
      {"xexample.com. A 192.0.2.1\n", {"out-of-zone:5:1"}},
      // CNAME
      {"a CNAME ns1\na A 192.0.2.1\n", {"cname-and-other-data:6:1"}},
      {"a A 192.0.2.1\na CNAME ns1\n", {"cname-and-other-data:6:1"}},
      {"a A 192.0.2.1\nA.EXAMPLE.com. CNAME ns1\n", {"cname-and-other-data:6:1"}},
      {"@ CNAME www.example.net.\n", {"cname-and-other-data:5:1"}},
      {"a CNAME ns1\na CNAME www.example.net.\n", {"several-cnames:6:1"}},
      {"a CNAME ns1\na CNAME NS1\n", {"duplicate-record:6:1"}},
      {"a CNAME a\n", {"cname-loop:5:1"}},
      {"a CNAME b\nb CNAME c\nc CNAME a\n", {"cname-loop:5:1"}},
      {"x CNAME a\na CNAME b\nb CNAME a\n", {"cname-loop:6:1"}},
      {"*.w CNAME x.w\n", {"cname-loop:5:1"}},
      {"a CNAME b.w\n*.w CNAME a\n", {"cname-loop:5:1"}},
      {chain + "c20 A 192.0.2.1\n", {"long-cname-chain:8:1"}},
      {"a CNAME nowhere\n", {"dangling-target:5:1"}},
      {"a CNAME b\nx.b A 192.0.2.1\n", {"dangling-target:5:1"}},
      {"a CNAME b.w\n*.w A 192.0.2.1\n", {}},
      {"a CNAME b.d\nd DNAME example.net.\n", {}},
      {"a CNAME b.d\nd NS ns.example.net.\n", {}},
      // DNAME
      {"d DNAME example.net.\nd DNAME example.org.\n", {"several-dnames:6:1"}},
      {"d DNAME example.net.\nx.d A 192.0.2.1\n", {"data-below-dname:6:1"}},
      {"x.y.d A 192.0.2.1\nd DNAME example.net.\n", {"data-below-dname:5:1"}},
      {"d DNAME example.net.\nd A 192.0.2.1\n", {}},
      {"d DNAME example.net.\nd CNAME ns1\n", {"cname-and-other-data:6:1"}},
      // sets
      {"a A 192.0.2.1\na A 192.0.2.1\n", {"duplicate-record:6:1"}},
      {"a MX 10 NS1\na MX 10 ns1\n", {"duplicate-record:6:1"}},
      {"a A 192.0.2.1\na 60 A 192.0.2.2\n", {"ttl-differs:6:1"}},
      {many, {"rrset-too-large:5:1"}},
      {types, {"too-many-types:105:1"}},
      {large, {"rrset-too-large:5:1"}},
      {"a MX 0 .\n", {}},
      {"a MX 0 .\na MX 10 ns1\n", {"null-mx-beside-other:5:1"}},
      // delegations
      {"d NS ns.example.net.\n", {}},
      {"d NS ns.d\nns.d A 192.0.2.1\n", {}},
      {"d NS d\nd A 192.0.2.1\n", {}},
      {"d NS ns.d\n", {"glue-missing:5:1"}},
      {"d NS ns.d\nx.d A 192.0.2.1\nns.d AAAA 2001:db8::1\n", {"extra-glue:6:1"}},
      {"d NS ns.example.net.\nd A 192.0.2.1\n", {"extra-glue:6:1"}},
      {"d NS ns.example.net.\nx.d TXT x\n", {"occluded-data:6:1"}},
      {"d NS ns.example.net.\nd TXT x\n", {"occluded-data:6:1"}},
      {"d NS ns.example.net.\nx.d NS ns.example.net.\n", {"occluded-data:6:1"}},
      {"d NS ns.e\ne NS ns.example.net.\nns.e A 192.0.2.1\n", {}},
      {"d NS ns.example.net.\nd DS 1 8 1 7491973e5f8b39d5327cd4e08bc81b05f7710b49\n", {}},
      {"d DS 1 8 1 7491973e5f8b39d5327cd4e08bc81b05f7710b49\n", {"ds-without-delegation:5:1"}},
      {"@ DS 1 8 1 7491973e5f8b39d5327cd4e08bc81b05f7710b49\n", {"ds-without-delegation:5:1"}},
      {"*.d NS ns.example.net.\n", {"wildcard-ns:5:1"}},
      // targets
      {"@ NS ns2\n", {"address-missing:5:1"}},
      {"@ NS ns2\nns2 TXT x\n", {"address-missing:5:1"}},
      {"d NS ns2\n", {"address-missing:5:1"}},
      {"@ NS x.w\n*.w A 192.0.2.1\n", {}},
      {"@ NS ns2\nns2 CNAME ns1\n", {"target-is-cname:5:1"}},
      {"a MX 10 b\nb CNAME ns1\n", {"target-is-cname:5:1"}},
      {"a SRV 1 2 3 b\nb CNAME ns1\n", {"target-is-cname:5:1"}},
      {"a SRV 1 2 3 .\n", {}},
      {"a MX 10 nowhere\n", {"dangling-target:5:1"}},
      {"a MX 10 b\nb TXT x\n", {"dangling-target:5:1"}},
      {"a MX 10 mail.example.net.\n", {}},
      {"a SRV 1 2 3 nowhere\n", {"dangling-target:5:1"}},
      {"a HTTPS 0 nowhere\n", {"dangling-target:5:1"}},
      {"a HTTPS 1 .\n", {}},
      {"a MX 10 192.0.2.1.\n", {"target-is-address:5:1"}},
      {"a MX 10 192.0.2.1\n", {"target-is-address:5:1"}},
      {"@ NS 192.0.2.1.\n", {"target-is-address:5:1"}},
      {"a MX 10 192.0.2.256.\n", {}},
  }));
  const auto candidate = check(std::string(head) + c.text);
  INFO(c.text.substr(0, 300) << all_text(candidate.findings));
  CHECK(places_of(candidate.findings) == c.want);
  CHECK((candidate.version != nullptr) == !has_errors(candidate.findings));
  for (const auto& finding : candidate.findings) {
    CHECK_FALSE(finding.message.empty());
    CHECK_FALSE(finding.cure.empty());
    CHECK(finding.file == "zone");
  }
}

TEST_CASE("which findings keep a zone out", "[zonestore][check]") {
  struct Case {
    const char* text;
    bool serves;
  };
  const auto c = GENERATE(
      Case{"a A 192.0.2.1\na A 192.0.2.1\n", true}, Case{"a A 192.0.2.1\na 60 A 192.0.2.2\n", true},
      Case{"d NS ns.example.net.\nx.d TXT x\n", true}, Case{"a SRV 1 2 3 b\nb CNAME ns1\n", true},
      Case{"a MX 10 b\nb CNAME ns1\n", false}, Case{"d NS ns.d\n", false},
      Case{"a CNAME a\n", false}, Case{"a CNAME nowhere\n", true});
  INFO(c.text);
  CHECK((check(std::string(head) + c.text).version != nullptr) == c.serves);
}

TEST_CASE("the SOA's numbers are looked at", "[zonestore][check]") {
  struct Case {
    const char* numbers;
    Lines want;
  };
  const auto c = GENERATE(values<Case>({
      {"7 3600 600 2419200 300", {}},
      {"0 3600 600 2419200 300", {"serial-zero:2:1"}},
      {"7 3600 3600 2419200 300", {"soa-timers:2:1"}},
      {"7 3600 600 4199 300", {"soa-timers:2:1"}},
      {"7 3600 600 4200 300", {"soa-expire:2:1"}},
      {"7 4294967295 4294967294 4294967295 300", {"soa-timers:2:1"}},
      {"7 0 600 2419200 300", {"soa-timers:2:1"}},
      {"7 3600 0 2419200 300", {"soa-timers:2:1"}},
      {"7 3600 600 2419200 86400", {}},
      {"7 3600 600 2419200 86401", {"negative-ttl:2:1"}},
  }));
  const auto candidate = check("$TTL 1w\n@ SOA ns1 host " + std::string(c.numbers) +
                               "\n@ NS ns1\n@ NS ns.example.net.\nns1 A 192.0.2.53\n");
  INFO(c.numbers);
  CHECK(places_of(candidate.findings) == c.want);
  CHECK(candidate.version != nullptr);
}

TEST_CASE("a zone without its apex is refused", "[zonestore][check]") {
  CHECK(places_of(check("").findings) == Lines{"empty-zone:0:0"});
  CHECK(places_of(check("www 60 A 192.0.2.1\n").findings) ==
        Lines{"soa-missing:0:0", "ns-missing:0:0"});
  CHECK(places_of(check("@ 60 NS ns.example.net.\n@ 60 NS ns.example.org.\n").findings) ==
        Lines{"soa-missing:0:0"});
}

TEST_CASE("what may stand in a line that could not be read is not missed", "[zonestore][check]") {
  CHECK(places_of(check("@ 60 SOA ns1 host x\n@ 60 NS ns1\na 60 CNAME b\n").findings) ==
        Lines{"bad-rdata:1:19"});
}

TEST_CASE("a checked zone holds its records", "[zonestore][check]") {
  const auto candidate = check(
      std::string(head) +
      "www A 192.0.2.2\nWWW 60 A 192.0.2.1\nwww A 192.0.2.2\nx.y.z TXT a\nwww AAAA 2001:db8::1\n");
  REQUIRE(candidate.version != nullptr);
  const auto& version = *candidate.version;
  CHECK(version.serial() == dns::Serial(7));
  CHECK(version.record_count() == 8);
  const auto www = version.find(name("www.example.com."), dns::RRType::A);
  REQUIRE(www);
  CHECK(www->ttl == 60);
  CHECK(www->rdata.size() == 2);
  CHECK(dns::to_text(*www) ==
        "www.example.com.\t60\tIN\tA\t192.0.2.1\nwww.example.com.\t60\tIN\tA\t192.0.2.2\n");
  CHECK(version.find(name("y.z.example.com.")) != nullptr);
  CHECK_FALSE(candidate.serial_is_ours);
}

TEST_CASE("findings are sorted by place, and their lines are asked for", "[zonestore][check]") {
  const auto text = std::string(head) + "b A 192.0.2.1\nb A 192.0.2.1\nx A y\na MX 10 192.0.2.1.\n";
  const auto candidate = check_zone(apex(), read_zone_text(apex(), text, "zone", {}),
                                    [](const std::string& file, std::size_t line) {
                                      return file + " line " + std::to_string(line);
                                    });
  CHECK(places_of(candidate.findings) ==
        Lines{"duplicate-record:6:1", "bad-rdata:7:5", "target-is-address:8:1"});
  CHECK(candidate.findings[0].excerpt == "zone line 6");
  CHECK(candidate.findings[1].excerpt == "x A y");
  CHECK(candidate.findings[2].excerpt == "zone line 8");
}

TEST_CASE("checks of records that no text was read for", "[zonestore][check]") {
  // As from an API: no files, no places.
  SourceRecords records;
  const auto add = [&](const char* owner, dns::RRType type, std::uint32_t ttl, const char* rdata) {
    records.items.push_back(
        {name(owner), type, ttl, dns::rdata_from_text(type, rdata, apex()).value(), {}});
  };
  add("example.com.", dns::RRType::SOA, 60, "ns1 host 1 3600 600 2419200 300");
  add("example.com.", dns::RRType::NS, 60, "ns1.example.net.");
  add("example.com.", dns::RRType::NS, 60, "ns1.example.org.");
  SECTION("good ones") {
    const auto candidate = check_zone(apex(), std::move(records), {});
    CHECK(candidate.findings.empty());
    CHECK(candidate.version != nullptr);
  }
  SECTION("a TTL over the highest") {
    add("a.example.com.", dns::RRType::A, dns::max_ttl + 1, "192.0.2.1");
    CHECK(places_of(check_zone(apex(), std::move(records), {}).findings) == Lines{"bad-ttl:0:0"});
  }
  SECTION("types of messages") {
    records.items.push_back({apex(), dns::RRType::OPT, 60, dns::Rdata(), {}});
    CHECK(places_of(check_zone(apex(), std::move(records), {}).findings) == Lines{"meta-type:0:0"});
  }
}

TEST_CASE("checks take time in proportion to the zone", "[zonestore][check]") {
  // Shapes that cost a naive checker the square of their size; the test's time limit is the judge.
  const int count = 50'000;
  const auto shape = GENERATE(0, 1, 2, 3, 4, 5);
  CAPTURE(shape);
  std::string text = head;
  for (int i = 0; i < count; ++i) {
    const std::string n = std::to_string(i);
    const std::string next = std::to_string(i + 1);
    if (shape == 0) text += "c" + n + " CNAME c" + next + "\n";
    if (shape == 1) text += "c" + n + " CNAME c" + std::to_string((i + 1) % count) + "\n";
    if (shape == 2) text += "a TXT " + n + "\n";
    if (shape == 3) text += "d" + n + " NS ns.d" + n + "\nns.d" + n + " A 192.0.2.1\n";
    if (shape == 4) text += "@ TYPE" + std::to_string(1000 + i % 60'000) + " \\# 0\n";
    if (shape == 5) text += n + ".b.c.d.e.f.g.h.i.j.k.l.m.n.o.p.q.r.s.t A 192.0.2.1\n";
  }
  const auto candidate = check(text);
  CHECK((candidate.version == nullptr) == (shape == 1 || shape == 2 || shape == 4));
}

TEST_CASE("every rule stands in the table", "[zonestore][check]") {
  namespace fs = std::filesystem;
  const auto text_of = [](const fs::path& path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
  };
  std::string code;
  for (const auto& entry :
       fs::recursive_directory_iterator(fs::path(TAPROOT_SOURCE_DIR) / "zonestore")) {
    const auto name = entry.path().filename().string();
    const bool ours = entry.path().parent_path().filename() == "sources" ||
                      name.substr(0, 5) == "check" || name.substr(0, 7) == "finding" ||
                      name == "edit.cpp";
    if (ours && entry.path().extension() == ".cpp") code += text_of(entry.path());
  }
  // What comes from servers is fetched above this room, and its findings stand beside the others.
  for (const auto* file :
       {"source_merge.cpp", "zone_editor.cpp", "remote_fetch.cpp", "remote_sources.cpp",
        "zone_parts.cpp", "followed_sources.cpp", "check_received.cpp"}) {
    code += text_of(fs::path(TAPROOT_SOURCE_DIR) / "server" / file);
  }
  // Rules are the only literals of this shape in these files, but for a label.
  const std::regex literal("\"([a-z0-9]+(-[a-z0-9]+)+)\"");
  std::set<std::string> named = {"unreadable", "external-check"};  // one word; of another room
  for (std::sregex_iterator at(code.begin(), code.end(), literal), end; at != end; ++at) {
    if ((*at)[1] != "mta-sts" && (*at)[1] != "packed-refs") named.insert((*at)[1]);
  }
  std::set<std::string> known;
  for (const auto& rule : all_rules()) {
    CHECK(known.emplace(rule.name).second);
    CHECK_FALSE(rule.summary.empty());
  }
  CHECK(named == known);
}

TEST_CASE("every rule is explained, and as grave as is said", "[zonestore][check]") {
  std::ostringstream rules;
  rules << std::ifstream(std::filesystem::path(TAPROOT_SOURCE_DIR) / "docs/rules.md").rdbuf();
  const std::string text = rules.str();
  const std::regex heading("\n### ([^\n]+)\n\n\\*([a-z]+)[^*\n]*\\* · ");
  std::vector<std::string> explained;
  for (std::sregex_iterator at(text.begin(), text.end(), heading), end; at != end; ++at) {
    explained.push_back((*at)[1]);
    const auto* rule = find_rule(explained.back());
    CAPTURE(explained.back());
    REQUIRE(rule != nullptr);
    const std::string said = (*at)[2];
    const auto word = [&] {
      if (!rule->severity) return std::string("off");
      Finding finding;
      finding.severity = *rule->severity;
      const auto line = to_line(finding);
      return line.substr(0, line.find(':'));
    }();
    CHECK((said == word || explained.back() == "more-findings"));
  }
  std::vector<std::string> in_table;
  for (const auto& rule : all_rules()) in_table.emplace_back(rule.name);
  CHECK(explained == in_table);  // in the same order
}

}  // namespace taproot::zonestore
