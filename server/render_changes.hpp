#pragma once

#include "server/render_document.hpp"

#include <string>

namespace taproot::server {

/// Changes of RRsets, one block each, indented by `indent`:
///
///     + new.example.com. A
///         + 300 A 192.0.2.7
///     ~ www.example.com. A
///         - 300 A 192.0.2.1
///         + 300 A 192.0.2.2
std::string changes_text(const std::vector<Document>& changes, const std::string& indent,
                         bool colour);

/// "1 to add, 2 to change, 0 to remove"
/// Why a guard stopped something, and the command that lets it pass; `zone` only if it is named.
std::string guard_text(const Document& guard, const std::string& zone = "");

std::string counts_text(const Document& counts);

}  // namespace taproot::server
