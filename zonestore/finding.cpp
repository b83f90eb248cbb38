#include "zonestore/finding.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

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

std::string place_of(std::string_view file, std::size_t line, std::size_t column) {
  std::string text = harmless(file);
  if (line > 0) {
    if (!text.empty()) text += ':';
    text += std::to_string(line);
    if (column > 0) text += ':' + std::to_string(column);
  }
  if (!text.empty()) text += ": ";
  return text;
}

bool continues_character(char c) {
  return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

/// Octets of the word, or of what stands in quotes, that begins at `at`.
std::size_t word_length(std::string_view line, std::size_t at) {
  if (at >= line.size()) return 1;
  line.remove_prefix(at);
  const char first = line[0];
  if (first == '"' || first == '\'') {
    std::size_t end = 1;
    while (end < line.size() && line[end] != first) end += line[end] == '\\' ? 2u : 1u;
    return std::min(end + 1, line.size());
  }
  auto end = std::min(line.find_first_of(" \t,;()[]{}\""), line.size());
  if (end > 1 && line[end - 1] == ':') --end;  // a key of YAML
  return std::max<std::size_t>(end, 1);
}

/// A place with its line.
struct Spot {
  std::string_view line;
  std::size_t number;
  std::size_t column;
  std::size_t length;
};

/// The part of a line that is shown: the place in question and what fits around it.
struct Window {
  std::string text;
  std::size_t caret;  // octets before the caret
  std::size_t end;    // octets before the end of what the caret underlines
};

Window window_of(const Spot& spot) {
  constexpr std::size_t width = 110;
  constexpr std::size_t before = 70;
  const std::string_view line = spot.line;
  const std::size_t at = std::min(spot.column - 1, line.size());
  std::size_t from = at > before && line.size() > width ? at - before : 0;
  while (from > 0 && continues_character(line[from])) --from;
  std::size_t to = std::min(line.size(), from + width);
  while (to < line.size() && continues_character(line[to])) ++to;
  const std::string_view head = from > 0 ? "..." : "";
  const std::string_view tail = to < line.size() ? "..." : "";
  std::string text(head);
  text.append(harmless(line.substr(from, to - from))).append(tail);
  const std::size_t end = std::min(at + spot.length, std::max(to, at + 1));
  return {std::move(text), head.size() + at - from, head.size() + end - from};
}

/// As wide as the text before the caret: tabs stay, characters of several octets count once.
std::string caret_line(const Window& window) {
  std::string line;
  for (std::size_t i = 0; i < window.caret; ++i) {
    if (continues_character(window.text[i])) continue;
    line += window.text[i] == '\t' ? '\t' : ' ';
  }
  line += '^';
  for (std::size_t i = window.caret + 1; i < window.end && i < window.text.size(); ++i) {
    if (!continues_character(window.text[i])) line += '~';
  }
  return line;
}

std::string excerpt_lines(const Spot& spot, std::string_view paint, bool colour) {
  if (spot.line.empty() || spot.number == 0 || spot.column == 0) return "";
  const Window window = window_of(spot);
  const std::string number = std::to_string(spot.number);
  return "  " + number + " | " + window.text + "\n  " + std::string(number.size(), ' ') + " | " +
         painted(caret_line(window), paint, colour) + "\n";
}

std::string related_lines(const Finding::Related& related, bool colour) {
  std::string text = painted(place_of(related.file, related.line, related.column), bold, colour);
  text += painted("note", colour_of(Severity::note), colour) + ": " + harmless(related.message);
  const std::size_t at = related.column > 0 ? related.column - 1 : 0;
  return text + "\n" +
         excerpt_lines(
             {related.excerpt, related.line, related.column, word_length(related.excerpt, at)},
             colour_of(Severity::note), colour);
}

}  // namespace

std::string first_error(const std::vector<Finding>& findings, std::string_view otherwise) {
  for (const auto& finding : findings) {
    if (finding.severity == Severity::error) return to_line(finding);
  }
  return std::string(otherwise);
}

bool has_errors(const std::vector<Finding>& findings) {
  return std::any_of(findings.begin(), findings.end(),
                     [](const Finding& f) { return f.severity == Severity::error; });
}

void add_excerpt(Finding& finding, std::string line) {
  finding.excerpt = std::move(line);
  if (finding.focus.empty() || finding.column == 0) return;
  const auto at =
      finding.excerpt.find(finding.focus, std::min(finding.column - 1, finding.excerpt.size()));
  if (at == std::string::npos) return;
  finding.column = at + 1;
  finding.length = finding.focus.size();
}

std::size_t length_of(const Finding& finding) {
  if (finding.length > 0) return finding.length;
  return finding.column > 0 ? word_length(finding.excerpt, finding.column - 1) : 1;
}

std::string to_text(const Finding& finding, bool colour) {
  std::string text = painted(place_of(finding.file, finding.line, finding.column), bold, colour);
  text += painted(word(finding.severity), colour_of(finding.severity), colour);
  text += ": " + harmless(finding.message) + " [" + finding.rule + "]\n";
  text += excerpt_lines({finding.excerpt, finding.line, finding.column, length_of(finding)},
                        colour_of(finding.severity), colour);
  for (const auto& related : finding.related) text += related_lines(related, colour);
  if (!finding.cure.empty()) text += "  cure: " + harmless(finding.cure) + "\n";
  return text;
}

std::string in_quotes(std::string_view written) {
  constexpr std::size_t enough = 80;
  const char* tail = written.size() > enough ? "...\"" : "\"";
  return "\"" + std::string(written.substr(0, enough)) + tail;
}

std::string to_line(const Finding& finding) {
  std::string text = place_of(finding.file, finding.line, finding.column);
  text.append(word(finding.severity)).append(": ").append(harmless(finding.message));
  return text.append(" [").append(finding.rule).append("]");
}

}  // namespace taproot::zonestore
