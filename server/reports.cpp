#include "server/reports.hpp"

#include <algorithm>

namespace taproot::server {

namespace {

/// How often each end was reached by the providers and zones of one apply.
struct Tally {
  std::size_t waiting = 0;
  std::size_t applied = 0;
  std::size_t visible = 0;
  std::size_t blocked = 0;
  std::size_t failed = 0;
};

Tally tally(const ApplyReport& report) {
  Tally sum;
  for (const auto& zone : report.zones) {
    if (!zone.error.empty()) ++sum.failed;
    if (zone.guard) ++sum.blocked;
    for (const auto& provider : zone.providers) {
      switch (provider.state) {
        case ApplyState::waiting:
          ++sum.waiting;
          break;
        case ApplyState::applied:
          ++sum.applied;
          break;
        case ApplyState::visible:
          ++sum.visible;
          break;
        case ApplyState::unchanged:
          break;
        case ApplyState::blocked:
          ++sum.blocked;
          break;
        case ApplyState::failed:
          ++sum.failed;
          break;
      }
    }
  }
  return sum;
}

}  // namespace

std::string_view to_text(NameserverState state) {
  switch (state) {
    case NameserverState::unknown:
      return "unknown";
    case NameserverState::waiting:
      return "waiting";
    case NameserverState::serial_seen:
      return "serial-seen";
    case NameserverState::verified:
      return "verified";
    case NameserverState::differs:
      return "differs";
    case NameserverState::ahead:
      return "ahead";
    case NameserverState::unreachable:
      return "unreachable";
    case NameserverState::failing:
      return "failing";
  }
  return "unknown";
}

std::string_view to_text(ProviderState state) {
  switch (state) {
    case ProviderState::in_sync:
      return "in-sync";
    case ProviderState::applying:
      return "applying";
    case ProviderState::waiting:
      return "waiting";
    case ProviderState::pending:
      return "pending";
    case ProviderState::blocked:
      return "blocked";
    case ProviderState::failed:
      return "failed";
    case ProviderState::held:
      return "held";
  }
  return "waiting";
}

std::string_view to_text(Via via) {
  return via == Via::api ? "api" : "transfer";
}

std::string_view to_text(ApplyState state) {
  switch (state) {
    case ApplyState::waiting:
      return "waiting";
    case ApplyState::applied:
      return "applied";
    case ApplyState::visible:
      return "visible";
    case ApplyState::unchanged:
      return "unchanged";
    case ApplyState::blocked:
      return "blocked";
    case ApplyState::failed:
      return "failed";
  }
  return "waiting";
}

std::string_view to_text(ApplyOutcome outcome) {
  switch (outcome) {
    case ApplyOutcome::nothing_to_do:
      return "nothing-to-do";
    case ApplyOutcome::running:
      return "running";
    case ApplyOutcome::applied:
      return "applied";
    case ApplyOutcome::done:
      return "done";
    case ApplyOutcome::partial:
      return "partial";
    case ApplyOutcome::blocked:
      return "blocked";
    case ApplyOutcome::failed:
      return "failed";
  }
  return "running";
}

std::string_view to_text(ReloadResult result) {
  switch (result) {
    case ReloadResult::installed:
      return "installed";
    case ReloadResult::unchanged:
      return "unchanged";
    case ReloadResult::refused:
      return "refused";
    case ReloadResult::pending:
      return "pending";
    case ReloadResult::blocked:
      return "blocked";
    case ReloadResult::vanished:
      return "vanished";
    case ReloadResult::added:
      return "added";
    case ReloadResult::dropped:
      return "dropped";
  }
  return "unchanged";
}

ApplyOutcome outcome_of(const ApplyReport& report) {
  const Tally sum = tally(report);
  const std::size_t good = sum.applied + sum.visible;
  if (sum.waiting > 0) return ApplyOutcome::running;
  if (good == 0 && sum.failed > 0 && sum.blocked == 0) return ApplyOutcome::failed;
  if (good == 0 && sum.failed == 0 && sum.blocked > 0) return ApplyOutcome::blocked;
  if (sum.failed + sum.blocked > 0) return ApplyOutcome::partial;
  if (sum.applied > 0) return ApplyOutcome::applied;
  return sum.visible > 0 ? ApplyOutcome::done : ApplyOutcome::nothing_to_do;
}

bool has_ended(const ApplyReport& report) {
  const Tally sum = tally(report);
  return sum.waiting == 0 && sum.applied == 0;
}

}  // namespace taproot::server
