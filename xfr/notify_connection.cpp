#include "xfr/notify_connection.hpp"

#include "net/tls_stream.hpp"

#include <utility>

namespace taproot::xfr {

namespace {

constexpr std::size_t length_size = 2;  // RFC 1035 section 4.2.2
/// No answer to a NOTIFY is longer: it repeats the question, and may be signed.
constexpr std::size_t max_answer = 4096;

}  // namespace

NotifyConnection::NotifyConnection(net::Loop& loop, const net::Endpoint& to, Options options,
                                   OnAnswer on_answer, OnEnd on_end)
    : loop_(loop),
      options_(std::move(options)),
      on_answer_(std::move(on_answer)),
      on_end_(std::move(on_end)),
      timer_(loop, [this] { on_time(); }) {
  connect_ = net::TcpStream::connect(
      loop, to, options_.source, options_.timeout,
      [this](Result<std::unique_ptr<net::TcpStream>> stream) { on_connected(std::move(stream)); });
}

NotifyConnection::~NotifyConnection() = default;

void NotifyConnection::on_connected(Result<std::unique_ptr<net::TcpStream>> stream) {
  if (!stream) return end(stream.error().detail);
  if (options_.tls != nullptr) {
    stream_ =
        std::make_unique<net::TlsStream>(loop_, std::move(*stream), options_.tls, options_.timeout);
  } else {
    stream_ = std::move(*stream);
  }
  stream_->start([this](Octets octets) { on_data(octets); },
                 [this](net::TcpEnd how) { on_closed(how); });
  if (!waiting_.empty()) stream_->write(std::exchange(waiting_, {}));
  timer_.set_after(options_.timeout);
}

bool NotifyConnection::send(Octets message) {
  const std::size_t queued = waiting_.size() + (stream_ ? stream_->queued() : 0);
  if (!on_end_ || queued + message.size() > options_.max_queued) return false;
  auto frame = std::exchange(waiting_, {});
  frame.push_back(static_cast<std::uint8_t>(message.size() >> 8));
  frame.push_back(static_cast<std::uint8_t>(message.size() & 0xff));
  frame.insert(frame.end(), message.begin(), message.end());
  // Who owes nothing has his time from now on; who does must not gain any by our asking more.
  if (stream_ && owed_ == 0) timer_.set_after(options_.timeout);
  ++owed_;
  if (stream_) {
    stream_->write(std::move(frame));
  } else {
    waiting_ = std::move(frame);
  }
  return true;
}

void NotifyConnection::on_data(Octets octets) {
  received_.insert(received_.end(), octets.begin(), octets.end());
  while (on_end_ && take_message()) {
  }
}

/// Hands over the message at the front, if it is whole.
bool NotifyConnection::take_message() {
  if (received_.size() < length_size) return false;
  const auto size = static_cast<std::size_t>(received_[0] << 8 | received_[1]);
  if (size > max_answer) {
    end("the secondary answered with what is no answer to a NOTIFY");
    return false;
  }
  if (received_.size() < length_size + size) return false;
  const std::vector<std::uint8_t> message(
      received_.begin() + length_size,
      received_.begin() + static_cast<std::ptrdiff_t>(length_size + size));
  received_.erase(received_.begin(),
                  received_.begin() + static_cast<std::ptrdiff_t>(length_size + size));
  if (owed_ > 0) --owed_;
  timer_.set_after(owed_ > 0 ? options_.timeout : options_.idle);
  on_answer_(message);
  return true;
}

void NotifyConnection::on_closed(net::TcpEnd how) {
  if (owed_ == 0) return end({});
  const auto why = stream_->why_ended();
  if (!why.empty()) return end(why);
  end(how == net::TcpEnd::failed ? "the connection broke"
                                 : "the secondary closed the connection without an answer");
}

void NotifyConnection::on_time() {
  if (owed_ == 0) return end({});
  end("no answer over " + std::string(options_.tls != nullptr ? "TLS" : "TCP") + " in " +
      std::to_string((options_.timeout.count() + 999) / 1000) + " s");
}

/// Lets go of everything first: whoever is told may destroy this.
void NotifyConnection::end(const std::string& why) {
  if (!on_end_) return;
  timer_.cancel();
  const auto stream = std::move(stream_);
  const auto connect = std::move(connect_);
  const auto tell = std::exchange(on_end_, nullptr);
  tell(why);
}

}  // namespace taproot::xfr
