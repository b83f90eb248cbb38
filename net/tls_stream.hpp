#pragma once

#include "net/loop.hpp"
#include "net/stream.hpp"
#include "net/tcp_stream.hpp"
#include "net/tls_context.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace taproot::net {

/// TLS over a TCP connection.
///
/// The handshake begins with start(). Until it is over, and the other end is who the context says
/// it must be, nothing that was written leaves and no data comes; if it fails or takes longer than
/// `handshake_limit`, on_closed(TcpEnd::failed) is called and why_ended() says why. The peer's
/// close_notify is TcpEnd::finished; an end without it is TcpEnd::reset, since anybody on the way
/// may have cut it off. Between two callbacks it holds at most one read of the loop beside what
/// is queued.
class TlsStream final : public Stream {
 public:
  static constexpr std::chrono::milliseconds default_handshake_limit = std::chrono::seconds(10);

  /// Takes a connection that was not started. Whether we are the server is the context's to say.
  TlsStream(Loop& loop, std::unique_ptr<TcpStream> connection,
            const std::shared_ptr<const TlsContext>& context,
            std::chrono::milliseconds handshake_limit = default_handshake_limit);
  /// Says close_notify if nothing is in its way.
  ~TlsStream() override;

  void start(OnData on_data, OnClosed on_closed) override;
  using Stream::write;
  void write(std::vector<std::uint8_t> octets, OnWritten on_written) override;
  /// As they are on the wire: a little more than was written.
  std::size_t queued() const override;
  void pause_reading() override;
  void resume_reading() override;
  void close() override;
  const Endpoint& peer() const override;
  const Endpoint& local() const override;
  const TlsPeer* tls_peer() const override;
  std::string why_ended() const override;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace taproot::net
