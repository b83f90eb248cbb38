#pragma once

#include "dns/types.hpp"
#include "dns/update.hpp"
#include "server/replay_guard.hpp"

#include <functional>
#include <optional>

namespace taproot::server {

/// An UPDATE that a serving loop has let in: well-formed, signed, and all of it allowed. What is
/// left is the zone's business, on the control loop.
struct UpdateOrder {
  dns::Update update;
  SignedRequest request;
  bool over_tcp = false;
  /// Owed once, from the control loop: the rcode, or nothing for silence (of UDP only).
  std::function<void(std::optional<dns::Rcode>)> answer;
};

}  // namespace taproot::server
