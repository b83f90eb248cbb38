#include "xfr/notifier.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace taproot::xfr {

/// One target of one zone, and the round that tells it about the newest version.
struct Notifier::Entry {
  dns::Name apex;
  NotifyTarget target;
  std::optional<NotifyRound> round;
  std::optional<net::Instant> begun_at;  ///< when the last round sent its first datagram
  std::chrono::milliseconds gap{};       ///< from then on to the first of the next round
  int unanswered = 0;                    ///< messages since the last answer, of all rounds
  bool prefers_tcp = false;              ///< it answered over TCP last, not over UDP
  bool on_connection = false;            ///< the last message went over one
  std::optional<Queue::iterator> queued;
  std::optional<Asked::iterator> asked;
};

struct Notifier::Zone {
  std::vector<std::unique_ptr<Entry>> entries;
};

namespace {

bool same_target(const NotifyTarget& a, const NotifyTarget& b) {
  return a.provider == b.provider && a.to == b.to;
}

/// The address to bind for this target: its source, or any of its family.
net::Address bound_address(const NotifyTarget& target) {
  if (target.source) return *target.source;
  if (!target.to.address().is_ipv6()) return {};
  static constexpr std::array<std::uint8_t, 16> any{};
  return *net::Address::from_octets(any);
}

NotifyState state_of(const NotifyTarget& target, const NotifyRound& round, net::Instant now) {
  return {target.provider,      target.to,       round.serial(),     round.tries(),
          round.acknowledged(), round.is_over(), round.last_error(), round.waits_for(now)};
}

}  // namespace

Notifier::Notifier(net::Loop& loop, Options options)
    : loop_(loop), options_(options), timer_(loop, [this] { send_due(); }) {}

Notifier::~Notifier() = default;

void Notifier::tell(const NotifySubject& subject, const std::vector<NotifyTarget>& targets) {
  if (targets.empty()) return drop(subject.apex);
  auto& zone = zones_[subject.apex];
  if (!zone) zone = std::make_unique<Zone>();
  std::erase_if(zone->entries, [&](const std::unique_ptr<Entry>& entry) {
    const bool stays = std::any_of(targets.begin(), targets.end(), [&](const NotifyTarget& target) {
      return same_target(target, entry->target);
    });
    if (!stays) forget(*entry);
    return !stays;
  });
  for (const auto& target : targets) tell(*zone, subject, target);
}

void Notifier::tell(Zone& zone, const NotifySubject& subject, const NotifyTarget& target) {
  auto found = std::find_if(zone.entries.begin(), zone.entries.end(),
                            [&](const auto& entry) { return same_target(entry->target, target); });
  if (found == zone.entries.end()) {
    zone.entries.push_back(std::make_unique<Entry>());
    found = zone.entries.end() - 1;
    (*found)->apex = subject.apex;
  }
  Entry& entry = **found;
  entry.target = target;  // key and source may be new
  const bool told_a_later_one = entry.round && subject.soa.serial < entry.round->serial();
  if (!told_a_later_one) begin(entry, subject);
}

/// When a new round of this target may send: see the class. What waits already keeps its turn.
net::Instant Notifier::turn_of(Entry& entry) const {
  const auto now = net::Loop::now();
  if (!entry.round || !entry.begun_at) return now;
  if (entry.round->tries() == 0 && entry.queued) return std::max(now, (*entry.queued)->first);
  constexpr int quiet_gaps = 4;  // without a version for as many gaps the burst is over
  const auto since = now - *entry.begun_at;
  if (entry.gap.count() == 0 || since > quiet_gaps * entry.gap) {
    entry.gap = options_.min_gap;
  } else {
    entry.gap = std::min(entry.gap * 2, options_.max_gap);
  }
  return std::max(now, *entry.begun_at + entry.gap);
}

/// A round that has not sent anything yet is simply replaced: so the newest of a burst wins.
void Notifier::begin(Entry& entry, const NotifySubject& subject) {
  const auto turn = turn_of(entry);
  forget(entry);
  const auto id = static_cast<std::uint16_t>(random_());
  entry.round.emplace(subject, entry.target.key, id);
  entry.asked = asked_.emplace(Asked::key_type(entry.target.to, id), &entry);
  schedule(entry, turn);
}

/// Takes an entry out of everything that points at it.
void Notifier::forget(Entry& entry) {
  if (entry.queued) queue_.erase(*std::exchange(entry.queued, std::nullopt));
  if (entry.asked) asked_.erase(*std::exchange(entry.asked, std::nullopt));
}

void Notifier::seen(const dns::Name& apex, const net::Address& address, dns::Serial serial) {
  seen(apex, serial, [&](const NotifyTarget& target) { return target.to.address() == address; });
}

void Notifier::seen(const dns::Name& apex, const net::Endpoint& target, dns::Serial serial) {
  seen(apex, serial, [&](const NotifyTarget& other) { return other.to == target; });
}

void Notifier::seen(const dns::Name& apex, const std::string& provider, dns::Serial serial) {
  seen(apex, serial, [&](const NotifyTarget& target) { return target.provider == provider; });
}

void Notifier::seen(const dns::Name& apex, dns::Serial serial,
                    const std::function<bool(const NotifyTarget&)>& is_meant) {
  const auto zone = zones_.find(apex);
  if (zone == zones_.end()) return;
  for (const auto& entry : zone->second->entries) {
    if (!is_meant(entry->target) || entry->round->is_over()) continue;
    (void)entry->round->on_seen(serial);  // the step says no more than is_over()
    if (!entry->round->is_over()) continue;
    forget(*entry);
    changed(*entry);
  }
}

void Notifier::drop(const dns::Name& apex) {
  const auto zone = zones_.find(apex);
  if (zone == zones_.end()) return;
  for (const auto& entry : zone->second->entries) forget(*entry);
  zones_.erase(zone);
}

std::optional<NotifyState> Notifier::state(const dns::Name& apex,
                                           const NotifyTarget& target) const {
  const auto zone = zones_.find(apex);
  if (zone == zones_.end()) return std::nullopt;
  for (const auto& entry : zone->second->entries) {
    if (same_target(entry->target, target)) {
      return state_of(entry->target, *entry->round, net::Loop::now());
    }
  }
  return std::nullopt;
}

std::vector<NotifyState> Notifier::states(const dns::Name& apex) const {
  std::vector<NotifyState> all;
  const auto zone = zones_.find(apex);
  if (zone == zones_.end()) return all;
  for (const auto& entry : zone->second->entries) {
    all.push_back(state_of(entry->target, *entry->round, net::Loop::now()));
  }
  return all;
}

void Notifier::schedule(Entry& entry, std::optional<net::Instant> wake) {
  if (entry.queued) queue_.erase(*std::exchange(entry.queued, std::nullopt));
  if (!wake) return;
  entry.queued = queue_.emplace(*wake, &entry);
  if (*entry.queued == queue_.begin()) timer_.set(*wake);
}

void Notifier::send_due() {
  const auto now = net::Loop::now();
  for (std::size_t sends = 0; sends < options_.max_sends_per_turn; ++sends) {
    if (queue_.empty() || queue_.begin()->first > now) break;
    Entry& entry = *queue_.begin()->second;
    queue_.erase(queue_.begin());
    entry.queued.reset();
    wake(entry);
  }
  if (!queue_.empty()) timer_.set(queue_.begin()->first);
}

void Notifier::wake(Entry& entry) {
  const bool is_first = entry.round->tries() == 0;
  const auto step = is_first ? entry.round->on_start(moment()) : entry.round->on_wake(moment());
  if (step.send) {
    if (is_first) entry.begun_at = net::Loop::now();
    if (const auto sent = send(entry, *step.send); !sent) {
      entry.round->on_send_failed(sent.error().detail);
    }
  }
  schedule(entry, step.wake);
  changed(entry);
}

/// Whether the next message goes over TCP or TLS.
bool Notifier::uses_connection(const Entry& entry) const {
  if (entry.target.tls != nullptr) return true;
  const int overdue = entry.unanswered - options_.udp_patience;
  const bool other_way = overdue >= 0 && overdue % 2 == 0;
  return entry.prefers_tcp != other_way;
}

Result<void> Notifier::send(Entry& entry, Octets message) {
  entry.on_connection = uses_connection(entry);
  ++entry.unanswered;
  auto sent = entry.on_connection ? send_over_connection(entry.target, message)
                                  : send_datagram(entry.target, message);
  if (sent) ++sent_;
  return sent;
}

Result<void> Notifier::send_over_connection(const NotifyTarget& target, Octets message) {
  const ConnectionKey key{target.to, target.source, target.tls};
  auto& connection = connections_[key];
  if (!connection) {
    NotifyConnection::Options options;
    options.source = target.source;
    options.tls = target.tls;
    options.timeout = options_.connection_timeout;
    const auto way = way_of(target, true);
    connection = std::make_unique<NotifyConnection>(
        loop_, target.to, std::move(options),
        [this, to = target.to, way](Octets answer) { on_answer(answer, to, way); },
        [this, key](const std::string& why) { on_connection_end(key, why); });
  }
  if (connection->send(message)) return {};
  return fail(Errc::io, "the connection to " + target.to.to_text() + " takes no more");
}

/// Whatever was not answered over it has failed, and its round goes on with its next try.
void Notifier::on_connection_end(const ConnectionKey& key, const std::string& why) {
  const auto& [to, source, tls] = key;
  for (auto asked = asked_.lower_bound({to, 0}); asked != asked_.end(); ++asked) {
    if (asked->first.first != to) break;
    Entry& entry = *asked->second;
    const bool is_its = entry.on_connection && entry.unanswered > 0 && entry.round->tries() > 0 &&
                        entry.target.source == source && entry.target.tls == tls;
    if (!is_its || why.empty()) continue;
    entry.round->on_send_failed(why);
    changed(entry);
  }
  const auto ended = connections_.extract(ConnectionKey(key));  // `key` is a part of it
}

Result<void> Notifier::send_datagram(const NotifyTarget& target, Octets datagram) {
  const auto socket = socket_for(target);
  if (!socket)
    return fail_in("cannot send from " + bound_address(target).to_text(), socket.error());
  if (!(*socket)->send(datagram, target.to)) {
    return fail(Errc::io, "the system did not take the NOTIFY for " + target.to.to_text());
  }
  return {};
}

Result<net::UdpSocket*> Notifier::socket_for(const NotifyTarget& target) {
  const auto address = bound_address(target);
  auto& socket = sockets_[address];
  if (!socket) {
    auto opened = net::UdpSocket::open(loop_, net::Endpoint(address, 0),
                                       [this](Octets datagram, const net::Endpoint& from) {
                                         on_answer(datagram, from, Way::udp);
                                       });
    if (!opened) {
      sockets_.erase(address);
      return tl::unexpected(opened.error());
    }
    socket = std::move(*opened);
  }
  return socket.get();
}

Notifier::Way Notifier::way_of(const NotifyTarget& target, bool connection) {
  if (target.tls != nullptr) return Way::tls;
  return connection ? Way::tcp : Way::udp;
}

void Notifier::on_answer(Octets answer, const net::Endpoint& from, Way way) {
  if (answer.size() < 2) return;
  const auto id = static_cast<std::uint16_t>(answer[0] << 8 | answer[1]);
  const auto [first, last] = asked_.equal_range({from, id});
  for (auto asked = first; asked != last; ++asked) {
    Entry& entry = *asked->second;
    // A datagram says nothing of who is told over TLS: anybody can have sent it.
    if (way != way_of(entry.target, way == Way::tcp)) continue;
    schedule(entry, entry.round->on_datagram(answer, moment()).wake);
    if (entry.round->acknowledged() || !entry.round->last_error().empty()) {
      entry.unanswered = 0;
      entry.prefers_tcp = way == Way::tcp;
    }
    changed(entry);
  }
}

NotifyRound::Moment Notifier::moment() {
  const auto wall = std::chrono::system_clock::now().time_since_epoch();
  return {net::Loop::now(),
          static_cast<dns::TsigTime>(std::chrono::floor<std::chrono::seconds>(wall).count()),
          static_cast<std::uint16_t>(random_())};
}

void Notifier::changed(const Entry& entry) const {
  if (on_changed_) on_changed_(entry.apex, state_of(entry.target, *entry.round, net::Loop::now()));
}

}  // namespace taproot::xfr
