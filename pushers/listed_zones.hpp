#pragma once

#include "net/loop.hpp"
#include "pushers/exchange.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

namespace taproot::pushers {

/// The last answer that told where a zone is, for those who would ask the very same: some providers
/// cannot be asked for a zone by its name and list all of them, and many first pushes come
/// together. Whoever does not find a zone in it has to ask for himself. Told the time.
class ListedZones {
 public:
  /// Long enough for the first pushes after a start, which come back for the next before it ends,
  /// and shorter than a person takes to delete a zone and make it anew.
  static constexpr std::chrono::seconds good_for{30};
  static constexpr std::size_t most_octets = std::size_t{4} << 20;

  /// Stands for all that is sent, and shows nothing of it; empty for what is no mere question.
  static std::string mark_of(const Request& request);

  std::optional<Response> answer_to(const std::string& mark, net::Instant now) const;
  void keep(const std::string& mark, const Response& answer, net::Instant now);

 private:
  std::string mark_;
  Response answer_;
  net::Instant until_{};
};

}  // namespace taproot::pushers
