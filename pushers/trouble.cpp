#include "pushers/trouble.hpp"

#include <charconv>
#include <ctime>
#include <iomanip>
#include <locale>
#include <sstream>

namespace taproot::pushers {

namespace {

/// A date as HTTP writes it, e.g. "Sun, 06 Nov 1994 08:49:37 GMT".
std::optional<WallTime> http_date(std::string_view text) {
  std::istringstream stream{std::string(text)};
  stream.imbue(std::locale::classic());
  std::tm parts{};
  stream >> std::get_time(&parts, "%a, %d %b %Y %H:%M:%S GMT");
  if (stream.fail()) return std::nullopt;
  return std::chrono::system_clock::from_time_t(timegm(&parts));
}

TroubleKind kind_of(int status, Access access) {
  const bool reads = access == Access::read;
  switch (status) {
    case 401:
    case 403:
      return TroubleKind::auth;
    case 409:
    case 412:
      return reads ? TroubleKind::retry_after : TroubleKind::conflict;
    case 423:
    case 425:
    case 429:
      return TroubleKind::retry_after;
    case 408:
      return reads ? TroubleKind::retry_after : TroubleKind::unknown_outcome;
    default:
      break;
  }
  if (status >= 500) return reads ? TroubleKind::retry_after : TroubleKind::unknown_outcome;
  if (status >= 300) return TroubleKind::permanent;
  return reads ? TroubleKind::incomplete_read : TroubleKind::unknown_outcome;
}

const char* meaning_of(int status) {
  if (status == 401 || status == 403) return " (the key is wrong or lacks a right)";
  if (status == 429) return " (too many requests)";
  if (status >= 300 && status < 400) return " (a redirect, which is not followed: check the URL)";
  return "";
}

}  // namespace

std::string to_text(TroubleKind kind) {
  switch (kind) {
    case TroubleKind::retry_after:
      return "retry-after";
    case TroubleKind::conflict:
      return "conflict";
    case TroubleKind::already_done:
      return "already-done";
    case TroubleKind::permanent:
      return "permanent";
    case TroubleKind::auth:
      return "auth";
    case TroubleKind::unknown_outcome:
      return "unknown-outcome";
    case TroubleKind::incomplete_read:
      return "incomplete-read";
  }
  return "unknown";
}

Trouble permanent_trouble(std::string words) {
  return {TroubleKind::permanent, std::move(words), {}, {}};
}

Trouble unreadable(const std::string& what, const std::string& sender) {
  return {TroubleKind::incomplete_read,
          "the answer is not " + what + " as " + sender + " sends it: is this its API?",
          {},
          {}};
}

Trouble unreadable_outcome(const std::string& what, const std::string& sender) {
  Trouble trouble = unreadable(what, sender);
  trouble.kind = TroubleKind::unknown_outcome;
  return trouble;
}

Trouble trouble_of(const Error& error, Access access) {
  const std::string words = one_line(error.detail);
  // A URL or header that cannot be sent was not sent, and will not be sent next time either.
  if (error.code == Errc::bad_text) return {TroubleKind::permanent, words, {}, {}};
  if (error.code == Errc::unauthorized) return {TroubleKind::auth, words, {}, {}};
  if (access == Access::write) return {TroubleKind::unknown_outcome, words, {}, {}};
  if (error.code == Errc::refused) return {TroubleKind::permanent, words, {}, {}};
  return {TroubleKind::retry_after, words, {}, {}};
}

Trouble trouble_of(const net::HttpResponse& response, Access access, std::string words,
                   WallTime now) {
  std::string all = "HTTP " + std::to_string(response.status) + meaning_of(response.status);
  if (!words.empty()) all += ": " + words;
  const auto wait = retry_after(response, now);
  const bool throttled = response.status == 429 || (response.status == 503 && wait);
  return {kind_of(response.status, access), std::move(all), wait, {}, throttled};
}

std::optional<std::chrono::seconds> retry_after(const net::HttpResponse& response, WallTime now) {
  const auto header = response.header("Retry-After");
  if (!header || header->empty()) return std::nullopt;
  std::uint32_t seconds = 0;
  const char* end = header->data() + header->size();
  const auto [stop, error] = std::from_chars(header->data(), end, seconds);
  if (error == std::errc{} && stop == end) return std::chrono::seconds(seconds);
  const auto date = http_date(*header);
  if (!date || *date <= now) return std::nullopt;
  return std::chrono::ceil<std::chrono::seconds>(*date - now);
}

std::optional<WallTime> response_date(const net::HttpResponse& response) {
  const auto header = response.header("Date");
  return header ? http_date(*header) : std::nullopt;
}

std::string skew_words(const net::HttpResponse& response, WallTime now) {
  constexpr std::chrono::seconds longest_skew{60};
  const auto date = response_date(response);
  if (!date) return "";
  const auto skew =
      std::chrono::duration_cast<std::chrono::seconds>(*date > now ? *date - now : now - *date);
  if (skew <= longest_skew) return "";
  return " (the clocks differ by " + std::to_string(skew.count()) + " s: set this host's)";
}

std::string without_secret(std::string words, const Secret& secret) {
  const std::string_view octets = secret.reveal();
  for (std::size_t at = 0; !octets.empty() && (at = words.find(octets, at)) != std::string::npos;) {
    words.replace(at, octets.size(), "***");
    at += 3;
  }
  return words;
}

std::string one_line(std::string_view text, std::size_t max_size) {
  std::string line;
  bool blank = false;
  for (const char c : text) {
    if (c == ' ' || c == '\n' || c == '\r' || c == '\t') {
      blank = !line.empty();
      continue;
    }
    if (line.size() + 2 > max_size) return line + "...";
    if (blank) line += ' ';
    blank = false;
    line += c > ' ' && c < 0x7f ? c : '?';
  }
  return line;
}

}  // namespace taproot::pushers
