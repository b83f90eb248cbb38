#pragma once

#include "dns/name.hpp"
#include "net/loop.hpp"
#include "server/external_check.hpp"
#include "server/operations.hpp"
#include "server/zone_desk.hpp"
#include "server/zone_update.hpp"
#include "zonestore/candidate.hpp"
#include "zonestore/edit.hpp"
#include "zonestore/store.hpp"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace taproot::server {

/// Carries out transactions on zones: builds and checks on the work pool, lets the zone's own check
/// judge what comes of it, installs on the loop.
/// Edits are one transaction each; UPDATEs that wait for their turn together are one version.
/// Those of one zone come one after the other, in the order they were asked for; those of
/// different zones do not wait for each other. Belongs to the control loop.
class ZoneEditor {
 public:
  using Request = Operations::EditRequest;

  ZoneEditor(net::Loop& loop, zonestore::ZoneStore& store, ZoneDesk& desk)
      : loop_(loop), store_(store), desk_(desk), checks_(loop) {}
  ZoneEditor(const ZoneEditor&) = delete;
  ZoneEditor& operator=(const ZoneEditor&) = delete;

  /// The zone must be configured. Fails with Errc::not_found if it has no version, Errc::conflict
  /// if `based_on` is not current when its turn comes, and what ZoneStore::install fails with.
  void edit(Request request, Done<EditReport> done);

  /// An UPDATE, in its turn. Those that come one after the other while the zone is busy share one
  /// version and one write to the journal, and are no less atomic each; where a command judges the
  /// zone each gets a version and a judgement of its own. `done` is called when the
  /// version is on disk and served.
  void update(ZoneUpdate update);

 private:
  struct Edit;
  struct Targets;
  using Turn = std::shared_ptr<Edit>;

  void begin(const Turn& turn);
  bool has_command(const dns::Name& zone) const;
  static void answer_updates(const Turn& turn, const Result<EditReport>& report);
  std::optional<dns::Serial> wished_serial(const Edit& edit, zonestore::SerialPolicy policy);
  std::shared_ptr<Targets> targets_for(const zonestore::ZoneVersion& version);
  Result<void> wish_for(const Turn& turn);
  zonestore::InstallRequest install_request(const Edit& edit, const ZoneState& zone);
  void judge(const Turn& turn);
  void judged(const Turn& turn, std::vector<zonestore::Finding> findings);
  void install(const Turn& turn);
  void write(const Turn& turn);
  void written(const Turn& turn, Result<void> put);
  void discard(const Turn& turn);
  Result<std::shared_ptr<const zonestore::DivergenceStep>> divergence_of(
      const zonestore::ZoneVersion& current, const zonestore::ZoneVersion& next);
  void finish(const Turn& turn, const Result<EditReport>& report);

  net::Loop& loop_;
  zonestore::ZoneStore& store_;
  ZoneDesk& desk_;
  ExternalChecks checks_;  ///< not the desk's: an edit does not wait behind a reload of all zones
  std::map<dns::Name, std::deque<Turn>> turns_;  ///< the first of each is under way
  std::map<dns::Name, std::shared_ptr<Targets>> targets_;
};

}  // namespace taproot::server
