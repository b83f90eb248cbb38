#include "pushers/drivers/google_key.hpp"

#include "dns/tsig.hpp"
#include "pushers/base_url.hpp"
#include "pushers/drivers/json_answer.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <memory>
#include <vector>

namespace taproot::pushers {

namespace {

using Json = nlohmann::json;

constexpr std::chrono::hours lifetime{1};

struct Free {
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};

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

tl::unexpected<Error> bad_key() {
  return fail(Errc::bad_text, "has a private key that cannot be read");
}

Result<std::vector<std::uint8_t>> sign_rs256(const Secret& pem, const std::string& text) {
  const auto octets = pem.reveal();
  const std::unique_ptr<BIO, Free> bio(
      BIO_new_mem_buf(octets.data(), static_cast<int>(octets.size())));
  if (bio == nullptr) return bad_key();
  const std::unique_ptr<EVP_PKEY, Free> key(
      PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  if (key == nullptr || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) return bad_key();
  const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
  std::size_t size = 0;
  const auto* data = reinterpret_cast<const unsigned char*>(text.data());
  if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, data, text.size()) != 1) {
    return bad_key();
  }
  std::vector<std::uint8_t> signature(size);
  if (EVP_DigestSign(context.get(), signature.data(), &size, data, text.size()) != 1) {
    return bad_key();
  }
  signature.resize(size);
  return signature;
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
  if (!sign_rs256(key.private_key, "")) return bad_key();
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
  const auto signature = sign_rs256(key.private_key, text);
  if (!signature) return tl::unexpected(signature.error());
  return text + "." + base64_url(*signature);
}

}  // namespace taproot::pushers
