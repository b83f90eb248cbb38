#pragma once

#include "dns/result.hpp"
#include "net/endpoint.hpp"
#include "net/http.hpp"
#include "net/loop.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace taproot::net {

/// One request as it arrived, whole.
struct HttpServerRequest {
  std::string method;
  std::string path;                          ///< percent-decoded, begins with "/"; not normalised
  std::map<std::string, std::string> query;  ///< percent-decoded; of equal names the first
  HttpHeaders headers;
  std::string body;
  Endpoint from;

  /// The first header of that name, whatever its case.
  std::optional<std::string_view> header(std::string_view name) const {
    return find_header(headers, name);
  }
};

/// The answer that is owed to one request. It can be moved and kept for later; it belongs to the
/// loop's thread. Dropped unanswered it answers 500. It may outlive the server, and then does
/// nothing.
class HttpResponder {
 public:
  HttpResponder(HttpResponder&& other) noexcept = default;
  HttpResponder& operator=(HttpResponder&& other) noexcept;
  ~HttpResponder();

  /// Sends the response. The first call counts, later ones do nothing. Headers that HTTP does not
  /// allow (with CR or LF) are left out. For a HEAD request only the head is sent.
  void respond(int status, std::string content_type, std::string body, HttpHeaders extra = {});

  bool is_answered() const;

 private:
  friend class HttpServer;
  struct Exchange;
  explicit HttpResponder(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}
  std::shared_ptr<Exchange> exchange_;
};

/// Serves HTTP/1.1 on a loop: a thin coat over libmicrohttpd.
///
/// A request that breaks a limit is answered here and does not reach the handler: 400 (malformed),
/// 413 (body too long), 421 (wrong Host), 431 (head too long). A request that is not complete in
/// time, and a client that does not read its response, is cut off.
class HttpServer {
 public:
  using Handler = std::function<void(HttpServerRequest request, HttpResponder responder)>;

  struct Options {
    std::size_t max_body = std::size_t{1} << 20;
    std::size_t connection_memory = 16 << 10;  ///< for the heads of request and response
    unsigned max_connections = 64;
    unsigned max_connections_per_address = 32;
    std::chrono::milliseconds request_timeout = std::chrono::seconds(10);   ///< connected to whole
    std::chrono::milliseconds response_timeout = std::chrono::seconds(30);  ///< begun to read
    /// Names that a Host header may carry, against DNS rebinding: "dash.example.net" allows any
    /// port, "dash.example.net:8053" this one. The address it listens on is always allowed, and
    /// so is "localhost" on a loopback address.
    std::vector<std::string> hosts = {};
  };

  /// Binds and begins to serve. Fails with Errc::in_use or Errc::io.
  static Result<std::unique_ptr<HttpServer>> open(Loop& loop, const Endpoint& endpoint,
                                                  Options options, Handler handler);
  static Result<std::unique_ptr<HttpServer>> open(Loop& loop, const Endpoint& endpoint,
                                                  Handler handler) {
    return open(loop, endpoint, Options{}, std::move(handler));
  }

  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  /// Cuts off every connection.
  ~HttpServer();

  /// Where it listens, with the port the system chose.
  const Endpoint& local() const { return local_; }

 private:
  friend class HttpResponder;
  struct State;
  HttpServer(std::shared_ptr<State> state, const Endpoint& local);
  std::shared_ptr<State> state_;
  Endpoint local_;
};

}  // namespace taproot::net
