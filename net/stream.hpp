#pragma once

#include "dns/octets.hpp"
#include "net/endpoint.hpp"
#include "net/tls_peer.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace taproot::net {

/// How a connection came to its end.
enum class TcpEnd {
  finished,  ///< the peer sent all and said so, and may still read; or our close() is through
  reset,     ///< the peer is gone, and so is what we had queued
  failed     ///< the network, this host or TLS broke the connection
};

/// "finished", "reset" or "failed".
std::string to_text(TcpEnd end);

/// A connection that carries octets both ways in order: plain (TcpStream) or encrypted
/// (TlsStream). Destroying it drops the connection and what is still queued; close() lets the
/// queue leave first.
class Stream {
 public:
  /// The octets are good until the callback returns.
  using OnData = std::function<void(Octets octets)>;
  /// No data comes after it. After TcpEnd::finished of the peer writing still works, and another
  /// call follows if that fails or close() is through. After the other ends, and after close(),
  /// it is the last call, and all there is left to do is to destroy the stream.
  using OnClosed = std::function<void(TcpEnd end)>;
  using OnWritten = std::function<void()>;

  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  virtual ~Stream() = default;

  /// Says who hears of this stream, and begins to read. Nothing is read before, and it is called
  /// once.
  virtual void start(OnData on_data, OnClosed on_closed) = 0;

  /// Queues octets behind those queued before. `on_written` is called when the system has taken
  /// them all; never, when the connection ends before. There is no limit: look at queued().
  virtual void write(std::vector<std::uint8_t> octets, OnWritten on_written) = 0;
  void write(std::vector<std::uint8_t> octets) { write(std::move(octets), nullptr); }

  /// Octets that the system has not taken yet: those of a peer that reads slowly.
  virtual std::size_t queued() const = 0;

  /// While reading is paused the peer's octets wait in the system, and then at the peer.
  virtual void pause_reading() = 0;
  virtual void resume_reading() = 0;

  /// Stops reading, lets the queue leave, says that it was all, and calls on_closed with what
  /// came of it. A peer that does not read holds this up: destroying the stream cuts it short.
  virtual void close() = 0;

  virtual const Endpoint& peer() const = 0;
  virtual const Endpoint& local() const = 0;

  /// Who is at the other end of TLS, once the handshake is over: null before, and on a plain
  /// connection.
  virtual const TlsPeer* tls_peer() const { return nullptr; }

  /// Why it ended, for people, where more is known than the TcpEnd; else empty.
  virtual std::string why_ended() const { return {}; }
};

}  // namespace taproot::net
