#include "net/url.hpp"

#include "net/curl.hpp"

#include <algorithm>
#include <memory>
#include <new>

namespace taproot::net {

namespace {

using Parts = std::unique_ptr<CURLU, decltype(&curl_url_cleanup)>;

bool is_one_line(std::string_view text) {
  return text.find_first_of(std::string_view("\r\n\0", 3)) == text.npos;
}

/// The parts of a URL, or null if it is none.
Parts parts_of(const std::string& url) {
  Parts parts(curl().url(), curl().url_cleanup);
  if (!parts) throw std::bad_alloc();
  const bool parsed =
      is_one_line(url) && curl().url_set(parts.get(), CURLUPART_URL, url.c_str(), 0) == CURLUE_OK;
  if (!parsed) parts.reset();
  return parts;
}

std::string part_of(CURLU* url, CURLUPart part) {
  char* text = nullptr;
  if (curl().url_get(url, part, &text, CURLU_DEFAULT_PORT) != CURLUE_OK) return {};
  std::string copy = text;
  curl().free(text);
  return copy;
}

/// Where the path ends.
std::size_t end_of_path(std::string_view url) {
  return std::min(url.find_first_of("?#"), url.size());
}

}  // namespace

Result<Origin> origin_of(const std::string& url) {
  const auto parts = parts_of(url);
  if (!parts) return fail(Errc::bad_text, "this is not a URL that can be fetched");
  Origin origin;
  origin.scheme = part_of(parts.get(), CURLUPART_SCHEME);
  origin.host = part_of(parts.get(), CURLUPART_HOST);
  if (origin.host.empty() || (origin.scheme != "http" && origin.scheme != "https")) {
    return fail(Errc::bad_text, "only http:// and https:// URLs are fetched");
  }
  origin.port = static_cast<std::uint16_t>(std::stoul(part_of(parts.get(), CURLUPART_PORT)));
  if (origin.host.front() == '[') origin.host = origin.host.substr(1, origin.host.size() - 2);
  std::transform(origin.host.begin(), origin.host.end(), origin.host.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return origin;
}

Result<std::string> resolve_reference(const std::string& base, const std::string& reference) {
  const auto parts = parts_of(base);
  const bool resolved =
      parts && is_one_line(reference) &&
      curl().url_set(parts.get(), CURLUPART_URL, reference.c_str(), 0) == CURLUE_OK &&
      curl().url_set(parts.get(), CURLUPART_FRAGMENT, nullptr, 0) == CURLUE_OK;
  char* text = nullptr;
  if (!resolved || curl().url_get(parts.get(), CURLUPART_URL, &text, 0) != CURLUE_OK) {
    return fail(Errc::bad_text, "this is not a URL that can be fetched");
  }
  std::string url = text;
  curl().free(text);
  return url;
}

std::string beside(const std::string& url, std::string_view ending) {
  std::string other = url;
  return other.insert(end_of_path(url), ending);
}

std::string_view file_name_of(std::string_view url) {
  const auto path = url.substr(0, end_of_path(url));
  const auto slash = path.rfind('/');
  return slash == path.npos ? path : path.substr(slash + 1);
}

std::string without_query(std::string_view url) {
  return std::string(url.substr(0, end_of_path(url)));
}

}  // namespace taproot::net
