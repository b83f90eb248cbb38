#pragma once

#include "dns/result.hpp"
#include "net/loop.hpp"
#include "pushers/driver.hpp"
#include "pushers/guards.hpp"
#include "pushers/live_zone.hpp"
#include "pushers/ownership.hpp"
#include "pushers/plan.hpp"
#include "pushers/remembered_zone.hpp"
#include "zonestore/zone_version.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

namespace taproot::pushers {

using net::Instant;

/// How long and how often a push tries.
struct PushLimits {
  std::chrono::milliseconds budget = std::chrono::minutes(5);  ///< for the whole push
  unsigned tries = 6;                                          ///< of one request
  unsigned replans = 3;  ///< after a conflict or a write of unknown outcome
  unsigned rereads = 3;  ///< until what was written shows
  /// How long a whole reading of the zone is good enough to plan on; 0: for this push alone.
  std::chrono::milliseconds reading_interval = std::chrono::hours(1);
  std::chrono::milliseconds first_wait{500};
  std::chrono::milliseconds max_wait{30'000};
  std::chrono::seconds max_retry_after{60};  ///< a longer one is cut to this
  std::chrono::seconds longest_look{10};     ///< between two looks whether a change is done
  std::size_t max_pages = 10'000;
  std::size_t max_rrsets = 4'000'000;
  std::size_t max_refused = 20;  ///< RRsets to isolate before giving up on the rest
};

/// One order: bring this version to that provider, or only say what it would take.
struct PushOrder {
  std::shared_ptr<const zonestore::ZoneVersion> version;
  PlanSettings settings;
  GuardLimits guards;
  PushLimits limits;
  Ownership owned;       ///< what was last applied
  bool dry_run = false;  ///< stop at the plan
  bool compare = false;  ///< a dry run that wonders whether there is any drift
  /// What is known of the zone there; a push that is no dry run may then read only what it changes.
  std::shared_ptr<const RememberedZone> remembered = nullptr;
  /// That `owned` tells of a whole reading may be enough to know that there is nothing to do.
  bool trust_owned = false;
  std::string session = {};  ///< that another push opened, and may be good still; a secret
  std::optional<std::string> force_plan;     ///< this plan may pass the guards
  std::optional<std::string> expected_plan;  ///< only this plan may be applied
};

enum class PushEnd {
  planned,     ///< a dry run: here is the plan
  drifted,     ///< a comparison: what is there is not what was brought there, or not all of it
  in_sync,     ///< there was nothing to do
  done,        ///< applied, read back, and equal
  partial,     ///< some RRsets were refused or are in conflict; the others are there
  blocked,     ///< nothing can be done until a person or a new version changes something
  unsafe,      ///< stopped by a guard
  auth,        ///< the key is wrong or lacks a right
  unreachable  ///< no (usable) answer in time; trying later may help
};

/// "planned", "in-sync", "done", …
std::string to_text(PushEnd end);

/// How a push ended.
struct PushResult {
  PushEnd end = PushEnd::unreachable;
  std::string words;             ///< one line
  std::optional<Plan> plan;      ///< the last one made
  std::vector<GuardHit> guards;  ///< that stop the plan, also in a dry run
  std::size_t applied = 0;       ///< changes the provider accepted
  std::size_t total = 0;         ///< changes of all plans that were begun
  struct Refused {
    RRsetKey where;
    std::string words;
  };
  std::vector<Refused> refused;
  std::optional<std::string> applied_state;  ///< to be kept, once the zone has been read back
  std::size_t requests = 0;
  /// What is known of the zone there now; null: nothing that one could plan on.
  std::shared_ptr<const RememberedZone> remembered = nullptr;
};

/// Now, by both clocks, and a random number in [0, 1): what a machine cannot know by itself.
struct Moment {
  Instant now{};
  WallTime wall{};
  double jitter = 0;
};

struct Send {
  Request request;
};
struct Wait {
  Instant until{};
};
/// Before the first write of a plan: keep Push::plan() and Push::intended_state() where they
/// survive a crash, then call on_journaled().
struct Journal {};
struct Finished {};
/// What the carrier has to do next. It then calls on_response(), on_wake() or on_journaled().
using Step = std::variant<Send, Wait, Journal, Finished>;

/// One push of one zone version to one provider, as a machine without I/O and clock:
///
///     find ─> list pages ─> plan ─> guards ─> journal ─> apply batches ─> list again, compare
///       ^                     └─> (dry run, nothing to do, stopped)              │
///       └── conflict, unknown outcome: read and plan again <──── differs ────────┘
///
/// With a zone that is remembered it is shorter where that is safe: the plan is made from memory,
/// the owners it touches are looked at unless the provider itself compares, and what was written is
/// looked at again. Whatever contradicts the memory, and whatever would stop the push, leads to the
/// long way.
///
/// Retries with jittered, growing waits; obeys Retry-After; isolates what a provider refuses and
/// pushes the rest; never writes after an incomplete reading; never calls a push done that was
/// not read back.
class Push {
 public:
  /// The driver must outlive the push.
  Push(const Driver& driver, PushOrder order);

  Step on_start(const Moment& moment);
  /// The response to the last Send, or why there is none.
  Step on_response(const Moment& moment, const Result<Response>& response);
  Step on_wake(const Moment& moment);
  /// The intent has been kept, or could not be: then nothing is written.
  Step on_journaled(const Moment& moment, const Result<void>& kept);

  /// What the push waits for, in words for a table: "the provider to list the zone", …
  std::string waits_for() const;

  /// The plan to be journaled or applied; null before the first one.
  const Plan* plan() const { return plan_ ? &*plan_ : nullptr; }
  /// Ownership as it will be if all goes well, for the journal: should this process end in the
  /// middle, what it created is still known as ours.
  std::string intended_state() const { return intended_.encode(); }

  /// What the driver's login gave, or the order; empty before and in the end. A secret.
  const std::string& session() const { return session_; }
  /// What it asks is where the zone is, and nothing else.
  bool is_finding() const { return stage_ == Stage::find; }
  /// The provider carries the last changes out, and nothing but a look now and then is to be done.
  bool is_awaiting() const { return stage_ == Stage::poll; }
  /// The last Wait is because the provider had too many calls, of this push and of others.
  bool is_throttled() const { return throttled_; }
  /// So much time was spent on waiting for leave to call: it does not count.
  void give_time(std::chrono::milliseconds time) { deadline_ += time; }

  /// Complete once a step was Finished.
  const PushResult& result() const { return result_; }

 private:
  /// What is looked at: an owner, or one RRset of it where the provider shows single ones only.
  struct Place {
    dns::Name owner;
    std::optional<dns::RRType> type;
    bool holds(const dns::Name& name, dns::RRType its_type) const {
      return name == owner && (!type || *type == its_type);
    }
    friend auto operator<=>(const Place&, const Place&) = default;
  };
  enum class Stage { login, find, list, look, journal, write, poll, logout, ended };

  Call call(const Moment& moment) const { return {moment.wall, session_, untouched_, cursor_}; }
  Access access() const;
  Step ask(const Moment& moment);
  std::size_t most_octets() const;
  Step start_reading(const Moment& moment, Stage from);
  Step on_find(const Moment& moment, const Response& response);
  Step on_list(const Moment& moment, const Response& response);
  void forget_live();
  Plan planned() const;
  Step on_read(const Moment& moment);
  Step on_plan(const Moment& moment);
  Step on_verified(const Moment& moment);
  Step start_writing(const Moment& moment);
  std::optional<PlannedChange> fence_of_batches() const;
  Batch fenced(Batch batch) const;
  Step next_batch(const Moment& moment);
  Step on_outcome(const Moment& moment, const Outcome& outcome);
  Step on_accepted(const Moment& moment);

  bool can_look() const;
  bool may_trust_owned(const Moment& moment) const;
  bool plan_from_memory(const Moment& moment);
  Step next_look(const Moment& moment);
  Step on_look(const Moment& moment, const Response& response);
  bool can_look_at(const std::set<Place>& places) const;
  Request look_request(const Moment& moment, const Place& place) const;
  Seen<Page> parse_look(const Moment& moment, const Place& place, const Response& response) const;
  static LiveRRsets at(const Place& place, const LiveZone& live);
  bool contradicts(const Place& place, const LiveZone& seen) const;
  void take_look(const Place& place, const LiveZone& seen);
  void take_serial(std::uint32_t serial);
  bool look_back();
  bool look_behind();
  bool is_behind_list() const;
  void recall_hidden();
  std::set<Place> places_of_plan() const;
  Place soa_place() const;
  std::uint64_t wanted_mark() const;
  void remember();

  Step on_trouble(const Moment& moment, const Trouble& trouble);
  Step log_in_again(const Moment& moment);
  bool has_new_credential();
  Step on_write_trouble(const Moment& moment, const Trouble& trouble);
  Step read_again(const Moment& moment, const Trouble& trouble, Stage from);
  Step on_refused(const Moment& moment, const Trouble& trouble);
  void refuse(const Batch& unit, const Trouble& trouble);
  Step retry(const Moment& moment, const Trouble& trouble);
  std::chrono::milliseconds backoff(const Moment& moment, const Trouble& trouble) const;

  std::optional<std::string> why_not_expected() const;
  bool is_refused(const PlannedChange& change) const;
  std::vector<PlannedChange> without_refused(const std::vector<PlannedChange>& changes) const;
  void leave_refused();
  void intend(const Moment& moment);
  void settle(const Moment& moment);
  Step end_settled(const Moment& moment);
  Step end_compared(const Moment& moment);
  Step end(PushEnd how, std::string words);

  const Driver& driver_;
  PushOrder order_;

  Stage stage_ = Stage::login;
  Instant deadline_{};
  bool waiting_ = false;
  bool verifying_ = false;
  bool wrote_ = false;
  bool forced_ = false;
  bool untouched_ = false;
  bool throttled_ = false;
  bool one_by_one_ = false;  ///< since a batch that was refused may have been done in part
  unsigned tries_ = 0;
  unsigned replans_ = 0;
  unsigned rereads_ = 0;
  std::string trouble_;  ///< the last one, in words
  std::chrono::milliseconds wait_{0};

  std::string session_;
  std::uint64_t credential_;  ///< what the driver's stood for when it was last found good
  ZoneRef zone_;
  LiveZone live_;                 ///< all of it, or
  std::optional<ZonePart> part_;  ///< this part, as the rest is known to be as it should
  std::string cursor_;
  std::size_t pages_ = 0;
  bool from_memory_ = false;     ///< the zone was not read whole in this push
  std::size_t known_pages_ = 1;  ///< that a whole reading takes
  WallTime read_at_{};           ///< when the zone was read whole
  std::deque<Place> looks_;      ///< to be looked at
  bool soa_is_seen_ = false;
  std::set<RRsetKey> looked_at_;            ///< since the zone was listed
  std::map<RRsetKey, std::string> hidden_;  ///< why what the lists show as plain is not

  std::optional<Plan> plan_;
  std::optional<Plan> approved_;  ///< what passed the guards or was forced; its rest may go on
  Ownership intended_;
  std::set<RRsetKey> deleting_;
  std::deque<Batch> batches_;
  std::vector<Request> requests_;  ///< of the first batch
  std::size_t request_at_ = 0;
  std::string poll_cursor_;
  unsigned polls_ = 0;
  std::optional<PlannedChange> fence_;
  bool is_first_batch_ = true;
  bool committing_ = false;
  PushResult result_;
};

}  // namespace taproot::pushers
