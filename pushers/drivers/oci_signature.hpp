#pragma once

#include "net/http.hpp"
#include "pushers/drivers/rsa_key.hpp"
#include "pushers/trouble.hpp"

#include <string>

namespace taproot::pushers {

/// An API key of a user of Oracle Cloud Infrastructure.
struct OciKey {
  std::string id;  ///< TENANCY/USER/FINGERPRINT
  RsaKey key;

  /// Fails as RsaKey does.
  static Result<OciKey> make(const std::string& tenancy, const std::string& user, const Secret& pem,
                             const Secret& passphrase);
};

/// Signs a request as Oracle's version 1 has it (draft-cavage-http-signatures-08, rsa-sha256): adds
/// the headers Date and Authorization, with PUT, POST and PATCH also X-Content-SHA256 and, where
/// there is none, Content-Type. Path and query of the URL must be as they are sent. A key that
/// cannot sign leaves the request without a signature.
void sign_oci(net::HttpRequest& request, const OciKey& key, WallTime now);

}  // namespace taproot::pushers
