#pragma once

#include "dns/result.hpp"
#include "server/config.hpp"

#include <string>
#include <vector>

namespace taproot::server {

// What a taproot with this configuration would say, where none is running: the same documents as
// those of the control API. The state is read only, nothing is told, pushed or installed. Without
// any state a plan starts from nothing; verify has nothing to compare with then, and fails with
// Errc::not_found. No zones: all of them.

Result<std::string> plan_once(Config config, const std::vector<std::string>& zones);
Result<std::string> verify_once(Config config, const std::vector<std::string>& zones);

}  // namespace taproot::server
