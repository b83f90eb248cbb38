#pragma once

#include "dns/name.hpp"
#include "net/loop.hpp"
#include "server/catalog_maker.hpp"
#include "server/config.hpp"
#include "server/external_check.hpp"
#include "server/followed_sources.hpp"
#include "server/remote_sources.hpp"
#include "server/reports.hpp"
#include "server/zone_loader.hpp"
#include "zonestore/candidate.hpp"
#include "zonestore/store.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace taproot::server {

/// What came of reading one zone's source.
struct SourceOutcome {
  enum class Kind {
    installed,  ///< it is the zone's version now
    unchanged,  ///< it says what the zone's version says
    pending,    ///< it differs, and waits for `taproot apply`
    refused,    ///< it has errors, or the store refused it
    blocked,    ///< the shrink guard stopped it: it waits for a person
    vanished    ///< it is gone from its folder; the zone is served as it was
  };
  dns::Name zone;
  Kind kind = Kind::unchanged;
  std::string why;  ///< if refused, or rolled back and so unchanged: one line
  /// What the zone would become: set if installed or pending (then with the serial it would get).
  std::shared_ptr<const zonestore::ZoneVersion> version;
  std::shared_ptr<const zonestore::ChangeSet> step;  ///< against the version before; may be null
  std::optional<GuardStop> guard;                    ///< if blocked
};

/// One line in the log for each that a person should know of.
void log_outcomes(const std::vector<SourceOutcome>& outcomes);

/// One configured zone and how its source stands.
struct ZoneState {
  SharedZoneConfig config;
  std::vector<zonestore::Finding> findings;  ///< of the last reading
  std::string refused;                       ///< why the last reading was not taken; empty: it was
  bool is_pending = false;                   ///< the source differs and waits for `taproot apply`
  std::uint64_t readings = 0;                ///< how often it was read: the newest one counts
  std::unique_ptr<const GuardStop> stopped;  ///< the guard that the source waits at; or null
};

/// How grave the findings about a zone are.
zonestore::RulePolicy rules_of(const ZoneState& state);

/// Why nobody may change this zone here; empty for those that follow no primary.
std::string why_not_ours(const ZoneState& state);

/// Brings sources into the store: reads them, keeps what was wrong with them, has the operator's
/// commands judge them, and installs what is good and may be installed. A source with errors
/// changes nothing. No zone waits for the command of another. Belongs to the control loop.
class ZoneDesk {
 public:
  using Done = std::function<void(std::vector<SourceOutcome>)>;

  ZoneDesk(net::Loop& loop, zonestore::ZoneStore& store, RemoteSources& remotes,
           FollowedSources& followed, const CatalogMaker& catalogs)
      : store_(store),
        remotes_(remotes),
        followed_(followed),
        catalogs_(catalogs),
        loader_(loop),
        checks_(loop) {}

  /// Adds a zone to those served, or takes its new configuration. Fails if what the journal has of
  /// it cannot be read: then it is served as not loaded until its source is installed anew.
  Result<void> set_zone(const SharedZoneConfig& zone);
  void drop_zone(const dns::Name& apex);

  using Zones = std::unordered_map<dns::Name, ZoneState, dns::NameHash>;
  const Zones& zones() const { return zones_; }
  const ZoneState* find(const dns::Name& apex) const;
  /// In any order.
  std::vector<dns::Name> names() const;
  /// Sources that are being read.
  std::vector<LoadingZone> loading() const { return loader_.loading(); }

  /// What to do with a source that is good and differs.
  enum class Mode {
    publish,      ///< install it if the zone is published automatically
    apply,        ///< install it in any case
    look,         ///< install nothing
    discard,      ///< install it as it is, whatever was edited, and forget that
    look_discard  ///< what `discard` would do
  };

  /// How sources are read, and for whom.
  struct Reading {
    Mode mode = Mode::publish;
    std::string who;
    std::string why;
    std::optional<std::string> force;  ///< lets the guard of this id pass
  };

  /// Reads the sources of these zones again; zones that are not configured are left out.
  void read(const std::vector<dns::Name>& apexes, const Reading& how, Done done);
  void read(const std::vector<dns::Name>& apexes, Mode mode, const std::string& who,
            const std::string& why, Done done) {
    read(apexes, Reading{mode, who, why, std::nullopt}, std::move(done));
  }

 private:
  struct Sequence;
  void read_some(const std::shared_ptr<Sequence>& sequence);
  void judge(std::vector<LoadedZone> loaded, const Reading& how, Done done);
  std::optional<ExternalCheck> external_check_of(const LoadedZone& loaded,
                                                 const Reading& how) const;
  std::vector<SourceOutcome> take_judged(LoadedZone& zone, std::uint64_t reading,
                                         std::vector<zonestore::Finding> findings,
                                         const Reading& how);
  std::vector<SourceOutcome> take(std::vector<LoadedZone> loaded, const Reading& how);
  std::optional<SourceOutcome> keep_aside(const ZoneState& state, const LoadedZone& loaded,
                                          const Reading& how) const;
  std::optional<dns::Serial> kept_serial(const ZoneState& state, const LoadedZone& loaded) const;
  SourceOutcome look_at(const ZoneState& state, const LoadedZone& loaded) const;

  zonestore::ZoneStore& store_;
  RemoteSources& remotes_;
  FollowedSources& followed_;
  const CatalogMaker& catalogs_;
  ZoneLoader loader_;
  ExternalChecks checks_;
  Zones zones_;
};

}  // namespace taproot::server
