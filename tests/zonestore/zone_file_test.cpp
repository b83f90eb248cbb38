#include "zonestore/sources/zone_file.hpp"

#include "tests/zonestore/source_samples.hpp"
#include "zonestore/sources/generate.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

namespace taproot::zonestore {

using namespace samples;

namespace {

SourceRecords read(std::string_view text, const SourceLimits& limits = {}) {
  return read_zone_text(apex(), text, "zone", limits);
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("master file text means what RFC 1035 says", "[zonestore][zone_file]") {
  struct Case {
    const char* what;
    std::string text;
    Lines want;
  };
  const auto c = GENERATE(values<Case>({
      {"ttl before class", "www 300 IN A 192.0.2.1\n", {"www.example.com. 300 A 192.0.2.1"}},
      {"class before ttl", "www IN 300 A 192.0.2.1\n", {"www.example.com. 300 A 192.0.2.1"}},
      {"no class", "www 300 A 192.0.2.1\n", {"www.example.com. 300 A 192.0.2.1"}},
      {"small letters", "www 300 in a 192.0.2.1\n", {"www.example.com. 300 A 192.0.2.1"}},
      {"class by number", "www 300 CLASS1 A 192.0.2.1\n", {"www.example.com. 300 A 192.0.2.1"}},
      {"an owner named like a class", "in 300 A 192.0.2.1\n", {"in.example.com. 300 A 192.0.2.1"}},
      {"an owner named like a number", "1 300 A 192.0.2.1\n", {"1.example.com. 300 A 192.0.2.1"}},
      {"ttl units", "www 1h30m A 192.0.2.1\n", {"www.example.com. 5400 A 192.0.2.1"}},
      {"the origin", "@ 300 A 192.0.2.1\n", {"example.com. 300 A 192.0.2.1"}},
      {"an absolute owner", "a.example.com. 300 A 192.0.2.1\n", {"a.example.com. 300 A 192.0.2.1"}},
      {"$TTL", "$TTL 2h\nwww A 192.0.2.1\n", {"www.example.com. 7200 A 192.0.2.1"}},
      {"a ttl of the record goes before $TTL",
       "$TTL 2h\nwww 5 A 192.0.2.1\nb A 192.0.2.2\n",
       {"www.example.com. 5 A 192.0.2.1", "b.example.com. 7200 A 192.0.2.2"}},
      {"the last ttl is the next one's",
       "www 60 A 192.0.2.1\nb A 192.0.2.2\n",
       {"www.example.com. 60 A 192.0.2.1", "b.example.com. 60 A 192.0.2.2"}},
      {"a blank owner is the last one",
       "www 60 A 192.0.2.1\n\n  ; comment\n\tAAAA 2001:db8::1\n",
       {"www.example.com. 60 A 192.0.2.1", "www.example.com. 60 AAAA 2001:db8::1"}},
      {"$ORIGIN, absolute and relative",
       "$ORIGIN b.example.com.\nwww 60 A 192.0.2.1\n$origin c\nwww A 192.0.2.2\n",
       {"www.b.example.com. 60 A 192.0.2.1", "www.c.b.example.com. 60 A 192.0.2.2"}},
      {"the same owner text under another origin",
       "www 60 A 192.0.2.1\n$ORIGIN b.example.com.\nwww 60 A 192.0.2.1\n",
       {"www.example.com. 60 A 192.0.2.1", "www.b.example.com. 60 A 192.0.2.1"}},
      {"relative names in rdata",
       "@ 60 MX 10 mail\n@ 60 MX 20 mail.example.net.\n",
       {"example.com. 60 MX 10 mail.example.com.", "example.com. 60 MX 20 mail.example.net."}},
      {"parentheses and comments",
       "@ 60 SOA ns1 host ( ; one\n 7 ; two\n\t3600\n600 2419200\n) 300 ; end\n",
       {"example.com. 60 SOA ns1.example.com. host.example.com. 7 3600 600 2419200 300"}},
      {"parentheses without blanks",
       "@ 60 MX (10 mail)\n",
       {"example.com. 60 MX 10 mail.example.com."}},
      {"parentheses in parentheses",
       "@ 60 MX ((10)\n(mail))\n",
       {"example.com. 60 MX 10 mail.example.com."}},
      {"quotes hold blanks, semicolons and parentheses",
       "@ 60 TXT \"a b; (c)\" d\n",
       {"example.com. 60 TXT \"a b; (c)\" \"d\""}},
      {"quotes in several lines",
       "@ 60 TXT ( \"one \"\n  \"two\" )\n",
       {"example.com. 60 TXT \"one \" \"two\""}},
      {"escapes in quotes",
       "@ 60 TXT \"a\\\"b\\\\c\\065\"\n",
       {"example.com. 60 TXT \"a\\\"b\\\\cA\""}},
      {"an escaped blank and semicolon",
       "a\\032b 60 A 192.0.2.1\nc\\;d 60 A 192.0.2.1\n",
       {"a\\032b.example.com. 60 A 192.0.2.1", "c\\;d.example.com. 60 A 192.0.2.1"}},
      {"an escaped dot is part of the label",
       "a\\.b 60 A 192.0.2.1\n",
       {"a\\.b.example.com. 60 A 192.0.2.1"}},
      {"unknown types",
       "@ 60 TYPE65280 \\# 3 010203\n",
       {"example.com. 60 TYPE65280 \\# 3 010203"}},
      {"a known type in unknown form", "@ 60 A \\# 4 c0000201\n", {"example.com. 60 A 192.0.2.1"}},
      {"a known type by number", "@ 60 TYPE1 192.0.2.1\n", {"example.com. 60 A 192.0.2.1"}},
      {"CR LF",
       "$TTL 60\r\nwww A 192.0.2.1\r\n AAAA 2001:db8::1\r\n\r\n",
       {"www.example.com. 60 A 192.0.2.1", "www.example.com. 60 AAAA 2001:db8::1"}},
      {"a byte order mark",
       "\xef\xbb\xbfwww 60 A 192.0.2.1\n",
       {"www.example.com. 60 A 192.0.2.1"}},
      {"octets over 127 in quotes", "@ 60 TXT \"\xff\"\n", {"example.com. 60 TXT \"\\255\""}},
      {"octets over 127 in a comment", "@ 60 TXT a ; \xff\n", {"example.com. 60 TXT \"a\""}},
      {"svcparams with quotes",
       "@ 60 HTTPS 1 . alpn=\"h2,h3\"\n",
       {"example.com. 60 HTTPS 1 . alpn=h2,h3"}},
      {"svcparams with quotes over lines",
       "@ 60 HTTPS ( 1 .\n alpn=\"h2,h3\" )\n",
       {"example.com. 60 HTTPS 1 . alpn=h2,h3"}},
      {"an owner with a dollar", "\\$a 60 A 192.0.2.1\n", {"\\$a.example.com. 60 A 192.0.2.1"}},
      {"nothing", "", {}},
      {"only comments", "; nothing\n\n   \n", {}},
  }));
  INFO(c.what);
  const auto records = read(c.text);
  INFO(all_text(records.findings));
  CHECK(lines_of(records) == c.want);
  CHECK(records.findings.empty());
  CHECK_FALSE(records.serial_is_ours);
}

TEST_CASE("$GENERATE writes what BIND writes", "[zonestore][zone_file]") {
  struct Case {
    std::string text;
    Lines want;
  };
  const auto c = GENERATE(values<Case>({
      {"$GENERATE 1-3 h-$ 60 A 192.0.2.$\n",
       {"h-1.example.com. 60 A 192.0.2.1", "h-2.example.com. 60 A 192.0.2.2",
        "h-3.example.com. 60 A 192.0.2.3"}},
      {"$GENERATE 0-5/4 $ 60 IN CNAME x$\n",
       {"0.example.com. 60 CNAME x0.example.com.", "4.example.com. 60 CNAME x4.example.com."}},
      {"$GENERATE 9-10 h${-9} 60 A 192.0.2.${1}\n",
       {"h0.example.com. 60 A 192.0.2.10", "h1.example.com. 60 A 192.0.2.11"}},
      {"$GENERATE 9-10 h${0,3} 60 A 192.0.2.1\n",
       {"h009.example.com. 60 A 192.0.2.1", "h010.example.com. 60 A 192.0.2.1"}},
      {"$GENERATE 255-255 ${0,4,x}-${0,0,X}-${0,0,o}-${0,5,d} 60 A 192.0.2.1\n",
       {"00ff-FF-377-00255.example.com. 60 A 192.0.2.1"}},
      {"$GENERATE 18-18 ${0,7,n} 60 A 192.0.2.1\n", {"2.1.0.0.example.com. 60 A 192.0.2.1"}},
      {"$GENERATE 171-171 ${0,0,N} 60 A 192.0.2.1\n", {"B.A.example.com. 60 A 192.0.2.1"}},
      {"$GENERATE 1-1 a\\$$ 60 TXT \"cost $$ \\$ $\"\n",
       {"a\\$1.example.com. 60 TXT \"cost $ $ 1\""}},
      {"$GENERATE 1-1 m$ 60 MX 10 mail$\n", {"m1.example.com. 60 MX 10 mail1.example.com."}},
  }));
  const auto records = read(c.text);
  INFO(c.text << all_text(records.findings));
  CHECK(lines_of(records) == c.want);
  CHECK(records.findings.empty());
}

TEST_CASE("every mistake in a zone file is found at its place", "[zonestore][zone_file]") {
  struct Case {
    std::string text;
    Lines want;  // rule:line:column
    std::size_t records = 0;
  };
  const std::string long_label(64, 'a');
  using namespace std::string_literals;
  const auto c = GENERATE_COPY(values<Case>({
      {"\n www", {"no-owner:2:2", "no-final-newline:2:0"}},
      {" 60 A 192.0.2.1\n", {"no-owner:1:2"}},
      {"www A 192.0.2.1\n", {"no-ttl:1:5"}},
      {"www 60\n", {"missing-type:1:5"}},
      {"www\n", {"missing-type:1:1"}},
      {"www 60 IN\n", {"missing-type:1:8"}},
      {"www 60 IN 70 A 192.0.2.1\n", {"unknown-type:1:11"}},
      {"www 60 CANME x\n", {"unknown-type:1:8"}},
      {"www 60 \"A\" 192.0.2.1\n", {"unknown-type:1:8"}},
      {"www 60 ANY x\n", {"meta-type:1:8"}},
      {"www 60 TYPE0 \\# 0\n", {"meta-type:1:8"}},
      {"www 60 AXFR x\n", {"meta-type:1:8"}},
      {"www 1x A 192.0.2.1\n", {"bad-ttl:1:5"}},
      {"www 2147483648 A 192.0.2.1\n", {"bad-ttl:1:5"}},
      {"www 99999999999 A 192.0.2.1\n", {"bad-ttl:1:5"}},
      {"$TTL -1\n", {"bad-ttl:1:6"}},
      {"$TTL\n", {"bad-directive:1:1"}},
      {"$TTL 60 70\n", {"bad-directive:1:9"}},
      {"$ORIGIN a..b\n", {"bad-name:1:9"}},
      {"$ORIGIN\n", {"bad-directive:1:1"}},
      {"$ORIGN example.com.\n", {"unknown-directive:1:1"}},
      {"$DATE now\n", {"unknown-directive:1:1"}},
      {"www 60 CH A 192.0.2.1\n", {"class-not-in:1:8"}},
      {"www 60 CLASS255 A 192.0.2.1\n", {"class-not-in:1:8"}},
      {"a..b 60 A 192.0.2.1\n", {"bad-name:1:1"}},
      {"a..b 60 A 192.0.2.1\n 60 A 192.0.2.2\n", {"bad-name:1:1", "no-owner:2:2"}},
      {long_label + " 60 A 192.0.2.1\n", {"bad-name:1:1"}},
      {"\"www\" 60 A 192.0.2.1\n", {"bad-name:1:1"}},
      {"b\xc3\xbc"
       "cher 60 A 192.0.2.1\n",
       {"bad-name:1:1"}},
      {"www\xff 60 A 192.0.2.1\n", {"not-utf8:1:4"}},
      {"www 60 TXT a\xc0\x80\n", {"not-utf8:1:13"}},
      {"www 60 A 192.0.2.1\nb\0c 60 A 192.0.2.1\nd 60 A 192.0.2.1\n"s, {"nul-octet:2:2"}, 2},
      {"www 60 TXT \"a\0\"\n"s, {"nul-octet:1:14"}},
      {"; \0\n"s, {"nul-octet:1:3"}},
      {"www 60 A 192.0.2.256\n", {"bad-rdata:1:10"}},
      {"www 60 A\n", {"bad-rdata:1:8"}},
      {"www 60 A 192.0.2.1 192.0.2.2\nb 60 A 192.0.2.1\n", {"bad-rdata:1:20"}, 1},
      {"www 60 AAAA 192.0.2.1\n", {"bad-rdata:1:13"}},
      {"@ 60 MX mail\n", {"bad-rdata:1:9"}},
      {"@ 60 MX 10 mail..example.com.\n", {"bad-rdata:1:12"}},
      {"@ 60 SOA ns1 host (\n  x1 ; serial\n  3600 600 2419200 300 )\n", {"bad-rdata:2:3"}},
      {"@ 60 TYPE65280 \\# 4 010203\n", {"bad-rdata:1:16"}},
      {"@ 60 TXT \"abc\nwww 60 A 192.0.2.1\n", {"unclosed-quote:1:10"}, 1},
      {"@ 60 TXT \"abc", {"unclosed-quote:1:10", "no-final-newline:1:0"}},
      {"@ 60 TXT ( \"abc\n   \"def\" )\nwww 60 A 192.0.2.1\n", {"unclosed-quote:1:12"}, 1},
      {"@ 60 MX ( 10 mail\n\nwww 60 A 192.0.2.1\n", {"unclosed-parenthesis:1:9"}, 1},
      {"@ 60 MX ( 10 mail\n  more\nwww 60 A 192.0.2.1\n", {"unclosed-parenthesis:1:9"}, 1},
      {"@ 60 MX 10 mail )\nwww 60 A 192.0.2.1\n", {"unopened-parenthesis:1:17"}, 1},
      {"$INCLUDE other\n", {"include-refused:1:10"}},
      {"$GENERATE 1-2 a$ A\n", {"bad-directive:1:1"}},
      {"$GENERATE 2-1 a$ 60 A 192.0.2.$\n", {"bad-generate:1:11"}},
      {"$GENERATE 1-2/0 a$ 60 A 192.0.2.$\n", {"bad-generate:1:11"}},
      {"$GENERATE 12 a$ 60 A 192.0.2.$\n", {"bad-generate:1:11"}},
      {"$GENERATE 1-99999999999 a$ 60 A 192.0.2.$\n", {"bad-generate:1:11"}},
      {"$GENERATE 1-2 a${0 60 A 192.0.2.$\n", {"bad-generate:1:15"}},
      {"$GENERATE 1-2 a${0,999} 60 A 192.0.2.$\n", {"bad-generate:1:15"}},
      {"$GENERATE 1-2 a${0,3,q} 60 A 192.0.2.$\n", {"bad-generate:1:15"}},
      {"$GENERATE 1-2 a$ 60 A 192.0.2.${x}\n", {"bad-generate:1:23"}},
      {"$GENERATE 1-2 a${-2} 60 A 192.0.2.$\n", {"bad-generate:1:15"}},
      {"$GENERATE 1-2 a$ 60 A 192.0.2.${-2}\n", {"bad-generate:1:23"}},
      {"$GENERATE 1-2 a$..b 60 A 192.0.2.$\n", {"bad-name:1:15"}},
      {"$GENERATE 1-300 a$ 60 A 192.0.2.$\nb 60 A 192.0.2.1\n", {"bad-rdata:1:25"}, 256},
      {"$GENERATE 0-2147483647 a$ 60 A 192.0.2.$\n", {"generate-too-large:1:11"}},
      {"www 60 A 192.0.2.1", {"no-final-newline:1:0"}, 1},
      {"@ SOA ns1 host 1 3600 600 2419200 300\n@ NS ns1\n", {"no-ttl:1:3"}, 2},
  }));
  const auto records = read(c.text);
  INFO(c.text << all_text(records.findings));
  CHECK(places_of(records.findings) == c.want);
  CHECK(records.items.size() == c.records);
  for (const auto& finding : records.findings) {
    CHECK_FALSE(finding.message.empty());
    CHECK_FALSE(finding.cure.empty());
    CHECK(finding.file == "zone");
  }
}

TEST_CASE("all mistakes of a zone file are told at once", "[zonestore][zone_file]") {
  const auto records =
      read("$TTL 1z\nwww 60 A 1.2.3\nb 60 A 192.0.2.1\nc 60 XX y\n@ 60 TXT \"\nd 60 A 192.0.2.2\n");
  CHECK(places_of(records.findings) ==
        Lines{"bad-ttl:1:6", "bad-rdata:2:10", "unknown-type:4:6", "unclosed-quote:5:10"});
  CHECK(lines_of(records) ==
        Lines{"b.example.com. 60 A 192.0.2.1", "d.example.com. 60 A 192.0.2.2"});
  CHECK(records.findings[1].excerpt == "www 60 A 1.2.3");
  CHECK(records.findings[3].excerpt == "@ 60 TXT \"");
}

TEST_CASE("a mistyped word brings a suggestion", "[zonestore][zone_file]") {
  const auto records = read("www 60 CANME x\n$ORIGN a.\n");
  REQUIRE(records.findings.size() == 2);
  CHECK(records.findings[0].cure.find("\"CNAME\"") != std::string::npos);
  CHECK(records.findings[1].cure.find("\"$ORIGIN\"") != std::string::npos);
}

TEST_CASE("findings are bounded, and an error is not lost among warnings",
          "[zonestore][zone_file]") {
  SourceLimits limits;
  limits.findings = 5;
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "www 60 A x\n";
  const auto records = read(text, limits);
  REQUIRE(records.findings.size() == 6);
  CHECK(records.findings[5].rule == "more-findings");
  CHECK(records.findings[5].message == "995 more findings are not shown");
  CHECK(records.findings[5].severity == Severity::error);
}

TEST_CASE("what a zone file makes taproot do is bounded", "[zonestore][zone_file]") {
  SourceLimits limits;
  SECTION("a line without an end") {
    limits.line_octets = 1000;
    const std::string text = "www 60 TXT " + std::string(1'000'000, 'a') + "\nb 60 A 192.0.2.1\n";
    const auto records = read(text, limits);
    CHECK(places_of(records.findings) == Lines{"line-too-long:1:1"});
    CHECK(records.items.size() == 1);
  }
  SECTION("a quote without an end") {
    limits.line_octets = 1000;
    const auto records = read("www 60 TXT \"" + std::string(5000, 'a') + "\"\n", limits);
    CHECK(places_of(records.findings) == Lines{"line-too-long:1:1"});
  }
  SECTION("a parenthesis without an end") {
    limits.line_octets = 1000;
    std::string text = "@ 60 TXT (\n";
    for (int i = 0; i < 500; ++i) text += " abc\n";
    const auto records = read(text + "www 60 A 192.0.2.1\n", limits);
    CHECK(places_of(records.findings) == Lines{"line-too-long:1:1"});
    CHECK(records.items.size() == 1);
  }
  SECTION("an unclosed parenthesis in every line") {
    std::string text;
    for (int i = 0; i < 100'000; ++i) text += "www 60 A (\n";
    const auto records = read(text, limits);
    CHECK(records.findings.size() == 17);
    CHECK(records.findings.back().message.find("not read") != std::string::npos);
  }
  SECTION("long text that is made a million times") {
    limits.file_octets = 10'000'000;
    const auto records =
        read("$GENERATE 1-1000000 a$ 60 TXT " + std::string(200, 'a') + "\n", limits);
    CHECK(places_of(records.findings) == Lines{"generate-too-large:1:1"});
    CHECK(records.items.size() < 50'000);
  }
  SECTION("many small $GENERATE") {
    limits.generate_records = 100;
    const auto records =
        read("$GENERATE 1-60 a$ 60 A 192.0.2.1\n$GENERATE 1-60 b$ A 192.0.2.1\n", limits);
    CHECK(places_of(records.findings) == Lines{"generate-too-large:2:11"});
    CHECK(records.items.size() == 60);
  }
}

TEST_CASE("any octets at all can be read", "[zonestore][zone_file]") {
  // Pieces of zone files in all orders, cut at any place.
  const std::vector<std::string> pieces = {
      "www",      " ",    "\n",      "(",  ")",  "\"",        "\\",   "\\065",
      ";",        "@",    "60",      "A",  "IN", "TXT",       "$TTL", "$GENERATE",
      "1-3",      "${0,", "$",       "\r", "\t", "192.0.2.1", "=\"",  std::string(1, '\0'),
      "\xc3\xa4", "\xff", "$ORIGIN", "."};
  SourceLimits limits;
  limits.line_octets = 60;
  std::uint32_t state = 1;
  const auto next = [&state] { return (state = state * 1664525u + 1013904223u) >> 8; };
  for (int round = 0; round < 20'000; ++round) {
    std::string text;
    const auto count = next() % 30;
    for (std::uint32_t i = 0; i < count; ++i) text += pieces[next() % pieces.size()];
    const auto records = read(text, limits);
    for (const auto& finding : records.findings) {
      if (finding.column > 0) REQUIRE(finding.column <= finding.excerpt.size() + 1);
      (void)to_text(finding, true);
    }
  }
}

}  // namespace taproot::zonestore

TEST_CASE("an owner is known again after one that was not readable", "[zonestore][zone_file]") {
  const auto apex = taproot::dns::Name::from_text("example.").value();
  const auto records = taproot::zonestore::read_zone_text(apex,
                                                          "$TTL 300\n"
                                                          "ns A 192.0.2.1\n"
                                                          "n..s A 192.0.2.2\n"
                                                          "ns A 192.0.2.3\n",
                                                          "z", {});
  CHECK(records.findings.size() == 1);
  REQUIRE(records.items.size() == 2);
  CHECK(records.items[1].owner.to_text() == "ns.example.");
}
