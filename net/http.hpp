#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace taproot::net {

/// In the order of the message; names are compared without regard to case.
using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

/// The value of the first header of that name, or nothing.
std::optional<std::string_view> find_header(const HttpHeaders& headers, std::string_view name);

/// One HTTP request as a value. It may carry secrets in url, headers and body: it is never logged.
struct HttpRequest {
  std::string method = "GET";
  std::string url = {};  ///< http or https
  HttpHeaders headers = {};
  std::string body = {};
  std::chrono::milliseconds timeout = std::chrono::seconds(30);  ///< for all of it, name to body
  std::size_t max_body = std::size_t{64} << 20;                  ///< octets of the response's body
  std::optional<std::string> ca_file = {};  ///< PEM: trust these instead of the system's
  /// For the connection alone; nothing: as long as `timeout`.
  std::optional<std::chrono::milliseconds> connect_timeout = {};
  /// PEM files with which we show who we are; read anew for each connection.
  std::optional<std::string> client_certificate = {};
  std::optional<std::string> client_key = {};  ///< nothing: it stands beside the certificate
};

/// One HTTP response as a value, whatever its status.
struct HttpResponse {
  int status = 0;
  HttpHeaders headers;
  std::string body;
  /// The body ended with the connection and by nothing else: half of it looks like all of it.
  bool ended_by_close = false;

  std::optional<std::string_view> header(std::string_view name) const {
    return find_header(headers, name);
  }
};

}  // namespace taproot::net
