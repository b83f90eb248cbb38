#pragma once

#include "dns/name.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace taproot::server {

/// One file of a folder that is a zone.
struct ZoneFile {
  dns::Name apex;
  std::string name;      ///< in the folder
  bool is_link = false;  ///< a symbolic link: it may lead elsewhere without an event that names it
};

/// What the system says of a folder: it changes whenever a file comes or goes.
struct FolderStamp {
  std::uint64_t inode = 0;
  std::int64_t changed = 0;  ///< nanoseconds since 1970; 0: too young to tell
  bool operator==(const FolderStamp&) const = default;
};

/// What one look into a folder of zones showed.
struct FolderLook {
  std::vector<ZoneFile> files;       ///< by name of the file
  std::vector<std::string> ignored;  ///< names of files that are not named as a zone
  std::string trouble;               ///< why it cannot be read; empty if it could
  bool is_same = false;              ///< nothing came or went since `before`: not looked through
  FolderStamp stamp;
};

/// Reads the names in a folder. Editors' backups and hidden files are left out. Blocks: a large
/// folder belongs on the work pool. With the stamp of a look before it is not read if nothing came
/// or went since.
FolderLook look_into(const std::filesystem::path& folder, const FolderStamp& before = {});

/// Whether a name is that of an editor's backup, or hidden.
bool is_passed_over(const std::string& file);

/// The zone whose file in a folder has this name: APEX.yaml, .yml, .json, .zone or .db; or nothing.
std::optional<dns::Name> apex_of_file(const std::string& file);

/// Whether a folder has a file of this zone, whatever its ending.
bool has_file_of(const std::filesystem::path& folder, const dns::Name& apex);

}  // namespace taproot::server
