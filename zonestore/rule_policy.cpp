#include "zonestore/rule_policy.hpp"

#include "zonestore/rule_table.hpp"

#include <algorithm>
#include <cassert>

namespace taproot::zonestore {

void RulePolicy::set(std::string_view rule, std::optional<Severity> severity) {
  assert(find_rule(rule) != nullptr && find_rule(rule)->weight == Rule::Weight::settable);
  const auto found = std::find_if(wishes_.begin(), wishes_.end(),
                                  [&](const auto& wish) { return wish.first == rule; });
  if (found != wishes_.end()) {
    found->second = severity;
  } else {
    wishes_.emplace_back(rule, severity);
  }
}

std::optional<Severity> RulePolicy::severity_of(std::string_view rule,
                                                std::optional<Severity> by_itself) const {
  const auto found = std::find_if(wishes_.begin(), wishes_.end(),
                                  [&](const auto& wish) { return wish.first == rule; });
  return found != wishes_.end() ? found->second : by_itself;
}

bool RulePolicy::is_on(std::string_view rule) const {
  const auto* known = find_rule(rule);
  return severity_of(rule, known != nullptr ? known->severity : std::nullopt).has_value();
}

void RulePolicy::apply_to(std::vector<Finding>& findings) const {
  if (wishes_.empty()) return;
  std::erase_if(findings, [&](Finding& finding) {
    const auto severity = severity_of(finding.rule, finding.severity);
    if (severity) finding.severity = *severity;
    return !severity;
  });
}

}  // namespace taproot::zonestore
