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
  file_of_.clear();
  for (const auto& zone : config.zones) {
    if (!zone.vanished.empty()) continue;
    for (const auto& source : zone.sources) {
      if (!source.path.empty()) wanted[source.path].push_back(zone.name);
    }
    if (!zone.sources.empty()) {
      file_of_[zone.name] = zone.sources.front().shown;  // and so it comes from no folder
      continue;
    }
    wanted[zone.source].push_back(zone.name);
    file_of_[zone.name] = zone.source;
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
  for (const auto& directory : config.directories) {
    Folder& folder = folders_[directory.path];
    folder.config = directory;
    folder.trouble = directory.trouble;
    if (const auto old = before.find(directory.path); old != before.end()) {
      folder.looking = old->second.looking;
      before.erase(old);
    } else {
      watch_.watch_directory(directory.path);
    }
  }
  for (const auto& [path, folder] : before) watch_.unwatch_directory(path);
  for (const auto& zone : config.zones) {
    const auto folder = folders_.find(zone.directory);
    if (folder == folders_.end() || !zone.vanished.empty()) continue;
    folder->second.files[zone.name] = zone.source;
  }
  // What came or went between the reading of the configuration and now.
  patrol();
}

void SourceWatch::forget(const dns::Name& zone) {
  file_of_.erase(zone);
  for (auto& [path, folder] : folders_) folder.files.erase(zone);
}

std::string SourceWatch::trouble(const fs::path& directory) const {
  const auto found = folders_.find(directory);
  if (found == folders_.end()) return "";
  const Folder& folder = found->second;
  if (!folder.trouble.empty()) {
    return "folder " + folder.config.shown + " cannot be read (" + folder.trouble + ")";
  }
  return folder.files.empty() ? "folder " + folder.config.shown + " has no zone files" : "";
}

// --- Events ------------------------------------------------------------------------------------

void SourceWatch::on_change(const fs::path& path) {
  const auto found = zones_by_file_.find(path);
  if (found == zones_by_file_.end()) return;
  const auto zones = found->second;  // vanish() takes them out
  const auto folder = folders_.find(path.parent_path());
  for (const auto& zone : zones) {
    const bool is_folders = folder != folders_.end() && folder->second.files.contains(zone);
    if (is_folders && !is_file(path)) {
      vanish(folder->second, zone);
    } else {
      news_.changed.insert(zone);
    }
  }
  send_soon();
}

void SourceWatch::on_entries(const fs::path& directory, const std::vector<std::string>& names) {
  const auto found = folders_.find(directory);
  if (found == folders_.end()) return;
  if (names.empty()) return look(directory);
  for (const auto& name : names) {
    const auto file = directory / name;
    if (is_passed_over(name) || !is_file(file)) continue;
    const auto zone = apex_of_file(name);
    const auto why_not = zone ? appear(found->second, *zone, file)
                              : std::string("is not named as a zone: APEX.yaml, .json or .zone");
    if (!why_not.empty()) {
      spdlog::warn("{}: left out: {}", (fs::path(found->second.config.shown) / name).string(),
                   why_not);
    }
  }
}

void SourceWatch::patrol() {
  watch_.look_at_directories();
  for (const auto& [path, folder] : folders_) look(path);
  if (!folders_.empty()) patrol_.set_after(patrol_interval);
}

/// One look at a time per folder; what happens meanwhile is one more look after it.
void SourceWatch::look(const fs::path& directory) {
  Folder& folder = folders_.at(directory);
  if (std::exchange(folder.looking, true)) {
    folder.look_again = true;
    return;
  }
  const auto look = std::make_shared<FolderLook>();
  loop_.work([look, directory] { *look = look_into(directory); },
             [look, directory, alive = std::weak_ptr<SourceWatch*>(self_)] {
               const auto self = alive.lock();
               if (!self) return;
               const auto found = (*self)->folders_.find(directory);
               if (found == (*self)->folders_.end()) return;
               found->second.looking = false;
               (*self)->take(found->second, *look);
               if (std::exchange(found->second.look_again, false)) (*self)->look(directory);
             });
}

void SourceWatch::take(Folder& folder, const FolderLook& look) {
  const auto before = std::exchange(folder.trouble, look.trouble);
  if (folder.trouble != before) {
    if (folder.trouble.empty()) {
      spdlog::info("folder {} can be read again", folder.config.shown);
    } else {
      spdlog::error("folder {} cannot be read: {}; its zones are served as they were",
                    folder.config.shown, folder.trouble);
    }
  }
  std::map<dns::Name, fs::path> found;
  for (const auto& file : look.files) {
    const auto known = folder.files.find(file.apex);
    const bool is_known = known != folder.files.end() && known->second == file.path;
    if (is_known || !found.contains(file.apex)) found[file.apex] = file.path;
  }
  std::vector<dns::Name> gone;
  for (const auto& [zone, path] : folder.files) {
    if (!found.contains(zone)) gone.push_back(zone);
  }
  for (const auto& zone : gone) {
    if (!is_file(folder.files.at(zone))) vanish(folder, zone);
  }
  for (const auto& [zone, path] : found) {
    const auto known = folder.files.find(zone);
    const bool is_known = known != folder.files.end() && known->second == path;
    if (!is_known && is_file(path)) (void)appear(folder, zone, path);  // said at its event
  }
}

/// Why a file is not taken; nothing if it is.
std::string SourceWatch::appear(Folder& folder, const dns::Name& zone, const fs::path& file) {
  const auto at = file_of_.find(zone);
  if (at != file_of_.end()) {
    if (at->second == file) return "";
    if (!folder.files.contains(zone) || is_file(at->second)) {
      return "zone " + zone.to_text() + " comes from " + at->second.string() + " already";
    }
    vanish(folder, zone);
  }
  folder.files[zone] = file;
  file_of_[zone] = file;
  zones_by_file_[file] = {zone};
  watch_.watch(file);
  ZoneConfig config = folder.config.pattern;
  config.name = zone;
  config.source = file;
  config.shown = (fs::path(folder.config.shown) / file.filename()).string();
  news_.vanished.erase(zone);
  news_.appeared.insert_or_assign(zone, std::move(config));
  send_soon();
  return "";
}

void SourceWatch::vanish(Folder& folder, const dns::Name& zone) {
  const auto at = folder.files.find(zone);
  watch_.unwatch(at->second);
  zones_by_file_.erase(at->second);
  file_of_.erase(zone);
  folder.files.erase(at);
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
