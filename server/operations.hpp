#pragma once

#include "dns/name.hpp"
#include "dns/result.hpp"
#include "server/reports.hpp"
#include "server/version_ref.hpp"
#include "zonestore/edit.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace taproot::server {

/// The one call that is owed for one operation, on the control loop, now or later.
template <class Report>
using Done = std::function<void(Result<Report>)>;

/// What an operator can ask of a running taproot: one function per verb.
///
/// Everything is called on the control loop's thread and must not block it. An empty list of
/// zones means all of them; a zone that is not configured fails with Errc::not_found. A `done` is
/// called exactly once, except when the process ends first. Failures by code: not_found (404),
/// conflict (409: the plan or version is no longer the current one), blocked (409), refused (403),
/// in_use (409), bad_text, bad_zone and bad_config (422), timed_out (504), anything else 500.
class Operations {
 public:
  using Zones = std::vector<dns::Name>;

  struct ApplyRequest {
    Zones zones;
    std::optional<std::string> plan;        ///< exactly this plan, or Errc::conflict
    std::optional<std::string> force;       ///< lets the guard of this id pass, once
    std::optional<std::uint64_t> based_on;  ///< the only zone's version, or Errc::conflict
    bool wait = false;                      ///< call back when has_ended(), not when it began
    std::chrono::milliseconds timeout = std::chrono::minutes(5);  ///< of waiting; then as it is
    std::string who;
    std::string why;
  };

  struct RollbackRequest {
    dns::Name zone;
    std::optional<VersionRef> to;           ///< nothing: the version before the current one
    std::optional<std::uint64_t> based_on;  ///< refuse with Errc::conflict unless it is current
    std::string who;
    std::string why;
  };

  struct EditRequest {
    dns::Name zone;
    std::vector<zonestore::EditChange> changes;
    std::optional<std::uint64_t> based_on;  ///< refuse with Errc::conflict unless it is current
    bool write_back = false;                ///< bring the edits into the source's file, too
    bool discard = false;  ///< take the source as it is instead, and forget earlier edits
    bool dry_run = false;  ///< change nothing
    std::string who;
    std::string why;
  };

  struct ReloadRequest {
    Zones zones;                       ///< none: all of them, and the configuration
    std::optional<std::string> force;  ///< lets the guard of this id pass, once
    std::string who;
    std::string why;
  };

  struct SerialRequest {
    dns::Name zone;
    std::optional<std::uint64_t> based_on;  ///< refuse with Errc::conflict unless it is current
    std::string who;
    std::string why;
  };

  struct DropRequest {
    dns::Name zone;
    std::string who;
    std::string why;
  };

  struct HoldRequest {
    std::string provider;
    bool hold = true;  ///< false: it goes on
    std::string who;
    std::string why;
  };

  virtual ~Operations() = default;

  /// The number of a zone's current version; 0 if it has none.
  virtual Result<std::uint64_t> current_version(const dns::Name& zone) = 0;

  virtual Result<StatusReport> status(const Zones& zones) = 0;
  /// Reads the live zones of API providers where it must, and so may take seconds.
  virtual void plan(const Zones& zones, Done<PlanReport> done) = 0;
  /// Begins an apply; its report begins with everything waiting.
  virtual void apply(ApplyRequest request, Done<ApplyReport> done) = 0;
  /// How far an apply has come; those ended are kept for some minutes, then Errc::not_found.
  virtual Result<ApplyReport> apply_progress(const std::string& id) = 0;
  /// Asks every nameserver anew.
  virtual void verify(const Zones& zones, Done<VerifyReport> done) = 0;
  virtual Result<HistoryReport> history(const dns::Name& zone, std::size_t limit) = 0;
  /// A version, or the current one.
  virtual Result<ShowReport> show(const dns::Name& zone, std::optional<VersionRef> at) = 0;
  /// From `a` to `b`, or to the current one.
  virtual Result<DiffReport> diff(const dns::Name& zone, VersionRef a,
                                  std::optional<VersionRef> b) = 0;
  virtual void rollback(RollbackRequest request, Done<RollbackReport> done) = 0;
  /// All changes as one version, or none: then the report says which of them cannot be, and why.
  virtual void edit(EditRequest request, Done<EditReport> done) = 0;
  /// Reads the configuration (if no zones are named) and the zones' sources again.
  virtual void reload(ReloadRequest request, Done<ReloadReport> done) = 0;
  virtual Result<NotifyReport> notify(const Zones& zones) = 0;
  /// A new version with the same contents and a serial above all that its secondaries were seen
  /// with; nothing if none is ahead.
  virtual Result<SerialReport> raise_serial(const SerialRequest& request) = 0;
  /// Stops serving a zone whose file vanished from its folder: that is the confirmation it waits
  /// for. Errc::conflict if it has a source, or if the folder cannot be read.
  virtual Result<DropReport> drop(const DropRequest& request) = 0;
  /// Holds a provider, or lets it go on: a held one gets nothing and is told nothing, also after a
  /// restart. Errc::conflict if the configuration itself holds it.
  virtual Result<HoldReport> hold(const HoldRequest& request) = 0;
  /// Prometheus text (version 0.0.4).
  virtual std::string metrics() = 0;
};

}  // namespace taproot::server
