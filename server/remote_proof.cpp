#include "server/remote_proof.hpp"

#include "dns/tsig.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

namespace taproot::server {

namespace {

constexpr std::size_t key_octets = 32;
constexpr std::size_t signature_octets = 64;
constexpr std::size_t digest_digits = 64;
constexpr std::string_view blanks = " \t\r\n";

struct FreeOpenSsl {
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
};
template <class T>
using Owned = std::unique_ptr<T, FreeOpenSsl>;

const unsigned char* octets_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string without_blanks(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (blanks.find(c) == blanks.npos) out += c;
  }
  return out;
}

/// One line of a checksum file: "DIGEST  NAME", "DIGEST *NAME" or "DIGEST".
struct ChecksumLine {
  std::string digest;
  std::string_view name;
};

std::optional<ChecksumLine> checksum_line(std::string_view line) {
  while (!line.empty() && blanks.find(line.back()) != blanks.npos) line.remove_suffix(1);
  std::string digest(line.substr(0, digest_digits));
  for (char& c : digest) {
    if (c >= 'A' && c <= 'F') c = static_cast<char>(c + 32);
  }
  const bool is_hex = std::all_of(digest.begin(), digest.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
  if (digest.size() != digest_digits || !is_hex) return std::nullopt;
  auto rest = line.substr(digest_digits);
  if (rest.empty()) return ChecksumLine{std::move(digest), rest};
  if (rest.size() < 3 || rest[0] != ' ' || (rest[1] != ' ' && rest[1] != '*')) return std::nullopt;
  rest.remove_prefix(2);
  const auto slash = rest.rfind('/');
  if (slash != rest.npos) rest.remove_prefix(slash + 1);
  return ChecksumLine{std::move(digest), rest};
}

}  // namespace

std::string sha256_of(std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> hash{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), hash.data(), &size, EVP_sha256(), nullptr);
  std::string hex;
  for (std::size_t i = 0; i < size; ++i) {
    hex += "0123456789abcdef"[hash[i] >> 4];
    hex += "0123456789abcdef"[hash[i] & 15];
  }
  return hex;
}

Result<std::string> sha256_in(std::string_view checksum_file, std::string_view file_name) {
  std::optional<ChecksumLine> only;
  std::size_t lines = 0;
  while (!checksum_file.empty()) {
    const auto end = std::min(checksum_file.find('\n'), checksum_file.size());
    const auto text = checksum_file.substr(0, end);
    checksum_file.remove_prefix(std::min(end + 1, checksum_file.size()));
    if (text.find_first_not_of(blanks) == text.npos) continue;
    auto line = checksum_line(text);
    if (!line) return fail(Errc::bad_text, "is not what sha256sum writes");
    if (line->name == file_name) return std::move(line->digest);
    ++lines;
    only = std::move(line);
  }
  if (lines == 1) return std::move(only->digest);
  if (lines == 0) return fail(Errc::bad_text, "is empty");
  return fail(Errc::not_found, "has no line for this document");
}

Result<std::string> ed25519_key_from_text(const std::string& text) {
  if (text.find("-----BEGIN") == std::string::npos) {
    auto octets = dns::base64_decode(without_blanks(text));
    if (octets && octets->size() == key_octets) return std::move(*octets);
    return fail(Errc::bad_text, "is neither PEM nor base64 of 32 octets");
  }
  const Owned<BIO> bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  // No password is ever asked for: a public key has none.
  const Owned<EVP_PKEY> key(
      PEM_read_bio_PUBKEY(bio.get(), nullptr, [](char*, int, int, void*) { return -1; }, nullptr));
  std::string octets(key_octets, '\0');
  std::size_t size = octets.size();
  const bool is_ed25519 =
      key && EVP_PKEY_get_id(key.get()) == EVP_PKEY_ED25519 &&
      EVP_PKEY_get_raw_public_key(key.get(), reinterpret_cast<unsigned char*>(octets.data()),
                                  &size) == 1;
  if (!is_ed25519 || size != key_octets) {
    return fail(Errc::bad_text, "is not an Ed25519 public key in PEM");
  }
  return octets;
}

Result<void> check_ed25519(std::string_view text, std::string_view signature,
                           std::string_view key) {
  std::string octets(signature);
  if (octets.size() != signature_octets) {
    auto decoded = dns::base64_decode(without_blanks(signature));
    if (!decoded || decoded->size() != signature_octets) {
      return fail(Errc::bad_text, "is neither 64 octets nor base64 of them");
    }
    octets = std::move(*decoded);
  }
  const Owned<EVP_PKEY> signer(
      EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, octets_of(key), key.size()));
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  const bool is_genuine =
      signer && context &&
      EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, signer.get()) == 1 &&
      EVP_DigestVerify(context.get(), octets_of(octets), octets.size(), octets_of(text),
                       text.size()) == 1;
  if (!is_genuine) return fail(Errc::refused, "is not one of this document by the key configured");
  return {};
}

}  // namespace taproot::server
