#pragma once

#include "dns/name.hpp"
#include "monitor/alerts.hpp"
#include "net/loop.hpp"
#include "server/config.hpp"
#include "server/reports.hpp"
#include "xfr/parent_round.hpp"
#include "zonestore/zone_version.hpp"

#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <vector>

namespace taproot::server {

/// Tells parents of changed CDS, CDNSKEY and CSYNC at the apex of the zones that ask for it
/// (RFC 9859): carries an xfr::ParentRound for each that is behind. Belongs to the control loop.
///
///     a version ─> other CDS than the parent was told of? ─> waits until the nameservers have it
///         ─> ParentRound ─> told, and remembered in a file
///
/// What the parent was told of last is a small file for each zone beside the journal, so that a
/// restart neither forgets nor repeats it. What is taken away is told to nobody: a parent makes
/// nothing of it (RFC 7344 section 4.1).
class ParentNotifier {
 public:
  /// Whether all nameservers that are looked at have the newest version of a zone.
  using IsEverywhere = std::function<bool(const dns::Name& zone)>;

  /// Keeps its files in `folder`, which is this object's alone.
  ParentNotifier(net::Loop& loop, std::filesystem::path folder, IsEverywhere is_everywhere);
  ParentNotifier(const ParentNotifier&) = delete;
  ParentNotifier& operator=(const ParentNotifier&) = delete;
  ~ParentNotifier();

  /// Whom to ask, also for the zones that are set; nothing: nobody is told of anything.
  void configure(const std::optional<ParentNotifyConfig>& config);
  /// Takes a zone's configuration, with its version if it has one; one that does not ask for it is
  /// let go.
  void set_zone(const ZoneConfig& zone, const zonestore::ZoneVersion* version);
  void drop_zone(const dns::Name& zone);
  /// Removes files that no zone has any more: call it when all zones are set.
  void tidy();
  void on_version(const zonestore::ZoneVersion& version);
  /// Tells a zone's parent again what it was told, or at once what it waits for.
  void tell_again(const dns::Name& zone);

  /// Nothing of a zone that does not ask for it, or has nothing for its parent.
  std::vector<ParentRow> rows(const dns::Name& zone) const;
  /// Those that ask for it.
  std::vector<dns::Name> zones() const;

  /// A nameserver that stays behind delays it this long at most.
  static constexpr std::chrono::milliseconds longest_delay = std::chrono::minutes(10);
  /// Rounds at work at the same time; the others come a little later.
  static constexpr std::size_t max_at_work = 50;

 private:
  struct Told;
  struct Zone;
  using Shared = std::shared_ptr<Told>;

  void look(Zone& zone, const zonestore::ZoneVersion& version);
  void aim(Told& told, std::string at);
  void on_time(const Shared& told);
  void begin(const Shared& told);
  void carry(const Shared& told, xfr::ParentRound::Step step);
  void ask(const Shared& told, const xfr::ParentRound::Ask& question);
  void leave_work(Told& told);
  void remember(const Told& told);
  static void note(Told& told);
  xfr::ParentRound::Moment moment();
  std::filesystem::path file_of(const dns::Name& zone) const;

  net::Loop& loop_;
  std::filesystem::path folder_;
  IsEverywhere is_everywhere_;
  std::optional<ParentNotifyConfig> config_;
  std::mt19937 random_;
  std::map<dns::Name, std::unique_ptr<Zone>> zones_;
  std::size_t at_work_ = 0;
};

/// What a person should know of a zone's parents.
std::vector<monitor::Alert> alerts_of(const std::vector<ParentRow>& parents, WallTime now);

}  // namespace taproot::server
