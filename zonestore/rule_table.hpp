#pragma once

#include "zonestore/finding.hpp"

#include <optional>
#include <span>
#include <string_view>

namespace taproot::zonestore {

/// One rule that findings are of. docs/rules.md explains each at length.
struct Rule {
  /// Whether an operator may say how grave its findings are.
  enum class Weight {
    fixed,    ///< the server could not serve what breaks it, or a record would be missing
    settable  ///< error, warning, note or off, per zone
  };

  std::string_view name;
  /// Of most of its findings, where nothing is configured; nothing: it is silent until it is asked
  /// for.
  std::optional<Severity> severity;
  Weight weight = Weight::fixed;
  std::string_view summary;  ///< one line
};

/// Every rule of the zone check, in the order of docs/rules.md.
std::span<const Rule> all_rules();

/// The rule of this name, or null.
const Rule* find_rule(std::string_view name);

/// The rule whose name comes nearest to what was written, or null if none is near.
const Rule* find_near_rule(std::string_view written);

}  // namespace taproot::zonestore
