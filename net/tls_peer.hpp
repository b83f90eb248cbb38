#pragma once

#include "dns/octets.hpp"
#include "dns/result.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace taproot::net {

/// The SHA-256 digest of a certificate's SubjectPublicKeyInfo (RFC 7858 section 4.2): names one
/// key pair, whoever vouches for it and however often its certificate is renewed.
class SpkiPin {
 public:
  static constexpr std::size_t size = 32;

  /// Reads base64 of 32 octets. Fails with Errc::bad_text.
  static Result<SpkiPin> from_text(std::string_view text);
  /// The digest itself; fails with Errc::bad_text unless it has 32 octets.
  static Result<SpkiPin> from_digest(Octets digest);

  /// base64, as from_text() reads it.
  std::string to_text() const;

  friend bool operator==(const SpkiPin&, const SpkiPin&) = default;

 private:
  std::array<std::uint8_t, size> digest_{};
};

/// Who is at the other end of a TLS connection, as far as proven in the handshake.
struct TlsPeer {
  /// The dNSNames of its certificate (subjectAltName) in small letters, without the last dot;
  /// empty unless an authority that we trust vouches for the certificate and it is in date.
  std::vector<std::string> names;
  /// Its key pair, also of a certificate nobody vouches for; none if it showed no certificate.
  std::optional<SpkiPin> pin;
  /// Why `names` is empty although a certificate was shown: "certificate has expired".
  std::string why_nameless;
};

}  // namespace taproot::net
