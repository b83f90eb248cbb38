#include "zonestore/sources/rewrite.hpp"

#include "source_samples.hpp"
#include "zonestore/divergence.hpp"
#include "zonestore/edit.hpp"
#include "zonestore/sources/edit_document.hpp"
#include "zonestore/sources/read_source.hpp"
#include "zonestore/sources/records.hpp"
#include "zonestore/sources/scalar_text.hpp"
#include "zonestore/sources/source_file.hpp"
#include "zonestore/sources/source_writer.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include <random>
#include <string>

namespace taproot::zonestore {

using namespace samples;

namespace {

std::shared_ptr<const ZoneVersion> version_of(const std::string& text, SourceKind kind) {
  auto records = read_source_text(apex(), kind, text, "zone", SourceLimits{});
  const auto candidate = check_zone(apex(), std::move(records), {});
  INFO(text << "\n" << all_text(candidate.findings));
  REQUIRE(candidate.version);
  return candidate.version;
}

/// Edits a text, and asserts that what came out says just what the edit wanted.
std::string rewritten(const std::string& text, const std::string& changes,
                      SourceKind kind = SourceKind::yaml) {
  const auto before = version_of(text, kind);
  const auto document = read_edit_document(apex(), "{\"changes\": [" + changes + "]}");
  INFO(all_text(document.findings));
  REQUIRE(document.findings.empty());
  const auto wanted = edit_zone(*before, document.changes);
  INFO(all_text(wanted.findings));
  REQUIRE(wanted.version);
  const auto after = rewrite_source(apex(), text, kind, content_changes(*before, *wanted.version));
  if (!after) FAIL(after.error().detail);
  CAPTURE(*after);
  const auto left = content_changes(*wanted.version, *version_of(*after, kind));
  CHECK(to_text(left) == "");
  return *after;
}

const std::string head = "'':\n  - {type: NS, values: [ns1.example.net., ns2.example.net.]}\n";
const std::string json_head =
    R"({"": {"type": "NS", "values": ["ns1.example.net.", "ns2.example.net."]})";

std::string put(const std::string& owner, const std::string& type, const std::string& values,
                const std::string& ttl = "") {
  return R"({"op": "put", "owner": ")" + owner + R"(", "type": ")" + type + "\"" +
         (ttl.empty() ? "" : ", \"ttl\": " + ttl) + ", \"values\": [" + values + "]}";
}
std::string drop(const std::string& owner, const std::string& type) {
  return R"({"op": "delete", "owner": ")" + owner + R"(", "type": ")" + type + "\"}";
}

}  // namespace

TEST_CASE("an edit touches nothing else of a YAML file", "[zonestore][rewrite]") {
  struct Case {
    const char* what;
    std::string before;
    std::string changes;
    std::string after;
  };
  const auto c = GENERATE(
      Case{"one value of one line, its comment stays",
           "www:\n  type: A   # the address\n  value: 192.0.2.1  # of web1\n# end\n",
           put("www", "A", R"("192.0.2.9")"),
           "www:\n  type: A   # the address\n  value: 192.0.2.9  # of web1\n# end\n"},
      Case{"a value in brackets", "www: {type: A, ttl: 300, value: 192.0.2.1}  # w\n",
           put("www", "A", R"("192.0.2.9")"), "www: {type: A, ttl: 300, value: 192.0.2.9}  # w\n"},
      Case{"the TTL", "www: {type: A, ttl: 5m, value: 192.0.2.1}\n",
           put("www", "A", R"("192.0.2.1")", "60"), "www: {type: A, ttl: 60, value: 192.0.2.1}\n"},
      Case{"a TTL where there was none", "www:\n  type: A  # a\n  value: 192.0.2.1\n",
           put("www", "A", R"("192.0.2.1")", "60"),
           "www:\n  type: A  # a\n  ttl: 60\n  value: 192.0.2.1\n"},
      Case{"a TTL in brackets where there was none", "www: {type: A, value: 192.0.2.1}\n",
           put("www", "A", R"("192.0.2.1")", "60"), "www: {type: A, ttl: 60, value: 192.0.2.1}\n"},
      Case{"values in lines, comments of those that stay",
           "www:\n  type: A\n  values:\n    - 192.0.2.1  # one\n    - 192.0.2.2  # two\n"
           "    # three is new\n    - 192.0.2.3\n",
           put("www", "A", R"("192.0.2.1", "192.0.2.3", "192.0.2.4")"),
           "www:\n  type: A\n  values:\n    - 192.0.2.1  # one\n"
           "    # three is new\n    - 192.0.2.3\n    - 192.0.2.4\n"},
      Case{"a list in brackets gets one more", "www: {type: A, values: [192.0.2.1, 192.0.2.2]}\n",
           put("www", "A", R"("192.0.2.1", "192.0.2.2", "192.0.2.3")"),
           "www: {type: A, values: [192.0.2.1, 192.0.2.2, 192.0.2.3]}\n"},
      Case{"a list in brackets loses one", "www: {type: A, values: [192.0.2.1, 192.0.2.2]}\n",
           put("www", "A", R"("192.0.2.2")"), "www: {type: A, values: [192.0.2.2]}\n"},
      Case{"one value becomes two in lines", "www:\n  type: A\n  value: 192.0.2.1  # w\n",
           put("www", "A", R"("192.0.2.1", "192.0.2.2")"),
           "www:\n  type: A\n  values:\n    - 192.0.2.1\n    - 192.0.2.2  # w\n"},
      Case{"one value becomes two in brackets", "www: {type: A, value: 192.0.2.1}\n",
           put("www", "A", R"("192.0.2.1", "192.0.2.2")"),
           "www: {type: A, values: [192.0.2.1, 192.0.2.2]}\n"},
      Case{"options of octoDNS stay",
           "www:\n  octodns:\n    lenient: true\n  type: A\n  value: 192.0.2.1\n",
           put("www", "A", R"("192.0.2.9")"),
           "www:\n  octodns:\n    lenient: true\n  type: A\n  value: 192.0.2.9\n"},
      Case{"a map as the value",
           "www:\n  type: MX\n  value:\n    preference: 10\n    exchange: a.example.net.\n",
           put("www", "MX", R"("20 b.example.net.")"),
           "www:\n  type: MX\n  value: 20 b.example.net.\n"},
      Case{"a second record set in a list",
           "www:\n  # one\n  - type: A\n    value: 192.0.2.1\n\nzzz: {type: A, value: 192.0.2.2}\n",
           put("www", "AAAA", R"("2001:db8::1")"),
           "www:\n  # one\n  - type: A\n    value: 192.0.2.1\n  - type: AAAA\n    ttl: 3600\n"
           "    value: 2001:db8::1\n\nzzz: {type: A, value: 192.0.2.2}\n"},
      Case{"a second record set beside one in brackets", "www:\n  - {type: A, value: 192.0.2.1}\n",
           put("www", "AAAA", R"("2001:db8::1")", "60"),
           "www:\n  - {type: A, value: 192.0.2.1}\n"
           "  - {type: AAAA, ttl: 60, value: 2001:db8::1}\n"},
      Case{"a second record set makes a list",
           "www:\n  type: A  # one\n  values:\n    - 192.0.2.1\n    - 192.0.2.2\n",
           put("www", "AAAA", R"("2001:db8::1")", "60"),
           "www:\n  - type: A  # one\n    values:\n      - 192.0.2.1\n      - 192.0.2.2\n"
           "  - type: AAAA\n    ttl: 60\n    value: 2001:db8::1\n"},
      Case{"a second record set makes a list in brackets",
           "www: {type: A, value: 192.0.2.1}  # w\n", put("www", "AAAA", R"("2001:db8::1")", "60"),
           "www: [{type: A, value: 192.0.2.1}, {type: AAAA, ttl: 60, value: 2001:db8::1}]  # w\n"},
      Case{"a record set goes",
           "www:\n  - type: A\n    value: 192.0.2.1\n  - {type: AAAA, value: '2001:db8::1'}\n"
           "  - type: TXT\n    value: |\n      text\n",
           drop("www", "AAAA"),
           "www:\n  - type: A\n    value: 192.0.2.1\n"
           "  - type: TXT\n    value: |\n      text\n"},
      Case{"the last record set takes its owner along",
           "# about www\nwww: {type: A, value: 192.0.2.1}\n\n# about zzz\n"
           "zzz: {type: A, value: 192.0.2.2}\n",
           drop("www", "A"), "# about www\n\n# about zzz\nzzz: {type: A, value: 192.0.2.2}\n"},
      Case{"a new owner in its place",
           "aaa: {type: A, value: 192.0.2.1}\n\n# about www\nwww: {type: A, value: 192.0.2.1}\n",
           put("mail", "A", R"("192.0.2.25")", "300"),
           "aaa: {type: A, value: 192.0.2.1}\n\nmail:\n  type: A\n  ttl: 300\n"
           "  value: 192.0.2.25\n# about www\nwww: {type: A, value: 192.0.2.1}\n"},
      Case{"a new owner at the end where there is no order",
           "www: {type: A, value: 192.0.2.1}\naaa: {type: A, value: 192.0.2.1}",
           put("mail", "A", R"("192.0.2.25", "192.0.2.26")", "300"),
           "www: {type: A, value: 192.0.2.1}\naaa: {type: A, value: 192.0.2.1}\nmail:\n  type: A\n"
           "  ttl: 300\n  values:\n    - 192.0.2.25\n    - 192.0.2.26\n"},
      Case{"owners that need quotes", "", put("*.apps", "CNAME", R"("www.example.net.")", "60"),
           "'*.apps':\n  type: CNAME\n  ttl: 60\n  value: www.example.net.\n"},
      Case{"an owner in quotes", "\"10\": {type: PTR, value: a.example.net.}\n",
           put("10", "PTR", R"("b.example.net.")"), "\"10\": {type: PTR, value: b.example.net.}\n"},
      Case{"text that needs quotes", "www: {type: TXT, value: a}\n",
           put("www", "TXT", R"("it's # no, comment: []", "a \"b\"", "v=1; x")"),
           "www: {type: TXT, values: ['a \"b\"', v=1; x, 'it''s # no, comment: []']}\n"},
      Case{"two types of one owner at once",
           "www:\n  - {type: A, value: 192.0.2.1}\n  - {type: AAAA, value: '2001:db8::1'}\n",
           drop("www", "AAAA") + ", " + drop("www", "A") + ", " +
               put("www", "CNAME", R"("a.example.net.")", "60"),
           "www:\n  - {type: CNAME, ttl: 60, value: a.example.net.}\n"},
      Case{"Windows lines", "www:\r\n  type: A\r\n  value: 192.0.2.1\r\n",
           put("www", "A", R"("192.0.2.1", "192.0.2.2")"),
           "www:\r\n  type: A\r\n  values:\r\n    - 192.0.2.1\r\n    - 192.0.2.2\r\n"},
      Case{"letters of more than one octet", "# grün ü\nwww: {type: A, value: 192.0.2.1}  # ü\n",
           put("www", "A", R"("192.0.2.9")"), "# grün ü\nwww: {type: A, value: 192.0.2.9}  # ü\n"},
      Case{"dashes below their key", "www:\n- type: A\n  values:\n  - 192.0.2.1\n  - 192.0.2.2\n",
           put("www", "A", R"("192.0.2.1", "192.0.2.3")"),
           "www:\n- type: A\n  values:\n  - 192.0.2.1\n  - 192.0.2.3\n"});
  INFO(c.what);
  CHECK(rewritten(head + c.before, c.changes) == head + c.after);
}

TEST_CASE("the SOA keeps its serial, or that it has none", "[zonestore][rewrite]") {
  const std::string ns = "  - {type: NS, values: [ns1.example.net., ns2.example.net.]}\n";
  const std::string soa = "mname: a.example.net., rname: b.example.net., ";
  const std::string with = "'':\n  - {type: SOA, value: {" + soa + "serial: 7, refresh: 60}}\n";
  const auto put_soa = put("", "SOA", R"("a.example.net. b.example.net. 99 7200 600 2419200 300")");
  const std::string rest = "refresh: 7200, retry: 600, expire: 2419200, minimum: 300}}\n";
  CHECK(rewritten(with + ns, put_soa) ==
        "'':\n  - {type: SOA, value: {" + soa + "serial: 7, " + rest + ns);
  const std::string without = "'':\n  - {type: SOA, value: {" + soa + "refresh: 60}}\n";
  CHECK(rewritten(without + ns, put_soa) == "'':\n  - {type: SOA, value: {" + soa + rest + ns);
}

TEST_CASE("an edit touches nothing else of a JSON file", "[zonestore][rewrite]") {
  struct Case {
    const char* what;
    std::string before;
    std::string changes;
    std::string after;
  };
  const auto c = GENERATE(
      Case{"a value", R"(, "www": {"type": "A", "ttl": 300, "value": "192.0.2.1"}})",
           put("www", "A", R"("192.0.2.9")", "60"),
           R"(, "www": {"type": "A", "ttl": 60, "value": "192.0.2.9"}})"},
      Case{"one value becomes two", R"(, "www": {"type": "A", "value": "192.0.2.1"}})",
           put("www", "A", R"("192.0.2.1", "192.0.2.9")"),
           R"(, "www": {"type": "A", "values": ["192.0.2.1", "192.0.2.9"]}})"},
      Case{"a TTL", R"(, "www": {"type": "A", "value": "192.0.2.1"}})",
           put("www", "A", R"("192.0.2.1")", "9"),
           R"(, "www": {"type": "A", "ttl": 9, "value": "192.0.2.1"}})"},
      Case{"a new owner in lines", ",\n  \"aaa\": {\"type\": \"A\", \"value\": \"192.0.2.1\"}\n}\n",
           put("www", "TXT", R"("a \"b\"")", "9"),
           ",\n  \"aaa\": {\"type\": \"A\", \"value\": \"192.0.2.1\"},\n"
           "  \"www\": {\"type\": \"TXT\", \"ttl\": 9, \"value\": \"a \\\"b\\\"\"}\n}\n"},
      Case{"an owner goes",
           ",\n  \"aaa\": {\"type\": \"A\", \"value\": \"192.0.2.1\"},\n"
           "  \"www\": {\"type\": \"A\", \"value\": \"192.0.2.1\"}\n}\n",
           drop("aaa", "A"), ",\n  \"www\": {\"type\": \"A\", \"value\": \"192.0.2.1\"}\n}\n"},
      Case{"the last owner goes", ",\n  \"www\": {\"type\": \"A\", \"value\": \"192.0.2.1\"}\n}\n",
           drop("www", "A"), "\n}\n"});
  INFO(c.what);
  CHECK(rewritten(json_head + c.before, c.changes, SourceKind::json) == json_head + c.after);
}

TEST_CASE("what cannot be changed by itself is refused", "[zonestore][rewrite]") {
  struct Case {
    const char* what;
    std::string text;
    const char* words;
  };
  const auto c = GENERATE(
      Case{"an alias", "aaa: &a {type: A, value: 192.0.2.1}\nwww: *a\n", "line 4: anchors"},
      Case{"an anchor", "www: &a {type: A, value: 192.0.2.1}\nzzz: *a\n", "line 3: anchors"},
      Case{"a merge key", "aaa: &a {type: A, value: 192.0.2.1}\nwww: {<<: *a, ttl: 60}\n",
           "line 4: anchors"},
      Case{"two sets of a type",
           "www:\n  - {type: A, value: 192.0.2.1}\n  - {type: A, value: 192.0.2.2}\n",
           "2 record sets"});
  INFO(c.what);
  auto records = read_yaml_records(apex(), head + c.text, "zone.yaml", SourceLimits{});
  const ChangeSet changes{
      {},
      {},
      {{std::nullopt,
        dns::RRset{name("www.example.com."),
                   dns::RRType::A,
                   60,
                   {dns::rdata_from_text(dns::RRType::A, "192.0.2.9", apex()).value()}}}}};
  const auto refused = rewrite_source(apex(), head + c.text, SourceKind::yaml, changes);
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().detail, Catch::Contains(c.words));
}

namespace {

const std::string zone_head =
    "$TTL 300\n; the zone\n@ SOA ns1.example.net. host ( 7 ; serial\n  1h 10m 4w 5m )\n"
    " NS ns1.example.net.\n NS ns2.example.net.\n\n";

}  // namespace

TEST_CASE("changes are written into zone files", "[zonestore][rewrite]") {
  struct Case {
    const char* what;
    std::string text;
    std::string changes;
    std::string wanted;
  };
  const auto c = GENERATE(values<Case>({
      {"a value in its place, with all that stands around it",
       "; web\nwww  60 IN A   192.0.2.1 ; the old one\nb A 192.0.2.2\n",
       put("www", "A", R"("192.0.2.9")"),
       "; web\nwww  60 IN A   192.0.2.9 ; the old one\nb A 192.0.2.2\n"},
      {"a value more", "www A 192.0.2.1\n    TXT x\nb A 192.0.2.2\n",
       put("www", "A", R"("192.0.2.1", "192.0.2.9")"),
       "www A 192.0.2.1\nwww.example.com.\t300\tIN\tA\t192.0.2.9\n    TXT x\nb A 192.0.2.2\n"},
      {"an owner that others lean on is gone", "www A 192.0.2.1 ; web\n    TXT x\nb A 192.0.2.2\n",
       R"({"op": "delete", "owner": "www", "type": "A"})",
       "www.example.com.    TXT x\nb A 192.0.2.2\n"},
      {"all of an owner is gone", "a A 192.0.2.1\nwww A 192.0.2.1\n TXT x\n\tTXT y\n MX 1 a\n",
       R"({"op": "delete", "owner": "www"})", "a A 192.0.2.1\n"},
      {"another TTL", "www A 192.0.2.1\nwww A 192.0.2.2\nb A 192.0.2.2",
       put("www", "A", R"("192.0.2.1", "192.0.2.2")", "60"),
       "www.example.com.\t60\tIN\tA\t192.0.2.1\nwww.example.com.\t60\tIN\tA\t192.0.2.2\n"
       "b A 192.0.2.2"},
      {"a new owner, and no newline at the end", "$ORIGIN sub.example.com.\nb A 192.0.2.2",
       put("new", "A", R"("192.0.2.3")"),
       "$ORIGIN sub.example.com.\nb A 192.0.2.2\nnew.example.com.\t3600\tIN\tA\t192.0.2.3\n"},
      {"a value in parentheses",
       "a A 192.0.2.1\nt TXT ( \"one\"\n  \"two\" ) ; both\n  A 192.0.2.1\n",
       put("t", "TXT", R"("three")"),
       "a A 192.0.2.1\nt.example.com.\t300\tIN\tTXT\t\"three\"\n  A 192.0.2.1\n"},
      {"quotes and semicolons", "t 60 TXT \"a;b(\" c ; mine\n", put("t", "TXT", R"("d\\;e")"),
       "t 60 TXT \"d;e\" ; mine\n"},
      {"lines that end as DOS ends them", "a A 192.0.2.1\r\nb A 192.0.2.2\r\n",
       put("a", "A", R"("192.0.2.1", "192.0.2.3")"),
       "a A 192.0.2.1\r\na.example.com.\t300\tIN\tA\t192.0.2.3\r\nb A 192.0.2.2\r\n"},
  }));
  INFO(c.what);
  CHECK(rewritten(zone_head + c.text, c.changes, SourceKind::zone_file) == zone_head + c.wanted);
}

TEST_CASE("what makes records of a zone file elsewhere is left alone", "[zonestore][rewrite]") {
  const ChangeSet changes{
      {}, {}, {{std::nullopt, dns::RRset{name("h2.example.com."), dns::RRType::A, 60, {}}}}};
  const auto refused = rewrite_source(apex(), zone_head + "$GENERATE 1-3 h$ A 192.0.2.$\n",
                                      SourceKind::zone_file, changes);
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().detail, Catch::Contains("$GENERATE"));
  CHECK_FALSE(rewrite_source(apex(), zone_head + "$INCLUDE x\n", SourceKind::zone_file, changes));
}

TEST_CASE("random changes of zone files come out as they were meant",
          "[zonestore][rewrite][property]") {
  std::mt19937 random(11);
  const auto pick = [&](std::size_t count) { return random() % count; };
  static const std::vector<std::string> records = {
      "A 192.0.2.",  "60 A 192.0.2.",  "IN 60 A 192.0.2.", "TXT ( \"a;b\" \n ; in between\n x) ; t",
      "MX ( 10 ) m", "TXT \"\\\"\" ; "};
  for (int i = 0; i < 300; ++i) {
    std::string text = zone_head;
    for (auto n = 1 + pick(12); n > 0; --n) {
      text += pick(3) == 0 ? "\t" : "n" + std::to_string(pick(5)) + " ";
      text += records[pick(records.size())] + std::to_string(pick(9)) + "\n";
      if (pick(6) == 0) text += "; a comment\n\n";
      if (pick(9) == 0) text += "$ORIGIN example.com.\n$TTL 300\n";
    }
    std::string changes;
    const std::size_t first = pick(6);
    for (auto n = 1 + pick(4); n > 0; --n) {
      const auto owner = "n" + std::to_string((first + n) % 6);
      const auto value = "\"192.0.2." + std::to_string(pick(9)) + "\"";
      changes += changes.empty() ? "" : ", ";
      switch (pick(4)) {
        case 0:
          changes += R"({"op": "delete", "owner": ")" + owner + "\"}";
          break;
        case 1:
          changes += put(owner, "A", value, pick(2) == 0 ? "60" : "300");
          break;
        case 2:
          changes += put(owner, "A", value + ", \"192.0.2.77\"", "300");
          break;
        default:
          changes += put(owner, "TXT", "\"some text\"");
      }
    }
    CAPTURE(text, changes);
    rewritten(text, changes, SourceKind::zone_file);
  }
}

TEST_CASE("values are written so that they are read the same", "[zonestore][rewrite]") {
  struct Case {
    dns::RRType type;
    const char* text;
  };
  const auto c = GENERATE(
      Case{dns::RRType::TXT, R"("plain")"}, Case{dns::RRType::TXT, R"("")"},
      Case{dns::RRType::TXT, R"("a" "b")"}, Case{dns::RRType::TXT, R"("a;b")"},
      Case{dns::RRType::TXT, R"("a\\;b")"}, Case{dns::RRType::TXT, R"("\"quoted\"")"},
      Case{dns::RRType::TXT, R"("\195\188\000\010")"}, Case{dns::RRType::TXT, R"(" blanks ")"},
      Case{dns::RRType::MX, "10 mail.example.net."},
      Case{dns::RRType::CAA, R"(0 iodef "mailto:x@example.com")"}, Case{dns::RRType::AAAA, "::1"},
      Case{static_cast<dns::RRType>(65280), R"(\# 2 abcd)"});
  CAPTURE(c.text);
  const auto rdata = dns::rdata_from_text(c.type, c.text, apex()).value();
  const bool is_json = GENERATE(false, true);
  const auto value = scalar_text(record_value_text(c.type, rdata, apex()), is_json);
  CAPTURE(value);
  const auto document = read_edit_document(
      apex(), R"({"changes": [{"op": "put", "owner": "x", "type": ")" + dns::to_text(c.type) +
                  R"(", "value": )" + scalar_text(record_value_text(c.type, rdata, apex()), true) +
                  "}]}");
  REQUIRE(document.findings.empty());
  CHECK(document.changes.front().values.front() == rdata);
  // In brackets, which is where YAML is strictest.
  const auto text = head + "x: {type: " + dns::to_text(c.type) + ", values: [" + value + "]}\n";
  const auto records = read_yaml_records(apex(), text, "zone.yaml", SourceLimits{});
  INFO(all_text(records.findings));
  REQUIRE(records.findings.empty());
  const auto item = std::find_if(records.items.begin(), records.items.end(),
                                 [](const auto& i) { return i.owner == name("x.example.com."); });
  REQUIRE(item != records.items.end());
  CHECK(item->rdata == rdata);
}

TEST_CASE("any row of edits ends in a file that says the zone", "[zonestore][rewrite]") {
  const auto seed = GENERATE(range(0, 25));
  CAPTURE(seed);
  std::mt19937 random(static_cast<unsigned>(seed));
  const std::vector<std::string> owners = {"a", "b", "c", "*.w", "10", ""};
  const std::vector<std::string> types = {"A", "TXT", "MX"};
  const auto kind = seed % 5 == 0 ? SourceKind::json : SourceKind::yaml;
  std::string text = kind == SourceKind::json
                         ? json_head + "}"
                         : head +
                               "b:\n  - type: A  # x\n    values:\n    - 192.0.2.1 # y\n"
                               "c: {type: TXT, value: hello}\n";
  for (int step = 0; step < 12; ++step) {
    std::string changes;
    for (std::size_t i = 0; i <= random() % 3; ++i) {
      const auto& owner = owners[(static_cast<std::size_t>(step) + i) % owners.size()];
      const auto& type = types[random() % types.size()];
      std::string values;
      for (std::size_t v = 0; v <= random() % 3; ++v) {
        const auto number = std::to_string(1 + random() % 4);
        values += (values.empty() ? "\"" : ", \"") +
                  (type == "A"     ? "192.0.2." + number
                   : type == "TXT" ? "text: '" + number + "' #"
                                   : number + " mail.example.net.") +
                  "\"";
      }
      changes += (changes.empty() ? "" : ", ") +
                 (random() % 3 == 0 ? drop(owner, type)
                                    : put(owner, type, values, std::to_string(60 + random() % 2)));
    }
    CAPTURE(step, changes);
    text = rewritten(text, changes, kind);
  }
}

TEST_CASE("a file is replaced as a whole, or not at all", "[zonestore][rewrite]") {
  const Folder folder;
  const auto file = folder.write("zone.yaml", "old");
  REQUIRE(::chmod(file.c_str(), 0640) == 0);
  const auto stamp = stamp_of(file).value();
  const auto text_of = [&] { return *read_source_file(file, 1000).value().text; };
  const auto files = [&] {
    return std::distance(std::filesystem::directory_iterator(folder.path()),
                         std::filesystem::directory_iterator());
  };
  SECTION("put in place, with its mode") {
    auto replacement = FileReplacement::prepare(file, "new", stamp);
    REQUIRE(replacement);
    CHECK(text_of() == "old");
    REQUIRE(replacement->put());
    CHECK(text_of() == "new");
    struct stat status{};
    REQUIRE(::stat(file.c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == 0640);
  }
  SECTION("gone again if it is not wanted") {
    REQUIRE(FileReplacement::prepare(file, "new", stamp));
    CHECK(text_of() == "old");
  }
  SECTION("not over what somebody else wrote") {
    auto replacement = FileReplacement::prepare(file, "new", stamp);
    REQUIRE(replacement);
    folder.write("zone.yaml", "other");
    const auto put = replacement->put();
    REQUIRE_FALSE(put);
    CHECK(put.error().code == Errc::conflict);
    CHECK(text_of() == "other");
    replacement = tl::unexpected(put.error());
  }
  SECTION("not over a file of two names") {
    REQUIRE(::link(file.c_str(), (folder.path() / "other").c_str()) == 0);
    CHECK_FALSE(FileReplacement::prepare(file, "new", stamp));
    std::filesystem::remove(folder.path() / "other");
  }
  SECTION("not over a symlink") {
    std::filesystem::create_symlink(file, folder.path() / "link");
    CHECK_FALSE(FileReplacement::prepare(folder.path() / "link", "new", stamp));
    std::filesystem::remove(folder.path() / "link");
  }
  CHECK(files() == 1);
}

}  // namespace taproot::zonestore
