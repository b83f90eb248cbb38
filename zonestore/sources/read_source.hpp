#pragma once

#include "zonestore/candidate.hpp"
#include "zonestore/sources/zone_source.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace taproot::zonestore {

/// The records of a file of any kind, told by its ending. `shown` is the path for findings. What
/// cannot be read is a finding, too.
SourceRecords read_source(const dns::Name& apex, const std::filesystem::path& path,
                          const std::string& shown, const SourceLimits& limits);

/// The same from text that came from no file.
SourceRecords read_source_text(const dns::Name& apex, SourceKind kind, std::string_view text,
                               const std::string& shown, const SourceLimits& limits);

}  // namespace taproot::zonestore
