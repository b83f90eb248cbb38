#include "server/planner.hpp"

#include "server/status_report.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <utility>

namespace taproot::server {

/// A plan in the making: complete when nobody is waited for.
struct Planner::Making {
  PlanReport report;
  std::size_t waiting = 1;  ///< answers owed by providers, and one for begin() itself
  Done done;

  void arrived() {
    if (--waiting > 0) return;
    report.made = std::chrono::system_clock::now();
    report.expires = report.made + lifetime;
    report.id = plan_id(report);
    done(std::move(report));
  }
};

namespace {

using zonestore::ZoneVersion;

PlannedProvider plan_push(const std::string& provider, const pushers::PushResult& result) {
  PlannedProvider out;
  out.provider = provider;
  out.via = Via::api;
  if (!result.plan) {
    out.error = result.words;
    return out;
  }
  for (const auto& change : result.plan->changes) {
    out.changes.push_back(make_planned_change(change.before, change.after));
  }
  for (const auto& note : result.plan->notes) out.notes.push_back(note.to_text());
  if (result.plan->blocked) out.error = *result.plan->blocked;
  out.guard = guard_of(&result);
  out.calls = out.changes.empty() ? 0 : 1;
  return out;
}

/// What a first version brings: all of it, or of a large one the SOA.
std::vector<PlannedChange> first_changes(const ZoneVersion& version) {
  constexpr std::size_t most_rrsets = 1000;
  std::vector<PlannedChange> changes;
  if (version.rrset_count() > most_rrsets) {
    return {make_planned_change(std::nullopt, version.find(version.apex(), dns::RRType::SOA))};
  }
  for (auto cursor = version.walk(); cursor.leaf() != nullptr; cursor.next()) {
    const dns::Name owner = cursor.leaf()->owner(version.apex());
    for (const auto rrset : cursor.leaf()->rrsets()) {
      changes.push_back(make_planned_change(std::nullopt, rrset.to_rrset(owner)));
    }
  }
  return changes;
}

/// The lowest version that any nameserver of a provider is known to serve.
const monitor::NameserverRow* furthest_behind(const monitor::ProviderRow& row,
                                              const ZoneVersion& wanted) {
  const monitor::NameserverRow* worst = nullptr;
  for (const auto& nameserver : row.nameservers) {
    if (nameserver.seen_serial == wanted.serial()) continue;
    if (worst == nullptr || !nameserver.seen_serial ||
        (worst->seen_serial && *nameserver.seen_serial < *worst->seen_serial)) {
      worst = &nameserver;
    }
  }
  return worst;
}

}  // namespace

void Planner::plan(const std::vector<dns::Name>& zones, Done done) {
  const auto making = std::make_shared<Making>();
  making->done = std::move(done);
  desk_.read(zones, ZoneDesk::Mode::look, "", "", [this, making](auto outcomes) {
    begin(making, std::move(outcomes));
    making->arrived();
  });
}

void Planner::begin(const std::shared_ptr<Making>& making, std::vector<SourceOutcome> outcomes) {
  std::sort(outcomes.begin(), outcomes.end(),
            [](const auto& a, const auto& b) { return a.zone < b.zone; });
  for (const auto& outcome : outcomes) begin_zone(making, outcome);
}

void Planner::begin_zone(const std::shared_ptr<Making>& making, const SourceOutcome& outcome) {
  const auto current = store_.current(outcome.zone);
  const bool differs = outcome.kind == SourceOutcome::Kind::pending ||
                       (outcome.kind == SourceOutcome::Kind::blocked && outcome.version);
  const auto wanted = differs ? outcome.version : current;
  const std::size_t at = making->report.zones.size();
  making->report.zones.emplace_back();
  PlannedZone& zone = making->report.zones[at];
  zone.zone = outcome.zone.to_text();
  if (current) {
    zone.version = current->number();
    zone.serial = current->serial().value();
  }
  if (differs && outcome.step) zone.source_changes = make_planned_changes(*outcome.step);
  if (differs && !current) zone.source_changes = first_changes(*wanted);
  zone.guard = outcome.guard;
  const auto* state = desk_.find(outcome.zone);
  if (state != nullptr) zone.findings = state->findings;
  if (wanted == nullptr) return;
  for (const auto* provider : distributor_.providers_of(outcome.zone)) {
    if (provider->kind == ProviderKind::transfer) {
      zone.providers.push_back(plan_transfer(*provider, *wanted));
      continue;
    }
    const std::size_t place = zone.providers.size();
    zone.providers.push_back({provider->name, Via::api, {}, 0, {}, std::nullopt, ""});
    ++making->waiting;
    distributor_.plan(provider->name, wanted,
                      [making, at, place, name = provider->name](const auto& result) {
                        making->report.zones[at].providers[place] = plan_push(name, result);
                        making->arrived();
                      });
  }
}

PlannedProvider Planner::plan_transfer(const ProviderConfig& provider,
                                       const ZoneVersion& wanted) const {
  PlannedProvider out;
  out.provider = provider.name;
  const auto* zone = distributor_.board().find(wanted.apex());
  if (zone == nullptr || !zone->providers.contains(provider.name)) return out;
  const auto* behind = furthest_behind(zone->providers.at(provider.name), wanted);
  if (behind == nullptr) {
    if (provider.nameservers.empty()) out.notes.emplace_back("has no nameservers to compare with");
    return out;
  }
  const std::string who = behind->nameserver + " (" + behind->endpoint.to_text() + ")";
  if (!behind->seen_serial && !behind->failing_since) {
    out.notes.push_back(who + " has not been asked yet");
    return out;
  }
  if (!behind->seen_serial) {
    out.error = who + " has not been seen serving the zone: " +
                (behind->last_error.empty() ? behind->waits_for : behind->last_error);
    return out;
  }
  const auto steps = wanted.steps_from(*behind->seen_serial);
  if (!steps || steps->empty()) {
    out.notes.push_back(who + " has serial " + std::to_string(behind->seen_serial->value()) +
                        ", which is not in the history kept: it gets the whole zone");
    out.changes.push_back(
        make_planned_change(std::nullopt, wanted.find(wanted.apex(), dns::RRType::SOA)));
    return out;
  }
  out.changes = make_planned_changes(zonestore::condense(*steps));
  return out;
}

namespace {

/// Feeds text into the hash, each piece with an end that cannot be part of it.
class Digest {
 public:
  void add(const std::string& text) { text_.append(text).push_back('\0'); }
  void add(const std::vector<PlannedChange>& changes) {
    for (const auto& change : changes) {
      if (change.type == "SOA") continue;  // its serial is not decided yet
      add(change.owner + " " + change.type);
      for (const auto& line : change.before) add("- " + line);
      for (const auto& line : change.after) add("+ " + line);
    }
  }
  std::string hex() const {
    std::array<unsigned char, EVP_MAX_MD_SIZE> hash;
    unsigned size = 0;
    EVP_Digest(text_.data(), text_.size(), hash.data(), &size, EVP_sha256(), nullptr);
    std::string text;
    for (std::size_t i = 0; i < 6; ++i) {
      text += "0123456789abcdef"[hash[i] >> 4];
      text += "0123456789abcdef"[hash[i] & 15];
    }
    return text;
  }

 private:
  std::string text_;
};

}  // namespace

std::string plan_id(const PlanReport& report) {
  Digest digest;
  for (const auto& zone : report.zones) {
    digest.add(zone.zone + " " + std::to_string(zone.version));
    digest.add(zone.source_changes);
    for (const auto& provider : zone.providers) {
      digest.add("at " + provider.provider);
      digest.add(provider.changes);
      digest.add(provider.error);
    }
  }
  return digest.hex();
}

bool is_empty(const PlanReport& report) {
  return std::all_of(report.zones.begin(), report.zones.end(), [](const auto& zone) {
    return zone.source_changes.empty() &&
           std::all_of(zone.providers.begin(), zone.providers.end(), [](const auto& provider) {
             return provider.changes.empty() && provider.error.empty();
           });
  });
}

}  // namespace taproot::server
