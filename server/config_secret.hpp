#pragma once

#include "dns/result.hpp"
#include "dns/secret.hpp"
#include "dns/tsig.hpp"
#include "server/config.hpp"

#include <filesystem>
#include <string>
#include <string_view>

namespace taproot::server {

/// A secret's octets, and whether others than its owner can read its file.
struct SecretRead {
  Secret secret;
  bool exposed = false;
};

/// Reads a secret's file, at most 64 KiB; blanks and line ends around it are cut off. Fails with
/// Errc::not_found, Errc::io or Errc::too_large, and never shows what is in it.
Result<SecretRead> read_secret_file(const std::filesystem::path& file);

/// Whether a value names a place to get a secret from: "env:NAME" or "exec:COMMAND".
bool is_secret_reference(std::string_view text);

/// Follows "env:NAME" or "exec:COMMAND". Fails with Errc::not_found, io or timed_out.
Result<Secret> follow_secret_reference(std::string_view text, const ConfigWorld& world);

/// A TSIG secret in any of the forms people have it in: base64, "NAME:ALGORITHM:BASE64" as
/// `taproot key generate` writes it, or BIND's key statement. Name and algorithm, where given,
/// must be the configured ones. Fails with Errc::bad_text or Errc::conflict without showing it.
Result<Secret> tsig_secret_from_text(const Secret& text, const dns::Name& name,
                                     dns::TsigAlgorithm algorithm);

/// A whole TSIG key: "NAME:ALGORITHM:BASE64" or BIND's key statement. Fails with Errc::bad_text
/// without showing it.
Result<dns::TsigKey> tsig_key_from_text(const Secret& text);

}  // namespace taproot::server
