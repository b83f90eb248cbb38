#pragma once

#include "dns/name.hpp"
#include "dns/result.hpp"
#include "dns/tsig.hpp"
#include "net/endpoint.hpp"
#include "net/loop.hpp"
#include "net/stream.hpp"
#include "net/tcp_stream.hpp"
#include "net/timer.hpp"
#include "net/tls_context.hpp"
#include "xfr/datagram_ixfr.hpp"
#include "xfr/incoming_transfer.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace taproot::xfr {

/// Carries one AXFR or IXFR from a server over TCP or TLS: connects, sends the request, cuts what
/// comes into messages and hands them to an IncomingTransfer. An IXFR may be tried over UDP first.
/// Destroying it gives up and calls nothing.
class TransferClient {
 public:
  struct Options {
    std::optional<net::Address> source;
    std::optional<dns::TsigKey> key;
    /// Over TLS (RFC 9103), and never otherwise; null: over TCP. `connect_timeout` is for each of
    /// connection and handshake.
    std::shared_ptr<const net::TlsContext> tls = nullptr;
    std::chrono::milliseconds connect_timeout = std::chrono::seconds(10);
    std::chrono::milliseconds idle_timeout = std::chrono::seconds(30);  ///< without a whole message
    std::chrono::milliseconds deadline = std::chrono::minutes(5);       ///< for everything
    IncomingLimits limits;
    std::optional<dns::Soa> have;  ///< asks for the differences from it, as IXFR
    /// How long an answer to an IXFR over UDP is waited for before TCP is asked; nothing: UDP is
    /// not tried. It never is with `tls`, nor without `have`.
    std::optional<std::chrono::milliseconds> datagram_wait = std::nullopt;
  };
  /// The transfer is complete in a result with a value. Errors are those of IncomingTransfer and
  /// TcpStream, Errc::timed_out, and Errc::unauthorized if TLS does not come about.
  using OnDone = std::function<void(Result<IncomingTransfer> transfer)>;

  /// Begins at once; `on_done` is called once, from the loop.
  TransferClient(net::Loop& loop, const dns::Name& apex, const net::Endpoint& server,
                 Options options, OnDone on_done);
  TransferClient(const TransferClient&) = delete;
  TransferClient& operator=(const TransferClient&) = delete;
  ~TransferClient();

  /// Why UDP was not enough; empty if it was, or was not tried.
  const std::string& why_not_over_udp() const { return why_not_over_udp_; }
  /// Whether it ended with what came over UDP; for `on_done`.
  bool came_over_udp() const { return came_over_udp_; }

 private:
  void ask_by_datagram(const dns::Name& apex);
  void connect();
  void on_connected(Result<std::unique_ptr<net::TcpStream>> stream);
  void on_data(Octets octets);
  void on_closed(net::TcpEnd end);
  Result<void> take_messages();
  void finish(Result<void> result);

  net::Loop& loop_;
  net::Endpoint server_;
  Options options_;
  OnDone on_done_;
  IncomingTransfer transfer_;
  std::unique_ptr<DatagramIxfr> datagram_;
  std::string why_not_over_udp_;
  bool came_over_udp_ = false;
  std::unique_ptr<net::TcpConnect> connect_;
  std::unique_ptr<net::Stream> stream_;
  std::vector<std::uint8_t> received_;  ///< not yet a whole message
  net::Timer idle_;
  net::Timer deadline_;
};

}  // namespace taproot::xfr
