#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace taproot::server {

/// What is wrong with a URL of the configuration, if anything. The URL itself is not repeated.
struct UrlFault {
  std::string rule;
  std::string message;
  std::string cure;
};

/// What a URL is for.
struct UrlUse {
  std::string_view secret;      ///< what travels with each request: "API key"
  std::string_view secret_key;  ///< where it belongs in the configuration: "api-key-file"
  bool may_have_query = false;
};

/// Why `url` cannot be used: it must be https, or http on this host, without user and password.
std::optional<UrlFault> fault_of_url(std::string_view url, const UrlUse& use);

}  // namespace taproot::server
