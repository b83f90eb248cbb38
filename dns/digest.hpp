#pragma once

#include "dns/octets.hpp"

#include <openssl/types.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace taproot::dns {

/// A running digest of SHA-2.
class Digest {
 public:
  enum class Algorithm { sha256, sha384, sha512 };

  /// Throws std::runtime_error if OpenSSL cannot do it at all (out of memory, a crippled build).
  explicit Digest(Algorithm algorithm);

  void add(Octets octets);
  /// The digest of all that was added. The object is spent.
  std::vector<std::uint8_t> finish();

 private:
  struct Free {
    void operator()(EVP_MD_CTX* context) const noexcept;
  };
  std::unique_ptr<EVP_MD_CTX, Free> context_;
};

}  // namespace taproot::dns
