#pragma once

#include "dns/name.hpp"
#include "monitor/alerts.hpp"
#include "monitor/board.hpp"
#include "monitor/prober.hpp"
#include "net/loop.hpp"
#include "pushers/pusher.hpp"
#include "server/config.hpp"
#include "server/provider_accounts.hpp"
#include "server/secondaries.hpp"
#include "server/stages.hpp"
#include "server/transfer_event.hpp"
#include "xfr/notifier.hpp"
#include "zonestore/store.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace taproot::server {

/// Brings every version to every provider of its zone, and watches it arrive: NOTIFY rounds,
/// pushes and probes in, the board out. Decides nothing about zones; belongs to the control loop.
class Distributor {
 public:
  /// Something on the board of this zone changed.
  using OnChanged = std::function<void(const dns::Name& apex)>;

  Distributor(net::Loop& loop, zonestore::ZoneStore& store, const Config& config);
  Distributor(const Distributor&) = delete;
  Distributor& operator=(const Distributor&) = delete;
  ~Distributor();

  void on_changed(OnChanged on_changed) { on_changed_ = std::move(on_changed); }
  /// A push to an API provider ended.
  using OnPushed = std::function<void(const dns::Name& apex, const std::string& provider,
                                      const pushers::PushResult& result)>;
  void on_pushed(OnPushed on_pushed) { on_pushed_ = std::move(on_pushed); }

  /// From now on nobody is told and nothing is pushed; nameservers are looked at all the same.
  void keep_quiet() { is_quiet_ = true; }

  /// Takes the providers of a new configuration; set_zone() must follow for every zone.
  void configure(const Config& config);

  /// Makes the rows of a zone and sees that its current version, if it has one, is everywhere.
  void set_zone(const SharedZoneConfig& zone);
  void drop_zone(const dns::Name& apex);

  /// A version was installed: tell, push and probe.
  void installed(const zonestore::Installed& installed);

  /// Holds a provider or lets it go on; then it gets what is current.
  void set_held(const std::string& provider, bool held);

  /// What a serving loop saw of a secondary.
  void on_transfer(const TransferEvent& event);

  /// Everybody who may hold the zone by transfer: whom it notifies, and its nameservers.
  std::vector<net::Endpoint> serial_holders(const dns::Name& apex) const;

  /// Sends NOTIFY for the current version to all secondaries again; returns whom.
  std::vector<net::Endpoint> notify(const dns::Name& apex);

  /// Pushes the current version to an API provider again, e.g. past a guard.
  void push(const dns::Name& apex, const std::string& provider,
            const std::optional<std::string>& force);
  /// What a push of `version` would do; reads the live zone.
  void plan(const std::string& provider, std::shared_ptr<const zonestore::ZoneVersion> version,
            std::function<void(const pushers::PushResult&)> done);
  /// How the last push ended, or null.
  const pushers::PushResult* last_push(const dns::Name& apex, const std::string& provider) const;

  /// Compares everything that a nameserver serves with the current version.
  void verify(const monitor::Nameserver& nameserver,
              std::shared_ptr<const zonestore::ZoneVersion> version,
              monitor::Prober::OnVerified done);

  /// Looks at all nameservers of a zone at once.
  void look_now(const dns::Name& apex) { prober_.look_now(apex); }

  const monitor::Board& board() const { return board_; }
  const xfr::Notifier& notifier() const { return notifier_; }
  const Secondaries& secondaries() const { return secondaries_; }
  /// What is wrong with a zone of the board at `now`.
  std::vector<monitor::Alert> alerts_of(const monitor::ZoneRow& zone, monitor::WallTime now) const;
  const ProviderConfig* find_provider(const std::string& name) const;
  /// The providers of a zone that are not held, by name.
  std::vector<const ProviderConfig*> providers_of(const dns::Name& apex) const;
  /// Every address of every nameserver of a zone at one provider.
  static std::vector<monitor::Nameserver> nameservers_of(const dns::Name& apex,
                                                         const ProviderConfig& provider);

 private:
  void start_pusher(const ProviderConfig& provider);
  bool may_push(const ProviderConfig& provider, const zonestore::ZoneVersion& version) const;
  void push_to(const ProviderConfig& provider,
               std::shared_ptr<const zonestore::ZoneVersion> version, pushers::PushOptions options);
  StageView view_stages_of(const dns::Name& apex, unsigned stage, std::uint64_t version) const;
  void stage_state(const dns::Name& apex, const std::string& provider, const std::string& words,
                   const std::string& error);
  void bring(const std::shared_ptr<const zonestore::ZoneVersion>& version,
             const std::shared_ptr<const zonestore::ChangeSet>& step);
  void tell(const zonestore::ZoneVersion& version);
  void watch(const std::shared_ptr<const zonestore::ZoneVersion>& version,
             const std::shared_ptr<const zonestore::ChangeSet>& step);
  void watch_sample(const dns::Name& apex, const std::vector<std::string>& providers,
                    const std::shared_ptr<const zonestore::ZoneVersion>& version);
  std::vector<xfr::NotifyTarget> targets_of(const dns::Name& apex) const;
  void on_observed(const monitor::Observation& observation);
  void on_notified(const dns::Name& apex, const xfr::NotifyState& state);
  pushers::Pusher::Hooks hooks_of(const std::string& provider);
  void push_state(const dns::Name& apex, const std::string& provider, const std::string& words,
                  const pushers::PushResult* result);
  void begin_watching(const ProviderConfig& provider, const dns::Name& apex,
                      const monitor::Expectation& expectation);
  void changed(const dns::Name& apex) const;

  net::Loop& loop_;
  zonestore::ZoneStore& store_;
  std::vector<ProviderConfig> providers_;
  std::vector<dns::TsigKey> keys_;
  std::unordered_map<dns::Name, SharedZoneConfig, dns::NameHash> zones_;
  OnChanged on_changed_;
  OnPushed on_pushed_;
  monitor::Board board_;
  Secondaries secondaries_;
  xfr::Notifier notifier_;
  monitor::Prober prober_;
  ProviderAccounts accounts_;
  std::map<std::string, std::unique_ptr<pushers::Pusher>> pushers_;
  Stages stages_;
  bool is_quiet_ = false;
  std::map<std::pair<dns::Name, std::string>, pushers::PushResult> last_pushes_;
};

}  // namespace taproot::server
