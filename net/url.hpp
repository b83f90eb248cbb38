#pragma once

#include "dns/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace taproot::net {

/// Who answers for a URL (RFC 6454): what is meant for one origin goes to no other.
struct Origin {
  std::string scheme;  ///< "http" or "https"
  std::string host;    ///< in lower case, without brackets
  std::uint16_t port = 0;

  friend bool operator==(const Origin&, const Origin&) = default;
};

// None of these repeats a URL in its error: it may carry a key.

/// The origin of an http or https URL. Fails with Errc::bad_text.
Result<Origin> origin_of(const std::string& url);

/// A reference, as a Location header has it, from where `base` is (RFC 3986 section 5), without
/// its fragment. Fails with Errc::bad_text.
Result<std::string> resolve_reference(const std::string& base, const std::string& reference);

/// The URL of what lies beside `url` under its name with `ending`: "https://h/a?b" and ".sig" give
/// "https://h/a.sig?b".
std::string beside(const std::string& url, std::string_view ending);

/// The last part of the path, percent-encoded as it is: "a.yaml" of "https://h/x/a.yaml?b".
std::string_view file_name_of(std::string_view url);

/// The URL without its query, which may carry a key: for people.
std::string without_query(std::string_view url);

}  // namespace taproot::net
