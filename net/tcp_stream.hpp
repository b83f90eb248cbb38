#pragma once

#include "dns/octets.hpp"
#include "dns/result.hpp"
#include "net/endpoint.hpp"
#include "net/loop.hpp"
#include "net/stream.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace taproot::net {

class Descriptor;
class TcpConnect;

/// One TCP connection.
class TcpStream final : public Stream {
 public:
  using OnConnected = std::function<void(Result<std::unique_ptr<TcpStream>> stream)>;

  /// Connects to `peer`, from `source` if given. `on_connected` is called once: with the stream,
  /// with Errc::timed_out, or with Errc::io. Destroying what is returned gives up.
  [[nodiscard]] static std::unique_ptr<TcpConnect> connect(Loop& loop, const Endpoint& peer,
                                                           const std::optional<Address>& source,
                                                           std::chrono::milliseconds timeout,
                                                           OnConnected on_connected);

  ~TcpStream() override;

  void start(OnData on_data, OnClosed on_closed) override;
  using Stream::write;
  void write(std::vector<std::uint8_t> octets, OnWritten on_written) override;
  std::size_t queued() const override;
  void pause_reading() override;
  void resume_reading() override;
  void close() override;
  const Endpoint& peer() const override;
  const Endpoint& local() const override;

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
