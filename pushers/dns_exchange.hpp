#pragma once

#include "dns/octets.hpp"
#include "dns/result.hpp"
#include "dns/tsig.hpp"
#include "net/loop.hpp"
#include "net/stream.hpp"
#include "net/tcp_stream.hpp"
#include "net/timer.hpp"
#include "pushers/exchange.hpp"
#include "xfr/transfer_client.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace taproot::pushers {

/// Carries one DNS request to a server and its response back. Destroying it gives up and calls
/// nothing.
class DnsExchange {
 public:
  /// Fails with
  ///   Errc::unauthorized  the server does not take our signature or our clock, or TLS fails
  ///   Errc::refused       the server does not let us transfer the zone
  ///   Errc::bad_answer    what came is no answer to the request, or is not signed as it must be
  ///   Errc::bad_text      the request is more than a message can hold: nothing was sent
  ///   Errc::timed_out, Errc::io, Errc::too_large
  using OnDone = std::function<void(Result<DnsResponse> response)>;

  /// Begins at once; `on_done` is called once, from the loop.
  DnsExchange(net::Loop& loop, DnsRequest request, std::chrono::milliseconds timeout,
              OnDone on_done);
  DnsExchange(const DnsExchange&) = delete;
  DnsExchange& operator=(const DnsExchange&) = delete;
  ~DnsExchange();

 private:
  void begin_transfer();
  void begin_message();
  void on_connected(Result<std::unique_ptr<net::TcpStream>> stream);
  void on_data(Octets octets);
  void on_closed(net::TcpEnd end);
  Result<DnsResponse> read(Octets octets);
  Result<void> check_signature(const dns::Message& message, Octets octets);
  void finish(Result<DnsResponse> result);

  net::Loop& loop_;
  DnsRequest request_;
  std::chrono::milliseconds timeout_;
  OnDone on_done_;
  std::uint16_t id_ = 0;
  std::optional<dns::TsigSession> session_;
  std::unique_ptr<net::TcpConnect> connect_;
  std::unique_ptr<net::Stream> stream_;
  std::vector<std::uint8_t> received_;
  std::unique_ptr<xfr::TransferClient> transfer_;
  net::Timer deadline_;
};

}  // namespace taproot::pushers
