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

std::string name(Random& random) {
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
             name(random);
    case 2:
      return "MX" + gap(random) + number(65536) + gap(random) + name(random);
    case 3:
      return "SRV " + number(65536) + gap(random) + number(70) + " " + number(9) + " " +
             name(random);
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
  for (int round = 0; round < 1500; ++round) {
    const std::string text = zone(random);
    const bool good = read_zone_text(apex(), text, "zone", {}).findings.empty();
    plain += good;
    REQUIRE(agree(text, {}, good));
    for (const std::size_t least : {1u, 40u, 200u, 1000u}) {
      REQUIRE(agree(text, small_pieces(least), false));
    }
  }
  CHECK(plain > 1000);
}

}  // namespace taproot::zonestore
