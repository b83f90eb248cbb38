#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace taproot::server {

enum class Paint { plain, bold, dim, good, waiting, bad };

/// Text with its colour, if there is colour.
std::string painted(std::string_view text, Paint paint, bool colour);

/// How good the state of a provider, nameserver or apply is.
Paint paint_of(std::string_view state);

/// The text without control characters, ASCII's and Unicode's; tabs stay.
std::string harmless(std::string_view text);

/// "waits for …", or the text itself if it says so in its own words; nothing for nothing.
std::string waiting_text(const std::string& waits_for);

/// "1 zone", "3 zones"
std::string counted(std::size_t count, std::string_view noun);

/// The first digits of a commit id, as people write it.
std::string short_commit(const std::string& commit);

/// "38 ms", "1.9 s", "12 s", "5 min", "3 h", "4 d"
std::string duration_text(std::int64_t milliseconds);

/// Milliseconds since 1970 of "2026-11-23T09:14:03.120Z", or nothing.
std::optional<std::int64_t> milliseconds_of(std::string_view rfc3339);

/// "2026-11-23 09:14:03 UTC", or the text itself if it is no time.
std::string time_text(std::string_view rfc3339);

/// Rows whose cells stand below each other. The last cell of a row may be of any length.
class Table {
 public:
  struct Cell {
    std::string text;
    Paint paint = Paint::plain;
  };

  void row(std::vector<Cell> cells) { rows_.push_back({std::move(cells), {}}); }
  /// A line that takes no part in the columns.
  void line(std::string text) { rows_.push_back({{}, std::move(text)}); }

  std::string to_text(bool colour) const;

 private:
  struct Row {
    std::vector<Cell> cells;
    std::string line;
  };
  std::vector<Row> rows_;
};

}  // namespace taproot::server
