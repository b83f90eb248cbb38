#include "zonestore/yaml_text.hpp"

#include "zonestore/sources/zone_scanner.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>

namespace taproot::zonestore {

namespace {

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_one_of(char c, std::string_view characters) {
  return characters.find(c) != std::string_view::npos;
}
bool all_of(std::string_view text, std::string_view characters) {
  return text.find_first_not_of(characters) == std::string_view::npos;
}

/// Octets of the UTF-8 sequence that `lead` begins; `lead` is known to begin one.
std::size_t sequence_size(unsigned char lead) {
  return lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

std::uint32_t code_point(std::string_view sequence) {
  const auto lead = static_cast<unsigned char>(sequence[0]);
  if (sequence.size() == 1) return lead;
  std::uint32_t value = lead & (0x7fu >> sequence.size());
  for (const char c : sequence.substr(1)) value = value << 6 | (static_cast<unsigned>(c) & 0x3fu);
  return value;
}

/// Whether every reader takes it for part of the line it stands on (YAML 1.1 section 5.4 knows
/// more line ends than 1.2 does).
bool is_printable(std::uint32_t point) {
  return point >= 0x20 && (point < 0x7f || point > 0x9f) && point != 0x2028 && point != 0x2029 &&
         point != 0xfeff && (point & 0xfffe) != 0xfffe && (point < 0xfdd0 || point > 0xfdef);
}

/// Calls `use(sequence, fits)` for each character; octets that are no UTF-8 come one by one.
template <class Use>
void each_character(std::string_view text, Use use) {
  while (!text.empty()) {
    const auto clean = text.substr(0, first_not_utf8(text));
    for (std::size_t at = 0; at < clean.size();) {
      const auto size = sequence_size(static_cast<unsigned char>(clean[at]));
      use(clean.substr(at, size), is_printable(code_point(clean.substr(at, size))));
      at += size;
    }
    text.remove_prefix(clean.size());
    if (text.empty()) return;
    use(text.substr(0, 1), false);
    text.remove_prefix(1);
  }
}

/// The words that some reader takes for a boolean or null.
bool is_special_word(std::string_view text) {
  static constexpr std::array<std::string_view, 11> words = {
      "y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"};
  return std::any_of(words.begin(), words.end(), [&](std::string_view word) {
    return std::equal(text.begin(), text.end(), word.begin(), word.end(), [](char a, char b) {
      return std::tolower(static_cast<unsigned char>(a)) == b;
    });
  });
}

/// Text that begins with a digit, and that some reader may take for a number in any base, with
/// sixties (1:30) or digits apart (1_000), or for a date.
bool may_be_number(std::string_view text) {
  if (all_of(text, "0123456789.")) return std::count(text.begin(), text.end(), '.') != 3;
  if (all_of(text, "0123456789abcdefABCDEF:")) {
    return text.find(':') == std::string_view::npos ||
           (text.find("::") == std::string_view::npos && all_of(text, "0123456789:"));
  }
  return std::none_of(text.begin(), text.end(),
                      [](char c) { return is_letter(c) && !is_one_of(c, "abcdefABCDEFoOxXtTzZ"); });
}

bool is_bare(std::string_view text) {
  if (text.empty() || text.size() > 200) return false;
  const char first = text.front();
  if (!is_letter(first) && !is_digit(first) && first != '_') return false;
  if (is_one_of(text.back(), ": ")) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (!is_letter(c) && !is_digit(c) && !is_one_of(c, "_./\\+=@-~;: ")) return false;
    if (is_one_of(c, ": ") && text[i + 1] == ' ') return false;  // it is not the last
  }
  return is_digit(first) ? !may_be_number(text) : !is_special_word(text);
}

}  // namespace

bool is_yaml_text(std::string_view text) {
  bool fine = true;
  each_character(text, [&](std::string_view, bool fits) { fine = fine && fits; });
  return fine;
}

void append_yaml_scalar(std::string& out, std::string_view text) {
  if (is_bare(text)) {
    out += text;
    return;
  }
  out += '\'';
  for (const char c : text) {
    if (c == '\'') out += '\'';
    out += c;
  }
  out += '\'';
}

std::string yaml_comment(std::string_view text) {
  std::string out;
  each_character(text, [&](std::string_view sequence, bool fits) {
    if (fits)
      out += sequence;
    else
      out += sequence == "\t" ? " " : "\xef\xbf\xbd";
  });
  const auto last = out.find_last_not_of(' ');
  out.resize(last == std::string::npos ? 0 : last + 1);
  return out;
}

}  // namespace taproot::zonestore
