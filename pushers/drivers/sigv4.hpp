#pragma once

#include "dns/secret.hpp"
#include "net/http.hpp"
#include "pushers/trouble.hpp"

#include <string>

namespace taproot::pushers {

/// A key of AWS. One that ends (of a role, say) comes with a session token.
struct AwsCredentials {
  std::string key_id;
  Secret secret;
  Secret session_token = {};
};

/// What a signature is good for.
struct AwsScope {
  std::string region;
  std::string service;
};

/// Signs a request with AWS's Signature Version 4: adds the headers X-Amz-Date,
/// X-Amz-Security-Token (with a session token) and Authorization. All headers that the request has
/// are signed, and Host. Path and query of the URL must be percent-encoded as they are sent.
void sign_v4(net::HttpRequest& request, const AwsCredentials& credentials, const AwsScope& scope,
             WallTime now);

}  // namespace taproot::pushers
