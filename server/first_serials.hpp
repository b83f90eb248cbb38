#pragma once

#include "monitor/serial_survey.hpp"
#include "server/distributor.hpp"
#include "server/zone_desk.hpp"
#include "zonestore/store.hpp"

#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <set>
#include <unordered_set>
#include <vector>

namespace taproot::server {

/// Before a zone gets its first version here: asks its secondaries which serial they hold, and has
/// it go on above that. A primary whose state was lost would otherwise begin behind them, and they
/// would never follow. Each zone once; those without secondaries, or with a version, not at all.
/// Belongs to the control loop.
class FirstSerials {
 public:
  FirstSerials(net::Loop& loop, zonestore::ZoneStore& store, const ZoneDesk& desk,
               const Distributor& distributor);
  FirstSerials(const FirstSerials&) = delete;
  FirstSerials& operator=(const FirstSerials&) = delete;
  ~FirstSerials() = default;

  /// Whether this zone's first version has to wait for its secondaries.
  bool must_ask(const dns::Name& zone) const;

  /// Calls `then` when nothing is to be known any more about the serials of these zones: at once,
  /// or when their secondaries have been asked, some two seconds later.
  void know(const std::vector<dns::Name>& zones, std::function<void()> then);

 private:
  using Survey = monitor::SerialSurvey;
  struct Waiting {
    std::set<dns::Name> zones;  ///< those that are still asked about
    std::function<void()> then;
  };

  void begin(std::vector<Survey::Zone> zones);
  void take(const std::vector<Survey::Zone>& zones);
  void log(const std::vector<Survey::Zone>& zones) const;

  net::Loop& loop_;
  zonestore::ZoneStore& store_;
  const ZoneDesk& desk_;
  const Distributor& distributor_;
  std::unordered_set<dns::Name, dns::NameHash> asked_;  ///< or being asked
  std::unordered_set<dns::Name, dns::NameHash> asking_;
  std::list<std::unique_ptr<Survey>> surveys_;
  std::list<Waiting> waiting_;
};

}  // namespace taproot::server
