#include "xfr/datagram_ixfr.hpp"

#include "dns/header.hpp"
#include "dns/random_id.hpp"
#include "net/wall_clock.hpp"

#include <string>
#include <utility>

namespace taproot::xfr {

DatagramIxfr::DatagramIxfr(net::Loop& loop, dns::Name apex, const net::Endpoint& server,
                           Options options, OnDone on_done)
    : apex_(std::move(apex)),
      options_(std::move(options)),
      on_done_(std::move(on_done)),
      id_(dns::random_id()),
      asked_(net::wall_seconds()),
      timer_(loop, [this] {
        finish(fail(Errc::timed_out, socket_ == nullptr
                                         ? "no datagram can be sent"
                                         : "no answer over UDP in " +
                                               std::to_string(options_.wait.count()) + " ms"));
      }) {
  std::optional<net::Endpoint> source;
  if (options_.source) source = net::Endpoint(*options_.source, 0);
  auto socket = net::UdpSocket::connect(
      loop, server, source,
      [this](Octets datagram, const net::Endpoint&) { on_datagram(datagram); },
      [this](const Error& error) { finish(tl::unexpected(error)); });
  const bool is_sent = socket && (*socket)->send(new_transfer().request(asked_, largest_answer));
  if (is_sent) socket_ = std::move(*socket);
  // What did not go out is told from the loop as well: nobody expects a call from a constructor.
  timer_.set_after(is_sent ? options_.wait : std::chrono::milliseconds(0));
}

IncomingTransfer DatagramIxfr::new_transfer() const {
  return {apex_, id_, options_.key, options_.limits, options_.have};
}

/// Each datagram is judged by itself, since anybody may have sent the one before it: the request
/// that it has to answer is made again for that, with the time and so the MAC that it had.
void DatagramIxfr::on_datagram(Octets datagram) {
  if (datagram.size() < dns::header_size) return;
  const auto header = dns::header_from(datagram);
  if (header.id != id_ || !header.qr || header.opcode != dns::Opcode::query) return;
  if (header.tc) return finish(fail(Errc::too_large, "the answer over UDP is truncated"));
  auto transfer = new_transfer();
  (void)transfer.request(asked_, largest_answer);
  const auto taken = transfer.on_message(datagram, net::wall_seconds());
  if (taken && transfer.is_complete()) return finish(std::move(transfer));
  if (taken) return finish(fail(Errc::too_large, "the differences do not fit into a datagram"));
  if (taken.error().code == Errc::refused) finish(tl::unexpected(taken.error()));
}

/// Lets go of everything first: whoever is told may destroy this.
void DatagramIxfr::finish(Result<IncomingTransfer> result) {
  if (!on_done_) return;
  timer_.cancel();
  const auto socket = std::move(socket_);
  const auto tell = std::exchange(on_done_, nullptr);
  tell(std::move(result));
}

}  // namespace taproot::xfr
