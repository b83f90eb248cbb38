#pragma once

#include "dns/name.hpp"
#include "dns/serial.hpp"
#include "monitor/probe.hpp"
#include "monitor/probe_run.hpp"
#include "net/endpoint.hpp"
#include "net/loop.hpp"
#include "net/timer.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace taproot::monitor {

/// Asks nameservers once for the serials that they hold of many zones: what a primary that has
/// lost its state must go on above.
///
/// All at the same time, but a bounded number of questions, and a server that does not answer the
/// first few is asked no more: it costs two tries, however many zones it should have. Whatever
/// happens it is over after `longest`. Belongs to its loop's thread.
class SerialSurvey {
 public:
  struct Options {
    std::size_t max_outstanding = 256;
    std::size_t max_per_endpoint = 32;
    unsigned give_up_after = 4;  ///< questions in a row without any answer
    std::chrono::milliseconds longest = std::chrono::seconds(60);
    Probe::Options probe = quick();
    static Probe::Options quick();
  };

  /// One zone, who is asked for it, and what came of it.
  struct Zone {
    dns::Name apex;
    std::vector<net::Endpoint> endpoints;
    std::optional<dns::Serial> highest;  ///< by RFC 1982; nothing: nobody has the zone
    net::Endpoint holder{};              ///< who has it
    /// Somebody has a serial that has no order to `highest`, 2^31 away from it.
    bool has_unordered = false;
    std::size_t answers = 0;  ///< how many have the zone
  };
  /// Called once, from the loop; it may destroy the survey.
  using OnOver = std::function<void(std::vector<Zone> zones)>;

  SerialSurvey(net::Loop& loop, std::vector<Zone> zones, Options options, OnOver on_over);
  SerialSurvey(const SerialSurvey&) = delete;
  SerialSurvey& operator=(const SerialSurvey&) = delete;
  ~SerialSurvey() = default;

 private:
  /// One server and what it is still to be asked.
  struct Server {
    net::Endpoint endpoint;
    std::deque<std::size_t> waiting;  ///< zones, by their places
    std::size_t outstanding = 0;
    unsigned silent_in_a_row = 0;
    bool is_ready = false;  ///< stands in ready_
  };
  struct Question {
    std::size_t server = 0;
    std::size_t zone = 0;
    std::unique_ptr<ProbeRun> run;
  };

  void make_ready(std::size_t server);
  void ask_more();
  void answered(std::size_t question, const ProbeResult& result);
  void note(Zone& zone, const net::Endpoint& from, dns::Serial serial);
  void end();

  net::Loop& loop_;
  Options options_;
  OnOver on_over_;
  std::vector<Zone> zones_;
  std::vector<Server> servers_;
  std::deque<std::size_t> ready_;  ///< servers that may be asked something now
  std::map<std::size_t, Question> questions_;
  std::size_t next_question_ = 0;
  net::Timer timer_;
};

}  // namespace taproot::monitor
