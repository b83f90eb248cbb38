#pragma once

#include "dns/name.hpp"
#include "net/loop.hpp"
#include "pushers/exchange.hpp"

#include <chrono>
#include <cstddef>
#include <optional>
#include <set>
#include <string>

namespace taproot::pushers {

/// The last answer that told where a zone is, for those who would ask the very same: some providers
/// cannot be asked for a zone by its name and list all of them, and many first pushes come
/// together. Each zone gets it once: who comes again wants to know how it is now, and so does who
/// does not find the zone in it. Told the time.
class ListedZones {
 public:
  static constexpr std::chrono::seconds good_for{30};
  static constexpr std::size_t most_octets = std::size_t{4} << 20;

  /// Stands for all that is sent, and shows nothing of it; empty for what is no mere question.
  static std::string mark_of(const Request& request);

  /// What another zone was told; nothing, if this one has had it.
  std::optional<Response> take(const dns::Name& zone, const std::string& mark, net::Instant now);
  /// What a zone was told.
  void keep(const dns::Name& zone, const std::string& mark, const Response& answer,
            net::Instant now);

 private:
  std::string mark_;
  std::set<dns::Name> told_;
  Response answer_;
  net::Instant until_{};
};

}  // namespace taproot::pushers
