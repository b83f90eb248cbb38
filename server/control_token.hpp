#pragma once

#include "dns/result.hpp"
#include "dns/secret.hpp"

#include <filesystem>

namespace taproot::server {

/// The token of the control API, made at the first start: 32 random octets in base64url, in a
/// file of mode 0600. A file that others can read is refused (Errc::refused), an unreadable or
/// too short one is Errc::io or Errc::bad_text. The folder must exist.
Result<Secret> read_or_make_token(const std::filesystem::path& file);

/// A new token in no file: nobody will know it.
Result<Secret> make_token();

/// The token that a running taproot made, for commands; Errc::not_found or Errc::refused says who
/// may read it.
Result<Secret> read_token(const std::filesystem::path& file);

}  // namespace taproot::server
