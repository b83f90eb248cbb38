#pragma once

#include "net/loop.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace taproot::net {

/// Tells when files change.
///
/// It watches the directories that hold them, because editors write a new file and rename it, and
/// looks at the files (through symbolic links) when things have been quiet for 50 ms, or half a
/// second after the first event if they do not get quiet. A file that appears or disappears has
/// changed too. A directory may disappear and come back: it is looked for once a second.
///
/// One watch of the system per directory, whatever is in it, and only what an event names is looked
/// at: a change costs the same among ten files and among a hundred thousand.
class FileWatch {
 public:
  /// `path` is as it was handed to watch().
  using OnChange = std::function<void(const std::filesystem::path& path)>;
  /// Files of these names, none of them watched, came or went in a directory as it was handed to
  /// watch_directory(). Without names anything may have happened: the directory itself came or
  /// went, or more than can be told. Told before the changes of files.
  using OnEntries = std::function<void(const std::filesystem::path& directory,
                                       const std::vector<std::string>& names)>;

  explicit FileWatch(Loop& loop, OnChange on_change, OnEntries on_entries = {});
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;
  ~FileWatch();

  /// Watches `path`, which need not exist, from what it is now on. Again for the same path:
  /// nothing.
  void watch(const std::filesystem::path& path);
  void unwatch(const std::filesystem::path& path);

  /// Tells of files that come and go in `directory`, which need not exist.
  void watch_directory(const std::filesystem::path& directory);
  void unwatch_directory(const std::filesystem::path& directory);

  /// Looks soon whether the directories are still the same ones: something mounted over one makes
  /// no event.
  void look_at_directories();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace taproot::net
