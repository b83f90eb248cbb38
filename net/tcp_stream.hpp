#pragma once

#include "dns/octets.hpp"
#include "dns/result.hpp"
#include "net/endpoint.hpp"
#include "net/loop.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace taproot::net {

class Descriptor;
class TcpConnect;

/// How a connection came to its end.
enum class TcpEnd {
  finished,  ///< the peer sent all and said so, and may still read; or our close() is through
  reset,     ///< the peer is gone, and so is what we had queued
  failed     ///< the network or this host broke the connection
};

/// "finished", "reset" or "failed".
std::string to_text(TcpEnd end);

/// One TCP connection. Destroying it drops the connection and what is still queued; close() lets
/// the queue leave first.
class TcpStream {
 public:
  /// The octets are good until the callback returns.
  using OnData = std::function<void(Octets octets)>;
  /// No data comes after it. After TcpEnd::finished of the peer writing still works, and another
  /// call follows if that fails or close() is through. After the other ends, and after close(),
  /// it is the last call, and all there is left to do is to destroy the stream.
  using OnClosed = std::function<void(TcpEnd end)>;
  using OnWritten = std::function<void()>;
  using OnConnected = std::function<void(Result<std::unique_ptr<TcpStream>> stream)>;

  /// Connects to `peer`, from `source` if given. `on_connected` is called once: with the stream,
  /// with Errc::timed_out, or with Errc::io. Destroying what is returned gives up.
  [[nodiscard]] static std::unique_ptr<TcpConnect> connect(Loop& loop, const Endpoint& peer,
                                                           const std::optional<Address>& source,
                                                           std::chrono::milliseconds timeout,
                                                           OnConnected on_connected);

  TcpStream(const TcpStream&) = delete;
  TcpStream& operator=(const TcpStream&) = delete;
  ~TcpStream();

  /// Says who hears of this stream, and begins to read. Nothing is read before, and it is called
  /// once.
  void start(OnData on_data, OnClosed on_closed);

  /// Queues octets behind those queued before. `on_written` is called when the system has taken
  /// them all; never, when the connection ends before. There is no limit: look at queued().
  void write(std::vector<std::uint8_t> octets, OnWritten on_written = nullptr);

  /// Octets that the system has not taken yet: those of a peer that reads slowly.
  std::size_t queued() const;

  /// While reading is paused the peer's octets wait in the system, and then at the peer.
  void pause_reading();
  void resume_reading();

  /// Stops reading, lets the queue leave, says that it was all, and calls on_closed with what
  /// came of it. A peer that does not read holds this up: destroying the stream cuts it short.
  void close();

  const Endpoint& peer() const;
  const Endpoint& local() const;

 private:
  friend class TcpConnect;
  friend class TcpListener;
  struct State;
  struct Close {
    void operator()(State* state) const noexcept;
  };
  using Owned = std::unique_ptr<State, Close>;
  explicit TcpStream(Owned state);
  /// Takes a connected socket. `place` is let go when the connection is closed.
  static Result<std::unique_ptr<TcpStream>> adopt(Loop& loop, Descriptor socket,
                                                  std::shared_ptr<void> place);

  Owned state_;
};

/// A connection that is being made. Destroying it gives up and calls nothing.
class TcpConnect {
 public:
  TcpConnect(const TcpConnect&) = delete;
  TcpConnect& operator=(const TcpConnect&) = delete;
  ~TcpConnect();

 private:
  friend class TcpStream;
  struct State;
  explicit TcpConnect(std::shared_ptr<State> state);
  std::shared_ptr<State> state_;
};

}  // namespace taproot::net
