#include "config_world.hpp"

#include "server/config_secret.hpp"

#include <catch2/catch.hpp>

using namespace taproot;
using namespace taproot::server;

namespace {

constexpr const char* octets = "01234567890123456789012345678901";
const std::string base64 = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

}  // namespace

TEST_CASE("a TSIG secret is read in every form people have", "[server][config]") {
  const auto text =
      GENERATE(as<std::string>(), base64, "  " + base64 + "\n", "k.example.:hmac-sha256:" + base64,
               "K.example:HMAC-SHA256:" + base64 + "\n",
               "key \"k.example\" {\n\talgorithm hmac-sha256;\n\tsecret \"" + base64 + "\";\n};\n");
  const auto secret = tsig_secret_from_text(Secret(text), dns::Name::from_text("k.example").value(),
                                            dns::TsigAlgorithm::hmac_sha256);
  INFO(text);
  REQUIRE(secret);
  CHECK(secret->reveal() == octets);
}

TEST_CASE("what is no TSIG secret is refused without showing it", "[server][config]") {
  const auto text =
      GENERATE(as<std::string>(), "", "canary!", "k.example:hmac-sha256:canary!",
               "k.example:canary:" + base64, "key \"k.example\" { secret \"canary\"; }",
               "other:hmac-sha256:" + base64, "k.example:hmac-sha512:" + base64);
  const auto secret = tsig_secret_from_text(Secret(text), dns::Name::from_text("k.example").value(),
                                            dns::TsigAlgorithm::hmac_sha256);
  INFO(text);
  REQUIRE_FALSE(secret);
  CHECK_THAT(secret.error().detail, !Catch::Contains("canary") && !Catch::Contains("MDEy"));
}

TEST_CASE("secret files are read within bounds", "[server][config]") {
  const TestFolder folder;
  const auto good = read_secret_file(folder.file("good", "  hunter2 \n"));
  REQUIRE(good);
  CHECK(good->secret.reveal() == "hunter2");
  CHECK_FALSE(good->exposed);
  CHECK(read_secret_file(folder.file("group", "x", 0640))->exposed);
  CHECK(read_secret_file(folder.path() / "nothing").error().code == Errc::not_found);
  CHECK(read_secret_file(folder.path()).error().code == Errc::io);
  CHECK(read_secret_file(folder.file("large", std::string(70'000, 'x'))).error().code ==
        Errc::too_large);
}

TEST_CASE("secrets come from commands, within bounds", "[server][config]") {
  const auto run = ConfigWorld::real().run;
  const auto said = run("echo hunter2");
  REQUIRE(said);
  CHECK(said->reveal() == "hunter2");
  const auto failed = run("echo canary; exit 3");
  REQUIRE_FALSE(failed);
  CHECK_THAT(failed.error().detail, Catch::Contains("exit code 3") && !Catch::Contains("canary"));
  CHECK(run("yes").error().code == Errc::too_large);
  CHECK(run("kill -9 $$").error().code == Errc::io);
}

TEST_CASE("references to secrets are followed", "[server][config]") {
  const auto world = test_world({{"KEY", " hunter2\n"}}, Secret("said"));
  CHECK(follow_secret_reference("env:KEY", world)->reveal() == "hunter2");
  CHECK(follow_secret_reference("exec: pass show x", world)->reveal() == "said");
  CHECK(follow_secret_reference("env:NONE", world).error().code == Errc::not_found);
  CHECK_FALSE(is_secret_reference("hunter2"));
}
