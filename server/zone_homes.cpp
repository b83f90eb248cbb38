#include "server/zone_homes.hpp"

#include <spdlog/spdlog.h>

#include <iterator>
#include <set>
#include <utility>

namespace taproot::server {

ZoneHomes::ZoneHomes(zonestore::Journal& journal) : journal_(journal) {
  if (auto known = journal_.homes()) {
    homes_ = std::move(*known);
  } else {
    spdlog::error("zones whose files vanished are not known: {}", known.error().detail);
  }
}

void ZoneHomes::add_vanished(Config& config) const {
  struct Home {
    const ZoneConfig* pattern;
    std::string shown;
    std::string vanished;
  };
  std::map<std::string, Home> folders;
  for (const auto& directory : config.directories) {
    folders[directory.path] = {&directory.pattern, directory.shown, "its source vanished"};
  }
  for (const auto& catalog : config.catalogs) {
    if (catalog.is_made || catalog.drops_vanished) continue;
    folders[catalog.home()] = {&catalog.members, catalog.members.shown,
                               "it is no member of " + catalog.name.to_text() + " any more"};
  }
  // What is added here is no pattern, and moves none.
  std::vector<ZoneConfig> added;
  std::set<dns::Name> there;
  for (const auto& zone : config.zones) there.insert(zone.name);
  for (const auto& [apex, home] : homes_) {
    const auto folder = folders.find(home);
    if (folder == folders.end() || there.contains(apex)) continue;
    const auto last = journal_.last_number(apex);
    if (last && *last == 0) continue;  // it was never good: nobody misses it
    ZoneConfig zone = *folder->second.pattern;
    zone.name = apex;
    zone.shown = folder->second.shown;
    zone.vanished = folder->second.vanished;
    added.push_back(std::move(zone));
  }
  std::move(added.begin(), added.end(), std::back_inserter(config.zones));
}

void ZoneHomes::remember(const std::vector<ZoneConfig>& zones) {
  zonestore::Journal::Homes now;
  for (const auto& zone : zones) {
    if (!zone.directory.empty()) now.emplace(zone.name, zone.directory.string());
  }
  zonestore::Journal::Homes changes;
  for (const auto& [apex, home] : now) {
    const auto before = homes_.find(apex);
    if (before == homes_.end() || before->second != home) changes.emplace(apex, home);
  }
  for (const auto& [apex, home] : homes_) {
    if (!now.contains(apex)) changes.emplace(apex, "");
  }
  homes_ = std::move(now);
  if (const auto set = journal_.set_homes(changes); !set) {
    spdlog::error("which folders zones are from cannot be noted: {}", set.error().detail);
  }
}

}  // namespace taproot::server
