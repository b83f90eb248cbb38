#pragma once

#include "dns/tsig.hpp"

#include <string>

namespace taproot::server {

/// Why a request with this verdict on its signature is refused, and what would cure it: for the
/// log and for `taproot status`.
std::string words_of(const dns::TsigVerdict& verdict);

}  // namespace taproot::server
