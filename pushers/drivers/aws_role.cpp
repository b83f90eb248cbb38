#include "pushers/drivers/aws_role.hpp"

#include "pushers/base_url.hpp"
#include "pushers/drivers/json_answer.hpp"

#include <pugixml.hpp>

#include <array>
#include <ctime>
#include <string_view>

namespace taproot::pushers {

namespace {

/// "eu-west-1" of "https://sts.eu-west-1.amazonaws.com"; the service without a region is in the
/// first one.
std::string region_of(std::string_view url) {
  constexpr std::string_view begin = "https://sts.";
  if (!url.starts_with(begin)) return "us-east-1";
  url.remove_prefix(begin.size());
  const auto part = url.substr(0, url.find('.'));
  return part == "amazonaws" ? "us-east-1" : std::string(part);
}

/// As the service writes times, which compare as texts.
std::string time_text(WallTime now) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return {text.data(), size};
}

}  // namespace

Request assume_role(const AwsRole& role, const AwsCredentials& credentials, WallTime now) {
  Request request;
  request.method = "POST";
  request.url = without_slash(role.url) + "/";
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
  request.body =
      "Action=AssumeRole&Version=2011-06-15&DurationSeconds=900&RoleSessionName=taproot"
      "&RoleArn=" +
      percent_encoded(role.arn);
  if (!role.external_id.empty()) request.body += "&ExternalId=" + percent_encoded(role.external_id);
  sign_v4(request, credentials, {region_of(role.url), "sts"}, now);
  return request;
}

std::optional<AwsCredentials> credentials_of_role(const Response& response, WallTime now) {
  pugi::xml_document document;
  if (!document.load_buffer(response.body.data(), response.body.size())) return std::nullopt;
  const auto found =
      document.child("AssumeRoleResponse").child("AssumeRoleResult").child("Credentials");
  const std::string id = found.child("AccessKeyId").text().get();
  const std::string secret = found.child("SecretAccessKey").text().get();
  const std::string token = found.child("SessionToken").text().get();
  const std::string end = found.child("Expiration").text().get();
  const bool is_whole = !id.empty() && !secret.empty() && !token.empty() && is_visible(id) &&
                        is_visible(secret) && is_visible(token);
  if (!is_whole || end <= time_text(now)) return std::nullopt;
  return AwsCredentials{id, Secret(secret), Secret(token)};
}

std::string session_of(const AwsCredentials& credentials) {
  return credentials.key_id + "\n" + std::string(credentials.secret.reveal()) + "\n" +
         std::string(credentials.session_token.reveal());
}

AwsCredentials credentials_of_session(const std::string& session) {
  const auto first = session.find('\n');
  const auto second = first == std::string::npos ? first : session.find('\n', first + 1);
  if (second == std::string::npos) return {};
  return {session.substr(0, first), Secret(session.substr(first + 1, second - first - 1)),
          Secret(session.substr(second + 1))};
}

}  // namespace taproot::pushers
