#pragma once

#include "dns/name.hpp"
#include "dns/rrset.hpp"
#include "zonestore/finding.hpp"
#include "zonestore/zone_version.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace taproot::zonestore {

/// Where in a source something stands.
struct Place {
  std::uint32_t file = 0;  ///< index into SourceRecords::files
  std::uint32_t line = 0;
  std::uint32_t column = 0;

  /// The `file` of records that the rules see but have nothing to say about (check_part.hpp).
  static constexpr std::uint32_t elsewhere = 0xffff'ffffu;
};

/// What a source gives: RRsets with the places they came from, and what was wrong with the text.
/// Not yet checked as a zone.
struct SourceRecords {
  std::vector<std::string> files;  ///< as the operator wrote them, included files behind
  /// The text of each file, for excerpts; may be shorter than `files` or hold nulls.
  std::vector<std::shared_ptr<const std::string>> texts;
  /// One record each, in the order of the source (an RRset in YAML gives one per value).
  struct Item {
    dns::Name owner;
    dns::RRType type = dns::RRType::none;
    std::uint32_t ttl = 0;
    dns::Rdata rdata;
    Place place;
  };
  std::vector<Item> items;
  std::vector<Finding> findings;
  /// The serial was left to taproot: the source has no SOA, or (YAML) one without serial.
  bool serial_is_ours = false;
};

/// A zone as its source has it, checked, ready for ZoneStore::install(), or the reasons why not.
struct Candidate {
  std::shared_ptr<const ZoneVersion> version;  ///< null if there are errors among the findings
  std::vector<Finding> findings;               ///< sorted by file, line, column
  bool serial_is_ours = false;
};

}  // namespace taproot::zonestore
