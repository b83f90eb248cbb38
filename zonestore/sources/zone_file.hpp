#pragma once

#include "zonestore/candidate.hpp"
#include "zonestore/sources/zone_source.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace taproot::zonestore {

/// Reads master file format: RFC 1035 section 5, $TTL (RFC 2308), $INCLUDE, BIND's $GENERATE,
/// unknown types (RFC 3597). The origin is `apex`. Included files must lie in the folder of
/// `path` or below. Every mistake is a finding with line and column; reading goes on behind it.
SourceRecords read_zone_file(const dns::Name& apex, const std::filesystem::path& path,
                             const std::string& shown, const SourceLimits& limits);

/// The same from text, e.g. in tests and fuzzing; $INCLUDE is refused.
SourceRecords read_zone_text(const dns::Name& apex, std::string_view text, const std::string& shown,
                             const SourceLimits& limits);

}  // namespace taproot::zonestore
