#pragma once

#include "dns/result.hpp"
#include "net/http_client.hpp"
#include "net/loop.hpp"
#include "pushers/dns_exchange.hpp"
#include "pushers/exchange.hpp"

#include <functional>
#include <memory>

namespace taproot::pushers {

/// A request that is on its way. Destroying it, or assigning another to it, gives up.
struct Trip {
  net::HttpFetch http;
  std::unique_ptr<DnsExchange> dns;
  std::unique_ptr<net::ChildProcess> exec;
};

/// Brings drivers' requests where they belong: by HTTP, by DNS, or to a program of this host.
class Carrier {
 public:
  /// Fails as net::HttpClient and DnsExchange do; a program always ends somehow.
  using OnResponse = std::function<void(Result<Response> response)>;

  explicit Carrier(net::Loop& loop) : loop_(loop), http_(loop) {}

  /// Calls `on_response` once, later, unless the trip is destroyed before: keep it.
  [[nodiscard]] Trip carry(Request request, OnResponse on_response);

 private:
  net::Loop& loop_;
  net::HttpClient http_;
};

/// Carries on a loop of its own and waits for it: for commands, never on a loop's thread.
Result<Response> carry_and_wait(Request request);

}  // namespace taproot::pushers
