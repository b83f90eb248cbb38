#pragma once

#include "zonestore/rule_policy.hpp"

#include <chrono>
#include <string>
#include <vector>

namespace taproot::server {

/// What an operator wishes of the check of a zone.
struct CheckConfig {
  zonestore::RulePolicy rules;
  /// Run on each candidate before it is accepted; empty: none. "{file}" in it stands for the
  /// path of the zone file, which otherwise comes on standard input.
  std::vector<std::string> command;
  std::chrono::milliseconds timeout = std::chrono::seconds(10);
};

}  // namespace taproot::server
