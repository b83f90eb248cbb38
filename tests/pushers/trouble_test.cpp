#include "pushers/trouble.hpp"

#include <catch2/catch.hpp>

namespace taproot::pushers {

using std::chrono::seconds;

TEST_CASE("a status means one kind of trouble", "[pushers][trouble]") {
  struct Case {
    int status;
    TroubleKind read;
    TroubleKind write;
  };
  using K = TroubleKind;
  const auto c = GENERATE(
      Case{200, K::incomplete_read, K::unknown_outcome},
      Case{206, K::incomplete_read, K::unknown_outcome}, Case{301, K::permanent, K::permanent},
      Case{302, K::permanent, K::permanent}, Case{400, K::permanent, K::permanent},
      Case{401, K::auth, K::auth}, Case{403, K::auth, K::auth},
      Case{408, K::retry_after, K::unknown_outcome}, Case{409, K::retry_after, K::conflict},
      Case{412, K::retry_after, K::conflict}, Case{413, K::permanent, K::permanent},
      Case{422, K::permanent, K::permanent}, Case{423, K::retry_after, K::retry_after},
      Case{429, K::retry_after, K::retry_after}, Case{500, K::retry_after, K::unknown_outcome},
      Case{502, K::retry_after, K::unknown_outcome}, Case{503, K::retry_after, K::unknown_outcome});
  CAPTURE(c.status);
  net::HttpResponse response;
  response.status = c.status;
  CHECK(trouble_of(response, Access::read, "", WallTime{}).kind == c.read);
  CHECK(trouble_of(response, Access::write, "", WallTime{}).kind == c.write);
}

TEST_CASE("no response at all leaves a doubt after a write only", "[pushers][trouble]") {
  const Error timeout{Errc::timed_out, "timed out"};
  CHECK(trouble_of(timeout, Access::read).kind == TroubleKind::retry_after);
  CHECK(trouble_of(timeout, Access::write).kind == TroubleKind::unknown_outcome);
  const Error unsendable{Errc::bad_text, "bad URL"};
  CHECK(trouble_of(unsendable, Access::write).kind == TroubleKind::permanent);
  const Error huge{Errc::too_large, "too large"};
  CHECK(trouble_of(huge, Access::read).kind == TroubleKind::retry_after);
  CHECK(trouble_of(huge, Access::write).kind == TroubleKind::unknown_outcome);
}

TEST_CASE("Retry-After is seconds or a date", "[pushers][trouble]") {
  struct Case {
    const char* header;
    std::optional<seconds> want;
  };
  const WallTime now{seconds(784111700)};  // Sun, 06 Nov 1994 08:48:20 GMT
  const auto c =
      GENERATE(Case{"7", seconds(7)}, Case{"0", seconds(0)},
               Case{"Sun, 06 Nov 1994 08:49:37 GMT", seconds(77)},
               Case{"Sun, 06 Nov 1994 08:40:00 GMT", std::nullopt}, Case{"", std::nullopt},
               Case{"soon", std::nullopt}, Case{"7 s", std::nullopt}, Case{"-7", std::nullopt},
               Case{"99999999999999999999", std::nullopt});
  CAPTURE(c.header);
  net::HttpResponse response;
  response.headers = {{"retry-after", c.header}};
  CHECK(retry_after(response, now) == c.want);
}

TEST_CASE("words from outside become one short line", "[pushers][trouble]") {
  CHECK(one_line("  a\n\tb\r\n c ") == "a b c");
  CHECK(one_line("\x1b[31mred\xff\x01") == "?[31mred??");
  CHECK(one_line(std::string(500, 'x'), 10).size() <= 13);
}

}  // namespace taproot::pushers
