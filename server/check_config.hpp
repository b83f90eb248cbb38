#pragma once

#include "zonestore/rule_policy.hpp"

#include <chrono>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace taproot::server {

/// What an operator wishes of the check of a zone.
struct CheckConfig {
  zonestore::RulePolicy rules;
  /// Run on each candidate before it is accepted; empty: none. "{file}" in it stands for the
  /// path of the zone file, which otherwise comes on standard input.
  std::vector<std::string> command;
  std::chrono::milliseconds timeout = std::chrono::seconds(10);

  bool operator==(const CheckConfig&) const = default;
};

/// One that zones share, or null. Compared by what it says.
struct SharedCheck : std::shared_ptr<const CheckConfig> {
  using std::shared_ptr<const CheckConfig>::shared_ptr;
  SharedCheck() = default;
  SharedCheck(std::shared_ptr<const CheckConfig> check)
      : std::shared_ptr<const CheckConfig>(std::move(check)) {}
  friend bool operator==(const SharedCheck& a, const SharedCheck& b) {
    return a.get() == b.get() || (a && b && *a == *b);
  }
};

}  // namespace taproot::server
