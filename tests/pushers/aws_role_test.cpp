#include "pushers/drivers/aws_role.hpp"

#include "pushers/drivers/route53.hpp"
#include "tests/pushers/values.hpp"

#include <catch2/catch.hpp>

#include <ctime>

namespace taproot::pushers {

using namespace test;

namespace {

const AwsCredentials key{"AKIDEXAMPLE", Secret("canary-secret")};

/// 2015-08-30T12:36:00Z
WallTime now() {
  std::tm parts{};
  parts.tm_year = 115;
  parts.tm_mon = 7;
  parts.tm_mday = 30;
  parts.tm_hour = 12;
  parts.tm_min = 36;
  return std::chrono::system_clock::from_time_t(timegm(&parts));
}

Response answer(const std::string& body, int status = 200) {
  return {{status, {}, body, false}, std::nullopt};
}

std::string given(const std::string& end = "2015-08-30T12:51:00Z",
                  const std::string& secret = "s/+1") {
  return R"(<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">)"
         "<AssumeRoleResult><Credentials><AccessKeyId>ASIA1</AccessKeyId><SecretAccessKey>" +
         secret + "</SecretAccessKey><SessionToken>t==</SessionToken><Expiration>" + end +
         "</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>";
}

std::string header(const net::HttpRequest& request, std::string_view name) {
  return std::string(net::find_header(request.headers, name).value_or("-"));
}

Route53 driver() {
  Route53Config config;
  config.credentials = key;
  config.role.arn = "arn:aws:iam::123456789012:role/dns";
  return Route53(std::move(config));
}

}  // namespace

TEST_CASE("a role is asked for with the key's signature", "[pushers][route53]") {
  const auto request = assume_role({"arn:aws:iam::1:role/a+b", "x &=y"}, key, now());
  CHECK(request.method + " " + request.url == "POST https://sts.amazonaws.com/");
  CHECK(request.body ==
        "Action=AssumeRole&Version=2011-06-15&DurationSeconds=900&RoleSessionName=taproot"
        "&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fa%2Bb&ExternalId=x%20%26%3Dy");
  CHECK(header(request, "Authorization")
            .starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/sts/"
                         "aws4_request, SignedHeaders=content-type;host;x-amz-date, "));
  const auto there =
      assume_role({"arn:aws:iam::1:role/a", "", "https://sts.eu-west-1.amazonaws.com"}, key, now());
  CHECK(there.body.find("ExternalId") == std::string::npos);
  CHECK(header(there, "Authorization").find("/eu-west-1/sts/") != std::string::npos);
}

TEST_CASE("credentials of a role", "[pushers][route53]") {
  const auto read = credentials_of_role(answer(given()), now());
  REQUIRE(read);
  CHECK(read->key_id == "ASIA1");
  CHECK(read->secret.reveal() == "s/+1");
  CHECK(read->session_token.reveal() == "t==");
  const auto again = credentials_of_session(session_of(*read));
  CHECK(again.key_id == read->key_id);
  CHECK(again.secret == read->secret);
  CHECK(again.session_token == read->session_token);
  CHECK(credentials_of_session("nothing").key_id.empty());
  for (const auto& wrong : {given("2015-08-30T12:36:00Z"), given(""), given("2099", ""),
                            given("2099", "two\nlines"), std::string("<html/>"), std::string()}) {
    INFO(wrong);
    CHECK_FALSE(credentials_of_role(answer(wrong), now()));
  }
}

TEST_CASE("Route 53 is spoken to as the role", "[pushers][route53]") {
  const Call before{now(), ""};
  REQUIRE(driver().login(before));
  const auto session = driver().parse_login(before, answer(given()));
  REQUIRE(session.value() != nullptr);
  const Call call{now(), *session.value()};
  const auto request = driver().find_zone(call, name("@"));
  CHECK(header(request, "X-Amz-Security-Token") == "t==");
  CHECK(header(request, "Authorization").find("Credential=ASIA1/") != std::string::npos);
  const auto refused = driver().parse_login(
      before, answer("<ErrorResponse><Error><Code>AccessDenied</Code><Message>no canary-secret"
                     "</Message></Error></ErrorResponse>",
                     403));
  REQUIRE(refused.trouble() != nullptr);
  CHECK(refused.trouble()->kind == TroubleKind::auth);
  CHECK(refused.trouble()->words.find("canary") == std::string::npos);
  CHECK(driver().parse_login(before, answer("<html/>")).trouble()->kind ==
        TroubleKind::incomplete_read);
  Route53Config plain;
  plain.credentials = key;
  CHECK_FALSE(Route53(std::move(plain)).login(before));
}

}  // namespace taproot::pushers
