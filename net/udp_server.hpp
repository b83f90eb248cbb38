#pragma once

#include "dns/octets.hpp"
#include "dns/result.hpp"
#include "net/endpoint.hpp"
#include "net/loop.hpp"

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>

namespace taproot::net {

/// Answers datagrams in batches, without allocating.
///
///   recvmmsg ─> on_batch_begin(all requests) ─> handler per request ─> sendmmsg
///
/// An answer leaves from the address that was asked, also when the socket is bound to a wildcard.
/// A socket bound to an IPv6 wildcard does not hear IPv4. Path MTU discovery is off, so that a
/// forged ICMP message cannot make the system fragment answers.
class UdpServer {
 public:
  static constexpr std::size_t batch_size = 32;
  /// Longer requests are dropped.
  static constexpr std::size_t max_request = 4096;
  static constexpr std::size_t max_answer = 4096;

  /// Writes the answer to the front of `answer` (max_answer octets, of undefined content) and
  /// returns its size, or 0 for silence. Everything it gets is borrowed until it returns.
  using Handler = std::function<std::size_t(Octets request, const Endpoint& from,
                                            std::span<std::uint8_t> answer)>;
  /// Called before the handler sees the first request of a batch: the moment to take what the
  /// whole batch shares, and to prefetch. The requests come to the handler in this order.
  using OnBatchBegin = std::function<void(std::span<const Octets> requests)>;

  struct Options {
    bool reuse_port = false;  ///< several servers, one per thread, share the port (SO_REUSEPORT)
    int receive_buffer_octets = 4 << 20;  ///< asked of the system, which may give less
    OnBatchBegin on_batch_begin = nullptr;
  };

  /// What became of the datagrams since the server was opened.
  struct Counts {
    std::uint64_t received = 0;
    std::uint64_t answered = 0;
    std::uint64_t silent = 0;   ///< the handler chose not to answer
    std::uint64_t dropped = 0;  ///< request too long or from port 0; answer not taken by the system
  };

  /// Where an answer that is made later has to go, and from which of our addresses.
  class WayBack {
   private:
    friend class UdpServer;
    static constexpr std::size_t control_octets = 64;
    sockaddr_storage peer_{};
    socklen_t peer_size_ = 0;
    alignas(cmsghdr) std::array<std::uint8_t, control_octets> control_{};
    std::size_t control_size_ = 0;
  };

  /// Binds and begins to answer. Fails with Errc::in_use or Errc::io.
  static Result<std::unique_ptr<UdpServer>> open(Loop& loop, const Endpoint& endpoint,
                                                 Options options, Handler handler);

  UdpServer(const UdpServer&) = delete;
  UdpServer& operator=(const UdpServer&) = delete;
  ~UdpServer() = default;

  /// Where it listens, with the port the system chose.
  const Endpoint& local() const { return local_; }
  /// For the loop's thread.
  const Counts& counts() const;

  /// The way back of the request that the handler is looking at; only inside of it.
  WayBack way_back() const;
  /// Sends an answer to a request for which the handler returned 0. If the system does not take
  /// it at once it is lost, as any datagram may be.
  void send(const WayBack& way, Octets answer);

 private:
  struct State;
  struct Close {
    void operator()(State* state) const noexcept;
  };
  UdpServer(std::unique_ptr<State, Close> state, const Endpoint& local);

  std::unique_ptr<State, Close> state_;
  Endpoint local_;
};

}  // namespace taproot::net
