#pragma once

#include "dns/name.hpp"
#include "dns/result.hpp"
#include "net/loop.hpp"
#include "net/timer.hpp"
#include "pushers/account.hpp"
#include "pushers/breaker.hpp"
#include "pushers/carrier.hpp"
#include "pushers/driver.hpp"
#include "pushers/push.hpp"
#include "zonestore/zone_version.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <string>

namespace taproot::pushers {

/// What one push or dry run is told beside the version.
struct PushOptions {
  std::optional<std::string> force_plan;     ///< this plan id may pass the guards
  std::optional<std::string> expected_plan;  ///< only this plan id may be applied
  std::optional<PlanSettings> settings;      ///< instead of the provider's
};

/// Carries all pushes to one provider: the requests, the timers, the turns. What a push does is
/// decided in Push; here is decided only which one runs.
///
/// Of each zone only the newest version waits. At most `parallel` zones are under way beside those
/// that only await the provider's carrying it out, and one that fails keeps nobody else from its
/// turn. A push that found nobody to talk to is tried again by itself, more and more rarely; when
/// that happens to several in a row, the whole provider is left alone for a while. A refused key
/// stops everything until resume(), or until the driver has another one. Pushes that ended blocked,
/// unsafe or partial wait for a new version or another push().
///
/// A change of a zone that was brought before goes before zones that come for the first time, at
/// every other turn: these may be many, and take long.
///
/// Once in the reading interval each zone that was brought is compared, all of it and writing
/// nothing: a difference ends `drifted` and is left for a person.
///
/// All calls keep to the budget of the account, together with those of all other pushers that have
/// the same one, and comparisons leave half of it alone.
///
/// Belongs to the thread of its loop. No callback comes from inside a call; callbacks may call
/// back in. on_state and the `done` of a plan may destroy the pusher, the other hooks must not.
class Pusher {
 public:
  struct Settings {
    PlanSettings plan;  ///< plan.provider is the name in all words and callbacks
    GuardLimits guards;
    PushLimits limits;
    std::size_t parallel = 2;    ///< zones that are read, planned and written at the same time
    std::size_t awaiting = 100;  ///< and zones of which a provider carries out what was written
    std::chrono::seconds first_retry{15};
    std::chrono::seconds longest_retry{300};
    std::chrono::seconds credential_look{5};  ///< whether a key that was refused was replaced
    std::optional<std::string> ca_file;       ///< trust these certificates for this provider
  };

  /// How the house hears of it. All but on_state may be left empty.
  struct Hooks {
    /// What a zone waits for, each time it changes; with the result when a push is over.
    std::function<void(const dns::Name& apex, const std::string& provider, const std::string& words,
                       const PushResult* result)>
        on_state;
    /// Before the first write: keep the plan and the state where they survive a crash. If that
    /// fails nothing is written.
    std::function<Result<void>(const dns::Name& apex, const Plan& plan, const std::string& state)>
        before_write;
    /// After the zone was read back: what was applied, in words of this room.
    std::function<Result<void>(const dns::Name& apex, std::uint64_t version,
                               const std::string& state)>
        save_applied;
    /// The state last handed to one of the two above. Without one, or with one that cannot be
    /// read, nothing counts as ours, and so nothing is deleted.
    std::function<std::optional<std::string>(const dns::Name& apex)> load_applied;
  };

  /// Without an account it has one of its own, with no budget.
  Pusher(net::Loop& loop, std::unique_ptr<Driver> driver, Settings settings, Hooks hooks,
         std::shared_ptr<Account> account = nullptr);
  Pusher(const Pusher&) = delete;
  Pusher& operator=(const Pusher&) = delete;
  /// Stops at once; nobody is called back.
  ~Pusher();

  /// Wants this version at the provider, instead of one that still waits for its turn.
  void push(std::shared_ptr<const zonestore::ZoneVersion> version, PushOptions options = {});

  /// Says through `done` what push() would do; writes nothing. Also while on hold.
  void plan(std::shared_ptr<const zonestore::ZoneVersion> version,
            std::function<void(const PushResult&)> done, PushOptions options = {});

  /// Lets what is under way come to its end and starts no more pushes.
  void hold();
  /// Goes on after hold(), or after the key was refused; closes the breaker.
  void resume();
  bool is_held() const { return held_.has_value(); }

  /// Gives up what waits for a zone; what is under way ends.
  void forget(const dns::Name& apex);

  /// Nothing is under way and nothing waits for its turn.
  bool is_idle() const;
  /// What the zone waits for; empty for a zone it never heard of.
  std::string waits_for(const dns::Name& apex) const;

  const Driver& driver() const { return *driver_; }
  const std::string& provider() const { return settings_.plan.provider; }

 private:
  struct Job {
    std::shared_ptr<const zonestore::ZoneVersion> version;
    PushOptions options;
    std::function<void(const PushResult&)> done;  ///< of a dry run
    bool compares = false;                        ///< nobody asked; to find what others changed
  };
  struct Running {
    Running(const Driver& driver, PushOrder order, Job its_job, net::Loop& loop,
            std::function<void()> on_time)
        : job(std::move(its_job)),
          push(driver, std::move(order)),
          timer(loop, std::move(on_time)) {}
    Job job;
    Push push;
    net::Timer timer;
    std::optional<Request> held_back;  ///< until the account has a call for it
    net::Instant held_since{};
    std::string finding;               ///< ListedZones::mark_of what was asked last, or empty
    std::optional<Response> answered;  ///< what somebody else was told, on its way to the push
    bool awaits = false;               ///< and does not count among the parallel ones
    std::string session;               ///< as it was last seen in the push
    Trip trip;
  };
  struct Zone {
    std::optional<Job> waiting;
    std::deque<Job> plans;
    std::unique_ptr<Running> running;
    net::Instant not_before{};
    unsigned failures = 0;
    std::string words;
    std::shared_ptr<const RememberedZone> remembered;
    bool is_known = false;                                  ///< was talked about since the start
    std::shared_ptr<const zonestore::ZoneVersion> brought;  ///< that is there; to be compared
    net::Instant compare_from{};
    bool has_drifted = false;
  };
  using Zones = std::map<dns::Name, Zone>;

  Moment moment();
  void turn();
  bool may_push(net::Instant now) const;
  std::optional<net::Instant> start_ready(net::Instant now);
  const dns::Name* changed_zone(net::Instant now) const;
  bool compares_at(const Zone& zone, net::Instant now) const;
  std::optional<Job> next_job(Zone& zone, net::Instant now);
  void start(const dns::Name& apex, Zone& zone, Job job);
  void on_response(const dns::Name& apex, const Result<Response>& response);
  void on_time(const dns::Name& apex);
  void carry(const dns::Name& apex, Step step);
  void share_news(Running& running, const Step& step);
  void send(const dns::Name& apex, Running& running, Request request);
  bool tells_of(const dns::Name& apex, const Running& running, const Response& answer) const;
  Result<void> keep_intent(const dns::Name& apex, const Push& push) const;
  void finish(const dns::Name& apex);
  void finish_push(const dns::Name& apex, Zone& zone, Job job, PushResult result);
  void finish_comparison(const dns::Name& apex, Zone& zone, const PushResult& result);
  void compare_later(Zone& zone);
  void try_later(Zone& zone, Job job);
  void look_for_credential();
  void tell(const dns::Name& apex, Zone& zone, std::string words, const PushResult* result);
  void tell_waiting(const std::string& words);

  net::Loop& loop_;
  std::unique_ptr<Driver> driver_;
  Settings settings_;
  Hooks hooks_;
  Carrier carrier_;
  std::shared_ptr<Account> account_;
  Zones zones_;
  dns::Name last_started_;
  bool has_favoured_ = false;  ///< a change went before others at the last turn
  std::size_t running_ = 0;
  std::size_t awaiting_ = 0;         ///< of these
  std::optional<std::string> held_;  ///< why no push begins
  Breaker breaker_;
  std::minstd_rand random_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  net::Timer turn_timer_;
  std::uint64_t refused_credential_ = 0;
  net::Timer credential_timer_;  ///< while a key that others replace is refused
};

}  // namespace taproot::pushers
