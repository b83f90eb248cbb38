#pragma once

#include "pushers/capabilities.hpp"

#include <string>

namespace taproot::server {

/// "stable", "experimental" or "retired".
const char* word_of(pushers::DriverStatus status);
/// What a provider can hold, for people: a line for each rule.
std::string render_capabilities(const pushers::Capabilities& capabilities);
/// One object with stable keys (docs/cli.md).
std::string capabilities_json(const pushers::Capabilities& capabilities);

}  // namespace taproot::server
