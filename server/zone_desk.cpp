#include "server/zone_desk.hpp"

#include "server/shrink_guard.hpp"
#include "server/source_merge.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <iterator>
#include <utility>

namespace taproot::server {

namespace {

SourceOutcome refused(ZoneState& state, std::string why) {
  state.refused = why;
  state.stopped.reset();
  return {state.config->name, SourceOutcome::Kind::refused, std::move(why), nullptr, nullptr, {}};
}

constexpr std::size_t read_at_once = 2048;

/// A zone that follows a primary is what that says, whatever was edited before it began to; and a
/// catalog lists the zones that there are.
bool discards(const ZoneState& state, ZoneDesk::Mode mode) {
  return state.config->follow() != nullptr || state.config->is_made_catalog() ||
         mode == ZoneDesk::Mode::discard || mode == ZoneDesk::Mode::look_discard;
}

/// The source as it is, and nothing of what was edited.
MergedSource source_alone() {
  zonestore::DivergenceStep all;
  all.drops_all = true;
  return {MergedSource::Kind::take, "",
          std::make_shared<const zonestore::DivergenceStep>(std::move(all))};
}

SourceOutcome kept(ZoneState& state, const std::string& why,
                   std::shared_ptr<const zonestore::ZoneVersion> current) {
  state.refused = why;
  state.is_pending = false;
  state.stopped.reset();
  return {state.config->name, SourceOutcome::Kind::unchanged, why, std::move(current), nullptr, {}};
}

SourceOutcome outcome_of(ZoneState& state, const Result<zonestore::Installed>& result) {
  if (!result) return refused(state, result.error().detail);
  state.refused.clear();
  state.is_pending = false;
  state.stopped.reset();
  const auto kind =
      result->changed ? SourceOutcome::Kind::installed : SourceOutcome::Kind::unchanged;
  return {state.config->name, kind, "", result->version, result->step, {}};
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

zonestore::RulePolicy rules_of(const ZoneState& state) {
  return state.config->check ? state.config->check->rules : zonestore::RulePolicy();
}

std::string why_not_ours(const ZoneState& state) {
  const auto& config = *state.config;
  if (config.is_made_catalog()) {
    return config.name.to_text() + " is a catalog, made of " + config.shown +
           ": change those, or what the configuration says of them";
  }
  if (config.follow() == nullptr) return "";
  return config.name.to_text() + " is what its primary has (" + config.shown +
         "): change it there, or give it a source of its own";
}

Result<void> ZoneDesk::set_zone(const SharedZoneConfig& zone) {
  const auto [at, is_new] = zones_.try_emplace(zone->name);
  ZoneState& state = at->second;
  if (!is_new && state.config->zonemd != zone->zonemd)
    state.readings = 0;  // worth a look, changed or not
  state.config = zone;
  if (!zone->vanished.empty()) {  // what was wrong with it is gone with it
    state.findings.clear();
    state.refused.clear();
    state.is_pending = false;
    state.stopped.reset();
  }
  if (!is_new) return {};
  return store_.add(zone->name);
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

/// All zones of one request, some at a time: so the first of very many are served early, and no
/// more than those few are held twice.
struct ZoneDesk::Sequence {
  std::vector<WantedZone> wanted;
  std::size_t begun = 0;
  std::size_t open = 0;  ///< lots that are read or judged
  Reading how;
  std::vector<SourceOutcome> outcomes;
  std::vector<SourceOutcome> gone;  ///< of zones without a source
  Done done;
};

void ZoneDesk::read(const std::vector<dns::Name>& apexes, const Reading& how, Done done) {
  std::vector<WantedZone> wanted;
  std::vector<SourceOutcome> gone;
  for (const auto& apex : apexes) {
    const auto* state = find(apex);
    if (state == nullptr) continue;
    if (state->config->vanished.empty()) {
      const bool is_settled = state->readings > 0 && state->refused.empty() && !state->is_pending &&
                              !state->stopped && store_.current(apex);
      wanted.push_back({state->config, is_settled && !discards(*state, how.mode)});
      remotes_.fill(wanted.back().config);
      followed_.fill(wanted.back().config);
      catalogs_.fill(wanted.back().config);
    } else {
      gone.push_back({apex,
                      SourceOutcome::Kind::vanished,
                      state->config->vanished,
                      store_.current(apex),
                      nullptr,
                      {}});
    }
  }
  const auto sequence = std::make_shared<Sequence>();
  sequence->wanted = std::move(wanted);
  sequence->how = how;
  sequence->gone = std::move(gone);
  sequence->done = std::move(done);
  read_some(sequence);
  // Another one, so that there is something to read while a lot that was read is waiting.
  if (sequence->begun < sequence->wanted.size()) read_some(sequence);
}

/// While some are installed the next ones are read already.
void ZoneDesk::read_some(const std::shared_ptr<Sequence>& sequence) {
  auto& wanted = sequence->wanted;
  const std::size_t from = sequence->begun;
  const std::size_t to = std::min(from + read_at_once, wanted.size());
  sequence->begun = to;
  ++sequence->open;
  std::vector<WantedZone> some(std::make_move_iterator(wanted.begin() + std::ptrdiff_t(from)),
                               std::make_move_iterator(wanted.begin() + std::ptrdiff_t(to)));
  loader_.load(std::move(some), [this, sequence](auto loaded) {
    if (sequence->begun < sequence->wanted.size()) read_some(sequence);
    judge(std::move(loaded), sequence->how, [sequence](auto outcomes) {
      std::move(outcomes.begin(), outcomes.end(), std::back_inserter(sequence->outcomes));
      if (--sequence->open > 0) return;
      std::move(sequence->gone.begin(), sequence->gone.end(),
                std::back_inserter(sequence->outcomes));
      sequence->done(std::move(sequence->outcomes));
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
    auto check = external_check_of(zone, how);
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
std::optional<ExternalCheck> ZoneDesk::external_check_of(const LoadedZone& loaded,
                                                         const Reading& how) const {
  const auto* state = find(loaded.name);
  auto candidate = loaded.candidate.version;
  if (state == nullptr || !candidate) return std::nullopt;
  const auto& config = state->config->check;
  if (!config || config->command.empty()) return std::nullopt;
  const auto current = store_.current(loaded.name);
  if (!discards(*state, how.mode)) {
    auto merged = loaded.candidate;  // the next version, edits and all, is what is judged
    const auto merge = merge_source(store_, loaded.name, loaded.source, rules_of(*state), merged,
                                    state->config->zonemd.has_value());
    if (merge.kind != MergedSource::Kind::take) return std::nullopt;
    candidate = merged.version;
  }
  zonestore::InstallRequest wanted;
  wanted.candidate = candidate;
  wanted.policy = state->config->serial;
  wanted.serial_is_ours = loaded.candidate.serial_is_ours;
  wanted.zonemd = state->config->zonemd;
  const auto preview = store_.preview(wanted);
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
  std::vector<std::shared_ptr<const zonestore::DivergenceStep>> divergences;
  std::vector<std::shared_ptr<const ReceivedZone>> received;
  auto reading = std::make_optional(store_.journal().reading());
  for (auto& zone : loaded) {
    const auto found = zones_.find(zone.name);
    // Dropped, or its file gone, while it was read.
    if (found == zones_.end() || !found->second.config->vanished.empty()) continue;
    ZoneState& state = found->second;
    if (zone.is_unchanged) {
      outcomes.push_back(
          {zone.name, SourceOutcome::Kind::unchanged, "", store_.current(zone.name), nullptr, {}});
      continue;
    }
    MergedSource merged;
    if (zone.candidate.version) {
      merged = discards(state, how.mode)
                   ? source_alone()
                   : merge_source(store_, zone.name, zone.source, rules_of(state), zone.candidate,
                                  state.config->zonemd.has_value());
    }
    state.findings = zone.candidate.findings;
    remotes_.on_read(zone.documents, zone.candidate.version != nullptr);
    if (!zone.candidate.version || merged.kind == MergedSource::Kind::refuse) {
      outcomes.push_back(
          refused(state, zonestore::first_error(state.findings, "the source cannot be taken")));
      continue;
    }
    if (merged.kind == MergedSource::Kind::keep) {
      outcomes.push_back(kept(state, merged.why, store_.current(zone.name)));
      continue;
    }
    if (auto aside = keep_aside(state, zone, how)) {
      const bool is_stopped = aside->kind == SourceOutcome::Kind::blocked;
      state.refused = is_stopped ? "" : aside->why;
      state.is_pending = aside->kind == SourceOutcome::Kind::pending;
      state.stopped = aside->guard ? std::make_unique<const GuardStop>(*aside->guard) : nullptr;
      outcomes.push_back(std::move(*aside));
      continue;
    }
    requests.push_back({zone.candidate.version, state.config->serial, zone.candidate.serial_is_ours,
                        how.who, how.why, zone.source, std::nullopt, std::nullopt, zone.revision,
                        merged.divergence, state.config->zonemd});
    requests.back().serial = kept_serial(state, zone);
    installing.push_back(&state);
    received.push_back(zone.received);
    divergences.push_back(merged.divergence);
  }
  reading.reset();
  const auto results = store_.install(std::move(requests));
  for (std::size_t i = 0; i < results.size(); ++i) {
    outcomes.push_back(outcome_of(*installing[i], results[i]));
    if (!results[i]) continue;
    if (received[i]) followed_.on_taken(installing[i]->config->name, received[i]);
    const auto& divergence = divergences[i];
    // The loader goes on from what the source says, which a zone that was edited does not.
    if (!divergence || divergence->drops_all) {
      const auto& config = *installing[i]->config;
      loader_.installed(config.name, config.zonemd ? zonestore::without_digest(results[i]->version)
                                                   : results[i]->version);
    }
    // The source has come to say what the zone says: that is no new version, but worth a note.
    if (!results[i]->changed && divergence && !divergence->empty()) {
      (void)store_.journal().diverge(installing[i]->config->name, *divergence);
    }
  }
  return outcomes;
}

std::optional<SourceOutcome> ZoneDesk::keep_aside(const ZoneState& state, const LoadedZone& loaded,
                                                  const Reading& how) const {
  const auto current = store_.current(state.config->name);
  // A zone's first version has nothing that it could disturb.
  const bool is_automatic = state.config->publish == Publish::automatic || current == nullptr;
  const bool installs = how.mode == Mode::apply || how.mode == Mode::discard ||
                        (how.mode == Mode::publish && is_automatic);
  auto stop =
      why_shrunk(current.get(), *loaded.candidate.version, state.config->max_shrink_percent);
  const bool may_pass = !stop || how.force == stop->force_id;
  if (installs && may_pass) return std::nullopt;
  auto outcome = installs ? SourceOutcome{} : look_at(state, loaded);
  outcome.zone = state.config->name;
  if (!stop || outcome.kind == SourceOutcome::Kind::refused) return outcome;
  if (!installs && how.mode == Mode::publish) return outcome;  // it waits for apply all the same
  outcome.kind = SourceOutcome::Kind::blocked;
  outcome.why = stop->why + ": let it pass with `taproot apply " + state.config->name.to_text() +
                " --force " + stop->force_id + "`";
  outcome.guard = std::move(stop);
  return outcome;
}

/// A follower that keeps its primary's serial also follows where nothing but the serial goes ahead.
std::optional<dns::Serial> ZoneDesk::kept_serial(const ZoneState& state,
                                                 const LoadedZone& loaded) const {
  const auto& config = *state.config;
  if (!loaded.received || config.serial != zonestore::SerialPolicy::keep) return std::nullopt;
  const auto current = store_.current(config.name);
  const auto highest = store_.journal().highest_serial(config.name);
  const auto serial = loaded.candidate.version->serial();
  const bool is_ahead = current && serial > current->serial() && (!highest || serial > *highest);
  return is_ahead ? std::optional(serial) : std::nullopt;
}

/// What the source would become, without doing any of it.
SourceOutcome ZoneDesk::look_at(const ZoneState& state, const LoadedZone& loaded) const {
  zonestore::InstallRequest wanted;
  wanted.candidate = loaded.candidate.version;
  wanted.policy = state.config->serial;
  wanted.serial_is_ours = loaded.candidate.serial_is_ours;
  wanted.zonemd = state.config->zonemd;
  auto preview = store_.preview(wanted);
  if (!preview) {
    return SourceOutcome{state.config->name,
                         SourceOutcome::Kind::refused,
                         preview.error().detail,
                         nullptr,
                         nullptr,
                         {}};
  }
  const auto kind =
      preview->changed ? SourceOutcome::Kind::pending : SourceOutcome::Kind::unchanged;
  return SourceOutcome{state.config->name, kind, "", preview->version, preview->step, {}};
}

}  // namespace taproot::server
