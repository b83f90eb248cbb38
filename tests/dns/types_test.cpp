#include "dns/types.hpp"

#include <catch2/catch.hpp>

namespace taproot::dns {

TEST_CASE("every type is read back from its own text", "[dns][types]") {
  for (unsigned number = 0; number <= 0xffff; ++number) {
    const auto type = static_cast<RRType>(number);
    const auto again = rrtype_from_text(to_text(type));
    if (!again || *again != type) {
      CAPTURE(number, to_text(type));
      REQUIRE(again);
      CHECK(*again == type);
    }
  }
}

TEST_CASE("types are read by mnemonic or number", "[dns][types]") {
  struct Case {
    const char* text;
    RRType want;
  };
  const auto c =
      GENERATE(Case{"A", RRType::A}, Case{"aaaa", RRType::AAAA}, Case{"Https", RRType::HTTPS},
               Case{"NULL", RRType::null}, Case{"TYPE1", RRType::A}, Case{"type257", RRType::CAA},
               Case{"NSEC3PARAM", RRType::NSEC3PARAM}, Case{"dsync", RRType::DSYNC},
               Case{"TYPE66", RRType::DSYNC}, Case{"TYPE0", RRType::none});
  CAPTURE(c.text);
  const auto type = rrtype_from_text(c.text);
  REQUIRE(type);
  CHECK(*type == c.want);
}

TEST_CASE("what is not a type is refused", "[dns][types]") {
  const auto* text =
      GENERATE("", "AA", "TYPE", "TYPE65536", "TYPE-1", "TYPE1x", "TYPE 1", "IN", "A ", "TYPE+1");
  CAPTURE(text);
  const auto type = rrtype_from_text(text);
  REQUIRE_FALSE(type);
  CHECK(type.error().code == Errc::bad_text);
}

TEST_CASE("meta types are those of RFC 6895", "[dns][types]") {
  CHECK(is_meta(RRType::none));
  CHECK(is_meta(RRType::OPT));
  CHECK(is_meta(RRType::TSIG));
  CHECK(is_meta(RRType::ANY));
  CHECK_FALSE(is_meta(RRType::A));
  CHECK_FALSE(is_meta(RRType::URI));
  CHECK_FALSE(is_meta(static_cast<RRType>(127)));
}

TEST_CASE("classes, opcodes and rcodes have their mnemonics", "[dns][types]") {
  CHECK(to_text(Class::IN) == "IN");
  CHECK(to_text(Class::none) == "NONE");
  CHECK(to_text(static_cast<Class>(7)) == "CLASS7");
  CHECK(to_text(Opcode::notify) == "NOTIFY");
  CHECK(to_text(static_cast<Opcode>(6)) == "OPCODE6");
  CHECK(to_text(Rcode::nxdomain) == "NXDOMAIN");
  CHECK(to_text(Rcode::badvers) == "BADVERS");
  CHECK(to_text(static_cast<Rcode>(4000)) == "RCODE4000");
}

}  // namespace taproot::dns
