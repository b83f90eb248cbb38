#include "pushers/push.hpp"

#include <algorithm>
#include <utility>

// What a push does when something goes wrong.

namespace taproot::pushers {

namespace {

std::string counted(std::size_t count, const char* what, const char* plural) {
  return std::to_string(count) + " " + (count == 1 ? what : plural);
}

}  // namespace

Step Push::on_trouble(const Moment& moment, const Trouble& trouble) {
  trouble_ = trouble.words;
  if (trouble.kind == TroubleKind::auth && !order_.session.empty()) return log_in_again(moment);
  if (trouble.kind == TroubleKind::auth && has_new_credential()) {
    return access() == Access::write ? read_again(moment, trouble, Stage::list)
                                     : retry(moment, trouble);
  }
  if (trouble.kind == TroubleKind::auth) return end(PushEnd::auth, trouble.words);
  if (access() == Access::write) return on_write_trouble(moment, trouble);
  if (stage_ == Stage::look && trouble.kind != TroubleKind::retry_after && !is_behind_list()) {
    return start_reading(moment, Stage::find);
  }
  if (trouble.kind == TroubleKind::permanent) return end(PushEnd::blocked, trouble.words);
  if (trouble.kind == TroubleKind::incomplete_read && stage_ == Stage::list) {
    forget_live();  // what came before may belong to another state of the zone
  }
  return retry(moment, trouble);
}

/// Whether what was refused is not what the next request would carry.
bool Push::has_new_credential() {
  const auto now = driver_.credential_mark();
  return std::exchange(credential_, now) != now;
}

/// A session of somebody else's was good for nothing, so that nothing was done: with one of our own
/// it may go better.
Step Push::log_in_again(const Moment& moment) {
  if (access() == Access::write) {  // of what was read some may have been changed
    batches_.clear();
    forget_live();
  }
  order_.session.clear();
  session_.clear();
  stage_ = Stage::login;
  tries_ = 0;
  return ask(moment);
}

Step Push::on_write_trouble(const Moment& moment, const Trouble& trouble) {
  switch (trouble.kind) {
    case TroubleKind::already_done:
      return on_accepted(moment);
    case TroubleKind::retry_after:
      return retry(moment, trouble);
    case TroubleKind::permanent:
      return on_refused(moment, trouble);
    case TroubleKind::conflict:
      return read_again(moment, trouble, Stage::find);
    case TroubleKind::unknown_outcome:
    case TroubleKind::incomplete_read:
      return read_again(moment, trouble, Stage::list);
    case TroubleKind::auth:
      break;
  }
  return end(PushEnd::auth, trouble.words);
}

Step Push::read_again(const Moment& moment, const Trouble& trouble, Stage from) {
  if (++replans_ > order_.limits.replans) {
    return end(PushEnd::unreachable, "gave up after " + counted(replans_, "attempt", "attempts") +
                                         " to write: " + trouble.words);
  }
  verifying_ = false;
  batches_.clear();
  stage_ = from;
  forget_live();
  tries_ = replans_ - 1;
  return retry(moment, trouble);
}

Step Push::on_refused(const Moment& moment, const Trouble& trouble) {
  if (batches_.empty()) {  // the commit
    return end(PushEnd::partial, "staged, and refused when put in force: " + trouble.words);
  }
  const Batch batch = std::move(batches_.front());
  batches_.pop_front();
  Halves halves = trouble.culprit ? isolate(batch, *trouble.culprit) : Halves{};
  if (halves.first.empty() || halves.second.empty()) halves = halve(batch);
  if (!halves.second.empty() && !driver_.capabilities().batch.atomic) {
    one_by_one_ = true;  // who knows what of it was done
    return read_again(moment, trouble, Stage::list);
  }
  if (!halves.second.empty()) {
    batches_.push_front(std::move(halves.second));
    batches_.push_front(std::move(halves.first));
    return next_batch(moment);
  }
  refuse(batch, trouble);
  return next_batch(moment);
}

/// Notes that one unit was refused; what was half done of it is put back.
void Push::refuse(const Batch& unit, const Trouble& trouble) {
  for (const auto& change : unit) result_.refused.push_back({change.key(), trouble.words});
  if (result_.refused.size() >= order_.limits.max_refused) batches_.clear();
  if (request_at_ == 0) return;
  Batch restore;
  for (const auto& change : unit) {
    if (change.is_delete()) restore.push_back({std::nullopt, change.before, change.unit});
  }
  if (!restore.empty()) batches_.push_front(std::move(restore));
}

Step Push::retry(const Moment& moment, const Trouble& trouble) {
  if (++tries_ >= order_.limits.tries) {
    return end(PushEnd::unreachable,
               "gave up after " + counted(tries_, "try", "tries") + ": " + trouble.words);
  }
  wait_ = backoff(moment, trouble);
  if (moment.now + wait_ >= deadline_) {
    return end(PushEnd::unreachable, "out of time: " + trouble.words);
  }
  waiting_ = true;
  throttled_ = trouble.throttled;
  return Wait{moment.now + wait_};
}

/// What the provider asked for, within reason; or a random part of a doubled wait, so that many
/// who failed together do not come back together.
std::chrono::milliseconds Push::backoff(const Moment& moment, const Trouble& trouble) const {
  const PushLimits& limits = order_.limits;
  if (trouble.wait) {
    return std::min<std::chrono::milliseconds>(*trouble.wait, limits.max_retry_after);
  }
  auto longest = limits.first_wait;
  for (unsigned i = 1; i < tries_ && longest < limits.max_wait; ++i) longest *= 2;
  longest = std::min(longest, limits.max_wait);
  const double jitter = std::clamp(moment.jitter, 0.0, 1.0);
  const auto part = static_cast<double>(longest.count()) * jitter;
  return std::chrono::milliseconds(std::max<std::chrono::milliseconds::rep>(
      static_cast<std::chrono::milliseconds::rep>(part), 1));
}

}  // namespace taproot::pushers
