#pragma once

#include "dns/name.hpp"
#include "dns/serial.hpp"
#include "monitor/observation.hpp"
#include "monitor/state.hpp"
#include "net/endpoint.hpp"
#include "zonestore/zone_version.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace taproot::monitor {

/// How a provider gets a zone.
enum class Arrival { transfer, api };
std::string to_text(Arrival arrival);  ///< "transfer" or "api"

/// A row that the configuration asks for: a provider of a zone, and where it serves it.
struct ProviderSetup {
  std::string name;
  Arrival arrival = Arrival::transfer;
  std::vector<std::pair<std::string, net::Endpoint>> nameservers;  ///< name and address
};

/// The version that everybody should serve.
struct WantedVersion {
  std::uint64_t number = 0;
  dns::Serial serial;
  WallTime committed{};
};

/// A transfer that ended well.
struct TransferDone {
  std::string kind;  ///< "AXFR" or "IXFR"
  net::Address to;
  dns::Serial serial;
  std::uint64_t octets = 0;
  double seconds = 0;
  WallTime when{};
};

/// How far the push to an API provider is.
struct PushState {
  std::string words;                     ///< "applying 3 of 12 requests", "applied", …
  std::optional<std::uint64_t> applied;  ///< the version that the provider took last
  std::string error;                     ///< of the last try; empty if it went well
  bool waits_for_person = false;         ///< stopped by a guard
  WallTime when{};
};

/// One nameserver's address.
struct NameserverRow {
  std::string nameserver;
  net::Endpoint endpoint;
  State state = State::unknown;
  WallTime since{};                              ///< when it came into this state
  std::optional<dns::Serial> seen_serial;        ///< with the last answer that had one
  std::optional<std::uint64_t> seen_version;     ///< ours, if the serial is that of one of ours
  std::optional<WallTime> wanted_seen_at;        ///< first seen serving the version wanted now
  std::optional<std::uint64_t> lag_version;      ///< the version that `lag` is about
  std::optional<std::chrono::microseconds> lag;  ///< from commit to first seen; of the newest known
  std::optional<WallTime> last_asked;
  std::optional<WallTime> last_answered;
  std::chrono::microseconds rtt{};
  std::string detail;      ///< what the last look showed
  std::string last_error;  ///< stays when it is over, see failing_since
  std::optional<WallTime> last_error_at;
  std::optional<WallTime> failing_since;  ///< nothing: it does not fail now
  std::string waits_for;                  ///< a sentence; empty only in sync
};

/// One provider: as bad as the worst of its nameservers.
struct ProviderRow {
  std::string name;
  Arrival arrival = Arrival::transfer;
  std::vector<NameserverRow> nameservers;
  std::optional<TransferDone> last_transfer;
  std::optional<PushState> push;
  std::map<net::Endpoint, std::string> notify;  ///< target and what its round waits for

  State state() const;
  /// Empty only in sync.
  std::string waits_for() const;
  /// The longest lag among the nameservers, if all have seen the version wanted.
  std::optional<std::chrono::microseconds> lag() const;
  /// The earliest of its nameservers that fail.
  std::optional<WallTime> failing_since() const;
};

/// One zone: as bad as the worst of its providers.
struct ZoneRow {
  dns::Name apex;
  std::optional<WantedVersion> wanted;
  bool wanted_is_measured = false;  ///< committed under our eyes: its lag means something
  std::map<std::string, ProviderRow> providers;
  std::vector<std::pair<dns::Serial, std::uint64_t>> recent;  ///< serials and versions, newest last

  State state() const;
  std::string waits_for() const;
  std::optional<std::uint64_t> find_version(dns::Serial serial) const;
};

/// The table of who serves what: zone × provider × nameserver address.
///
/// A value: it is told what happened and when, and keeps what a person wants to know of it. The
/// rows are those of the configuration; what is told of others is ignored.
class Board {
 public:
  static constexpr std::size_t max_recent = 256;  ///< versions known by serial, of each zone

  /// Makes the rows of a zone. Rows that stay keep what is known of them.
  void set_zone(const dns::Name& apex, const std::vector<ProviderSetup>& providers);
  void drop_zone(const dns::Name& apex);

  /// Versions of before, oldest first, so that old serials are recognised. The last one is the
  /// version wanted; nothing is measured by it.
  void set_history(const dns::Name& apex, const std::vector<WantedVersion>& versions);

  /// A new version is wanted from now on: all who are in sync fall behind, and the clock of their
  /// lag started when it was committed.
  void on_installed(const zonestore::ZoneVersion& version);
  void on_installed(const dns::Name& apex, const WantedVersion& version);

  void on_observed(const Observation& observation);
  void on_transfer(const dns::Name& apex, const std::string& provider, TransferDone transfer);
  void on_push_state(const dns::Name& apex, const std::string& provider, PushState push);
  /// `waits_for` is what the round says of itself; empty: it is over.
  void on_notify_state(const dns::Name& apex, const std::string& provider,
                       const net::Endpoint& target, std::string waits_for);

  /// All zones, in any order.
  using Zones = std::unordered_map<dns::Name, ZoneRow, dns::NameHash>;
  const Zones& zones() const { return zones_; }
  const ZoneRow* find(const dns::Name& apex) const;
  const NameserverRow* find(const Nameserver& nameserver) const;
  /// How many zones are in each state.
  std::map<State, std::size_t> count_zones() const;

 private:
  ZoneRow* find_zone(const dns::Name& apex);
  ProviderRow* find_provider(const dns::Name& apex, const std::string& provider);

  Zones zones_;
};

}  // namespace taproot::monitor
