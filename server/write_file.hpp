#pragma once

#include "dns/result.hpp"

#include <filesystem>
#include <string_view>

namespace taproot::server {

enum class Replace { no, yes };

/// Puts a text into a file as a whole or not at all: it is written beside the file, synced, put
/// in its place, and the folder is synced, so that also a power cut leaves the old file or the
/// new one. A replaced file keeps its mode; a link stays one, and what it points at is replaced.
/// Fails with Errc::in_use (it is there, and Replace::no) or Errc::io.
Result<void> write_whole_file(const std::filesystem::path& file, std::string_view text,
                              Replace replace);

}  // namespace taproot::server
