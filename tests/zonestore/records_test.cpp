#include "zonestore/sources/records.hpp"

#include "tests/zonestore/source_samples.hpp"
#include "zonestore/sources/zone_source.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace taproot::zonestore {

using namespace samples;

namespace {

using Lines = std::vector<std::string>;

SourceRecords yaml(std::string_view text, const SourceLimits& limits = {}) {
  return read_yaml_records(apex(), text, "zone.yaml", limits);
}
SourceRecords json(std::string_view text, const SourceLimits& limits = {}) {
  return read_json_records(apex(), text, "zone.json", limits);
}

/// The records without the SOA that is made when there is none.
Lines data_of(const SourceRecords& records) {
  auto lines = lines_of(records);
  if (!lines.empty() && lines.back().find(" SOA ") != std::string::npos) lines.pop_back();
  return lines;
}

}  // namespace

TEST_CASE("YAML records mean what octoDNS means by them", "[zonestore][records]") {
  struct Case {
    const char* what;
    std::string text;
    Lines want;
  };
  const std::string long_text(300, 'x');
  const auto c = GENERATE_COPY(values<Case>({
      {"one set, one value",
       "www: {type: A, value: 192.0.2.1}\n",
       {"www.example.com. 3600 A 192.0.2.1"}},
      {"a ttl", "www: {type: A, ttl: 60, value: 192.0.2.1}\n", {"www.example.com. 60 A 192.0.2.1"}},
      {"a ttl with units",
       "www: {type: A, ttl: 1h, value: 192.0.2.1}\n",
       {"www.example.com. 3600 A 192.0.2.1"}},
      {"the apex", "'': {type: A, value: 192.0.2.1}\n", {"example.com. 3600 A 192.0.2.1"}},
      {"the apex as @", "'@': {type: A, value: 192.0.2.1}\n", {"example.com. 3600 A 192.0.2.1"}},
      {"a wildcard", "'*.a': {type: A, value: 192.0.2.1}\n", {"*.a.example.com. 3600 A 192.0.2.1"}},
      {"an absolute owner",
       "www.example.com.: {type: A, value: 192.0.2.1}\n",
       {"www.example.com. 3600 A 192.0.2.1"}},
      {"owners that YAML would take for something else",
       "no: {type: A, value: 192.0.2.1}\n1.10: {type: A, value: 192.0.2.2}\n",
       {"no.example.com. 3600 A 192.0.2.1", "1.10.example.com. 3600 A 192.0.2.2"}},
      {"a list of values",
       "www:\n  type: A\n  values:\n  - 192.0.2.1\n  - 192.0.2.2\n",
       {"www.example.com. 3600 A 192.0.2.1", "www.example.com. 3600 A 192.0.2.2"}},
      {"a list below value",
       "www: {type: A, value: [192.0.2.1, 192.0.2.2]}\n",
       {"www.example.com. 3600 A 192.0.2.1", "www.example.com. 3600 A 192.0.2.2"}},
      {"a list of sets",
       "www:\n- {type: A, value: 192.0.2.1}\n- {type: AAAA, value: '2001:db8::1'}\n",
       {"www.example.com. 3600 A 192.0.2.1", "www.example.com. 3600 AAAA 2001:db8::1"}},
      {"CNAME",
       "a: {type: CNAME, value: b.example.com.}\n",
       {"a.example.com. 3600 CNAME b.example.com."}},
      {"DNAME",
       "a: {type: DNAME, value: b.example.net.}\n",
       {"a.example.com. 3600 DNAME b.example.net."}},
      {"PTR",
       "a: {type: PTR, values: [b.example.net.]}\n",
       {"a.example.com. 3600 PTR b.example.net."}},
      {"MX",
       "'': {type: MX, value: {preference: 10, exchange: mx.example.net.}}\n",
       {"example.com. 3600 MX 10 mx.example.net."}},
      {"MX as it was once",
       "'': {type: MX, value: {priority: 10, value: mx.example.net.}}\n",
       {"example.com. 3600 MX 10 mx.example.net."}},
      {"MX as text",
       "'': {type: MX, value: 10 mx.example.net.}\n",
       {"example.com. 3600 MX 10 mx.example.net."}},
      {"no mail",
       "'': {type: MX, value: {preference: 0, exchange: .}}\n",
       {"example.com. 3600 MX 0 ."}},
      {"SRV",
       "_a._tcp: {type: SRV, value: {priority: 1, weight: 2, port: 3, target: b.example.net.}}\n",
       {"_a._tcp.example.com. 3600 SRV 1 2 3 b.example.net."}},
      {"CAA",
       "'': {type: CAA, value: {tag: issue, value: ca.example.net}}\n",
       {"example.com. 3600 CAA 0 issue \"ca.example.net\""}},
      {"CAA with flags and a semicolon",
       "'': {type: CAA, value: {flags: 128, tag: issue, value: 'ca.example.net\\; a=b'}}\n",
       {"example.com. 3600 CAA 128 issue \"ca.example.net; a=b\""}},
      {"NAPTR",
       "a: {type: NAPTR, value: {order: 1, preference: 2, flags: U, service: SIP+D2U, "
       "regexp: '!^.*$!sip:info@example.com!', replacement: .}}\n",
       {"a.example.com. 3600 NAPTR 1 2 \"U\" \"SIP+D2U\" \"!^.*$!sip:info@example.com!\" ."}},
      {"SSHFP",
       "a: {type: SSHFP, value: {algorithm: 1, fingerprint_type: 1, fingerprint: "
       "7491973e5f8b39d5327cd4e08bc81b05f7710b49}}\n",
       {"a.example.com. 3600 SSHFP 1 1 7491973e5f8b39d5327cd4e08bc81b05f7710b49"}},
      {"DS",
       "a: {type: DS, value: {key_tag: 1, algorithm: 8, digest_type: 1, digest: "
       "7491973e5f8b39d5327cd4e08bc81b05f7710b49}}\n",
       {"a.example.com. 3600 DS 1 8 1 7491973e5f8b39d5327cd4e08bc81b05f7710b49"}},
      {"TLSA",
       "_443._tcp: {type: TLSA, value: {certificate_usage: 3, selector: 1, matching_type: 0, "
       "certificate_association_data: abcd}}\n",
       {"_443._tcp.example.com. 3600 TLSA 3 1 0 abcd"}},
      {"URI",
       "a: {type: URI, value: {priority: 1, weight: 2, target: 'https://example.net/'}}\n",
       {"a.example.com. 3600 URI 1 2 \"https://example.net/\""}},
      {"HTTPS",
       "a: {type: HTTPS, value: {svcpriority: 1, targetname: ., svcparams: "
       "{alpn: [h2, h3], port: 8443}}}\n",
       {"a.example.com. 3600 HTTPS 1 . alpn=h2,h3 port=8443"}},
      {"HTTPS alias",
       "a: {type: HTTPS, value: {svcpriority: 0, targetname: b.example.net.}}\n",
       {"a.example.com. 3600 HTTPS 0 b.example.net."}},
      {"HTTPS without the default protocol",
       "a: {type: HTTPS, value: {svcpriority: 1, targetname: ., svcparams: {alpn: h3, "
       "no-default-alpn: null}}}\n",
       {"a.example.com. 3600 HTTPS 1 . alpn=h3 no-default-alpn"}},
      {"TXT is the text",
       "a: {type: TXT, value: 'one two \"three\" back\\slash'}\n",
       {"a.example.com. 3600 TXT \"one two \\\"three\\\" back\\\\slash\""}},
      {"TXT with octoDNS's semicolons",
       "a: {type: TXT, values: ['v=DKIM1\\; k=rsa', 'a;b']}\n",
       {"a.example.com. 3600 TXT \"v=DKIM1; k=rsa\"", "a.example.com. 3600 TXT \"a;b\""}},
      {"TXT as in a zone file",
       "a: {type: TXT, value: '\"one\" \"two\"'}\n",
       {"a.example.com. 3600 TXT \"one\" \"two\""}},
      {"long TXT is cut",
       "a: {type: TXT, value: " + long_text + "}\n",
       {"a.example.com. 3600 TXT \"" + long_text.substr(0, 255) + "\" \"" + long_text.substr(255) +
        "\""}},
      {"empty TXT", "a: {type: TXT, value: ''}\n", {"a.example.com. 3600 TXT \"\""}},
      {"UTF-8 in TXT",
       "a: {type: TXT, value: \xc3\xa4}\n",
       {"a.example.com. 3600 TXT \"\\195\\164\""}},
      {"an unknown type",
       "a: {type: TYPE65280, value: '\\# 2 abcd'}\n",
       {"a.example.com. 3600 TYPE65280 \\# 2 abcd"}},
      {"a type in small letters",
       "a: {type: a, value: 192.0.2.1}\n",
       {"a.example.com. 3600 A 192.0.2.1"}},
      {"an alias",
       "a: &x {type: A, value: 192.0.2.1}\nb: *x\n",
       {"a.example.com. 3600 A 192.0.2.1", "b.example.com. 3600 A 192.0.2.1"}},
      {"an alias of values",
       "a: {type: A, values: &x [192.0.2.1]}\nb: {type: A, values: *x}\n",
       {"a.example.com. 3600 A 192.0.2.1", "b.example.com. 3600 A 192.0.2.1"}},
      {"merged keys",
       "a: &x {type: A, ttl: 60, value: 192.0.2.1}\nb: {<<: *x, ttl: 70}\n",
       {"a.example.com. 60 A 192.0.2.1", "b.example.com. 70 A 192.0.2.1"}},
      {"octoDNS's lenient",
       "a: {type: A, value: 192.0.2.1, octodns: {lenient: true}}\n",
       {"a.example.com. 3600 A 192.0.2.1"}},
      {"nothing", "", {}},
      {"only a comment", "# nothing\n", {}},
      {"a document mark",
       "---\na: {type: A, value: 192.0.2.1}\n",
       {"a.example.com. 3600 A 192.0.2.1"}},
      {"a byte order mark",
       "\xef\xbb\xbf"
       "a: {type: A, value: 192.0.2.1}\n",
       {"a.example.com. 3600 A 192.0.2.1"}},
      {"CR LF", "a:\r\n  type: A\r\n  value: 192.0.2.1\r\n", {"a.example.com. 3600 A 192.0.2.1"}},
  }));
  INFO(c.what);
  const auto records = yaml(c.text);
  INFO(all_text(records.findings));
  CHECK(data_of(records) == c.want);
  CHECK(records.findings.empty());
}

TEST_CASE("LOC values of octoDNS", "[zonestore][records]") {
  const auto records = yaml(
      "a:\n  type: LOC\n  value:\n    lat_degrees: 31\n    lat_minutes: 58\n    lat_seconds: 52.1\n"
      "    lat_direction: S\n    long_degrees: 115\n    long_minutes: 49\n    long_seconds: 11.7\n"
      "    long_direction: E\n    altitude: 20\n    size: 10\n    precision_horz: 10\n"
      "    precision_vert: 2\n");
  INFO(all_text(records.findings));
  const auto same =
      read_zone_text(apex(), "a 3600 LOC 31 58 52.1 S 115 49 11.7 E 20m 10m 10m 2m\n", "zone", {});
  CHECK(data_of(records) == lines_of(same));
}

TEST_CASE("a SOA is made where there is none", "[zonestore][records]") {
  SECTION("of the first nameserver") {
    const auto records = yaml("'': {type: NS, values: [ns2.example.net., ns1.example.net.]}\n");
    CHECK(lines_of(records).back() ==
          "example.com. 3600 SOA ns2.example.net. hostmaster.example.com. 1 3600 600 2419200 300");
    CHECK(records.serial_is_ours);
  }
  SECTION("not if the SOA is there") {
    const auto records = yaml(
        "'':\n- type: SOA\n  ttl: 60\n  value: {mname: ns1.example.net., rname: h.example.net., "
        "serial: 7, refresh: 1, retry: 2, expire: 3, minimum: 4}\n");
    CHECK(lines_of(records) ==
          Lines{"example.com. 60 SOA ns1.example.net. h.example.net. 7 1 2 3 4"});
    CHECK_FALSE(records.serial_is_ours);
  }
  SECTION("one as text has its own serial") {
    const auto records =
        yaml("'': {type: SOA, value: ns1.example.net. h.example.net. 7 1 2 3 4}\n");
    CHECK(lines_of(records) ==
          Lines{"example.com. 3600 SOA ns1.example.net. h.example.net. 7 1 2 3 4"});
    CHECK_FALSE(records.serial_is_ours);
  }
  SECTION("without a serial it is counted here") {
    const auto records =
        yaml("'': {type: SOA, value: {mname: ns1.example.net., rname: h.example.net.}}\n");
    CHECK(lines_of(records) == Lines{"example.com. 3600 SOA ns1.example.net. h.example.net. 1 3600 "
                                     "600 2419200 300"});
    CHECK(records.serial_is_ours);
  }
  SECTION("an empty document has none") {
    CHECK(yaml("").items.empty());
  }
}

TEST_CASE("every mistake in YAML is found at its place", "[zonestore][records]") {
  struct Case {
    std::string text;
    Lines want;
  };
  using namespace std::string_literals;
  const auto c = GENERATE(values<Case>({
      {"www: {type: A, value: 192.0.2.1\n", {"yaml-syntax:2:1"}},
      {"www: type: A\n", {"wrong-shape:1:6", "yaml-syntax:1:10"}},
      {"www:\n\ttype: A\n", {"wrong-shape:2:2", "yaml-syntax:2:6"}},
      {"www: *x\n", {"yaml-syntax:1:6"}},
      {"www: \xff\n", {"not-utf8:1:6"}},
      {"www:\n  value: \xed\xa0\x80\n", {"not-utf8:2:10"}},
      {"www: a\0b\n"s, {"nul-octet:1:7"}},
      {"- a\n- b\n", {"wrong-shape:1:1"}},
      {"just text\n", {"wrong-shape:1:1"}},
      {"www: text\n", {"wrong-shape:1:6"}},
      {"www:\n", {"wrong-shape:2:1"}},
      {"www: [a]\n", {"wrong-shape:1:7"}},
      {"www: []\n", {"missing-value:1:6"}},
      {"? [a]\n: b\n", {"wrong-shape:1:3"}},
      {"a: {? {b: c} : d}\n", {"wrong-shape:1:7"}},
      {"a: &x [*x]\n", {"wrong-shape:1:8"}},
      {"a: {type: A, value: 192.0.2.1}\n---\nb: {type: A, value: 192.0.2.1}\n",
       {"wrong-shape:2:1"}},
      {"a..b: {type: A, value: 192.0.2.1}\n", {"bad-name:1:1"}},
      {"null: {type: A, value: 192.0.2.1}\n", {"bad-name:1:1"}},
      {"b\xc3\xbc"
       "cher: {type: A, value: 192.0.2.1}\n",
       {"bad-name:1:1"}},
      {"www:\n  type: A\n  value: 192.0.2.1\nWWW:\n  type: AAAA\n  value: '2001:db8::1'\n",
       {"duplicate-key:4:1"}},
      {"www: {type: A, type: A, value: 192.0.2.1}\n", {"duplicate-key:1:16"}},
      {"www: {type: A, value: 192.0.2.1, values: [192.0.2.2]}\n", {"duplicate-key:1:34"}},
      {"www: {type: MX, value: {preference: 1, preference: 2, exchange: .}}\n",
       {"duplicate-key:1:40"}},
      {"www.example.com: {type: A, value: 192.0.2.1}\n", {"owner-repeats-zone:1:1"}},
      {"www: {tpye: A, value: 192.0.2.1}\n", {"unknown-key:1:7", "missing-type:1:6"}},
      {"www: {type: A, value: 192.0.2.1, geo: {}}\n", {"unsupported-key:1:34"}},
      {"www: {type: A, value: 192.0.2.1, dynamic: {}}\n", {"unsupported-key:1:34"}},
      {"www: {type: A, value: 192.0.2.1, octodns: {excluded: [x]}}\n", {"octodns-option:1:44"}},
      {"www: {value: 192.0.2.1}\n", {"missing-type:1:6"}},
      {"www: {type: [A], value: 192.0.2.1}\n", {"missing-type:1:13"}},
      {"www: {type: CANME, value: b.}\n", {"unknown-type:1:13"}},
      {"www: {type: ALIAS, value: b.}\n", {"unknown-type:1:13"}},
      {"www: {type: AXFR, value: b.}\n", {"meta-type:1:13"}},
      {"www: {type: A}\n", {"missing-value:1:6"}},
      {"www: {type: A, values: []}\n", {"missing-value:1:24"}},
      {"www: {type: A, value: }\n", {"missing-value:1:23"}},
      {"www: {type: A, values: [~]}\n", {"bad-value:1:25"}},
      {"www: {type: A, value: ''}\n", {"bad-value:1:23"}},
      {"www: {type: A, values: [[192.0.2.1]]}\n", {"bad-value:1:25"}},
      {"www: {type: A, value: {a: b}}\n", {"bad-value:1:23"}},
      {"www: {type: A, ttl: x, value: 192.0.2.1}\n", {"bad-ttl:1:21"}},
      {"www: {type: A, ttl: -1, value: 192.0.2.1}\n", {"bad-ttl:1:21"}},
      {"www: {type: A, ttl: [1], value: 192.0.2.1}\n", {"bad-ttl:1:21"}},
      {"www: {type: A, ttl: 2147483648, value: 192.0.2.1}\n", {"bad-ttl:1:21"}},
      {"www: {type: A, value: 192.0.2.256}\n", {"bad-rdata:1:23"}},
      {"www:\n  type: A\n  values:\n  - 192.0.2.1\n  - x\n  - 192.0.2\n",
       {"bad-rdata:5:5", "bad-rdata:6:5"}},
      {"www: {type: CNAME, value: b}\n", {"target-without-dot:1:27"}},
      {"www: {type: CNAME, value: '@'}\n", {"target-without-dot:1:27"}},
      {"www: {type: MX, value: 10 mail}\n", {"target-without-dot:1:24"}},
      {"www: {type: MX, value: {preference: 10, exchange: mail}}\n", {"target-without-dot:1:51"}},
      {"www: {type: SRV, value: 1 2 3 mail}\n", {"target-without-dot:1:25"}},
      {"www: {type: MX, value: {preference: 10}}\n", {"missing-key:1:24"}},
      {"www: {type: MX, value: {preference: x, exchange: .}}\n", {"bad-value:1:37"}},
      {"www: {type: MX, value: {preference: 99999, exchange: .}}\n", {"bad-rdata:1:24"}},
      {"www: {type: MX, value: {preference: 1, exchange: a b.}}\n", {"bad-value:1:50"}},
      {"www: {type: MX, value: {prefrence: 1, exchange: .}}\n", {"unknown-key:1:25"}},
      {"www: {type: MX, value: {preference: [1], exchange: .}}\n", {"bad-value:1:37"}},
      {"www: {type: CAA, value: {tag: 'a b', value: c}}\n", {"bad-value:1:31"}},
      {"www: {type: LOC, value: {lat_degrees: 1, lat_direction: N, long_degrees: 1, "
       "long_direction: E, altitude: high}}\n",
       {"bad-value:1:106"}},
      {"www: {type: HTTPS, value: {svcpriority: 1, targetname: ., svcparams: x}}\n",
       {"bad-value:1:70"}},
      {"www: {type: HTTPS, value: {svcpriority: 1, targetname: ., svcparams: {alpn: {}}}}\n",
       {"bad-value:1:77"}},
      {"www: {type: HTTPS, value: {svcpriority: 1, targetname: ., svcparams: {'a=': 1}}}\n",
       {"bad-value:1:71"}},
      {"www: {type: HTTPS, value: {svcpriority: 1, targetname: ., svcparams: {alpn: [[]]}}}\n",
       {"bad-value:1:78"}},
      {"www: {<<: x, type: A, value: 192.0.2.1}\n", {"wrong-shape:1:11"}},
      {"www: {<<: [x], type: A, value: 192.0.2.1}\n", {"wrong-shape:1:12"}},
      {"www: {type: TXT, value: " + std::string(66'000, 'x') + "}\n", {"bad-value:1:25"}},
  }));
  const auto records = yaml(c.text);
  INFO(c.text.substr(0, 200) << all_text(records.findings));
  CHECK(places_of(records.findings) == c.want);
  for (const auto& finding : records.findings) {
    CHECK_FALSE(finding.message.empty());
    CHECK_FALSE(finding.cure.empty());
    CHECK(finding.file == "zone.yaml");
  }
}

TEST_CASE("both cures of a target without a dot are shown", "[zonestore][records]") {
  const auto records = yaml("www: {type: CNAME, value: b}\n");
  REQUIRE(records.findings.size() == 1);
  CHECK(records.findings[0].cure.find("\"b.\"") != std::string::npos);
  CHECK(records.findings[0].cure.find("\"b.example.com.\"") != std::string::npos);
}

TEST_CASE("JSON is the same document", "[zonestore][records]") {
  const auto records = json(
      "{\"\": [{\"type\": \"MX\", \"ttl\": 60,\n"
      "        \"values\": [{\"preference\": 10, \"exchange\": \"mx.example.net.\"}]}],\n"
      " \"a\\u002eb\": {\"type\": \"TXT\", \"value\": \"say \\\"\\u00e4\\\"\"},\n"
      "\t\"c\": {\"type\": \"TXT\", \"value\": true, \"octodns\": null}}");
  INFO(all_text(records.findings));
  CHECK(records.findings.empty());
  CHECK(data_of(records) == Lines{"example.com. 60 MX 10 mx.example.net.",
                                  "a.b.example.com. 3600 TXT \"say \\\"\\195\\164\\\"\"",
                                  "c.example.com. 3600 TXT \"true\""});
  CHECK(records.items[0].place.line == 2);
  CHECK(records.items[0].place.column == 20);
}

TEST_CASE("every mistake in JSON is found at its place", "[zonestore][records]") {
  struct Case {
    std::string text;
    Lines want;
  };
  using namespace std::string_literals;
  const auto c = GENERATE(values<Case>({
      {"", {"json-syntax:1:1"}},
      {"{", {"json-syntax:1:2"}},
      {"{\"a\": }", {"json-syntax:1:7"}},
      {"{\"a\": {\"type\": \"A\", \"value\": \"192.0.2.1\",}}", {"json-syntax:1:42"}},
      {"{} x", {"json-syntax:1:4"}},
      {"{}\n{}", {"json-syntax:2:1"}},
      {"// a\n{}", {"json-syntax:1:1"}},
      {"[1]", {"wrong-shape:1:1"}},
      {" 17 ", {"wrong-shape:1:2"}},
      {"\"x\"", {"wrong-shape:1:1"}},
      {"{\"a\": 17}", {"wrong-shape:1:7"}},
      {"{\"a\": -1.5e3 }", {"wrong-shape:1:7"}},
      {"{\"a\": null}", {"wrong-shape:1:7"}},
      {"{\"a\": true}", {"wrong-shape:1:7"}},
      {"{\"a\": \"\\\"\\\\\"}", {"wrong-shape:1:7"}},
      {"{\"a\":\n [17]}", {"wrong-shape:2:3"}},
      {"{\"a\": {\"type\": \"A\", \"value\": 17}}", {"bad-rdata:1:30"}},
      {"{\"a\": {\"type\": \"A\", \"value\": null}}", {"missing-value:1:30"}},
      {"{\"a\": {\"type\": \"A\", \"ttl\": 1.5, \"value\": \"192.0.2.1\"}}", {"bad-ttl:1:28"}},
      {"{\"a\": {\"type\": \"A\", \"type\": \"A\", \"value\": \"192.0.2.1\"}}",
       {"duplicate-key:1:21"}},
      {"{\"a\": {\"type\": \"A\", \"value\": \"192.0.2.1\"},\n \"A\": {}}", {"duplicate-key:2:2"}},
      {"{\"a\": {\"type\": \"CNAME\", \"value\": \"b\"}}", {"target-without-dot:1:34"}},
      {"{\"a\": \"\xff\"}", {"not-utf8:1:8"}},
      {"{\"a\": 1\0}"s, {"nul-octet:1:8"}},
  }));
  const auto records = json(c.text);
  INFO(c.text << all_text(records.findings));
  CHECK(places_of(records.findings) == c.want);
}

TEST_CASE("what a document makes taproot do is bounded", "[zonestore][records]") {
  const auto repeated = [](std::string_view part, std::size_t times) {
    std::string text;
    for (std::size_t i = 0; i < times; ++i) text += part;
    return text;
  };
  SECTION("depth") {
    const auto part = GENERATE("[", "{a: ", "- ", "? ", "a:\n- ", "[? ", "{? ");
    CAPTURE(part);
    const auto records = yaml("x: " + std::string(*part == '-' || *part == '?' ? "\n " : "") +
                              repeated(part, 200'000));
    REQUIRE_FALSE(records.findings.empty());
    const auto& rule = records.findings.back().rule;
    CHECK((rule == "too-deep" || rule == "yaml-syntax" || rule == "wrong-shape"));
  }
  SECTION("depth that is nothing but depth") {
    const auto closed = repeated("[", 200'000) + repeated("]", 200'000);
    CHECK(places_of(yaml("x: " + closed).findings) == Lines{"too-deep:1:103"});
    CHECK(places_of(json("{\"x\": " + repeated("[", 200'000)).findings) == Lines{"too-deep:1:106"});
    CHECK(places_of(json("{\"x\": " + repeated("{\"a\":", 200'000)).findings) ==
          Lines{"too-deep:1:502"});
  }
  SECTION("aliases of lists of aliases") {
    std::string text = "a0: &a0 {type: A, value: 192.0.2.1}\n";
    for (int i = 1; i < 30; ++i) {
      const std::string before = "*a" + std::to_string(i - 1);
      text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + before + ", " + before +
              ", " + before + "]\n";
    }
    // Lists in lists are not records, so nothing grows.
    const auto records = yaml(text);
    CHECK(records.items.size() <= 5);
  }
  SECTION("aliases of values and of sets") {
    SourceLimits limits;
    limits.yaml_nodes = 10'000;
    const auto records =
        yaml("a: {type: A, values: &v [" + repeated("192.0.2.1, ", 1000) + "]}\nb: &s [" +
                 repeated("{type: A, values: *v}, ", 1000) + "]\nc: *s\n",
             limits);
    CHECK(records.items.size() <= 10'001);
    CHECK(records.findings.back().rule == "too-many-nodes");
  }
  SECTION("merged keys of merged keys") {
    SourceLimits limits;
    limits.yaml_nodes = 10'000;
    std::string text = "a0: &a0 {type: A, value: 192.0.2.1}\n";
    for (int i = 1; i < 60; ++i) {
      const std::string before = "*a" + std::to_string(i - 1);
      text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " {<<: [" + before + ", " +
              before + "]}\n";
    }
    CHECK(yaml(text, limits).findings.back().rule == "too-many-nodes");
  }
  SECTION("findings") {
    std::string text;
    for (int i = 0; i < 1000; ++i) text += "a" + std::to_string(i) + ": {type: A, value: x}\n";
    SourceLimits limits;
    limits.findings = 3;
    const auto records = yaml(text, limits);
    REQUIRE(records.findings.size() == 4);
    CHECK(records.findings[3].rule == "more-findings");
  }
}

TEST_CASE("any octets at all can be read as YAML and JSON", "[zonestore][records]") {
  const std::vector<std::string> pieces = {
      "a",  ": ",  "\n",       "  ",   "- ",   "[",      "]",      "{",     "}",   ",",
      "\"", "'",   "&x ",      "*x",   "<<: ", "type",   "A",      "value", "ttl", "60",
      "? ", "|\n", "\\u00",    "---",  "!!a ", "# ",     "\t",     "MX",    "TXT", "192.0.2.1",
      "%",  "\r",  "\xc3\xa4", "null", "...",  "type: ", "value: "};
  std::uint32_t state = 1;
  bool all_explained = true;
  bool in_range = true;
  const auto next = [&state] { return (state = state * 1664525u + 1013904223u) >> 8; };
  for (int round = 0; round < 5'000; ++round) {
    std::string text;
    const auto count = next() % 40;
    for (std::uint32_t i = 0; i < count; ++i) text += pieces[next() % pieces.size()];
    for (const auto& records : {yaml(text), json(text), json("{\"a\":" + text)}) {
      for (const auto& finding : records.findings) {
        all_explained = all_explained && !finding.rule.empty() && !finding.message.empty();
      }
      for (const auto& item : records.items) in_range = in_range && item.ttl <= dns::max_ttl;
    }
  }
  CHECK(all_explained);
  CHECK(in_range);
}

TEST_CASE("a tab in YAML's indentation is told as such", "[zonestore][records]") {
  const auto records = yaml("www:\n\ttype: A\n");
  REQUIRE(records.findings.size() == 2);
  CHECK(records.findings[1].cure.find("not with a tab") != std::string::npos);
}

TEST_CASE("findings of the checks show their lines", "[zonestore][records]") {
  const Folder folder;
  const auto path = folder.write(
      "zone.yaml", "'':\n  type: NS\n  values:\n  - ns1.example.com.\n  - ns1.example.net.\n");
  const auto candidate = load_zone(apex(), path, "zone.yaml");
  REQUIRE(places_of(candidate.findings) == Lines{"address-missing:4:5"});
  CHECK(candidate.findings[0].excerpt == "  - ns1.example.com.");
}

}  // namespace taproot::zonestore
