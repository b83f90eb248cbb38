#include "server/zone_homes.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace taproot::server {

namespace {

using Homes = std::unordered_map<dns::Name, std::string_view, dns::NameHash>;

/// The usual case, which must not cost a table of very many zones.
bool are_same(const std::vector<SharedZoneConfig>& a, const std::vector<SharedZoneConfig>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x == y || (x->name == y->name && x->directory == y->directory);
  });
}

}  // namespace

ZoneHomes::ZoneHomes(zonestore::Journal& journal) : journal_(journal) {
  if (auto known = journal_.homes()) {
    homes_ = std::move(*known);
  } else {
    spdlog::error("zones whose files vanished are not known: {}", known.error().detail);
  }
}

void ZoneHomes::add_vanished(Config& config) const {
  if (homes_.empty() && are_same(config.zones, remembered_)) return;
  struct Home {
    const ZoneConfig* pattern;
    std::string shown;
    std::string vanished;
  };
  std::map<std::string, Home, std::less<>> folders;
  for (const auto& directory : config.directories) {
    folders[directory.path.native()] = {&directory.pattern, directory.shown, "its source vanished"};
  }
  for (const auto& catalog : config.catalogs) {
    if (catalog.is_made || catalog.drops_vanished) continue;
    folders[catalog.home()] = {&catalog.members, catalog.members.shown,
                               "it is no member of " + catalog.name.to_text() + " any more"};
  }
  std::unordered_set<dns::Name, dns::NameHash> there;
  for (const auto& zone : config.zones) there.insert(zone->name);
  const auto add = [&](const dns::Name& apex, std::string_view home) {
    const auto folder = folders.find(home);
    if (folder == folders.end() || there.contains(apex)) return;
    const auto last = journal_.last_number(apex);
    if (last && *last == 0) return;  // it was never good: nobody misses it
    ZoneConfig zone = *folder->second.pattern;
    zone.name = apex;
    zone.shown = folder->second.shown;
    zone.vanished = folder->second.vanished;
    config.zones.push_back(std::make_shared<const ZoneConfig>(std::move(zone)));
  };
  for (const auto& [apex, home] : homes_) add(apex, home);
  for (const auto& zone : remembered_) {
    if (!zone->directory.empty()) add(zone->name, zone->directory);
  }
}

void ZoneHomes::remember(const std::vector<SharedZoneConfig>& zones) {
  if (homes_.empty() && are_same(zones, remembered_)) {
    remembered_ = zones;
    return;
  }
  Homes before;
  for (const auto& [apex, home] : homes_) before.emplace(apex, home);
  for (const auto& zone : remembered_) {
    if (!zone->directory.empty()) before.emplace(zone->name, zone->directory);
  }
  zonestore::Journal::Homes changes;
  for (const auto& zone : zones) {
    const auto known = before.find(zone->name);
    const std::string_view home = known == before.end() ? std::string_view() : known->second;
    if (home != zone->directory && !zone->directory.empty()) {
      changes.emplace_back(zone->name, zone->directory);
    }
    if (known != before.end() && !zone->directory.empty()) before.erase(known);
  }
  for (const auto& [apex, home] : before) changes.emplace_back(apex, "");
  if (const auto set = journal_.set_homes(changes); !set) {
    spdlog::error("which folders zones are from cannot be noted: {}", set.error().detail);
  }
  remembered_ = zones;
  homes_.clear();
}

}  // namespace taproot::server
