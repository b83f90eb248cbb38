#include "server/udp_listener.hpp"

#include <utility>

namespace taproot::server {

static_assert(net::UdpServer::max_answer >= Dispatch::udp_buffer_size);

UdpListener::UdpListener(Dispatch& dispatch, TakeSnapshot take)
    : dispatch_(dispatch), take_(std::move(take)) {}

Result<std::unique_ptr<UdpListener>> UdpListener::open(net::Loop& loop,
                                                       const net::Endpoint& endpoint,
                                                       bool reuse_port, Dispatch& dispatch,
                                                       TakeSnapshot take) {
  std::unique_ptr<UdpListener> listener(new UdpListener(dispatch, std::move(take)));
  UdpListener& self = *listener;
  net::UdpServer::Options options;
  options.reuse_port = reuse_port;
  options.on_batch_begin = [&self](std::span<const Octets> requests) {
    self.snapshot_ = self.take_();
    self.left_in_batch_ = requests.size();
  };
  auto server = net::UdpServer::open(
      loop, endpoint, std::move(options),
      [&self](Octets request, const net::Endpoint& from, std::span<std::uint8_t> answer) {
        return self.on_request(request, from, answer);
      });
  if (!server) return tl::unexpected<Error>(server.error());
  listener->server_ = std::move(*server);
  return listener;
}

std::size_t UdpListener::on_request(Octets request, const net::Endpoint& from,
                                    std::span<std::uint8_t> answer) {
  const auto reply = dispatch_.handle(snapshot_, {request, from, Transport::udp}, answer);
  if (--left_in_batch_ == 0) snapshot_ = {};
  if (reply.later != 0) {
    dispatch_.when_answered(reply.later, [this, way = server_->way_back()](Octets message) {
      server_->send(way, message);
    });
  }
  return reply.size;
}

}  // namespace taproot::server
