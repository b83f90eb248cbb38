#include "server/source_watch.hpp"

#include <spdlog/spdlog.h>

#include <system_error>
#include <utility>

namespace taproot::server {

namespace fs = std::filesystem;

namespace {

bool is_file(const fs::path& path) {
  std::error_code ignored;  // what cannot be looked at is not there
  return fs::is_regular_file(path, ignored);
}

bool is_link(const fs::path& path) {
  std::error_code ignored;
  return fs::is_symlink(path, ignored);
}

}  // namespace

SourceWatch::SourceWatch(net::Loop& loop, OnNews on_news)
    : loop_(loop),
      on_news_(std::move(on_news)),
      watch_(
          loop, [this](const auto& path) { on_change(path); },
          [this](const auto& directory, const auto& names) { on_entries(directory, names); }),
      patrol_(loop, [this] { patrol(); }),
      self_(std::make_shared<SourceWatch*>(this)) {}

SourceWatch::~SourceWatch() = default;

// --- Configuration -----------------------------------------------------------------------------

void SourceWatch::configure(const Config& config) {
  watch_files(config);
  watch_folders(config);
}

void SourceWatch::watch_files(const Config& config) {
  ByFile wanted;
  zones_.clear();
  zones_.reserve(config.zones.size());
  for (const auto& zone : config.zones) {
    if (!zone->vanished.empty()) continue;
    zones_[zone->name] = zone;
    if (!zone->directory.empty()) continue;
    for (const auto& source : zone->sources) {
      if (!source.path.empty()) wanted[source.path].push_back(zone->name);
    }
    if (zone->sources.empty()) wanted[zone->source].push_back(zone->name);
  }
  for (const auto& [path, zones] : zones_by_file_) {
    if (!wanted.contains(path)) watch_.unwatch(path);
  }
  for (const auto& [path, zones] : wanted) {
    if (!zones_by_file_.contains(path)) watch_.watch(path);
  }
  zones_by_file_ = std::move(wanted);
}

void SourceWatch::watch_folders(const Config& config) {
  auto before = std::exchange(folders_, {});
  std::map<std::string_view, Folder*> by_text;
  for (const auto& directory : config.directories) {
    Folder& folder = folders_[directory.path];
    folder.config = directory;
    folder.trouble = directory.trouble;
    folder.seen = directory.stamp;
    folder.links = {directory.links.begin(), directory.links.end()};
    by_text[directory.path.native()] = &folder;
    if (const auto old = before.find(directory.path); old != before.end()) {
      folder.looking = old->second.looking;
      before.erase(old);
    } else {
      watch_.watch_directory(directory.path);
    }
  }
  for (const auto& [path, folder] : before) watch_.unwatch_directory(path);
  for (const auto& [name, zone] : zones_) {
    const auto folder = by_text.find(zone->directory);
    if (folder != by_text.end()) ++folder->second->zones;
  }
  // What came or went between the reading of the configuration and now; whoever waits for the
  // configuration need not wait for it.
  patrol_.set_after(std::chrono::milliseconds(folders_.empty() ? 0 : 500));
}

void SourceWatch::forget(const dns::Name& zone) {
  const auto found = zones_.find(zone);
  if (found == zones_.end()) return;
  const auto folder = folders_.find(found->second->directory);
  if (folder != folders_.end()) --folder->second.zones;
  zones_.erase(found);
}

std::string SourceWatch::trouble(const fs::path& directory) const {
  const auto found = folders_.find(directory);
  if (found == folders_.end()) return "";
  const Folder& folder = found->second;
  if (!folder.trouble.empty()) {
    return "folder " + folder.config.shown + " cannot be read (" + folder.trouble + ")";
  }
  return folder.zones == 0 ? "folder " + folder.config.shown + " has no zone files" : "";
}

/// The zone, if its file is in this folder.
const ZoneConfig* SourceWatch::find_in(const Folder& folder, const dns::Name& zone) const {
  const auto found = zones_.find(zone);
  if (found == zones_.end()) return nullptr;
  return found->second->directory == folder.config.path.native() ? found->second.get() : nullptr;
}

// --- Events ------------------------------------------------------------------------------------

void SourceWatch::on_change(const fs::path& path) {
  const auto found = zones_by_file_.find(path);
  if (found == zones_by_file_.end()) return;
  for (const auto& zone : found->second) news_.changed.insert(zone);
  send_soon();
}

void SourceWatch::on_entries(const fs::path& directory, const std::vector<std::string>& names) {
  const auto found = folders_.find(directory);
  if (found == folders_.end()) return;
  if (names.empty()) {
    on_everything(directory.string());
    return look(directory);
  }
  for (const auto& name : names) on_entry(found->second, name);
}

void SourceWatch::on_entry(Folder& folder, const std::string& name) {
  const auto file = folder.config.path / name;
  const auto zone = is_passed_over(name) ? std::nullopt : apex_of_file(name);
  const auto* known = zone ? find_in(folder, *zone) : nullptr;
  if (known != nullptr && known->source == file.native()) {
    if (!is_file(file)) return vanish(folder, *zone);
    news_.changed.insert(*zone);
    return send_soon();
  }
  // It may be where symbolic links lead through.
  for (const auto& link : folder.links) {
    if (find_in(folder, link) != nullptr) news_.changed.insert(link);
  }
  if (!folder.links.empty()) send_soon();
  if (is_passed_over(name) || !is_file(file)) return;
  const auto why_not = zone ? appear(folder, *zone, name)
                            : std::string("is not named as a zone: APEX.yaml, .json or .zone");
  if (!why_not.empty()) {
    spdlog::warn("{}: left out: {}", (fs::path(folder.config.shown) / name).string(), why_not);
  }
}

/// Any of its files may be another one now.
void SourceWatch::on_everything(const std::string& directory) {
  for (const auto& [name, zone] : zones_) {
    if (zone->directory == directory && is_file(zone->source)) news_.changed.insert(name);
  }
  if (!news_.changed.empty()) send_soon();
}

void SourceWatch::patrol() {
  watch_.look_at_directories();
  for (const auto& [path, folder] : folders_) look(path);
  if (!folders_.empty()) patrol_.set_after(patrol_interval);
}

void SourceWatch::look(const fs::path& directory) {
  const auto found = folders_.find(directory);
  if (found == folders_.end()) return;
  if (std::exchange(found->second.looking, true)) {
    found->second.look_again = true;
    return;
  }
  const auto seen = std::make_shared<FolderLook>();
  loop_.work(
      [seen, directory, before = found->second.seen] { *seen = look_into(directory, before); },
      [alive = std::weak_ptr<SourceWatch*>(self_), seen, directory] {
        const auto self = alive.lock();
        if (!self) return;
        const auto at = (*self)->folders_.find(directory);
        if (at == (*self)->folders_.end()) return;
        at->second.looking = false;
        const bool again = std::exchange(at->second.look_again, false);
        (*self)->take(at->second, *seen);
        if (again) (*self)->look(directory);
      });
}

void SourceWatch::take(Folder& folder, const FolderLook& look) {
  folder.seen = look.stamp;
  if (look.is_same) return;
  const auto before = std::exchange(folder.trouble, look.trouble);
  if (folder.trouble != before) {
    if (folder.trouble.empty()) {
      spdlog::info("folder {} can be read again", folder.config.shown);
    } else {
      spdlog::error("folder {} cannot be read: {}; its zones are served as they were",
                    folder.config.shown, folder.trouble);
    }
  }
  std::unordered_map<dns::Name, const ZoneFile*, dns::NameHash> found;
  const std::string place = (folder.config.path / "").string();
  const auto is_known = [&](const ZoneFile& file) {
    const auto* zone = find_in(folder, file.apex);
    return zone != nullptr && zone->source == place + file.name;
  };
  folder.links.clear();
  for (const auto& file : look.files) {
    const auto [at, is_new] = found.emplace(file.apex, &file);
    if (!is_new && is_known(file)) at->second = &file;
    if (file.is_link) folder.links.insert(file.apex);
  }
  std::vector<dns::Name> gone;
  for (const auto& [name, zone] : zones_) {
    if (zone->directory == folder.config.path.native() && !found.contains(name)) {
      gone.push_back(name);
    }
  }
  for (const auto& zone : gone) {
    if (!is_file(zones_.at(zone)->source)) vanish(folder, zone);
  }
  for (const auto& [zone, file] : found) {
    if (is_known(*file) || !is_file(place + file->name)) continue;
    (void)appear(folder, zone, file->name);  // said at its event
  }
}

/// Why a file is not taken; nothing if it is.
std::string SourceWatch::appear(Folder& folder, const dns::Name& zone, const std::string& name) {
  const auto file = folder.config.path / name;
  const auto at = zones_.find(zone);
  if (at != zones_.end()) {
    const auto& other = *at->second;
    if (other.source == file.native()) return "";
    if (find_in(folder, zone) == nullptr || is_file(other.source)) {
      return "zone " + zone.to_text() + " comes from " +
             (other.source.empty() ? other.shown : other.source) + " already";
    }
    vanish(folder, zone);
  }
  ZoneConfig config = folder.config.pattern;
  config.name = zone;
  config.source = file.string();
  config.shown = (fs::path(folder.config.shown) / name).string();
  auto shared = std::make_shared<const ZoneConfig>(std::move(config));
  zones_[zone] = shared;
  ++folder.zones;
  if (is_link(file)) folder.links.insert(zone);
  news_.vanished.erase(zone);
  news_.appeared.insert_or_assign(zone, std::move(shared));
  send_soon();
  return "";
}

void SourceWatch::vanish(Folder& folder, const dns::Name& zone) {
  zones_.erase(zone);
  --folder.zones;
  folder.links.erase(zone);
  news_.appeared.erase(zone);
  news_.changed.erase(zone);
  news_.vanished[zone] = "its source vanished";
  send_soon();
}

void SourceWatch::send_soon() {
  if (std::exchange(will_send_, true)) return;
  loop_.post([alive = std::weak_ptr<SourceWatch*>(self_)] {
    const auto self = alive.lock();
    if (!self) return;
    (*self)->will_send_ = false;
    (*self)->on_news_(std::exchange((*self)->news_, {}));
  });
}

}  // namespace taproot::server
