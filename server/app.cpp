#include "server/app.hpp"

#include "net/wall_clock.hpp"
#include "server/control_token.hpp"
#include "server/free_memory.hpp"
#include "server/status_report.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>
#include <thread>
#include <unordered_set>
#include <utility>

namespace taproot::server {

namespace {

std::size_t worker_count(const Config& config) {
  if (config.workers) return *config.workers;
  return std::max(1U, std::thread::hardware_concurrency());
}

std::string describe(const TransferEvent& event) {
  const std::string who = event.from.to_text() + (event.over_tls ? " over TLS" : "") +
                          (event.key ? " with key " + event.key->to_text() : std::string()) +
                          (event.provider.empty() ? "" : " (" + event.provider + ")");
  return event.apex.to_text() + ": " + who;
}

std::string_view name_of(xfr::IxfrChoice::Kind kind) {
  switch (kind) {
    case xfr::IxfrChoice::Kind::current:
      return "current SOA";
    case xfr::IxfrChoice::Kind::differences:
      return "IXFR";
    case xfr::IxfrChoice::Kind::whole_zone:
      return "AXFR";
  }
  return "transfer";
}

/// A primary with a key has to prove with it that it is the primary.
std::vector<xfr::AccessRule> notifiers_of(const FollowConfig& follow) {
  std::vector<xfr::AccessRule> rules;
  for (const auto& primary : follow.primaries) {
    auto rule = follow.notify;
    rule.provider = "a primary";
    const auto address = net::Prefix::from_text(primary.endpoint.address().to_text());
    if (address) rule.from.push_back(*address);
    rule.from.insert(rule.from.end(), follow.notify_from.begin(), follow.notify_from.end());
    rule.key = primary.key;
    rules.push_back(std::move(rule));
  }
  return rules;
}

void log_event(const TransferEvent& event) {
  using Kind = TransferEvent::Kind;
  switch (event.kind) {
    case Kind::soa_query:
    case Kind::started:
    case Kind::notified:
    case Kind::refused:     // see RefusalLog
    case Kind::broken_tls:  // too
      return;
    case Kind::finished:
      spdlog::info("{}: {} of serial {}: {} records, {} octets in {:.3f} s", describe(event),
                   name_of(event.what), event.serial.value(), event.records, event.octets,
                   std::chrono::duration<double>(event.took).count());
      if (!event.note.empty()) spdlog::warn("{}: {}", describe(event), event.note);
      return;
    case Kind::aborted:
      spdlog::warn("{}: {} of serial {} broke off: {}", describe(event), name_of(event.what),
                   event.serial.value(), event.why);
      return;
  }
}

std::optional<std::string> expiry_warning(const net::TlsContext& tls) {
  constexpr auto soon = std::chrono::hours(24 * 14);
  const auto end = tls.not_after();
  const auto now = std::chrono::system_clock::now();
  if (!end || *end > now + soon) return std::nullopt;
  const auto hours = std::chrono::duration_cast<std::chrono::hours>(*end - now).count();
  return hours <= 0 ? "the certificate of server.tls has expired: renew it and reload"
                    : "the certificate of server.tls expires in " + std::to_string(hours) + " h";
}

/// Who may transfer a zone that these providers have.
Policy::Rules rules_of(const Config& config, const std::vector<std::string>& providers) {
  Policy::Rules rules;
  for (const auto& name : providers) {
    const auto* provider = config.find_provider(name);
    if (provider == nullptr || provider->hold) continue;
    rules.insert(rules.end(), provider->access.begin(), provider->access.end());
  }
  return rules;
}

/// How many secondaries this provider has at each address, as far as the configuration tells.
std::map<net::Address, unsigned> crowds_of(const ProviderConfig& provider) {
  std::set<net::Endpoint> endpoints;
  for (const auto& target : provider.notify) {
    // The port of TLS is another one of the same secondary.
    constexpr std::uint16_t dns_port = 53;
    endpoints.insert(target.tls == nullptr ? target.endpoint
                                           : net::Endpoint(target.endpoint.address(), dns_port));
  }
  for (const auto& nameserver : provider.nameservers) {
    endpoints.insert(nameserver.endpoints.begin(), nameserver.endpoints.end());
  }
  std::map<net::Address, unsigned> crowds;
  for (const auto& endpoint : endpoints) ++crowds[endpoint.address()];
  return crowds;
}

/// Whether each nameserver that is looked at serves the version wanted.
bool is_everywhere(const monitor::Board& board, const dns::Name& zone) {
  const auto* row = board.find(zone);
  if (row == nullptr) return true;
  for (const auto& [name, provider] : row->providers) {
    for (const auto& nameserver : provider.nameservers) {
      if (nameserver.state != monitor::State::in_sync) return false;
    }
  }
  return true;
}

}  // namespace

// --- Building the house ------------------------------------------------------------------------

App::App(net::Loop& loop, Config config, Reread reread, std::unique_ptr<zonestore::Journal> journal)
    : loop_(loop),
      config_(std::move(config)),
      reread_(std::move(reread)),
      started_(std::chrono::system_clock::now()),
      store_(std::move(journal), config_.history),
      refusals_([](const auto& line) { spdlog::warn("{}", line); }),
      remotes_(loop, config_.state / "sources",
               [this](const auto& zone) { on_document_changed(zone); }),
      followed_(loop, store_, config_.state / "followed",
                [this](const auto& zone) { read_and_log({zone}, [] {}, "transfer"); }),
      catalogs_(config_, store_),
      desk_(loop, store_, remotes_, followed_, catalogs_),
      editor_(loop, store_, desk_),
      updates_(store_.journal(), editor_, net::wall_seconds),
      held_(config_.state),
      distributor_(loop, store_, held_config()),
      serials_(loop, store_, desk_, distributor_),
      planner_(store_, desk_, distributor_),
      runs_(loop, store_, distributor_),
      homes_(store_.journal()),
      watch_(loop, [this](SourceNews news) { on_sources(std::move(news)); }),
      parents_(loop, config_.state / "parents",
               [this](const auto& zone) { return is_everywhere(distributor_.board(), zone); }),
      housekeeping_(loop, [this] { keep_house(); }),
      catalog_timer_(loop, [this] { make_catalogs(); }) {}

App::~App() = default;

Result<std::unique_ptr<App>> App::start(net::Loop& loop, Config config, Reread reread) {
  auto journal = zonestore::Journal::open_for_serving(config.state, config.history);
  if (!journal) return tl::unexpected<Error>(journal.error());
  std::unique_ptr<App> app(
      new App(loop, std::move(config), std::move(reread), std::move(*journal)));
  app->furnish();
  if (auto opened = app->open_doors(); !opened) return tl::unexpected<Error>(opened.error());
  return app;
}

Result<std::unique_ptr<App>> App::look(net::Loop& loop, Config config,
                                       const std::filesystem::path& state) {
  auto journal = zonestore::Journal::open(state, config.history, true);
  std::error_code ignored;  // what cannot be looked at is there
  if (!journal && !std::filesystem::exists(state / "taproot.db", ignored) && !ignored) {
    journal = zonestore::Journal::open(config.state, config.history);
  }
  if (!journal) return tl::unexpected<Error>(journal.error());
  std::unique_ptr<App> app(new App(loop, std::move(config), {}, std::move(*journal)));
  app->is_looking_ = true;
  app->distributor_.keep_quiet();
  app->furnish();
  return app;
}

bool App::has_looked(const Zones& zones) const {
  return std::all_of(zones.begin(), zones.end(), [&](const auto& zone) {
    const auto* row = distributor_.board().find(zone);
    if (row == nullptr || store_.current(zone) == nullptr) return true;  // nobody is asked
    for (const auto& [name, provider] : row->providers) {
      for (const auto& nameserver : provider.nameservers) {
        if (!nameserver.seen_serial && !nameserver.failing_since) return false;
      }
    }
    return true;
  });
}

/// What answers and distributes, before anybody can ask.
void App::furnish() {
  store_.on_installed([this](const auto& installed) { on_installed(installed); });
  distributor_.on_changed([this](const auto& apex) { runs_.board_changed(apex); });
  distributor_.on_pushed([this](const auto& apex, const auto& provider, const auto& result) {
    runs_.pushed(apex, provider, result);
  });
  add_members(config_);
  homes_.add_vanished(config_);
  publish_policy();
  set_zones();
  publish_tls();
}

Result<void> App::open_doors() {
  auto serving = Serving::start(
      store_, policy_,
      {config_.listen, worker_count(config_), &delivered_, config_.listen_tls, &tls_, &composed_},
      [this](TransferEvent event) {
        loop_.post([this, event = std::move(event)] { on_transfer(event); });
      },
      [this](UpdateOrder order) {
        loop_.post([this, order = std::move(order)]() mutable { updates_.take(std::move(order)); });
      });
  if (!serving) return tl::unexpected<Error>(serving.error());
  serving_ = std::move(*serving);
  auto token = read_or_make_token(config_.control.token_file);
  if (!token && store_.journal().trouble()) {
    spdlog::warn("{}: until then nothing can be changed over the control API",
                 token.error().detail);
    token = make_token();
  }
  if (!token) return tl::unexpected<Error>(token.error());
  Control::Options options;
  options.listen = config_.control.listen;
  options.allowed_hosts = config_.control.allowed_hosts;
  options.token = std::move(*token);
  auto control = Control::open(loop_, *this, std::move(options));
  if (!control) return tl::unexpected<Error>(control.error());
  control_ = std::move(*control);
  keep_house();
  return {};
}

/// A long transfer may be the last to hold an old version: it is freed here, not on its loop.
void App::keep_house() {
  log_left_out();
  composed_.set_limit(config_.kept_transfers);
  composed_.sweep(net::Loop::now());
  store_.free_retired();
  watch_state();
  write_refusals();
  if (!checkpointing_ && store_.journal().wants_checkpoint()) tidy_journal();
  housekeeping_.set_after(std::chrono::seconds(5));
}

void App::write_refusals() {
  std::uint64_t all = 0;
  std::uint64_t told = 0;
  for (const auto* counters : serving_->counters()) {
    told += counters->refusals_told.value();  // first: one that is told meanwhile is not missing
    all += counters->refusals.value();
  }
  refusals_.tick(net::Clock::now(), all, told);
}

void App::tidy_journal() {
  checkpointing_ = true;
  const auto done = std::make_shared<Result<void>>();
  loop_.work([done, folder = config_.state] { *done = zonestore::Journal::checkpoint(folder); },
             [this, done] {
               checkpointing_ = false;
               if (!*done) spdlog::warn("{}", done->error().detail);
             });
}

/// Says once that the state cannot be written, and once that it can again; then the sources that
/// were refused meanwhile get another chance.
void App::watch_state() {
  auto& journal = store_.journal();
  const bool was_in_trouble = journal.trouble().has_value();
  if (was_in_trouble) (void)journal.try_writing();  // how it went is in trouble()
  const bool is_writable = !journal.trouble();
  // Trouble may have come since the last look and be over in this one: something was refused.
  const bool is_over = was_in_trouble && is_writable;
  if (is_writable == is_state_writable_ && !is_over) return;
  is_state_writable_ = is_writable;
  if (!is_writable) {
    spdlog::error("{}", state_warning(*journal.trouble()));
    return;
  }
  spdlog::info("the state can be written again");
  std::vector<dns::Name> refused;
  for (const auto& [name, zone] : desk_.zones()) {
    if (!zone.refused.empty()) refused.push_back(name);
  }
  desk_.read(refused, ZoneDesk::Mode::publish, "file", "",
             [](const auto& outcomes) { log_outcomes(outcomes); });
}

void App::set_zones() {
  {
    const auto reading = store_.journal().reading();
    set_each_zone();
  }
  for (const auto& name : names_not_configured()) {
    spdlog::info("{}: no longer configured, not served any more", name.to_text());
    distributor_.drop_zone(name);
    desk_.drop_zone(name);
    remotes_.drop_zone(name);
    followed_.drop_zone(name);
    parents_.drop_zone(name);
  }
  if (is_looking_) return;
  remotes_.tidy();
  followed_.tidy();
  parents_.configure(config_.parent_notify);
  parents_.tidy();
  homes_.remember(config_.zones);
  watch_.configure(config_);
  make_catalogs_soon();
  for (const auto& warning : folder_warnings()) spdlog::warn("{}", warning);
}

void App::set_each_zone() {
  for (const auto& zone : config_.zones) {
    if (const auto* state = desk_.find(zone->name); state != nullptr && state->config == zone) {
      continue;
    }
    if (const auto set = desk_.set_zone(zone); !set) {
      spdlog::error("{}: its versions cannot be read, its source has to do: {}",
                    zone->name.to_text(), set.error().detail);
    }
    remotes_.set_zone(*zone);
    followed_.set_zone(*zone, config_.keys);
    distributor_.set_zone(zone);
    if (!is_looking_) parents_.set_zone(*zone, store_.current(zone->name).get());
  }
}

/// Of the zones served, those that are not in the configuration (any more).
std::vector<dns::Name> App::names_not_configured() const {
  std::vector<dns::Name> names;
  if (desk_.zones().size() == config_.zones.size()) return names;  // those that are were set
  std::unordered_set<dns::Name, dns::NameHash> wanted;
  for (const auto& zone : config_.zones) wanted.insert(zone->name);
  for (const auto& [name, state] : desk_.zones()) {
    if (!wanted.contains(name)) names.push_back(name);
  }
  return names;
}

void App::publish_policy() {
  auto policy = std::make_shared<Policy>();
  policy->keys = config_.keys;
  std::map<std::vector<std::string>, std::shared_ptr<const Policy::Rules>> of_providers;
  for (const auto& provider : config_.providers) {
    for (const auto& [address, count] : crowds_of(provider)) {
      if (count > 1) policy->crowds[{provider.name, address}] = count;
    }
  }
  for (const auto& zone : config_.zones) {
    if (zone->update) policy->updates.emplace(zone->name, zone->update);
    if (const auto* follow = zone->follow()) policy->notifiers[zone->name] = notifiers_of(*follow);
    if (zone->providers.empty()) continue;
    auto& rules = of_providers[zone->providers];
    if (!rules) rules = std::make_shared<const Policy::Rules>(rules_of(config_, zone->providers));
    if (!rules->empty()) policy->transfers.emplace(zone->name, rules);
  }
  policy_.publish(std::move(policy));
}

/// Connections that are open keep theirs.
void App::publish_tls() {
  if (config_.tls == nullptr) return;
  tls_.publish(config_.tls);
  if (const auto warning = expiry_warning(*config_.tls)) spdlog::warn("{}", *warning);
}

// --- Events ------------------------------------------------------------------------------------

void App::on_installed(const zonestore::Installed& installed) {
  if (may_log_version()) log_version(*installed.version);
  distributor_.installed(installed);
  parents_.on_version(*installed.version);
  if (!installed.step) make_catalogs_soon();  // a zone's first version
  const auto* state = desk_.find(installed.version->apex());
  const auto* follow = state != nullptr ? state->config->follow() : nullptr;
  if (follow == nullptr || !follow->is_catalog || taking_members_) return;
  // Zones must not come and go while others are being installed.
  taking_members_ = true;
  loop_.post([this] { take_members(); });
}

/// A line for each of a hundred thousand would cost more than the zones, and be read by nobody.
bool App::may_log_version() {
  constexpr std::size_t most_lines = 100;  // in one second
  const auto second = std::chrono::floor<std::chrono::seconds>(std::chrono::steady_clock::now());
  if (second != logged_.second) {
    log_left_out();
    logged_ = {second, 0, 0};
  }
  if (logged_.lines < most_lines) return ++logged_.lines > 0;
  ++logged_.left_out;
  return false;
}

void App::log_left_out() {
  const auto left_out = std::exchange(logged_.left_out, 0);
  if (left_out > 0) spdlog::info("and {} more versions in the same second", left_out);
}

void App::log_version(const zonestore::ZoneVersion& version) {
  const auto& by = version.provenance();
  spdlog::info("{}: version {} with serial {}: {} records, by {}{}", version.apex().to_text(),
               version.number(), version.serial().value(), version.record_count(), by.who,
               by.why.empty() ? "" : " (" + by.why + ")");
}

void App::on_transfer(const TransferEvent& event) {
  log_event(event);
  using Kind = TransferEvent::Kind;
  if (event.kind == Kind::notified) return followed_.on_notify(event);
  if (event.kind == Kind::refused || event.kind == Kind::broken_tls) {
    refusals_.on_refused(event, net::Clock::now());
  }
  distributor_.on_transfer(event);
}

void App::load_all(std::function<void()> done) {
  // A zone whose documents have to be fetched first is read when they are here.
  // As they are configured, which mostly is in order: so they come to lie in the journal.
  std::vector<dns::Name> names;
  names.reserve(config_.zones.size());
  for (const auto& zone : config_.zones) names.push_back(zone->name);
  read_and_log(names, [this, done = std::move(done)] {
    store_.journal().free_memory();
    give_back_free_memory();
    done();
  });
}

/// What has its versions is read at once; what has none yet when its secondaries were asked.
void App::read_and_log(const std::vector<dns::Name>& zones, std::function<void()> done,
                       const std::string& who) {
  std::vector<dns::Name> known;
  std::vector<dns::Name> fresh;
  {
    const auto reading = store_.journal().reading();
    for (const auto& zone : zones) {
      if (!remotes_.is_ready(zone) || !followed_.is_ready(zone)) continue;
      (serials_.must_ask(zone) ? fresh : known).push_back(zone);
    }
  }
  const auto waiting = std::make_shared<int>(2);
  const auto arrived = [waiting, done = std::move(done)](const auto& outcomes) {
    log_outcomes(outcomes);
    if (--*waiting == 0) done();
  };
  desk_.read(known, ZoneDesk::Mode::publish, who, "", arrived);
  serials_.know(fresh, [this, fresh, arrived, who] {
    desk_.read(fresh, ZoneDesk::Mode::publish, who, "", arrived);
  });
}

void App::on_document_changed(const dns::Name& zone) {
  read_and_log({zone}, [] {});
}

void App::reload_all() {
  reload({{}, std::nullopt, "reload", ""}, [](const auto& report) {
    if (!report) spdlog::error("reload: {}", report.error().detail);
  });
}

// --- Reload ------------------------------------------------------------------------------------

ReloadReport App::take_config() {
  ReloadReport report;
  if (!reread_) return report;
  auto next = reread_();
  if (!next) {
    report.config_error = next.error().detail;
    spdlog::error("configuration not taken, the old one stays: {}", report.config_error);
    return report;
  }
  if (next->listen != config_.listen) {
    report.notes.emplace_back("server.listen changed: restart taproot to use it");
  }
  if (next->listen_tls != config_.listen_tls) {
    report.notes.emplace_back("server.listen-tls changed: restart taproot to use it");
  }
  if (next->control.listen != config_.control.listen) {
    report.notes.emplace_back("control.listen changed: restart taproot to use it");
  }
  if (next->state != config_.state) {
    report.notes.emplace_back("state changed: restart taproot to use it");
  }
  add_members(*next);
  homes_.add_vanished(*next);
  held_.apply(*next);
  const bool have_changed = next->providers != config_.providers || next->keys != config_.keys;
  const auto same = have_changed ? 0 : keep_unchanged(*next);
  const bool is_same = same == next->zones.size() && same == desk_.zones().size();
  config_ = std::move(*next);
  if (have_changed) distributor_.configure(config_);
  if (!is_same) publish_policy();
  publish_tls();
  set_zones();
  for (auto& warning : folder_warnings()) report.notes.push_back(std::move(warning));
  return report;
}

/// Zones that are configured as they were keep their configuration, which so is known to be the
/// same; returns how many.
std::size_t App::keep_unchanged(Config& next) const {
  std::size_t same = 0;
  for (auto& zone : next.zones) {
    const auto* state = desk_.find(zone->name);
    if (state == nullptr || *state->config != *zone) continue;
    zone = state->config;
    ++same;
  }
  return same;
}

void App::report_reload(std::vector<SourceOutcome> outcomes, ReloadReport& report) {
  log_outcomes(outcomes);
  constexpr std::size_t most_listed = 1000;
  const bool are_many = outcomes.size() > most_listed;
  for (auto& outcome : outcomes) {
    if (are_many && outcome.kind == SourceOutcome::Kind::unchanged && outcome.why.empty()) {
      const auto* state = desk_.find(outcome.zone);
      if (state == nullptr || state->findings.empty()) {
        ++report.unlisted;
        continue;
      }
    }
    ReloadReport::Zone zone;
    zone.zone = outcome.zone.to_text();
    switch (outcome.kind) {
      case SourceOutcome::Kind::installed:
        zone.result = ReloadResult::installed;
        break;
      case SourceOutcome::Kind::unchanged:
        zone.result = ReloadResult::unchanged;
        break;
      case SourceOutcome::Kind::pending:
        zone.result = ReloadResult::pending;
        break;
      case SourceOutcome::Kind::refused:
        zone.result = ReloadResult::refused;
        break;
      case SourceOutcome::Kind::blocked:
        zone.result = ReloadResult::blocked;
        zone.guard = outcome.guard;
        break;
      case SourceOutcome::Kind::vanished:
        zone.result = ReloadResult::vanished;
        break;
    }
    if (const auto current = store_.current(outcome.zone)) {
      zone.version = current->number();
      zone.serial = current->serial().value();
    }
    if (const auto* state = desk_.find(outcome.zone)) zone.findings = state->findings;
    if (zone.result == ReloadResult::refused && !zonestore::has_errors(zone.findings)) {
      zonestore::Finding finding;
      finding.rule = "not-installed";
      finding.message = outcome.why;
      zone.findings.push_back(std::move(finding));
    }
    report.zones.push_back(std::move(zone));
  }
  std::sort(report.zones.begin(), report.zones.end(),
            [](const auto& a, const auto& b) { return a.zone < b.zone; });
}

/// Who asks for a reload wants what is there now: a document that could not be had is a failure
/// here, while the copy goes on being good enough otherwise.
void App::report_documents(ReloadReport& report) {
  for (auto& zone : report.zones) {
    const auto name = dns::Name::from_text(zone.zone);
    if (auto trouble = name ? followed_.trouble_found(*name) : std::nullopt) {
      zone.result = ReloadResult::refused;
      zone.findings.push_back(std::move(*trouble));
    }
    for (const auto& row : name ? remotes_.rows(*name) : std::vector<SourceRow>()) {
      if (row.error.empty()) continue;
      zone.result = ReloadResult::refused;
      const bool is_told =
          std::any_of(zone.findings.begin(), zone.findings.end(),
                      [&](const auto& one) { return one.rule == row.rule && one.file == row.url; });
      if (is_told) continue;  // what was refused is a finding of the zone itself
      zonestore::Finding finding;
      finding.rule = row.rule;
      finding.file = row.url;
      finding.message = row.error;
      finding.cure = row.cure;
      zone.findings.push_back(std::move(finding));
    }
  }
}

/// Looks at everything that lies elsewhere.
void App::refresh(const std::vector<dns::Name>& zones, bool whole, std::function<void()> done) {
  const auto waiting = std::make_shared<int>(2);
  const auto arrived = [waiting, done = std::move(done)] {
    if (--*waiting == 0) done();
  };
  remotes_.refresh(zones, arrived);
  followed_.refresh(zones, whole, arrived);
}

void App::reload(ReloadRequest request, server::Done<ReloadReport> done) {
  auto report = std::make_shared<ReloadReport>();
  if (request.zones.empty()) *report = take_config();
  auto chosen_names = request.zones.empty() ? desk_.names() : chosen(request.zones);
  if (!chosen_names) return done(tl::unexpected<Error>(chosen_names.error()));
  const auto names = std::make_shared<const std::vector<dns::Name>>(std::move(*chosen_names));
  const std::string who = request.who.empty() ? "reload" : request.who;
  const ZoneDesk::Reading how{ZoneDesk::Mode::publish, who, request.why, request.force};
  // Who names a zone wants it as its primary has it, whatever the serial says.
  const bool whole = !request.zones.empty();
  refresh(*names, whole, [this, report, names, how, done = std::move(done)] {
    serials_.know(*names, [this, report, names, how, done] {
      desk_.read(*names, how, [this, report, done](auto outcomes) {
        report_reload(std::move(outcomes), *report);
        report_documents(*report);
        done(std::move(*report));
      });
    });
  });
}

Result<std::vector<dns::Name>> App::chosen(const Zones& zones) const {
  if (zones.empty()) {
    auto names = desk_.names();
    std::sort(names.begin(), names.end());
    return names;
  }
  for (const auto& zone : zones) {
    if (desk_.find(zone) == nullptr) {
      return fail(Errc::not_found, zone.to_text() + " is not among the zones configured");
    }
  }
  return zones;
}

}  // namespace taproot::server
