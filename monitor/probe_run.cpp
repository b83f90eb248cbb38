#include "monitor/probe_run.hpp"

#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace taproot::monitor {

ProbeRun::ProbeRun(net::Loop& loop, const net::Endpoint& peer, Probe probe, Probe::Options options,
                   OnOver on_over)
    : loop_(loop),
      peer_(peer),
      probe_(std::move(probe)),
      options_(options),
      on_over_(std::move(on_over)),
      timer_(loop, [this] {
        if (!probe_.is_over()) carry(probe_.on_wake(net::Loop::now()));
        report_if_over();
      }) {
  carry(probe_.on_start(net::Loop::now()));
  if (probe_.is_over()) timer_.set(net::Loop::now());  // the owner hears of it later, as always
}

/// Does what the machine says; what fails at once is told to it, and what it says then is done,
/// too.
void ProbeRun::carry(Probe::Step step) {
  for (;;) {
    for (const auto exchange : step.done) exchanges_.erase(exchange);
    std::vector<std::pair<std::uint32_t, std::string>> failed;
    for (const auto& ask : step.send) {
      std::string why;
      if (!send(ask, why)) failed.emplace_back(ask.exchange, std::move(why));
    }
    if (step.wake) timer_.set(*step.wake);
    if (failed.empty() || probe_.is_over()) return;
    Probe::Step next;
    for (const auto& [exchange, why] : failed) {
      auto more = probe_.on_failure(exchange, why, net::Loop::now());
      std::move(more.send.begin(), more.send.end(), std::back_inserter(next.send));
      next.done.insert(next.done.end(), more.done.begin(), more.done.end());
      next.wake = more.wake;
    }
    step = std::move(next);
  }
}

bool ProbeRun::send(const Probe::Ask& ask, std::string& why) {
  const auto number = ask.exchange;
  const auto on_answer = [this, number](Octets message) {
    carry(probe_.on_answer(number, message, net::Loop::now()));
    report_if_over();
  };
  const auto on_failure = [this, number](const std::string& trouble) {
    carry(probe_.on_failure(number, trouble, net::Loop::now()));
    report_if_over();
  };
  if (ask.tcp) {
    exchanges_[number] =
        Exchange::over_tcp(loop_, peer_, ask.octets, options_.tcp_timeout, on_answer, on_failure);
    return true;
  }
  auto opened = Exchange::over_udp(loop_, peer_, ask.octets, on_answer, on_failure);
  if (!opened) {
    why = opened.error().detail;
    return false;
  }
  exchanges_[number] = std::move(*opened);
  return true;
}

void ProbeRun::report_if_over() {
  if (!probe_.is_over() || !on_over_) return;
  timer_.cancel();
  const auto on_over = std::exchange(on_over_, nullptr);
  const auto result = probe_.result();
  on_over(result);
}

}  // namespace taproot::monitor
