#pragma once

#include "dns/result.hpp"
#include "net/endpoint.hpp"
#include "net/http.hpp"
#include "server/cli_verbs.hpp"

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace taproot::server {

/// Speaks to a running taproot over its control API. Each call waits for the answer.
///
/// Every error is the one line that a person needs: no taproot runs, the token cannot be read,
/// or what the daemon itself says. Errc::blocked is a guard's.
class DaemonClient {
 public:
  /// Finds the daemon: flags, then the configuration, then the defaults.
  static Result<DaemonClient> find(const CommonFlags& common, const ConfigWorld& world);

  /// Whether nobody listens there at all.
  bool is_nobody_there() const;

  Result<std::string> get(const std::string& path_and_query) const;
  /// What was answered, if that is a document: 200, or 422 with findings.
  struct Answer {
    int status = 200;
    std::string body;
  };
  /// As post(), for requests that are refused with findings.
  Result<Answer> post_for_findings(const std::string& path, const std::string& body,
                                   std::optional<std::uint64_t> based_on) const;

  /// With the token; `based_on` goes into If-Match.
  Result<std::string> post(const std::string& path, const std::string& body,
                           std::optional<std::uint64_t> based_on = std::nullopt) const;

 private:
  DaemonClient(const net::Endpoint& endpoint, std::filesystem::path token_file)
      : endpoint_(endpoint), token_file_(std::move(token_file)) {}
  Result<net::HttpResponse> response_of(const net::HttpRequest& request) const;
  Result<std::string> answer_of(const net::HttpRequest& request) const;
  Result<net::HttpRequest> post_request(const std::string& path, const std::string& body,
                                        std::optional<std::uint64_t> based_on) const;

  net::Endpoint endpoint_;
  std::filesystem::path token_file_;
};

/// Percent-encoded for a path or a query (RFC 3986 section 2.3).
std::string url_text(std::string_view text);

/// "/v1/status" and "?zone=a,b", if there are zones.
std::string path_with_zones(const std::string& path, const std::vector<std::string>& zones);

/// Who is at the keyboard, for the history.
std::string user_name(const ConfigWorld& world);

}  // namespace taproot::server
