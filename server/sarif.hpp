#pragma once

#include "server/reports.hpp"

#include <filesystem>
#include <string>

namespace taproot::server {

/// A check's findings as SARIF 2.1.0, for code review. Paths are relative to `root`, the folder
/// that is reviewed; those outside of it stay absolute. Places of findings are looked for at
/// `root` and beside the configuration.
std::string to_sarif(const CheckReport& report, const std::filesystem::path& root);

}  // namespace taproot::server
