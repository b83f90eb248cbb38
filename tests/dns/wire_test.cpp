#include "dns/wire.hpp"
#include "dns/name.hpp"
#include "octets_of_text.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <random>

namespace taproot::dns {

namespace {

Name name(std::string_view text) {
  return *Name::from_text(text);
}

std::string repeat(std::string_view text, std::size_t times) {
  std::string all;
  for (; times > 0; --times) all += text;
  return all;
}

/// A writer over its own memory.
struct Paper {
  std::array<std::uint8_t, 20000> octets{};
  std::array<std::uint16_t, 256> table{};
  WireWriter writer{octets, table};
};

Name read_back(Octets message, std::size_t at) {
  WireReader reader(message, at);
  const auto result = Name::from_wire(reader);
  REQUIRE(result);
  return *result;
}

}  // namespace

TEST_CASE("numbers are read as they were written", "[dns][wire]") {
  std::array<std::uint8_t, 15> octets{};
  WireWriter writer(octets);
  writer.u8(0xfe);
  writer.u16(0xfedc);
  writer.u32(0xfedc'ba98);
  writer.u48(0xfedc'ba98'7654u);
  writer.u16(7);
  CHECK_FALSE(writer.overflowed());
  CHECK(to_hex(writer.written()) == "fefedcfedcba98fedcba9876540007");
  WireReader reader(writer.written());
  CHECK(*reader.u8() == 0xfe);
  CHECK(*reader.u16() == 0xfedc);
  CHECK(*reader.u32() == 0xfedc'ba98);
  CHECK(*reader.u48() == 0xfedc'ba98'7654u);
  CHECK(reader.left() == 2);
}

TEST_CASE("reading past the end fails and does not move", "[dns][wire]") {
  const std::array<std::uint8_t, 1> one{1};
  WireReader reader(one);
  CHECK(reader.u16().error().code == Errc::truncated);
  CHECK(reader.u32().error().code == Errc::truncated);
  CHECK(reader.u48().error().code == Errc::truncated);
  CHECK(reader.take(2).error().code == Errc::truncated);
  CHECK(reader.take(static_cast<std::size_t>(-1)).error().code == Errc::truncated);
  CHECK(reader.position() == 0);
  CHECK(reader.u8());
  CHECK(reader.u8().error().code == Errc::truncated);
  CHECK(reader.at_end());
}

TEST_CASE("names are compressed to earlier ones", "[dns][wire]") {
  Paper paper;
  WireWriter& writer = paper.writer;
  writer.u32(0);
  writer.name(name("example.org").wire());  // at 4
  writer.name(name("www.EXAMPLE.org").wire());
  writer.name(name("WWW.example.ORG").wire());
  writer.name(name("org").wire());
  writer.name(Name::root().wire());
  CHECK(to_hex(writer.written()) ==
        "00000000"
        "076578616d706c65036f726700"
        "03777777c004"
        "c011"
        "c00c"
        "00");
}

TEST_CASE("names written without compression serve as targets", "[dns][wire]") {
  Paper paper;
  WireWriter& writer = paper.writer;
  writer.u8(0);
  writer.name_uncompressed(name("a.org").wire());
  writer.name_uncompressed(name("b.a.org").wire());
  writer.name(name("b.a.org").wire());
  CHECK(to_hex(writer.written()) ==
        "00"
        "0161036f726700"
        "01620161036f726700"
        "c008");
}

TEST_CASE("without a table nothing is compressed", "[dns][wire]") {
  std::array<std::uint8_t, 64> octets{};
  WireWriter writer(octets);
  writer.u8(0);
  writer.name(name("a.org").wire());
  writer.name(name("a.org").wire());
  CHECK(writer.position() == 15);
}

TEST_CASE("what overflows leaves no part of itself and stops all writing", "[dns][wire]") {
  struct Case {
    const char* what;
    void (*write)(WireWriter&);
  };
  const auto c = GENERATE(
      Case{"u16", [](WireWriter& w) { w.u16(1); }}, Case{"u32", [](WireWriter& w) { w.u32(1); }},
      Case{"u48", [](WireWriter& w) { w.u48(1); }},
      Case{"octets", [](WireWriter& w) { w.octets(std::array<std::uint8_t, 2>{1, 2}); }},
      Case{"name", [](WireWriter& w) { w.name(name("a").wire()); }},
      Case{"pointer", [](WireWriter& w) { w.name(name("x.org").wire()); }},
      Case{"uncompressed", [](WireWriter& w) { w.name_uncompressed(name("a").wire()); }});
  INFO(c.what);
  std::array<std::uint8_t, 9> octets{};
  std::array<std::uint16_t, 16> table{};
  WireWriter writer(octets, table);
  writer.u8(9);
  writer.name(name("x.org").wire());
  const std::size_t mark = writer.position();
  REQUIRE(writer.left() == 1);
  c.write(writer);
  CHECK(writer.overflowed());
  CHECK(writer.position() == mark);
  writer.u8(5);  // would fit, but comes after something that is missing
  CHECK(writer.position() == mark);
  CHECK(octets.back() == 0);
  writer.rewind(mark);
  CHECK_FALSE(writer.overflowed());
  writer.u8(5);
  CHECK(writer.position() == 9);
}

TEST_CASE("what was rewound is no target any more", "[dns][wire]") {
  Paper paper;
  WireWriter& writer = paper.writer;
  writer.u8(0);
  writer.name(name("org").wire());
  const std::size_t mark = writer.position();
  writer.name(name("example.org").wire());
  writer.rewind(mark);
  writer.octets(std::array<std::uint8_t, 30>{});
  const std::size_t at = writer.position();
  writer.name(name("example.org").wire());
  CHECK(writer.position() - at == 10);  // "example" and a pointer to "org"
  CHECK(read_back(writer.written(), at) == name("example.org"));
}

TEST_CASE("a rewind into the middle of a name is survived", "[dns][wire]") {
  for (std::size_t mark = 1; mark < 14; ++mark) {
    Paper paper;
    WireWriter& writer = paper.writer;
    writer.u8(0);
    writer.name(name("example.org").wire());
    writer.rewind(mark);
    const std::size_t at = writer.position();
    writer.name(name("example.org").wire());
    CHECK(read_back(writer.written(), at) == name("example.org"));
  }
}

TEST_CASE("a limit holds from then on and never cuts what is written", "[dns][wire]") {
  std::array<std::uint8_t, 8> octets{};
  WireWriter writer(octets);
  writer.u32(1);
  writer.limit(6);
  CHECK(writer.left() == 2);
  writer.u32(1);
  CHECK(writer.overflowed());
  writer.rewind(4);
  writer.limit(2);
  CHECK(writer.left() == 0);
  writer.limit(100);
  CHECK(writer.left() == 4);
}

TEST_CASE("names after 16,383 octets are written but never pointed at", "[dns][wire]") {
  Paper paper;
  WireWriter& writer = paper.writer;
  const std::vector<std::uint8_t> filling(16380);
  writer.octets(filling);
  writer.name(name("a.b.c").wire());  // a at 16380, b at 16382, c at 16384
  const std::size_t second = writer.position();
  writer.name(name("a.b.c").wire());
  CHECK(writer.position() - second == 2);
  const std::size_t third = writer.position();
  writer.name(name("c").wire());
  CHECK(writer.position() - third == 3);
  CHECK(read_back(writer.written(), second) == name("a.b.c"));
}

TEST_CASE("any sequence of names is read back, with any table", "[dns][wire]") {
  const std::size_t table_size = GENERATE(0u, 1u, 2u, 16u, 128u, 1024u);
  std::vector<std::uint16_t> table(table_size);
  std::vector<std::uint8_t> octets(40000);
  std::mt19937 random(static_cast<unsigned>(table_size));
  const std::vector<std::string> labels = {"a", "A", "b", "example", "Example", "org", "x\\000y"};
  std::uniform_int_distribution<std::size_t> label(0, labels.size() - 1);
  std::uniform_int_distribution<int> count(0, 6);
  WireWriter writer(octets, table);
  writer.u8(0);
  std::vector<std::pair<std::size_t, Name>> written;
  for (int i = 0; i < 2000; ++i) {
    std::string text;
    for (int k = count(random); k > 0; --k) text += labels[label(random)] + ".";
    const Name next = name(text.empty() ? "." : text);
    const std::size_t at = writer.position();
    if (i % 7 == 0) {
      writer.name_uncompressed(next.wire());
    } else {
      writer.name(next.wire());
    }
    if (i % 11 == 0) {
      writer.rewind(at);
    } else {
      written.emplace_back(at, next);
    }
  }
  REQUIRE_FALSE(writer.overflowed());
  for (const auto& [at, want] : written) CHECK(read_back(writer.written(), at) == want);
}

TEST_CASE("names of many equal labels are read back too", "[dns][wire]") {
  Paper paper;
  WireWriter& writer = paper.writer;
  writer.u8(0);
  for (std::size_t labels = 60; labels <= 127; ++labels) {
    const Name next = name(repeat("a.", labels));
    const std::size_t at = writer.position();
    writer.name(next.wire());
    CHECK(read_back(writer.written(), at) == next);
  }
  CHECK_FALSE(writer.overflowed());
}

}  // namespace taproot::dns
