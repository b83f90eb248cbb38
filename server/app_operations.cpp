#include "dns/presentation.hpp"
#include "server/app.hpp"
#include "server/metrics.hpp"
#include "server/status_report.hpp"
#include "zonestore/serial_jump.hpp"

#include <algorithm>
#include <utility>

namespace taproot::server {

namespace {

/// All records of a version, the SOA first, then in canonical order.
std::vector<std::string> all_records(const zonestore::ZoneVersion& version) {
  std::vector<std::string> records;
  const auto append = [&](const dns::RRset& rrset) {
    const std::string lines = dns::to_text(rrset);
    for (std::size_t at = 0; at < lines.size();) {
      const std::size_t end = lines.find('\n', at);
      records.push_back(lines.substr(at, end - at));
      at = end + 1;
    }
  };
  append(*version.find(version.apex(), dns::RRType::SOA));
  for (auto at = version.walk(); at.leaf() != nullptr; at.next()) {
    const auto owner = at.leaf()->owner(version.apex());
    for (const auto rrset : at.leaf()->rrsets()) {
      if (rrset.type() != dns::RRType::SOA) append(rrset.to_rrset(owner));
    }
  }
  return records;
}

NameserverState state_of(const monitor::Verification& verification) {
  switch (verification.observation.verdict) {
    case monitor::State::in_sync:
      return NameserverState::verified;
    case monitor::State::unknown:
      return NameserverState::unknown;
    case monitor::State::behind:
      return NameserverState::waiting;
    case monitor::State::ahead:
      return NameserverState::ahead;
    case monitor::State::wrong_data:
      return NameserverState::differs;
    case monitor::State::unreachable:
      break;
  }
  return verification.result.serial ? NameserverState::failing : NameserverState::unreachable;
}

VerifiedNameserver make_verified(const monitor::Verification& verification) {
  const auto& [observation, result, in_zone, is_sample] = verification;
  VerifiedNameserver out;
  out.nameserver = observation.nameserver.name;
  out.endpoint = observation.nameserver.endpoint.to_text();
  out.state = state_of(verification);
  if (result.serial) out.serial = result.serial->value();
  out.compared = result.compared;
  out.of = std::max(in_zone, result.compared);
  for (const auto* lines : {&result.different, &result.missing, &result.failed}) {
    out.differences.insert(out.differences.end(), lines->begin(), lines->end());
  }
  out.error = result.error;
  if (out.error.empty() && out.differences.empty() && !verification.is_good()) {
    out.error = observation.detail;
  }
  return out;
}

/// Whether a provider has nameservers, and not all of them were seen in sync.
bool lags_behind(const monitor::ZoneRow* zone, const std::string& provider) {
  if (zone == nullptr) return false;
  const auto row = zone->providers.find(provider);
  return row != zone->providers.end() && !row->second.nameservers.empty() &&
         row->second.state() != monitor::State::in_sync;
}

/// A verification in the making: complete when no nameserver is waited for.
struct Verifying {
  VerifyReport report;
  std::size_t waiting = 1;
  Done<VerifyReport> done;

  void arrived() {
    if (--waiting == 0) done(std::move(report));
  }
};

}  // namespace

// --- Reading -----------------------------------------------------------------------------------

Result<std::uint64_t> App::current_version(const dns::Name& zone) {
  if (desk_.find(zone) == nullptr) return tl::unexpected<Error>(chosen({zone}).error());
  const auto current = store_.current(zone);
  return current ? current->number() : 0;
}

Result<StatusReport> App::status(const Zones& zones) {
  const auto names = chosen(zones);
  if (!names) return tl::unexpected<Error>(names.error());
  StatusReport report;
  report.now = std::chrono::system_clock::now();
  report.taproot_version = TAPROOT_VERSION;
  report.started = started_;
  report.warnings = folder_warnings();
  for (auto& warning : expiry_warnings()) report.warnings.push_back(std::move(warning));
  if (const auto& trouble = store_.journal().trouble()) {
    report.warnings.push_back(state_warning(*trouble));
  }
  for (const auto& name : *names) {
    const auto current = store_.current(name);
    report.zones.push_back(
        make_zone_row(*desk_.find(name), current.get(), distributor_, report.now));
    report.zones.back().documents = remotes_.rows(name);
    report.zones.back().primaries = followed_.rows(name);
    report.zones.back().parents = parents_.rows(name);
    for (auto& alert : alerts_of(report.zones.back().parents, report.now)) {
      report.zones.back().alerts.push_back(make_alert_row(std::move(alert)));
    }
  }
  for (auto& one : desk_.loading()) {
    const auto row =
        std::find_if(report.zones.begin(), report.zones.end(),
                     [name = one.zone.to_text()](const auto& zone) { return zone.zone == name; });
    const bool takes_a_while = one.age >= std::chrono::seconds(1);
    if (row != report.zones.end() && takes_a_while) row->loading = std::move(one.words);
  }
  return report;
}

Result<HistoryReport> App::history(const dns::Name& zone, std::size_t limit) {
  if (desk_.find(zone) == nullptr) return tl::unexpected<Error>(chosen({zone}).error());
  const auto versions = store_.journal().history(zone, limit);
  if (!versions) return tl::unexpected<Error>(versions.error());
  HistoryReport report;
  report.zone = zone.to_text();
  if (const auto current = store_.current(zone)) report.current = current->number();
  for (const auto& version : *versions) report.versions.push_back(make_version_row(version));
  return report;
}

Result<std::uint64_t> App::number_of(const dns::Name& zone, const VersionRef& ref) {
  switch (ref.kind) {
    case VersionRef::Kind::number:
      return ref.number;
    case VersionRef::Kind::serial:
      return store_.journal().number_of(zone, ref.serial);
    case VersionRef::Kind::time:
      return store_.journal().number_at(zone, ref.time);
  }
  return ref.number;
}

Result<std::shared_ptr<const zonestore::ZoneVersion>> App::version(const dns::Name& zone,
                                                                   const VersionRef& ref) {
  const auto number = number_of(zone, ref);
  if (!number) return tl::unexpected<Error>(number.error());
  const auto current = store_.current(zone);
  if (current && current->number() == *number) return current;
  return store_.journal().version(zone, *number);
}

Result<ShowReport> App::show(const dns::Name& zone, std::optional<VersionRef> at) {
  if (desk_.find(zone) == nullptr) return tl::unexpected<Error>(chosen({zone}).error());
  const auto current = store_.current(zone);
  if (!current) return fail(Errc::not_found, zone.to_text() + " has no version yet");
  const auto shown = version(zone, at.value_or(VersionRef::of(current->number())));
  if (!shown) return tl::unexpected<Error>(shown.error());
  return ShowReport{zone.to_text(), current->number(), make_version_row(**shown),
                    all_records(**shown)};
}

Result<DiffReport> App::diff(const dns::Name& zone, VersionRef a, std::optional<VersionRef> b) {
  if (desk_.find(zone) == nullptr) return tl::unexpected<Error>(chosen({zone}).error());
  const auto current = store_.current(zone);
  if (!current) return fail(Errc::not_found, zone.to_text() + " has no version yet");
  const auto before = version(zone, a);
  if (!before) return tl::unexpected<Error>(before.error());
  const auto after = version(zone, b.value_or(VersionRef::of(current->number())));
  if (!after) return tl::unexpected<Error>(after.error());
  return DiffReport{zone.to_text(), make_version_row(**before), make_version_row(**after),
                    make_planned_changes(zonestore::changes_between(**before, **after))};
}

void App::verify(const Zones& zones, server::Done<VerifyReport> done) {
  const auto names = chosen(zones);
  if (!names) return done(tl::unexpected<Error>(names.error()));
  const auto verifying = std::make_shared<Verifying>();
  verifying->done = std::move(done);
  for (const auto& name : *names) {
    VerifiedZone zone;
    zone.zone = name.to_text();
    const auto current = store_.current(name);
    if (current) {
      zone.version = current->number();
      zone.serial = current->serial().value();
    }
    const std::size_t z = verifying->report.zones.size();
    for (const auto* provider : distributor_.providers_of(name)) {
      const std::size_t p = zone.providers.size();
      zone.providers.push_back({provider->name, {}});
      if (!current) continue;
      for (const auto& nameserver : Distributor::nameservers_of(name, *provider)) {
        const std::size_t n = zone.providers[p].nameservers.size();
        zone.providers[p].nameservers.emplace_back();
        ++verifying->waiting;
        distributor_.verify(nameserver, current, [verifying, z, p, n](const auto& verification) {
          verifying->report.zones[z].providers[p].nameservers[n] = make_verified(verification);
          verifying->arrived();
        });
      }
    }
    verifying->report.zones.push_back(std::move(zone));
  }
  loop_.post([verifying] { verifying->arrived(); });
}

Result<NotifyReport> App::notify(const Zones& zones) {
  const auto names = chosen(zones);
  if (!names) return tl::unexpected<Error>(names.error());
  NotifyReport report;
  for (const auto& name : *names) {
    NotifyReport::Zone zone;
    zone.zone = name.to_text();
    if (const auto current = store_.current(name)) zone.serial = current->serial().value();
    for (const auto& endpoint : distributor_.notify(name)) zone.told.push_back(endpoint.to_text());
    parents_.tell_again(name);
    report.zones.push_back(std::move(zone));
  }
  return report;
}

std::string App::metrics() {
  return render_metrics(
      {store_, distributor_, desk_, remotes_, followed_, parents_, *serving_, started_});
}

// --- Changing ----------------------------------------------------------------------------------

void App::plan(const Zones& zones, server::Done<PlanReport> done) {
  const auto names = chosen(zones);
  if (!names) return done(tl::unexpected<Error>(names.error()));
  refresh(*names, false, [this, names = *names, done = std::move(done)] {
    planner_.plan(names, [this, done](PlanReport report) {
      std::erase_if(plans_, [&](const auto& plan) { return plan.second < report.made; });
      plans_[report.id] = report.expires;
      done(std::move(report));
    });
  });
}

void App::apply(ApplyRequest request, server::Done<ApplyReport> done) {
  const auto names = chosen(request.zones);
  if (!names) return done(tl::unexpected<Error>(names.error()));
  const auto shared = std::make_shared<const ApplyRequest>(std::move(request));
  refresh(*names, false, [this, shared, names = *names, done = std::move(done)] {
    planner_.plan(names, [this, shared, done](const PlanReport& plan) {
      if (auto reason = why_not(*shared, plan)) return done(tl::unexpected<Error>(*reason));
      carry_out(*shared, plan, done);
    });
  });
}

std::optional<Error> App::why_not(const ApplyRequest& request, const PlanReport& plan) {
  if (request.plan && *request.plan != plan.id) {
    return Error{Errc::conflict, "plan " + *request.plan + " is no longer what would be done, " +
                                     plan.id + " is: look at it with `taproot plan`"};
  }
  if (request.plan) {
    const auto shown = plans_.find(*request.plan);
    if (shown != plans_.end() && shown->second < std::chrono::system_clock::now()) {
      return Error{Errc::conflict,
                   "plan " + *request.plan + " has expired: look at it again with `taproot plan`"};
    }
  }
  if (request.based_on && request.zones.size() == 1) {
    const auto current = current_version(request.zones.front());
    if (current && *current != *request.based_on) {
      return Error{Errc::conflict, "version " + std::to_string(*current) + " is current, not " +
                                       std::to_string(*request.based_on)};
    }
  }
  if (!request.force) return std::nullopt;
  for (const auto& zone : plan.zones) {
    if (zone.guard && zone.guard->force_id == *request.force) return std::nullopt;
    for (const auto& provider : zone.providers) {
      if (provider.guard && provider.guard->force_id == *request.force) return std::nullopt;
    }
  }
  return Error{Errc::conflict, "no guard stops a plan " + *request.force +
                                   ": `taproot plan` shows which ids there are"};
}

void App::carry_out(const ApplyRequest& request, const PlanReport& plan,
                    const server::Done<ApplyReport>& done) {
  std::vector<dns::Name> names;
  names.reserve(plan.zones.size());
  for (const auto& zone : plan.zones) names.push_back(dns::Name::from_text(zone.zone).value());
  const std::string who = request.who.empty() ? "apply" : request.who;
  serials_.know(names, [this, names, request, who, plan, done] {
    desk_.read(names, {ZoneDesk::Mode::apply, who, request.why, request.force},
               [this, request, plan, done](const auto& outcomes) {
                 after_install(request, plan, outcomes, done);
               });
  });
}

void App::after_install(const ApplyRequest& request, const PlanReport& plan,
                        const std::vector<SourceOutcome>& outcomes,
                        const server::Done<ApplyReport>& done) {
  std::vector<ApplyRuns::Zone> zones;
  for (const auto& planned : plan.zones) {
    ApplyRuns::Zone zone{dns::Name::from_text(planned.zone).value(), "", {}, {}};
    for (const auto& outcome : outcomes) {
      if (!(outcome.zone == zone.apex)) continue;
      if (outcome.kind == SourceOutcome::Kind::refused) zone.error = outcome.why;
      zone.guard = outcome.guard;
    }
    if (zone.guard) {  // nothing of the plan can be done while its version does not exist
      zones.push_back(std::move(zone));
      continue;
    }
    const auto* row = distributor_.board().find(zone.apex);
    for (const auto& provider : planned.providers) {
      // What could not be planned, and who was not seen in sync, is waited for all the same.
      const bool open = !provider.error.empty() ||
                        (provider.via == Via::transfer && lags_behind(row, provider.provider));
      zone.parts.push_back({provider.provider, provider.via,
                            std::max<std::size_t>(provider.changes.size(), open ? 1 : 0)});
    }
    zones.push_back(std::move(zone));
  }
  const auto id = runs_.begin(plan.id, zones);
  for (const auto& zone : zones) {
    for (const auto& part : zone.parts) {
      if (part.via != Via::api || part.changes == 0) continue;
      distributor_.push(zone.apex, part.provider, request.force);
    }
    distributor_.look_now(zone.apex);
  }
  if (!request.wait) return done(runs_.report(id));
  runs_.wait(id, request.timeout, [done](ApplyReport report) { done(std::move(report)); });
}

namespace {

/// What the nameservers of a zone were seen with by transfer, each with its words.
std::vector<std::pair<dns::Serial, std::string>> serials_seen(const monitor::ZoneRow* zone) {
  std::vector<std::pair<dns::Serial, std::string>> seen;
  if (zone == nullptr) return seen;
  for (const auto& [name, provider] : zone->providers) {
    if (provider.arrival != monitor::Arrival::transfer) continue;
    for (const auto& row : provider.nameservers) {
      if (!row.seen_serial) continue;
      seen.emplace_back(*row.seen_serial, row.nameserver + " (" + row.endpoint.to_text() + ")");
    }
  }
  return seen;
}

}  // namespace

Result<SerialReport> App::raise_serial(const SerialRequest& request) {
  const auto current = store_.current(request.zone);
  if (desk_.find(request.zone) == nullptr || !current) {
    return fail(Errc::not_found, request.zone.to_text() + " has no version");
  }
  if (request.based_on && *request.based_on != current->number()) {
    return fail(Errc::conflict, "version " + std::to_string(current->number()) +
                                    " is current, not " + std::to_string(*request.based_on));
  }
  const auto& state = *desk_.find(request.zone);
  if (state.config->serial == zonestore::SerialPolicy::keep) {
    if (const auto why = why_not_ours(state); !why.empty()) return fail(Errc::conflict, why);
  }
  SerialReport report;
  report.zone = request.zone.to_text();
  report.version = current->number();
  report.serial = current->serial().value();
  std::vector<dns::Serial> serials;
  std::uint32_t furthest = 0;
  for (const auto& [serial, nameserver] : serials_seen(distributor_.board().find(request.zone))) {
    serials.push_back(serial);
    const std::uint32_t ahead = serial.value() - current->serial().value();
    if (serial <= current->serial() || ahead <= furthest) continue;
    furthest = ahead;
    report.above = serial.value();
    report.nameserver = nameserver;
  }
  if (!report.above) return report;
  const auto jump = zonestore::jump_above(current->serial(), serials);
  if (!jump) return tl::unexpected<Error>(jump.error());
  const auto why = request.why.empty() ? "above serial " + std::to_string(*report.above) + " at " +
                                             report.nameserver
                                       : request.why;
  const auto installed = store_.renumber(request.zone, jump->to, request.who, why,
                                         desk_.find(request.zone)->config->zonemd);
  if (!installed) return tl::unexpected<Error>(installed.error());
  report.version = installed->version->number();
  report.serial = installed->version->serial().value();
  report.changed = installed->changed;
  report.again = jump->is_halfway;
  return report;
}

Result<ApplyReport> App::apply_progress(const std::string& id) {
  return runs_.report(id);
}

void App::rollback(RollbackRequest request, server::Done<RollbackReport> done) {
  const auto current = store_.current(request.zone);
  if (desk_.find(request.zone) == nullptr || !current) {
    return done(fail(Errc::not_found, request.zone.to_text() + " has no version to go back from"));
  }
  if (const auto why = why_not_ours(*desk_.find(request.zone)); !why.empty()) {
    return done(fail(Errc::conflict, why));
  }
  if (request.based_on && *request.based_on != current->number()) {
    return done(fail(Errc::conflict, "version " + std::to_string(current->number()) +
                                         " is current, not " + std::to_string(*request.based_on)));
  }
  if (!request.to && current->number() == 1) {
    return done(fail(Errc::not_found, request.zone.to_text() + " has only one version"));
  }
  const auto to =
      number_of(request.zone, request.to.value_or(VersionRef::of(current->number() - 1)));
  if (!to) return done(tl::unexpected<Error>(to.error()));
  const auto why = request.why.empty() ? "rollback to version " + std::to_string(*to) : request.why;
  const auto installed = store_.rollback(request.zone, *to, request.who, why,
                                         desk_.find(request.zone)->config->zonemd);
  if (!installed) return done(tl::unexpected<Error>(installed.error()));
  done(RollbackReport{request.zone.to_text(), *to, installed->version->number(),
                      installed->version->serial().value(), installed->changed});
}

void App::edit(EditRequest request, server::Done<EditReport> done) {
  if (desk_.find(request.zone) == nullptr) {
    return done(tl::unexpected<Error>(chosen({request.zone}).error()));
  }
  editor_.edit(std::move(request), std::move(done));
}

}  // namespace taproot::server
