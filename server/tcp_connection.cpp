#include "server/tcp_connection.hpp"

#include <algorithm>
#include <utility>

namespace taproot::server {

namespace {

constexpr std::size_t length_size = 2;  // RFC 1035 section 4.2.2
/// Octets of transfers that are composed before it is others' turn: more would keep UDP waiting,
/// and each write costs a system call and may wake who reads.
constexpr std::size_t turn_octets = std::size_t{96} << 10;
/// What each transfer of many gets of it, and at its beginning, since most are short.
constexpr std::size_t least_octets = std::size_t{32} << 10;
constexpr std::size_t usual_frame = std::size_t{17} << 10;  // a message of a transfer, its length

}  // namespace

std::string_view to_text(ConnectionEnd end) {
  switch (end) {
    case ConnectionEnd::by_peer:
      return "the peer ended the connection";
    case ConnectionEnd::no_tls:
      return "there was no TLS";
    case ConnectionEnd::idle:
      return "the connection was idle";
    case ConnectionEnd::half_message:
      return "a request did not become whole in time";
    case ConnectionEnd::stalled:
      return "the peer stopped reading";
    case ConnectionEnd::misuse:
      return "what came was not a DNS request";
    case ConnectionEnd::evicted:
      return "the connection had to make room for others";
    case ConnectionEnd::transfer_failed:
      return "the transfer could not be completed";
  }
  return "";
}

TcpConnection::TcpConnection(std::unique_ptr<net::Stream> stream, Environment& environment,
                             Owner& owner)
    : stream_(std::move(stream)), environment_(environment), owner_(owner) {
  stream_->start([this](Octets octets) { on_data(octets); },
                 [this](net::TcpEnd end) { on_closed(end); });
}

TcpConnection::~TcpConnection() {
  if (awaited_ != 0) environment_.dispatch.forget(awaited_);
  end_transfer();
}

std::optional<ConnectionEnd> TcpConnection::why_end(net::Instant now) {
  const TcpLimits& limits = environment_.limits;
  const std::size_t queued = stream_->queued();
  if (sent_ - queued != taken_ || queued == 0) {
    taken_ = sent_ - queued;
    last_taken_ = now;
  }
  if (queued > 0) {
    if (now - last_taken_ > limits.stalled) return ConnectionEnd::stalled;
    return std::nullopt;
  }
  if (awaited_ != 0) return std::nullopt;  // it is for us to move
  if (partial_since_) {
    if (now - *partial_since_ > limits.message) return ConnectionEnd::half_message;
    return std::nullopt;
  }
  if (now - last_useful_ > limits.idle) return ConnectionEnd::idle;
  return std::nullopt;
}

void TcpConnection::set_reason(ConnectionEnd end) {
  const bool by_peer = end == ConnectionEnd::by_peer || end == ConnectionEnd::stalled ||
                       end == ConnectionEnd::misuse;
  if (transfer_) transfer_->set_reason(std::string(to_text(end)), by_peer);
}

void TcpConnection::on_data(Octets octets) {
  if (end_) return;
  const bool had_rest = !input_.empty();
  if (had_rest) {
    input_.insert(input_.end(), octets.begin(), octets.end());
    serve_waiting();
  } else {
    const Octets rest = octets.subspan(serve(octets));
    input_.assign(rest.begin(), rest.end());
  }
  settle();
}

void TcpConnection::on_closed(net::TcpEnd end) {
  if (end_) return;
  peer_finished_ = true;
  if (end != net::TcpEnd::finished) end_ = ConnectionEnd::by_peer;
  if (end == net::TcpEnd::failed && !stream_->why_ended().empty()) {
    environment_.dispatch.tell_broken_tls(peer(), stream_->why_ended());
    end_ = ConnectionEnd::no_tls;
  }
  settle();
}

void TcpConnection::on_written() {
  if (end_) return;
  if (transfer_ && stream_->queued() > 0) return;  // this was an earlier write: another comes
  if (transfer_) go_on_with_transfer();
  if (!transfer_) serve_waiting();
  settle();
}

/// The answer that was awaited.
void TcpConnection::on_answer(Octets message) {
  awaited_ = 0;
  last_useful_ = net::Clock::now();
  append_frame(message);
  serve_waiting();
  settle();
}

void TcpConnection::begin_transfer(std::unique_ptr<OutgoingTransfer> transfer) {
  transfer_ = std::move(transfer);
  ++environment_.transfers;
  pull(least_octets);
}

void TcpConnection::end_transfer() {
  if (!transfer_) return;
  transfer_.reset();
  --environment_.transfers;
}

void TcpConnection::go_on_with_transfer() {
  last_useful_ = net::Clock::now();
  if (transfer_->done()) {
    transfer_->finish();
    end_transfer();
  } else {
    pull(std::max(least_octets, turn_octets / environment_.transfers));
  }
  owner_.on_useful(*this);
}

bool TcpConnection::is_blocked() const {
  return transfer_ != nullptr || awaited_ != 0 ||
         output_.size() + stream_->queued() > environment_.limits.max_queued;
}

void TcpConnection::serve_waiting() {
  const std::size_t served = serve(input_);
  if (served == input_.size()) {
    input_ = {};  // gives the memory back
  } else {
    input_.erase(input_.begin(), input_.begin() + static_cast<std::ptrdiff_t>(served));
  }
}

/// Serves the whole frames at the front of `input` until something blocks, and returns the octets
/// they took.
std::size_t TcpConnection::serve(Octets input) {
  const std::size_t all = input.size();
  std::optional<Snapshot> snapshot;
  while (!end_ && !is_blocked() && input.size() >= length_size) {
    const auto length = static_cast<std::size_t>(input[0] << 8 | input[1]);
    if (!snapshot) snapshot = environment_.take();
    if (is_too_long(*snapshot, length, input.subspan(length_size))) {
      end_ = ConnectionEnd::misuse;
      break;
    }
    if (length > input.size() - length_size) break;
    serve_frame(*snapshot, input.subspan(length_size, length));
    input = input.subspan(length_size + length);
  }
  const std::size_t served = all - input.size();
  if (served > 0) {
    last_useful_ = net::Clock::now();
    owner_.on_useful(*this);
  }
  const bool half = !input.empty() && !is_blocked();
  if (!half) {
    partial_since_.reset();
  } else if (served > 0 || !partial_since_) {
    partial_since_ = net::Clock::now();
  }
  return served;
}

/// An UPDATE may be long, where somebody is allowed one. `frame` is what has come of it.
bool TcpConnection::is_too_long(const Snapshot& snapshot, std::size_t length, Octets frame) const {
  constexpr std::size_t opcode_end = 3;
  if (length <= environment_.limits.max_request) return false;
  if (snapshot.policy->updates.empty() || length > environment_.limits.max_update) return true;
  return frame.size() >= opcode_end &&
         static_cast<dns::Opcode>(frame[2] >> 3 & 15) != dns::Opcode::update;
}

void TcpConnection::serve_frame(const Snapshot& snapshot, Octets frame) {
  auto reply = environment_.dispatch.handle(
      snapshot, {frame, peer(), Transport::tcp, stream_->tls_peer()}, environment_.scratch);
  if (reply.transfer) {
    return begin_transfer(std::move(reply.transfer));
  }
  if (reply.later != 0) {
    awaited_ = reply.later;
    environment_.dispatch.when_answered(awaited_, [this](Octets message) { on_answer(message); });
    return;
  }
  if (reply.size == 0) {
    end_ = ConnectionEnd::misuse;  // silence is for forged datagrams; here somebody is there
    return;
  }
  append_frame(Octets(environment_.scratch).first(reply.size));
}

/// Composes the next part of a transfer.
void TcpConnection::pull(std::size_t octets) {
  const std::size_t start = output_.size();
  output_.reserve(start + octets + usual_frame);
  while (!transfer_->done() && output_.size() - start < octets) {
    const std::size_t size = transfer_->next(environment_.scratch);
    if (size == 0) {
      end_ = ConnectionEnd::transfer_failed;
      return;
    }
    append_frame(Octets(environment_.scratch).first(size));
  }
}

void TcpConnection::append_frame(Octets message) {
  output_.push_back(static_cast<std::uint8_t>(message.size() >> 8));
  output_.push_back(static_cast<std::uint8_t>(message.size()));
  output_.insert(output_.end(), message.begin(), message.end());
}

void TcpConnection::flush() {
  if (output_.empty()) return;
  if (stream_->queued() == 0) last_taken_ = net::Clock::now();
  sent_ += output_.size();
  stream_->write(std::exchange(output_, {}), [this] { on_written(); });
}

/// The end of every turn: sends what was composed, reads only if it can be served, and ends what
/// is over. The owner may destroy the connection in the last call.
void TcpConnection::settle() {
  if (!end_) flush();
  const bool idle = stream_->queued() == 0 && !transfer_ && awaited_ == 0;
  if (!end_ && peer_finished_ && idle) end_ = ConnectionEnd::by_peer;
  if (end_) return owner_.on_end(*this, *end_);
  if (reading_ == is_blocked()) {
    reading_ = !reading_;
    reading_ ? stream_->resume_reading() : stream_->pause_reading();
  }
}

}  // namespace taproot::server
