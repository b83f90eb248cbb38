#pragma once

#include "dns/result.hpp"
#include "net/loop.hpp"
#include "net/timer.hpp"
#include "server/apply_runs.hpp"
#include "server/catalog_maker.hpp"
#include "server/config.hpp"
#include "server/control.hpp"
#include "server/distributor.hpp"
#include "server/first_serials.hpp"
#include "server/followed_sources.hpp"
#include "server/held_providers.hpp"
#include "server/operations.hpp"
#include "server/parent_notifier.hpp"
#include "server/planner.hpp"
#include "server/policy.hpp"
#include "server/refusal_log.hpp"
#include "server/remote_sources.hpp"
#include "server/serve.hpp"
#include "server/serving.hpp"
#include "server/source_watch.hpp"
#include "server/update_desk.hpp"
#include "server/zone_desk.hpp"
#include "server/zone_editor.hpp"
#include "server/zone_homes.hpp"
#include "zonestore/published.hpp"
#include "zonestore/store.hpp"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace taproot::server {

/// The house: builds the rooms from a configuration, passes events between them, and answers the
/// operator. Everything here belongs to the control loop's thread.
///
///     SourceWatch, SIGHUP, Control ─> ZoneDesk ─> ZoneStore ─> on_installed ─> Distributor
///                                                                               │
///                 Serving ── TransferEvent ─────────────────────────────────────┤
///                                                     ApplyRuns, status <── Board
class App final : public Operations {
 public:
  /// Opens the state folder, binds all listeners and begins to serve what the journal has.
  static Result<std::unique_ptr<App>> start(net::Loop& loop, Config config, Reread reread);
  /// A house without doors: it answers plan() and verify() as one that serves would, and tells,
  /// pushes and installs nothing. Its versions are those of the journal in `state`, if there is
  /// one, which is only read; the configuration's own state folder may be written to.
  static Result<std::unique_ptr<App>> look(net::Loop& loop, Config config,
                                           const std::filesystem::path& state);
  App(const App&) = delete;
  App& operator=(const App&) = delete;
  ~App() override;

  /// Reads all sources for the first time; `done` when they are installed or refused.
  void load_all(std::function<void()> done);
  /// Reads configuration and sources again, as SIGHUP does.
  void reload_all();

  /// Whether every nameserver of these zones has been asked and has answered, or has not.
  bool has_looked(const Zones& zones) const;

  const Config& config() const { return config_; }
  const std::vector<net::Endpoint>& listening() const { return serving_->local(); }
  const std::vector<net::Endpoint>& listening_tls() const { return serving_->local_tls(); }
  const net::Endpoint& control_endpoint() const { return control_->local(); }

  // Operations
  Result<std::uint64_t> current_version(const dns::Name& zone) override;
  Result<StatusReport> status(const Zones& zones) override;
  void plan(const Zones& zones, server::Done<PlanReport> done) override;
  void apply(ApplyRequest request, server::Done<ApplyReport> done) override;
  Result<ApplyReport> apply_progress(const std::string& id) override;
  void verify(const Zones& zones, server::Done<VerifyReport> done) override;
  Result<HistoryReport> history(const dns::Name& zone, std::size_t limit) override;
  Result<ShowReport> show(const dns::Name& zone, std::optional<VersionRef> at) override;
  Result<DiffReport> diff(const dns::Name& zone, VersionRef a,
                          std::optional<VersionRef> b) override;
  void rollback(RollbackRequest request, server::Done<RollbackReport> done) override;
  void edit(EditRequest request, server::Done<EditReport> done) override;
  void reload(ReloadRequest request, server::Done<ReloadReport> done) override;
  Result<NotifyReport> notify(const Zones& zones) override;
  Result<SerialReport> raise_serial(const SerialRequest& request) override;
  Result<DropReport> drop(const DropRequest& request) override;
  Result<HoldReport> hold(const HoldRequest& request) override;
  std::string metrics() override;

 private:
  App(net::Loop& loop, Config config, Reread reread, std::unique_ptr<zonestore::Journal> journal);

  void furnish();
  Result<void> open_doors();
  void set_zones();
  void set_each_zone();
  std::vector<dns::Name> names_not_configured() const;
  void publish_policy();
  void publish_tls();
  void tidy_journal();
  void on_installed(const zonestore::Installed& installed);
  bool may_log_version();
  void log_left_out();
  static void log_version(const zonestore::ZoneVersion& version);
  void on_transfer(const TransferEvent& event);
  void write_refusals();
  void on_document_changed(const dns::Name& zone);
  void refresh(const std::vector<dns::Name>& zones, bool whole, std::function<void()> done);
  std::vector<std::string> expiry_warnings() const;
  void make_catalogs();
  void make_catalogs_soon();
  void add_members(Config& config);
  void take_members();
  void tell_of(const ZoneConfig& member, SharedZoneConfig& zone);
  void add_appeared(const dns::Name& catalog, std::map<dns::Name, SharedZoneConfig>& members,
                    std::map<dns::Name, SharedZoneConfig>& appeared);
  std::map<dns::Name, SharedZoneConfig> members_of(const CatalogConfig& catalog);
  void on_sources(SourceNews news);
  void take_appeared(std::map<dns::Name, SharedZoneConfig> appeared);
  void take_vanished(const std::map<dns::Name, std::string>& vanished);
  void drop_zones(const std::set<dns::Name>& zones);
  const Config& held_config();
  std::vector<std::string> folder_warnings() const;
  ReloadReport take_config();
  std::size_t keep_unchanged(Config& next) const;
  void keep_house();
  void read_and_log(const std::vector<dns::Name>& zones, std::function<void()> done,
                    const std::string& who = "file");
  void report_documents(ReloadReport& report);
  void watch_state();
  void report_reload(std::vector<SourceOutcome> outcomes, ReloadReport& report);

  Result<std::vector<dns::Name>> chosen(const Zones& zones) const;
  Result<std::uint64_t> number_of(const dns::Name& zone, const VersionRef& ref);
  Result<std::shared_ptr<const zonestore::ZoneVersion>> version(const dns::Name& zone,
                                                                const VersionRef& ref);
  std::optional<Error> why_not(const ApplyRequest& request, const PlanReport& plan);
  void carry_out(const ApplyRequest& request, const PlanReport& plan,
                 const server::Done<ApplyReport>& done);
  void after_install(const ApplyRequest& request, const PlanReport& plan,
                     const std::vector<SourceOutcome>& outcomes,
                     const server::Done<ApplyReport>& done);

  net::Loop& loop_;
  Config config_;
  Reread reread_;
  WallTime started_;
  zonestore::ZoneStore store_;
  zonestore::Published<Policy> policy_;
  zonestore::Published<net::TlsContext> tls_;
  xfr::DeliveredDifferences delivered_;
  xfr::ComposedTransfers composed_;
  RefusalLog refusals_;
  RemoteSources remotes_;
  FollowedSources followed_;
  CatalogMaker catalogs_;
  ZoneDesk desk_;
  ZoneEditor editor_;
  UpdateDesk updates_;
  HeldProviders held_;
  Distributor distributor_;
  FirstSerials serials_;
  Planner planner_;
  ApplyRuns runs_;
  ZoneHomes homes_;
  SourceWatch watch_;
  ParentNotifier parents_;
  std::map<std::string, WallTime> plans_;  ///< shown to somebody, and until when they hold
  net::Timer housekeeping_;
  net::Timer catalog_timer_;
  bool is_looking_ = false;  ///< see look()
  bool taking_members_ = false;
  std::set<dns::Name> clashes_;  ///< members that are others' zones, as they were logged
  /// Versions that the log has been told of in one second.
  struct Logged {
    std::chrono::time_point<std::chrono::steady_clock, std::chrono::seconds> second{};
    std::size_t lines = 0;
    std::size_t left_out = 0;
  };
  Logged logged_;
  bool checkpointing_ = false;
  bool is_state_writable_ = true;  ///< as it was told last
  std::unique_ptr<Serving> serving_;
  std::unique_ptr<Control> control_;
};

}  // namespace taproot::server
