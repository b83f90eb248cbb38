#pragma once

#include "dns/secret.hpp"
#include "net/loop.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <optional>
#include <string_view>

namespace taproot::server {

/// Says whether a request carries the token. After five wrong ones within a minute nobody is let
/// in until the minute is over, also not with the right one: a guess must not show its worth.
/// Does no I/O and reads no clock.
class TokenGuard {
 public:
  enum class Verdict { allowed, missing, wrong, too_many };

  explicit TokenGuard(Secret token) : token_(std::move(token)) {}

  /// `authorization` is the header's value: "Bearer TOKEN". Compares in constant time.
  Verdict check(std::optional<std::string_view> authorization, net::Instant now);

  static constexpr std::size_t max_wrong = 5;
  static constexpr std::chrono::seconds window{60};

 private:
  Secret token_;
  std::deque<net::Instant> wrong_;  ///< of the last minute, at most max_wrong
};

}  // namespace taproot::server
