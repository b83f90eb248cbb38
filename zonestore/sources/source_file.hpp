#pragma once

#include "dns/result.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <utility>

namespace taproot::zonestore {

/// The whole of a regular file as it was when it was opened. Replacing the file meanwhile does
/// no harm: one descriptor is used for everything.
struct SourceFile {
  std::shared_ptr<const std::string> text;
  std::pair<std::uint64_t, std::uint64_t> identity;  ///< device and inode
};

/// A regular file that is open for reading, alone and nothing but that.
class OpenSourceFile {
 public:
  /// Takes the descriptor over.
  explicit OpenSourceFile(int fd) : fd_(fd) {}
  ~OpenSourceFile();
  OpenSourceFile(OpenSourceFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OpenSourceFile& operator=(OpenSourceFile&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  OpenSourceFile(const OpenSourceFile&) = delete;
  OpenSourceFile& operator=(const OpenSourceFile&) = delete;

  /// Up to `room.size()` octets from `offset` on, fewer only at the end of the file. Errc::io.
  Result<std::size_t> read(std::span<char> room, std::uint64_t offset) const;

  int descriptor() const { return fd_; }

 private:
  int fd_;
};

/// Opens a file of at most `limit_octets`. Never waits for anybody: directories, FIFOs, sockets
/// and devices are refused. With `inside` (a resolved folder) the file must lie in that folder or
/// below. Fails with Errc::io, Errc::too_large, or Errc::refused (not inside).
Result<OpenSourceFile> open_source_file(const std::filesystem::path& path, std::size_t limit_octets,
                                        const std::filesystem::path* inside = nullptr);

/// Opens it as open_source_file() does, and reads all of it. Fails also with Errc::io if it was
/// written to meanwhile, and with Errc::too_large for one line that is longer than a text's can be.
Result<SourceFile> read_source_file(const std::filesystem::path& path, std::size_t limit_octets,
                                    const std::filesystem::path* inside = nullptr);

}  // namespace taproot::zonestore
