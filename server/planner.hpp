#pragma once

#include "dns/name.hpp"
#include "server/distributor.hpp"
#include "server/reports.hpp"
#include "server/zone_desk.hpp"
#include "zonestore/store.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace taproot::server {

/// Says what would change where: sources read anew, what each secondary lacks, and what a push to
/// each API provider would do, as one change set with one id. Changes nothing. Belongs to the
/// control loop.
class Planner {
 public:
  using Done = std::function<void(PlanReport)>;

  /// Borrows all three.
  Planner(const zonestore::ZoneStore& store, ZoneDesk& desk, Distributor& distributor)
      : store_(store), desk_(desk), distributor_(distributor) {}

  /// `done` is called once, on the loop; reading API providers may take seconds.
  void plan(const std::vector<dns::Name>& zones, Done done);

  static constexpr std::chrono::minutes lifetime{15};

 private:
  struct Making;
  void begin(const std::shared_ptr<Making>& making, std::vector<SourceOutcome> outcomes);
  void begin_zone(const std::shared_ptr<Making>& making, const SourceOutcome& outcome);
  PlannedProvider plan_transfer(const ProviderConfig& provider,
                                const zonestore::ZoneVersion& wanted) const;

  const zonestore::ZoneStore& store_;
  ZoneDesk& desk_;
  Distributor& distributor_;
};

/// The same for the same changes, whatever serial they will get: so a plan made before an install
/// is still the plan after it has begun.
std::string plan_id(const PlanReport& report);

/// True if there is nothing in it to apply.
bool is_empty(const PlanReport& report);

}  // namespace taproot::server
