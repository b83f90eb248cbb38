#pragma once

#include "dns/octets.hpp"
#include "dns/result.hpp"
#include "net/endpoint.hpp"
#include "net/loop.hpp"

#include <functional>
#include <memory>
#include <optional>

namespace taproot::net {

class Descriptor;

/// A UDP socket for asking: NOTIFY, probes. (Answering is the work of UdpServer.)
///
/// Sending is best effort: what the system does not take at once is lost, as any datagram may be.
class UdpSocket {
 public:
  /// The octets are good until the callback returns.
  using OnDatagram = std::function<void(Octets datagram, const Endpoint& from)>;
  /// What the network told about an earlier datagram, e.g. that nobody listens there.
  using OnError = std::function<void(const Error& error)>;

  /// Sends to anybody and hears from anybody. Without `bind` the system chooses address and port,
  /// and peers of both families can be reached; a given address limits it to its own family.
  /// Fails with Errc::in_use or Errc::io.
  static Result<std::unique_ptr<UdpSocket>> open(Loop& loop, const std::optional<Endpoint>& bind,
                                                 OnDatagram on_datagram);

  /// Speaks with `peer` only: the system drops datagrams from elsewhere, and `on_error` hears when
  /// the peer's host refuses. `source` is the address to send from, with a port of the system's
  /// choice when its port is 0. Fails with Errc::in_use or Errc::io (no route, not our address).
  static Result<std::unique_ptr<UdpSocket>> connect(Loop& loop, const Endpoint& peer,
                                                    const std::optional<Endpoint>& source,
                                                    OnDatagram on_datagram,
                                                    OnError on_error = nullptr);

  UdpSocket(const UdpSocket&) = delete;
  UdpSocket& operator=(const UdpSocket&) = delete;
  ~UdpSocket() = default;

  /// For a socket made by open(). Returns whether the system took it, which promises nothing.
  bool send(Octets datagram, const Endpoint& to);
  /// For a socket made by connect().
  bool send(Octets datagram);

  /// Where the socket is bound, with the port the system chose.
  const Endpoint& local() const { return local_; }

 private:
  struct State;
  struct Close {
    void operator()(State* state) const noexcept;
  };
  static Result<std::unique_ptr<UdpSocket>> adopt(Loop& loop, Descriptor socket, bool dual,
                                                  OnDatagram on_datagram, OnError on_error);
  UdpSocket(std::unique_ptr<State, Close> state, const Endpoint& local);

  std::unique_ptr<State, Close> state_;
  Endpoint local_;
};

}  // namespace taproot::net
