#include "monitor/observation.hpp"

#include <compare>
#include <vector>

namespace taproot::monitor {

namespace {

State judge_data(const ProbeResult& result, bool may_be_old) {
  if (!result.different.empty() || !result.missing.empty()) {
    return may_be_old ? State::behind : State::wrong_data;
  }
  return result.all_matched() ? State::in_sync : State::unreachable;
}

State judge(const Expectation& expected, const ProbeResult& result, bool seen_before) {
  if (!result.serial) return State::unreachable;
  if (!expected.serial) return judge_data(result, !seen_before);
  const auto order = *result.serial <=> *expected.serial;
  if (order == std::partial_ordering::less) return State::behind;
  if (order == std::partial_ordering::equivalent) return judge_data(result, false);
  return State::ahead;
}

std::string compared_words(const ProbeResult& result) {
  if (result.compared == 0) return {};
  return ", " + std::to_string(result.matched) + " of " + std::to_string(result.compared) +
         " RRsets compared are as wanted";
}

/// The first few differences; the rest as a number.
std::string first_differences(const ProbeResult& result) {
  std::string text;
  std::size_t shown = 0;
  for (const auto* lines : {&result.different, &result.missing, &result.failed}) {
    for (const auto& line : *lines) {
      if (shown++ < 3) text += "; " + line;
    }
  }
  if (shown > 3) text += "; and " + std::to_string(shown - 3) + " more";
  return text;
}

std::string describe(const Expectation& expected, const ProbeResult& result, State verdict) {
  if (!result.serial) return result.error;
  std::string text = "serves serial " + std::to_string(result.serial->value());
  if (expected.serial && *result.serial != *expected.serial) {
    const auto ours = std::to_string(expected.serial->value());
    if (verdict == State::behind) text += ", wanted " + ours;
    if (verdict == State::ahead) {
      const bool ordered = *result.serial > *expected.serial;
      text += (ordered ? ", ahead of ours, " : ", which has no order (RFC 1982) to ours, ") + ours;
    }
  }
  text += compared_words(result) + first_differences(result);
  if (!result.error.empty()) text += "; " + result.error;
  return text;
}

}  // namespace

Observation observe(const Nameserver& nameserver, const Expectation& expected,
                    const ProbeResult& result, WallTime when, bool seen_before) {
  Observation seen;
  seen.nameserver = nameserver;
  seen.when = when;
  seen.version = expected.version;
  seen.wanted = expected.serial;
  seen.serial = result.serial;
  seen.verdict = judge(expected, result, seen_before);
  seen.detail = describe(expected, result, seen.verdict);
  seen.rtt = result.rtt;
  return seen;
}

}  // namespace taproot::monitor
