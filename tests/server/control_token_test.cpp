#include "config_world.hpp"

#include "server/control_auth.hpp"
#include "server/control_token.hpp"

#include <catch2/catch.hpp>

using namespace taproot;
using namespace taproot::server;
using namespace std::chrono_literals;

TEST_CASE("the token is made once, for its owner only", "[server][control]") {
  const TestFolder folder;
  const auto file = folder.path() / "control.token";
  CHECK(read_token(file).error().code == Errc::not_found);
  const auto made = read_or_make_token(file);
  REQUIRE(made);
  CHECK(made->reveal().size() == 43);
  CHECK(std::filesystem::status(file).permissions() ==
        (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
  CHECK(read_or_make_token(file)->reveal() == made->reveal());
  CHECK(read_token(file)->reveal() == made->reveal());
  const auto other = read_or_make_token(folder.path() / "other.token");
  REQUIRE(other);
  CHECK(other->reveal() != made->reveal());
}

TEST_CASE("a token that is no secret any more is refused", "[server][control]") {
  const TestFolder folder;
  const auto open = folder.file("open", std::string(43, 'x'), 0644);
  CHECK(read_or_make_token(open).error().code == Errc::refused);
  const auto half = folder.file("half", "canary");
  const auto refused = read_or_make_token(half);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::bad_text);
  CHECK_THAT(refused.error().detail, !Catch::Contains("canary"));
  CHECK(read_or_make_token(folder.path() / "no/folder").error().code == Errc::io);
}

TEST_CASE("the guard counts wrong tokens, not missing ones", "[server][control]") {
  using Verdict = TokenGuard::Verdict;
  TokenGuard guard(Secret("right"));
  const net::Instant start{};
  CHECK(guard.check(std::nullopt, start) == Verdict::missing);
  CHECK(guard.check("Basic right", start) == Verdict::missing);
  CHECK(guard.check("bearer right", start) == Verdict::allowed);
  CHECK(guard.check("Bearer righ", start) == Verdict::wrong);
  CHECK(guard.check("Bearer righT", start + 10s) == Verdict::wrong);
  CHECK(guard.check("Bearer ", start + 10s) == Verdict::wrong);
  CHECK(guard.check("Bearer right", start + 10s) == Verdict::allowed);
  CHECK(guard.check("Bearer x", start + 10s) == Verdict::wrong);
  CHECK(guard.check("Bearer y", start + 10s) == Verdict::wrong);
  CHECK(guard.check("Bearer right", start + 59s) == Verdict::too_many);
  CHECK(guard.check("Bearer right", start + 60s) == Verdict::allowed);
  CHECK(guard.check("Bearer z", start + 60s) == Verdict::wrong);
  CHECK(guard.check("Bearer z", start + 60s) == Verdict::too_many);
}
