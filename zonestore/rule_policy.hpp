#pragma once

#include "zonestore/finding.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace taproot::zonestore {

/// How grave the findings of each rule are for one zone: what the operator wishes, and the rule's
/// own where he wishes nothing. A value.
class RulePolicy {
 public:
  /// Nothing: findings of this rule are not told. `rule` is one that may be set (rule_table.hpp).
  void set(std::string_view rule, std::optional<Severity> severity);

  /// The severity of a finding that the rule itself gives `by_itself`; nothing: it is not told.
  std::optional<Severity> severity_of(std::string_view rule,
                                      std::optional<Severity> by_itself) const;
  /// Whether any finding of the rule would be told: rules that are off need not look.
  bool is_on(std::string_view rule) const;

  /// Gives findings their severities and takes out those that are off.
  void apply_to(std::vector<Finding>& findings) const;

  bool operator==(const RulePolicy&) const = default;

 private:
  std::vector<std::pair<std::string, std::optional<Severity>>> wishes_;  // a few, in any order
};

}  // namespace taproot::zonestore
