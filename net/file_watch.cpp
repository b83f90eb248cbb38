#include "net/file_watch.hpp"

#include "net/timer.hpp"
#include "net/uv_owned.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace taproot::net {

namespace fs = std::filesystem;

namespace {

constexpr auto quiet = std::chrono::milliseconds(50);
constexpr auto longest_unrest = std::chrono::milliseconds(500);
constexpr auto look_again = std::chrono::seconds(1);

/// What changes whenever a file does: ctime cannot be set back.
struct Fingerprint {
  bool exists = false;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t size = 0;
  std::int64_t changed_seconds = 0;
  std::int64_t changed_nanoseconds = 0;

  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
  bool is_same_place(const Fingerprint& other) const {
    return exists == other.exists && device == other.device && inode == other.inode;
  }
};

Fingerprint fingerprint_of(const fs::path& path) {
  struct stat status{};
  if (::stat(path.c_str(), &status) != 0) return {};
  return {true,           status.st_dev,         status.st_ino,
          status.st_size, status.st_ctim.tv_sec, status.st_ctim.tv_nsec};
}

fs::path directory_of(const fs::path& file) {
  return file.has_parent_path() ? file.parent_path() : fs::path(".");
}

bool is_link(const fs::path& path) {
  struct stat status{};
  return ::lstat(path.c_str(), &status) == 0 && S_ISLNK(status.st_mode);
}

/// More names than this in one go, and all is looked at: the system's queue may have run over.
constexpr std::size_t many_names = 1000;

}  // namespace

struct FileWatch::State : std::enable_shared_from_this<State> {
  struct Directory;
  /// One directory's events.
  struct Events {
    uv_fs_event_t handle{};
    State* owner = nullptr;
    Directory* directory = nullptr;
    Fingerprint place;
  };
  struct CloseEvents {
    void operator()(Events* events) const noexcept {
      events->owner = nullptr;
      close_owned(events);
    }
  };
  struct File {
    fs::path path;  ///< as it was handed in
    Fingerprint known;
  };
  struct Directory {
    std::unique_ptr<Events, CloseEvents> events;  ///< null: to be looked for
    std::map<std::string, File> files;            ///< by their names in it
    std::set<std::string> links;                  ///< those of them that are symbolic links
    bool tells_entries = false;
    std::set<std::string> touched;  ///< names of events since the last look
    bool all_touched = false;
  };
  /// What a look has found, to be told when it is over.
  struct News {
    std::vector<fs::path> changed;
    std::vector<std::pair<fs::path, std::vector<std::string>>> entries;
  };

  State(Loop& on_loop, OnChange call, OnEntries call_entries)
      : loop(on_loop),
        on_change(std::move(call)),
        on_entries(std::move(call_entries)),
        settle(on_loop, [this] { look(); }) {}

  Loop& loop;
  OnChange on_change;
  OnEntries on_entries;
  bool open = true;  ///< the resource still lives
  std::map<fs::path, Directory> directories;
  Timer settle;
  Instant unrest_began{};
  bool unrest = false;

  Directory& directory(const fs::path& path);
  void on_event(Directory& directory, const char* name);
  void look();
  static void look_at(const fs::path& path, Directory& directory, News& news);
  static void note_link(Directory& directory, const std::string& name, const fs::path& path);
  static void look_at(Directory& directory, const std::string& name, News& news);
  bool follow(const fs::path& path, Directory& directory);
  void tell(const News& news);
  bool is_watched(const fs::path& file) const;
  void forget_if_unused(const fs::path& path);
};

void FileWatch::State::on_event(Directory& directory, const char* name) {
  if (name == nullptr || directory.touched.size() >= many_names) {
    directory.all_touched = true;
  } else {
    directory.touched.emplace(name);
  }
  const auto now = Clock::now();
  if (!std::exchange(unrest, true)) unrest_began = now;
  settle.set(std::min(now + quiet, unrest_began + longest_unrest));
}

/// Directories first: what happens after this look is an event again.
void FileWatch::State::look() {
  unrest = false;
  bool all_followed = true;
  News news;
  for (auto& [path, directory] : directories) {
    if (!follow(path, directory)) all_followed = false;
  }
  if (!all_followed) settle.set_after(look_again);
  for (auto& [path, directory] : directories) look_at(path, directory, news);
  tell(news);
}

void FileWatch::State::look_at(const fs::path& path, Directory& directory, News& news) {
  const auto touched = std::exchange(directory.touched, {});
  // Events of the directory itself carry its own name: it may have been away and come back.
  const bool all = std::exchange(directory.all_touched, false) || touched.contains(path.filename());
  if (!all && touched.empty()) return;
  std::vector<std::string> others;
  for (const auto& name : touched) {
    const auto found = directory.files.find(name);
    if (found == directory.files.end()) {
      others.push_back(name);
    } else if (!all) {
      look_at(directory, name, news);
    }
  }
  if (all) {
    for (const auto& [name, file] : directory.files) look_at(directory, name, news);
  } else if (!others.empty()) {
    const auto links = directory.links;
    for (const auto& name : links) look_at(directory, name, news);
  }
  if (!directory.tells_entries || (!all && others.empty())) return;
  if (all) others.clear();
  news.entries.emplace_back(path, std::move(others));
}

void FileWatch::State::look_at(Directory& directory, const std::string& name, News& news) {
  File& file = directory.files.at(name);
  note_link(directory, name, file.path);
  const auto found = fingerprint_of(file.path);
  if (found != std::exchange(file.known, found)) news.changed.push_back(file.path);
}

/// A symbolic link may lead elsewhere without an event that names it.
void FileWatch::State::note_link(Directory& directory, const std::string& name,
                                 const fs::path& path) {
  if (is_link(path)) {
    directory.links.insert(name);
  } else {
    directory.links.erase(name);
  }
}

void FileWatch::State::tell(const News& news) {
  const auto keep = shared_from_this();  // the owner may destroy this in a call
  for (const auto& [path, names] : news.entries) {
    const auto found = directories.find(path);
    if (!open || found == directories.end() || !found->second.tells_entries) continue;
    if (on_entries) on_entries(path, names);
  }
  for (const auto& path : news.changed) {
    if (open && is_watched(path)) on_change(path);
  }
}

/// Makes sure that `directory` watches what is at `path` now.
bool FileWatch::State::follow(const fs::path& path, Directory& directory) {
  const auto place = fingerprint_of(path);
  if (directory.events && directory.events->place.is_same_place(place)) return true;
  // Without a watch (the directory is not there, or the system has none left) it is looked at
  // once a second.
  directory.all_touched = directory.all_touched || directory.events || place.exists;
  directory.events.reset();
  if (!place.exists) return false;
  std::unique_ptr<Events, CloseEvents> fresh(new Events);
  uv_fs_event_init(loop.handle(), &fresh->handle);
  fresh->handle.data = fresh.get();
  fresh->owner = this;
  fresh->directory = &directory;
  fresh->place = place;
  const int status = uv_fs_event_start(
      &fresh->handle,
      [](uv_fs_event_t* handle, const char* name, int, int) noexcept {
        const auto* events = state_of<Events>(handle);
        if (events->owner != nullptr) events->owner->on_event(*events->directory, name);
      },
      path.c_str(), 0);
  if (status != 0) return false;
  directory.events = std::move(fresh);
  return true;
}

/// The directory of this path, followed as far as that is possible.
FileWatch::State::Directory& FileWatch::State::directory(const fs::path& path) {
  const auto [at, is_new] = directories.try_emplace(path);
  auto& found = at->second;
  if (found.events) return found;
  if (!follow(path, found)) settle.set_after(look_again);
  if (is_new) found.all_touched = false;  // it is watched from what it is now on
  return found;
}

bool FileWatch::State::is_watched(const fs::path& file) const {
  const auto found = directories.find(directory_of(file));
  return found != directories.end() && found->second.files.contains(file.filename());
}

void FileWatch::State::forget_if_unused(const fs::path& path) {
  const auto found = directories.find(path);
  if (found == directories.end()) return;
  if (found->second.files.empty() && !found->second.tells_entries) directories.erase(found);
}

FileWatch::FileWatch(Loop& loop, OnChange on_change, OnEntries on_entries)
    : state_(std::make_shared<State>(loop, std::move(on_change), std::move(on_entries))) {}

FileWatch::~FileWatch() {
  state_->open = false;
  state_->settle.cancel();
  state_->directories.clear();
}

void FileWatch::watch(const fs::path& path) {
  auto& directory = state_->directory(directory_of(path));
  const std::string name = path.filename();
  const auto [at, is_new] = directory.files.try_emplace(name);
  if (!is_new) return;
  at->second = {path, fingerprint_of(path)};
  State::note_link(directory, name, path);
}

void FileWatch::unwatch(const fs::path& path) {
  const auto directory = directory_of(path);
  const auto found = state_->directories.find(directory);
  if (found == state_->directories.end()) return;
  found->second.files.erase(path.filename());
  found->second.links.erase(path.filename());
  state_->forget_if_unused(directory);
}

void FileWatch::watch_directory(const fs::path& directory) {
  state_->directory(directory).tells_entries = true;
}

void FileWatch::look_at_directories() {
  state_->settle.set_after(quiet);
}

void FileWatch::unwatch_directory(const fs::path& directory) {
  const auto found = state_->directories.find(directory);
  if (found == state_->directories.end()) return;
  found->second.tells_entries = false;
  state_->forget_if_unused(directory);
}

}  // namespace taproot::net
