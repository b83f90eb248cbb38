#pragma once

#include <filesystem>
#include <string>

namespace taproot::zonestore {

/// The commit that is checked out in the git work tree in which `file` lies, as 40 or 64
/// hexadecimal digits; empty if it lies in none, or its commit cannot be told.
///
/// Reads HEAD, refs and packed-refs, and starts no process. It says nothing about whether the file
/// differs from what that commit holds. Bounded in what it reads; blocks.
std::string work_tree_revision(const std::filesystem::path& file);

}  // namespace taproot::zonestore
