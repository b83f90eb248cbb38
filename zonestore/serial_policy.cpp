#include "zonestore/serial_policy.hpp"

#include <algorithm>
#include <chrono>
#include <string>

namespace taproot::zonestore {

namespace {

/// Seconds since 1970 on the circle of serials; a clock before 1970 counts as 1970.
dns::Serial unix_serial(WallTime now) {
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  return dns::Serial(static_cast<std::uint32_t>(std::max<std::int64_t>(seconds, 0)));
}

/// YYYYMMDD00 in UTC: the first serial of a day.
dns::Serial date_serial(WallTime now) {
  const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(now));
  const auto year = static_cast<std::uint32_t>(std::max(static_cast<int>(day.year()), 0));
  const auto month = static_cast<unsigned>(day.month());
  return dns::Serial(((year * 100 + month) * 100 + static_cast<unsigned>(day.day())) * 100);
}

dns::Serial ahead_of(std::optional<dns::Serial> last, dns::Serial wish) {
  return !last || wish > *last ? wish : last->next();
}

Result<dns::Serial> kept(std::optional<dns::Serial> last, std::optional<dns::Serial> from_source) {
  if (!from_source) {
    return fail(Errc::bad_serial,
                "serial policy \"keep\" needs a serial in the source: write one into its SOA, or "
                "choose increment, unixtime or date");
  }
  if (!last || *from_source > *last) return *from_source;
  const std::string source = std::to_string(from_source->value());
  const std::string before = std::to_string(last->value());
  if (*from_source == *last) {
    return fail(Errc::bad_serial, "the contents changed but the source still has serial " + source +
                                      ": raise it, secondaries would not notice the change");
  }
  const bool behind = *from_source < *last;
  return fail(Errc::bad_serial, "the source's serial " + source +
                                    (behind ? " is behind " : " has no order to ") + before +
                                    ", which this zone had already (RFC 1982): use one from " +
                                    std::to_string(last->next().value()) + " on");
}

}  // namespace

Result<SerialPolicy> serial_policy_from_text(std::string_view text) {
  for (const auto policy :
       {SerialPolicy::increment, SerialPolicy::unixtime, SerialPolicy::date, SerialPolicy::keep}) {
    if (text == to_text(policy)) return policy;
  }
  return fail(Errc::bad_config, "unknown serial policy \"" + std::string(text) +
                                    "\": use increment, unixtime, date or keep");
}

std::string_view to_text(SerialPolicy policy) {
  switch (policy) {
    case SerialPolicy::increment:
      return "increment";
    case SerialPolicy::unixtime:
      return "unixtime";
    case SerialPolicy::date:
      return "date";
    case SerialPolicy::keep:
      return "keep";
  }
  return "increment";
}

// "Ahead" by RFC 1982 is at most 2^31 - 1, so no policy can jump further than a secondary follows.
Result<dns::Serial> next_serial(SerialPolicy policy, std::optional<dns::Serial> last,
                                std::optional<dns::Serial> from_source, WallTime now) {
  switch (policy) {
    case SerialPolicy::increment:
      if (from_source) return ahead_of(last, *from_source);
      return last ? last->next() : dns::Serial(1);
    case SerialPolicy::unixtime:
      return ahead_of(last, unix_serial(now));
    case SerialPolicy::date:
      return ahead_of(last, date_serial(now));
    case SerialPolicy::keep:
      return kept(last, from_source);
  }
  return fail(Errc::bad_serial, "unknown serial policy");
}

}  // namespace taproot::zonestore
