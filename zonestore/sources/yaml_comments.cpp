#include "zonestore/sources/comments.hpp"

#include <algorithm>
#include <optional>

namespace taproot::zonestore {

namespace {

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r';
}

/// Tells comments from "#" in quotes, in bare words and in block scalars. It knows no more of
/// YAML than that takes: the document was read by a real parser already.
class Pass {
 public:
  explicit Pass(std::string_view text) : text_(text) {}

  std::vector<YamlComment> run() {
    for (std::size_t start = 0; start < text_.size();) {
      const auto end = std::min(text_.find('\n', start), text_.size());
      ++number_;
      scan_line(text_.substr(start, end - start));
      start = end + 1;
    }
    return std::move(found_);
  }

 private:
  void scan_line(std::string_view line) {
    line_ = line;
    const auto indent = std::min(line.find_first_not_of(" \t\r"), line.size());
    if (indent == line.size() && !found_.empty() && found_.back().line + 1 == number_) {
      found_.back().before_blank = true;
    }
    if (block_) {
      if (indent == line.size() || indent > *block_) return;
      block_.reset();
    }
    if (quote_ == 0) {
      token_begins_ = true;
      dash_.reset();
      first_.reset();
    }
    for (at_ = 0; at_ < line_.size();) {
      if (quote_ != 0)
        inside_quotes();
      else if (!outside())
        return;
    }
  }

  void inside_quotes() {
    const char c = line_[at_++];
    if (quote_ == '"' && c == '\\') ++at_;
    if (c != quote_) return;
    if (quote_ == '\'' && at_ < line_.size() && line_[at_] == '\'') {
      ++at_;
      return;
    }
    quote_ = 0;
    token_begins_ = false;
    after_quotes_ = at_;
  }

  /// False when nothing more of the line is of interest.
  bool outside() {
    const char c = line_[at_];
    if (is_blank(c)) {
      ++at_;
      return true;
    }
    if (c == '#' && (at_ == 0 || is_blank(line_[at_ - 1]))) {
      comment();
      return false;
    }
    const bool ends_word = at_ + 1 >= line_.size() || is_blank(line_[at_ + 1]);
    if (token_begins_ && (c == '-' || c == '?') && ends_word) {
      dash_ = at_++;
      return true;
    }
    if (!first_) first_ = at_;
    if (token_begins_ && depth_ == 0 && (c == '|' || c == '>')) {
      block_ = *first_ == at_ ? dash_.value_or(0) : *first_;
      token_begins_ = false;
    }
    token(c, ends_word);
    return true;
  }

  void token(char c, bool ends_word) {
    if (token_begins_ && (c == '"' || c == '\'')) {
      quote_ = c;
    } else if (token_begins_ && (c == '[' || c == '{')) {
      ++depth_;
    } else if (depth_ > 0 && (c == ']' || c == '}')) {
      --depth_;
      token_begins_ = false;
    } else if (token_begins_ && (c == '!' || c == '&')) {
      while (at_ + 1 < line_.size() && !is_blank(line_[at_ + 1])) ++at_;
    } else {
      const bool is_colon = c == ':' && (ends_word || (depth_ > 0 && after_quotes_ == at_));
      token_begins_ = is_colon || (depth_ > 0 && c == ',');
    }
    ++at_;
  }

  void comment() {
    auto words = line_.substr(at_ + 1);
    while (!words.empty() && is_blank(words.front())) words.remove_prefix(1);
    while (!words.empty() && is_blank(words.back())) words.remove_suffix(1);
    const bool alone = line_.find_first_not_of(" \t") == at_;
    found_.push_back({number_, std::string(words), alone, false});
  }

  std::string_view text_;
  std::vector<YamlComment> found_;
  std::uint32_t number_ = 0;
  std::string_view line_;
  std::size_t at_ = 0;
  char quote_ = 0;                    // the quote that is open, also over lines
  std::size_t depth_ = 0;             // of flow lists and maps
  bool token_begins_ = true;          // a quote here would be a quote
  std::size_t after_quotes_ = 0;      // where the last quoted text of the line ended
  std::optional<std::size_t> dash_;   // the last "- " before anything else
  std::optional<std::size_t> first_;  // the first thing on the line that is not a dash
  std::optional<std::size_t> block_;  // in a block scalar: lines indented by more belong to it
};

}  // namespace

std::vector<YamlComment> yaml_comments(std::string_view text) {
  return Pass(text).run();
}

}  // namespace taproot::zonestore
