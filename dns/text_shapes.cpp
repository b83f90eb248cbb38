#include "dns/text_shapes.hpp"

#include "dns/text_fields.hpp"
#include "dns/text_values.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <optional>
#include <string>

namespace taproot::dns {

namespace {

bool is_whole(std::string_view text, std::uint32_t most) {
  const auto value = number_from_text<std::uint32_t>(text);
  return value && *value <= most;
}

/// A number with at most `places` digits after a point.
bool is_decimal(std::string_view text, std::uint32_t most, std::size_t places) {
  const std::size_t point = text.find('.');
  if (point == std::string_view::npos) return is_whole(text, most);
  const std::string_view fraction = text.substr(point + 1);
  const bool digits =
      std::all_of(fraction.begin(), fraction.end(), [](char c) { return c >= '0' && c <= '9'; });
  return digits && !fraction.empty() && fraction.size() <= places &&
         is_whole(text.substr(0, point), most);
}

/// Metres, with or without the unit.
bool is_metres(std::string_view text, std::uint32_t most) {
  if (text.ends_with('m')) text.remove_suffix(1);
  return is_decimal(text, most, 2);
}

/// Degrees, perhaps minutes, perhaps seconds, then one of the two directions in `either`.
bool take_angle(TextFields& fields, std::uint32_t degrees, std::string_view either) {
  for (int i = 0; i < 4; ++i) {
    const auto field = fields.next();
    if (!field || field->quoted) return false;
    const std::string_view text = field->text;
    if (i > 0 && text.size() == 1 && either.find(text[0]) != std::string_view::npos) return true;
    const bool fits = i == 0   ? is_whole(text, degrees)
                      : i == 1 ? is_whole(text, 59)
                               : i == 2 && is_decimal(text, 59, 3);
    if (!fits) return false;
  }
  return false;
}

bool is_apl_item(std::string_view text) {
  if (text.starts_with('!')) text.remove_prefix(1);
  const std::size_t slash = text.find('/');
  if (text.size() < 2 || text[1] != ':' || slash == std::string_view::npos) return false;
  if (text[0] != '1' && text[0] != '2') return false;
  const int family = text[0] == '1' ? AF_INET : AF_INET6;
  std::string address;
  return append_from_address(address, family, text.substr(2, slash - 2)) == nullptr &&
         is_whole(text.substr(slash + 1), family == AF_INET ? 32 : 128);
}

}  // namespace

const char* why_not_loc(std::string_view text) {
  constexpr std::uint32_t deepest = 100'000;
  constexpr std::uint32_t highest = 42'849'672;
  constexpr std::uint32_t largest = 90'000'000;
  TextFields fields(text);
  if (!take_angle(fields, 90, "NS")) return "has no latitude like 52 22 23.000 N";
  if (!take_angle(fields, 180, "EW")) return "has no longitude like 4 53 32.000 E";
  const auto altitude = fields.next();
  if (!altitude) return "has no altitude like -2m";
  const bool below = altitude->text.starts_with('-');
  if (!is_metres(altitude->text.substr(below ? 1 : 0), below ? deepest : highest)) {
    return "has an altitude that is not metres from -100000 to 42849672";
  }
  for (int i = 0; i < 3 && !fields.at_end(); ++i) {
    const auto size = fields.next();
    if (!size || !is_metres(size->text, largest)) {
      return "has a size or precision that is not metres up to 90000000";
    }
  }
  return fields.at_end() ? nullptr : "has a field too many";
}

const char* why_not_apl(std::string_view text) {
  TextFields fields(text);
  while (const auto field = fields.next()) {
    if (field->quoted || !is_apl_item(field->text)) return "has an item not like !1:192.0.2.0/24";
  }
  return fields.trouble();
}

}  // namespace taproot::dns
