#include "dns/tsig.hpp"

#include <catch2/catch.hpp>

namespace taproot::dns {

namespace {

Octets octets_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

}  // namespace

TEST_CASE("base64 follows the examples of RFC 4648 section 10", "[dns][base64]") {
  struct Case {
    const char* octets;
    const char* text;
  };
  const auto c =
      GENERATE(Case{"", ""}, Case{"f", "Zg=="}, Case{"fo", "Zm8="}, Case{"foo", "Zm9v"},
               Case{"foob", "Zm9vYg=="}, Case{"fooba", "Zm9vYmE="}, Case{"foobar", "Zm9vYmFy"});
  CHECK(base64_encode(octets_of(c.octets)) == c.text);
  const auto octets = base64_decode(c.text);
  REQUIRE(octets);
  CHECK(*octets == c.octets);
}

TEST_CASE("blanks in base64 are skipped", "[dns][base64]") {
  const auto octets = base64_decode(" Zm9v\n\tYm Fy ");
  REQUIRE(octets);
  CHECK(*octets == "foobar");
}

TEST_CASE("what is not base64 is refused and never shown", "[dns][base64]") {
  const auto* text = GENERATE("Z", "Zg", "Zg=", "Zg===", "Z===", "====", "Zg==Zg==", "Zm9v!",
                              "Zh==", "Zm9=", "Zg==\xc3\xa9", "Zm=v");
  CAPTURE(text);
  const auto octets = base64_decode(text);
  REQUIRE_FALSE(octets);
  CHECK(octets.error().code == Errc::bad_text);
  CHECK(octets.error().detail.find(text) == std::string::npos);
}

}  // namespace taproot::dns
