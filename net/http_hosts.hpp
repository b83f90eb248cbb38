#pragma once

#include "net/endpoint.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace taproot::net {

/// The values of the Host header that a server takes for its own. A page of a stranger that made
/// its name resolve to this server (DNS rebinding) comes with the stranger's name.
class HttpHosts {
 public:
  /// `names` as in HttpServer::Options::hosts; a server that listens on `local` adds its own.
  HttpHosts(const Endpoint& local, const std::vector<std::string>& names);

  /// `host` is the header's value, or nothing when there was no header: which is not allowed.
  bool allow(std::optional<std::string_view> host) const;

 private:
  std::vector<std::string> names_;  ///< in lower case
};

}  // namespace taproot::net
