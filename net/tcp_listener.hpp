#pragma once

#include "dns/result.hpp"
#include "net/endpoint.hpp"
#include "net/loop.hpp"
#include "net/tcp_stream.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace taproot::net {

/// Accepts TCP connections and counts those of its own that are open.
///
/// Accept first, then evict: when a connection comes and max_connections are open, or the process
/// has no descriptor left, `on_full` is asked to destroy one (the one idle for longest, say: only
/// the owner knows which). If it does, the new connection is handed over; if not, the new one is
/// dropped. When the process has no descriptor left the listener rests for a moment, or until one
/// of its connections ends, and never spins; one descriptor is kept in reserve so that it can
/// still take a connection off the queue.
class TcpListener {
 public:
  using OnAccept = std::function<void(std::unique_ptr<TcpStream> stream)>;
  using OnFull = std::function<void()>;

  struct Options {
    bool reuse_port = false;  ///< several listeners, one per thread, share the port (SO_REUSEPORT)
    std::size_t max_connections = 1024;  ///< of this listener, at the same time
    int backlog = 1024;                  ///< asked of the system, which may give less
    OnFull on_full = nullptr;            ///< destroys a TcpStream of this listener, or does nothing
  };

  /// What became of the connections since the listener was opened.
  struct Counts {
    std::uint64_t accepted = 0;
    std::uint64_t refused = 0;        ///< dropped because nothing was evicted
    std::uint64_t no_descriptor = 0;  ///< times the process had no descriptor left
  };

  /// Binds and begins to accept. Fails with Errc::in_use or Errc::io. A listener on an IPv6
  /// wildcard does not hear IPv4.
  static Result<std::unique_ptr<TcpListener>> open(Loop& loop, const Endpoint& endpoint,
                                                   Options options, OnAccept on_accept);

  TcpListener(const TcpListener&) = delete;
  TcpListener& operator=(const TcpListener&) = delete;
  /// Stops accepting; the connections live on with their owners.
  ~TcpListener();

  /// Where it listens, with the port the system chose.
  const Endpoint& local() const { return local_; }
  /// Connections that it accepted and that are still open.
  std::size_t open_connections() const;
  /// For the loop's thread.
  const Counts& counts() const;

 private:
  struct State;
  struct Close {
    void operator()(State* state) const noexcept;
  };
  using Owned = std::unique_ptr<State, Close>;
  TcpListener(Owned state, const Endpoint& local);

  Owned state_;
  Endpoint local_;
};

}  // namespace taproot::net
