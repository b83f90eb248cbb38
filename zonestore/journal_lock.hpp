#pragma once

#include "dns/result.hpp"

#include <filesystem>
#include <memory>

namespace taproot::zonestore {

/// Makes the folder, mode 0700, and those above it if they are missing; one that exists keeps
/// its mode. Fails with Errc::io.
Result<void> make_state_folder(const std::filesystem::path& folder);

/// Makes an empty file, mode 0600, that survives a power cut; one that exists gets that mode.
/// Fails with Errc::io.
Result<void> make_private_file(const std::filesystem::path& file);

/// Holds `folder`/lock for this process, by flock(2): gone with the process, however it ends.
class FolderLock {
 public:
  /// Fails with Errc::in_use, naming the process that has it, or Errc::io.
  static Result<std::unique_ptr<FolderLock>> take(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(const FolderLock&) = delete;
  FolderLock& operator=(const FolderLock&) = delete;

 private:
  explicit FolderLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

}  // namespace taproot::zonestore
