#pragma once

#include "dns/octets.hpp"
#include "dns/result.hpp"
#include "net/endpoint.hpp"
#include "net/loop.hpp"
#include "net/stream.hpp"
#include "net/tcp_stream.hpp"
#include "net/tls_context.hpp"
#include "net/udp_socket.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace taproot::monitor {

/// One message to one nameserver and what comes back, on a socket of its own: a source port that
/// nobody can guess, and only datagrams from that nameserver. Has no timeout; destroying it ends
/// it. Its callbacks may destroy it.
class Exchange {
 public:
  /// Over UDP perhaps several times: the receiver decides which message is an answer.
  using OnAnswer = std::function<void(Octets message)>;
  using OnFailure = std::function<void(const std::string& why)>;

  /// Sends `message`. Fails with Errc::io if there is no socket or no route.
  static Result<std::unique_ptr<Exchange>> over_udp(net::Loop& loop, const net::Endpoint& peer,
                                                    Octets message, OnAnswer on_answer,
                                                    OnFailure on_failure);
  /// Connects within `timeout`, sends, and reads one message; with `tls` over TLS, for whose
  /// handshake there is as much time again, and never otherwise.
  static std::unique_ptr<Exchange> over_tcp(net::Loop& loop, const net::Endpoint& peer,
                                            Octets message, std::chrono::milliseconds timeout,
                                            OnAnswer on_answer, OnFailure on_failure,
                                            std::shared_ptr<const net::TlsContext> tls = nullptr);

  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  ~Exchange() = default;

 private:
  Exchange(OnAnswer on_answer, OnFailure on_failure);
  void start(std::unique_ptr<net::Stream> stream);
  void on_data(Octets octets);
  void answer(Octets message);
  void failure(const std::string& why);

  OnAnswer on_answer_;
  OnFailure on_failure_;
  std::unique_ptr<net::UdpSocket> socket_;
  std::unique_ptr<net::TcpConnect> connect_;
  std::unique_ptr<net::Stream> stream_;
  std::vector<std::uint8_t> outgoing_;  ///< over TCP, with its length
  std::vector<std::uint8_t> incoming_;  ///< at most one message and its length
};

}  // namespace taproot::monitor
