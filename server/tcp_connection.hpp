#pragma once

#include "dns/octets.hpp"
#include "net/endpoint.hpp"
#include "net/loop.hpp"
#include "net/stream.hpp"
#include "server/dispatch.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace taproot::server {

/// What a connection may cost. The defaults are for one serving loop.
struct TcpLimits {
  std::size_t max_connections = 1024;
  std::size_t max_per_source = 256;             ///< an IPv4 address, or an IPv6 /64
  std::chrono::milliseconds idle{10'000};       ///< nothing asked, nothing owed
  std::chrono::milliseconds handshake{10'000};  ///< of TLS, from its first octet to its last
  double handshakes_per_second = 100;           ///< of one source
  double handshake_burst = 500;                 ///< those that it may begin at once
  std::chrono::milliseconds message{10'000};    ///< from the first octet of a request to its last
  std::chrono::milliseconds stalled{30'000};    ///< the peer takes no octet of what we send
  std::size_t max_request = 4096;               ///< longer ones end the connection
  std::size_t max_update = 65535;               ///< the same for UPDATE, if any zone takes them
  std::size_t max_queued = std::size_t{64} << 10;  ///< requests wait while more is unsent
};

/// Why a connection ended.
enum class ConnectionEnd {
  by_peer,
  no_tls,
  idle,
  half_message,
  stalled,
  misuse,
  evicted,
  transfer_failed
};
std::string_view to_text(ConnectionEnd end);

/// One connection with a DNS client, over TCP (RFC 7766) or TLS (RFC 7858, RFC 9103): frames in,
/// frames out, in the order of the requests. A transfer is pulled when what was sent before has
/// left; meanwhile, and while an answer is made elsewhere, later requests wait, unread if they
/// can. Knows what is owed to the peer and since when; its owner asks.
class TcpConnection {
 public:
  /// What all connections of one loop work with.
  struct Environment {
    Dispatch& dispatch;
    std::function<Snapshot()> take;
    TcpLimits limits;
    std::vector<std::uint8_t> scratch = std::vector<std::uint8_t>(Dispatch::buffer_size);
    std::size_t transfers = 0;  ///< that run now; connections count them
  };
  /// Who has to hear of it.
  class Owner {
   public:
    virtual ~Owner() = default;
    /// It got a whole request, or the peer took all of what was sent: it is worth keeping.
    virtual void on_useful(TcpConnection& connection) = 0;
    /// It is over: destroy it, now or later. It does nothing more.
    virtual void on_end(TcpConnection& connection, ConnectionEnd end) = 0;
  };

  TcpConnection(std::unique_ptr<net::Stream> stream, Environment& environment, Owner& owner);
  TcpConnection(const TcpConnection&) = delete;
  TcpConnection& operator=(const TcpConnection&) = delete;
  ~TcpConnection();

  const net::Endpoint& peer() const { return stream_->peer(); }

  /// Why it should be ended, as of `now`, or nothing. To be asked often: it looks here whether the
  /// peer has taken anything since the last time.
  std::optional<ConnectionEnd> why_end(net::Instant now);

  /// Whether a transfer runs: only to somebody who may have it.
  bool is_transferring() const { return transfer_ != nullptr; }

  /// Notes for a running transfer why the connection is about to be destroyed.
  void set_reason(ConnectionEnd end);

 private:
  void on_data(Octets octets);
  void on_closed(net::TcpEnd end);
  void on_written();
  void on_answer(Octets message);

  std::size_t serve(Octets input);
  void serve_frame(const Snapshot& snapshot, Octets frame);
  void serve_waiting();
  void begin_transfer(std::unique_ptr<OutgoingTransfer> transfer);
  void go_on_with_transfer();
  void end_transfer();
  void pull(std::size_t octets);
  void append_frame(Octets message);
  bool is_too_long(const Snapshot& snapshot, std::size_t length, Octets frame) const;
  void flush();
  bool is_blocked() const;
  void settle();

  std::unique_ptr<net::Stream> stream_;
  Environment& environment_;
  Owner& owner_;
  std::vector<std::uint8_t> input_;   ///< what could not be served yet
  std::vector<std::uint8_t> output_;  ///< frames to be sent with the next flush()
  std::unique_ptr<OutgoingTransfer> transfer_;
  OwedAnswers::Ticket awaited_ = 0;  ///< the answer that comes later
  std::optional<ConnectionEnd> end_;
  bool peer_finished_ = false;
  bool reading_ = true;

  net::Instant last_useful_ = net::Clock::now();
  std::optional<net::Instant> partial_since_;  ///< when the first octet of half a request came
  std::uint64_t sent_ = 0;                     ///< octets handed to the stream
  std::uint64_t taken_ = 0;                    ///< octets of them that had left when last looked at
  net::Instant last_taken_ = net::Clock::now();
};

}  // namespace taproot::server
