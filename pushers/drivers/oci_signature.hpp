#pragma once

#include "net/http.hpp"
#include "pushers/drivers/rsa_key.hpp"
#include "pushers/trouble.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace taproot::pushers {

/// What signs requests to Oracle Cloud Infrastructure: the API key of a user, or that of a session.
struct OciKey {
  Secret id;  ///< TENANCY/USER/FINGERPRINT, or ST$TOKEN, which is worth something
  RsaKey key;
  std::uint64_t mark = 0;  ///< counts those that replaced one another while we run

  /// Fails as RsaKey does.
  static Result<OciKey> make(const std::string& tenancy, const std::string& user, const Secret& pem,
                             const Secret& passphrase);

  /// A session's, which its token names. Fails as RsaKey does, and with Errc::bad_text where the
  /// token is none.
  static Result<OciKey> of_session(const Secret& token, const Secret& pem,
                                   const Secret& passphrase);
  /// That of a session; empty of a user's key.
  Secret token() const;
};

/// The key that is to sign now. It may change: sessions end, and others put a new one in its place.
using OciKeySource = std::function<std::shared_ptr<const OciKey>()>;

/// Signs a request as Oracle's version 1 has it (draft-cavage-http-signatures-08, rsa-sha256): adds
/// the headers Date and Authorization, with PUT, POST and PATCH also X-Content-SHA256 and, where
/// there is none, Content-Type. Path and query of the URL must be as they are sent. A key that
/// cannot sign leaves the request without a signature.
void sign_oci(net::HttpRequest& request, const OciKey& key, WallTime now);

}  // namespace taproot::pushers
