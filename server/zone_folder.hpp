#pragma once

#include "dns/name.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace taproot::server {

/// One file of a folder that is a zone.
struct ZoneFile {
  dns::Name apex;
  std::filesystem::path path;
};

/// What one look into a folder of zones showed.
struct FolderLook {
  std::vector<ZoneFile> files;       ///< by name of the file
  std::vector<std::string> ignored;  ///< names of files that are not named as a zone
  std::string trouble;               ///< why it cannot be read; empty if it could
};

/// Reads the names in a folder. Editors' backups and hidden files are left out. Blocks: a large
/// folder belongs on the work pool.
FolderLook look_into(const std::filesystem::path& folder);

/// Whether a name is that of an editor's backup, or hidden.
bool is_passed_over(const std::string& file);

/// The zone whose file in a folder has this name: APEX.yaml, .yml, .json, .zone or .db; or nothing.
std::optional<dns::Name> apex_of_file(const std::string& file);

/// Whether a folder has a file of this zone, whatever its ending.
bool has_file_of(const std::filesystem::path& folder, const dns::Name& apex);

}  // namespace taproot::server
