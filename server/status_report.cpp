#include "server/status_report.hpp"

#include "dns/presentation.hpp"

#include <algorithm>

namespace taproot::server {

namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

NameserverState state_of(const monitor::NameserverRow& row, Via via) {
  switch (row.state) {
    case monitor::State::in_sync:
      // A serial says which version it is; at an API provider the records were compared.
      return via == Via::api ? NameserverState::verified : NameserverState::serial_seen;
    case monitor::State::unknown:
      return NameserverState::unknown;
    case monitor::State::behind:
      return NameserverState::waiting;
    case monitor::State::unreachable:
      return row.last_answered && row.last_asked == row.last_answered
                 ? NameserverState::failing
                 : NameserverState::unreachable;
    case monitor::State::ahead:
      return NameserverState::ahead;
    case monitor::State::wrong_data:
      return NameserverState::differs;
  }
  return NameserverState::unknown;
}

NameserverRow make_nameserver_row(const monitor::NameserverRow& row, const monitor::ZoneRow& zone,
                                  Via via, WallTime now) {
  NameserverRow out;
  out.nameserver = row.nameserver;
  out.endpoint = row.endpoint.to_text();
  out.state = state_of(row, via);
  out.wanted_version = zone.wanted ? zone.wanted->number : 0;
  out.seen_version = row.seen_version;
  if (via == Via::api && row.state == monitor::State::in_sync && zone.wanted) {
    out.seen_version = zone.wanted->number;  // its serial may be the provider's own
  }
  if (row.seen_serial) out.seen_serial = row.seen_serial->value();
  if (row.since != WallTime{}) out.since = row.since;
  if (row.state == monitor::State::in_sync) {
    if (row.lag) out.lag = duration_cast<milliseconds>(*row.lag);
  } else if (zone.wanted && zone.wanted_is_measured) {
    out.lag = duration_cast<milliseconds>(now - zone.wanted->committed);
  }
  out.asked = row.last_asked;
  if (row.failing_since) out.error = row.last_error;
  out.waits_for = row.waits_for;
  return out;
}

ProviderState state_of(const monitor::ProviderRow& row, const ZoneState& zone,
                       const monitor::ZoneRow& board) {
  const bool applied = row.push && board.wanted && row.push->applied == board.wanted->number;
  if (row.push && row.push->waits_for_person) return ProviderState::blocked;
  if (row.push && !row.push->error.empty() && !applied) return ProviderState::failed;
  if (row.arrival == monitor::Arrival::api && !applied) return ProviderState::applying;
  if (zone.is_pending) return ProviderState::pending;
  if (row.nameservers.empty() || row.state() == monitor::State::in_sync) {
    return ProviderState::in_sync;
  }
  return ProviderState::waiting;
}

std::string note_of(const monitor::ProviderRow& row) {
  if (row.push) return row.push->words;
  if (!row.last_transfer) return "";
  return row.last_transfer->kind + " of serial " +
         std::to_string(row.last_transfer->serial.value());
}

std::string waits_for(const monitor::ProviderRow& row, ProviderState state) {
  switch (state) {
    case ProviderState::in_sync:
      return "";
    case ProviderState::pending:
      return "a person: `taproot apply`";
    case ProviderState::blocked:
      return "a person: look at `taproot plan`";
    case ProviderState::held:
      return "`hold` to be taken out of the configuration";
    case ProviderState::applying:
    case ProviderState::failed:
      if (row.push && !row.push->words.empty()) return row.push->words;
      break;
    case ProviderState::waiting:
      break;
  }
  const auto words = row.waits_for();
  return words.empty() ? "the push to begin" : words;
}

/// What a provider that takes transfers has at least: the lowest version seen at its nameservers,
/// nothing if one of them was not seen with a version of ours.
std::optional<std::uint64_t> lowest_seen(const monitor::ProviderRow& row) {
  std::optional<std::uint64_t> lowest;
  for (const auto& nameserver : row.nameservers) {
    if (!nameserver.seen_version) return std::nullopt;
    if (!lowest || *nameserver.seen_version < *lowest) lowest = nameserver.seen_version;
  }
  return lowest;
}

/// The keys that a provider's secondaries may sign with, the one that signs NOTIFY first.
std::vector<dns::Name> keys_of(const ProviderConfig& provider) {
  std::vector<dns::Name> keys;
  for (const auto& rule : provider.access) {
    if (!rule.key || std::find(keys.begin(), keys.end(), *rule.key) != keys.end()) continue;
    keys.push_back(*rule.key);
  }
  return keys;
}

std::string word_of(xfr::IxfrChoice::Kind kind) {
  using Kind = xfr::IxfrChoice::Kind;
  if (kind == Kind::current) return "SOA";
  return kind == Kind::differences ? "IXFR" : "AXFR";
}

void add_secondaries(const dns::Name& apex, const Distributor& distributor, ProviderRow& out) {
  const auto* config = distributor.find_provider(out.provider);
  if (config == nullptr || config->kind != ProviderKind::transfer) return;
  const auto seen = distributor.secondaries().of(apex, out.provider);
  out.keys = words_of_keys(keys_of(*config), seen);
  for (const auto& one : seen) {
    SecondaryRow row;
    row.address = one.address.to_text();
    if (one.key) row.key = one.key->to_text();
    row.when = one.when;
    row.trouble = one.trouble;
    row.trouble_since = one.trouble_since;
    if (one.holds) row.serial = one.holds->value();
    if (const auto& last = one.last_transfer) {
      row.transfer = word_of(last->what);
      row.octets = last->octets;
      row.seconds = std::chrono::duration<double>(last->took).count();
      row.transferred = last->when;
    }
    out.secondaries.push_back(std::move(row));
  }
}

ProviderRow make_provider_row(const monitor::ProviderRow& row, const ZoneState& state,
                              const monitor::ZoneRow& zone, const Distributor& distributor,
                              WallTime now) {
  ProviderRow out;
  out.provider = row.name;
  out.via = row.arrival == monitor::Arrival::api ? Via::api : Via::transfer;
  out.wanted_version = zone.wanted ? zone.wanted->number : 0;
  const auto* config = distributor.find_provider(row.name);
  out.state = config != nullptr && config->hold ? ProviderState::held : state_of(row, state, zone);
  if (row.push) {
    out.applied_version = row.push->applied;
    out.error = row.push->error;
    if (row.push->when != WallTime{}) out.applied = row.push->when;
  } else {
    out.applied_version = lowest_seen(row);
    if (row.last_transfer) out.applied = row.last_transfer->when;
  }
  if (const auto lag = row.lag()) out.lag = duration_cast<milliseconds>(*lag);
  out.note = note_of(row);
  out.waits_for = waits_for(row, out.state);
  out.guard = guard_of(distributor.last_push(zone.apex, row.name));
  for (const auto& nameserver : row.nameservers) {
    out.nameservers.push_back(make_nameserver_row(nameserver, zone, out.via, now));
    const auto& since = out.nameservers.back().since;
    if (since && (!out.since || *since > *out.since)) out.since = since;
  }
  add_secondaries(zone.apex, distributor, out);
  return out;
}

}  // namespace

std::optional<GuardStop> guard_of(const pushers::PushResult* push) {
  if (push == nullptr || push->guards.empty() || !push->plan) return std::nullopt;
  if (push->end != pushers::PushEnd::unsafe && push->end != pushers::PushEnd::planned) {
    return std::nullopt;
  }
  return GuardStop{push->guards.front().guard, pushers::to_text(push->guards), push->plan->id()};
}

ZoneRow make_zone_row(const ZoneState& state, const zonestore::ZoneVersion* version,
                      const Distributor& distributor, WallTime now) {
  ZoneRow out;
  out.zone = state.config->name.to_text();
  out.source = state.config->shown;
  out.candidate_refused = state.refused;
  if (state.stopped) out.guard = *state.stopped;
  if (!state.config->vanished.empty()) {
    out.source_gone = state.config->vanished + ", waits for confirmation: `taproot drop " +
                      out.zone + "`, or for " +
                      (state.config->follow() != nullptr ? "its catalog to list it again"
                                                         : "the file to come back");
  }
  out.findings = state.findings;
  if (version != nullptr) {
    out.version = version->number();
    out.serial = version->serial().value();
    out.records = version->record_count();
    out.committed = version->provenance().committed;
    out.who = version->provenance().who;
    out.why = version->provenance().why;
    out.revision = version->provenance().revision;
  }
  const auto* row = distributor.board().find(state.config->name);
  if (row == nullptr) return out;
  for (const auto& [name, provider] : row->providers) {
    out.providers.push_back(make_provider_row(provider, state, *row, distributor, now));
  }
  for (auto& alert : distributor.alerts_of(*row, now)) {
    out.alerts.push_back(make_alert_row(std::move(alert)));
  }
  return out;
}

AlertRow make_alert_row(monitor::Alert alert) {
  return {std::string(alert.rule), std::move(alert.provider), std::move(alert.subject), alert.since,
          std::move(alert.words)};
}

std::string state_warning(const Error& trouble) {
  return "the state cannot be written: what there is is served, every change is refused, and it is "
         "tried again every few seconds: " +
         trouble.detail;
}

VersionRow make_version_row(const zonestore::VersionSummary& summary) {
  const auto& by = summary.provenance;
  return {by.number, summary.serial.value(), by.committed,  by.who,          by.why,
          by.source, summary.records,        summary.added, summary.removed, by.revision};
}

VersionRow make_version_row(const zonestore::ZoneVersion& version) {
  const auto& by = version.provenance();
  return {by.number,
          version.serial().value(),
          by.committed,
          by.who,
          by.why,
          by.source,
          version.record_count(),
          0,
          0,
          by.revision};
}

std::vector<std::string> record_lines(const std::optional<dns::RRset>& rrset) {
  std::vector<std::string> lines;
  if (!rrset) return lines;
  for (const auto& rdata : rrset->rdata) {
    lines.push_back(std::to_string(rrset->ttl) + " " + dns::to_text(rrset->type) + " " +
                    dns::rdata_to_text(rrset->type, rdata.wire()));
  }
  return lines;
}

PlannedChange make_planned_change(const std::optional<dns::RRset>& before,
                                  const std::optional<dns::RRset>& after) {
  const dns::RRset& either = after ? *after : *before;
  return {either.owner.to_text(), dns::to_text(either.type), record_lines(before),
          record_lines(after)};
}

std::vector<PlannedChange> make_planned_changes(const zonestore::ChangeSet& changes) {
  std::vector<PlannedChange> out;
  out.reserve(changes.changes.size());
  for (const auto& change : changes.changes) {
    out.push_back(make_planned_change(change.before, change.after));
  }
  return out;
}

}  // namespace taproot::server
