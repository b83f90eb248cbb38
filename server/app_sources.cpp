#include "server/app.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace taproot::server {

namespace {

/// More zones than this in one go are one line in the log.
constexpr std::size_t few = 10;

}  // namespace

/// New zones first: what vanished in the same moment may have come back under another name.
void App::on_sources(SourceNews news) {
  std::vector<dns::Name> to_read(news.changed.begin(), news.changed.end());
  for (const auto& [name, zone] : news.appeared) to_read.push_back(name);
  const bool others = !news.appeared.empty() || !news.vanished.empty();
  if (!news.appeared.empty()) take_appeared(std::move(news.appeared));
  if (!news.vanished.empty()) take_vanished(news.vanished);
  if (others) homes_.remember(config_.zones);
  read_and_log(to_read, [] {});
}

void App::take_appeared(std::map<dns::Name, SharedZoneConfig> appeared) {
  std::vector<dns::Name> fresh;
  std::vector<SharedZoneConfig> moved;  // to a folder with other providers, perhaps
  for (auto& zone : config_.zones) {
    const auto found = appeared.find(zone->name);
    if (found == appeared.end()) continue;
    spdlog::info("{}: has a source again: {}", zone->name.to_text(), found->second->shown);
    const bool has_moved = zone->directory != found->second->directory;
    zone = std::move(found->second);
    (void)desk_.set_zone(zone);  // it is there already, and so cannot fail
    followed_.set_zone(*zone, config_.keys);
    parents_.set_zone(*zone, store_.current(zone->name).get());
    if (has_moved) moved.push_back(zone);
    appeared.erase(found);
  }
  for (auto& [name, zone] : appeared) {
    fresh.push_back(name);
    if (fresh.size() <= few) spdlog::info("{}: a new zone, from {}", name.to_text(), zone->shown);
    config_.zones.push_back(std::move(zone));
  }
  if (fresh.empty() && moved.empty()) return;
  if (fresh.size() > few) spdlog::info("{} new zones in all", fresh.size());
  publish_policy();
  for (const auto& zone : moved) distributor_.set_zone(zone);
  for (auto zone = config_.zones.end() - static_cast<std::ptrdiff_t>(fresh.size());
       zone != config_.zones.end(); ++zone) {
    if (const auto set = desk_.set_zone(*zone); !set) {
      spdlog::error("{}: its versions cannot be read, its source has to do: {}",
                    (*zone)->name.to_text(), set.error().detail);
    }
    followed_.set_zone(**zone, config_.keys);
    distributor_.set_zone(*zone);
    parents_.set_zone(**zone, store_.current((*zone)->name).get());
  }
  make_catalogs_soon();
}

/// A zone that was never good has nothing to be kept for.
void App::take_vanished(const std::map<dns::Name, std::string>& vanished) {
  std::set<dns::Name> never_good;
  std::size_t kept = 0;
  for (auto& zone : config_.zones) {
    const auto found = vanished.find(zone->name);
    if (found == vanished.end()) continue;
    if (store_.current(zone->name) == nullptr) {
      never_good.insert(zone->name);
      continue;
    }
    ZoneConfig without = *zone;
    without.vanished = found->second;
    zone = std::make_shared<const ZoneConfig>(std::move(without));
    (void)desk_.set_zone(zone);  // it is there already, and so cannot fail
    followed_.drop_zone(zone->name);
    if (++kept > few) continue;
    spdlog::warn("{}: {}: it is served as it was until `taproot drop {}`", zone->name.to_text(),
                 zone->vanished, zone->name.to_text());
  }
  if (kept > few) {
    spdlog::warn("{} zones in all have lost their sources and are served as they were", kept);
  }
  for (const auto& warning : folder_warnings()) spdlog::warn("{}", warning);
  drop_zones(never_good);
}

void App::drop_zones(const std::set<dns::Name>& zones) {
  if (zones.empty()) return;
  std::erase_if(config_.zones, [&](const auto& zone) { return zones.contains(zone->name); });
  for (const auto& name : zones) {
    spdlog::info("{}: not served any more", name.to_text());
    distributor_.drop_zone(name);
    desk_.drop_zone(name);
    remotes_.drop_zone(name);
    followed_.drop_zone(name);
    parents_.drop_zone(name);
    watch_.forget(name);
  }
  publish_policy();
  make_catalogs_soon();
}

/// The configuration with the providers held that a person holds.
const Config& App::held_config() {
  held_.apply(config_);
  return config_;
}

Result<HoldReport> App::hold(const HoldRequest& request) {
  const auto& name = request.provider;
  const auto found = std::find_if(config_.providers.begin(), config_.providers.end(),
                                  [&](const auto& provider) { return provider.name == name; });
  if (found == config_.providers.end()) {
    return fail(Errc::not_found, "there is no provider " + name + " in the configuration");
  }
  if (found->hold && !held_.has(name)) {
    return fail(Errc::conflict,
                "the configuration holds " + name + ": take hold: true out there, and reload");
  }
  if (auto kept = held_.set(name, request.hold); !kept) return tl::unexpected(kept.error());
  spdlog::info("{}: {} by {}{}", name, request.hold ? "held" : "resumed", request.who,
               request.why.empty() ? "" : " (" + request.why + ")");
  found->hold = request.hold;
  publish_policy();
  distributor_.set_held(name, request.hold);
  const auto has = [&](const auto& zone) {
    return std::find(zone->providers.begin(), zone->providers.end(), name) != zone->providers.end();
  };
  const auto zones = std::count_if(config_.zones.begin(), config_.zones.end(), has);
  return HoldReport{name, std::string(to_text(found->kind)), request.hold,
                    static_cast<std::size_t>(zones)};
}

Result<DropReport> App::drop(const DropRequest& request) {
  const auto* state = desk_.find(request.zone);
  if (state == nullptr) return tl::unexpected<Error>(chosen({request.zone}).error());
  const std::string name = request.zone.to_text();
  const ZoneConfig& zone = *state->config;
  if (zone.vanished.empty()) {
    return fail(Errc::conflict, name + " has its source: take " + zone.shown +
                                    " away, or the zone out of the configuration, and reload");
  }
  const auto found = std::find_if(
      config_.directories.begin(), config_.directories.end(),
      [&](const auto& directory) { return directory.path.native() == zone.directory; });
  if (found != config_.directories.end()) {
    std::error_code error;
    if (!std::filesystem::is_directory(found->path, error)) {
      return fail(Errc::conflict, "folder " + found->shown + " of " + name +
                                      " cannot be read: mount it, or take it out of the "
                                      "configuration and reload");
    }
  }
  if (has_file_of(zone.directory, request.zone)) {
    return fail(Errc::conflict, "the file of " + name + " is back: it is being read");
  }
  const auto current = store_.current(request.zone);
  DropReport report{name, current ? current->number() : 0, current ? current->serial().value() : 0};
  spdlog::info("{}: dropped by {}{}", name, request.who,
               request.why.empty() ? "" : " (" + request.why + ")");
  drop_zones({request.zone});
  homes_.remember(config_.zones);
  return report;
}

std::vector<std::string> App::folder_warnings() const {
  std::map<std::filesystem::path, std::size_t> waiting;
  for (const auto& zone : config_.zones) {
    if (!zone->vanished.empty()) ++waiting[zone->directory];
  }
  std::vector<std::string> warnings;
  for (const auto& directory : config_.directories) {
    const auto trouble = watch_.trouble(directory.path);
    const auto count = waiting[directory.path];
    if (trouble.empty() || (count == 0 && directory.trouble.empty())) continue;
    warnings.push_back(trouble + ": the " + std::to_string(count) +
                       " zones it had are served as they were");
  }
  return warnings;
}

/// What nobody must overlook: a zone that nobody could renew for too long.
std::vector<std::string> App::expiry_warnings() const {
  std::vector<std::string> warnings;
  for (const auto& [zone, rows] : followed_.all_rows()) {
    if (rows.empty() || !rows.front().is_expired) continue;
    const auto* state = desk_.find(zone);
    const auto* follow = state != nullptr ? state->config->follow() : nullptr;
    const bool is_served = follow != nullptr && follow->serve_expired;
    warnings.push_back(zone.to_text() + " has expired, no primary was heard of for too long: " +
                       (is_served ? "it is served all the same, as serve-expired says"
                                  : "it answers SERVFAIL until one is"));
  }
  return warnings;
}

}  // namespace taproot::server
