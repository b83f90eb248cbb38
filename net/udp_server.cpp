#include "net/udp_server.hpp"

#include "net/descriptor.hpp"
#include "net/timer.hpp"
#include "net/uv_owned.hpp"

#include <netinet/in.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

namespace taproot::net {

namespace {

constexpr std::size_t batch_size = UdpServer::batch_size;
/// Batches in one turn of the loop: then its other sockets have their turn.
constexpr int batches_in_a_row = 4;
constexpr auto rest_after_error = std::chrono::milliseconds(100);

/// Room for one IP_PKTINFO or IPV6_PKTINFO.
struct Control {
  alignas(cmsghdr) std::array<std::uint8_t, CMSG_SPACE(sizeof(in6_pktinfo))> octets;
};

/// The messages of one direction. `headers[i]` points at row i of the others.
struct Batch {
  std::array<mmsghdr, batch_size> headers{};
  std::array<iovec, batch_size> vectors{};
  std::array<sockaddr_storage, batch_size> peers{};
  std::array<Control, batch_size> controls{};
};

/// Makes the sender of the answer the address that was asked. The interface is left to routing,
/// unless the address means nothing without it.
void answer_from_asked_address(msghdr& answer) {
  cmsghdr* info = CMSG_FIRSTHDR(&answer);
  if (info == nullptr) return;
  if (info->cmsg_level == IPPROTO_IP && info->cmsg_type == IP_PKTINFO) {
    in_pktinfo packet{};
    std::memcpy(&packet, CMSG_DATA(info), sizeof packet);
    packet.ipi_ifindex = 0;
    std::memcpy(CMSG_DATA(info), &packet, sizeof packet);
  } else if (info->cmsg_level == IPPROTO_IPV6 && info->cmsg_type == IPV6_PKTINFO) {
    in6_pktinfo packet{};
    std::memcpy(&packet, CMSG_DATA(info), sizeof packet);
    if (!IN6_IS_ADDR_LINKLOCAL(&packet.ipi6_addr)) packet.ipi6_ifindex = 0;
    std::memcpy(CMSG_DATA(info), &packet, sizeof packet);
  }
}

bool set_option(int socket, int level, int option, int value) {
  return setsockopt(socket, level, option, &value, sizeof value) == 0;
}

/// What an answering socket needs besides being bound. Only a wildcard needs to know which address
/// was asked.
int prepare(int socket, const Endpoint& endpoint, int receive_buffer_octets) {
  const bool ipv6 = endpoint.address().is_ipv6();
  (void)set_option(socket, SOL_SOCKET, SO_RCVBUF, receive_buffer_octets);  // a wish
  bool ok = ipv6 ? set_option(socket, IPPROTO_IPV6, IPV6_MTU_DISCOVER, IPV6_PMTUDISC_OMIT)
                 : set_option(socket, IPPROTO_IP, IP_MTU_DISCOVER, IP_PMTUDISC_OMIT);
  if (ok && endpoint.address().is_wildcard()) {
    ok = ipv6 ? set_option(socket, IPPROTO_IPV6, IPV6_RECVPKTINFO, 1)
              : set_option(socket, IPPROTO_IP, IP_PKTINFO, 1);
  }
  return ok ? 0 : errno;
}

}  // namespace

struct UdpServer::State {
  uv_poll_t handle{};
  Descriptor socket;
  bool open = true;  ///< the resource still lives
  bool wildcard = false;
  Handler handler;
  OnBatchBegin on_batch_begin;
  Counts counts;
  std::optional<Timer> rest;

  Batch in;
  Batch out;
  std::array<Octets, batch_size> requests;
  std::size_t looked_at = 0;                 ///< what the handler is looking at
  std::array<std::size_t, batch_size> rows;  ///< requests[i] came in row rows[i] of `in`
  std::array<std::array<std::uint8_t, max_request>, batch_size> request_octets;
  std::array<std::array<std::uint8_t, max_answer>, batch_size> answer_octets;

  void watch() noexcept;
  void on_ready(int status) noexcept;
  std::size_t receive() noexcept;
  std::size_t usable(std::size_t received) noexcept;
  std::size_t answer(std::size_t count);
  void address_answer(std::size_t row, std::size_t slot, std::size_t size) noexcept;
  void send(std::size_t count) noexcept;
};

void UdpServer::State::watch() noexcept {
  uv_poll_start(&handle, UV_READABLE, [](uv_poll_t* poll, int status, int) noexcept {
    state_of<State>(poll)->on_ready(status);
  });
}

void UdpServer::State::on_ready(int status) noexcept {
  if (status < 0) {
    // libuv has stopped watching. Take the socket's error off, and do not come back at once: an
    // error that stays would keep the loop busy.
    int error = 0;
    socklen_t size = sizeof error;
    (void)getsockopt(socket.number(), SOL_SOCKET, SO_ERROR, &error, &size);
    rest->set_after(rest_after_error);
    return;
  }
  for (int turn = 0; turn < batches_in_a_row; ++turn) {
    const std::size_t received = receive();
    const std::size_t count = usable(received);
    if (count > 0) {
      if (on_batch_begin) on_batch_begin({requests.data(), count});
      const std::size_t answers = open ? answer(count) : 0;
      send(answers);
    }
    if (!open || received < batch_size) return;
  }
}

/// How many datagrams there were. None for any error: what is wrong with the socket comes back as
/// an event, what was wrong with one datagram is gone with it.
std::size_t UdpServer::State::receive() noexcept {
  for (std::size_t i = 0; i < batch_size; ++i) {
    in.vectors[i] = {request_octets[i].data(), max_request};
    msghdr& header = in.headers[i].msg_hdr;
    header = {};
    header.msg_name = &in.peers[i];
    header.msg_namelen = sizeof in.peers[i];
    header.msg_iov = &in.vectors[i];
    header.msg_iovlen = 1;
    header.msg_control = wildcard ? in.controls[i].octets.data() : nullptr;
    header.msg_controllen = wildcard ? in.controls[i].octets.size() : 0;
  }
  const int count = recvmmsg(socket.number(), in.headers.data(), batch_size, MSG_DONTWAIT, nullptr);
  return count < 0 ? 0 : static_cast<std::size_t>(count);
}

/// Lists the requests a handler may see. Nobody can be answered at port 0.
std::size_t UdpServer::State::usable(std::size_t received) noexcept {
  std::size_t count = 0;
  for (std::size_t i = 0; i < received; ++i) {
    const mmsghdr& message = in.headers[i];
    const auto from = Endpoint::from_sockaddr(reinterpret_cast<const sockaddr*>(&in.peers[i]),
                                              message.msg_hdr.msg_namelen);
    if ((message.msg_hdr.msg_flags & MSG_TRUNC) != 0 || !from || from->port() == 0) {
      ++counts.dropped;
      continue;
    }
    requests[count] = Octets(request_octets[i]).first(message.msg_len);
    rows[count] = i;
    ++count;
  }
  counts.received += received;
  return count;
}

std::size_t UdpServer::State::answer(std::size_t count) {
  std::size_t answers = 0;
  for (std::size_t i = 0; i < count && open; ++i) {
    looked_at = rows[i];
    const std::size_t row = looked_at;
    const auto from = Endpoint::from_sockaddr(reinterpret_cast<const sockaddr*>(&in.peers[row]),
                                              in.headers[row].msg_hdr.msg_namelen);
    const std::size_t size = handler(requests[i], *from, answer_octets[answers]);
    if (size == 0 || size > max_answer) {
      ++counts.silent;
      continue;
    }
    address_answer(row, answers, size);
    ++answers;
  }
  return answers;
}

void UdpServer::State::address_answer(std::size_t row, std::size_t slot,
                                      std::size_t size) noexcept {
  out.vectors[slot] = {answer_octets[slot].data(), size};
  msghdr& header = out.headers[slot].msg_hdr;
  header = in.headers[row].msg_hdr;  // the peer, and the address it asked
  header.msg_iov = &out.vectors[slot];
  header.msg_flags = 0;
  if (header.msg_controllen == 0) header.msg_control = nullptr;
  answer_from_asked_address(header);
}

void UdpServer::State::send(std::size_t count) noexcept {
  std::size_t done = 0;
  while (done < count) {
    const int sent = sendmmsg(socket.number(), out.headers.data() + done,
                              static_cast<unsigned>(count - done), MSG_DONTWAIT);
    if (sent > 0) {
      done += static_cast<std::size_t>(sent);
      counts.answered += static_cast<std::uint64_t>(sent);
    } else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS || errno == ENOMEM) {
      break;  // the system is full: who asked will ask again
    } else {
      ++done;  // this one cannot be sent, the next one may
      ++counts.dropped;
    }
  }
  counts.dropped += count - done;
}

void UdpServer::Close::operator()(State* state) const noexcept {
  state->open = false;
  state->rest.reset();
  close_owned(state);
}

UdpServer::UdpServer(std::unique_ptr<State, Close> state, const Endpoint& local)
    : state_(std::move(state)), local_(local) {}

UdpServer::WayBack UdpServer::way_back() const {
  static_assert(sizeof(Control) <= WayBack::control_octets);
  const State& state = *state_;
  const msghdr& asked = state.in.headers[state.looked_at].msg_hdr;
  WayBack way;
  way.peer_ = state.in.peers[state.looked_at];
  way.peer_size_ = asked.msg_namelen;
  way.control_size_ = asked.msg_control == nullptr ? 0 : asked.msg_controllen;
  if (way.control_size_ > 0) {
    std::memcpy(way.control_.data(), asked.msg_control, way.control_size_);
  }
  return way;
}

void UdpServer::send(const WayBack& way, Octets answer) {
  WayBack copy = way;
  std::vector<std::uint8_t> octets(answer.begin(), answer.end());
  iovec vector{octets.data(), octets.size()};
  msghdr header{};
  header.msg_name = &copy.peer_;
  header.msg_namelen = copy.peer_size_;
  header.msg_iov = &vector;
  header.msg_iovlen = 1;
  header.msg_control = copy.control_size_ > 0 ? copy.control_.data() : nullptr;
  header.msg_controllen = copy.control_size_;
  answer_from_asked_address(header);
  const bool is_sent = sendmsg(state_->socket.number(), &header, MSG_DONTWAIT) >= 0;
  ++(is_sent ? state_->counts.answered : state_->counts.dropped);
}

const UdpServer::Counts& UdpServer::counts() const {
  return state_->counts;
}

Result<std::unique_ptr<UdpServer>> UdpServer::open(Loop& loop, const Endpoint& endpoint,
                                                   Options options, Handler handler) {
  auto socket = bind_socket(endpoint, {.type = SOCK_DGRAM, .reuse_port = options.reuse_port});
  if (!socket) return tl::unexpected(socket.error());
  const int error = prepare(socket->number(), endpoint, options.receive_buffer_octets);
  if (error != 0) return tl::unexpected(system_error("cannot use " + endpoint.to_text(), error));

  auto fresh = std::make_unique<State>();
  const int status = uv_poll_init(loop.handle(), &fresh->handle, socket->number());
  if (status != 0) return tl::unexpected(system_error("cannot use " + endpoint.to_text(), status));
  std::unique_ptr<State, Close> state(fresh.release());
  state->handle.data = state.get();
  state->wildcard = endpoint.address().is_wildcard();
  state->handler = std::move(handler);
  state->on_batch_begin = std::move(options.on_batch_begin);
  state->socket = std::move(*socket);
  state->rest.emplace(loop, [raw = state.get()] { raw->watch(); });
  state->watch();
  const auto local = local_endpoint(state->socket.number());
  return std::unique_ptr<UdpServer>(new UdpServer(std::move(state), local));
}

}  // namespace taproot::net
