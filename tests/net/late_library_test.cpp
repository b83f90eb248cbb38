#include "net/late_library.hpp"

#include <catch2/catch.hpp>

using taproot::net::LateLibrary;

TEST_CASE("a library that is loaded late has its functions under their names", "[net]") {
  const LateLibrary library("libm.so.6");
  double (*const cosine)(double) = library.find("cos");
  REQUIRE(cosine != nullptr);
  CHECK(cosine(0) == 1.0);
}

TEST_CASE("what cannot be loaded is named, with what to do", "[net]") {
  CHECK_THROWS_WITH(LateLibrary("libtaproot-has-none.so.1"),
                    Catch::Contains("libtaproot-has-none.so.1 cannot be loaded: install it again"));
  const LateLibrary library("libm.so.6");
  CHECK_THROWS_WITH(library.find("no_such_function"), Catch::Contains("libm.so.6"));
}
