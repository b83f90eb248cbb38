#include "monitor/prober.hpp"

#include <algorithm>
#include <utility>

namespace taproot::monitor {

/// One nameserver that is looked at again and again.
struct Prober::Watch {
  Watch(Nameserver who, std::chrono::milliseconds interval)
      : nameserver(std::move(who)), schedule(interval) {}

  Nameserver nameserver;
  Expectation expected;
  ProbeSchedule schedule;
  bool is_new = true;       ///< `expected` came after the look that runs began
  bool look_again = false;  ///< the look that runs may have come too early
  bool seen = false;        ///< it has shown what is expected
  net::Instant started{};   ///< of the last look
  Queue* queue = nullptr;   ///< the one it waits in
  Queue::iterator place;
  std::unique_ptr<ProbeRun> run;
};

/// One verification.
struct Prober::Job {
  std::uint64_t number = 0;
  Nameserver nameserver;
  std::shared_ptr<const zonestore::ZoneVersion> version;
  VerifyOptions options;
  OnVerified on_verified;
  std::unique_ptr<ProbeRun> run;
};

Prober::Prober(net::Loop& loop, Options options)
    : loop_(loop),
      options_(options),
      self_(std::make_shared<Prober*>(this)),
      timer_(loop, [this] { start_due(); }) {}

Prober::~Prober() = default;

void Prober::watch(const Nameserver& nameserver, Expectation expected) {
  auto& watch = watches_[nameserver];
  if (!watch) watch = std::make_unique<Watch>(nameserver, options_.interval);
  watch->expected = std::move(expected);
  watch->is_new = true;
  watch->seen = false;
  const auto due = watch->schedule.on_change(net::Loop::now());
  if (!watch->run) enqueue(*watch, queue_, std::max(due, watch->started + options_.min_gap));
}

void Prober::unwatch(const Nameserver& nameserver) {
  const auto found = watches_.find(nameserver);
  if (found == watches_.end()) return;
  forget(*found->second);
  watches_.erase(found);
  start_due();
}

void Prober::unwatch(const dns::Name& apex) {
  auto at = watches_.lower_bound(Nameserver{apex, {}, {}, {}});
  while (at != watches_.end() && at->first.apex == apex) {
    forget(*at->second);
    at = watches_.erase(at);
  }
  start_due();
}

void Prober::look_now(const dns::Name& apex) {
  const auto now = net::Loop::now();
  auto at = watches_.lower_bound(Nameserver{apex, {}, {}, {}});
  for (; at != watches_.end() && at->first.apex == apex; ++at) {
    Watch& watch = *at->second;
    if (!watch.seen) watch.schedule.on_change(now);
    watch.look_again = watch.run != nullptr;
    if (!watch.run) enqueue(watch, queue_, std::max(now, watch.started + options_.min_gap));
  }
}

/// A watch waits in one queue at most.
void Prober::enqueue(Watch& watch, Queue& queue, net::Instant when) {
  dequeue(watch);
  watch.queue = &queue;
  watch.place = queue.emplace(when, &watch);
  if (&queue == &queue_ && watch.place == queue_.begin()) timer_.set(when);
}

void Prober::dequeue(Watch& watch) {
  if (watch.queue != nullptr) std::exchange(watch.queue, nullptr)->erase(watch.place);
}

void Prober::forget(Watch& watch) {
  dequeue(watch);
  if (!watch.run) return admit_next(watch.nameserver.endpoint);
  watch.run.reset();
  release(watch.nameserver.endpoint);
}

void Prober::start_due() {
  const auto now = net::Loop::now();
  while (!queue_.empty() && queue_.begin()->first <= now) {
    if (outstanding_ >= options_.max_outstanding) return;  // the end of a look comes back here
    Watch& watch = *queue_.begin()->second;
    Share& share = shares_[watch.nameserver.endpoint];
    if (share.outstanding >= options_.max_per_endpoint) {
      enqueue(watch, share.waiting, queue_.begin()->first);
    } else {
      start(watch);
    }
  }
  if (!queue_.empty()) timer_.set(queue_.begin()->first);
}

void Prober::start(Watch& watch) {
  dequeue(watch);
  ++outstanding_;
  ++shares_[watch.nameserver.endpoint].outstanding;
  watch.is_new = false;
  watch.started = net::Loop::now();
  watch.run = std::make_unique<ProbeRun>(
      loop_, watch.nameserver.endpoint,
      Probe(watch.nameserver.apex, watch.expected, options_.probe), options_.probe,
      [this, &watch](const ProbeResult& result) { finish(watch, result); });
}

void Prober::release(const net::Endpoint& endpoint) {
  --outstanding_;
  --shares_.at(endpoint).outstanding;
  admit_next(endpoint);
}

/// The one who has waited longest for a place at this endpoint may go on, if there is one.
void Prober::admit_next(const net::Endpoint& endpoint) {
  const auto found = shares_.find(endpoint);
  if (found == shares_.end()) return;
  Share& share = found->second;
  if (share.waiting.empty()) {
    if (share.outstanding == 0) shares_.erase(found);
    return;
  }
  if (share.outstanding >= options_.max_per_endpoint) return;
  const auto [when, watch] = *share.waiting.begin();
  enqueue(*watch, queue_, when);
}

void Prober::finish(Watch& watch, const ProbeResult& result) {
  const auto over = std::move(watch.run);  // it calls us: keep it until we are done
  const auto observation = judge(watch, result);
  const auto now = net::Loop::now();
  const bool as_wanted = observation && observation->verdict == State::in_sync;
  if (as_wanted) watch.seen = true;
  auto next = watch.schedule.on_look(as_wanted, now, static_cast<std::uint16_t>(random_()));
  if (watch.is_new && !as_wanted) next = watch.schedule.on_change(now);
  if (std::exchange(watch.look_again, false) && !as_wanted) next = now;
  enqueue(watch, queue_, std::max(next, watch.started + options_.min_gap));
  release(watch.nameserver.endpoint);
  start_due();
  // The last thing: the callback may forget this watch.
  if (observation && on_observed_) on_observed_(*observation);
}

/// What a look showed, by what is expected now. Nothing, if what is expected has changed since
/// and this look cannot tell.
std::optional<Observation> Prober::judge(const Watch& watch, const ProbeResult& result) const {
  const auto when = std::chrono::system_clock::now();
  if (!watch.is_new || !result.serial) {
    return observe(watch.nameserver, watch.expected, result, when, watch.seen);
  }
  if (!watch.expected.serial) return std::nullopt;
  const bool data_matters = watch.expected.answers && *watch.expected.serial == *result.serial;
  if (data_matters) return std::nullopt;
  ProbeResult serial_only;
  serial_only.serial = result.serial;
  serial_only.rtt = result.rtt;
  return observe(watch.nameserver, watch.expected, serial_only, when, watch.seen);
}

void Prober::verify(const Nameserver& nameserver,
                    std::shared_ptr<const zonestore::ZoneVersion> version, VerifyOptions options,
                    OnVerified on_verified) {
  auto job = std::make_unique<Job>();
  job->number = next_job_++;
  job->nameserver = nameserver;
  job->version = std::move(version);
  job->options = options;
  if (options.seed == 0) job->options.seed = random_();
  job->on_verified = std::move(on_verified);
  waiting_jobs_.push_back(std::move(job));
  start_jobs();
}

/// A plan walks the zone, so it is made on the work pool.
void Prober::start_jobs() {
  while (!waiting_jobs_.empty() && jobs_.size() < options_.max_verifications) {
    const auto number = waiting_jobs_.front()->number;
    Job& job = *(jobs_[number] = std::move(waiting_jobs_.front()));
    waiting_jobs_.pop_front();
    const auto plan = std::make_shared<VerificationPlan>();
    loop_.work([plan, version = job.version,
                options = job.options] { *plan = plan_verification(*version, options); },
               [plan, number, alive = std::weak_ptr<Prober*>(self_)] {
                 const auto self = alive.lock();
                 if (self) (*self)->run(*(*self)->jobs_.at(number), std::move(*plan));
               });
  }
}

void Prober::run(Job& job, VerificationPlan plan) {
  Probe probe(job.nameserver.apex, plan.expectation, options_.probe);
  job.run =
      std::make_unique<ProbeRun>(loop_, job.nameserver.endpoint, std::move(probe), options_.probe,
                                 [this, &job, plan = std::move(plan)](const ProbeResult& result) {
                                   finish(job, plan, result);
                                 });
}

void Prober::finish(Job& job, const VerificationPlan& plan, const ProbeResult& result) {
  const auto over = std::move(jobs_.at(job.number));  // holds the run that calls us
  jobs_.erase(over->number);
  start_jobs();
  Verification verification;
  // Nothing here is waited for, so data that differs is wrong, not old.
  verification.observation =
      observe(over->nameserver, plan.expectation, result, std::chrono::system_clock::now(), true);
  verification.result = result;
  verification.in_zone = plan.in_zone;
  verification.is_sample = plan.is_sample();
  if (over->on_verified) over->on_verified(verification);
}

}  // namespace taproot::monitor
