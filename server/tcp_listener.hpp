#pragma once

#include "dns/result.hpp"
#include "net/endpoint.hpp"
#include "net/loop.hpp"
#include "net/tcp_listener.hpp"
#include "net/timer.hpp"
#include "net/tls_context.hpp"
#include "server/dispatch.hpp"
#include "server/handshake_quota.hpp"
#include "server/tcp_connection.hpp"

#include <chrono>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <unordered_map>

namespace taproot::server {

/// Serves DNS over TCP, or over TLS, on one endpoint of one serving loop.
///
/// Accept first, then evict: when there are too many connections, of one source or in all, the one
/// that has been of no use for longest has to go, so that a newcomer is served whatever the others
/// are up to. Those that have no transfer running go before those that have one: so nobody who may
/// transfer nothing can push out somebody who may, and of those who may, one that has not read for
/// long goes before one that reads. Looks after its connections' deadlines once in a while instead
/// of having a timer for each.
class TcpListener : private TcpConnection::Owner {
 public:
  /// The newest TLS context, asked for with each connection.
  using TakeTls = std::function<std::shared_ptr<const net::TlsContext>()>;

  /// Plain TCP without `take_tls`. Borrows `loop` and `dispatch`. Fails with Errc::in_use or
  /// Errc::io.
  static Result<std::unique_ptr<TcpListener>> open(net::Loop& loop, const net::Endpoint& endpoint,
                                                   bool reuse_port, const TcpLimits& limits,
                                                   Dispatch& dispatch,
                                                   std::function<Snapshot()> take,
                                                   TakeTls take_tls = nullptr);

  TcpListener(const TcpListener&) = delete;
  TcpListener& operator=(const TcpListener&) = delete;
  /// Drops all connections; transfers that run are told as aborted.
  ~TcpListener() override;

  /// Where it listens, with the port the system chose.
  const net::Endpoint& local() const { return listener_->local(); }
  std::size_t open_connections() const { return ordinary_.size() + transferring_.size(); }

 private:
  /// In the order of their last use, the oldest first.
  struct Entry {
    std::unique_ptr<TcpConnection> connection;
    net::Address source;
    bool transferring = false;  ///< it is in transferring_, not in ordinary_
  };
  using Entries = std::list<Entry>;

  TcpListener(net::Loop& loop, const TcpLimits& limits, Dispatch& dispatch,
              std::function<Snapshot()> take, TakeTls take_tls);
  std::unique_ptr<net::Stream> dress(std::unique_ptr<net::TcpStream> stream);
  void on_accept(std::unique_ptr<net::TcpStream> stream);
  bool may_shake_hands(const net::Endpoint& peer, const net::Address& source);
  void on_useful(TcpConnection& connection) override;
  void on_end(TcpConnection& connection, ConnectionEnd end) override;
  void evict_oldest();
  void evict_oldest_of(const net::Address& source);
  static Entries::iterator oldest_of(Entries& entries, const net::Address& source);
  Entries& list_of(const Entry& entry) { return entry.transferring ? transferring_ : ordinary_; }
  void end(Entries::iterator entry, ConnectionEnd why);
  void look_after();
  void look_after(Entries& entries, net::Instant now);

  net::Loop& loop_;
  TakeTls take_tls_;
  TcpConnection::Environment environment_;
  Entries ordinary_;
  Entries transferring_;
  std::unordered_map<const TcpConnection*, Entries::iterator> places_;
  std::unordered_map<net::Address, std::size_t> per_source_;
  HandshakeQuota handshakes_;
  std::chrono::milliseconds look_every_;
  net::Timer timer_;
  std::unique_ptr<net::TcpListener> listener_;
};

}  // namespace taproot::server
