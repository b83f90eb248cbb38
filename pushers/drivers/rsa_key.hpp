#pragma once

#include "dns/result.hpp"
#include "dns/secret.hpp"

#include <openssl/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace taproot::pushers {

/// A private RSA key that signs requests. Never changes; copies share it.
class RsaKey {
 public:
  /// Reads PEM (PKCS#1 or PKCS#8), encrypted with `passphrase` or not. Fails with Errc::bad_text
  /// and words like "is encrypted, …", without showing what is in it.
  static Result<RsaKey> from_pem(const Secret& pem, const Secret& passphrase = Secret());

  /// RSASSA-PKCS1-v1_5 with SHA-256, as of RS256 and rsa-sha256.
  Result<std::vector<std::uint8_t>> sign_sha256(std::string_view text) const;

  /// The MD5 of the public key (DER, SubjectPublicKeyInfo), as "20:3b:97:…". Fails with
  /// Errc::bad_text where OpenSSL may not do MD5.
  Result<std::string> fingerprint() const;

 private:
  explicit RsaKey(std::shared_ptr<EVP_PKEY> key) : key_(std::move(key)) {}

  std::shared_ptr<EVP_PKEY> key_;
};

}  // namespace taproot::pushers
