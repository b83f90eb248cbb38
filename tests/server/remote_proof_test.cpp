#include "server/remote_proof.hpp"

#include "server/remote_fetch.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>

#include <catch2/catch.hpp>

#include <memory>
#include <string>

using namespace taproot;
using namespace taproot::server;

namespace {

/// An Ed25519 key of the test.
class Signer {
 public:
  Signer() : key_(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")) {}
  ~Signer() { EVP_PKEY_free(key_); }
  Signer(const Signer&) = delete;
  Signer& operator=(const Signer&) = delete;

  std::string public_key() const {
    std::string octets(32, '\0');
    std::size_t size = octets.size();
    EVP_PKEY_get_raw_public_key(key_, reinterpret_cast<unsigned char*>(octets.data()), &size);
    return octets;
  }
  std::string pem() const {
    BIO* bio = BIO_new(BIO_s_mem());
    PEM_write_bio_PUBKEY(bio, key_);
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    std::string text(data, static_cast<std::size_t>(size));
    BIO_free(bio);
    return text;
  }
  std::string sign(const std::string& text) const {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    EVP_DigestSignInit(context, nullptr, nullptr, nullptr, key_);
    std::string signature(64, '\0');
    std::size_t size = signature.size();
    EVP_DigestSign(context, reinterpret_cast<unsigned char*>(signature.data()), &size,
                   reinterpret_cast<const unsigned char*>(text.data()), text.size());
    EVP_MD_CTX_free(context);
    return signature;
  }

 private:
  EVP_PKEY* key_;
};

std::string base64(const std::string& octets) {
  std::string out(4 * (octets.size() / 3 + 1) + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(octets.data()),
                                   static_cast<int>(octets.size()));
  out.resize(static_cast<std::size_t>(size));
  return out;
}

const std::string digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

}  // namespace

TEST_CASE("SHA-256 of abc is the known one", "[server][proof]") {
  CHECK(sha256_of("abc") == digest);
}

TEST_CASE("checksum files are read as sha256sum writes them", "[server][proof]") {
  const std::string other(64, '0');
  struct Case {
    std::string file, want;
  };
  const auto c = GENERATE_COPY(values<Case>(
      {{digest, digest},
       {digest + "\n", digest},
       {digest + "  z.yaml\n", digest},
       {digest + " *z.yaml\r\n", digest},
       {digest + "  /srv/zones/z.yaml\n", digest},
       {digest + "  another-name\n", digest},
       {"BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD  z.yaml", digest},
       {other + "  a.yaml\n" + digest + "  z.yaml\n", digest},
       {other + "  a.yaml\n" + other + "  b.yaml\n", ""},
       {"", ""},
       {"\n\n", ""},
       {digest.substr(1) + "  z.yaml\n", ""},
       {digest + "z.yaml\n", ""},
       {digest + "\tz.yaml\n", ""},
       {"<html>no</html>", ""}}));
  CAPTURE(c.file);
  CHECK(sha256_in(c.file, "z.yaml").value_or("") == c.want);
}

TEST_CASE("public keys are read from PEM and base64", "[server][proof]") {
  const Signer signer;
  CHECK(ed25519_key_from_text(signer.pem()).value_or("") == signer.public_key());
  CHECK(ed25519_key_from_text(base64(signer.public_key()) + "\n").value_or("") ==
        signer.public_key());
  EVP_PKEY* rsa = EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
  BIO* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PUBKEY(bio, rsa);
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  const std::string other(data, static_cast<std::size_t>(size));
  BIO_free(bio);
  EVP_PKEY_free(rsa);
  for (const auto& bad : {std::string(), std::string("!!!"), base64("short"), other,
                          std::string("-----BEGIN PUBLIC KEY-----\nMCow\n")}) {
    CAPTURE(bad);
    CHECK_FALSE(ed25519_key_from_text(bad));
  }
}

TEST_CASE("signatures are of this text by this key", "[server][proof]") {
  const Signer signer;
  const Signer other;
  const std::string text = "www: {type: A, value: 192.0.2.1}\n";
  const auto signature = signer.sign(text);
  CHECK(check_ed25519(text, signature, signer.public_key()));
  CHECK(check_ed25519(text, base64(signature) + "\n", signer.public_key()));
  CHECK_FALSE(check_ed25519(text + " ", signature, signer.public_key()));
  CHECK_FALSE(check_ed25519(text, signature, other.public_key()));
  CHECK_FALSE(check_ed25519(text, other.sign(text), signer.public_key()));
  CHECK_FALSE(check_ed25519(text, "", signer.public_key()));
  CHECK_FALSE(check_ed25519(text, std::string(64, '\0'), signer.public_key()));
  CHECK_FALSE(check_ed25519(text, signature.substr(1), signer.public_key()));
}

TEST_CASE("what is wanted as a proof must be there and right", "[server][proof]") {
  const Signer signer;
  RemoteConfig config;
  config.url = "https://h/z.yaml";
  RemoteOutcome fetched;
  fetched.text = "abc";
  CHECK_FALSE(why_not_genuine(config, fetched));
  config.has_checksum = true;
  CHECK(why_not_genuine(config, fetched)->rule == "source-checksum");
  fetched.checksum_file = std::string(64, '0') + "  z.yaml\n";
  CHECK(why_not_genuine(config, fetched)->rule == "source-checksum");
  CHECK(why_not_genuine(config, fetched)->is_refusal);
  fetched.checksum_file = digest + "  z.yaml\n";
  CHECK_FALSE(why_not_genuine(config, fetched));
  config.signer = signer.public_key();
  CHECK(why_not_genuine(config, fetched)->rule == "source-signature");
  fetched.signature = signer.sign("abd");
  CHECK(why_not_genuine(config, fetched)->rule == "source-signature");
  CHECK(why_not_genuine(config, fetched)->is_refusal);
  fetched.signature = signer.sign("abc");
  CHECK_FALSE(why_not_genuine(config, fetched));
}
