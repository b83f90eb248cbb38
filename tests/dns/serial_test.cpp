#include "dns/serial.hpp"

#include <catch2/catch.hpp>

namespace taproot::dns {

TEST_CASE("serials compare on the RFC 1982 circle", "[dns][serial]") {
  struct Case {
    std::uint32_t a, b;
    std::partial_ordering want;
  };
  const auto c =
      GENERATE(Case{1, 2, std::partial_ordering::less}, Case{2, 1, std::partial_ordering::greater},
               Case{0xffff'ffff, 0, std::partial_ordering::less},
               Case{0, 0x7fff'ffff, std::partial_ordering::less},
               Case{0, 0x8000'0000, std::partial_ordering::unordered},
               Case{0x8000'0000, 0, std::partial_ordering::unordered},
               Case{0, 0x8000'0001, std::partial_ordering::greater},
               Case{7, 7, std::partial_ordering::equivalent});
  CAPTURE(c.a, c.b);
  CHECK(((Serial(c.a) <=> Serial(c.b)) == c.want));
}

TEST_CASE("next is always after", "[dns][serial]") {
  const auto v = GENERATE(take(200, random<std::int64_t>(0, 0xffff'ffff)));
  const Serial s(static_cast<std::uint32_t>(v));
  CHECK(s < s.next());
}

TEST_CASE("zero follows the greatest serial", "[dns][serial]") {
  CHECK(Serial(0xffff'ffff).next() == Serial(0));
}

}  // namespace taproot::dns
