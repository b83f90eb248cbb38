#include "zonestore/sources/zone_scanner.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace taproot::zonestore {

namespace {

enum class Kind : std::uint8_t {
  plain,
  blank,
  newline,
  comment,
  open,
  close,
  quote,
  escape,
  nul,
  high
};

constexpr std::array<Kind, 256> make_kinds() {
  std::array<Kind, 256> kinds{};
  kinds[' '] = kinds['\t'] = kinds['\r'] = Kind::blank;
  kinds['\n'] = Kind::newline;
  kinds[';'] = Kind::comment;
  kinds['('] = Kind::open;
  kinds[')'] = Kind::close;
  kinds['"'] = Kind::quote;
  kinds['\\'] = Kind::escape;
  kinds[0] = Kind::nul;
  for (std::size_t i = 0x80; i < 256; ++i) kinds[i] = Kind::high;
  return kinds;
}

constexpr std::array<Kind, 256> kinds = make_kinds();

Kind kind(char c) {
  return kinds[static_cast<unsigned char>(c)];
}

/// After so many unclosed parentheses the rest of a file is not tried any more: each try may
/// look at a whole logical line again.
constexpr std::size_t max_unclosed = 16;

/// Octets of the UTF-8 sequence at the front of `text`, or 0 if it is none (RFC 3629 section 4).
std::size_t utf8_sequence(std::string_view text) {
  const auto at = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0u;
  };
  const auto tail = [&](std::size_t i) { return (at(i) & 0xc0u) == 0x80u; };
  const unsigned lead = at(0);
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) return tail(1) ? 2 : 0;
  if (lead >= 0xe0 && lead <= 0xef) {
    const unsigned low = lead == 0xe0 ? 0xa0 : 0x80;
    const unsigned high = lead == 0xed ? 0x9f : 0xbf;
    return at(1) >= low && at(1) <= high && tail(2) ? 3 : 0;
  }
  if (lead >= 0xf0 && lead <= 0xf4) {
    const unsigned low = lead == 0xf0 ? 0x90 : 0x80;
    const unsigned high = lead == 0xf4 ? 0x8f : 0xbf;
    return at(1) >= low && at(1) <= high && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

}  // namespace

std::size_t first_not_utf8(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t size = utf8_sequence(text.substr(at));
    if (size == 0) return at;
    at += size;
  }
  return std::string_view::npos;
}

std::string_view Entry::text_from(std::size_t first, std::string& room) const {
  if (first >= tokens.size()) return {};
  // The quotes of a quoted token stand right around it.
  const auto begin = [](const Token& t) { return t.text.data() - (t.quoted ? 1 : 0); };
  const auto end = [](const Token& t) {
    return t.text.data() + t.text.size() + (t.quoted ? 1 : 0);
  };
  if (plain_) {
    const char* from = begin(tokens[first]);
    return {from, static_cast<std::size_t>(end(tokens.back()) - from)};
  }
  room.clear();
  for (std::size_t i = first; i < tokens.size(); ++i) {
    const Token& token = tokens[i];
    if (i > first && begin(token) != end(tokens[i - 1])) room += ' ';
    room.append(begin(token), static_cast<std::size_t>(end(token) - begin(token)));
  }
  return room;
}

ZoneScanner::Outcome ZoneScanner::next(Entry& entry) {
  start_entry(entry);
  while (at_ < end_) {
    if (scan_octet(entry)) return Outcome::entry;
    if (has_trouble_) {
      recover();
      return Outcome::trouble;
    }
  }
  if (at_ < text_.size()) {
    trouble_at(entry_, "line-too-long",
               "a record or directive of more than " + std::to_string(line_octets_) + " octets",
               "split it into several records, or close its parenthesis or quote");
  } else if (depth_ > 0) {
    trouble_at(opened_, "unclosed-parenthesis", "this parenthesis is never closed",
               "write \")\" behind the last field of the record");
  } else {
    return entry.tokens.empty() ? Outcome::end : Outcome::entry;
  }
  recover();
  return Outcome::trouble;
}

void ZoneScanner::start_entry(Entry& entry) {
  entry.tokens.clear();
  entry.blank_owner = false;
  entry.plain_ = true;
  depth_ = 0;
  has_trouble_ = false;
  entry_ = here();
  end_ = at_ + std::min(line_octets_, text_.size() - at_);
}

/// True when the entry is complete.
bool ZoneScanner::scan_octet(Entry& entry) {
  switch (kind(text_[at_])) {
    case Kind::blank:
      blank(entry);
      return false;
    case Kind::newline:
      return newline(entry);
    case Kind::comment:
      comment();
      return false;
    case Kind::open:
      entry.plain_ = false;
      open();
      return false;
    case Kind::close:
      close();
      return false;
    case Kind::quote:
      quoted_token(entry);
      return false;
    case Kind::nul:
      trouble_at(here(), "nul-octet", "an octet 0 in the middle of the text",
                 "write the file as plain text in UTF-8; it may be damaged or UTF-16");
      return false;
    case Kind::plain:
    case Kind::escape:
    case Kind::high:
      plain_token(entry);
      return false;
  }
  return false;
}

void ZoneScanner::blank(Entry& entry) {
  if (at_ == line_start_ && depth_ == 0) entry.blank_owner = true;
  while (at_ < end_ && kind(text_[at_]) == Kind::blank) ++at_;
}

bool ZoneScanner::newline(Entry& entry) {
  next_line();
  if (depth_ > 0) {
    entry.plain_ = false;
    return false;
  }
  if (!entry.tokens.empty()) return true;
  start_entry(entry);  // an empty line counts for nothing, least of all for the limit
  return false;
}

void ZoneScanner::next_line() {
  ++at_;
  line_start_ = at_;
  ++line_;
}

void ZoneScanner::comment() {
  const std::string_view rest = text_.substr(at_, end_ - at_);
  const std::string_view comment = rest.substr(0, rest.find('\n'));
  if (const auto nul = comment.find('\0'); nul != std::string_view::npos)
    at_ += nul;
  else
    at_ += comment.size();
}

void ZoneScanner::open() {
  if (depth_ == 0) opened_ = here();
  ++depth_;
  ++at_;
}

void ZoneScanner::close() {
  if (depth_ == 0) {
    return trouble_at(here(), "unopened-parenthesis", "\")\" without a \"(\" before it",
                      "take it out, or write \"(\" before the first field that it encloses");
  }
  --depth_;
  ++at_;
}

void ZoneScanner::skip_escape() {
  at_ += end_ - at_ >= 2 && text_[at_ + 1] != '\n' && text_[at_ + 1] != '\0' ? 2u : 1u;
}

/// Moves from an opening quote past the closing one; false if there is none on this line.
bool ZoneScanner::skip_quoted() {
  const Mark quote = here();
  ++at_;
  while (at_ < end_) {
    switch (kind(text_[at_])) {
      case Kind::quote:
        ++at_;
        return true;
      case Kind::escape:
        skip_escape();
        break;
      case Kind::nul:
        return false;  // scan_octet() tells
      case Kind::newline:
        trouble_at(quote, "unclosed-quote", "this quote is not closed on its line",
                   "write \" at the end of the text, and \\\" for a quote inside of it");
        return false;
      case Kind::plain:
      case Kind::blank:
      case Kind::comment:
      case Kind::open:
      case Kind::close:
      case Kind::high:
        ++at_;
        break;
    }
  }
  if (end_ == text_.size()) {
    trouble_at(quote, "unclosed-quote", "this quote is not closed before the end of the file",
               "write \" at the end of the text; the file may be cut off");
  }
  return false;
}

void ZoneScanner::quoted_token(Entry& entry) {
  const std::size_t begin = at_ + 1;
  if (skip_quoted()) entry.tokens.push_back(token_from(begin, at_ - 1, true));
}

void ZoneScanner::plain_token(Entry& entry) {
  const std::size_t begin = at_;
  bool high = false;
  for (bool inside = true; inside && at_ < end_;) {
    switch (kind(text_[at_])) {
      case Kind::high:
        high = true;
        ++at_;
        break;
      case Kind::plain:
        ++at_;
        break;
      case Kind::escape:
        skip_escape();
        break;
      case Kind::quote:  // key="value" of SVCB is one field (RFC 9460 section 2.1)
        inside = text_[at_ - 1] == '=' && skip_quoted();
        if (has_trouble_) return;
        break;
      case Kind::blank:
      case Kind::newline:
      case Kind::comment:
      case Kind::open:
      case Kind::close:
      case Kind::nul:
        inside = false;
        break;
    }
  }
  if (high) check_utf8(begin);
  entry.tokens.push_back(token_from(begin, at_, false));
}

void ZoneScanner::check_utf8(std::size_t from) {
  const auto bad = first_not_utf8(text_.substr(from, at_ - from));
  if (bad == std::string_view::npos) return;
  Mark mark = here();
  mark.at = from + bad;
  trouble_at(mark, "not-utf8", "octets that are not UTF-8",
             "write \\DDD with three decimal digits for an octet that is not ASCII");
}

/// Goes to where the next entry may begin. Inside of parentheses that is the next line that does
/// not look like more of the same record.
void ZoneScanner::recover() {
  if (std::strcmp(trouble_.rule, "unclosed-parenthesis") == 0 ||
      (depth_ > 0 && std::strcmp(trouble_.rule, "line-too-long") == 0)) {
    if (++unclosed_ > max_unclosed) {
      trouble_.message += "; the rest of the file is not read";
      at_ = text_.size();
      return;
    }
    at_ = opened_.at;
    line_ = opened_.line;
    line_start_ = opened_.line_start;
  }
  for (;;) {
    const auto end = text_.find('\n', at_);
    at_ = std::min(end, text_.size());
    if (at_ == text_.size()) return;
    next_line();
    const bool more = depth_ > 0 && at_ < text_.size() &&
                      (kind(text_[at_]) == Kind::blank || kind(text_[at_]) == Kind::close ||
                       kind(text_[at_]) == Kind::comment || kind(text_[at_]) == Kind::newline);
    if (!more) return;
  }
}

void ZoneScanner::trouble_at(const Mark& mark, const char* rule, std::string message,
                             std::string cure) {
  has_trouble_ = true;
  trouble_line_start_ = mark.line_start;
  const auto column = static_cast<std::uint32_t>(mark.at - mark.line_start + 1);
  trouble_ = {rule, mark.line, column, std::move(message), std::move(cure)};
}

Token ZoneScanner::token_from(std::size_t begin, std::size_t end, bool quoted) const {
  const auto column = static_cast<std::uint32_t>(begin - line_start_ + (quoted ? 0 : 1));
  return {text_.substr(begin, end - begin), line_, column, quoted};
}

std::string_view ZoneScanner::line_from(std::size_t line_start) const {
  constexpr std::size_t enough = 4096;
  const std::string_view part = text_.substr(line_start, enough);
  const std::string_view line = part.substr(0, part.find('\n'));
  return !line.empty() && line.back() == '\r' ? line.substr(0, line.size() - 1) : line;
}

std::string_view ZoneScanner::line_around(const Token& token) const {
  const auto begin = static_cast<std::size_t>(token.text.data() - text_.data());
  return line_from(begin - (token.quoted ? token.column : token.column - 1));
}

std::string_view ZoneScanner::trouble_line() const {
  return line_from(trouble_line_start_);
}

}  // namespace taproot::zonestore
