#pragma once

#include "dns/name.hpp"
#include "dns/result.hpp"
#include "zonestore/changes.hpp"

#include <string>
#include <string_view>

namespace taproot::zonestore {

/// The text of a zone file with these changes written into it, and no other line touched. A value
/// that changes stands where the old one stood, with its line's owner, TTL and comment; a new one
/// gets a line behind the others of its RRset or owner, or at the end. A line whose owner was left
/// out gets it if the line that it leant on is gone.
///
/// As rewrite_source(), which calls it. Fails with Errc::bad_text if the text includes other files,
/// or if one of these records comes from a $GENERATE.
Result<std::string> rewrite_zone_file(const dns::Name& apex, std::string_view text,
                                      const ChangeSet& changes);

}  // namespace taproot::zonestore
