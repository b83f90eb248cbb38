#include "server/update_desk.hpp"

#include <spdlog/spdlog.h>

#include <utility>

namespace taproot::server {

namespace {

/// Failures that are told per second; of more, only the counters know.
constexpr unsigned max_logged = 100;

std::string describe(const UpdateOrder& order) {
  return order.update.zone.to_text() + ": update by key " + order.request.key.to_text() + " from " +
         order.request.from.to_text();
}

std::string signed_when(const SignedRequest& request, dns::TsigTime now) {
  const auto at = request.stamp.time_signed;
  if (at > now) return "signed " + std::to_string(at - now) + " s ahead of our time";
  return "signed " + std::to_string(now - at) + " s ago";
}

}  // namespace

UpdateDesk::UpdateDesk(zonestore::Journal& journal, ZoneEditor& editor, WallClock wall_clock)
    : journal_(journal),
      editor_(editor),
      wall_clock_(std::move(wall_clock)),
      started_(wall_clock_()) {}

/// Of a key that was never seen by this state nothing is taken that was signed before the start:
/// the state may have been lost.
Result<void> UpdateDesk::open_guard() {
  if (guard_) return {};
  auto signers = journal_.signers();
  if (!signers) return tl::unexpected<Error>(signers.error());
  noted_ = *signers;
  guard_.emplace(std::move(*signers), started_ - 1);
  return {};
}

Result<void> UpdateDesk::note_seen(const SignedRequest& request) {
  const auto at = noted_.try_emplace(request.key, 0).first;
  if (request.stamp.time_signed <= at->second) return {};
  if (auto raised = journal_.raise_signer(request.key, request.stamp.time_signed); !raised) {
    return raised;
  }
  at->second = request.stamp.time_signed;
  return {};
}

void UpdateDesk::take(UpdateOrder order) {
  using Verdict = ReplayGuard::Verdict;
  if (auto opened = open_guard(); !opened) {
    return refuse(order, dns::Rcode::servfail, opened.error().detail);
  }
  const auto now = wall_clock_();
  switch (guard_->look(order.request, !order.over_tcp, now)) {
    case Verdict::waiting:
      return order.answer(std::nullopt);
    case Verdict::resent:
      return order.answer(guard_->answer(order.request.stamp));
    case Verdict::replayed:
      return refuse(order, dns::Rcode::refused,
                    "it is a copy of one that was seen before; a client that wants it done again "
                    "has to sign it again");
    case Verdict::too_old:
      return refuse(order, dns::Rcode::refused,
                    signed_when(order.request, now) +
                        ", and so it may be a copy of one that was seen before; sign it again, "
                        "with a clock that is right");
    case Verdict::fresh:
      break;
  }
  if (auto noted = note_seen(order.request); !noted) {
    guard_->answered(order.request.stamp, dns::Rcode::servfail);
    return refuse(order, dns::Rcode::servfail, noted.error().detail);
  }
  carry_out(std::move(order));
}

void UpdateDesk::carry_out(UpdateOrder order) {
  const dns::Name zone = order.update.zone;  // which the log wants, too
  ZoneUpdate update{std::exchange(order.update, {zone, {}, {}}), order.request.key.to_text(), {}};
  const auto shared = std::make_shared<const UpdateOrder>(std::move(order));
  update.done = [this, shared](const UpdateOutcome& outcome) {
    guard_->answered(shared->request.stamp, outcome.rcode);
    log(*shared, outcome);
    shared->answer(outcome.rcode);
  };
  editor_.update(std::move(update));
}

void UpdateDesk::refuse(const UpdateOrder& order, dns::Rcode rcode, const std::string& why) {
  log(order, {rcode, why, 0});
  order.answer(rcode);
}

void UpdateDesk::log(const UpdateOrder& order, const UpdateOutcome& outcome) {
  if (outcome.rcode == dns::Rcode::noerror) {
    spdlog::debug("{}: in version {}", describe(order), outcome.version);
    return;
  }
  if (!may_log()) return;
  const bool is_refusal =
      outcome.rcode == dns::Rcode::refused || outcome.rcode == dns::Rcode::servfail;
  spdlog::log(is_refusal ? spdlog::level::warn : spdlog::level::info, "{}: {}: {}", describe(order),
              dns::to_text(outcome.rcode), outcome.why);
}

bool UpdateDesk::may_log() {
  const auto second = wall_clock_();
  if (second != log_second_) {
    log_second_ = second;
    logged_ = 0;
  }
  return ++logged_ <= max_logged;
}

}  // namespace taproot::server
