#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace taproot::zonestore {

/// A field of a zone file as it was written: escapes kept, quotes around it taken off.
struct Token {
  std::string_view text;
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  bool quoted = false;
};

/// One logical line (RFC 1035 section 5.1): a record or a directive, with parentheses and
/// comments taken out. Borrows the scanner's text.
struct Entry {
  std::vector<Token> tokens;
  bool blank_owner = false;  ///< begins with a blank: the owner is that of the record before

  /// The text from token `first` on, as the rdata readers want it: a slice of the source where
  /// that stands on one line, else put together in `room`.
  std::string_view text_from(std::size_t first, std::string& room) const;

 private:
  friend class ZoneScanner;
  bool plain_ = true;  // nothing but blanks between the tokens
};

/// What is wrong with a logical line as such.
struct Trouble {
  const char* rule = "";
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  std::string message;
  std::string cure;
};

/// Cuts master file text into entries. Knows quotes, escapes, comments and parentheses, and
/// nothing about records. Every octet is looked at a bounded number of times, whatever the text.
class ZoneScanner {
 public:
  enum class Outcome { entry, trouble, end };

  /// Borrows `text`. A logical line may have at most `line_octets`.
  ZoneScanner(std::string_view text, std::size_t line_octets)
      : text_(text), line_octets_(line_octets) {}

  /// The next entry, or what is wrong with it; scanning goes on behind it the next time.
  Outcome next(Entry& entry);
  const Trouble& trouble() const { return trouble_; }

  /// The whole physical line around a place in the text that was given out by this scanner.
  std::string_view line_around(const Token& token) const;
  /// The line that the last trouble was found in.
  std::string_view trouble_line() const;

  std::uint32_t line() const { return line_; }
  /// Octets of the text that are behind it.
  std::size_t position() const { return at_; }

 private:
  struct Mark {
    std::size_t at = 0;
    std::size_t line_start = 0;
    std::uint32_t line = 1;
  };

  bool scan_octet(Entry& entry);
  void blank(Entry& entry);
  bool newline(Entry& entry);
  void comment();
  void open();
  void close();
  void quoted_token(Entry& entry);
  void plain_token(Entry& entry);
  void skip_escape();
  bool skip_quoted();
  void check_utf8(std::size_t from);
  void start_entry(Entry& entry);
  void next_line();
  void recover();
  void trouble_at(const Mark& mark, const char* rule, std::string message, std::string cure);
  Mark here() const { return {at_, line_start_, line_}; }
  Token token_from(std::size_t begin, std::size_t end, bool quoted) const;
  std::string_view line_from(std::size_t line_start) const;

  std::string_view text_;
  std::size_t line_octets_;
  std::size_t at_ = 0;
  std::size_t end_ = 0;  // how far this entry may go
  std::size_t line_start_ = 0;
  std::uint32_t line_ = 1;
  Mark entry_;             // where this entry begins
  std::size_t depth_ = 0;  // open parentheses
  Mark opened_;            // the outermost one
  std::size_t unclosed_ = 0;
  bool has_trouble_ = false;
  std::size_t trouble_line_start_ = 0;
  Trouble trouble_;
};

/// Where `text` stops being UTF-8 (RFC 3629), or npos.
std::size_t first_not_utf8(std::string_view text);

}  // namespace taproot::zonestore
