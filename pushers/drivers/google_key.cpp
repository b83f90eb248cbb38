#include "pushers/drivers/google_key.hpp"

#include "dns/tsig.hpp"
#include "pushers/base_url.hpp"
#include "pushers/drivers/json_answer.hpp"
#include "pushers/drivers/rsa_key.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace taproot::pushers {

namespace {

using Json = nlohmann::json;

constexpr std::chrono::hours lifetime{1};

Octets octets_of(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

/// RFC 4648 section 5, without padding.
std::string base64_url(Octets octets) {
  std::string text = dns::base64_encode(octets);
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  while (text.ends_with('=')) text.pop_back();
  return text;
}

}  // namespace

Result<GoogleKey> google_key_from_json(const Secret& json) {
  const Json file = Json::parse(json.reveal(), nullptr, false);
  if (!file.is_object()) return fail(Errc::bad_text, "is not a JSON key file");
  GoogleKey key{text_of(file, "client_email"), text_of(file, "private_key_id"),
                Secret(text_of(file, "private_key")), text_of(file, "token_uri"),
                text_of(file, "project_id")};
  if (key.email.empty() || key.private_key.empty()) {
    return fail(Errc::bad_text, "lacks client_email or private_key");
  }
  if (key.token_url.empty()) key.token_url = "https://oauth2.googleapis.com/token";
  if (why_bad_url(key.token_url)) return fail(Errc::bad_text, "has a token_uri that is not https");
  if (auto rsa = RsaKey::from_pem(key.private_key); !rsa) return tl::unexpected(rsa.error());
  return key;
}

Result<std::string> google_assertion(const GoogleKey& key, const std::string& scope, WallTime now) {
  const auto seconds = std::chrono::system_clock::to_time_t(now);
  const Json header{{"alg", "RS256"}, {"typ", "JWT"}, {"kid", key.key_id}};
  const Json claims{
      {"iss", key.email},
      {"scope", scope},
      {"aud", key.token_url},
      {"iat", seconds},
      {"exp", seconds + std::chrono::duration_cast<std::chrono::seconds>(lifetime).count()}};
  const std::string text =
      base64_url(octets_of(header.dump())) + "." + base64_url(octets_of(claims.dump()));
  const auto rsa = RsaKey::from_pem(key.private_key);
  if (!rsa) return tl::unexpected(rsa.error());
  const auto signature = rsa->sign_sha256(text);
  if (!signature) return tl::unexpected(signature.error());
  return text + "." + base64_url(*signature);
}

}  // namespace taproot::pushers
