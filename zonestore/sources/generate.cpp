#include "zonestore/sources/generate.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <optional>
#include <utility>

namespace taproot::zonestore {

namespace {

constexpr unsigned max_width = 255;
constexpr std::int64_t max_number = 0x7fff'ffff;

template <class T>
std::optional<T> number_from(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string padded(std::string digits, unsigned width) {
  if (digits.size() < width) digits.insert(0, width - digits.size(), '0');
  return digits;
}

std::string in_base(std::int64_t value, char base) {
  char room[32];
  const int radix = base == 'o' ? 8 : base == 'd' ? 10 : 16;
  const auto [end, error] = std::to_chars(std::begin(room), std::end(room), value, radix);
  (void)error;  // 64 bits always fit
  std::string digits(std::begin(room), end);
  if (base == 'X') {
    for (char& c : digits) c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 32) : c;
  }
  return digits;
}

/// Hexadecimal digits from the lowest on, with dots between; `width` counts the dots too.
std::string nibbles(std::int64_t value, unsigned width, char base) {
  const char* digits = base == 'n' ? "0123456789abcdef" : "0123456789ABCDEF";
  std::string text;
  do {
    text += digits[value & 0xf];
    value >>= 4;
    if (value != 0 || text.size() < width) text += '.';
  } while (value != 0 || text.size() < width);
  return text;
}

}  // namespace

Result<GenerateRange> GenerateRange::from_text(std::string_view text) {
  const auto bad = [&](const char* why) {
    return fail(Errc::bad_text, "range \"" + std::string(text.substr(0, 80)) + "\" " + why);
  };
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return bad("has no \"-\"");
  const auto slash = std::min(text.find('/', dash), text.size());
  const auto start = number_from<std::uint32_t>(text.substr(0, dash));
  const auto stop = number_from<std::uint32_t>(text.substr(dash + 1, slash - dash - 1));
  if (!start || !stop || *stop > max_number) return bad("is not two numbers up to 2147483647");
  if (*start > *stop) return bad("ends before it starts");
  GenerateRange range{*start, *stop, 1};
  if (slash < text.size()) {
    const auto step = number_from<std::uint32_t>(text.substr(slash + 1));
    if (!step || *step == 0) return bad("has a step that is not a number from 1 on");
    range.step = *step;
  }
  return range;
}

Result<GenerateTemplate> GenerateTemplate::from_text(std::string_view text) {
  GenerateTemplate result;
  Part part;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) {
      part.before += text.substr(i++, 2);
      continue;
    }
    if (text[i] != '$') {
      part.before += text[i];
      continue;
    }
    if (text.substr(i, 2) == "$$") {
      // As an escape, because a name or a text is read from it next.
      part.before += "\\$";
      ++i;
      continue;
    }
    Part number;
    if (text.substr(i, 2) == "${") {
      const auto close = text.find('}', i);
      if (close == std::string_view::npos) return fail(Errc::bad_text, "\"${\" without \"}\"");
      auto parsed = number_part(text.substr(i + 2, close - i - 2));
      if (!parsed) return tl::unexpected(parsed.error());
      number = std::move(*parsed);
      i = close;
    }
    number.before = std::exchange(part.before, {});
    number.has_number = true;
    result.parts_.push_back(std::move(number));
  }
  if (!part.before.empty()) result.parts_.push_back(std::move(part));
  return result;
}

/// "offset", "offset,width" or "offset,width,base".
Result<GenerateTemplate::Part> GenerateTemplate::number_part(std::string_view inside) {
  const auto bad = [&](const char* why) {
    return fail(Errc::bad_text, "\"${" + std::string(inside.substr(0, 80)) + "}\" " + why);
  };
  Part part;
  const auto first = std::min(inside.find(','), inside.size());
  const auto offset = number_from<std::int32_t>(inside.substr(0, first));
  if (!offset) return bad("has an offset that is not a number");
  part.offset = *offset;
  if (first == inside.size()) return part;
  const auto second = std::min(inside.find(',', first + 1), inside.size());
  const auto width = number_from<std::uint32_t>(inside.substr(first + 1, second - first - 1));
  if (!width || *width > max_width) return bad("has a width that is not a number up to 255");
  part.width = *width;
  if (second == inside.size()) return part;
  const auto base = inside.substr(second + 1);
  if (base.size() != 1 || std::string_view("doxXnN").find(base[0]) == std::string_view::npos) {
    return bad("has a base other than d, o, x, X, n and N");
  }
  part.base = base[0];
  return part;
}

Result<std::string> GenerateTemplate::text_for(std::uint32_t number) const {
  std::string text;
  for (const Part& part : parts_) {
    text += part.before;
    if (!part.has_number) continue;
    const std::int64_t value = std::int64_t{number} + part.offset;
    if (value < 0) {
      return fail(Errc::bad_text, "offset " + std::to_string(part.offset) + " makes the number " +
                                      std::to_string(number) + " negative");
    }
    const bool nibble = part.base == 'n' || part.base == 'N';
    text += nibble ? nibbles(value, part.width, part.base)
                   : padded(in_base(value, part.base), part.width);
  }
  return text;
}

}  // namespace taproot::zonestore
