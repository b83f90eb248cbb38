#include "monitor/exchange.hpp"

#include "net/tls_stream.hpp"

#include <algorithm>
#include <utility>

namespace taproot::monitor {

Exchange::Exchange(OnAnswer on_answer, OnFailure on_failure)
    : on_answer_(std::move(on_answer)), on_failure_(std::move(on_failure)) {}

Result<std::unique_ptr<Exchange>> Exchange::over_udp(net::Loop& loop, const net::Endpoint& peer,
                                                     Octets message, OnAnswer on_answer,
                                                     OnFailure on_failure) {
  std::unique_ptr<Exchange> made(new Exchange(std::move(on_answer), std::move(on_failure)));
  Exchange* const self = made.get();
  auto socket = net::UdpSocket::connect(
      loop, peer, std::nullopt,
      [self](Octets datagram, const net::Endpoint&) { self->answer(datagram); },
      [self](const Error& error) { self->failure(error.detail); });
  if (!socket) return tl::unexpected(socket.error());
  made->socket_ = std::move(*socket);
  if (!made->socket_->send(message)) return fail(Errc::io, "the system did not take the query");
  return made;
}

std::unique_ptr<Exchange> Exchange::over_tcp(net::Loop& loop, const net::Endpoint& peer,
                                             Octets message, std::chrono::milliseconds timeout,
                                             OnAnswer on_answer, OnFailure on_failure,
                                             std::shared_ptr<const net::TlsContext> tls) {
  std::unique_ptr<Exchange> made(new Exchange(std::move(on_answer), std::move(on_failure)));
  made->outgoing_.push_back(static_cast<std::uint8_t>(message.size() >> 8));
  made->outgoing_.push_back(static_cast<std::uint8_t>(message.size() & 0xff));
  made->outgoing_.insert(made->outgoing_.end(), message.begin(), message.end());
  Exchange* const self = made.get();
  made->connect_ = net::TcpStream::connect(
      loop, peer, std::nullopt, timeout,
      [self, &loop, timeout, tls](Result<std::unique_ptr<net::TcpStream>> stream) {
        if (!stream) return self->failure(stream.error().detail);
        if (tls == nullptr) return self->start(std::move(*stream));
        self->start(std::make_unique<net::TlsStream>(loop, std::move(*stream), tls, timeout));
      });
  return made;
}

void Exchange::start(std::unique_ptr<net::Stream> stream) {
  stream_ = std::move(stream);
  stream_->start([this](Octets octets) { on_data(octets); },
                 [this](net::TcpEnd) {
                   const auto why = stream_->why_ended();
                   failure(why.empty() ? "the connection ended before the answer was whole" : why);
                 });
  stream_->write(std::move(outgoing_));
}

void Exchange::on_data(Octets octets) {
  constexpr std::size_t largest = 2 + 65535;
  const auto part = octets.first(std::min(octets.size(), largest - incoming_.size()));
  incoming_.insert(incoming_.end(), part.begin(), part.end());
  if (incoming_.size() < 2) return;
  const auto size = static_cast<std::size_t>(incoming_[0] << 8 | incoming_[1]);
  if (incoming_.size() - 2 < size) return;
  const auto whole = std::exchange(incoming_, {});  // the callback may destroy this exchange
  answer(Octets(whole).subspan(2, size));
}

void Exchange::answer(Octets message) {
  const auto on_answer = on_answer_;  // it may destroy this exchange
  on_answer(message);
}

void Exchange::failure(const std::string& why) {
  const auto on_failure = on_failure_;
  on_failure(why);
}

}  // namespace taproot::monitor
