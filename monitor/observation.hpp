#pragma once

#include "dns/name.hpp"
#include "dns/serial.hpp"
#include "monitor/expectation.hpp"
#include "monitor/probe.hpp"
#include "monitor/state.hpp"
#include "net/endpoint.hpp"

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>

namespace taproot::monitor {

using WallTime = std::chrono::system_clock::time_point;

/// One zone at one address of one of its nameservers.
struct Nameserver {
  dns::Name apex;
  std::string provider;
  std::string name;  ///< as configured
  net::Endpoint endpoint;

  std::string to_text() const { return name + " (" + endpoint.to_text() + ")"; }

  friend bool operator==(const Nameserver&, const Nameserver&) = default;
  friend std::weak_ordering operator<=>(const Nameserver&, const Nameserver&) = default;
};

/// What one look at a nameserver showed, measured by what was wanted.
struct Observation {
  Nameserver nameserver;
  WallTime when{};                    ///< the answer's arrival
  std::uint64_t version = 0;          ///< as in the expectation
  std::optional<dns::Serial> wanted;  ///< nothing: the serial is not ours to choose
  std::optional<dns::Serial> serial;  ///< seen
  State verdict = State::unknown;
  std::string detail;  ///< for people, never empty
  std::chrono::microseconds rtt{};
};

/// The verdict on a look. `seen_before`: this server has shown before what is wanted; then data
/// that differs is wrong even where no serial could say that it is only old.
Observation observe(const Nameserver& nameserver, const Expectation& expected,
                    const ProbeResult& result, WallTime when, bool seen_before);

}  // namespace taproot::monitor
