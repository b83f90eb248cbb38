#include "xfr/access.hpp"

#include <algorithm>

namespace taproot::xfr {

namespace {

/// Rules named in a refusal; a zone with more is not explained better by a longer line.
constexpr std::size_t max_rules_told = 4;

bool in_any(const std::vector<net::Prefix>& prefixes, const net::Address& address) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](const net::Prefix& prefix) { return prefix.contains(address); });
}

bool holds(const AccessRule& rule, const Requester& who) {
  if (rule.from.empty() && !rule.key) return false;
  if (!rule.from.empty() && !in_any(rule.from, who.address)) return false;
  return !rule.key || who.key == rule.key;
}

bool resembles(const AccessRule& rule, const Requester& who) {
  return in_any(rule.from, who.address) || (rule.key && who.key == rule.key);
}

template <class Predicate>
const AccessRule* first_of(std::span<const AccessRule> rules, Predicate predicate) {
  const auto found = std::find_if(rules.begin(), rules.end(), predicate);
  return found == rules.end() ? nullptr : &*found;
}

std::string to_text(const AccessRule& rule) {
  std::string text = rule.provider;
  for (std::size_t i = 0; i < rule.from.size(); ++i) {
    text += (i == 0 ? " from " : ", ") + rule.from[i].to_text();
  }
  if (rule.key) text += " with key " + rule.key->to_text();
  return text;
}

std::string why_refused(std::span<const AccessRule> rules, const Requester& who) {
  std::string text = who.address.to_text() +
                     (who.key ? " asked with key " + who.key->to_text() : " asked unsigned");
  if (rules.empty()) {
    return text + "; nobody may transfer this zone: give it a provider with transfer-from or key";
  }
  text += "; allowed is ";
  const std::size_t told = std::min(rules.size(), max_rules_told);
  for (std::size_t i = 0; i < told; ++i) text += (i == 0 ? "" : "; ") + to_text(rules[i]);
  if (told < rules.size()) text += "; and " + std::to_string(rules.size() - told) + " more";
  return text;
}

}  // namespace

const AccessRule* find_rule(std::span<const AccessRule> rules, const Requester& who) {
  return first_of(rules, [&](const AccessRule& rule) { return holds(rule, who); });
}

const AccessRule* guess_rule(std::span<const AccessRule> rules, const Requester& who) {
  return first_of(rules, [&](const AccessRule& rule) { return resembles(rule, who); });
}

AccessVerdict may_transfer(std::span<const AccessRule> rules, const Requester& who) {
  if (const AccessRule* rule = find_rule(rules, who)) return {true, rule->provider, {}};
  return {false, {}, why_refused(rules, who)};
}

}  // namespace taproot::xfr
