#include "server/config_reader.hpp"

#include <algorithm>
#include <tuple>

namespace taproot::server {

using zonestore::Finding;
using zonestore::Severity;

namespace {

/// A million lines of which one is wrong should not cost a million strings twice.
constexpr std::size_t max_excerpt = 200;

}  // namespace

ConfigFindings::ConfigFindings(std::string shown, std::string_view text)
    : shown_(std::move(shown)) {
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines_.emplace_back(line.substr(0, max_excerpt));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

void ConfigFindings::error(ConfigPlace place, std::string rule, std::string message,
                           std::string cure) {
  add(Severity::error, place, std::move(rule), std::move(message), std::move(cure));
}

void ConfigFindings::warning(ConfigPlace place, std::string rule, std::string message,
                             std::string cure) {
  add(Severity::warning, place, std::move(rule), std::move(message), std::move(cure));
}

void ConfigFindings::note(ConfigPlace place, std::string rule, std::string message,
                          std::string cure) {
  add(Severity::note, place, std::move(rule), std::move(message), std::move(cure));
}

void ConfigFindings::add(Severity severity, ConfigPlace place, std::string rule,
                         std::string message, std::string cure) {
  findings_.push_back(Finding{severity,
                              std::move(rule),
                              shown_,
                              place.line,
                              place.column,
                              std::move(message),
                              std::move(cure),
                              {}});
}

void ConfigFindings::hide(ConfigPlace place) {
  if (place.line == 0) return;
  const auto [at, is_new] = hidden_.emplace(place.line, place.column);
  if (!is_new) at->second = std::min(at->second, place.column);
}

std::string ConfigFindings::excerpt(ConfigPlace place) const {
  if (place.line == 0 || place.line > lines_.size()) return {};
  const std::string& line = lines_[place.line - 1];
  const auto hidden = hidden_.find(place.line);
  if (hidden == hidden_.end()) return line;
  if (place.column > hidden->second) return {};
  return line.substr(0, hidden->second - 1) + "…";
}

std::vector<Finding> ConfigFindings::take() {
  // Excerpts are made last, when everything that must not be shown is known.
  for (Finding& finding : findings_) {
    if (finding.file == shown_) finding.excerpt = excerpt({finding.line, finding.column});
  }
  std::stable_sort(findings_.begin(), findings_.end(), [](const Finding& a, const Finding& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  });
  return std::move(findings_);
}

}  // namespace taproot::server
