#include "pushers/dns_exchange.hpp"

#include "dns/random_id.hpp"
#include "net/tls_stream.hpp"
#include "net/wall_clock.hpp"

#include <string>
#include <utility>

namespace taproot::pushers {

namespace {

using dns::Rcode;

constexpr std::size_t length_size = 2;  // RFC 1035 section 4.2.2
/// A provider's zone in memory, as ZoneReading and Push bound it.
constexpr std::size_t max_transfer_octets = std::size_t{1} << 29;
constexpr std::size_t max_transfer_records = 8'000'000;

}  // namespace

DnsExchange::DnsExchange(net::Loop& loop, DnsRequest request, std::chrono::milliseconds timeout,
                         OnDone on_done)
    : loop_(loop),
      request_(std::move(request)),
      timeout_(timeout),
      on_done_(std::move(on_done)),
      deadline_(loop, [this] {
        finish(fail(Errc::timed_out,
                    "no answer after " + std::to_string(timeout_.count() / 1000) + " s"));
      }) {
  deadline_.set_after(timeout_);
  if (request_.transfer) {
    begin_transfer();
  } else {
    begin_message();
  }
}

DnsExchange::~DnsExchange() = default;

void DnsExchange::begin_transfer() {
  xfr::TransferClient::Options options;
  options.key = request_.key;
  options.tls = request_.tls;
  options.limits = {max_transfer_octets, max_transfer_records};
  options.deadline = timeout_;
  transfer_ = std::make_unique<xfr::TransferClient>(
      loop_, *request_.transfer, request_.server, std::move(options),
      [this](Result<xfr::IncomingTransfer> done) {
        if (!done) return finish(tl::unexpected(std::move(done.error())));
        DnsResponse response;
        response.records = done->take_records();
        finish(std::move(response));
      });
}

void DnsExchange::begin_message() {
  connect_ = net::TcpStream::connect(
      loop_, request_.server, std::nullopt, timeout_,
      [this](Result<std::unique_ptr<net::TcpStream>> stream) { on_connected(std::move(stream)); });
}

void DnsExchange::on_connected(Result<std::unique_ptr<net::TcpStream>> stream) {
  if (!stream) return finish(tl::unexpected(std::move(stream.error())));
  auto& message = request_.message;
  if (message.empty()) {
    return finish(fail(Errc::bad_text, "the change is more than one message can hold"));
  }
  if (request_.tls != nullptr) {
    stream_ = std::make_unique<net::TlsStream>(loop_, std::move(*stream), request_.tls, timeout_);
  } else {
    stream_ = std::move(*stream);
  }
  stream_->start([this](Octets octets) { on_data(octets); },
                 [this](net::TcpEnd end) { on_closed(end); });
  id_ = dns::random_id();
  message[0] = static_cast<std::uint8_t>(id_ >> 8);
  message[1] = static_cast<std::uint8_t>(id_ & 0xff);
  if (request_.key) {
    session_.emplace(*request_.key);
    session_->sign_request(message, net::wall_seconds());
  }
  std::vector<std::uint8_t> frame{static_cast<std::uint8_t>(message.size() >> 8),
                                  static_cast<std::uint8_t>(message.size() & 0xff)};
  frame.insert(frame.end(), message.begin(), message.end());
  stream_->write(std::move(frame));
}

void DnsExchange::on_closed(net::TcpEnd end) {
  const auto why = end == net::TcpEnd::failed ? stream_->why_ended() : std::string();
  if (!why.empty()) return finish(fail(Errc::unauthorized, why));
  finish(fail(Errc::io, "the server closed the connection without an answer"));
}

void DnsExchange::on_data(Octets octets) {
  received_.insert(received_.end(), octets.begin(), octets.end());
  if (received_.size() < length_size) return;
  const auto size = static_cast<std::size_t>(received_[0] << 8 | received_[1]);
  if (received_.size() < length_size + size) return;
  finish(read(Octets(received_).subspan(length_size, size)));
}

Result<DnsResponse> DnsExchange::read(Octets octets) {
  auto message = dns::Message::parse(octets);
  if (!message) return fail(Errc::bad_answer, "no DNS message came: " + message.error().detail);
  const auto asked = static_cast<dns::Opcode>(request_.message[2] >> 3 & 15);
  if (!message->header.qr || message->header.id != id_ || message->header.opcode != asked) {
    return fail(Errc::bad_answer, "what came is not the answer to the request");
  }
  if (auto fine = check_signature(*message, octets); !fine) {
    return tl::unexpected(std::move(fine.error()));
  }
  return DnsResponse{std::move(*message), {}};
}

Result<void> DnsExchange::check_signature(const dns::Message& message, Octets octets) {
  if (!session_) return {};
  const auto rcode = message.header.rcode;
  if (!message.tsig_at && (rcode == Rcode::refused || rcode == Rcode::notauth)) {
    return fail(Errc::unauthorized, "the server says " + dns::to_text(rcode) +
                                        " without a signature: does it know the key " +
                                        request_.key->name.to_text() + "?");
  }
  const auto verdict = session_->check_answer(octets, message.tsig_at, net::wall_seconds());
  if (verdict.error == dns::TsigError::none) return {};
  // Told by the server itself (RFC 8945 section 5.3.2); else whoever sent this is not the server.
  const bool is_told = rcode == Rcode::notauth && message.tsig_at.has_value();
  return fail(is_told ? Errc::unauthorized : Errc::bad_answer, verdict.why);
}

/// Lets go of everything first: whoever is told may destroy this.
void DnsExchange::finish(Result<DnsResponse> result) {
  if (!on_done_) return;
  deadline_.cancel();
  const auto stream = std::move(stream_);
  const auto connect = std::move(connect_);
  const auto tell = std::exchange(on_done_, nullptr);
  if (!result) result = fail_in(request_.server.to_text(), result.error());
  tell(std::move(result));
}

}  // namespace taproot::pushers
