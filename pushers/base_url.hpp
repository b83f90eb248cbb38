#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace taproot::pushers {

/// Why `url` cannot be the address of a provider's API, and how to mend it; nothing if it can.
///
/// It must be https with a host, or http on this machine (127.0.0.0/8, [::1], localhost), since a
/// key travels with every request. It holds no user, query or fragment. The URL itself is not
/// repeated in the words: what was put there by mistake may be a secret.
std::optional<std::string> why_bad_url(std::string_view url);

/// A URL that a path can be put behind.
std::string without_slash(std::string url);

/// What may stand unescaped anywhere in a URL does, and everything else becomes %XX.
std::string percent_encoded(std::string_view text);

}  // namespace taproot::pushers
