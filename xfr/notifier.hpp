#pragma once

#include "dns/name.hpp"
#include "dns/serial.hpp"
#include "dns/tsig.hpp"
#include "net/endpoint.hpp"
#include "net/loop.hpp"
#include "net/timer.hpp"
#include "net/tls_context.hpp"
#include "net/udp_socket.hpp"
#include "xfr/notify_connection.hpp"
#include "xfr/notify_round.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

namespace taproot::xfr {

/// Where a provider wants to be told, and how.
struct NotifyTarget {
  std::string provider;
  net::Endpoint to;
  std::optional<net::Address> source;  ///< the address that the provider has on file for us
  std::optional<dns::TsigKey> key;     ///< sign with it
  /// Over TLS, and never otherwise; null: over UDP, and TCP in turn when UDP is not answered.
  std::shared_ptr<const net::TlsContext> tls = nullptr;
};

/// How far one target is with one zone, for the board.
struct NotifyState {
  std::string provider;
  net::Endpoint to;
  dns::Serial serial;  ///< the newest one told
  int tries = 0;
  bool acknowledged = false;
  bool seen = false;  ///< the secondary was seen with `serial` or a later one
  std::string last_error;
  std::string waits_for;  ///< a sentence; empty once seen
};

/// Carries the rounds of all zones and all targets; a newer version replaces the round of an older
/// one.
///
/// Sends over one UDP socket per address family and source address, however many targets there
/// are, and never waits for anybody: a frozen secondary costs a datagram every 15 minutes. Who
/// does not answer over UDP is told over TCP and UDP in turn, and then the way that was answered;
/// a target with TLS is told over TLS and never otherwise. There is one connection at most for
/// each such target, and none while there is nothing to tell.
///
/// A version that comes after a quiet while is told at once. Of a burst of versions the first is
/// told at once and then always the newest there is, at gaps that double from `min_gap` to
/// `max_gap`: a thousand versions in a second make a few rounds, and the last one is told at most
/// `max_gap` after it came. Belongs to its loop's thread.
class Notifier {
 public:
  struct Options {
    std::chrono::milliseconds min_gap = std::chrono::milliseconds(20);
    std::chrono::milliseconds max_gap = std::chrono::milliseconds(320);
    /// Datagrams without an answer before TCP is tried.
    int udp_patience = 3;
    std::chrono::milliseconds connection_timeout = std::chrono::seconds(5);
    std::size_t max_sends_per_turn = 64;  ///< so that a thousand zones leave the loop to others
  };
  using OnChanged = std::function<void(const dns::Name& apex, const NotifyState& state)>;

  explicit Notifier(net::Loop& loop) : Notifier(loop, Options{}) {}
  Notifier(net::Loop& loop, Options options);
  Notifier(const Notifier&) = delete;
  Notifier& operator=(const Notifier&) = delete;
  ~Notifier();

  /// Tells every target about this version. `targets` are all that the zone has: those that are
  /// not among them any more are forgotten. Tells the same serial again when asked to, and
  /// nothing to a target that was told a later one.
  void tell(const NotifySubject& subject, const std::vector<NotifyTarget>& targets);

  /// Somebody was seen with `serial`: all targets of the zone at that address, at that very
  /// endpoint, or of that provider. Several secondaries behind one address are told apart by the
  /// other two only.
  void seen(const dns::Name& apex, const net::Address& address, dns::Serial serial);
  void seen(const dns::Name& apex, const net::Endpoint& target, dns::Serial serial);
  void seen(const dns::Name& apex, const std::string& provider, dns::Serial serial);

  /// Forgets a zone.
  void drop(const dns::Name& apex);

  /// Nothing, if this target was never told about this zone. Of two providers that have the same
  /// endpoint the one named counts.
  std::optional<NotifyState> state(const dns::Name& apex, const NotifyTarget& target) const;
  /// All targets of a zone.
  std::vector<NotifyState> states(const dns::Name& apex) const;

  /// Called when something happened in a round: sent, acknowledged, refused, seen. It must not
  /// change the notifier.
  void on_changed(OnChanged on_changed) { on_changed_ = std::move(on_changed); }

  /// For tests and metrics.
  std::size_t open_sockets() const { return sockets_.size(); }
  std::size_t open_connections() const { return connections_.size(); }
  std::uint64_t sent() const { return sent_; }

 private:
  struct Entry;
  struct Zone;
  using Queue = std::multimap<net::Instant, Entry*>;
  /// Address family by the wildcard or source address that is bound.
  using Sockets = std::map<net::Address, std::unique_ptr<net::UdpSocket>>;
  /// To whom, from where and with what TLS.
  using ConnectionKey = std::tuple<net::Endpoint, std::optional<net::Address>,
                                   std::shared_ptr<const net::TlsContext>>;
  using Connections = std::map<ConnectionKey, std::unique_ptr<NotifyConnection>>;
  /// Rounds by where and with which id their answers come. With very many zones some share an id;
  /// the question in the answer tells them apart.
  using Asked = std::multimap<std::pair<net::Endpoint, std::uint16_t>, Entry*>;

  void tell(Zone& zone, const NotifySubject& subject, const NotifyTarget& target);
  void seen(const dns::Name& apex, dns::Serial serial,
            const std::function<bool(const NotifyTarget&)>& is_meant);
  net::Instant turn_of(Entry& entry) const;
  void begin(Entry& entry, const NotifySubject& subject);
  void forget(Entry& entry);
  void schedule(Entry& entry, std::optional<net::Instant> wake);
  void send_due();
  void wake(Entry& entry);
  bool uses_connection(const Entry& entry) const;
  Result<void> send(Entry& entry, Octets message);
  Result<void> send_over_connection(const NotifyTarget& target, Octets message);
  Result<void> send_datagram(const NotifyTarget& target, Octets datagram);
  void on_connection_end(const ConnectionKey& key, const std::string& why);
  Result<net::UdpSocket*> socket_for(const NotifyTarget& target);
  enum class Way { udp, tcp, tls };
  static Way way_of(const NotifyTarget& target, bool connection);
  void on_answer(Octets answer, const net::Endpoint& from, Way way);
  NotifyRound::Moment moment();
  void changed(const Entry& entry) const;

  net::Loop& loop_;
  Options options_;
  OnChanged on_changed_;
  std::random_device random_;
  Sockets sockets_;
  Connections connections_;
  std::unordered_map<dns::Name, std::unique_ptr<Zone>, dns::NameHash> zones_;
  Queue queue_;
  Asked asked_;
  std::uint64_t sent_ = 0;
  net::Timer timer_;
};

}  // namespace taproot::xfr
