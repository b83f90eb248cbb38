#pragma once

#include "dns/result.hpp"
#include "dns/secret.hpp"
#include "net/endpoint.hpp"
#include "net/loop.hpp"
#include "server/operations.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace taproot::server {

/// The control API: HTTP in, Operations out. docs/control-api.md describes it for its users, and
/// GET /openapi.json for machines.
///
/// Lives on the control loop. Reads need nothing but to come from an allowed Host; whatever
/// changes something needs the token. It never gives out the token, sends no CORS headers, and
/// refuses requests that a foreign web page makes.
class Control {
 public:
  struct Options {
    net::Endpoint listen;                    ///< loopback; anything else is refused: Errc::refused
    std::vector<std::string> allowed_hosts;  ///< beside the loopback names
    Secret token;                            ///< must not be empty
    std::function<net::Instant()> now = net::Clock::now;  ///< tests set the clock
  };

  /// Binds and begins to answer. `operations` must outlive it. Fails with Errc::in_use, io or
  /// refused.
  static Result<std::unique_ptr<Control>> open(net::Loop& loop, Operations& operations,
                                               Options options);
  Control(const Control&) = delete;
  Control& operator=(const Control&) = delete;
  ~Control();

  /// Where it listens, with the port the system chose.
  const net::Endpoint& local() const;

 private:
  struct State;
  explicit Control(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace taproot::server
