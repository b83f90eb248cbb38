#include "net/file_watch.hpp"

#include "net/timer.hpp"
#include "net/uv_owned.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cstdint>
#include <map>
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

}  // namespace

struct FileWatch::State : std::enable_shared_from_this<State> {
  /// One directory's events.
  struct Directory {
    uv_fs_event_t handle{};
    State* owner = nullptr;
    Fingerprint place;
  };
  struct CloseDirectory {
    void operator()(Directory* directory) const noexcept {
      directory->owner = nullptr;
      close_owned(directory);
    }
  };
  using Watched = std::unique_ptr<Directory, CloseDirectory>;

  State(Loop& on_loop, OnChange call)
      : loop(on_loop), on_change(std::move(call)), settle(on_loop, [this] { look(); }) {}

  Loop& loop;
  OnChange on_change;
  bool open = true;  ///< the resource still lives
  std::map<fs::path, Fingerprint> files;
  std::map<fs::path, Watched> directories;  ///< null: to be looked for
  Timer settle;
  Instant unrest_began{};
  bool unrest = false;

  void on_event();
  void look();
  bool follow(const fs::path& path, Watched& directory);
  void tell(const std::vector<fs::path>& changed);
  void forget_unused_directories();
};

void FileWatch::State::on_event() {
  const auto now = Clock::now();
  if (!std::exchange(unrest, true)) unrest_began = now;
  settle.set(std::min(now + quiet, unrest_began + longest_unrest));
}

/// Directories first: what happens after this look is an event again.
void FileWatch::State::look() {
  unrest = false;
  bool all_followed = true;
  for (auto& [path, directory] : directories) {
    if (!follow(path, directory)) all_followed = false;
  }
  if (!all_followed) settle.set_after(look_again);

  std::vector<fs::path> changed;
  for (auto& [path, known] : files) {
    const auto found = fingerprint_of(path);
    if (found != std::exchange(known, found)) changed.push_back(path);
  }
  tell(changed);
}

void FileWatch::State::tell(const std::vector<fs::path>& changed) {
  const auto keep = shared_from_this();  // the owner may destroy this in a call
  for (const auto& path : changed) {
    if (open && files.contains(path)) on_change(path);
  }
}

/// Makes sure that `directory` watches what is at `path` now.
bool FileWatch::State::follow(const fs::path& path, Watched& directory) {
  const auto place = fingerprint_of(path);
  if (directory && directory->place.is_same_place(place)) return true;
  directory.reset();
  if (!place.exists) return false;
  Watched fresh(new Directory);
  uv_fs_event_init(loop.handle(), &fresh->handle);
  fresh->handle.data = fresh.get();
  fresh->owner = this;
  fresh->place = place;
  const int status = uv_fs_event_start(
      &fresh->handle,
      [](uv_fs_event_t* handle, const char*, int, int) noexcept {
        if (State* owner = state_of<Directory>(handle)->owner) owner->on_event();
      },
      path.c_str(), 0);
  // Without a watch (the system has none left, say) it is looked at once a second.
  if (status != 0) return false;
  directory = std::move(fresh);
  return true;
}

void FileWatch::State::forget_unused_directories() {
  std::erase_if(directories, [this](const auto& entry) {
    return std::none_of(files.begin(), files.end(),
                        [&](const auto& file) { return directory_of(file.first) == entry.first; });
  });
}

FileWatch::FileWatch(Loop& loop, OnChange on_change)
    : state_(std::make_shared<State>(loop, std::move(on_change))) {}

FileWatch::~FileWatch() {
  state_->open = false;
  state_->settle.cancel();
  state_->directories.clear();
}

void FileWatch::watch(const fs::path& path) {
  if (state_->files.contains(path)) return;
  const auto directory = directory_of(path);
  auto& watched = state_->directories[directory];
  if (!watched && !state_->follow(directory, watched)) state_->settle.set_after(look_again);
  state_->files.emplace(path, fingerprint_of(path));
}

void FileWatch::unwatch(const fs::path& path) {
  state_->files.erase(path);
  state_->forget_unused_directories();
}

}  // namespace taproot::net
