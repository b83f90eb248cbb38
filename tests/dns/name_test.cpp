#include "dns/name.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <random>
#include <vector>

namespace taproot::dns {

namespace {

Name name(std::string_view text) {
  auto result = Name::from_text(text);
  INFO(text);
  REQUIRE(result);
  return *result;
}

std::string repeat(std::string_view text, std::size_t times) {
  std::string all;
  for (; times > 0; --times) all += text;
  return all;
}

/// A valid name of any octets, seldom long, often with letters.
Name random_name(std::mt19937& random) {
  Name result;
  std::uniform_int_distribution<int> labels(0, 6);
  std::uniform_int_distribution<int> size(1, 12);
  std::uniform_int_distribution<int> octet(0, 255);
  for (int i = labels(random); i > 0; --i) {
    std::string label;
    for (int k = size(random); k > 0; --k) {
      const int any = octet(random);
      label += static_cast<char>(any < 128 ? 'A' + any % 58 : any);
    }
    result = *result.child(label);
  }
  return result;
}

}  // namespace

TEST_CASE("names are read from text", "[dns][name]") {
  struct Case {
    const char* text;
    const char* want;
    std::size_t labels;
  };
  const auto c =
      GENERATE(Case{".", ".", 0}, Case{"org", "org.", 1}, Case{"example.org.", "example.org.", 2},
               Case{"ExAmple.Org", "ExAmple.Org.", 2}, Case{"*.example.org", "*.example.org.", 3},
               Case{"_sip._tcp.x", "_sip._tcp.x.", 3}, Case{"a\\.b.c", "a\\.b.c.", 2},
               Case{"a\\046b.c", "a\\.b.c.", 2}, Case{"\\000\\255.", "\\000\\255.", 1},
               Case{"a\\ b", "a\\032b.", 1}, Case{"\\a\\\\.", "a\\\\.", 1},
               Case{"0/25.2.0.192", "0/25.2.0.192.", 4}, Case{"\\@.x", "\\@.x.", 2},
               Case{"a\\;\\(\\)\\\"\\$", "a\\;\\(\\)\\\"\\$.", 1});
  CAPTURE(c.text);
  const Name read = name(c.text);
  CHECK(read.to_text() == c.want);
  CHECK(read.label_count() == c.labels);
  CHECK(name_length(read.wire()) == read.size());
}

TEST_CASE("what is not a name is refused", "[dns][name]") {
  struct Case {
    std::string text;
    Errc want;
  };
  const auto c = GENERATE(
      Case{"", Errc::bad_text}, Case{"..", Errc::bad_label}, Case{".a", Errc::bad_label},
      Case{"a..b", Errc::bad_label}, Case{"a..", Errc::bad_label}, Case{"a\\", Errc::bad_text},
      Case{"a\\1", Errc::bad_text}, Case{"a\\12x", Errc::bad_text}, Case{"a\\256", Errc::bad_text},
      Case{"a b", Errc::bad_text}, Case{"a\tb", Errc::bad_text}, Case{"a\"b", Errc::bad_text},
      Case{"a;b", Errc::bad_text}, Case{"a(b", Errc::bad_text}, Case{"a\\\n", Errc::bad_text},
      Case{std::string("a\0b", 3), Errc::bad_text},
      Case{"b\xc3\xbc"
           "cher.example",
           Errc::bad_text},
      Case{repeat("a", 64), Errc::bad_label}, Case{repeat("a.", 128), Errc::name_too_long},
      Case{repeat("a", 300), Errc::name_too_long});
  CAPTURE(c.text);
  const auto result = Name::from_text(c.text);
  REQUIRE_FALSE(result);
  CHECK(result.error().code == c.want);
}

TEST_CASE("a name that is not ASCII is refused with its cure", "[dns][name]") {
  const auto result = Name::from_text(
      "b\xc3\xbc"
      "cher.example");
  REQUIRE_FALSE(result);
  CHECK(result.error().detail.find("A-label (xn--") != std::string::npos);
}

TEST_CASE("a name has up to 255 octets", "[dns][name]") {
  const std::string label63 = repeat("a", 63) + ".";
  CHECK(name(repeat(label63, 3) + repeat("b", 61)).size() == 255);
  CHECK(name(repeat("a.", 127)).size() == 255);
  const auto longer = Name::from_text(repeat(label63, 3) + repeat("b", 62));
  REQUIRE_FALSE(longer);
  CHECK(longer.error().code == Errc::name_too_long);
}

TEST_CASE("relative names end in their origin", "[dns][name]") {
  struct Case {
    const char* text;
    const char* origin;
    const char* want;
  };
  const auto c = GENERATE(
      Case{"www", "example.org.", "www.example.org."}, Case{"www.", "example.org.", "www."},
      Case{"@", "example.org.", "example.org."}, Case{"a.b", ".", "a.b."}, Case{"@", ".", "."},
      Case{"a\\.", "org.", "a\\..org."}, Case{".", "org.", "."});
  CAPTURE(c.text);
  const auto read = Name::from_text(c.text, name(c.origin));
  REQUIRE(read);
  CHECK(read->to_text() == c.want);
}

TEST_CASE("a relative name must fit before its origin", "[dns][name]") {
  const Name origin = name(repeat(repeat("a", 63) + ".", 3));  // 193 octets
  CHECK(Name::from_text(repeat("b", 61), origin));
  const auto longer = Name::from_text(repeat("b", 62), origin);
  REQUIRE_FALSE(longer);
  CHECK(longer.error().code == Errc::name_too_long);
}

TEST_CASE("names are written relative to an origin", "[dns][name]") {
  struct Case {
    const char* name;
    const char* origin;
    const char* want;
  };
  const auto c = GENERATE(
      Case{"www.example.org", "Example.org", "www"}, Case{"example.org", "EXAMPLE.ORG", "@"},
      Case{"a.b.example.org", "example.org", "a.b"},
      Case{"notexample.org", "example.org", "notexample.org."}, Case{"org", "example.org", "org."},
      Case{".", ".", "@"}, Case{"a.b", ".", "a.b"});
  CAPTURE(c.name, c.origin);
  CHECK(name(c.name).to_text_in(name(c.origin)) == c.want);
}

TEST_CASE("names compare without case in the order of RFC 4034 section 6.1", "[dns][name]") {
  // The example of that section, with the root and the ancestors before it.
  const std::vector<const char*> order = {".",
                                          "example.",
                                          "a.example.",
                                          "yljkjljk.a.example.",
                                          "Z.a.example.",
                                          "zABC.a.EXAMPLE.",
                                          "z.example.",
                                          "\\001.z.example.",
                                          "*.z.example.",
                                          "\\200.z.example."};
  for (std::size_t i = 0; i < order.size(); ++i) {
    for (std::size_t k = 0; k < order.size(); ++k) {
      CAPTURE(order[i], order[k]);
      CHECK(((name(order[i]) <=> name(order[k])) == (i <=> k)));
      CHECK((name(order[i]) == name(order[k])) == (i == k));
    }
  }
}

TEST_CASE("names that differ in case only are equal and hash alike", "[dns][name]") {
  const Name a = name("WWW.A-long-label-of-Many-octets.Example.ORG");
  const Name b = name("www.a-LONG-label-of-mANY-octets.eXAMPLE.org");
  CHECK(a == b);
  CHECK((a <=> b) == std::weak_ordering::equivalent);
  CHECK(NameHash()(a) == NameHash()(b));
  CHECK(a.lowered().to_text() == "www.a-long-label-of-many-octets.example.org.");
}

TEST_CASE("only ASCII letters are lowered", "[dns][name]") {
  for (int octet = 0; octet < 256; ++octet) {
    const std::string label(9, static_cast<char>(octet));
    const bool letter = octet >= 'A' && octet <= 'Z';
    const std::string low(9, static_cast<char>(letter ? octet + 32 : octet));
    const std::string flipped(9, static_cast<char>(octet ^ 0x20));
    const Name a = *Name().child(label);
    CAPTURE(octet);
    CHECK(a.lowered().to_text() == Name().child(low)->to_text());
    const bool either_case = letter || (octet >= 'a' && octet <= 'z');
    CHECK((a == *Name().child(flipped)) == either_case);
    CHECK((NameHash()(a) == NameHash()(*Name().child(flipped))) == either_case);
  }
}

TEST_CASE("subdomains are told at label borders", "[dns][name]") {
  struct Case {
    const char* name;
    const char* ancestor;
    bool want;
  };
  const auto c =
      GENERATE(Case{"example.org", "example.org", true},
               Case{"a.b.EXAMPLE.org", "example.ORG", true}, Case{"anything", ".", true},
               Case{"org", "example.org", false}, Case{"notexample.org", "example.org", false},
               // The octets of \007example in one label look like a label.
               Case{"x\\007example.org", "example.org", false});
  CAPTURE(c.name, c.ancestor);
  CHECK(name(c.name).is_subdomain_of(name(c.ancestor)) == c.want);
}

TEST_CASE("parents and children", "[dns][name]") {
  CHECK(name("www.example.org").parent() == name("example.org"));
  CHECK(Name::root().parent() == Name::root());
  CHECK(*name("org").child("a.b") == name("a\\.b.org"));
  CHECK_FALSE(name("org").child(""));
  CHECK_FALSE(name("org").child(repeat("a", 64)));
  const auto longer = name(repeat("a.", 127)).child("a");
  REQUIRE_FALSE(longer);
  CHECK(longer.error().code == Errc::name_too_long);
  CHECK(name("*.org").is_wildcard());
  CHECK_FALSE(name("a.*.org").is_wildcard());
  CHECK_FALSE(Name::root().is_wildcard());
}

TEST_CASE("names come back from text and wire as they were", "[dns][name]") {
  std::mt19937 random(7);
  for (int i = 0; i < 2000; ++i) {
    const Name a = random_name(random);
    const Name b = random_name(random);
    CAPTURE(a.to_text(), b.to_text());
    const Name from_text = name(a.to_text());
    CHECK(std::ranges::equal(from_text.wire(), a.wire()));
    WireReader reader(a.wire());
    const auto from_wire = Name::from_wire(reader);
    REQUIRE(from_wire);
    CHECK(std::ranges::equal(from_wire->wire(), a.wire()));
    CHECK(reader.at_end());
    // The order agrees with equality, and turns round with its sides.
    CHECK(((a <=> b) == 0) == (a == b));
    CHECK(((a <=> b) < 0) == ((b <=> a) > 0));
    CHECK((a == a.lowered()));
  }
}

TEST_CASE("a compression pointer must point backwards", "[dns][name]") {
  struct Case {
    const char* what;
    std::vector<std::uint8_t> wire;
    Errc want;
  };
  const auto c = GENERATE(Case{"nothing", {}, Errc::truncated},
                          Case{"to itself", {0xc0, 0x00}, Errc::bad_pointer},
                          Case{"forwards", {0xc0, 0x02, 0x00}, Errc::bad_pointer},
                          Case{"past the end", {0xc0, 0x30}, Errc::bad_pointer},
                          Case{"to its own label", {0x01, 'a', 0xc0, 0x00}, Errc::bad_pointer},
                          Case{"half a pointer", {0xc0}, Errc::truncated},
                          Case{"no root label", {0x01, 'a'}, Errc::truncated},
                          Case{"label type 01", {0x41, 'a', 0x00}, Errc::bad_label},
                          Case{"label type 10", {0x81, 'a', 0x00}, Errc::bad_label},
                          Case{"label past the end", {0x05, 'a'}, Errc::truncated});
  INFO(c.what);
  WireReader reader(c.wire);
  const auto result = Name::from_wire(reader);
  REQUIRE_FALSE(result);
  CHECK(result.error().code == c.want);
}

TEST_CASE("reading goes on after the first pointer of a name", "[dns][name]") {
  const std::vector<std::uint8_t> wire = {3, 'o', 'r', 'g', 0, 1, 'a', 0xc0, 0, 1, 'b', 0xc0, 5, 9};
  WireReader reader(wire, 9);
  const auto result = Name::from_wire(reader);
  REQUIRE(result);
  CHECK(result->to_text() == "b.a.org.");
  CHECK(reader.position() == 13);
}

TEST_CASE("two names that point at each other end", "[dns][name]") {
  const std::vector<std::uint8_t> wire = {1, 'a', 0xc0, 4, 1, 'b', 0xc0, 0};
  WireReader reader(wire, 4);
  const auto result = Name::from_wire(reader);
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Errc::bad_pointer);
}

TEST_CASE("a long chain of bare pointers is refused", "[dns][name]") {
  std::vector<std::uint8_t> wire = {0, 0};
  for (std::size_t i = 0; i < 4000; ++i) {
    wire.push_back(static_cast<std::uint8_t>(0xc0 | (2 * i) >> 8));
    wire.push_back(static_cast<std::uint8_t>(2 * i));
  }
  WireReader reader(wire, wire.size() - 2);
  const auto result = Name::from_wire(reader);
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Errc::bad_pointer);
}

TEST_CASE("a name may not grow over 255 octets by pointers", "[dns][name]") {
  std::vector<std::uint8_t> wire;
  for (int i = 0; i < 3; ++i) {
    wire.push_back(63);
    wire.insert(wire.end(), 63, 'a');
  }
  wire.push_back(0);  // 193 octets so far
  const std::size_t start = wire.size();
  wire.push_back(62);
  wire.insert(wire.end(), 62, 'b');
  wire.insert(wire.end(), {0xc0, 0});
  WireReader reader(wire, start);
  const auto result = Name::from_wire(reader);
  REQUIRE_FALSE(result);
  CHECK(result.error().code == Errc::name_too_long);
  wire[start] = 61;
  wire.erase(wire.begin() + static_cast<std::ptrdiff_t>(start) + 1);
  WireReader shorter(wire, start);
  CHECK(Name::from_wire(shorter));
}

TEST_CASE("the length of a name is found without following pointers", "[dns][name]") {
  const auto length = [](std::vector<std::uint8_t> wire) { return name_length(wire); };
  CHECK(length({0}) == 1);
  CHECK(length({1, 'a', 0, 9}) == 3);
  CHECK(length({}) == 0);
  CHECK(length({1, 'a'}) == 0);
  CHECK(length({5, 'a'}) == 0);
  CHECK(length({0xc0, 0}) == 0);
  CHECK(length({0x40, 0}) == 0);
  std::vector<std::uint8_t> many;
  for (int i = 0; i < 127; ++i) many.insert(many.end(), {1, 'a'});
  many.push_back(0);
  CHECK(name_length(many) == 255);
  many.insert(many.begin(), {1, 'a'});
  CHECK(name_length(many) == 0);
}

}  // namespace taproot::dns
