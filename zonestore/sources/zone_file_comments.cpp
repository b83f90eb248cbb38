#include "zonestore/sources/comments.hpp"

#include <algorithm>
#include <utility>

namespace taproot::zonestore {

namespace {

std::string trimmed(std::string_view text) {
  constexpr std::string_view blanks = " \t\r";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return "";
  return std::string(text.substr(first, text.find_last_not_of(blanks) - first + 1));
}

/// Follows quotes, escapes and parentheses as ZoneScanner does, and keeps what that one drops.
class Pass {
 public:
  explicit Pass(std::string_view text) : text_(text) {}

  ZoneFileComments run() {
    while (at_ < text_.size()) octet();
    if (has_fields_) end_entry();
    if (!above_.empty()) found_.entries.push_back({0, std::move(above_), {}});
    return std::move(found_);
  }

 private:
  void octet() {
    const char c = text_[at_];
    if (c == '\n') return newline();
    if (c == ';') return comment();
    if (c == ' ' || c == '\t' || c == '\r') {
      ++at_;
      return;
    }
    field(c);
  }

  void newline() {
    ++at_;
    const bool is_empty = std::exchange(line_is_empty_, true);
    if (depth_ == 0) {
      if (has_fields_) end_entry();
      if (is_empty) end_header();
    }
    ++line_;
  }

  void comment() {
    line_is_empty_ = false;
    const auto end = std::min(text_.find('\n', at_), text_.size());
    auto words = text_.substr(at_, end - at_);
    while (words.starts_with(';')) words.remove_prefix(1);
    at_ = end;
    (has_fields_ || depth_ > 0 ? within_ : above_).push_back(trimmed(words));
  }

  void field(char c) {
    line_is_empty_ = false;
    if (!has_fields_ && c != '(') {
      has_fields_ = true;
      entry_line_ = line_;
      is_directive_ = c == '$';
    }
    if (c == '"') return quoted();
    if (c == '(') ++depth_;
    if (c == ')' && depth_ > 0) --depth_;
    at_ += c == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] != '\n' ? 2u : 1u;
  }

  /// A quote that is not closed ends with its line, as for the scanner.
  void quoted() {
    for (++at_; at_ < text_.size() && text_[at_] != '\n'; ++at_) {
      if (text_[at_] == '"') {
        ++at_;
        return;
      }
      if (text_[at_] == '\\' && at_ + 1 < text_.size() && text_[at_ + 1] != '\n') ++at_;
    }
  }

  void end_entry() {
    if (is_directive_) {
      end_header();
      std::move(within_.begin(), within_.end(), std::back_inserter(above_));
    } else if (!above_.empty() || !within_.empty()) {
      found_.entries.push_back({entry_line_, std::move(above_), std::move(within_)});
      above_.clear();
    }
    within_.clear();
    in_header_ = in_header_ && is_directive_;
    has_fields_ = false;
  }

  /// What stands at the top, apart from the first record, speaks of the whole file.
  void end_header() {
    if (!in_header_) return;
    std::move(above_.begin(), above_.end(), std::back_inserter(found_.header));
    above_.clear();
  }

  std::string_view text_;
  ZoneFileComments found_;
  std::size_t at_ = 0;
  std::uint32_t line_ = 1;
  std::uint32_t entry_line_ = 0;
  std::size_t depth_ = 0;
  bool has_fields_ = false;
  bool is_directive_ = false;
  bool in_header_ = true;
  bool line_is_empty_ = true;
  std::vector<std::string> above_;
  std::vector<std::string> within_;
};

}  // namespace

ZoneFileComments zone_file_comments(std::string_view text) {
  return Pass(text).run();
}

}  // namespace taproot::zonestore
