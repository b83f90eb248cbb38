#pragma once

#include "dns/octets.hpp"
#include "net/endpoint.hpp"
#include "net/loop.hpp"
#include "net/stream.hpp"
#include "net/tcp_stream.hpp"
#include "net/timer.hpp"
#include "net/tls_context.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace taproot::xfr {

/// A connection to one secondary over TCP or TLS that carries NOTIFY messages and their answers:
/// all that a burst has for it go over this one. It ends by itself, soon after the last answer,
/// and when the other end fails or keeps silent. Destroying it calls nothing.
class NotifyConnection {
 public:
  struct Options {
    std::optional<net::Address> source;
    std::shared_ptr<const net::TlsContext> tls;  ///< null: plain TCP
    /// For connection and handshake, and then for each next answer.
    std::chrono::milliseconds timeout = std::chrono::seconds(5);
    std::chrono::milliseconds idle = std::chrono::seconds(2);  ///< when nothing is owed
    std::size_t max_queued = std::size_t{64} << 10;
  };
  /// The octets of one message, good until it returns.
  using OnAnswer = std::function<void(Octets answer)>;
  /// It is over: destroy it, now or later. Empty: nothing was owed.
  using OnEnd = std::function<void(const std::string& why)>;

  /// Begins to connect at once. Neither function is called from inside of a call.
  NotifyConnection(net::Loop& loop, const net::Endpoint& to, Options options, OnAnswer on_answer,
                   OnEnd on_end);
  NotifyConnection(const NotifyConnection&) = delete;
  NotifyConnection& operator=(const NotifyConnection&) = delete;
  ~NotifyConnection();

  /// Sends a message when it can. False if too much waits already, or it has ended.
  bool send(Octets message);

 private:
  void on_connected(Result<std::unique_ptr<net::TcpStream>> stream);
  void on_data(Octets octets);
  void on_closed(net::TcpEnd end);
  void on_time();
  bool take_message();
  void end(const std::string& why);

  net::Loop& loop_;
  Options options_;
  OnAnswer on_answer_;
  OnEnd on_end_;
  net::Timer timer_;
  std::unique_ptr<net::TcpConnect> connect_;
  std::unique_ptr<net::Stream> stream_;
  std::vector<std::uint8_t> waiting_;   ///< for the connection to be there
  std::vector<std::uint8_t> received_;  ///< not yet a whole message
  std::size_t owed_ = 0;                ///< answers
};

}  // namespace taproot::xfr
