#include "server/tcp_listener.hpp"

#include "net/source.hpp"
#include "net/tls_stream.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace taproot::server {

namespace {

/// Often enough that no deadline is missed by more than a quarter of it.
std::chrono::milliseconds interval_for(const TcpLimits& limits) {
  const auto shortest = std::min({limits.idle, limits.message, limits.stalled});
  return std::clamp(shortest / 4, std::chrono::milliseconds(1), std::chrono::milliseconds(1000));
}

}  // namespace

TcpListener::TcpListener(net::Loop& loop, const TcpLimits& limits, Dispatch& dispatch,
                         std::function<Snapshot()> take, TakeTls take_tls)
    : loop_(loop),
      take_tls_(std::move(take_tls)),
      environment_{dispatch, std::move(take), limits},
      handshakes_(limits.handshakes_per_second, limits.handshake_burst),
      look_every_(interval_for(limits)),
      timer_(loop, [this] { look_after(); }) {}

TcpListener::~TcpListener() {
  listener_.reset();
  while (open_connections() > 0) evict_oldest();
}

Result<std::unique_ptr<TcpListener>> TcpListener::open(
    net::Loop& loop, const net::Endpoint& endpoint, bool reuse_port, const TcpLimits& limits,
    Dispatch& dispatch, std::function<Snapshot()> take, TakeTls take_tls) {
  std::unique_ptr<TcpListener> self(
      new TcpListener(loop, limits, dispatch, std::move(take), std::move(take_tls)));
  net::TcpListener::Options options;
  options.reuse_port = reuse_port;
  options.max_connections = limits.max_connections;
  options.on_full = [listener = self.get()] { listener->evict_oldest(); };
  auto opened = net::TcpListener::open(
      loop, endpoint, std::move(options),
      [listener = self.get()](auto stream) { listener->on_accept(std::move(stream)); });
  if (!opened) return tl::unexpected<Error>(opened.error());
  self->listener_ = std::move(*opened);
  self->timer_.set_after(self->look_every_);
  return self;
}

std::unique_ptr<net::Stream> TcpListener::dress(std::unique_ptr<net::TcpStream> stream) {
  if (!take_tls_) return stream;
  return std::make_unique<net::TlsStream>(loop_, std::move(stream), take_tls_(),
                                          environment_.limits.handshake);
}

/// Otherwise it is told why its connection ends at once.
bool TcpListener::may_shake_hands(const net::Endpoint& peer, const net::Address& source) {
  if (handshakes_.take(source, net::Clock::now())) return true;
  ++environment_.dispatch.counters().tls_failed;
  const auto rate = static_cast<unsigned>(environment_.limits.handshakes_per_second);
  environment_.dispatch.tell_broken_tls(
      peer, "more than " + std::to_string(rate) +
                " handshakes a second from this address; let it keep its connections open");
  return false;
}

void TcpListener::on_accept(std::unique_ptr<net::TcpStream> stream) {
  Counters& counters = environment_.dispatch.counters();
  ++(take_tls_ ? counters.tls_accepted : counters.tcp_accepted);
  const net::Address source = net::source_of(stream->peer().address());
  if (take_tls_ && !may_shake_hands(stream->peer(), source)) return;
  if (per_source_[source] >= environment_.limits.max_per_source) evict_oldest_of(source);
  ++per_source_[source];
  ++counters.tcp_open;
  const auto place = ordinary_.insert(ordinary_.end(), Entry{nullptr, source});
  place->connection = std::make_unique<TcpConnection>(dress(std::move(stream)), environment_,
                                                      static_cast<TcpConnection::Owner&>(*this));
  places_.emplace(place->connection.get(), place);
}

void TcpListener::on_useful(TcpConnection& connection) {
  const auto found = places_.find(&connection);
  if (found == places_.end()) return;
  Entries& from = list_of(*found->second);
  found->second->transferring = connection.is_transferring();
  Entries& to = list_of(*found->second);
  to.splice(to.end(), from, found->second);
}

void TcpListener::on_end(TcpConnection& connection, ConnectionEnd why) {
  const auto found = places_.find(&connection);
  if (found != places_.end()) end(found->second, why);
}

void TcpListener::evict_oldest() {
  Entries& entries = ordinary_.empty() ? transferring_ : ordinary_;
  if (!entries.empty()) end(entries.begin(), ConnectionEnd::evicted);
}

TcpListener::Entries::iterator TcpListener::oldest_of(Entries& entries,
                                                      const net::Address& source) {
  return std::find_if(entries.begin(), entries.end(),
                      [&](const Entry& entry) { return entry.source == source; });
}

void TcpListener::evict_oldest_of(const net::Address& source) {
  for (Entries* entries : {&ordinary_, &transferring_}) {
    const auto oldest = oldest_of(*entries, source);
    if (oldest != entries->end()) return end(oldest, ConnectionEnd::evicted);
  }
}

void TcpListener::end(Entries::iterator entry, ConnectionEnd why) {
  Counters& counters = environment_.dispatch.counters();
  switch (why) {
    case ConnectionEnd::by_peer:
    case ConnectionEnd::transfer_failed:
      break;
    case ConnectionEnd::no_tls:
      ++counters.tls_failed;
      break;
    case ConnectionEnd::idle:
    case ConnectionEnd::half_message:
    case ConnectionEnd::stalled:
      ++counters.tcp_timed_out;
      break;
    case ConnectionEnd::misuse:
      ++counters.tcp_misused;
      break;
    case ConnectionEnd::evicted:
      ++counters.tcp_evicted;
      break;
  }
  counters.tcp_open.subtract(1);
  const auto count = per_source_.find(entry->source);
  if (count != per_source_.end() && --count->second == 0) per_source_.erase(count);
  places_.erase(entry->connection.get());
  entry->connection->set_reason(why);
  list_of(*entry).erase(entry);
}

void TcpListener::look_after() {
  const net::Instant now = net::Clock::now();
  look_after(ordinary_, now);
  look_after(transferring_, now);
  timer_.set_after(look_every_);
}

void TcpListener::look_after(Entries& entries, net::Instant now) {
  for (auto entry = entries.begin(); entry != entries.end();) {
    const auto current = entry++;
    if (const auto why = current->connection->why_end(now)) end(current, *why);
  }
}

}  // namespace taproot::server
