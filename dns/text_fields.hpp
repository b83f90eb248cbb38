#pragma once

#include "dns/octets.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace taproot::dns {

/// One field of presentation format, without its quotes and with its escapes as written.
struct TextField {
  std::string_view text;
  bool quoted = false;
};

/// Takes presentation format apart at blanks (RFC 1035 section 5.1). Borrows the text.
class TextFields {
 public:
  explicit TextFields(std::string_view text) : rest_(text) { skip_blanks(); }

  /// The next field, or nothing at the end and at text that cannot be read; see trouble().
  std::optional<TextField> next();

  bool at_end() const { return rest_.empty(); }
  /// All that is left, for a type with fields of its own shape. Nothing is left after it.
  std::string_view take_rest() { return std::exchange(rest_, {}); }
  /// What stopped next() before the end, or nullptr.
  const char* trouble() const { return trouble_; }

 private:
  void skip_blanks();
  std::optional<TextField> quoted();
  std::optional<TextField> plain();

  std::string_view rest_;
  const char* trouble_ = nullptr;
};

/// Appends what `text` means, with \X and \DDD undone. What is wrong with it, or nullptr.
const char* append_unescaped(std::string& out, std::string_view text);

/// Appends `octets` as a "quoted string" that append_unescaped() understands.
void append_quoted(std::string& out, Octets octets);

/// Appends the octets that hexadecimal digits stand for; blanks between them are skipped.
/// What is wrong with them, or nullptr.
const char* append_from_hex(std::string& out, std::string_view digits);
void append_hex(std::string& out, Octets octets);

/// Seconds as a number or as BIND's 1w2d3h4m5s, at most `most`.
std::optional<std::uint32_t> seconds_from_text(std::string_view text, std::uint32_t most);

}  // namespace taproot::dns
