#include "server/replay_guard.hpp"

#include <algorithm>
#include <utility>

namespace taproot::server {

ReplayGuard::ReplayGuard(Floors floors, dns::TsigTime otherwise, Limits limits)
    : floors_(std::move(floors)), otherwise_(otherwise), limits_(limits) {}

dns::TsigTime ReplayGuard::floor_of(const dns::Name& key) const {
  const auto found = floors_.find(key);
  return found == floors_.end() ? otherwise_ : found->second;
}

ReplayGuard::Verdict ReplayGuard::look(const SignedRequest& request, bool may_resend,
                                       dns::TsigTime now) {
  while (!by_time_.empty() && by_time_.begin()->first + limits_.window < now) forget_oldest();
  const auto known = seen_.find(request.stamp.mac);
  if (known != seen_.end()) return judge_copy(known->second, request, may_resend, now);
  const dns::TsigTime at = request.stamp.time_signed;
  const dns::TsigTime distance = at > now ? at - now : now - at;
  if (distance > limits_.window || at <= floor_of(request.key)) return Verdict::too_old;
  if (seen_.size() >= limits_.remembered) {
    forget_oldest();
    if (at <= floor_of(request.key)) return Verdict::too_old;
  }
  seen_.emplace(request.stamp.mac, Seen{request.key, request.from, request.id, now, std::nullopt});
  by_time_.emplace(at, request.stamp.mac);
  return Verdict::fresh;
}

ReplayGuard::Verdict ReplayGuard::judge_copy(const Seen& seen, const SignedRequest& request,
                                             bool may_resend, dns::TsigTime now) const {
  const bool is_same_client = may_resend && seen.from == request.from && seen.id == request.id;
  if (!is_same_client) return Verdict::replayed;
  if (!seen.rcode) return Verdict::waiting;
  const dns::TsigTime since = now > seen.at ? now - seen.at : 0;
  const bool is_resent = since >= limits_.resent_after && since <= limits_.resent_until;
  return is_resent ? Verdict::resent : Verdict::replayed;
}

void ReplayGuard::answered(const dns::TsigStamp& stamp, dns::Rcode rcode) {
  const auto found = seen_.find(stamp.mac);
  if (found != seen_.end()) found->second.rcode = rcode;
}

std::optional<dns::Rcode> ReplayGuard::answer(const dns::TsigStamp& stamp) const {
  const auto found = seen_.find(stamp.mac);
  return found == seen_.end() ? std::nullopt : found->second.rcode;
}

void ReplayGuard::forget_oldest() {
  const auto oldest = by_time_.begin();
  const auto seen = seen_.find(oldest->second);
  if (seen != seen_.end()) {
    auto& floor = floors_.try_emplace(seen->second.key, otherwise_).first->second;
    floor = std::max(floor, oldest->first);
    seen_.erase(seen);
  }
  by_time_.erase(oldest);
}

}  // namespace taproot::server
