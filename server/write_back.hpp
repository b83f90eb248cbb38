#pragma once

#include "dns/name.hpp"
#include "dns/result.hpp"
#include "zonestore/divergence.hpp"
#include "zonestore/finding.hpp"
#include "zonestore/rule_policy.hpp"
#include "zonestore/sources/source_writer.hpp"
#include "zonestore/zone_version.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace taproot::server {

/// What is to be written back, and into what.
struct WriteBackWish {
  dns::Name zone;
  std::filesystem::path source;
  std::string shown;  ///< the path as the operator wrote it
  std::shared_ptr<const zonestore::ZoneVersion> current;
  std::shared_ptr<const zonestore::ZoneVersion> wanted;  ///< `current` with the edit
  std::vector<zonestore::Divergence> divergences;        ///< all that the zone has
  zonestore::RulePolicy rules;
  bool has_changes = false;  ///< false: only what was edited before is to be written
  bool dry_run = false;
};

/// A source file that says what the zone is to say, ready to be put in place.
struct PreparedWriteBack {
  /// What the zone becomes; null if it cannot be.
  std::shared_ptr<const zonestore::ZoneVersion> version;
  std::vector<zonestore::Finding> findings;
  std::optional<zonestore::FileReplacement> file;  ///< nothing: it says so already, or a dry run
};

/// Reads the source, changes its text, reads that again, and writes it beside the file. Fails with
/// Errc::bad_zone if the source cannot be changed, Errc::conflict if it has changed and was not
/// taken yet (and `has_changes`), and what FileReplacement fails with. Blocks: on the work pool.
Result<PreparedWriteBack> prepare_write_back(const WriteBackWish& wish);

}  // namespace taproot::server
