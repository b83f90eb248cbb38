#pragma once

#include "dns/name.hpp"
#include "net/loop.hpp"
#include "net/timer.hpp"
#include "server/distributor.hpp"
#include "server/reports.hpp"
#include "zonestore/store.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace taproot::server {

/// The applies that were begun: what each was for, how far it has come, and who waits for its end.
/// Reads the board; changes nothing. Belongs to the control loop.
class ApplyRuns {
 public:
  using Done = std::function<void(ApplyReport)>;

  ApplyRuns(net::Loop& loop, const zonestore::ZoneStore& store, const Distributor& distributor);

  /// What an apply is for, at one provider of one zone.
  struct Part {
    std::string provider;
    Via via = Via::transfer;
    std::size_t changes = 0;  ///< none: it was in sync when the apply began
  };
  struct Zone {
    dns::Name apex;
    std::string error;               ///< the zone as a whole failed
    std::optional<GuardStop> guard;  ///< the zone's source was stopped
    std::vector<Part> parts;
  };

  /// Notes a new apply, before anything of it is done; returns its id.
  std::string begin(std::string plan, std::vector<Zone> zones);

  /// How a push that belongs to an apply ended.
  void pushed(const dns::Name& apex, const std::string& provider,
              const pushers::PushResult& result);

  Result<ApplyReport> report(const std::string& id) const;

  /// Calls back when the apply has ended or the time is over, later, once.
  void wait(const std::string& id, std::chrono::milliseconds timeout, Done done);

  /// Something on the board of this zone changed: looks whether somebody's wait is over.
  void board_changed(const dns::Name& apex);

 private:
  struct PartState {
    Part part;
    std::optional<pushers::PushResult> push;
  };
  struct ZoneState {
    dns::Name apex;
    std::string error;
    std::optional<GuardStop> guard;
    std::uint64_t version = 0;
    std::uint32_t serial = 0;
    std::vector<PartState> parts;
  };
  struct Run {
    std::string id;
    std::string plan;
    WallTime started{};
    std::vector<ZoneState> zones;
    std::vector<std::pair<net::Instant, Done>> waiting;
  };

  AppliedZone report_zone(const ZoneState& zone) const;
  AppliedProvider report_part(const ZoneState& zone, const PartState& part) const;
  ApplyReport report_run(const Run& run) const;
  void look(Run& run);
  void on_time();
  void forget_old();

  static constexpr std::size_t max_runs = 100;

  net::Loop& loop_;
  const zonestore::ZoneStore& store_;
  const Distributor& distributor_;
  std::map<std::uint64_t, Run> runs_;  ///< by the order of beginning
  std::uint64_t next_ = 1;
  net::Timer timer_;
};

}  // namespace taproot::server
