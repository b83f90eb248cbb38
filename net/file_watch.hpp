#pragma once

#include "net/loop.hpp"

#include <filesystem>
#include <functional>
#include <memory>

namespace taproot::net {

/// Tells when files change.
///
/// It watches the directories that hold them, because editors write a new file and rename it, and
/// looks at the files (through symbolic links) when things have been quiet for 50 ms, or half a
/// second after the first event if they do not get quiet. A file that appears or disappears has
/// changed too. A directory may disappear and come back: it is looked for once a second.
class FileWatch {
 public:
  /// `path` is as it was handed to watch().
  using OnChange = std::function<void(const std::filesystem::path& path)>;

  FileWatch(Loop& loop, OnChange on_change);
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;
  ~FileWatch();

  /// Watches `path`, which need not exist, from what it is now on. Again for the same path:
  /// nothing.
  void watch(const std::filesystem::path& path);
  void unwatch(const std::filesystem::path& path);

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace taproot::net
