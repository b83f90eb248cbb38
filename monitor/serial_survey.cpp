#include "monitor/serial_survey.hpp"

#include <unordered_map>
#include <utility>

namespace taproot::monitor {

Probe::Options SerialSurvey::Options::quick() {
  Probe::Options options;
  options.udp_tries = 2;
  options.udp_timeout = std::chrono::milliseconds(900);
  options.tcp_timeout = std::chrono::milliseconds(900);
  return options;
}

SerialSurvey::SerialSurvey(net::Loop& loop, std::vector<Zone> zones, Options options,
                           OnOver on_over)
    : loop_(loop),
      options_(options),
      on_over_(std::move(on_over)),
      zones_(std::move(zones)),
      timer_(loop, [this] { end(); }) {
  std::unordered_map<net::Endpoint, std::size_t> places;
  for (std::size_t zone = 0; zone < zones_.size(); ++zone) {
    for (const auto& endpoint : zones_[zone].endpoints) {
      const auto [at, is_new] = places.emplace(endpoint, servers_.size());
      if (is_new) servers_.push_back({endpoint, {}, 0, 0, false});
      auto& waiting = servers_[at->second].waiting;
      if (waiting.empty() || waiting.back() != zone) waiting.push_back(zone);
    }
  }
  timer_.set_after(options_.longest);
  for (std::size_t server = 0; server < servers_.size(); ++server) make_ready(server);
  ask_more();
  if (questions_.empty()) timer_.set(net::Loop::now());
}

void SerialSurvey::make_ready(std::size_t place) {
  Server& server = servers_[place];
  if (server.is_ready || server.waiting.empty()) return;
  if (server.outstanding >= options_.max_per_endpoint) return;
  server.is_ready = true;
  ready_.push_back(place);
}

/// One question to each server in turn, so that a slow one keeps nobody from the others.
void SerialSurvey::ask_more() {
  while (!ready_.empty() && questions_.size() < options_.max_outstanding) {
    const std::size_t place = ready_.front();
    ready_.pop_front();
    Server& server = servers_[place];
    server.is_ready = false;
    const std::size_t zone = server.waiting.front();
    server.waiting.pop_front();
    ++server.outstanding;
    const std::size_t number = next_question_++;
    Question& question = questions_[number];
    question.server = place;
    question.zone = zone;
    question.run = std::make_unique<ProbeRun>(
        loop_, server.endpoint, Probe(zones_[zone].apex, Expectation{}, options_.probe),
        options_.probe, [this, number](const ProbeResult& result) { answered(number, result); });
    make_ready(place);
  }
}

void SerialSurvey::answered(std::size_t number, const ProbeResult& result) {
  const auto question = std::move(questions_.at(number));  // its run calls us: keep it until then
  questions_.erase(number);
  Server& server = servers_[question.server];
  --server.outstanding;
  if (result.answered) {
    server.silent_in_a_row = 0;
  } else if (++server.silent_in_a_row >= options_.give_up_after) {
    server.waiting.clear();
  }
  if (result.serial) note(zones_[question.zone], server.endpoint, *result.serial);
  make_ready(question.server);
  ask_more();
  if (questions_.empty()) end();
}

void SerialSurvey::note(Zone& zone, const net::Endpoint& from, dns::Serial serial) {
  ++zone.answers;
  if (!zone.highest || serial > *zone.highest) {
    zone.highest = serial;
    zone.holder = from;
  } else if (!(serial <= *zone.highest)) {
    zone.has_unordered = true;
  }
}

void SerialSurvey::end() {
  if (!on_over_) return;
  timer_.cancel();
  const auto on_over = std::exchange(on_over_, nullptr);
  auto zones = std::move(zones_);
  for (auto& server : servers_) server.waiting.clear();
  ready_.clear();
  questions_.clear();
  on_over(std::move(zones));
}

}  // namespace taproot::monitor
