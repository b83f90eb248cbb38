#pragma once

#include "dns/result.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

namespace taproot::zonestore {

/// The whole of a regular file as it was when it was opened. Replacing the file meanwhile does
/// no harm: one descriptor is used for everything.
struct SourceFile {
  std::shared_ptr<const std::string> text;
  std::filesystem::path real_path;  ///< what the descriptor stands for, symlinks resolved
  std::pair<std::uint64_t, std::uint64_t> identity;  ///< device and inode
};

/// Reads a file of at most `limit_octets`. Never waits for anybody: directories, FIFOs, sockets
/// and devices are refused. With `inside` (a resolved folder) the file must lie in that folder or
/// below. Fails with Errc::io, Errc::too_large, or Errc::refused (not inside).
Result<SourceFile> read_source_file(const std::filesystem::path& path, std::size_t limit_octets,
                                    const std::filesystem::path* inside = nullptr);

}  // namespace taproot::zonestore
