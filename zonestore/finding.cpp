#include "zonestore/finding.hpp"

#include <algorithm>
#include <string_view>

namespace taproot::zonestore {

namespace {

constexpr std::string_view reset = "\x1b[0m";
constexpr std::string_view bold = "\x1b[1m";

std::string_view word(Severity severity) {
  switch (severity) {
    case Severity::error:
      return "error";
    case Severity::warning:
      return "warning";
    case Severity::note:
      return "note";
  }
  return "";
}

std::string_view colour_of(Severity severity) {
  switch (severity) {
    case Severity::error:
      return "\x1b[1;31m";
    case Severity::warning:
      return "\x1b[1;33m";
    case Severity::note:
      return "\x1b[1;34m";
  }
  return "";
}

std::string painted(std::string_view text, std::string_view paint, bool colour) {
  if (!colour) return std::string(text);
  return std::string(paint).append(text).append(reset);
}

/// Sources are not trusted with the terminal: control characters do not reach it.
std::string harmless(std::string_view text) {
  std::string result(text);
  for (char& c : result) {
    const auto octet = static_cast<unsigned char>(c);
    if ((octet < 0x20 && c != '\t') || octet == 0x7f) c = '?';
  }
  return result;
}

std::string place_of(const Finding& finding) {
  std::string text = harmless(finding.file);
  if (finding.line > 0) {
    if (!text.empty()) text += ':';
    text += std::to_string(finding.line);
    if (finding.column > 0) text += ':' + std::to_string(finding.column);
  }
  if (!text.empty()) text += ": ";
  return text;
}

bool continues_character(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

/// The part of a line that is shown: the place in question and what fits around it.
struct Window {
  std::string text;
  std::size_t caret;  // octets before the caret
};

Window window_of(const Finding& finding) {
  constexpr std::size_t width = 110;
  constexpr std::size_t before = 70;
  const std::string& line = finding.excerpt;
  const std::size_t at = std::min(finding.column - 1, line.size());
  std::size_t from = at > before && line.size() > width ? at - before : 0;
  while (from > 0 && continues_character(line[from])) --from;
  std::size_t to = std::min(line.size(), from + width);
  while (to < line.size() && continues_character(line[to])) ++to;
  const std::string_view head = from > 0 ? "..." : "";
  const std::string_view tail = to < line.size() ? "..." : "";
  std::string text(head);
  text.append(harmless(std::string_view(line).substr(from, to - from))).append(tail);
  return {std::move(text), head.size() + at - from};
}

/// As wide as the text before the caret: tabs stay, characters of several octets count once.
std::string caret_line(const Window& window) {
  std::string line;
  for (std::size_t i = 0; i < window.caret; ++i) {
    if (continues_character(window.text[i])) continue;
    line += window.text[i] == '\t' ? '\t' : ' ';
  }
  return line + '^';
}

std::string excerpt_lines(const Finding& finding, bool colour) {
  if (finding.excerpt.empty() || finding.line == 0 || finding.column == 0) return "";
  const Window window = window_of(finding);
  const std::string number = std::to_string(finding.line);
  return "  " + number + " | " + window.text + "\n  " + std::string(number.size(), ' ') + " | " +
         painted(caret_line(window), colour_of(finding.severity), colour) + "\n";
}

}  // namespace

bool has_errors(const std::vector<Finding>& findings) {
  return std::any_of(findings.begin(), findings.end(),
                     [](const Finding& f) { return f.severity == Severity::error; });
}

std::string to_text(const Finding& finding, bool colour) {
  std::string text = painted(place_of(finding), bold, colour);
  text += painted(word(finding.severity), colour_of(finding.severity), colour);
  text += ": " + harmless(finding.message) + " [" + finding.rule + "]\n";
  text += excerpt_lines(finding, colour);
  if (!finding.cure.empty()) text += "  cure: " + harmless(finding.cure) + "\n";
  return text;
}

std::string in_quotes(std::string_view written) {
  constexpr std::size_t enough = 80;
  const char* tail = written.size() > enough ? "...\"" : "\"";
  return "\"" + std::string(written.substr(0, enough)) + tail;
}

std::string to_line(const Finding& finding) {
  std::string text = place_of(finding);
  text.append(word(finding.severity)).append(": ").append(harmless(finding.message));
  return text.append(" [").append(finding.rule).append("]");
}

}  // namespace taproot::zonestore
