#include "zonestore/sources/fast_records.hpp"

#include "tests/dns/rdata_samples.hpp"
#include "tests/zonestore/fast_samples.hpp"
#include "tests/zonestore/source_samples.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace taproot::zonestore {

using namespace samples;

namespace {

class Random {
 public:
  explicit Random(std::uint32_t seed) : state_(seed) {}
  std::uint32_t below(std::uint32_t limit) {
    state_ = state_ * 1664525u + 1013904223u;
    return static_cast<std::uint32_t>((std::uint64_t{state_ >> 8} * limit) >> 24);
  }
  bool one_in(std::uint32_t n) { return below(n) == 0; }
  template <class List>
  const auto& of(const List& list) {
    return list[below(static_cast<std::uint32_t>(std::size(list)))];
  }

 private:
  std::uint32_t state_;
};

std::string mixed_case(Random& random, std::string text) {
  for (char& c : text) {
    if (random.one_in(4) && c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
  }
  return text;
}

/// Blanks of any kind, at least one.
std::string gap(Random& random) {
  std::string text = random.one_in(4) ? "\t" : " ";
  while (random.one_in(4)) text += random.of(std::array{' ', '\t', '\r'});
  return text;
}

std::string owner(Random& random) {
  switch (random.below(12)) {
    case 0:
      return "@";
    case 1:
      return "*.w" + std::to_string(random.below(9));
    case 2:
      return mixed_case(random, "host" + std::to_string(random.below(9)) + ".example.com.");
    case 3:
      return random.of(
          std::array<std::string, 6>{"a\\.b", "c\\032d", "\\;", "x\\\"y", "\\$", "\\@"});
    case 4:
      return "xn--mnchen-3ya." + std::string(1 + random.below(63), 'l');
    case 5:
      return "in";
    case 6:
      return "12";
    default:
      return mixed_case(random, "host" + std::to_string(random.below(20)));
  }
}

std::string target(Random& random) {
  return random.of(std::array<std::string, 8>{"@", ".", "ns1", "Mail.Example.NET.", "a\\.b.c",
                                              "x.y.z.example.org.", "_sip._tcp", "a@b"});
}

std::string rdata(Random& random) {
  const auto number = [&random](std::uint32_t limit) {
    return std::to_string(random.below(limit));
  };
  switch (random.below(14)) {
    case 0:
      return "AAAA " + random.of(std::array<std::string, 10>{
                           "2001:db8::1", "::", "::1", "1::", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::",
                           "::2:3:4:5:6:7:8", "FE80::aBcD", "::ffff:192.0.2.1", "1:2::7:8"});
    case 1:
      return random.of(std::array<std::string, 4>{"NS ", "CNAME ", "PTR ", "DNAME "}) +
             target(random);
    case 2:
      return "MX" + gap(random) + number(65536) + gap(random) + target(random);
    case 3:
      return "SRV " + number(65536) + gap(random) + number(70) + " " + number(9) + " " +
             target(random);
    case 4:
      return "TXT " +
             random.of(std::array<std::string, 8>{
                 "plain", "\"a b\" c", "\"\"", "\"semi;colon (x)\"", "\"q\\\"q\"  \"\\065\"",
                 "a\\ b", "=x \"\xc3\xa4\xff\"", "v=DKIM1\\; k=rsa"});
    case 5:
      return "TXT \"" + std::string(random.below(256), 't') + "\"";
    case 6:
      return "DS 1 13 2 " + std::string(30, 'a') + gap(random) + std::string(34, 'F');
    case 7:
      return "CAA " + number(256) + " issue " +
             random.of(std::array<std::string, 3>{"\"ca.example; x=y\"", "ca.example", "\"\""});
    case 8:
      return "SOA ns1 host ( 7 ; serial\n 1h\n10m 4w 5m )";
    case 9:
      return "TXT ( one\n  \"two\" ; three\n\tfour\n)";
    case 10:
    case 11: {
      const auto& sample = random.of(dns::rdata_samples);
      return mixed_case(random, dns::to_text(sample.type)) + " " + sample.text;
    }
    default:
      return mixed_case(random, "a") + gap(random) + number(256) + "." + number(256) + ".0." +
             number(256);
  }
}

std::string record(Random& random) {
  std::string text = random.one_in(4) ? gap(random) : owner(random) + gap(random);
  const std::string ttl =
      random.of(std::array<std::string, 5>{"60", "1h30m", "1W", "0", "2147483647"}) + gap(random);
  const std::string in = random.of(std::array<std::string, 3>{"IN", "in", "CLASS1"}) + gap(random);
  const auto order = random.below(6);
  if (order == 1 || order == 2) text += ttl;
  if (order >= 2 && order <= 4) text += in;
  if (order == 4) text += ttl;
  text += rdata(random);
  if (random.one_in(5)) text += gap(random);
  if (random.one_in(5)) text += "; comment \" ( \xff";
  return text + (random.one_in(10) ? "\r\n" : "\n");
}

std::string zone(Random& random) {
  std::string text = random.one_in(2) ? "$TTL 1h\n" : "";
  text += "@ 300 IN SOA ns1 host 1 2 3 4 5\n";
  const auto count = random.below(60);
  for (std::uint32_t i = 0; i < count; ++i) {
    if (random.one_in(20))
      text += "$ORIGIN " + std::string(random.one_in(2) ? "sub" : "example.com.") + "\n";
    if (random.one_in(20)) text += "$ttl" + gap(random) + "2d ; two\n";
    if (random.one_in(10))
      text += random.of(std::array<std::string, 4>{"\n", "  \n", "; \"(\n", "\t; x\n"});
    text += record(random);
  }
  return text;
}

/// Both readers agree about `text`: the fast one reads it as the other does, or gives up.
bool agree(const std::string& text, const PieceSizes& sizes, bool must_be_plain) {
  const auto other = read_zone_text(apex(), text, "zone", {});
  const auto fast = read_fast(apex(), text, sizes);
  INFO(text << all_text(other.findings));
  if (!fast) {
    CHECK_FALSE(must_be_plain);
    return !must_be_plain;
  }
  const auto differs = difference(other, *fast);
  CHECK(other.findings.empty());
  CHECK(differs == "");
  return other.findings.empty() && differs.empty();
}

}  // namespace

TEST_CASE("random zone files are read in pieces as in one", "[zonestore][fast_records]") {
  Random random(7);
  std::size_t plain = 0;
  for (int round = 0; round < 500; ++round) {
    const std::string text = zone(random);
    const bool good = read_zone_text(apex(), text, "zone", {}).findings.empty();
    plain += good;
    REQUIRE(agree(text, {}, good));
    for (const std::size_t least : {1u, 40u, 200u, 1000u}) {
      REQUIRE(agree(text, small_pieces(least), false));
    }
  }
  CHECK(plain > 300);
}

TEST_CASE("mutated zone files never make the readers differ", "[zonestore][fast_records]") {
  constexpr std::string_view odd("\0\n\r\t \"\\();@$.=0aA\x7f\x80\xc3\xff", 22);
  Random random(11);
  std::size_t plain = 0;
  for (int round = 0; round < 1500; ++round) {
    std::string text = zone(random);
    for (auto count = 1 + random.below(3); count > 0; --count) {
      const auto at = random.below(static_cast<std::uint32_t>(text.size()));
      switch (random.below(4)) {
        case 0:
          text[at] = odd[random.below(static_cast<std::uint32_t>(odd.size()))];
          break;
        case 1:
          text.insert(at, 1, odd[random.below(static_cast<std::uint32_t>(odd.size()))]);
          break;
        case 2:
          text.erase(at, 1 + random.below(4));
          break;
        default:
          text[at] = static_cast<char>(random.below(256));
      }
      if (text.empty()) break;
    }
    REQUIRE(agree(text, round % 2 == 0 ? PieceSizes() : small_pieces(100), false));
    plain += read_fast(apex(), text).has_value();
  }
  CHECK(plain > 100);
}

TEST_CASE("what the fast reader leaves to the other", "[zonestore][fast_records]") {
  const std::string good = "$TTL 60\nwww A 192.0.2.1\n";
  CHECK(read_fast(apex(), good));
  CHECK(read_fast(apex(), ""));
  CHECK(read_fast(apex(), "; only a comment\n\n"));
  using namespace std::string_literals;
  for (const std::string& bad : {"$INCLUDE other\n"s,
                                 "$GENERATE 1-2 a$ A 192.0.2.$\n"s,
                                 "$DATE now\n"s,
                                 "$TTL\n"s,
                                 "$TTL 60 70\n"s,
                                 "$ORIGIN\n"s,
                                 "$ORIGIN \"a\"\n"s,
                                 "a A ( 192.0.2.1\n"s,
                                 "a A 192.0.2.1 )\n"s,
                                 "a A 192.0.2.1"s,
                                 "a A 192.0.2.1\0\n"s,
                                 "a A 192.0.2.1 ; \0\n"s,
                                 "a CH A 192.0.2.1\n"s,
                                 "a A 192.0.2.256\n"s,
                                 "a A 192.0.2\n"s,
                                 "a A 192.0.2.01\n"s,
                                 "a A\n"s,
                                 "a\n"s,
                                 "a 60\n"s,
                                 "a A 192.0.2.1 192.0.2.2\n"s,
                                 "other.net. A 192.0.2.1\n"s,
                                 "example.com A 1.2.3.4 x\n"s,
                                 "xample.com. A 192.0.2.1\n"s,
                                 "a..b A 192.0.2.1\n"s,
                                 "\"a\" A 192.0.2.1\n"s,
                                 "a\xc3\xa4 A 192.0.2.1\n"s,
                                 "a TXT \xff\n"s,
                                 "a TXT \"x\n"s,
                                 "a TXT\n"s,
                                 "a TXT \"" + std::string(256, 'x') + "\"\n",
                                 "a ANY x\n"s,
                                 "a NOPE x\n"s,
                                 "a AAAA 1:2:3:4:5:6:7\n"s,
                                 "a AAAA 1::2::3\n"s,
                                 "a AAAA :1\n"s,
                                 "a AAAA 12345::\n"s,
                                 "a AAAA 1:2:3:4:5:6:7:8::\n"s,
                                 "a MX 65536 b\n"s,
                                 "a MX b\n"s,
                                 "a DS 1 13 2 aa\n"s,
                                 "a CAA 0 i-s x\n"s,
                                 "a CAA 256 issue x\n"s,
                                 std::string(64, 'a') + " A 192.0.2.1\n",
                                 "a 2147483648 A 192.0.2.1\n"s,
                                 "a 60 60 A 192.0.2.1\n"s,
                                 "a IN IN A 192.0.2.1\n"s}) {
    INFO(bad);
    CHECK_FALSE(read_fast(apex(), good + bad));
  }
  CHECK_FALSE(read_fast(apex(), " A 192.0.2.1\n"));
  CHECK_FALSE(read_fast(apex(), "www A 192.0.2.1\n"));
  CHECK_FALSE(read_fast(apex(), "@ SOA ns1 host 1 2 3 4 5\n"));
  CHECK_FALSE(read_fast(apex(), "$TTL 60\n$ORIGIN net.\nwww A 192.0.2.1\n"));
  CHECK(read_fast(apex(), "$TTL 60\n$ORIGIN com.\nwww.example A 192.0.2.1\n"));
}

TEST_CASE("what a piece hands on to the next", "[zonestore][fast_records]") {
  PieceRecords records;
  ReadingContext start;
  start.origin = apex();
  REQUIRE(read_piece(apex(), "a 60 A 192.0.2.1\nA.example.com. AAAA ::1\n\n; x\na A 192.0.2.2\n",
                     start, records));
  REQUIRE(records.records.size() == 3);
  CHECK(records.end.last_ttl == 60u);
  CHECK(records.records[2].line == 5);
  CHECK(records.records[2].ttl == 60);
  CHECK(records.end != start);
  REQUIRE(read_piece(apex(), "$ORIGIN b\n$TTL 5\na A 192.0.2.1\n MX 1 a\na.b.example.com. TXT x\n",
                     records.end, records));
  REQUIRE(records.records.size() == 3);
  CHECK(records.records[0].owner == records.records[1].owner);
  CHECK(records.records[0].owner == records.records[2].owner);
  CHECK(records.records[1].column == 2);
  CHECK(records.end.origin.to_text() == "b.example.com.");
  CHECK(records.end.default_ttl == 5u);
  ReadingContext other = records.end;
  other.last_ttl = 7;  // has no effect behind $TTL
  CHECK(other == records.end);
  other.origin = name("B.example.com.");  // its case is that of the names
  CHECK(other != records.end);
}

}  // namespace taproot::zonestore
