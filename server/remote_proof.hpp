#pragma once

#include "dns/result.hpp"

#include <string>
#include <string_view>

namespace taproot::server {

/// SHA-256 of a text, 64 hexadecimal digits in lower case.
std::string sha256_of(std::string_view text);

/// The digest that a checksum file, as sha256sum writes it, has for `file_name`; of a file with
/// one line the name does not matter. Fails with Errc::bad_text or Errc::not_found.
Result<std::string> sha256_in(std::string_view checksum_file, std::string_view file_name);

/// An Ed25519 public key (32 octets) from PEM, or from base64 of the octets themselves. Fails with
/// Errc::bad_text.
Result<std::string> ed25519_key_from_text(const std::string& text);

/// Whether `signature` (64 octets, or base64 of them) is one of `text` by the key of 32 octets.
/// Fails with Errc::bad_text if it has another form, Errc::refused if it is not this text's.
Result<void> check_ed25519(std::string_view text, std::string_view signature, std::string_view key);

}  // namespace taproot::server
