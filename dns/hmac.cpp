#include "dns/hmac.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <stdexcept>

namespace taproot::dns {

namespace {

void must(bool done) {
  if (!done) throw std::runtime_error("OpenSSL cannot compute an HMAC");
}

/// Fetched once, as looking it up costs more than a MAC; never changes and is never freed.
EVP_MAC* hmac_method() {
  static EVP_MAC* const method = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  return method;
}

const char* digest_name(TsigAlgorithm algorithm) {
  switch (algorithm) {
    case TsigAlgorithm::hmac_sha224:
      return "SHA224";
    case TsigAlgorithm::hmac_sha256:
      return "SHA256";
    case TsigAlgorithm::hmac_sha384:
      return "SHA384";
    case TsigAlgorithm::hmac_sha512:
      return "SHA512";
    case TsigAlgorithm::hmac_sha1:
      return "SHA1";
    case TsigAlgorithm::hmac_md5:
      return "MD5";
  }
  return "SHA256";
}

}  // namespace

bool is_available(TsigAlgorithm algorithm) {
  EVP_MD* const digest = EVP_MD_fetch(nullptr, digest_name(algorithm), nullptr);
  EVP_MD_free(digest);
  return digest != nullptr && hmac_method() != nullptr;
}

std::size_t mac_size(TsigAlgorithm algorithm) {
  switch (algorithm) {
    case TsigAlgorithm::hmac_sha224:
      return 28;
    case TsigAlgorithm::hmac_sha256:
      return 32;
    case TsigAlgorithm::hmac_sha384:
      return 48;
    case TsigAlgorithm::hmac_sha512:
      return 64;
    case TsigAlgorithm::hmac_sha1:
      return 20;
    case TsigAlgorithm::hmac_md5:
      return 16;
  }
  return 64;
}

void Hmac::Free::operator()(EVP_MAC_CTX* context) const noexcept {
  EVP_MAC_CTX_free(context);
}

Hmac::Hmac(const TsigKey& key) {
  must(hmac_method() != nullptr);
  context_.reset(EVP_MAC_CTX_new(hmac_method()));
  must(context_ != nullptr);
  // OpenSSL reads the name only; its parameters are not const for other uses.
  char* digest = const_cast<char*>(digest_name(key.algorithm));
  const std::array params{OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                          OSSL_PARAM_construct_end()};
  const std::string_view secret = key.secret.reveal();
  must(EVP_MAC_init(context_.get(), reinterpret_cast<const unsigned char*>(secret.data()),
                    secret.size(), params.data()) == 1);
}

void Hmac::add(Octets octets) {
  must(EVP_MAC_update(context_.get(), octets.data(), octets.size()) == 1);
}

void Hmac::add_u16(std::uint16_t value) {
  const std::array<std::uint8_t, 2> octets{static_cast<std::uint8_t>(value >> 8),
                                           static_cast<std::uint8_t>(value)};
  add(octets);
}

Mac Hmac::finish() {
  Mac mac;
  must(EVP_MAC_final(context_.get(), mac.octets.data(), &mac.size, mac.octets.size()) == 1);
  reset();
  return mac;
}

void Hmac::reset() {
  must(EVP_MAC_init(context_.get(), nullptr, 0, nullptr) == 1);  // keeps the key
}

bool same_mac(Octets a, Octets b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace taproot::dns
