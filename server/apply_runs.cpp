#include "server/apply_runs.hpp"

#include "server/status_report.hpp"

#include <algorithm>
#include <random>
#include <utility>

namespace taproot::server {

namespace {

using std::chrono::duration;

/// Whether a nameserver shows the version that an apply is for, or a later one.
bool is_visible(const monitor::NameserverRow& row, const monitor::ZoneRow& zone,
                std::uint64_t version) {
  if (!zone.wanted || zone.wanted->number < version) return false;
  if (row.state == monitor::State::in_sync) return true;
  return row.lag_version && *row.lag_version >= version;
}

AppliedNameserver report_nameserver(const monitor::NameserverRow& row, const monitor::ZoneRow& zone,
                                    std::uint64_t version, bool measured) {
  AppliedNameserver out;
  out.nameserver = row.nameserver;
  out.endpoint = row.endpoint.to_text();
  out.visible = is_visible(row, zone, version);
  if (out.visible) {
    if (measured && row.lag && row.lag_version == version) {
      out.seconds = duration<double>(*row.lag).count();
    }
    return out;
  }
  out.waits_for = row.waits_for;
  if (row.failing_since) out.error = row.last_error;
  return out;
}

/// What the push to an API provider came to; whether its nameservers show it is another matter.
void report_push(const std::optional<pushers::PushResult>& push, const monitor::ProviderRow* row,
                 AppliedProvider& out) {
  using pushers::PushEnd;
  if (!push) {
    out.state = ApplyState::waiting;
    out.waits_for = row != nullptr && row->push ? row->push->words : "the push to begin";
    return;
  }
  out.calls = push->requests;
  out.guard = guard_of(&*push);
  if (push->end == PushEnd::done || push->end == PushEnd::in_sync) {
    out.state = ApplyState::applied;
  } else if (push->end == PushEnd::unsafe) {
    out.state = ApplyState::blocked;
    out.error = push->words;
  } else {
    out.state = ApplyState::failed;
    out.error = push->words;
  }
}

}  // namespace

ApplyRuns::ApplyRuns(net::Loop& loop, const zonestore::ZoneStore& store,
                     const Distributor& distributor)
    : loop_(loop), store_(store), distributor_(distributor), timer_(loop, [this] { on_time(); }) {}

std::string ApplyRuns::begin(std::string plan, std::vector<Zone> zones) {
  forget_old();
  const std::uint64_t number = next_++;
  Run& run = runs_[number];
  run.id = std::to_string(number) + "-" + std::to_string(std::random_device()() % 1'000'000);
  run.plan = std::move(plan);
  run.started = std::chrono::system_clock::now();
  for (auto& zone : zones) {
    ZoneState state{zone.apex, std::move(zone.error), std::move(zone.guard), 0, 0, {}};
    if (const auto current = store_.current(zone.apex)) {
      state.version = current->number();
      state.serial = current->serial().value();
    }
    for (auto& part : zone.parts) state.parts.push_back({std::move(part), std::nullopt});
    run.zones.push_back(std::move(state));
  }
  return run.id;
}

void ApplyRuns::forget_old() {
  while (runs_.size() >= max_runs && runs_.begin()->second.waiting.empty()) {
    runs_.erase(runs_.begin());
  }
}

void ApplyRuns::pushed(const dns::Name& apex, const std::string& provider,
                       const pushers::PushResult& result) {
  for (auto& [number, run] : runs_) {
    for (auto& zone : run.zones) {
      if (!(zone.apex == apex)) continue;
      for (auto& part : zone.parts) {
        // A result of an older version says nothing about this apply.
        const bool older = result.plan && result.plan->version < zone.version;
        if (part.part.provider == provider && !part.push && !older) part.push = result;
      }
    }
  }
}

AppliedProvider ApplyRuns::report_part(const ZoneState& zone, const PartState& part) const {
  AppliedProvider out;
  out.provider = part.part.provider;
  out.via = part.part.via;
  out.changes = part.part.changes;
  const auto* board = distributor_.board().find(zone.apex);
  const monitor::ProviderRow* row = nullptr;
  if (board != nullptr) {
    const auto found = board->providers.find(part.part.provider);
    if (found != board->providers.end()) row = &found->second;
  }
  if (part.part.via == Via::api && part.part.changes > 0) {
    report_push(part.push, row, out);
  } else {
    out.state = ApplyState::applied;  // NOTIFY leaves with the install
  }
  if (row == nullptr) return out;
  bool all_visible = true;
  for (const auto& nameserver : row->nameservers) {
    out.nameservers.push_back(
        report_nameserver(nameserver, *board, zone.version, part.part.changes > 0));
    all_visible = all_visible && out.nameservers.back().visible;
    if (!out.nameservers.back().visible && out.waits_for.empty()) {
      out.waits_for = out.nameservers.back().waits_for;
    }
  }
  if (out.state != ApplyState::applied || !all_visible) return out;
  out.state = part.part.changes > 0 ? ApplyState::visible : ApplyState::unchanged;
  out.waits_for.clear();
  return out;
}

AppliedZone ApplyRuns::report_zone(const ZoneState& zone) const {
  AppliedZone out{zone.apex.to_text(), zone.version, zone.serial, zone.error, zone.guard, {}};
  for (const auto& part : zone.parts) out.providers.push_back(report_part(zone, part));
  return out;
}

ApplyReport ApplyRuns::report_run(const Run& run) const {
  ApplyReport report{run.id, run.plan, run.started, {}};
  for (const auto& zone : run.zones) report.zones.push_back(report_zone(zone));
  return report;
}

Result<ApplyReport> ApplyRuns::report(const std::string& id) const {
  for (const auto& [number, run] : runs_) {
    if (run.id == id) return report_run(run);
  }
  return fail(Errc::not_found, "there is no apply " + id + ", or it ended long ago");
}

void ApplyRuns::wait(const std::string& id, std::chrono::milliseconds timeout, Done done) {
  for (auto& [number, run] : runs_) {
    if (run.id != id) continue;
    run.waiting.emplace_back(loop_.now() + timeout, std::move(done));
    timer_.set(loop_.now());  // looks from the loop, not from inside this call
    return;
  }
}

void ApplyRuns::look(Run& run) {
  if (run.waiting.empty()) return;
  const auto report = report_run(run);
  const bool ended = has_ended(report);
  const auto now = loop_.now();
  std::vector<Done> due;
  std::erase_if(run.waiting, [&](auto& waiting) {
    if (!ended && waiting.first > now) return false;
    due.push_back(std::move(waiting.second));
    return true;
  });
  for (const auto& done : due) done(report);
}

void ApplyRuns::board_changed(const dns::Name& apex) {
  for (auto& [number, run] : runs_) {
    const bool concerned = std::any_of(run.zones.begin(), run.zones.end(),
                                       [&](const auto& zone) { return zone.apex == apex; });
    if (concerned && !run.waiting.empty()) return timer_.set(loop_.now());
  }
}

void ApplyRuns::on_time() {
  for (auto& [number, run] : runs_) look(run);
  std::optional<net::Instant> next;
  for (const auto& [number, run] : runs_) {
    for (const auto& [deadline, done] : run.waiting) {
      if (!next || deadline < *next) next = deadline;
    }
  }
  if (next) timer_.set(*next);
}

}  // namespace taproot::server
