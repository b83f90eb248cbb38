#pragma once

#include "dns/result.hpp"
#include "dns/secret.hpp"
#include "pushers/trouble.hpp"

#include <string>

namespace taproot::pushers {

/// The key of a Google service account, as its JSON key file has it.
struct GoogleKey {
  std::string email;
  std::string key_id;
  Secret private_key;  ///< PEM, PKCS#8
  std::string token_url;
  std::string project;  ///< that the account belongs to
};

/// Reads a key file. Fails with Errc::bad_text without showing what is in it.
Result<GoogleKey> google_key_from_json(const Secret& json);

/// The assertion with which an access token is asked for (RFC 7523): a JSON Web Token that the key
/// has signed with RS256, good for an hour. Fails with Errc::bad_text if the key is none.
Result<std::string> google_assertion(const GoogleKey& key, const std::string& scope, WallTime now);

}  // namespace taproot::pushers
