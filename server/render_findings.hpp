#pragma once

#include "server/render_document.hpp"

#include <string>

namespace taproot::server {

/// "zones/example.com.yaml:14:5: error: … [rule]" with its cure below, indented by `indent`.
std::string finding_text(const Document& finding, const std::string& indent);

}  // namespace taproot::server
