#include "pushers/drivers/sigv4.hpp"

#include "tests/pushers/values.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

namespace taproot::pushers {

namespace {

constexpr const char* secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

WallTime at(int year, int month, int day, int hour, int minute) {
  std::tm parts{};
  parts.tm_year = year - 1900;
  parts.tm_mon = month - 1;
  parts.tm_mday = day;
  parts.tm_hour = hour;
  parts.tm_min = minute;
  return std::chrono::system_clock::from_time_t(timegm(&parts));
}

std::string signature(net::HttpRequest request, const AwsScope& scope, WallTime now,
                      const std::string& token = "") {
  sign_v4(request, {"AKIDEXAMPLE", Secret(secret), Secret(token)}, scope, now);
  const auto header = net::find_header(request.headers, "Authorization");
  REQUIRE(header);
  const auto found = header->rfind("Signature=");
  return std::string(header->substr(found + 10));
}

net::HttpRequest get(const std::string& url) {
  net::HttpRequest request;
  request.url = url;
  return request;
}

std::string text_of(const std::filesystem::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

/// "GET /path HTTP/1.1", headers, an empty line and the body.
net::HttpRequest request_of(const std::string& text) {
  net::HttpRequest request;
  std::istringstream lines(text);
  std::string line;
  std::getline(lines, line);
  request.method = line.substr(0, line.find(' '));
  const auto target = line.substr(request.method.size() + 1);
  while (std::getline(lines, line) && !line.empty()) {
    const auto colon = line.find(':');
    const auto its_name = line.substr(0, colon);
    if (its_name == "Host") request.url = "https://" + line.substr(colon + 1);
    if (its_name != "Host") request.headers.emplace_back(its_name, line.substr(colon + 1));
  }
  request.url += target.substr(0, target.rfind(' '));
  request.body = {std::istreambuf_iterator<char>(lines), {}};
  return request;
}

/// What our signer has no use for: paths that are not as they are sent, headers over several lines,
/// and a token or a hash of the body that is added in ways of other services.
bool is_of_others(const std::string& name) {
  for (const auto* word : {"normalized", "utf8", "multiline", "sts-header-after", "space"}) {
    if (name.find(word) != std::string::npos) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("AWS's own suite of signatures", "[pushers][sigv4]") {
  const char* const folder = std::getenv("TAPROOT_SIGV4_SUITE");
  if (folder == nullptr) {
    WARN("not run: TAPROOT_SIGV4_SUITE does not name the folder of the suite (awslabs/aws-c-auth)");
    return;
  }
  std::size_t count = 0;
  for (const auto& one : std::filesystem::directory_iterator(folder)) {
    const std::string its_name = one.path().filename();
    const auto context = nlohmann::json::parse(text_of(one.path() / "context.json"));
    if (is_of_others(its_name) || context.value("sign_body", false)) continue;
    INFO(its_name);
    const auto& keys = context["credentials"];
    auto request = request_of(text_of(one.path() / "request.txt"));
    sign_v4(
        request,
        {keys["access_key_id"], Secret(keys["secret_access_key"]), Secret(keys.value("token", ""))},
        {context["region"], context["service"]}, at(2015, 8, 30, 12, 36));
    const auto header = net::find_header(request.headers, "Authorization").value_or("");
    CHECK_THAT(std::string(header),
               Catch::EndsWith("Signature=" + text_of(one.path() / "header-signature.txt")));
    ++count;
  }
  CHECK(count >= 15);
}

TEST_CASE("requests are signed as AWS publishes it", "[pushers][sigv4]") {
  auto request = get("https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08");
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded; charset=utf-8"}};
  CHECK(signature(request, {"us-east-1", "iam"}, at(2015, 8, 30, 12, 36)) ==
        "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
}

TEST_CASE("requests to Route 53 are signed", "[pushers][sigv4]") {
  const AwsScope scope{"us-east-1", "route53"};
  const auto now = at(2026, 1, 1, 0, 0);
  const std::string host = "https://route53.amazonaws.com/2013-04-01/hostedzone";
  CHECK(signature(get(host + "?maxitems=100"), scope, now) ==
        "115b014fb135f840df964bfe08d8bc7ddb3dc79bf367daebb2f023a9406b87cc");
  CHECK(signature(get(host + "?maxitems=100"), scope, now, "TOKENEXAMPLE") ==
        "36dfefed34898a42a1408e51c282c0125e7048071c6b6c5b4cd5535fdf4fec25");
  CHECK(signature(get(host + "/Z1D633PJN98FT9/rrset?name=%2A.example.com.&type=A&maxitems=300"),
                  scope,
                  now) == "2b9c0a502bf2b9fdc7b90a4cf349df0583ef2d04aaacf9faf02a54490b86a265");
  auto change = get(host + "/Z1D633PJN98FT9/rrset");
  change.method = "POST";
  change.body = "<x/>";
  change.headers = {{"content-type", "application/xml"}};
  CHECK(signature(change, scope, now) ==
        "bcc4954a5024eeea5fbefc9de31c6b95f79e74588cc70195437b0fcad38ed723");
}

TEST_CASE("headers are signed in order, trimmed, and together", "[pushers][sigv4]") {
  auto request = get("https://example.amazonaws.com");
  request.headers = {{"My-B", "  a   b  "}, {"my-a", "2"}, {"MY-A", "1"}};
  sign_v4(request, {"AKIDEXAMPLE", Secret(secret), {}}, {"us-east-1", "service"},
          at(2015, 8, 30, 12, 36));
  const auto header = net::find_header(request.headers, "Authorization");
  REQUIRE(header);
  CHECK_THAT(std::string(*header),
             Catch::Contains("SignedHeaders=host;my-a;my-b;x-amz-date, Signature="));
  CHECK(net::find_header(request.headers, "X-Amz-Date") == "20150830T123600Z");
  CHECK_FALSE(net::find_header(request.headers, "X-Amz-Security-Token"));
  for (const auto& [name, value] : request.headers) {
    CHECK(value.find(secret) == std::string::npos);
  }
}

}  // namespace taproot::pushers
