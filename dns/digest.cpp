#include "dns/digest.hpp"

#include <openssl/evp.h>

#include <stdexcept>

namespace taproot::dns {

namespace {

const EVP_MD* method_of(Digest::Algorithm algorithm) {
  switch (algorithm) {
    case Digest::Algorithm::sha256:
      return EVP_sha256();
    case Digest::Algorithm::sha384:
      return EVP_sha384();
    case Digest::Algorithm::sha512:
      return EVP_sha512();
  }
  return nullptr;
}

void demand(bool done) {
  if (!done) throw std::runtime_error("OpenSSL cannot make a SHA-2 digest");
}

}  // namespace

void Digest::Free::operator()(EVP_MD_CTX* context) const noexcept {
  EVP_MD_CTX_free(context);
}

Digest::Digest(Algorithm algorithm) : context_(EVP_MD_CTX_new()) {
  demand(context_ != nullptr);
  demand(EVP_DigestInit_ex(context_.get(), method_of(algorithm), nullptr) == 1);
}

void Digest::add(Octets octets) {
  demand(EVP_DigestUpdate(context_.get(), octets.data(), octets.size()) == 1);
}

std::vector<std::uint8_t> Digest::finish() {
  std::vector<std::uint8_t> digest(EVP_MAX_MD_SIZE);
  unsigned size = 0;
  demand(EVP_DigestFinal_ex(context_.get(), digest.data(), &size) == 1);
  digest.resize(size);
  return digest;
}

}  // namespace taproot::dns
