#include "pushers/pusher.hpp"

#include <algorithm>
#include <utility>

namespace taproot::pushers {

namespace {

/// So many dry runs may wait for one zone; people who ask are few.
constexpr std::size_t max_waiting_plans = 16;

std::string state_words(const PushResult& result) {
  return to_text(result.end) + ": " + result.words;
}

}  // namespace

Pusher::Pusher(net::Loop& loop, std::unique_ptr<Driver> driver, Settings settings, Hooks hooks,
               std::shared_ptr<Account> account)
    : loop_(loop),
      driver_(std::move(driver)),
      settings_(std::move(settings)),
      hooks_(std::move(hooks)),
      carrier_(loop),
      account_(account ? std::move(account) : std::make_shared<Account>()),
      random_(std::random_device{}()),
      turn_timer_(loop, [this] { turn(); }),
      credential_timer_(loop, [this] { look_for_credential(); }) {}

Pusher::~Pusher() = default;

// What the house asks for. The work begins in the next turn of the loop.

void Pusher::push(std::shared_ptr<const zonestore::ZoneVersion> version, PushOptions options) {
  Zone& zone = zones_[version->apex()];
  zone.waiting = Job{std::move(version), std::move(options), nullptr};
  zone.brought.reset();
  zone.has_drifted = false;
  zone.not_before = {};
  zone.failures = 0;
  if (!zone.running) zone.words = held_ ? *held_ : "queued";
  turn_timer_.set_after({});
}

void Pusher::plan(std::shared_ptr<const zonestore::ZoneVersion> version,
                  std::function<void(const PushResult&)> done, PushOptions options) {
  Zone& zone = zones_[version->apex()];
  if (zone.plans.size() >= max_waiting_plans) {
    loop_.post([done = std::move(done)] {
      PushResult result;
      result.words = "too many plans of this zone are asked for at the same time";
      done(result);
    });
    return;
  }
  zone.plans.push_back({std::move(version), std::move(options), std::move(done)});
  turn_timer_.set_after({});
}

void Pusher::hold() {
  held_ = "on hold";
  credential_timer_.cancel();
  tell_waiting(*held_);
}

void Pusher::resume() {
  held_.reset();
  credential_timer_.cancel();
  breaker_.on_success();
  for (auto& [apex, zone] : zones_) zone.not_before = {};
  tell_waiting("queued");
  turn_timer_.set_after({});
}

void Pusher::forget(const dns::Name& apex) {
  const auto at = zones_.find(apex);
  if (at == zones_.end()) return;
  at->second.waiting.reset();
  at->second.brought.reset();
  if (!at->second.running && at->second.plans.empty()) zones_.erase(at);
}

bool Pusher::is_idle() const {
  return std::none_of(zones_.begin(), zones_.end(), [](const auto& entry) {
    const Zone& zone = entry.second;
    return zone.running || zone.waiting || !zone.plans.empty();
  });
}

std::string Pusher::waits_for(const dns::Name& apex) const {
  const auto at = zones_.find(apex);
  return at == zones_.end() ? std::string() : at->second.words;
}

// Turns.

Moment Pusher::moment() {
  std::uniform_real_distribution<double> jitter(0.0, 1.0);
  return {net::Loop::now(), std::chrono::system_clock::now(), jitter(random_)};
}

bool Pusher::may_push(net::Instant now) const {
  if (held_ || breaker_.is_open(now)) return false;
  return !breaker_.is_tripped() || running_ == 0;
}

void Pusher::turn() {
  const net::Instant now = net::Loop::now();
  const std::weak_ptr<bool> alive = alive_;
  const auto next = start_ready(now);
  if (alive.expired() || !next) return;
  turn_timer_.set(std::max(*next, breaker_.is_open(now) ? breaker_.closed_from() : *next));
}

/// Starts what may start; returns when the next waiting zone becomes ready, if time is all that
/// it waits for.
std::optional<net::Instant> Pusher::start_ready(net::Instant now) {
  std::optional<net::Instant> next;
  std::vector<dns::Name> ready;
  const auto is_full = [&] {
    return awaiting_ >= settings_.awaiting ||
           running_ - awaiting_ + ready.size() >= settings_.parallel;
  };
  const auto look_at = [&](const dns::Name& apex, const Zone& zone) {
    if (zone.running || (has_favoured_ && apex == ready.front())) return;
    if (!zone.plans.empty()) {
      ready.push_back(apex);
    } else if (zone.waiting && zone.not_before > now) {
      next = next ? std::min(*next, zone.not_before) : zone.not_before;
    } else if (zone.waiting && breaker_.is_open(now)) {
      next = next ? std::min(*next, breaker_.closed_from()) : breaker_.closed_from();
    } else if (zone.waiting && may_push(now) && (!breaker_.is_tripped() || ready.empty())) {
      ready.push_back(apex);
    } else if (!zone.waiting && compares_at(zone, now)) {
      ready.push_back(apex);
    } else if (!zone.waiting && zone.brought && !held_) {
      const auto from = std::max(
          zone.compare_from, breaker_.is_open(now) ? breaker_.closed_from() : zone.compare_from);
      next = next ? std::min(*next, from) : from;
    }
  };
  const auto* favoured = has_favoured_ || is_full() ? nullptr : changed_zone(now);
  has_favoured_ = favoured != nullptr;
  if (favoured != nullptr) ready.push_back(*favoured);
  // Round and round, so that a zone that changes all the time keeps nobody from its turn.
  const auto middle = zones_.upper_bound(last_started_);
  for (auto at = middle; at != zones_.end() && !is_full(); ++at) look_at(at->first, at->second);
  for (auto at = zones_.begin(); at != middle && !is_full(); ++at) look_at(at->first, at->second);
  const bool was_full = is_full();
  const std::weak_ptr<bool> alive = alive_;
  for (const auto& apex : ready) {
    const auto at = zones_.find(apex);
    if (at == zones_.end() || at->second.running) continue;
    if (!has_favoured_ || apex != ready.front()) last_started_ = apex;
    if (auto job = next_job(at->second, now)) start(apex, at->second, std::move(*job));
    if (alive.expired()) return std::nullopt;
  }
  return held_ || was_full ? std::nullopt : next;
}

/// The next zone whose change may start, if it was brought before; null if there is none.
const dns::Name* Pusher::changed_zone(net::Instant now) const {
  if (!may_push(now) || breaker_.is_tripped()) return nullptr;
  const auto is_changed = [&](const auto& entry) {
    const Zone& zone = entry.second;
    return zone.waiting && zone.remembered && !zone.running && zone.not_before <= now;
  };
  const auto middle = zones_.upper_bound(last_started_);
  auto found = std::find_if(middle, zones_.end(), is_changed);
  if (found == zones_.end()) {
    found = std::find_if(zones_.begin(), middle, is_changed);
    if (found == middle) return nullptr;
  }
  return &found->first;
}

bool Pusher::compares_at(const Zone& zone, net::Instant now) const {
  return zone.brought && zone.compare_from <= now && !breaker_.is_tripped() && !held_;
}

std::optional<Pusher::Job> Pusher::next_job(Zone& zone, net::Instant now) {
  if (!zone.plans.empty()) {
    Job job = std::move(zone.plans.front());
    zone.plans.pop_front();
    return job;
  }
  if (zone.waiting) {
    Job job = std::move(*zone.waiting);
    zone.waiting.reset();
    return job;
  }
  if (!compares_at(zone, now)) return std::nullopt;
  compare_later(zone);
  return Job{zone.brought, {}, nullptr, true};
}

/// Not all zones at the same time: some of the interval is left to chance.
void Pusher::compare_later(Zone& zone) {
  const std::chrono::duration<double> interval = settings_.limits.reading_interval;
  const auto part = interval * (0.9 + moment().jitter / 10);
  zone.compare_from = net::Loop::now() + std::chrono::duration_cast<net::Clock::duration>(part);
}

void Pusher::start(const dns::Name& apex, Zone& zone, Job job) {
  PushOrder order;
  order.version = job.version;
  order.settings = job.options.settings.value_or(settings_.plan);
  order.settings.provider = settings_.plan.provider;
  order.guards = settings_.guards;
  order.limits = settings_.limits;
  order.dry_run = job.done != nullptr || job.compares;
  order.compare = job.compares;
  order.remembered = zone.remembered;
  order.trust_owned = !zone.is_known;
  zone.is_known = true;
  order.force_plan = job.options.force_plan;
  order.expected_plan = job.options.expected_plan;
  order.session = account_->session(net::Loop::now());
  if (hooks_.load_applied) {
    const auto text = hooks_.load_applied(apex);
    if (text) order.owned = Ownership::decode(*text).value_or(Ownership());
  }
  zone.running = std::make_unique<Running>(*driver_, std::move(order), std::move(job), loop_,
                                           [this, apex] { on_time(dns::Name(apex)); });
  ++running_;
  const Moment now = moment();
  carry(apex, zone.running->push.on_start(now));
}

// Carrying.

void Pusher::on_response(const dns::Name& apex, const Result<Response>& response) {
  const auto at = zones_.find(apex);
  if (at == zones_.end() || !at->second.running) return;
  Running& running = *at->second.running;
  if (!running.finding.empty() && response && tells_of(apex, running, *response)) {
    account_->listed().keep(apex, running.finding, *response, net::Loop::now());
  }
  const Moment now = moment();
  carry(apex, running.push.on_response(now, response));
}

/// Whether an answer says where the zone is.
bool Pusher::tells_of(const dns::Name& apex, const Running& running, const Response& answer) const {
  const Call call{std::chrono::system_clock::now(), running.push.session()};
  return driver_->parse_find(call, apex, answer).value() != nullptr;
}

void Pusher::on_time(const dns::Name& apex) {
  const auto at = zones_.find(apex);
  if (at == zones_.end() || !at->second.running) return;
  Running& running = *at->second.running;
  if (running.held_back)
    return send(apex, running, *std::exchange(running.held_back, std::nullopt));
  const Moment now = moment();
  if (running.answered) {
    const Result<Response> answer = *std::exchange(running.answered, std::nullopt);
    return carry(apex, running.push.on_response(now, answer));
  }
  carry(apex, running.push.on_wake(now));
}

Result<void> Pusher::keep_intent(const dns::Name& apex, const Push& push) const {
  if (!hooks_.before_write) return {};
  return hooks_.before_write(apex, *push.plan(), push.intended_state());
}

void Pusher::carry(const dns::Name& apex, Step step) {
  Zone& zone = zones_.at(apex);
  Running& running = *zone.running;
  while (std::holds_alternative<Journal>(step)) {
    const auto kept = keep_intent(apex, running.push);
    const Moment now = moment();
    step = running.push.on_journaled(now, kept);
  }
  share_news(running, step);
  if (std::holds_alternative<Finished>(step)) return finish(apex);
  if (auto* send = std::get_if<Send>(&step)) {
    if (settings_.ca_file) send->request.ca_file = settings_.ca_file;
    this->send(apex, running, std::move(send->request));
  } else if (const auto* wait = std::get_if<Wait>(&step)) {
    running.timer.set(wait->until);
  }
  const std::string words = "waits for " + running.push.waits_for();
  const bool is_push = !running.job.done && !running.job.compares;
  if (is_push && words != zone.words) tell(apex, zone, words, nullptr);
}

/// What this push learned that is of use to all who have the same account.
void Pusher::share_news(Running& running, const Step& step) {
  const Push& push = running.push;
  if (push.is_awaiting() != running.awaits) {
    running.awaits = push.is_awaiting();
    running.awaits ? ++awaiting_ : --awaiting_;
    if (running.awaits) turn_timer_.set_after({});  // there is room for another
  }
  if (const auto* wait = std::get_if<Wait>(&step); wait != nullptr && push.is_throttled()) {
    account_->pause(wait->until);
  }
  const bool has_ended = std::holds_alternative<Finished>(step);
  if (has_ended && push.result().end == PushEnd::auth) account_->drop_session(running.session);
  if (has_ended || push.session() == running.session) return;
  account_->drop_session(running.session);
  running.session = push.session();
  // One that this push will give back is no good to others.
  const bool may_share = !running.session.empty() && !driver_->logout(running.session);
  if (may_share) account_->keep_session(running.session, net::Loop::now());
}

void Pusher::send(const dns::Name& apex, Running& running, Request request) {
  const auto now = net::Loop::now();
  running.finding = running.push.is_finding() ? ListedZones::mark_of(request) : "";
  if (auto known = account_->listed().take(apex, running.finding, now)) {
    if (tells_of(apex, running, *known)) {
      running.answered = std::move(known);
      return running.timer.set(now);
    }
  }
  if (const auto wait = account_->take(now, !running.job.compares); wait.count() > 0) {
    if (running.held_since == net::Instant{}) running.held_since = now;
    running.held_back = std::move(request);
    return running.timer.set(now + wait);
  }
  if (running.held_since != net::Instant{}) {
    running.push.give_time(
        std::chrono::duration_cast<std::chrono::milliseconds>(now - running.held_since));
    running.held_since = {};
  }
  running.trip = carrier_.carry(std::move(request), [this, apex](Result<Response> response) {
    on_response(dns::Name(apex), response);  // this lambda may be gone before it returns
  });
}

void Pusher::finish(const dns::Name& apex) {
  Zone& zone = zones_.at(apex);
  const std::unique_ptr<Running> running = std::move(zone.running);
  --running_;
  PushResult result = running->push.result();
  turn_timer_.set_after({});
  const bool may_have_written = !running->job.done && !running->job.compares;
  if (may_have_written || result.remembered) zone.remembered = result.remembered;
  if (running->job.compares) return finish_comparison(apex, zone, result);
  if (running->job.done) {
    const auto done = std::move(running->job.done);
    return done(result);  // may destroy this
  }
  finish_push(apex, zone, std::move(running->job), std::move(result));
}

/// Only what is new is told: that there is drift, and that there is none any more.
void Pusher::finish_comparison(const dns::Name& apex, Zone& zone, const PushResult& result) {
  if (!zone.brought || result.end == PushEnd::unreachable) return;  // something newer goes on
  const bool has_drifted = result.end != PushEnd::in_sync;
  if (result.applied_state && hooks_.save_applied) {
    // That it was read is kept only to spare a reading after a start.
    (void)hooks_.save_applied(apex, zone.brought->number(), *result.applied_state);
  }
  const auto words = state_words(result);
  const bool is_new = has_drifted ? words != zone.words : zone.has_drifted;
  zone.has_drifted = has_drifted;
  if (has_drifted && result.plan && result.plan->is_overrun) {
    // An older taproot was at work: what is newer goes there again, past no guard.
    zone.waiting = Job{zone.brought, {}, nullptr, false};
    turn_timer_.set_after({});
  }
  if (is_new) tell(apex, zone, words, &result);
}

void Pusher::finish_push(const dns::Name& apex, Zone& zone, Job job, PushResult result) {
  const std::weak_ptr<bool> alive = alive_;
  if (result.end == PushEnd::unreachable) {
    breaker_.on_failure(net::Loop::now());
    try_later(zone, std::move(job));
  } else if (result.end == PushEnd::auth) {
    held_ = "stopped, because the provider refused the key (" + result.words + ")";
    refused_credential_ = driver_->credential_mark();
    if (refused_credential_ != 0) credential_timer_.set_after(settings_.credential_look);
    if (!zone.waiting) zone.waiting = std::move(job);
  } else {
    breaker_.on_success();
    zone.failures = 0;
    const bool is_there = result.end == PushEnd::done || result.end == PushEnd::in_sync;
    if (is_there && settings_.limits.reading_interval.count() > 0) {
      zone.brought = job.version;
      compare_later(zone);
    }
    if (result.applied_state && hooks_.save_applied) {
      const auto saved = hooks_.save_applied(apex, job.version->number(), *result.applied_state);
      if (!saved) result.words += "; what was applied could not be kept: " + saved.error().detail;
    }
  }
  const bool stops_all = result.end == PushEnd::auth;
  tell(apex, zone, state_words(result), &result);
  if (!alive.expired() && stops_all && held_) tell_waiting(*held_);
}

/// A key that somebody replaces while we run may be a better one now.
void Pusher::look_for_credential() {
  if (driver_->credential_mark() != refused_credential_) return resume();
  credential_timer_.set_after(settings_.credential_look);
}

void Pusher::try_later(Zone& zone, Job job) {
  auto wait = settings_.first_retry;
  for (unsigned i = 0; i < zone.failures && wait < settings_.longest_retry; ++i) wait *= 2;
  wait = std::min(wait, settings_.longest_retry);
  ++zone.failures;
  if (zone.waiting) return;  // a newer version, which was told to come at once
  zone.waiting = std::move(job);
  const std::chrono::duration<double> part = wait * (0.5 + moment().jitter / 2);
  zone.not_before = net::Loop::now() + std::chrono::duration_cast<net::Clock::duration>(part);
}

void Pusher::tell(const dns::Name& apex, Zone& zone, std::string words, const PushResult* result) {
  zone.words = std::move(words);
  if (!hooks_.on_state) return;
  const std::string said = zone.words;  // the zone may be gone in the call
  const auto on_state = hooks_.on_state;
  const dns::Name name = apex;  // NOLINT(performance-unnecessary-copy-initialization)
  on_state(name, provider(), said, result);
}

/// Lets everybody know who waits for a turn. Posted, since hold() and resume() are calls.
void Pusher::tell_waiting(const std::string& words) {
  loop_.post([this, words, alive = std::weak_ptr<bool>(alive_)] {
    std::vector<dns::Name> waiting;
    if (alive.expired()) return;
    for (const auto& [apex, zone] : zones_) {
      if (zone.waiting && !zone.running) waiting.push_back(apex);
    }
    for (const auto& apex : waiting) {
      if (alive.expired()) return;
      const auto at = zones_.find(apex);
      if (at == zones_.end() || at->second.words == words) continue;
      tell(apex, at->second, words, nullptr);
    }
  });
}

}  // namespace taproot::pushers
