#include "xfr/transfer_client.hpp"

#include "dns/random_id.hpp"
#include "net/tls_stream.hpp"
#include "net/wall_clock.hpp"

#include <cstddef>
#include <string>
#include <utility>

namespace taproot::xfr {

namespace {

std::string seconds_text(std::chrono::milliseconds time) {
  return std::to_string((time.count() + 999) / 1000) + " s";
}

}  // namespace

TransferClient::TransferClient(net::Loop& loop, const dns::Name& apex, const net::Endpoint& server,
                               Options options, OnDone on_done)
    : loop_(loop),
      server_(server),
      options_(std::move(options)),
      on_done_(std::move(on_done)),
      transfer_(apex, dns::random_id(), options_.key, options_.limits, options_.have),
      idle_(loop,
            [this] {
              finish(fail(Errc::timed_out,
                          "the server sent no message for " + seconds_text(options_.idle_timeout)));
            }),
      deadline_(loop, [this] {
        finish(fail(Errc::timed_out,
                    "the transfer was not complete after " + seconds_text(options_.deadline)));
      }) {
  deadline_.set_after(options_.deadline);
  const bool may_ask_by_datagram =
      options_.datagram_wait && options_.have && options_.tls == nullptr;
  if (may_ask_by_datagram) {
    ask_by_datagram(apex);
  } else {
    connect();
  }
}

TransferClient::~TransferClient() = default;

void TransferClient::ask_by_datagram(const dns::Name& apex) {
  datagram_ = std::make_unique<DatagramIxfr>(
      loop_, apex, server_,
      DatagramIxfr::Options{options_.source, options_.key, options_.limits, *options_.have,
                            *options_.datagram_wait},
      [this](Result<IncomingTransfer> transfer) {
        if (!transfer) {
          why_not_over_udp_ = transfer.error().detail;
          return connect();
        }
        came_over_udp_ = true;
        transfer_ = std::move(*transfer);
        finish({});
      });
}

void TransferClient::connect() {
  connect_ = net::TcpStream::connect(
      loop_, server_, options_.source, options_.connect_timeout,
      [this](Result<std::unique_ptr<net::TcpStream>> stream) { on_connected(std::move(stream)); });
}

void TransferClient::on_connected(Result<std::unique_ptr<net::TcpStream>> stream) {
  if (!stream) return finish(tl::unexpected(stream.error()));
  if (options_.tls != nullptr) {
    stream_ = std::make_unique<net::TlsStream>(loop_, std::move(*stream), options_.tls,
                                               options_.connect_timeout);
  } else {
    stream_ = std::move(*stream);
  }
  stream_->start([this](Octets octets) { on_data(octets); },
                 [this](net::TcpEnd end) { on_closed(end); });
  const auto request = transfer_.request(net::wall_seconds());
  std::vector<std::uint8_t> frame{static_cast<std::uint8_t>(request.size() >> 8),
                                  static_cast<std::uint8_t>(request.size() & 0xff)};
  frame.insert(frame.end(), request.begin(), request.end());
  stream_->write(std::move(frame));
  idle_.set_after(options_.idle_timeout);
}

void TransferClient::on_closed(net::TcpEnd end) {
  const auto why = end == net::TcpEnd::failed ? stream_->why_ended() : std::string();
  finish(why.empty() ? transfer_.on_end() : fail(Errc::unauthorized, why));
}

void TransferClient::on_data(Octets octets) {
  received_.insert(received_.end(), octets.begin(), octets.end());
  auto taken = take_messages();
  if (!taken || transfer_.is_complete()) finish(std::move(taken));
}

/// Hands over what is there in whole messages (RFC 1035 section 4.2.2).
Result<void> TransferClient::take_messages() {
  constexpr std::size_t prefix = 2;
  std::size_t at = 0;
  Result<void> taken;
  while (taken && received_.size() - at >= prefix) {
    const auto size = static_cast<std::size_t>(received_[at] << 8 | received_[at + 1]);
    if (received_.size() - at - prefix < size) break;
    taken = transfer_.on_message(Octets(received_).subspan(at + prefix, size), net::wall_seconds());
    at += prefix + size;
  }
  if (at > 0) idle_.set_after(options_.idle_timeout);
  received_.erase(received_.begin(), received_.begin() + static_cast<std::ptrdiff_t>(at));
  return taken;
}

/// Lets go of everything first: whoever is told may destroy this.
void TransferClient::finish(Result<void> result) {
  if (!on_done_) return;
  idle_.cancel();
  deadline_.cancel();
  const auto stream = std::move(stream_);
  const auto connect = std::move(connect_);
  const auto datagram = std::move(datagram_);
  const auto tell = std::exchange(on_done_, nullptr);
  if (result)
    tell(std::move(transfer_));
  else
    tell(tl::unexpected(std::move(result.error())));
}

}  // namespace taproot::xfr
