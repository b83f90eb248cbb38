#pragma once

#include "dns/tsig.hpp"
#include "server/outgoing_transfer.hpp"
#include "server/replay_guard.hpp"
#include "server/update_order.hpp"
#include "server/zone_editor.hpp"
#include "zonestore/journal.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>

namespace taproot::server {

/// Takes the UPDATEs that the serving loops let in: refuses copies of earlier ones, has the others
/// carried out, and answers when the zone's new version is on disk and served.
///
/// That a key's request was seen is journaled before anything is done for it, once per key and
/// second, so that it cannot be played again after a restart either. Belongs to the control loop.
class UpdateDesk {
 public:
  UpdateDesk(zonestore::Journal& journal, ZoneEditor& editor, WallClock wall_clock);
  UpdateDesk(const UpdateDesk&) = delete;
  UpdateDesk& operator=(const UpdateDesk&) = delete;

  void take(UpdateOrder order);

 private:
  Result<void> open_guard();
  Result<void> note_seen(const SignedRequest& request);
  void carry_out(UpdateOrder order);
  void refuse(const UpdateOrder& order, dns::Rcode rcode, const std::string& why);
  void log(const UpdateOrder& order, const UpdateOutcome& outcome);
  bool may_log();

  zonestore::Journal& journal_;
  ZoneEditor& editor_;
  WallClock wall_clock_;
  dns::TsigTime started_;
  std::optional<ReplayGuard> guard_;  ///< nothing as long as the journal cannot be read
  zonestore::Journal::Signers noted_;
  dns::TsigTime log_second_ = 0;
  unsigned logged_ = 0;
};

}  // namespace taproot::server
