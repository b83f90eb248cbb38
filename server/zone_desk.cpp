#include "server/zone_desk.hpp"

#include "server/source_merge.hpp"

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
  return {state.config.name, SourceOutcome::Kind::refused, std::move(why), nullptr, nullptr};
}

bool discards(ZoneDesk::Mode mode) {
  return mode == ZoneDesk::Mode::discard || mode == ZoneDesk::Mode::look_discard;
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
  return {state.config.name, SourceOutcome::Kind::unchanged, why, std::move(current), nullptr};
}

SourceOutcome outcome_of(ZoneState& state, const Result<zonestore::Installed>& result) {
  if (!result) return refused(state, result.error().detail);
  state.refused.clear();
  state.is_pending = false;
  const auto kind =
      result->changed ? SourceOutcome::Kind::installed : SourceOutcome::Kind::unchanged;
  return {state.config.name, kind, "", result->version, result->step};
}

}  // namespace

Result<void> ZoneDesk::set_zone(const ZoneConfig& zone) {
  const auto [at, is_new] = zones_.try_emplace(zone.name);
  at->second.config = zone;
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

void ZoneDesk::read(const std::vector<dns::Name>& apexes, Mode mode, const std::string& who,
                    const std::string& why, Done done) {
  std::vector<ZoneConfig> wanted;
  for (const auto& apex : apexes) {
    if (const auto* state = find(apex)) wanted.push_back(state->config);
  }
  loader_.load(wanted, [this, mode, who, why, done = std::move(done)](auto loaded) {
    done(take(std::move(loaded), mode, who, why));
  });
}

std::vector<SourceOutcome> ZoneDesk::take(std::vector<LoadedZone> loaded, Mode mode,
                                          const std::string& who, const std::string& why) {
  std::vector<SourceOutcome> outcomes;
  std::vector<zonestore::InstallRequest> requests;
  std::vector<ZoneState*> installing;
  std::vector<std::shared_ptr<const zonestore::DivergenceStep>> divergences;
  for (auto& zone : loaded) {
    const auto found = zones_.find(zone.name);
    if (found == zones_.end()) continue;  // dropped while it was read
    ZoneState& state = found->second;
    MergedSource merged;
    if (zone.candidate.version) {
      merged = discards(mode) ? source_alone()
                              : merge_source(store_, zone.name, zone.source, zone.candidate);
    }
    state.findings = zone.candidate.findings;
    if (!zone.candidate.version || merged.kind == MergedSource::Kind::refuse) {
      outcomes.push_back(refused(state, first_error(state.findings)));
      continue;
    }
    if (merged.kind == MergedSource::Kind::keep) {
      outcomes.push_back(kept(state, merged.why, store_.current(zone.name)));
      continue;
    }
    if (auto aside = keep_aside(state, zone, mode)) {
      state.refused = aside->why;
      state.is_pending = aside->kind == SourceOutcome::Kind::pending;
      outcomes.push_back(std::move(*aside));
      continue;
    }
    requests.push_back({zone.candidate.version, state.config.serial, zone.candidate.serial_is_ours,
                        who, why, zone.source, std::nullopt, merged.divergence});
    installing.push_back(&state);
    divergences.push_back(merged.divergence);
  }
  const auto results = store_.install(std::move(requests));
  for (std::size_t i = 0; i < results.size(); ++i) {
    outcomes.push_back(outcome_of(*installing[i], results[i]));
    // The source has come to say what the zone says: that is no new version, but worth a note.
    if (results[i] && !results[i]->changed && divergences[i] && !divergences[i]->empty()) {
      (void)store_.journal().diverge(installing[i]->config.name, *divergences[i]);
    }
  }
  return outcomes;
}

std::optional<SourceOutcome> ZoneDesk::keep_aside(const ZoneState& state, const LoadedZone& loaded,
                                                  Mode mode) const {
  const auto current = store_.current(state.config.name);
  // A zone's first version has nothing that it could disturb.
  const bool is_automatic = state.config.publish == Publish::automatic || current == nullptr;
  const bool installs =
      mode == Mode::apply || mode == Mode::discard || (mode == Mode::publish && is_automatic);
  if (installs) return std::nullopt;
  auto preview = store_.preview({loaded.candidate.version, state.config.serial,
                                 loaded.candidate.serial_is_ours, "", "", "", std::nullopt});
  if (!preview) {
    return SourceOutcome{state.config.name, SourceOutcome::Kind::refused, preview.error().detail,
                         nullptr, nullptr};
  }
  const auto kind =
      preview->changed ? SourceOutcome::Kind::pending : SourceOutcome::Kind::unchanged;
  return SourceOutcome{state.config.name, kind, "", preview->version, preview->step};
}

}  // namespace taproot::server
