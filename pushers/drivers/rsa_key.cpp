#include "pushers/drivers/rsa_key.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace taproot::pushers {

namespace {

struct Free {
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
  void operator()(unsigned char* octets) const noexcept { OPENSSL_free(octets); }
};

struct Passphrase {
  std::string_view octets;
  bool was_wanted = false;
};

/// OpenSSL asks for the passphrase with this; without it, it would ask the terminal.
int give_passphrase(char* where, int size, int, void* given) noexcept {
  auto& passphrase = *static_cast<Passphrase*>(given);
  passphrase.was_wanted = true;
  if (passphrase.octets.empty() || passphrase.octets.size() > static_cast<std::size_t>(size)) {
    return -1;
  }
  std::memcpy(where, passphrase.octets.data(), passphrase.octets.size());
  return static_cast<int>(passphrase.octets.size());
}

tl::unexpected<Error> bad_key() {
  return fail(Errc::bad_text, "has a private key that cannot be read");
}

}  // namespace

Result<RsaKey> RsaKey::from_pem(const Secret& pem, const Secret& passphrase) {
  const auto octets = pem.reveal();
  const std::unique_ptr<BIO, Free> bio(
      BIO_new_mem_buf(octets.data(), static_cast<int>(octets.size())));
  if (bio == nullptr) return bad_key();
  Passphrase given{passphrase.reveal()};
  std::shared_ptr<EVP_PKEY> key(
      PEM_read_bio_PrivateKey(bio.get(), nullptr, give_passphrase, &given), EVP_PKEY_free);
  if (key == nullptr && given.was_wanted) {
    return fail(Errc::bad_text, passphrase.empty()
                                    ? "has a private key that is encrypted, and no passphrase"
                                    : "has a private key that its passphrase does not open");
  }
  if (key == nullptr || EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA) return bad_key();
  return RsaKey(std::move(key));
}

Result<std::vector<std::uint8_t>> RsaKey::sign_sha256(std::string_view text) const {
  const std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
  std::size_t size = 0;
  const auto* data = reinterpret_cast<const unsigned char*>(text.data());
  if (EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) != 1 ||
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

Result<std::string> RsaKey::fingerprint() const {
  unsigned char* raw = nullptr;
  const int size = i2d_PUBKEY(key_.get(), &raw);
  const std::unique_ptr<unsigned char, Free> der(raw);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned digest_size = 0;
  if (size <= 0 || EVP_Digest(der.get(), static_cast<std::size_t>(size), digest.data(),
                              &digest_size, EVP_md5(), nullptr) != 1) {
    return fail(Errc::bad_text, "has a private key whose fingerprint (MD5) cannot be computed");
  }
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (unsigned i = 0; i < digest_size; ++i) {
    if (!text.empty()) text += ':';
    text += digits[digest[i] >> 4];
    text += digits[digest[i] & 15];
  }
  return text;
}

}  // namespace taproot::pushers
