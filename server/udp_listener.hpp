#pragma once

#include "dns/result.hpp"
#include "net/endpoint.hpp"
#include "net/loop.hpp"
#include "net/udp_server.hpp"
#include "server/dispatch.hpp"

#include <cstddef>
#include <functional>
#include <memory>

namespace taproot::server {

/// Takes what is published now.
using TakeSnapshot = std::function<Snapshot()>;

/// Serves DNS over UDP on one endpoint of one serving loop. A snapshot is taken for each batch of
/// datagrams and let go at its end, so that an idle loop keeps no old version alive.
class UdpListener {
 public:
  /// Borrows `loop` and `dispatch`. Fails with Errc::in_use or Errc::io.
  static Result<std::unique_ptr<UdpListener>> open(net::Loop& loop, const net::Endpoint& endpoint,
                                                   bool reuse_port, Dispatch& dispatch,
                                                   TakeSnapshot take);

  UdpListener(const UdpListener&) = delete;
  UdpListener& operator=(const UdpListener&) = delete;
  ~UdpListener() = default;

  /// Where it listens, with the port the system chose.
  const net::Endpoint& local() const { return server_->local(); }
  const net::UdpServer::Counts& counts() const { return server_->counts(); }

 private:
  UdpListener(Dispatch& dispatch, TakeSnapshot take);
  std::size_t on_request(Octets request, const net::Endpoint& from, std::span<std::uint8_t> answer);

  Dispatch& dispatch_;
  TakeSnapshot take_;
  Snapshot snapshot_;
  std::size_t left_in_batch_ = 0;
  std::unique_ptr<net::UdpServer> server_;
};

}  // namespace taproot::server
