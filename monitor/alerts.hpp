#pragma once

#include "monitor/board.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace taproot::monitor {

/// How long something may be wrong before a person should know: shorter is the ordinary course of
/// a change.
struct AlertLimits {
  std::chrono::seconds behind = std::chrono::minutes(5);
  std::chrono::seconds unreachable = std::chrono::minutes(1);
  std::chrono::seconds transfers = std::chrono::minutes(1);
  std::chrono::seconds push = std::chrono::minutes(1);
  std::chrono::seconds parent = std::chrono::hours(1);
};

/// Something that a person should know of. docs/alerts.md explains each rule.
struct Alert {
  std::string_view rule;  ///< stable name: "nameserver-behind", …
  std::string provider;   ///< empty for a parent
  /// The nameserver and its address, a secondary's address, the provider, or "parent CDS".
  std::string subject;
  WallTime since{};
  std::string words;  ///< one sentence
};

/// What went wrong at our own door with a secondary, and has not gone well since.
struct SecondaryTrouble {
  std::string provider;
  std::string address;
  WallTime since{};
  std::string words;
};

/// A change for the parent of a zone that the parent was not told of yet.
struct UntoldParent {
  std::string type;  ///< "CDS" or "CSYNC"
  WallTime since{};
  std::string words;  ///< what it waits for, or what went wrong last
};

/// Names of all rules there are.
const std::vector<std::string_view>& alert_rules();

/// What is wrong with a zone at `now`, by provider. Pure: the same row and time give the same.
std::vector<Alert> alerts_of(const ZoneRow& zone, const std::vector<SecondaryTrouble>& troubles,
                             WallTime now, const AlertLimits& limits = {});
/// The same of its parents.
std::vector<Alert> alerts_of(const std::vector<UntoldParent>& parents, WallTime now,
                             const AlertLimits& limits = {});

}  // namespace taproot::monitor
