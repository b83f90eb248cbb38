#pragma once

#include "dns/result.hpp"
#include "server/remote_fetch.hpp"

#include <chrono>
#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>

namespace taproot::server {

/// What is kept of a document beside its text.
struct CopyInfo {
  Validators validators;
  std::chrono::system_clock::time_point fetched{};
  std::string sha256;  ///< of the text
};

/// A document as it was kept on disk.
struct SourceCopy {
  CopyInfo info;
  /// When the server last said that this is the document as it is.
  std::chrono::system_clock::time_point confirmed{};
  std::shared_ptr<const std::string> text;
};

/// Keeps a document: writes it beside `file`, syncs, renames, syncs the folder; after a crash
/// there is the old one or the new one, whole. Blocks. Fails with Errc::io.
Result<void> write_copy(const std::filesystem::path& file, const CopyInfo& info,
                        const std::string& text);

/// Reads what write_copy() wrote, at most `max_octets` of text. Fails with Errc::not_found if
/// there is none, with Errc::bad_text if it is damaged, or with Errc::io. Blocks.
Result<SourceCopy> read_copy(const std::filesystem::path& file, std::size_t max_octets);

/// Remembers that the server has just confirmed the copy. Costs no more than a system call.
void confirm_copy(const std::filesystem::path& file,
                  std::chrono::system_clock::time_point when) noexcept;

/// Makes renames in a folder last. Blocks.
void sync_folder(const std::filesystem::path& folder) noexcept;

}  // namespace taproot::server
