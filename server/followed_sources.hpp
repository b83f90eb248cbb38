#pragma once

#include "dns/name.hpp"
#include "dns/tsig.hpp"
#include "net/loop.hpp"
#include "server/config.hpp"
#include "server/received_zone.hpp"
#include "server/reports.hpp"
#include "server/transfer_event.hpp"
#include "xfr/follower.hpp"
#include "xfr/incoming_transfer.hpp"
#include "zonestore/store.hpp"

#include <cstddef>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

namespace taproot::server {

/// The zones whose source is a transfer from primaries elsewhere: carries an xfr::Follower for
/// each, has what comes checked on the work pool, and hands it to be installed. Belongs to the
/// control loop.
///
///     timers, NOTIFY ─> Follower ─> SOA query ─> TransferClient ─> check_received ─> on_received
///
/// What was received stays here until it is installed: a version that waits for `taproot apply`
/// or was stopped by a guard is not transferred again. Beside the journal a small file per zone
/// remembers the primary's serial, and by its time when a primary was heard of last, so that
/// neither IXFR nor expiry begins anew at a restart.
class FollowedSources {
 public:
  /// There is something new to be read for this zone.
  using OnReceived = std::function<void(const dns::Name& zone)>;

  /// Keeps its files in `folder`, which is this object's alone.
  FollowedSources(net::Loop& loop, zonestore::ZoneStore& store, std::filesystem::path folder,
                  OnReceived on_received);
  FollowedSources(const FollowedSources&) = delete;
  FollowedSources& operator=(const FollowedSources&) = delete;
  ~FollowedSources();

  /// Begins to follow a zone that the store serves, or takes its new configuration; a zone with
  /// another source is let go.
  void set_zone(const ZoneConfig& zone, const std::vector<dns::TsigKey>& keys);
  void drop_zone(const dns::Name& zone);
  /// Removes files that no zone has any more: call it when all zones are set.
  void tidy();

  /// Looks at the primaries of these zones now; `done` is called once, when each look has ended.
  /// With `whole` the zones are transferred whatever serials say.
  void refresh(const std::vector<dns::Name>& zones, bool whole, const std::function<void()>& done);

  /// A NOTIFY that the policy allowed.
  void on_notify(const TransferEvent& event);

  /// Whether there is something to read: always for zones that are not followed.
  bool is_ready(const dns::Name& zone) const;
  /// Fills in what was received, or why there is nothing.
  void fill(SharedZoneConfig& zone) const;
  /// What was received is the zone's version now, or says what it says.
  void on_taken(const dns::Name& zone, const std::shared_ptr<const ReceivedZone>& received);

  /// Why no primary could be heard at the last look, in one line; empty: one was.
  std::string trouble(const dns::Name& zone) const;

  /// The same as a finding; nothing: all is well.
  std::optional<zonestore::Finding> trouble_found(const dns::Name& zone) const;

  /// How a zone's primaries stand, in the order of the configuration.
  std::vector<PrimaryRow> rows(const dns::Name& zone) const;
  /// The same for all zones that follow any.
  std::map<dns::Name, std::vector<PrimaryRow>> all_rows() const;

 private:
  struct Followed;
  struct Checked;
  using Shared = std::shared_ptr<Followed>;

  Shared find(const dns::Name& zone) const;
  void begin(const Shared& followed);
  void look(const Shared& followed, bool whole);
  void on_time(const Shared& followed);
  void ask(const Shared& followed, const xfr::Follower::Ask& question);
  void fetch(const Shared& followed);
  void on_transferred(const Shared& followed, Result<xfr::IncomingTransfer> transfer);
  void fetch_failed(const Shared& followed, const Error& trouble, const std::string& cure = "");
  void check(const Shared& followed, xfr::IncomingTransfer transfer, bool came_over_udp);
  void on_checked(const Shared& followed, Checked& checked);
  void carry(const Shared& followed);
  void end_look(const Shared& followed);
  void note_troubles(Followed& followed);
  void note_expiry(const Shared& followed);
  std::shared_ptr<const zonestore::ZoneVersion> base_of(const Followed& followed) const;
  std::filesystem::path file_of(const dns::Name& zone) const;
  void leave_line();
  void fill_source(const Followed& followed, SourceConfig& source) const;

  net::Loop& loop_;
  zonestore::ZoneStore& store_;
  std::filesystem::path folder_;
  OnReceived on_received_;
  std::mt19937 random_;
  std::map<dns::Name, Shared> zones_;
  std::size_t looking_ = 0;
  std::size_t transferring_ = 0;
  std::deque<std::weak_ptr<Followed>> line_;  ///< transfers that wait for one of those to end
};

}  // namespace taproot::server
