#include "server/distributor.hpp"

#include "monitor/verification.hpp"
#include "pushers/ownership.hpp"
#include "server/provider_driver.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <random>
#include <utility>

namespace taproot::server {

namespace {

using zonestore::ZoneVersion;

monitor::Prober::Options prober_options(const Config& config) {
  monitor::Prober::Options options;
  options.interval = config.probe_interval;
  return options;
}

monitor::WantedVersion wanted(const ZoneVersion& version) {
  return {version.number(), version.serial(), version.provenance().committed};
}

monitor::Arrival arrival_of(const ProviderConfig& provider) {
  return provider.kind == ProviderKind::transfer ? monitor::Arrival::transfer
                                                 : monitor::Arrival::api;
}

std::optional<pushers::ApexNs> apex_ns_of(ApexNsPolicy policy) {
  switch (policy) {
    case ApexNsPolicy::automatic:
      return std::nullopt;
    case ApexNsPolicy::ignore:
      return pushers::ApexNs::ignore;
    case ApexNsPolicy::join:
      return pushers::ApexNs::join;
    case ApexNsPolicy::manage:
      return pushers::ApexNs::manage;
  }
  return std::nullopt;
}

pushers::Pusher::Settings settings_of(const ProviderConfig& provider) {
  pushers::Pusher::Settings settings;
  settings.plan.provider = provider.name;
  settings.plan.mode = provider.ownership == Ownership::shared ? pushers::OwnershipMode::shared
                                                               : pushers::OwnershipMode::exclusive;
  settings.plan.fence = provider.fence;
  settings.plan.apex_ns = apex_ns_of(provider.apex_ns);
  if (provider.omits_unsupported) settings.plan.unsupported = pushers::UnsupportedPolicy::omit;
  const auto& guards = provider.guards;
  if (guards.max_delete_percent) settings.guards.max_deleted_percent = *guards.max_delete_percent;
  if (guards.max_update_percent) settings.guards.max_updated_percent = *guards.max_update_percent;
  if (guards.max_deletes) settings.guards.max_deletions = *guards.max_deletes;
  settings.limits.reading_interval = provider.reading_interval;
  return settings;
}

/// RRsets that are asked for at an API provider when it is not known which ones changed.
constexpr std::size_t sample_rrsets = 16;

monitor::VerifyOptions sample_options() {
  monitor::VerifyOptions options;
  options.max_rrsets = sample_rrsets;
  options.provider_owns_apex = true;
  options.seed = std::random_device()();
  return options;
}

/// At an API provider the serial may be the provider's own: there the data decides.
monitor::Expectation data_expectation(std::uint64_t version,
                                      std::vector<monitor::ExpectedAnswer> answers) {
  monitor::Expectation expectation;
  expectation.version = version;
  expectation.compare_at_any_serial = true;
  expectation.answers =
      std::make_shared<const std::vector<monitor::ExpectedAnswer>>(std::move(answers));
  return expectation;
}

bool is_apex_of_provider(const monitor::ExpectedAnswer& answer, const dns::Name& apex) {
  return answer.owner == apex &&
         (answer.type == dns::RRType::SOA || answer.type == dns::RRType::NS);
}

}  // namespace

Distributor::Distributor(net::Loop& loop, zonestore::ZoneStore& store, const Config& config)
    : loop_(loop),
      store_(store),
      notifier_(loop),
      prober_(loop, prober_options(config)),
      stages_(
          loop,
          [this](const auto& apex, auto stage, auto version) {
            return view_stages_of(apex, stage, version);
          },
          [this](const auto& provider, auto version, auto options) {
            const auto pusher = pushers_.find(provider);
            if (pusher == pushers_.end()) return;
            pusher->second->push(std::move(version), std::move(options));
          },
          [this](const auto& apex, const auto& provider, const auto& words, const auto& error) {
            stage_state(apex, provider, words, error);
          }) {
  notifier_.on_changed([this](const auto& apex, const auto& state) { on_notified(apex, state); });
  prober_.on_observed([this](const auto& observation) { on_observed(observation); });
  configure(config);
}

Distributor::~Distributor() = default;

// --- Configuration -----------------------------------------------------------------------------

void Distributor::configure(const Config& config) {
  pushers_.clear();
  stages_.clear();
  providers_ = config.providers;
  keys_ = config.keys;
  accounts_.configure(providers_);
  for (const auto& provider : providers_) {
    if (provider.kind != ProviderKind::transfer) start_pusher(provider);
  }
}

void Distributor::start_pusher(const ProviderConfig& provider) {
  auto driver = make_driver(provider, keys_);
  if (driver == nullptr) return;
  auto account = accounts_.account_of(provider, driver->capabilities().calls_per_minute);
  auto pusher = std::make_unique<pushers::Pusher>(loop_, std::move(driver), settings_of(provider),
                                                  hooks_of(provider.name), std::move(account));
  if (provider.hold) pusher->hold();
  pushers_[provider.name] = std::move(pusher);
}

void Distributor::set_held(const std::string& name, bool held) {
  const auto found = std::find_if(providers_.begin(), providers_.end(),
                                  [&](const auto& provider) { return provider.name == name; });
  if (found == providers_.end() || found->hold == held) return;
  found->hold = held;
  if (const auto pusher = pushers_.find(name); pusher != pushers_.end()) {
    if (held) pusher->second->hold();
    if (!held) pusher->second->resume();
  }
  for (const auto& [apex, zone] : zones_) {
    const auto& its = zone->providers;
    if (std::find(its.begin(), its.end(), name) == its.end()) continue;
    const auto current = store_.current(apex);
    if (!held && current != nullptr) bring(current, nullptr);
    changed(apex);
  }
}

pushers::Pusher::Hooks Distributor::hooks_of(const std::string& provider) {
  const auto save = [this, provider](const dns::Name& apex, std::uint64_t version,
                                     const std::string& state) {
    return store_.journal().set_applied(apex, provider,
                                        {version, std::chrono::system_clock::now(), state});
  };
  pushers::Pusher::Hooks hooks;
  hooks.on_state = [this](const auto& apex, const auto& name, const auto& words,
                          const auto* result) { push_state(apex, name, words, result); };
  hooks.before_write = [this, provider, save](const auto& apex, const auto&, const auto& state) {
    // What is under way is not applied yet: the version stays the last one that was.
    const auto last = store_.journal().applied(apex, provider);
    return save(apex, last ? last->version : 0, state);
  };
  hooks.save_applied = save;
  hooks.load_applied = [this, provider](const auto& apex) -> std::optional<std::string> {
    auto last = store_.journal().applied(apex, provider);
    if (!last) return std::nullopt;
    return std::move(last->state);
  };
  return hooks;
}

const ProviderConfig* Distributor::find_provider(const std::string& name) const {
  const auto found = std::find_if(providers_.begin(), providers_.end(),
                                  [&](const auto& provider) { return provider.name == name; });
  return found == providers_.end() ? nullptr : &*found;
}

std::vector<const ProviderConfig*> Distributor::providers_of(const dns::Name& apex) const {
  std::vector<const ProviderConfig*> providers;
  const auto zone = zones_.find(apex);
  if (zone == zones_.end()) return providers;
  for (const auto& name : zone->second->providers) {
    const auto* provider = find_provider(name);
    if (provider != nullptr && !provider->hold) providers.push_back(provider);
  }
  return providers;
}

std::vector<monitor::Nameserver> Distributor::nameservers_of(const dns::Name& apex,
                                                             const ProviderConfig& provider) {
  std::vector<monitor::Nameserver> nameservers;
  for (const auto& nameserver : provider.nameservers) {
    for (const auto& endpoint : nameserver.endpoints) {
      nameservers.push_back({apex, provider.name, nameserver.name.to_text(), endpoint});
    }
  }
  return nameservers;
}

// --- Zones -------------------------------------------------------------------------------------

void Distributor::set_zone(const SharedZoneConfig& shared) {
  const ZoneConfig& zone = *shared;
  zones_[zone.name] = shared;
  prober_.unwatch(zone.name);
  std::vector<monitor::ProviderSetup> rows;
  for (const auto& name : zone.providers) {
    const auto* provider = find_provider(name);
    if (provider == nullptr) continue;
    monitor::ProviderSetup row{name, arrival_of(*provider), {}};
    for (const auto& nameserver : nameservers_of(zone.name, *provider)) {
      row.nameservers.emplace_back(nameserver.name, nameserver.endpoint);
    }
    rows.push_back(std::move(row));
  }
  board_.set_zone(zone.name, rows);
  const auto current = store_.current(zone.name);
  if (current == nullptr) return;
  std::vector<monitor::WantedVersion> known;
  if (const auto past = store_.journal().history(zone.name, monitor::Board::max_recent)) {
    for (auto version = past->rbegin(); version != past->rend(); ++version) {
      const auto& by = version->provenance;
      known.push_back({by.number, version->serial, by.committed});
    }
  }
  if (known.empty()) known.push_back(wanted(*current));
  board_.set_history(zone.name, known);
  bring(current, nullptr);
}

void Distributor::drop_zone(const dns::Name& apex) {
  zones_.erase(apex);
  board_.drop_zone(apex);
  prober_.unwatch(apex);
  stages_.drop(apex);
  notifier_.drop(apex);
  for (const auto& [name, pusher] : pushers_) pusher->forget(apex);
  std::erase_if(last_pushes_, [&](const auto& push) { return push.first.first == apex; });
}

void Distributor::installed(const zonestore::Installed& installed) {
  board_.on_installed(*installed.version);
  bring(installed.version, installed.step);
  changed(installed.version->apex());
}

void Distributor::bring(const std::shared_ptr<const ZoneVersion>& version,
                        const std::shared_ptr<const zonestore::ChangeSet>& step) {
  watch(version, step);
  if (is_quiet_) return;
  tell(*version);
  for (const auto* provider : providers_of(version->apex())) {
    if (pushers_.contains(provider->name)) push_to(*provider, version, {});
  }
}

/// Whether the stages before let a version through, or did so before this process began.
bool Distributor::may_push(const ProviderConfig& provider, const ZoneVersion& version) const {
  if (provider.stage <= 1) return true;
  if (stages_.was_released(version.apex(), provider.name, version.number())) return true;
  const auto last = store_.journal().applied(version.apex(), provider.name);
  return last && last->version == version.number();
}

void Distributor::push_to(const ProviderConfig& provider,
                          std::shared_ptr<const ZoneVersion> version,
                          pushers::PushOptions options) {
  if (may_push(provider, *version)) {
    return pushers_.at(provider.name)->push(std::move(version), std::move(options));
  }
  pushers_.at(provider.name)->forget(version->apex());
  stages_.hold_back(provider, std::move(version), std::move(options));
}

StageView Distributor::view_stages_of(const dns::Name& apex, unsigned stage,
                                      std::uint64_t version) const {
  const auto* zone = board_.find(apex);
  if (zone == nullptr) return {StageView::Kind::pending, "", 0, "it is not known any more"};
  return view_stages(*zone, providers_of(apex), stage, version);
}

// --- NOTIFY ------------------------------------------------------------------------------------

std::vector<xfr::NotifyTarget> Distributor::targets_of(const dns::Name& apex) const {
  std::vector<xfr::NotifyTarget> targets;
  for (const auto* provider : providers_of(apex)) {
    for (const auto& target : provider->notify) {
      std::optional<dns::TsigKey> key;
      for (const auto& known : keys_) {
        if (target.key && known.name == *target.key) key = known;
      }
      targets.push_back(
          {provider->name, target.endpoint, provider->notify_source, std::move(key), target.tls});
    }
  }
  return targets;
}

std::vector<net::Endpoint> Distributor::serial_holders(const dns::Name& apex) const {
  std::vector<net::Endpoint> holders;
  for (const auto* provider : providers_of(apex)) {
    if (provider->kind != ProviderKind::transfer) continue;  // an API's serials are its own
    for (const auto& target : provider->notify) {
      if (target.tls == nullptr) holders.push_back(target.endpoint);  // they are asked over UDP
    }
    for (const auto& nameserver : provider->nameservers) {
      holders.insert(holders.end(), nameserver.endpoints.begin(), nameserver.endpoints.end());
    }
  }
  std::sort(holders.begin(), holders.end());
  holders.erase(std::unique(holders.begin(), holders.end()), holders.end());
  return holders;
}

void Distributor::tell(const ZoneVersion& version) {
  const auto soa = *version.apex_node().find(dns::RRType::SOA);
  notifier_.tell({version.apex(), version.soa(), soa.ttl()}, targets_of(version.apex()));
}

std::vector<net::Endpoint> Distributor::notify(const dns::Name& apex) {
  std::vector<net::Endpoint> told;
  const auto current = store_.current(apex);
  if (current == nullptr) return told;
  tell(*current);
  for (const auto& target : targets_of(apex)) told.push_back(target.to);
  return told;
}

void Distributor::on_notified(const dns::Name& apex, const xfr::NotifyState& state) {
  board_.on_notify_state(apex, state.provider, state.to, state.seen ? "" : state.waits_for);
  changed(apex);
}

void Distributor::on_transfer(const TransferEvent& event) {
  secondaries_.on_event(event, std::chrono::system_clock::now());
  if (event.kind != TransferEvent::Kind::finished) return;
  const char* kind = event.what == xfr::IxfrChoice::Kind::differences ? "IXFR"
                     : event.what == xfr::IxfrChoice::Kind::current   ? "SOA"
                                                                      : "AXFR";
  board_.on_transfer(
      event.apex, event.provider,
      {kind, event.from.address(), event.serial, event.octets,
       std::chrono::duration<double>(event.took).count(), std::chrono::system_clock::now()});
  const auto* provider = find_provider(event.provider);
  // Nobody can be asked whether it serves what it took: then taking it has to do.
  if (provider != nullptr && provider->nameservers.empty()) {
    notifier_.seen(event.apex, event.from.address(), event.serial);
  }
  prober_.look_now(event.apex);
  changed(event.apex);
}

std::vector<monitor::Alert> Distributor::alerts_of(const monitor::ZoneRow& zone,
                                                   monitor::WallTime now) const {
  std::vector<monitor::SecondaryTrouble> troubles;
  for (const auto& [provider, row] : zone.providers) {
    for (const auto& one : secondaries_.of(zone.apex, provider)) {
      if (!one.trouble_since) continue;
      troubles.push_back({provider, one.address.to_text(), *one.trouble_since, one.trouble});
    }
  }
  return monitor::alerts_of(zone, troubles, now);
}

// --- Pushes ------------------------------------------------------------------------------------

void Distributor::push(const dns::Name& apex, const std::string& provider,
                       const std::optional<std::string>& force) {
  const auto pusher = pushers_.find(provider);
  const auto current = store_.current(apex);
  if (pusher == pushers_.end() || current == nullptr) return;
  pushers::PushOptions options;
  options.force_plan = force;
  pusher->second->resume();
  if (const auto* config = find_provider(provider)) push_to(*config, current, std::move(options));
}

void Distributor::plan(const std::string& provider, std::shared_ptr<const ZoneVersion> version,
                       std::function<void(const pushers::PushResult&)> done) {
  pushers_.at(provider)->plan(std::move(version), std::move(done));
}

const pushers::PushResult* Distributor::last_push(const dns::Name& apex,
                                                  const std::string& provider) const {
  const auto found = last_pushes_.find({apex, provider});
  return found == last_pushes_.end() ? nullptr : &found->second;
}

void Distributor::stage_state(const dns::Name& apex, const std::string& provider,
                              const std::string& words, const std::string& error) {
  monitor::PushState state{words, std::nullopt, error, false, std::chrono::system_clock::now()};
  if (const auto last = store_.journal().applied(apex, provider); last && last->version > 0) {
    state.applied = last->version;
  }
  if (error.empty()) {
    spdlog::info("{}: {}: {}", apex.to_text(), provider, words);
  } else {
    spdlog::warn("{}: {}: {}", apex.to_text(), provider, words);
  }
  board_.on_push_state(apex, provider, std::move(state));
  changed(apex);
}

void Distributor::push_state(const dns::Name& apex, const std::string& provider,
                             const std::string& words, const pushers::PushResult* result) {
  const auto now = std::chrono::system_clock::now();
  monitor::PushState state{words, std::nullopt, "", false, now};
  if (const auto last = store_.journal().applied(apex, provider); last && last->version > 0) {
    state.applied = last->version;
  }
  if (result != nullptr) {
    using pushers::PushEnd;
    last_pushes_[{apex, provider}] = *result;
    const bool good = result->end == PushEnd::done || result->end == PushEnd::in_sync;
    if (good && result->plan) state.applied = result->plan->version;
    if (!good) state.error = result->words;
    state.waits_for_person = result->end == PushEnd::unsafe;
    if (good) {
      spdlog::info("{}: {}: {}", apex.to_text(), provider, result->words);
    } else {
      spdlog::warn("{}: {}: {}", apex.to_text(), provider, result->words);
    }
  }
  board_.on_push_state(apex, provider, std::move(state));
  if (result != nullptr) {
    prober_.look_now(apex);
    if (on_pushed_) on_pushed_(apex, provider, *result);
  }
  stages_.look(apex);
  changed(apex);
}

// --- Probes ------------------------------------------------------------------------------------

void Distributor::watch(const std::shared_ptr<const ZoneVersion>& version,
                        const std::shared_ptr<const zonestore::ChangeSet>& step) {
  std::vector<std::string> unknown;
  for (const auto* provider : providers_of(version->apex())) {
    if (provider->kind == ProviderKind::transfer) {
      monitor::Expectation expectation;
      expectation.version = version->number();
      expectation.serial = version->serial();
      begin_watching(*provider, version->apex(), expectation);
    } else if (step != nullptr) {
      auto answers = monitor::expect_changes(*version, *step, sample_options());
      std::erase_if(answers, [&](const auto& answer) {
        return is_apex_of_provider(answer, version->apex());
      });
      begin_watching(*provider, version->apex(),
                     data_expectation(version->number(), std::move(answers)));
    } else {
      unknown.push_back(provider->name);
    }
  }
  if (!unknown.empty()) watch_sample(version->apex(), unknown, version);
}

/// Choosing a sample walks the whole zone: not on this loop.
void Distributor::watch_sample(const dns::Name& apex, const std::vector<std::string>& providers,
                               const std::shared_ptr<const ZoneVersion>& version) {
  const auto plan = std::make_shared<monitor::VerificationPlan>();
  loop_.work([plan, version] { *plan = monitor::plan_verification(*version, sample_options()); },
             [this, plan, apex, providers, version] {
               const auto current = store_.current(apex);
               if (current == nullptr || current->number() != version->number()) return;
               for (const auto& name : providers) {
                 const auto* provider = find_provider(name);
                 if (provider == nullptr || plan->expectation.answers == nullptr) continue;
                 begin_watching(*provider, apex,
                                data_expectation(version->number(), *plan->expectation.answers));
               }
             });
}

void Distributor::begin_watching(const ProviderConfig& provider, const dns::Name& apex,
                                 const monitor::Expectation& expectation) {
  for (const auto& nameserver : nameservers_of(apex, provider)) {
    prober_.watch(nameserver, expectation);
  }
}

void Distributor::on_observed(const monitor::Observation& observation) {
  const auto& [apex, provider, name, endpoint] = observation.nameserver;
  const auto* before = board_.find(observation.nameserver);
  const auto state_before = before == nullptr ? monitor::State::unknown : before->state;
  board_.on_observed(observation);
  if (observation.verdict != state_before) {
    spdlog::info("{}: {}: {}: {}", apex.to_text(), provider, observation.nameserver.to_text(),
                 observation.detail);
  }
  if (observation.serial) notifier_.seen(apex, endpoint, *observation.serial);
  const auto* zone = board_.find(apex);
  const auto row = zone == nullptr ? nullptr
                   : zone->providers.find(provider) == zone->providers.end()
                       ? nullptr
                       : &zone->providers.at(provider);
  if (row != nullptr && zone->wanted && row->state() == monitor::State::in_sync) {
    notifier_.seen(apex, provider, zone->wanted->serial);
  }
  stages_.look(apex);
  changed(apex);
}

void Distributor::verify(const monitor::Nameserver& nameserver,
                         std::shared_ptr<const ZoneVersion> version,
                         monitor::Prober::OnVerified done) {
  monitor::VerifyOptions options;
  const auto* provider = find_provider(nameserver.provider);
  options.provider_owns_apex = provider != nullptr && provider->kind != ProviderKind::transfer;
  options.seed = std::random_device()();
  prober_.verify(nameserver, std::move(version), options, std::move(done));
}

void Distributor::changed(const dns::Name& apex) const {
  if (on_changed_) on_changed_(apex);
}

}  // namespace taproot::server
