#pragma once

#include <sqlite3.h>

#include <cstddef>
#include <filesystem>
#include <memory>

namespace samples {

/// A disk whose n-th operation fails: SQLite's default VFS as long as one of these lives, on top
/// of the real one. Counted are writes, syncs, truncations, deletions, and growth of the shared
/// memory file; reads and opens are too if wanted.
///
/// Syncs are only noted, not carried out: power_cut() shows what a disk would have that lost
/// everything not synced.
class FaultyDisk {
 public:
  FaultyDisk();
  ~FaultyDisk();
  FaultyDisk(const FaultyDisk&) = delete;
  FaultyDisk& operator=(const FaultyDisk&) = delete;

  enum class Mode {
    once,     ///< one operation fails, what follows works
    forever,  ///< all that follows fails too
    half      ///< one write stops half way, what follows works
  };
  /// From now on the operation number `n` (from 1) fails, with `code`; 0: none.
  void fail_at(std::size_t n, Mode mode, int code, bool reads = false);
  /// True if it came to that operation.
  bool failed() const;
  /// Writes to folder `to` the files of folder `from` as they were at their last sync.
  void power_cut(const std::filesystem::path& from, const std::filesystem::path& to) const;
  /// From now on each file's contents as of its last sync are kept in `folder` too, so that they
  /// outlive this process.
  void keep_synced_in(const std::filesystem::path& folder);

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace samples
