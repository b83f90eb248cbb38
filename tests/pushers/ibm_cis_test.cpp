#include "pushers/drivers/ibm_cis.hpp"

#include "tests/pushers/values.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace taproot::pushers {

using namespace test;

namespace {

constexpr const char* canary = "canary+cis/9";
using Json = nlohmann::json;

IbmCis driver() {
  return IbmCis({"https://api.cis.cloud.ibm.com/",
                 "https://iam.cloud.ibm.com",
                 "crn:v1:a/b::",
                 Secret(canary),
                 {}});
}

const Call call{WallTime(std::chrono::hours(500'000)), "token-9"};

Response json(int status, const Json& body) {
  return {{status, {}, body.dump(), false}, std::nullopt};
}

}  // namespace

TEST_CASE("a token of IBM's", "[pushers][ibm-cis]") {
  const auto request = driver().login(call);
  REQUIRE(request);
  CHECK(request->url == "https://iam.cloud.ibm.com/identity/token");
  CHECK(request->body ==
        "grant_type=urn%3Aibm%3Aparams%3Aoauth%3Agrant-type%3Aapikey"
        "&apikey=canary%2Bcis%2F9");
  const auto answer = [](int status, const Json& body) {
    return driver().parse_login(call, json(status, body));
  };
  CHECK(*answer(200, {{"access_token", "ey.x"}}).value() == "ey.x");
  CHECK(answer(200, {{"access_token", ""}}).trouble() != nullptr);
  CHECK(answer(200, nullptr).trouble()->kind == TroubleKind::incomplete_read);
  const auto wrong = answer(400, {{"errorCode", "BXNIM0415E"}, {"errorMessage", canary}});
  CHECK(wrong.trouble()->kind == TroubleKind::auth);
  CHECK(wrong.trouble()->words.find(canary) == std::string::npos);
  CHECK(answer(502, nullptr).trouble()->kind == TroubleKind::retry_after);
}

TEST_CASE("Cloudflare's API below the name of an instance", "[pushers][ibm-cis]") {
  const auto find = driver().find_zone(call, name("@"));
  CHECK(find.url == "https://api.cis.cloud.ibm.com/v1/crn%3Av1%3Aa%2Fb%3A%3A/zones?per_page=1000");
  CHECK(net::find_header(find.headers, "Authorization") == "Bearer token-9");
  CHECK(net::find_header(find.headers, "X-Auth-User-Token") == "Bearer token-9");
  LiveZone live;
  live.zone = {name("@"), "z1"};
  const auto requests = driver().apply(
      call, live, {{std::nullopt, rrset("_sip._tcp.a 300 SRV 1 2 3 sip.example.net."), 0}});
  REQUIRE(requests.size() == 1);
  CHECK(Json::parse(requests[0].body)["posts"][0]["data"] == Json{{"service", "_sip"},
                                                                  {"proto", "_tcp"},
                                                                  {"name", "a.example.org"},
                                                                  {"priority", 1},
                                                                  {"weight", 2},
                                                                  {"port", 3},
                                                                  {"target", "sip.example.net"}});
}

TEST_CASE("a zone that is not on the first page of IBM's list", "[pushers][ibm-cis]") {
  const auto seen = [](unsigned total) {
    const Json zones = Json::array({{{"id", "a1"}, {"name", "example.net"}}});
    const Json info{{"page", 1}, {"per_page", 1}, {"count", 1}, {"total_count", total}};
    return driver().parse_find(
        call, name("@"), json(200, {{"success", true}, {"result", zones}, {"result_info", info}}));
  };
  CHECK(seen(1).is_absent());
  REQUIRE(seen(2).trouble() != nullptr);
  CHECK(seen(2).trouble()->kind == TroubleKind::permanent);
}

}  // namespace taproot::pushers
