#pragma once

#include "monitor/exchange.hpp"
#include "monitor/probe.hpp"
#include "net/endpoint.hpp"
#include "net/loop.hpp"
#include "net/timer.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

namespace taproot::monitor {

/// Carries one Probe: a socket for each question, one timer. Decides nothing itself.
class ProbeRun {
 public:
  /// Called once, from the loop; it may destroy the run.
  using OnOver = std::function<void(const ProbeResult& result)>;

  ProbeRun(net::Loop& loop, const net::Endpoint& peer, Probe probe, Probe::Options options,
           OnOver on_over);
  ProbeRun(const ProbeRun&) = delete;
  ProbeRun& operator=(const ProbeRun&) = delete;
  ~ProbeRun() = default;

 private:
  void carry(Probe::Step step);
  bool send(const Probe::Ask& ask, std::string& why);
  void report_if_over();

  net::Loop& loop_;
  net::Endpoint peer_;
  Probe probe_;
  Probe::Options options_;
  OnOver on_over_;
  std::map<std::uint32_t, std::unique_ptr<Exchange>> exchanges_;
  net::Timer timer_;
};

}  // namespace taproot::monitor
