#include "server/zone_desk.hpp"

#include "server/shrink_guard.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>
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

/// How many of the newest versions an operator made by going back, one after the other.
std::size_t rollbacks_in_a_row(zonestore::Journal& journal, const zonestore::ZoneVersion& current) {
  const auto is_rollback = [](const zonestore::Provenance& provenance) {
    return provenance.source.starts_with("version ");
  };
  if (!is_rollback(current.provenance())) return 0;
  const auto rows = journal.history(current.apex(), current.history().size());
  if (!rows) return 1;
  const auto end = std::find_if(rows->begin(), rows->end(),
                                [&](const auto& row) { return !is_rollback(row.provenance); });
  return static_cast<std::size_t>(end - rows->begin());
}

/// Serial aside.
bool says_the_same(const zonestore::ZoneVersion& version, const zonestore::ZoneVersion& candidate) {
  zonestore::ZoneBuilder builder(version);
  builder.set_serial(candidate.serial());
  const auto other = builder.finish();
  return other && zonestore::changes_between(**other, candidate).changes.empty();
}

/// True if an operator went back from just these contents: then the source, which still has them,
/// must not bring them back, neither at a reload nor after a restart. Who goes back twice went
/// back from both.
bool is_rolled_back(zonestore::Journal& journal, const zonestore::ZoneVersion* current,
                    const zonestore::ZoneVersion& candidate) {
  if (current == nullptr || current->history().empty()) return false;
  std::size_t steps = rollbacks_in_a_row(journal, *current);
  std::shared_ptr<const zonestore::ZoneVersion> before;
  for (auto step = current->history().rbegin(); step != current->history().rend(); ++step) {
    if (steps-- == 0) break;
    zonestore::ChangeSet undo = **step;
    for (auto& change : undo.changes) std::swap(change.before, change.after);
    zonestore::ZoneBuilder builder(before ? *before : *current);
    if (!builder.apply(undo)) return false;
    auto undone = builder.finish();
    if (!undone) return false;
    before = std::move(*undone);
    if (says_the_same(*before, candidate)) return true;
  }
  return false;
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
  loader_.forget(apex);
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
  std::vector<WantedZone> wanted;
  std::vector<SourceOutcome> gone;
  for (const auto& apex : apexes) {
    const auto* state = find(apex);
    if (state == nullptr) continue;
    if (state->config.vanished.empty()) {
      const bool is_settled = state->readings > 0 && state->refused.empty() && !state->is_pending &&
                              !state->stopped && store_.current(apex);
      wanted.push_back({state->config, is_settled});
    } else {
      gone.push_back({apex,
                      SourceOutcome::Kind::vanished,
                      state->config.vanished,
                      store_.current(apex),
                      nullptr,
                      {}});
    }
  }
  loader_.load(std::move(wanted),
               [this, how, gone = std::move(gone), done = std::move(done)](auto loaded) {
                 judge(std::move(loaded), how, [gone, done](auto outcomes) {
                   outcomes.insert(outcomes.end(), gone.begin(), gone.end());
                   done(std::move(outcomes));
                 });
               });
}

/// Takes what needs no command at once, and each of the others when its command has ended; `done`
/// hears of all of them together.
void ZoneDesk::judge(std::vector<LoadedZone> loaded, const Reading& how, Done done) {
  struct Judging {
    std::vector<SourceOutcome> outcomes;
    std::size_t open = 0;
    Done done;
  };
  const auto judging = std::make_shared<Judging>();
  judging->done = std::move(done);
  std::vector<LoadedZone> at_once;
  for (auto& zone : loaded) {
    const auto found = zones_.find(zone.name);
    const auto reading = found == zones_.end() ? 0 : ++found->second.readings;
    auto check = external_check_of(zone);
    if (!check) {
      at_once.push_back(std::move(zone));
      continue;
    }
    ++judging->open;
    const auto waiting = std::make_shared<LoadedZone>(std::move(zone));
    checks_.run(std::move(*check), [this, judging, waiting, reading, how](auto findings) {
      auto outcomes = take_judged(*waiting, reading, std::move(findings), how);
      std::move(outcomes.begin(), outcomes.end(), std::back_inserter(judging->outcomes));
      if (--judging->open == 0) judging->done(std::move(judging->outcomes));
    });
  }
  judging->outcomes = take(std::move(at_once), how);
  if (judging->open == 0) judging->done(std::move(judging->outcomes));
}

/// What the zone's command is to judge, or nothing: what changes nothing needs no judge.
std::optional<ExternalCheck> ZoneDesk::external_check_of(const LoadedZone& loaded) const {
  const auto* state = find(loaded.name);
  const auto& candidate = loaded.candidate.version;
  if (state == nullptr || !candidate) return std::nullopt;
  const auto& config = state->config.check;
  if (!config || config->command.empty()) return std::nullopt;
  const auto current = store_.current(loaded.name);
  if (is_rolled_back(store_.journal(), current.get(), *candidate)) return std::nullopt;
  const auto preview = store_.preview(
      {candidate, state->config.serial, loaded.candidate.serial_is_ours, "", "", "", std::nullopt});
  if (!preview || !preview->changed) return std::nullopt;
  return ExternalCheck{preview->version, config, loaded.source, current ? current->number() : 0};
}

std::vector<SourceOutcome> ZoneDesk::take_judged(LoadedZone& zone, std::uint64_t reading,
                                                 std::vector<zonestore::Finding> findings,
                                                 const Reading& how) {
  const auto* state = find(zone.name);
  if (state == nullptr) return {};  // dropped meanwhile
  if (state->readings != reading) {
    return std::vector<SourceOutcome>{SourceOutcome{zone.name,
                                                    SourceOutcome::Kind::unchanged,
                                                    "the source was read again while its check ran",
                                                    nullptr,
                                                    nullptr,
                                                    {}}};
  }
  if (zonestore::has_errors(findings)) zone.candidate.version = nullptr;
  std::move(findings.begin(), findings.end(), std::back_inserter(zone.candidate.findings));
  std::vector<LoadedZone> one;
  one.push_back(std::move(zone));
  return take(std::move(one), how);
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
    if (zone.is_unchanged) {
      outcomes.push_back(
          {zone.name, SourceOutcome::Kind::unchanged, "", store_.current(zone.name), nullptr, {}});
      continue;
    }
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
    if (results[i]) loader_.installed(installing[i]->config.name, results[i]->version);
  }
  return outcomes;
}

std::optional<SourceOutcome> ZoneDesk::keep_aside(const ZoneState& state, const LoadedZone& loaded,
                                                  const Reading& how) const {
  const auto current = store_.current(state.config.name);
  if (is_rolled_back(store_.journal(), current.get(), *loaded.candidate.version)) {
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
