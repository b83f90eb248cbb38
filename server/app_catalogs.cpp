#include "server/app.hpp"
#include "zonestore/catalog.hpp"

#include <spdlog/spdlog.h>

#include <chrono>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace taproot::server {

namespace {

/// Zones that come or go together are one new version of a catalog.
constexpr std::chrono::milliseconds together{100};

}  // namespace

// --- Catalogs that are made here ---------------------------------------------------------------

void App::make_catalogs_soon() {
  if (!catalog_timer_.is_set()) catalog_timer_.set_after(together);
}

void App::make_catalogs() {
  std::vector<dns::Name> made;
  for (const auto& catalog : config_.catalogs) {
    if (catalog.is_made) made.push_back(catalog.name);
  }
  if (!made.empty()) read_and_log(made, [] {}, "catalog");
}

// --- Catalogs that are followed ----------------------------------------------------------------

/// The zones that a catalog lists, as far as it is known and good.
std::map<dns::Name, SharedZoneConfig> App::members_of(const CatalogConfig& catalog) {
  std::map<dns::Name, SharedZoneConfig> zones;
  if (catalog.is_made) return zones;
  auto version = store_.current(catalog.name);
  if (!version) {
    const auto newest = store_.journal().newest(catalog.name);
    if (newest) version = *newest;
  }
  if (!version) return zones;
  const auto members = zonestore::read_catalog(*version);
  if (!members) {
    spdlog::error("{}: {}", catalog.name.to_text(), members.error().detail);
    return zones;
  }
  for (const auto& member : *members) {
    ZoneConfig zone = catalog.members;
    zone.name = member.zone;
    if (!member.groups.empty() || member.coo) {
      zone.catalog =
          std::make_shared<CatalogProperties>(CatalogProperties{member.groups, member.coo});
    }
    zones.emplace(member.zone, std::make_shared<const ZoneConfig>(std::move(zone)));
  }
  return zones;
}

/// What the journal knows of the catalogs' members, before anything is served.
void App::add_members(Config& config) {
  if (config.catalogs.empty()) return;  // zones may be very many
  std::unordered_set<dns::Name, dns::NameHash> there;
  for (const auto& zone : config.zones) there.insert(zone->name);
  std::vector<SharedZoneConfig> added;
  for (const auto& catalog : config.catalogs) {
    for (auto& [name, zone] : members_of(catalog)) {
      if (there.insert(name).second) added.push_back(std::move(zone));
    }
  }
  for (auto& zone : added) config.zones.push_back(std::move(zone));
}

/// What its catalog says of a zone that is a member already.
void App::tell_of(const ZoneConfig& member, SharedZoneConfig& zone) {
  if (zone->catalog == member.catalog) return;
  ZoneConfig next = *zone;
  next.catalog = member.catalog;
  zone = std::make_shared<const ZoneConfig>(std::move(next));
  (void)desk_.set_zone(zone);  // it is there already, and so cannot fail
}

/// Brings our zones to what the catalogs list. A member that is a zone of the configuration, or of
/// another catalog, stays that: unless the other one lets it go, by its coo property (RFC 9432
/// section 4.4.1) or by listing it no more.
void App::take_members() {
  taking_members_ = false;
  std::map<dns::Name, SharedZoneConfig> appeared;
  std::map<dns::Name, std::string> vanished;
  std::set<dns::Name> dropped;
  std::map<dns::Name, std::map<dns::Name, SharedZoneConfig>> listed;
  for (const auto& catalog : config_.catalogs) {
    if (catalog.is_made || !store_.current(catalog.name)) continue;
    auto& members = listed[catalog.name] = members_of(catalog);
    for (auto& zone : config_.zones) {
      if (zone->directory != catalog.home()) continue;
      if (const auto found = members.find(zone->name); found != members.end()) {
        tell_of(*found->second, zone);
      } else if (catalog.drops_vanished) {
        dropped.insert(zone->name);
      } else if (zone->vanished.empty()) {
        vanished.emplace(zone->name, "it is no member of " + catalog.name.to_text() + " any more");
      }
    }
  }
  for (auto& [catalog, members] : listed) add_appeared(catalog, members, appeared);
  for (const auto& [name, zone] : appeared) {
    vanished.erase(name);
    dropped.erase(name);
  }
  on_sources({{}, std::move(appeared), std::move(vanished)});
  drop_zones(dropped);
  homes_.remember(config_.zones);
}

/// Those of a catalog's members that are to become zones of ours, or to come to us from another.
void App::add_appeared(const dns::Name& catalog, std::map<dns::Name, SharedZoneConfig>& members,
                       std::map<dns::Name, SharedZoneConfig>& appeared) {
  std::unordered_map<dns::Name, const ZoneConfig*, dns::NameHash> there;
  for (const auto& zone : config_.zones) there.emplace(zone->name, zone.get());
  for (auto& [name, member] : members) {
    const auto found = there.find(name);
    const ZoneConfig* zone = found == there.end() ? nullptr : found->second;
    if (zone == nullptr) {  // unless another catalog was before in this moment
      if (const auto before = appeared.find(name); before != appeared.end()) {
        zone = before->second.get();
      }
    }
    const bool is_ours = zone != nullptr && zone->directory == member->directory;
    const bool may_come =
        zone == nullptr ||
        (zone->is_member() &&
         (!zone->vanished.empty() || (!is_ours && zone->catalog && zone->catalog->coo == catalog)));
    if (may_come) {
      clashes_.erase(name);
      appeared.insert_or_assign(name, std::move(member));
    } else if (!is_ours && clashes_.insert(name).second) {
      spdlog::warn("{}: lists {}, which comes from {} already: that stays", catalog.to_text(),
                   name.to_text(), zone->shown);
    }
  }
}

}  // namespace taproot::server
