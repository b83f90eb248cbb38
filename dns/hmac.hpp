#pragma once

#include "dns/octets.hpp"
#include "dns/tsig.hpp"

#include <openssl/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace taproot::dns {

/// A finished MAC, at most as long as that of SHA-512.
struct Mac {
  std::array<std::uint8_t, 64> octets{};
  std::size_t size = 0;

  Octets view() const { return Octets(octets).first(size); }
};

/// One running HMAC with one key. Used again after finish().
class Hmac {
 public:
  /// Throws std::runtime_error if OpenSSL cannot do it at all (out of memory, a crippled build).
  explicit Hmac(const TsigKey& key);

  void add(Octets octets);
  /// A 16-bit number in network order.
  void add_u16(std::uint16_t value);
  /// Forgets what was added.
  void reset();
  /// The MAC of all that was added; the next add() begins anew.
  Mac finish();

 private:
  struct Free {
    void operator()(EVP_MAC_CTX* context) const noexcept;
  };
  std::unique_ptr<EVP_MAC_CTX, Free> context_;
};

/// Compares in a time that depends on the size alone.
bool same_mac(Octets a, Octets b);

}  // namespace taproot::dns
