#include "server/config_sections.hpp"
#include "zonestore/rule_table.hpp"

#include <array>
#include <set>

namespace taproot::server {

namespace {

using zonestore::Rule;
using zonestore::Severity;

constexpr std::array<std::string_view, 4> severities{"error", "warning", "note", "off"};
constexpr std::chrono::milliseconds least_timeout = std::chrono::milliseconds(100);
constexpr std::chrono::milliseconds most_timeout = std::chrono::minutes(10);

std::optional<Severity> severity_at(std::size_t at) {
  static constexpr std::array<Severity, 3> told{Severity::error, Severity::warning, Severity::note};
  return at < told.size() ? std::optional(told[at]) : std::nullopt;
}

/// The rule if it may be set; else a finding says why not.
const Rule* settable_rule(const ConfigEntry& entry, const ConfigScope& scope) {
  const auto* rule = zonestore::find_rule(entry.key);
  if (rule == nullptr) {
    const auto* near = zonestore::find_near_rule(entry.key);
    scope.findings.error(entry.place, "config-unknown-rule", "there is no rule " + entry.key,
                         near != nullptr
                             ? "did you mean \"" + std::string(near->name) + "\"?"
                             : "`taproot check --rules` lists them, docs/rules.md explains them");
  } else if (rule->weight == Rule::Weight::fixed) {
    scope.findings.error(entry.place, "config-fixed-rule",
                         "the rule " + entry.key +
                             " cannot be set: without it the server could not serve the zone as "
                             "it is written",
                         "take it out; `taproot check --rules` lists those that can be set");
    rule = nullptr;
  }
  return rule;
}

void read_rules(const ConfigNode& node, const ConfigScope& scope, zonestore::RulePolicy& rules) {
  if (node.kind != ConfigNode::Kind::map) {
    scope.findings.error(node.place, "config-type",
                         "check.rules must be a map, not " + std::string(kind_text(node.kind)),
                         "write {spf-syntax: error, private-address: off}");
    return;
  }
  std::set<std::string_view> seen;
  for (const auto& entry : node.entries) {
    if (!seen.insert(entry.key).second) {
      scope.findings.error(entry.place, "config-duplicate-key",
                           entry.key + " stands twice in these rules", "keep one of the two");
      continue;
    }
    const auto* rule = settable_rule(entry, scope);
    const auto chosen = read_choice(entry.value, entry.key, severities, scope.findings);
    if (rule != nullptr && chosen) rules.set(rule->name, severity_at(*chosen));
  }
}

}  // namespace

std::vector<std::string> read_command(const ConfigNode& node, std::string_view what,
                                      const ConfigScope& scope) {
  std::vector<std::string> command;
  for (const auto* item : read_items(node, what, scope.findings)) {
    if (const auto word = read_text(*item, what, scope.findings)) {
      command.push_back(*word);
    }
  }
  // What is a path starts at the configuration's folder; a bare word is looked for in PATH.
  if (!command.empty() && command[0].find('/') != std::string::npos) {
    command[0] = resolve(scope, command[0]).string();
  }
  return command;
}

std::shared_ptr<const CheckConfig> read_check(MapReader& map, const ConfigScope& scope,
                                              const std::shared_ptr<const CheckConfig>& otherwise) {
  const auto* node = map.find("check");
  if (node == nullptr) return otherwise;
  CheckConfig check = otherwise ? *otherwise : CheckConfig{};
  MapReader keys(*node, scope.findings, "check");
  if (const auto* rules = keys.find("rules")) read_rules(*rules, scope, check.rules);
  if (const auto* command = keys.find("command"))
    check.command = read_command(*command, "check.command", scope);
  if (const auto* timeout = keys.find("timeout")) {
    const auto time =
        read_duration(*timeout, "check.timeout", least_timeout, most_timeout, scope.findings);
    if (time) check.timeout = *time;
  }
  keys.finish();
  return std::make_shared<const CheckConfig>(std::move(check));
}

}  // namespace taproot::server
