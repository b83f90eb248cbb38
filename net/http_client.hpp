#pragma once

#include "dns/result.hpp"
#include "net/http.hpp"
#include "net/loop.hpp"

#include <functional>
#include <memory>

namespace taproot::net {

/// A running fetch. Destroying it, or assigning another to it, cancels: the callback is not called
/// any more. It may outlive its client.
class HttpFetch {
 public:
  /// Nothing is running.
  HttpFetch() = default;
  HttpFetch(HttpFetch&& other) noexcept = default;
  HttpFetch& operator=(HttpFetch&& other) noexcept;
  ~HttpFetch();

  /// Whether the callback is still to come.
  bool is_running() const;
  void cancel();

 private:
  friend class HttpClient;
  struct State;
  explicit HttpFetch(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

/// Fetches over HTTP/1.1 and HTTP/2, with connections kept for the next request.
///
/// Speaks http and https only; verifies certificates, and shows one where the request names it;
/// follows no redirect (a 302 is a response
/// like any other); keeps no cookies; uses no proxy, also none of the environment's; undoes no
/// compression. Host names are resolved on the work pool, so that the loop never waits.
class HttpClient {
 public:
  /// Fails with
  ///   Errc::bad_text    a URL, method or header that cannot be sent (a header with CR or LF, say)
  ///   Errc::timed_out   `timeout` is over
  ///   Errc::too_large   the response's body is longer than `max_body`, or its head than 256 KiB
  ///   Errc::io          anything else: no such host, refused, no valid certificate, not HTTP
  /// The detail names the host, and never a header, a query or a body.
  using OnResponse = std::function<void(Result<HttpResponse> response)>;

  explicit HttpClient(Loop& loop);
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  /// Cancels what is running.
  ~HttpClient();

  /// Calls `on_response` once, later, unless the handle is destroyed before: keep it.
  [[nodiscard]] HttpFetch fetch(HttpRequest request, OnResponse on_response);

 private:
  friend class HttpFetch;
  struct State;
  std::shared_ptr<State> state_;
};

/// Fetches on a loop of its own and waits for it: for commands, never on a loop's thread. Fails
/// as HttpClient does.
Result<HttpResponse> http_fetch(const HttpRequest& request);

}  // namespace taproot::net
