#pragma once

#include "dns/name.hpp"
#include "dns/result.hpp"
#include "zonestore/changes.hpp"
#include "zonestore/sources/zone_source.hpp"

#include <string>
#include <string_view>

namespace taproot::zonestore {

/// The text of a source with these changes written into it, and nothing else touched:
/// comments, order and style of all other entries stay, and of a record set that changes all but
/// its `ttl` and `value`. `text` must be one that was read without errors, and `changes` begin
/// with what it says.
///
/// Fails with Errc::bad_text, and says where and why, if the text has at one of these places what
/// cannot be changed by itself (an anchor, an alias, a merge key). Zone files: see
/// rewrite_zone_file(). Whoever calls it reads the new text again and compares: this is the last
/// word on whether it is right.
Result<std::string> rewrite_source(const dns::Name& apex, std::string_view text, SourceKind kind,
                                   const ChangeSet& changes);

}  // namespace taproot::zonestore
