#include "server/render_text.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

namespace taproot::server {

namespace {

std::string_view code_of(Paint paint) {
  switch (paint) {
    case Paint::plain:
      return "";
    case Paint::bold:
      return "\x1b[1m";
    case Paint::dim:
      return "\x1b[2m";
    case Paint::good:
      return "\x1b[32m";
    case Paint::waiting:
      return "\x1b[33m";
    case Paint::bad:
      return "\x1b[31m";
  }
  return "";
}

/// Columns on a terminal, near enough: one per code point.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0u) != 0x80u;
  }));
}

/// Whether a C1 control character of Unicode (U+0080 to U+009F) begins here, in UTF-8.
bool is_c1(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]) == 0xc2 && at + 1 < text.size() &&
         static_cast<unsigned char>(text[at + 1]) < 0xa0;
}

}  // namespace

std::string painted(std::string_view text, Paint paint, bool colour) {
  if (!colour || paint == Paint::plain || text.empty()) return std::string(text);
  return std::string(code_of(paint)) + std::string(text) + "\x1b[0m";
}

Paint paint_of(std::string_view state) {
  constexpr std::array<std::string_view, 7> good{"in-sync",   "verified", "visible", "unchanged",
                                                 "installed", "added",    "done"};
  constexpr std::array<std::string_view, 7> bad{"failed",  "blocked", "unreachable", "failing",
                                                "differs", "ahead",   "refused"};
  if (std::find(good.begin(), good.end(), state) != good.end()) return Paint::good;
  return std::find(bad.begin(), bad.end(), state) != bad.end() ? Paint::bad : Paint::waiting;
}

std::string short_commit(const std::string& commit) {
  constexpr std::size_t enough = 12;
  return commit.substr(0, enough);
}

std::string harmless(std::string_view text) {
  std::string clean;
  clean.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto octet = static_cast<unsigned char>(text[i]);
    if (is_c1(text, i)) {
      clean += '?';
      ++i;
    } else {
      clean += (octet < 0x20 && octet != '\t') || octet == 0x7f ? '?' : text[i];
    }
  }
  return clean;
}

std::string waiting_text(const std::string& waits_for) {
  const bool says_so = waits_for.empty() || waits_for.starts_with("wait");
  return says_so ? waits_for : "waits for " + waits_for;
}

std::string counted(std::size_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

std::string duration_text(std::int64_t milliseconds) {
  constexpr std::int64_t second = 1000;
  constexpr std::int64_t minute = 60 * second;
  constexpr std::int64_t hour = 60 * minute;
  constexpr std::int64_t day = 24 * hour;
  milliseconds = std::max<std::int64_t>(milliseconds, 0);
  if (milliseconds < second) return std::to_string(milliseconds) + " ms";
  if (milliseconds < 10 * second) {
    const auto tenths = milliseconds / 100;
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " s";
  }
  if (milliseconds < 2 * minute) return std::to_string(milliseconds / second) + " s";
  if (milliseconds < 2 * hour) return std::to_string(milliseconds / minute) + " min";
  if (milliseconds < 2 * day) return std::to_string(milliseconds / hour) + " h";
  return std::to_string(milliseconds / day) + " d";
}

std::optional<std::int64_t> milliseconds_of(std::string_view rfc3339) {
  std::tm parts{};
  int ms = 0;
  char z = 0;
  const std::string text(rfc3339.substr(0, 40));
  const int read =
      std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d.%3d%c", &parts.tm_year, &parts.tm_mon,
                  &parts.tm_mday, &parts.tm_hour, &parts.tm_min, &parts.tm_sec, &ms, &z);
  if (read != 8 || z != 'Z') return std::nullopt;
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  return static_cast<std::int64_t>(::timegm(&parts)) * 1000 + ms;
}

std::string time_text(std::string_view rfc3339) {
  if (!milliseconds_of(rfc3339)) return harmless(rfc3339);
  return std::string(rfc3339.substr(0, 10)) + " " + std::string(rfc3339.substr(11, 8)) + " UTC";
}

std::string Table::to_text(bool colour) const {
  std::vector<std::size_t> widths;
  for (const auto& row : rows_) {
    if (row.cells.size() > widths.size()) widths.resize(row.cells.size());
    for (std::size_t i = 0; i + 1 < row.cells.size(); ++i) {
      widths[i] = std::max(widths[i], width_of(row.cells[i].text));
    }
  }
  std::string text;
  for (const auto& row : rows_) {
    std::string line = row.line;
    for (std::size_t i = 0; i < row.cells.size(); ++i) {
      const auto& cell = row.cells[i];
      line += painted(cell.text, cell.paint, colour);
      if (i + 1 < row.cells.size()) {
        line += std::string(widths[i] - width_of(cell.text) + 2, ' ');
      }
    }
    text += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

}  // namespace taproot::server
