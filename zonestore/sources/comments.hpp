#pragma once

#include "dns/name.hpp"
#include "dns/types.hpp"
#include "zonestore/candidate.hpp"
#include "zonestore/sources/zone_source.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace taproot::zonestore {

/// The comments of one record, without the sign that begins them and blanks around them.
struct RecordComments {
  std::vector<std::string> above;
  std::string behind;
};

/// What people wrote beside the records of a source, and where it belongs. Only comments: a source
/// with mistakes may lose some, never a record.
struct SourceComments {
  std::vector<std::string> header;  ///< at the top of the source, apart from its first record
  std::vector<std::string> footer;  ///< behind the last record
  std::map<dns::Name, std::vector<std::string>> owners;  ///< YAML: above an owner
  std::map<std::pair<dns::Name, dns::RRType>, std::vector<std::string>> sets;  ///< YAML
  std::unordered_map<std::size_t, RecordComments> records;  ///< by index into the source's items

  bool empty() const {
    return header.empty() && footer.empty() && owners.empty() && sets.empty() && records.empty();
  }
};

/// Finds the comments in the texts that `records` were read from, by a light pass of its own. In
/// a zone file a comment belongs to the record it stands behind, or to the next record below it;
/// in YAML also to the owner or record set. JSON has none.
SourceComments comments_of(const dns::Name& apex, const SourceRecords& records, SourceKind kind);

/// One entry of a zone file that has comments; directives have none of their own: what stands
/// with them goes on to the next record.
struct ZoneFileComment {
  std::uint32_t line = 0;           ///< where the record's first field stands; 0: no record follows
  std::vector<std::string> above;   ///< on lines of their own
  std::vector<std::string> within;  ///< behind its fields, one for each line
};
struct ZoneFileComments {
  std::vector<std::string> header;
  std::vector<ZoneFileComment> entries;  ///< in the order of their lines
};
ZoneFileComments zone_file_comments(std::string_view text);

/// One comment of a YAML document.
struct YamlComment {
  std::uint32_t line = 0;
  std::string text;
  bool alone = false;         ///< nothing else stands on its line
  bool before_blank = false;  ///< an empty line follows
};
std::vector<YamlComment> yaml_comments(std::string_view text);

}  // namespace taproot::zonestore
