#pragma once

#include "monitor/expectation.hpp"
#include "monitor/observation.hpp"
#include "monitor/probe.hpp"
#include "monitor/probe_run.hpp"
#include "monitor/probe_schedule.hpp"
#include "monitor/verification.hpp"
#include "net/endpoint.hpp"
#include "net/loop.hpp"
#include "net/timer.hpp"
#include "zonestore/zone_version.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <unordered_map>

namespace taproot::monitor {

/// What comparing a whole zone, or a sample of it, at one nameserver came to.
struct Verification {
  Observation observation;
  ProbeResult result;
  std::size_t in_zone = 0;  ///< RRsets of the version that could be compared
  bool is_sample = false;

  bool is_good() const { return observation.verdict == State::in_sync; }
};

/// Carries all probes: watches thousands of nameservers, a bounded number at a time.
///
/// A server that does not answer takes up its own share of the places only, so that it keeps
/// nobody from seeing the others. Belongs to its loop's thread.
class Prober {
 public:
  struct Options {
    std::chrono::milliseconds interval = std::chrono::seconds(60);  ///< when nothing is waited for
    std::chrono::milliseconds min_gap = std::chrono::milliseconds(20);  ///< between two looks
    std::size_t max_outstanding = 200;
    std::size_t max_per_endpoint = 32;
    std::size_t max_verifications = 8;
    Probe::Options probe;
  };
  using OnObserved = std::function<void(const Observation& observation)>;
  using OnVerified = std::function<void(const Verification& verification)>;

  explicit Prober(net::Loop& loop) : Prober(loop, Options{}) {}
  Prober(net::Loop& loop, Options options);
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;
  /// Verifications that run end without calling back.
  ~Prober();

  /// Looks at this nameserver from now on: at once and often until it shows what is expected, and
  /// then at the interval. Called again with the same nameserver it expects something new.
  void watch(const Nameserver& nameserver, Expectation expected);
  void unwatch(const Nameserver& nameserver);
  /// Forgets all nameservers of a zone.
  void unwatch(const dns::Name& apex);
  /// Looks at all nameservers of a zone at once, and again soon at those that have not shown yet
  /// what is expected: something has happened there, a transfer or a push.
  void look_now(const dns::Name& apex);

  /// Called after every look. It may watch and unwatch.
  void on_observed(OnObserved on_observed) { on_observed_ = std::move(on_observed); }

  /// Compares what the nameserver serves with the version and calls back once, later.
  void verify(const Nameserver& nameserver, std::shared_ptr<const zonestore::ZoneVersion> version,
              VerifyOptions options, OnVerified on_verified);

  std::size_t watched() const { return watches_.size(); }
  std::size_t outstanding() const { return outstanding_; }

 private:
  struct Watch;
  struct Job;
  using Queue = std::multimap<net::Instant, Watch*>;
  /// What one endpoint takes up, and who waits for it.
  struct Share {
    std::size_t outstanding = 0;
    Queue waiting;
  };

  void enqueue(Watch& watch, Queue& queue, net::Instant when);
  static void dequeue(Watch& watch);
  void forget(Watch& watch);
  void start_due();
  void start(Watch& watch);
  void release(const net::Endpoint& endpoint);
  void admit_next(const net::Endpoint& endpoint);
  void finish(Watch& watch, const ProbeResult& result);
  std::optional<Observation> judge(const Watch& watch, const ProbeResult& result) const;
  void start_jobs();
  void run(Job& job, VerificationPlan plan);
  void finish(Job& job, const VerificationPlan& plan, const ProbeResult& result);

  net::Loop& loop_;
  Options options_;
  OnObserved on_observed_;
  std::random_device random_;
  std::map<Nameserver, std::unique_ptr<Watch>> watches_;
  std::unordered_map<net::Endpoint, Share> shares_;
  Queue queue_;
  std::size_t outstanding_ = 0;
  std::map<std::uint64_t, std::unique_ptr<Job>> jobs_;  ///< those that run
  std::deque<std::unique_ptr<Job>> waiting_jobs_;
  std::uint64_t next_job_ = 1;
  std::shared_ptr<Prober*> self_;  ///< for what comes back from the work pool
  net::Timer timer_;
};

}  // namespace taproot::monitor
