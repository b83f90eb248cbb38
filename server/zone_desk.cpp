#include "server/zone_desk.hpp"

#include "server/shrink_guard.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace taproot::server {

namespace {

std::string first_error(const std::vector<zonestore::Finding>& findings) {
  for (const auto& finding : findings) {
    if (finding.severity == zonestore::Severity::error) return zonestore::to_line(finding);
  }
  return "the source cannot be taken";
}

SourceOutcome refused(ZoneState& state, std::string why) {
  state.refused = why;
  state.stopped.reset();
  return {state.config.name, SourceOutcome::Kind::refused, std::move(why), nullptr, nullptr, {}};
}

std::string rolled_back_words() {
  return "the source still has what was rolled back: change it, or bring it back with "
         "`taproot rollback`";
}

/// True if an operator went back from just these contents: then the source, which still has them,
/// must not bring them back, neither at a reload nor after a restart.
bool is_rolled_back(const zonestore::ZoneVersion* current,
                    const zonestore::ZoneVersion& candidate) {
  if (current == nullptr || current->history().empty()) return false;
  if (!current->provenance().source.starts_with("version ")) return false;
  zonestore::ChangeSet undo = *current->history().back();
  for (auto& change : undo.changes) std::swap(change.before, change.after);
  zonestore::ZoneBuilder builder(*current);
  if (!builder.apply(undo)) return false;
  builder.set_serial(candidate.serial());
  const auto left = builder.finish();
  return left && zonestore::changes_between(**left, candidate).changes.empty();
}

SourceOutcome outcome_of(ZoneState& state, const Result<zonestore::Installed>& result) {
  if (!result) return refused(state, result.error().detail);
  state.refused.clear();
  state.is_pending = false;
  state.stopped.reset();
  const auto kind =
      result->changed ? SourceOutcome::Kind::installed : SourceOutcome::Kind::unchanged;
  return {state.config.name, kind, "", result->version, result->step, {}};
}

}  // namespace

void log_outcomes(const std::vector<SourceOutcome>& outcomes) {
  for (const auto& outcome : outcomes) {
    if (outcome.kind == SourceOutcome::Kind::refused) {
      spdlog::error("{}: source refused, the last good version stays: {}", outcome.zone.to_text(),
                    outcome.why);
    } else if (outcome.kind == SourceOutcome::Kind::pending) {
      spdlog::info("{}: source changed, waits for `taproot apply`", outcome.zone.to_text());
    } else if (outcome.kind == SourceOutcome::Kind::blocked) {
      spdlog::warn("{}: source stopped, the last good version stays: {}", outcome.zone.to_text(),
                   outcome.why);
    }
  }
}

Result<void> ZoneDesk::set_zone(const ZoneConfig& zone) {
  const auto [at, is_new] = zones_.try_emplace(zone.name);
  ZoneState& state = at->second;
  state.config = zone;
  if (!zone.vanished.empty()) {  // what was wrong with it is gone with it
    state.findings.clear();
    state.refused.clear();
    state.is_pending = false;
    state.stopped.reset();
  }
  if (!is_new) return {};
  return store_.add(zone.name);
}

void ZoneDesk::drop_zone(const dns::Name& apex) {
  zones_.erase(apex);
  store_.drop(apex);
}

const ZoneState* ZoneDesk::find(const dns::Name& apex) const {
  const auto found = zones_.find(apex);
  return found == zones_.end() ? nullptr : &found->second;
}

std::vector<dns::Name> ZoneDesk::names() const {
  std::vector<dns::Name> names;
  names.reserve(zones_.size());
  for (const auto& [name, state] : zones_) names.push_back(name);
  return names;
}

void ZoneDesk::read(const std::vector<dns::Name>& apexes, const Reading& how, Done done) {
  std::vector<ZoneConfig> wanted;
  std::vector<SourceOutcome> gone;
  for (const auto& apex : apexes) {
    const auto* state = find(apex);
    if (state == nullptr) continue;
    if (state->config.vanished.empty()) {
      wanted.push_back(state->config);
    } else {
      gone.push_back({apex,
                      SourceOutcome::Kind::vanished,
                      state->config.vanished,
                      store_.current(apex),
                      nullptr,
                      {}});
    }
  }
  loader_.load(wanted, [this, how, gone = std::move(gone), done = std::move(done)](auto loaded) {
    auto outcomes = take(std::move(loaded), how);
    outcomes.insert(outcomes.end(), gone.begin(), gone.end());
    done(std::move(outcomes));
  });
}

std::vector<SourceOutcome> ZoneDesk::take(std::vector<LoadedZone> loaded, const Reading& how) {
  std::vector<SourceOutcome> outcomes;
  std::vector<zonestore::InstallRequest> requests;
  std::vector<ZoneState*> installing;
  for (auto& zone : loaded) {
    const auto found = zones_.find(zone.name);
    // Dropped, or its file gone, while it was read.
    if (found == zones_.end() || !found->second.config.vanished.empty()) continue;
    ZoneState& state = found->second;
    state.findings = zone.candidate.findings;
    if (!zone.candidate.version) {
      outcomes.push_back(refused(state, first_error(state.findings)));
      continue;
    }
    if (auto aside = keep_aside(state, zone, how)) {
      const bool is_stopped = aside->kind == SourceOutcome::Kind::blocked;
      state.refused = is_stopped ? "" : aside->why;
      state.is_pending = aside->kind == SourceOutcome::Kind::pending;
      state.stopped = aside->guard;
      outcomes.push_back(std::move(*aside));
      continue;
    }
    requests.push_back({zone.candidate.version, state.config.serial, zone.candidate.serial_is_ours,
                        how.who, how.why, zone.source, std::nullopt, std::nullopt, zone.revision});
    installing.push_back(&state);
  }
  const auto results = store_.install(std::move(requests));
  for (std::size_t i = 0; i < results.size(); ++i) {
    outcomes.push_back(outcome_of(*installing[i], results[i]));
  }
  return outcomes;
}

std::optional<SourceOutcome> ZoneDesk::keep_aside(const ZoneState& state, const LoadedZone& loaded,
                                                  const Reading& how) const {
  const auto current = store_.current(state.config.name);
  if (is_rolled_back(current.get(), *loaded.candidate.version)) {
    return SourceOutcome{state.config.name,
                         SourceOutcome::Kind::unchanged,
                         rolled_back_words(),
                         current,
                         nullptr,
                         {}};
  }
  // A zone's first version has nothing that it could disturb.
  const bool is_automatic = state.config.publish == Publish::automatic || current == nullptr;
  const bool installs = how.mode == Mode::apply || (how.mode == Mode::publish && is_automatic);
  auto stop = why_shrunk(current.get(), *loaded.candidate.version, state.config.max_shrink_percent);
  const bool may_pass = !stop || how.force == stop->force_id;
  if (installs && may_pass) return std::nullopt;
  auto outcome = installs ? SourceOutcome{} : look_at(state, loaded);
  outcome.zone = state.config.name;
  if (!stop || outcome.kind == SourceOutcome::Kind::refused) return outcome;
  if (!installs && how.mode == Mode::publish) return outcome;  // it waits for apply all the same
  outcome.kind = SourceOutcome::Kind::blocked;
  outcome.why = stop->why + ": let it pass with `taproot apply " + state.config.name.to_text() +
                " --force " + stop->force_id + "`";
  outcome.guard = std::move(stop);
  return outcome;
}

/// What the source would become, without doing any of it.
SourceOutcome ZoneDesk::look_at(const ZoneState& state, const LoadedZone& loaded) const {
  auto preview = store_.preview({loaded.candidate.version, state.config.serial,
                                 loaded.candidate.serial_is_ours, "", "", "", std::nullopt});
  if (!preview) {
    return SourceOutcome{state.config.name,
                         SourceOutcome::Kind::refused,
                         preview.error().detail,
                         nullptr,
                         nullptr,
                         {}};
  }
  const auto kind =
      preview->changed ? SourceOutcome::Kind::pending : SourceOutcome::Kind::unchanged;
  return SourceOutcome{state.config.name, kind, "", preview->version, preview->step, {}};
}

}  // namespace taproot::server
