#pragma once

#include "dns/message.hpp"
#include "dns/name.hpp"
#include "dns/octets.hpp"
#include "dns/serial.hpp"
#include "monitor/expectation.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace taproot::monitor {

/// What one look at one nameserver showed.
struct ProbeResult {
  std::optional<dns::Serial> serial;  ///< nothing: see `error`
  std::chrono::microseconds rtt{};    ///< of the SOA answer
  bool answered = false;              ///< there was an answer at all, if only a refusal
  std::size_t compared = 0;           ///< RRsets and names, matched ones included
  std::size_t matched = 0;
  std::size_t not_compared = 0;  ///< those that this server could not show
  /// One line each for people; at most max_listed of a kind, see compared and matched.
  std::vector<std::string> different;
  std::vector<std::string> missing;
  std::vector<std::string> failed;  ///< no usable answer to this question
  /// Why there is no serial, or why comparing was given up; empty otherwise.
  std::string error;

  static constexpr std::size_t max_listed = 100;

  bool all_matched() const {
    return error.empty() && failed.empty() && different.empty() && missing.empty();
  }
};

/// One look at what one server says of one zone: the SOA first, and then the answers wanted, some
/// of them at a time.
///
///     SOA ──UDP──> serial ──> each answer wanted ──UDP──> compared ──> over
///      │ no answer in 1 s: again with a new id and socket, 3 times in all
///      └ TC or REFUSED: the same question over TCP
///
/// Does no I/O and reads no clock. Every question goes out as an exchange of its own, so that the
/// carrier can give it a socket (and so a source port) of its own, connected to the nameserver.
class Probe {
 public:
  using Instant = std::chrono::steady_clock::time_point;

  struct Options {
    unsigned udp_tries = 3;
    std::chrono::milliseconds udp_timeout = std::chrono::seconds(1);
    std::chrono::milliseconds tcp_timeout = std::chrono::seconds(3);
    std::size_t max_in_flight = 16;
    /// So many questions without an answer in a row end the probe.
    unsigned max_failures = 3;
  };

  /// One message to send, and the number under which its answer is handed in.
  struct Ask {
    std::uint32_t exchange = 0;
    bool tcp = false;
    std::vector<std::uint8_t> octets;  ///< without the length that TCP puts before it
  };

  /// What the caller has to do now, and when it has to come back.
  struct Step {
    std::vector<Ask> send;
    std::vector<std::uint32_t> done;  ///< exchanges that are not waited for any more
    std::optional<Instant> wake;      ///< nothing: this probe is over
  };

  Probe(dns::Name apex, Expectation expected);
  Probe(dns::Name apex, Expectation expected, Options options);

  Step on_start(Instant now);
  /// A message that came back. One that does not answer the question is ignored.
  Step on_answer(std::uint32_t exchange, Octets octets, Instant now);
  /// The carrier could not send, connect or go on; `why` is for people.
  Step on_failure(std::uint32_t exchange, const std::string& why, Instant now);
  Step on_wake(Instant now);

  bool is_over() const { return over_; }
  /// Complete once it is over.
  const ProbeResult& result() const { return result_; }
  const Expectation& expected() const { return expected_; }

 private:
  static constexpr std::size_t soa_question = static_cast<std::size_t>(-1);

  /// One question that waits for its answer.
  struct Open {
    std::size_t question = soa_question;  ///< index into the answers wanted
    std::uint32_t exchange = 0;
    std::uint16_t id = 0;
    unsigned tries = 0;
    bool tcp = false;
    bool refused = false;  ///< over UDP
    bool edns = true;
    Instant sent;
    Instant deadline;
    std::string trouble;  ///< what the network said about it
  };

  void ask(Open open, Instant now, Step& step);
  void ask_more(Instant now, Step& step);
  void accept(const Open& open, const dns::Message& answer, Instant now);
  void accept_soa(const Open& open, const dns::Message& answer, Instant now);
  void accept_data(const Open& open, const dns::Message& answer);
  void give_up(const Open& open);
  void end(std::string error);
  Step finish(Step step, Instant now);
  std::optional<std::size_t> find(std::uint32_t exchange) const;
  Open take(std::size_t index, Step& step);
  dns::Question question(const Open& open) const;
  std::size_t wanted_count() const { return expected_.answers ? expected_.answers->size() : 0; }

  dns::Name apex_;
  Expectation expected_;
  Options options_;
  std::vector<Open> open_;
  std::size_t next_question_ = soa_question;  ///< soa_question until the SOA is known
  std::uint32_t next_exchange_ = 1;
  unsigned failures_in_a_row_ = 0;
  bool over_ = false;
  ProbeResult result_;
};

}  // namespace taproot::monitor
