#pragma once

#include <span>
#include <string>
#include <string_view>

namespace taproot::zonestore {

/// The one of `known` that `written` was most likely meant to be, or "" if none is near.
std::string_view nearest(std::string_view written, std::span<const std::string_view> known);

/// What `known` has to offer for a word that is not among it: "did you mean …?" or all of them.
std::string suggestion(std::string_view written, std::span<const std::string_view> known);

}  // namespace taproot::zonestore
