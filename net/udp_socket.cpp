#include "net/udp_socket.hpp"

#include "net/descriptor.hpp"
#include "net/uv_owned.hpp"

#include <netinet/in.h>

#include <cerrno>
#include <utility>

namespace taproot::net {

struct UdpSocket::State {
  uv_udp_t handle{};
  std::span<std::uint8_t> buffer;
  OnDatagram on_datagram;
  OnError on_error;
  bool dual = false;  ///< an AF_INET6 socket that also reaches IPv4
  bool open = true;   ///< the resource still lives

  static void give_buffer(uv_handle_t* handle, std::size_t, uv_buf_t* buffer) noexcept;
  static void on_receive(uv_udp_t* handle, ssize_t size, const uv_buf_t* buffer,
                         const sockaddr* from, unsigned flags) noexcept;
};

void UdpSocket::State::give_buffer(uv_handle_t* handle, std::size_t, uv_buf_t* buffer) noexcept {
  const auto& room = state_of<State>(handle)->buffer;
  *buffer = uv_buf_init(reinterpret_cast<char*>(room.data()), static_cast<unsigned>(room.size()));
}

void UdpSocket::State::on_receive(uv_udp_t* handle, ssize_t size, const uv_buf_t* buffer,
                                  const sockaddr* from, unsigned flags) noexcept {
  State& self = *state_of<State>(handle);
  if (!self.open) return;
  if (size < 0) {
    if (self.on_error) self.on_error(system_error("UDP", static_cast<int>(size)));
    return;
  }
  if (from == nullptr || (flags & UV_UDP_PARTIAL) != 0) return;  // nothing left to read, or cut off
  const auto peer = Endpoint::from_sockaddr(
      from, from->sa_family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in));
  if (!peer) return;
  const auto* octets = reinterpret_cast<const std::uint8_t*>(buffer->base);
  self.on_datagram(Octets(octets, static_cast<std::size_t>(size)), *peer);
}

void UdpSocket::Close::operator()(State* state) const noexcept {
  state->open = false;
  close_owned(state);
}

UdpSocket::UdpSocket(std::unique_ptr<State, Close> state, const Endpoint& local)
    : state_(std::move(state)), local_(local) {}

namespace {

/// A socket bound to any port, for both families where this host has IPv6, otherwise for IPv4.
/// `dual` says which it became.
Result<Descriptor> open_any(bool& dual) {
  Descriptor socket(::socket(AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const int off = 0;
  sockaddr_in6 any{};
  any.sin6_family = AF_INET6;
  dual = socket.is_open() &&
         setsockopt(socket.number(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) == 0 &&
         ::bind(socket.number(), reinterpret_cast<const sockaddr*>(&any), sizeof any) == 0;
  if (dual) return socket;
  return bind_socket(Endpoint(), {.type = SOCK_DGRAM});
}

Result<Descriptor> open_connected(const Endpoint& peer, const std::optional<Endpoint>& source) {
  const auto what = "cannot reach " + peer.to_text();
  const int family = peer.address().is_ipv6() ? AF_INET6 : AF_INET;
  auto socket = source ? bind_socket(*source, {.type = SOCK_DGRAM})
                       : Result<Descriptor>(Descriptor(
                             ::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)));
  if (!socket) return socket;
  const auto address = peer.to_sockaddr();
  if (!socket->is_open() || ::connect(socket->number(), address.get(), address.size) != 0) {
    return tl::unexpected(system_error(what, errno));
  }
  return socket;
}

}  // namespace

Result<std::unique_ptr<UdpSocket>> UdpSocket::adopt(Loop& loop, Descriptor socket, bool dual,
                                                    OnDatagram on_datagram, OnError on_error) {
  std::unique_ptr<State, Close> state(new State);
  uv_udp_init(loop.handle(), &state->handle);
  state->handle.data = state.get();
  state->buffer = loop.receive_buffer();
  state->on_datagram = std::move(on_datagram);
  state->on_error = std::move(on_error);
  state->dual = dual;
  const auto local = local_endpoint(socket.number());
  int status = uv_udp_open(&state->handle, socket.number());
  if (status == 0) {
    (void)socket.release();  // the handle closes it now
    status = uv_udp_recv_start(&state->handle, State::give_buffer, State::on_receive);
  }
  if (status != 0) return tl::unexpected(system_error("cannot use a UDP socket", status));
  return std::unique_ptr<UdpSocket>(new UdpSocket(std::move(state), local));
}

Result<std::unique_ptr<UdpSocket>> UdpSocket::open(Loop& loop, const std::optional<Endpoint>& bind,
                                                   OnDatagram on_datagram) {
  bool dual = false;
  auto socket = bind ? bind_socket(*bind, {.type = SOCK_DGRAM}) : open_any(dual);
  if (!socket) return tl::unexpected(socket.error());
  return adopt(loop, std::move(*socket), dual, std::move(on_datagram), nullptr);
}

Result<std::unique_ptr<UdpSocket>> UdpSocket::connect(Loop& loop, const Endpoint& peer,
                                                      const std::optional<Endpoint>& source,
                                                      OnDatagram on_datagram, OnError on_error) {
  auto socket = open_connected(peer, source);
  if (!socket) return tl::unexpected(socket.error());
  return adopt(loop, std::move(*socket), false, std::move(on_datagram), std::move(on_error));
}

namespace {

bool try_send(uv_udp_t& handle, Octets datagram, const sockaddr* to) {
  // libuv takes a pointer to writable octets, and only reads them.
  auto* octets = const_cast<char*>(reinterpret_cast<const char*>(datagram.data()));
  const auto buffer = uv_buf_init(octets, static_cast<unsigned>(datagram.size()));
  return uv_udp_try_send(&handle, &buffer, 1, to) >= 0;
}

}  // namespace

bool UdpSocket::send(Octets datagram, const Endpoint& to) {
  const auto address = state_->dual ? to.to_sockaddr_ipv6() : to.to_sockaddr();
  return try_send(state_->handle, datagram, address.get());
}

bool UdpSocket::send(Octets datagram) {
  return try_send(state_->handle, datagram, nullptr);
}

}  // namespace taproot::net
