#include "server/version_ref.hpp"

#include <charconv>
#include <chrono>
#include <limits>
#include <optional>

namespace taproot::server {

namespace {

using zonestore::WallTime;

/// All of `text` as a number of digits only.
template <class T>
std::optional<T> number_in(std::string_view text) {
  T number = 0;
  const auto* end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, number);
  if (text.empty() || error != std::errc() || at != end) return std::nullopt;
  return number;
}

/// "2h": how long that is. Bounded, so that no time can run over.
std::optional<std::chrono::seconds> span_of(std::string_view text) {
  if (text.size() < 2) return std::nullopt;
  const auto count = number_in<std::uint32_t>(text.substr(0, text.size() - 1));
  if (!count || *count > 10'000'000) return std::nullopt;
  switch (text.back()) {
    case 's':
      return std::chrono::seconds(*count);
    case 'm':
      return std::chrono::minutes(*count);
    case 'h':
      return std::chrono::hours(*count);
    case 'd':
      return std::chrono::days(*count);
    case 'w':
      return std::chrono::weeks(*count);
    default:
      return std::nullopt;
  }
}

std::optional<WallTime> ago(std::string_view text, WallTime now) {
  constexpr std::string_view word = " ago";
  if (text.starts_with('-')) {
    text.remove_prefix(1);
  } else if (text.ends_with(word)) {
    text.remove_suffix(word.size());
  } else {
    return std::nullopt;
  }
  const auto span = span_of(text);
  // In seconds: as the clock's nanoseconds a long span would run over.
  const auto since_1970 = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch());
  if (!span || *span > since_1970) return std::nullopt;
  return now - *span;
}

/// "10:00" or "10:00:30", perhaps with Z behind it.
std::optional<std::chrono::seconds> time_of_day(std::string_view text) {
  if (text.ends_with('Z')) text.remove_suffix(1);
  if ((text.size() != 5 && text.size() != 8) || text[2] != ':') return std::nullopt;
  const auto hour = number_in<std::uint8_t>(text.substr(0, 2));
  const auto minute = number_in<std::uint8_t>(text.substr(3, 2));
  std::optional<std::uint8_t> second = 0;
  if (text.size() == 8)
    second = text[5] == ':' ? number_in<std::uint8_t>(text.substr(6)) : std::nullopt;
  if (!hour || !minute || !second || *hour > 23 || *minute > 59 || *second > 59)
    return std::nullopt;
  return std::chrono::hours(*hour) + std::chrono::minutes(*minute) + std::chrono::seconds(*second);
}

/// "2026-11-25", alone or with a time of day behind a T or a space.
std::optional<WallTime> moment(std::string_view text) {
  if (text.size() < 10 || text[4] != '-' || text[7] != '-') return std::nullopt;
  const auto year = number_in<std::uint16_t>(text.substr(0, 4));
  const auto month = number_in<std::uint8_t>(text.substr(5, 2));
  const auto day = number_in<std::uint8_t>(text.substr(8, 2));
  if (!year || !month || !day || *year < 1970 || *year > 2200) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year), std::chrono::month(*month),
                                         std::chrono::day(*day)};
  if (!date.ok()) return std::nullopt;
  const WallTime midnight = std::chrono::sys_days(date);
  if (text.size() == 10) return midnight;
  if (text[10] != 'T' && text[10] != ' ') return std::nullopt;
  const auto time = time_of_day(text.substr(11));
  if (!time) return std::nullopt;
  return midnight + *time;
}

}  // namespace

Result<VersionRef> VersionRef::from_text(std::string_view text, WallTime now) {
  constexpr std::string_view serial_word = "serial:";
  if (text.starts_with(serial_word)) {
    const auto serial = number_in<std::uint32_t>(text.substr(serial_word.size()));
    if (serial) return VersionRef{Kind::serial, 0, dns::Serial(*serial), {}};
  } else if (const auto number = number_in<std::uint64_t>(text)) {
    constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (*number > 0 && *number <= most) return of(*number);
  } else if (const auto past = ago(text, now)) {
    return VersionRef{Kind::time, 0, dns::Serial(0), *past};
  } else if (const auto then = moment(text)) {
    return VersionRef{Kind::time, 0, dns::Serial(0), *then};
  }
  return fail(Errc::bad_text, "\"" + std::string(text) +
                                  "\" is not a version: write a number from 1, serial:NUMBER, a "
                                  "time in UTC like 2026-11-25T10:00, or -2h");
}

}  // namespace taproot::server
