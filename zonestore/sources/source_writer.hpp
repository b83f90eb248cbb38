#pragma once

#include "dns/result.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace taproot::zonestore {

/// Tells whether a file is still the one that was looked at, without reading it.
struct FileStamp {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;
  std::int64_t modified_ns = 0;
  std::int64_t changed_ns = 0;

  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};
Result<FileStamp> stamp_of(const std::filesystem::path& file);

/// New contents of a file, complete and synced in a file beside it, which is gone again unless
/// put() is called. So what may fail has failed before anybody relies on it, and a reader, or a
/// crash at any moment, finds the old file or the new one, and never half of one.
class FileReplacement {
 public:
  /// `file` must not be a symlink, and have one name only; mode and owner stay as they are. Fails
  /// with Errc::io, and Errc::refused if the owner cannot be kept.
  static Result<FileReplacement> prepare(const std::filesystem::path& file, std::string_view text,
                                         const FileStamp& stamp);
  FileReplacement(FileReplacement&& other) noexcept;
  FileReplacement(const FileReplacement&) = delete;
  FileReplacement& operator=(const FileReplacement&) = delete;
  ~FileReplacement();

  /// Puts the new file in the old one's place, and syncs the folder. Fails with Errc::conflict if
  /// the file is no longer the one of `stamp`, and Errc::io.
  Result<void> put();

  const std::filesystem::path& file() const { return file_; }

 private:
  FileReplacement(std::filesystem::path file, std::filesystem::path beside, FileStamp stamp)
      : file_(std::move(file)), beside_(std::move(beside)), stamp_(stamp) {}

  std::filesystem::path file_;
  std::filesystem::path beside_;  ///< empty: there is none, or none any more
  FileStamp stamp_;
};

}  // namespace taproot::zonestore
