#include "pushers/push.hpp"

#include "pushers/fence.hpp"
#include "pushers/fingerprint.hpp"

#include <algorithm>
#include <utility>

namespace taproot::pushers {

namespace {

std::string seconds_text(std::chrono::milliseconds wait) {
  return std::to_string((wait.count() + 999) / 1000) + " s";
}

std::string counted(std::size_t count, const char* what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

/// Brackets in brackets take many times their octets when they are parsed.
bool nests_too_deep(std::string_view body) {
  constexpr std::size_t deepest = 64;
  const auto begin = body.find_first_not_of(" \t\r\n");
  if (begin == body.npos || (body[begin] != '{' && body[begin] != '[')) return false;
  std::size_t depth = 0;
  bool in_text = false;
  for (std::size_t at = begin; at < body.size(); ++at) {
    const char c = body[at];
    if (in_text && c == '\\') {
      ++at;
    } else if (c == '"') {
      in_text = !in_text;
    } else if (!in_text && (c == '{' || c == '[')) {
      if (++depth > deepest) return true;
    } else if (!in_text && (c == '}' || c == ']')) {
      depth -= std::min<std::size_t>(depth, 1);
    }
  }
  return false;
}

}  // namespace

std::string to_text(PushEnd end) {
  switch (end) {
    case PushEnd::planned:
      return "planned";
    case PushEnd::drifted:
      return "drifted";
    case PushEnd::in_sync:
      return "in-sync";
    case PushEnd::done:
      return "done";
    case PushEnd::partial:
      return "partial";
    case PushEnd::blocked:
      return "blocked";
    case PushEnd::unsafe:
      return "unsafe";
    case PushEnd::auth:
      return "auth";
    case PushEnd::unreachable:
      return "unreachable";
  }
  return "unknown";
}

Push::Push(const Driver& driver, PushOrder order)
    : driver_(driver),
      order_(std::move(order)),
      credential_(driver.credential_mark()),
      intended_(order_.owned) {
  zone_.apex = order_.version->apex();
}

// What the carrier calls.

Step Push::on_start(const Moment& moment) {
  deadline_ = moment.now + order_.limits.budget;
  if (may_trust_owned(moment)) {
    return end(PushEnd::in_sync, "nothing to change since it was last read whole");
  }
  from_memory_ = plan_from_memory(moment);
  if (from_memory_ && plan_->is_empty()) return on_verified(moment);
  return ask(moment);
}

Step Push::on_wake(const Moment& moment) {
  if (stage_ == Stage::ended) return Finished{};
  waiting_ = throttled_ = false;
  return ask(moment);
}

Step Push::on_response(const Moment& moment, const Result<Response>& response) {
  if (stage_ == Stage::ended) return Finished{};
  if (stage_ == Stage::logout) {
    stage_ = Stage::ended;
    return Finished{};
  }
  if (!response) return on_trouble(moment, trouble_of(response.error(), access()));
  if (nests_too_deep(response->body)) {
    const Error error{Errc::bad_answer, "the answer is JSON that nests deeper than any API's"};
    return on_trouble(moment, trouble_of(error, access()));
  }
  switch (stage_) {
    case Stage::login: {
      const auto session = driver_.parse_login(call(moment), *response);
      if (session.trouble() != nullptr) return on_trouble(moment, *session.trouble());
      if (session.value() == nullptr) {
        return end(PushEnd::auth, "the provider gave no session");
      }
      session_ = *session.value();
      return from_memory_ ? next_look(moment) : start_reading(moment, Stage::find);
    }
    case Stage::find:
      return on_find(moment, *response);
    case Stage::list:
      return on_list(moment, *response);
    case Stage::look:
      return on_look(moment, *response);
    case Stage::write:
      return on_outcome(moment, driver_.parse_apply(call(moment), zone_, *response));
    case Stage::poll:
      return on_outcome(moment, driver_.parse_poll(call(moment), zone_, *response));
    case Stage::journal:
    case Stage::logout:
    case Stage::ended:
      break;
  }
  return Finished{};
}

Step Push::on_journaled(const Moment& moment, const Result<void>& kept) {
  if (stage_ != Stage::journal) return Finished{};
  if (!kept) {
    return end(PushEnd::blocked,
               "nothing was sent, because the intent could not be kept: " + kept.error().detail);
  }
  return start_writing(moment);
}

// Reading.

Access Push::access() const {
  return stage_ == Stage::write || stage_ == Stage::poll ? Access::write : Access::read;
}

Step Push::ask(const Moment& moment) {
  if (moment.now >= deadline_) {
    return end(PushEnd::unreachable,
               "out of time" + (trouble_.empty() ? std::string() : ": " + trouble_));
  }
  std::optional<Request> request;
  if (stage_ == Stage::login) {
    request = driver_.login(call(moment));
    if (request && !order_.session.empty()) {
      session_ = order_.session;
      request.reset();
    }
    if (!request && from_memory_) return next_look(moment);
    if (!request) stage_ = Stage::find;
  }
  if (stage_ == Stage::find) {
    if (auto known = driver_.known_zone(zone_.apex)) {
      zone_ = std::move(*known);
      live_.zone = zone_;
      stage_ = Stage::list;
    }
  }
  if (stage_ == Stage::find) request = driver_.find_zone(call(moment), zone_.apex);
  if (stage_ == Stage::list) request = driver_.list(call(moment), zone_, cursor_);
  if (stage_ == Stage::look) request = look_request(moment, looks_.front());
  if (stage_ == Stage::write) request = requests_[request_at_];
  if (stage_ == Stage::poll) request = driver_.poll(call(moment), zone_, poll_cursor_);
  if (!request) return Finished{};
  ++result_.requests;
  request->max_body = most_octets();
  return Send{std::move(*request)};
}

/// Of an answer: what all of the zone takes where there are no pages, and other people's records
/// beside it.
std::size_t Push::most_octets() const {
  constexpr std::size_t of_others = std::size_t{4} << 20;
  constexpr std::size_t of_record = std::size_t{2} << 10;
  return of_others + of_record * order_.version->record_count();
}

Step Push::start_reading(const Moment& moment, Stage from) {
  stage_ = from;
  tries_ = 0;
  forget_live();
  return ask(moment);
}

/// What was read of the zone, or remembered, does not count any more.
void Push::forget_live() {
  from_memory_ = false;
  pages_ = 0;
  cursor_.clear();
  looks_.clear();
  looked_at_.clear();
  live_ = LiveZone{zone_, {}, false, {}, false, {}};
  part_.reset();
}

Plan Push::planned() const {
  const auto& capabilities = driver_.capabilities();
  if (!part_) {
    return make_plan(*order_.version, live_, capabilities, intended_, order_.settings);
  }
  return make_plan(*order_.version, live_, *part_, capabilities, intended_, order_.settings);
}

Step Push::on_find(const Moment& moment, const Response& response) {
  auto seen = driver_.parse_find(call(moment), zone_.apex, response);
  if (seen.trouble() != nullptr) return on_trouble(moment, *seen.trouble());
  if (seen.is_absent()) {
    return end(PushEnd::blocked, "the provider has no zone " + zone_.apex.to_text() +
                                     " (create it there; taproot does not create zones)");
  }
  zone_ = *seen.value();
  return start_reading(moment, Stage::list);
}

Step Push::on_list(const Moment& moment, const Response& response) {
  auto seen = driver_.parse_list(call(moment), zone_, response);
  if (seen.trouble() != nullptr) return on_trouble(moment, *seen.trouble());
  if (seen.is_absent()) {
    const bool was_found = !driver_.known_zone(zone_.apex);
    return end(PushEnd::blocked, "the provider has no zone " + zone_.apex.to_text() +
                                     (was_found ? " any more" : "") +
                                     " (create it there; taproot does not create zones)");
  }
  tries_ = 0;
  Page& page = *seen.value();
  const auto next = page.next;
  live_.add(std::move(page));
  ++pages_;
  if (live_.rrsets.size() > order_.limits.max_rrsets) {
    return end(PushEnd::blocked,
               "the provider lists more RRsets than " + std::to_string(order_.limits.max_rrsets));
  }
  if (!next) return on_read(moment);
  if (*next == cursor_ || next->empty() || pages_ >= order_.limits.max_pages) {
    return end(PushEnd::blocked, "the provider's list of the zone does not come to an end (" +
                                     counted(pages_, "page") + ")");
  }
  cursor_ = *next;
  return ask(moment);
}

Step Push::on_read(const Moment& moment) {
  if (!live_.complete) {
    return on_trouble(
        moment,
        {TroubleKind::incomplete_read, "the provider did not list the zone completely", {}, {}});
  }
  known_pages_ = std::max<std::size_t>(pages_, 1);
  read_at_ = moment.wall;
  recall_hidden();
  plan_ = planned();
  return verifying_ ? on_verified(moment) : on_plan(moment);
}

// Planning.

std::optional<std::string> Push::why_not_expected() const {
  if (!order_.expected_plan || *order_.expected_plan == plan_->id()) return std::nullopt;
  return "the plan is " + plan_->id() + " now, not " + one_line(*order_.expected_plan, 40) +
         ": look at it again";
}

Step Push::on_plan(const Moment& moment) {
  if (look_behind()) return next_look(moment);
  leave_refused();
  result_.plan = plan_;
  result_.guards = why_unsafe(*plan_, order_.guards, order_.owned, moment.wall);
  if (order_.dry_run) {
    remember();
    return order_.compare ? end_compared(moment) : end(PushEnd::planned, summary(*plan_));
  }
  if (plan_->blocked) return end(PushEnd::blocked, *plan_->blocked);
  if (plan_->is_empty()) return on_verified(moment);
  const bool goes_on = approved_ && is_remainder(*plan_, *approved_);
  if (!goes_on) {
    if (const auto why = why_not_expected()) return end(PushEnd::blocked, *why);
    forced_ = order_.force_plan && *order_.force_plan == plan_->id();
    if (!result_.guards.empty() && !forced_) {
      return end(PushEnd::unsafe, to_text(result_.guards) + " (plan " + plan_->id() + ")");
    }
    approved_ = plan_;
    result_.total = result_.applied + result_.refused.size() + plan_->changes.size();
  }
  result_.guards.clear();
  intend(moment);
  stage_ = Stage::journal;
  return Journal{};
}

void Push::intend(const Moment& moment) {
  const bool chunks_matter = driver_.capabilities().txt.chunks_matter;
  intended_.add(plan_->kept);
  for (const auto& change : plan_->changes) {
    if (change.after) {
      intended_.add(fingerprint(change.key()), fingerprint(*change.after, chunks_matter));
    } else {
      deleting_.insert(change.key());
    }
  }
  intended_.set_applied();
  intended_.set_whole_reading(std::nullopt);  // it will not be so in a moment
  intended_.take_account(order_.owned);
  intended_.note_deletions(moment.wall, deleting_.size());
}

// Writing.

Step Push::start_writing(const Moment& moment) {
  auto limits = driver_.capabilities().batch;
  if (one_by_one_) limits.max_changes = 1;
  fence_ = fence_of_batches();
  if (fence_ && limits.max_changes > 1) {  // room for it in each
    limits.max_changes -= std::min(driver_.weight_of(*fence_), limits.max_changes - 1);
    limits.max_octets -= std::min(driver_.octets_of(*fence_), limits.max_octets - 1);
  }
  const auto batches = pack(
      plan_->changes, limits,
      [this](const PlannedChange& change) { return driver_.octets_of(change); },
      [this](const PlannedChange& change) { return driver_.weight_of(change); });
  batches_.assign(batches.begin(), batches.end());
  committing_ = false;
  untouched_ = is_first_batch_ = true;
  return next_batch(moment);
}

/// What each batch says of the fence where the provider compares: that it is still ours.
std::optional<PlannedChange> Push::fence_of_batches() const {
  const auto& batch = driver_.capabilities().batch;
  if (order_.settings.fence.empty() || !batch.compares || !batch.atomic) return std::nullopt;
  const auto key = fence_key(zone_.apex);
  for (const auto& change : plan_->changes) {
    if (change.key() == key) return PlannedChange{change.after, change.after, change.unit};
  }
  return std::nullopt;
}

Batch Push::fenced(Batch batch) const {
  if (!fence_ || is_first_batch_) return batch;
  batch.insert(batch.begin(), *fence_);
  return batch;
}

Step Push::next_batch(const Moment& moment) {
  tries_ = 0;
  polls_ = 0;
  request_at_ = 0;
  requests_.clear();
  while (!batches_.empty() && requests_.empty()) {
    requests_ = driver_.apply(call(moment), live_, fenced(batches_.front()));
    if (requests_.empty()) batches_.pop_front();
  }
  if (requests_.empty() && !committing_) {
    committing_ = true;
    requests_ = driver_.commit(call(moment), live_);
  }
  if (requests_.empty()) {
    verifying_ = true;
    return look_back() ? next_look(moment) : start_reading(moment, Stage::list);
  }
  stage_ = Stage::write;
  wrote_ = true;
  return ask(moment);
}

Step Push::on_outcome(const Moment& moment, const Outcome& outcome) {
  if (const auto* trouble = std::get_if<Trouble>(&outcome)) return on_trouble(moment, *trouble);
  const bool is_last = request_at_ + 1 >= requests_.size() && batches_.size() <= 1;
  const bool awaits = is_last || !driver_.capabilities().batch.awaits_last_only;
  if (const auto* working = std::get_if<Working>(&outcome); working != nullptr && awaits) {
    stage_ = Stage::poll;
    poll_cursor_ = working->cursor;
    waiting_ = true;
    wait_ = std::min<std::chrono::milliseconds>(working->wait, order_.limits.max_retry_after);
    // What takes long is looked at less often.
    for (unsigned i = 0; i < polls_ && wait_ < order_.limits.longest_look; ++i) wait_ *= 2;
    if (polls_ > 0) {
      wait_ = std::min<std::chrono::milliseconds>(wait_, order_.limits.longest_look);
    }
    ++polls_;
    trouble_ = "the provider is at work";
    return Wait{moment.now + wait_};
  }
  if (const auto* accepted = std::get_if<Accepted>(&outcome)) {
    if (!accepted->state_token.empty()) live_.state_token = accepted->state_token;
  }
  return on_accepted(moment);
}

Step Push::on_accepted(const Moment& moment) {
  tries_ = 0;
  untouched_ = false;
  stage_ = Stage::write;
  if (++request_at_ < requests_.size()) return ask(moment);
  is_first_batch_ = false;
  if (!batches_.empty()) {
    result_.applied += batches_.front().size();
    batches_.pop_front();
  }
  return next_batch(moment);
}

// The end.

bool Push::is_refused(const PlannedChange& change) const {
  return std::any_of(result_.refused.begin(), result_.refused.end(),
                     [&](const auto& refused) { return refused.where == change.key(); });
}

std::vector<PlannedChange> Push::without_refused(const std::vector<PlannedChange>& changes) const {
  if (result_.refused.empty()) return changes;
  std::set<std::size_t> units;
  for (const auto& change : changes) {
    if (is_refused(change)) units.insert(change.unit);
  }
  std::vector<PlannedChange> rest;
  for (const auto& change : changes) {
    if (!units.contains(change.unit)) rest.push_back(change);
  }
  return rest;
}

/// Takes out of the plan what was refused before; who owns it stays as it was.
void Push::leave_refused() {
  auto rest = without_refused(plan_->changes);
  if (rest.size() == plan_->changes.size()) return;
  for (const auto& change : plan_->changes) {
    if (change.before) plan_->kept.keep(fingerprint(change.key()), intended_);
  }
  plan_->changes = std::move(rest);
}

Step Push::on_verified(const Moment& moment) {
  const auto left = without_refused(plan_->changes);
  const bool gave_up = result_.refused.size() >= order_.limits.max_refused;
  const std::size_t missing = std::min(result_.total, left.size() + result_.refused.size());
  if (wrote_) result_.applied = result_.total - missing;
  if (verifying_ && plan_->blocked && !left.empty()) return end(PushEnd::blocked, *plan_->blocked);
  if (!left.empty() && !gave_up) {
    const std::string words =
        "the provider accepted everything, and still shows something else for " +
        counted(left.size(), "RRset") + ", first " + left.front().key().to_text();
    if (rereads_ < order_.limits.rereads) {
      ++rereads_;
      stage_ = Stage::list;
      forget_live();
      tries_ = rereads_ - 1;
      return retry(moment, {TroubleKind::retry_after, words, {}, {}});
    }
    settle(moment);
    return end(PushEnd::partial, words);
  }
  settle(moment);
  return end_settled(moment);
}

/// Ownership as it stands now that the zone has been read.
void Push::settle(const Moment& moment) {
  Ownership next = plan_->kept;
  std::size_t undeleted = 0;
  for (const auto& change : plan_->changes) {
    if (change.before) next.keep(fingerprint(change.key()), intended_);
    if (change.is_delete() && deleting_.contains(change.key())) ++undeleted;
  }
  next.set_applied();
  next.set_live_rrsets(plan_->counts.live_beside);
  next.take_account(order_.owned);
  if (forced_) {
    next.forget_deletions();  // a person has looked
  } else {
    next.note_deletions(moment.wall, deleting_.size() - undeleted);
  }
  if (plan_->is_empty() && plan_->counts.conflicts == 0) {
    next.set_whole_reading(Ownership::WholeReading{read_at_, wanted_mark()});
  }
  result_.applied_state = next.encode();
  remember();
}

Step Push::end_settled(const Moment&) {
  const std::size_t conflicts = plan_->counts.conflicts;
  std::string words = wrote_ ? counted(result_.applied, "change") + " applied and read back"
                             : std::string("nothing to change");
  if (plan_->counts.omitted > 0) {
    words += ", " + counted(plan_->counts.omitted, "RRset") + " omitted";
  }
  if (conflicts > 0) words += ", " + counted(conflicts, "conflict") + " left alone";
  if (result_.refused.empty()) {
    if (conflicts > 0) return end(PushEnd::partial, words);
    return end(wrote_ ? PushEnd::done : PushEnd::in_sync, words);
  }
  const auto& first = result_.refused.front();
  words += ", " + counted(result_.refused.size(), "RRset") + " refused: " + first.where.to_text() +
           ": " + first.words;
  return end(result_.applied > 0 ? PushEnd::partial : PushEnd::blocked, words);
}

Step Push::end_compared(const Moment& moment) {
  if (plan_->blocked) return end(PushEnd::blocked, *plan_->blocked);
  if (plan_->is_empty()) {
    settle(moment);
    return end(PushEnd::in_sync, "compared, nothing to change");
  }
  return end(PushEnd::drifted, "changed there since version " + std::to_string(plan_->version) +
                                   " was brought: " + counted(plan_->changes.size(), "RRset") +
                                   ", first " + plan_->changes.front().key().to_text() +
                                   " (see taproot plan; taproot apply puts it back)");
}

Step Push::end(PushEnd how, std::string words) {
  stage_ = Stage::ended;
  waiting_ = false;
  result_.end = how;
  result_.words = std::move(words);
  requests_.clear();
  batches_.clear();
  auto logout = session_.empty() ? std::nullopt : driver_.logout(session_);
  session_.clear();
  if (!logout || how == PushEnd::auth) return Finished{};
  stage_ = Stage::logout;
  ++result_.requests;
  return Send{std::move(*logout)};
}

std::string Push::waits_for() const {
  if (stage_ == Stage::logout || stage_ == Stage::ended) {
    return result_.end == PushEnd::unsafe ? "a person: " + result_.words : "nothing";
  }
  if (waiting_) {
    return seconds_text(wait_) + " to pass (" + trouble_ + ", try " + std::to_string(tries_ + 1) +
           " of " + std::to_string(order_.limits.tries) + ")";
  }
  switch (stage_) {
    case Stage::login:
      return "the provider to open a session";
    case Stage::find:
      return "the provider to find the zone";
    case Stage::list:
      return std::string("the provider to list the zone") +
             (verifying_   ? ", to compare"
              : pages_ > 0 ? ", page " + std::to_string(pages_ + 1)
                           : "");
    case Stage::look:
      return verifying_ ? "the provider to show what was written"
                        : "the provider to show what is to be changed";
    case Stage::journal:
      return "the journal";
    case Stage::write:
      return committing_ ? "the provider to put the changes in force"
                         : "the provider to take the changes (" + std::to_string(result_.applied) +
                               " of " + std::to_string(result_.total) + ")";
    case Stage::poll:
      return "the provider to carry out the changes";
    case Stage::logout:
    case Stage::ended:
      break;
  }
  return "nothing";
}

}  // namespace taproot::pushers
