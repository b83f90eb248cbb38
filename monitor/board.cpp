#include "monitor/board.hpp"

#include <algorithm>
#include <utility>

namespace taproot::monitor {

namespace {

std::string version_words(const ZoneRow& zone) {
  if (!zone.wanted) return "the zone's first version";
  return "version " + std::to_string(zone.wanted->number) + " (serial " +
         std::to_string(zone.wanted->serial.value()) + ")";
}

void join(std::string& text, const std::string& more) {
  if (more.empty()) return;
  if (!text.empty()) text += "; ";
  text += more;
}

/// What brings the version to this provider, and how far that is.
std::string delivery_words(const ProviderRow& provider) {
  std::string text;
  if (provider.push && provider.arrival == Arrival::api) {
    join(text, "push: " + provider.push->words);
    if (!provider.push->error.empty()) join(text, provider.push->error);
    if (provider.push->waits_for_person) join(text, "a person must look at the plan");
  }
  for (const auto& [target, words] : provider.notify) {
    join(text, words.empty() ? words : target.to_text() + ": " + words);
  }
  return text;
}

std::string behind_words(const ZoneRow& zone, const ProviderRow& provider,
                         const NameserverRow& row) {
  std::string text = "waiting to see " + version_words(zone) + " at " + row.endpoint.to_text();
  join(text, row.detail);
  join(text, delivery_words(provider));
  return text;
}

std::string ahead_words(const ZoneRow& zone, const NameserverRow& row) {
  const auto theirs = row.seen_serial ? std::to_string(row.seen_serial->value()) : "?";
  const auto ours = zone.wanted ? std::to_string(zone.wanted->serial.value()) : "?";
  return "a person: it holds serial " + theirs + ", which is not before ours, " + ours +
         " (RFC 1982), so it will not follow; give the zone a serial after " + theirs +
         " with `taproot serial " + zone.apex.to_text() +
         " --above-secondaries`, or remove the zone's copy there so that it transfers anew";
}

/// What has to happen until this row is in sync. Never empty, unless it is.
std::string words_for(const ZoneRow& zone, const ProviderRow& provider, const NameserverRow& row) {
  switch (row.state) {
    case State::in_sync:
      return {};
    case State::unknown:
      return "waiting for a first answer of " + row.endpoint.to_text();
    case State::behind:
      return behind_words(zone, provider, row);
    case State::unreachable: {
      std::string text = "waiting for " + row.endpoint.to_text() + " to answer for the zone";
      join(text, row.last_error);
      join(text, delivery_words(provider));
      return text;
    }
    case State::ahead:
      return ahead_words(zone, row);
    case State::wrong_data: {
      std::string text = "it serves something else than " + version_words(zone);
      join(text, row.detail);
      join(text, delivery_words(provider));
      return text;
    }
  }
  return {};
}

void refresh_words(const ZoneRow& zone, ProviderRow& provider) {
  for (auto& row : provider.nameservers) row.waits_for = words_for(zone, provider, row);
}

void set_state(NameserverRow& row, State state, WallTime when) {
  if (row.state == state && row.since != WallTime{}) return;
  row.state = state;
  row.since = when;
}

/// The state by what is known of a row after the version wanted has changed.
void fall_behind(NameserverRow& row, const WantedVersion& wanted) {
  row.wanted_seen_at.reset();
  if (row.state == State::in_sync) set_state(row, State::behind, wanted.committed);
}

/// Notes when the version wanted was first seen here, and how long that took.
void note_seen(NameserverRow& row, const WantedVersion& wanted, bool measured, WallTime when) {
  if (row.wanted_seen_at) return;
  row.wanted_seen_at = when;
  if (!measured) return;
  row.lag_version = wanted.number;
  const auto lag = std::chrono::duration_cast<std::chrono::microseconds>(when - wanted.committed);
  row.lag = std::max(lag, std::chrono::microseconds(0));
}

void note_error(NameserverRow& row, const Observation& observation) {
  if (observation.serial) row.last_answered = observation.when;
  if (observation.verdict != State::unreachable) return row.failing_since.reset();
  row.last_error = observation.detail;
  row.last_error_at = observation.when;
  if (!row.failing_since) row.failing_since = observation.when;
}

/// A look that was judged by an older wish than the present one is judged again.
State present_verdict(const ZoneRow& zone, const Observation& observation) {
  const bool is_present =
      !zone.wanted || observation.version == 0 || observation.version == zone.wanted->number;
  if (is_present || observation.verdict == State::unreachable) return observation.verdict;
  if (!observation.wanted || !observation.serial) return State::behind;
  const auto order = *observation.serial <=> zone.wanted->serial;
  if (order == std::partial_ordering::less) return State::behind;
  return order == std::partial_ordering::equivalent ? State::in_sync : State::ahead;
}

NameserverRow& row_for(std::vector<NameserverRow>& known, const std::string& name,
                       const net::Endpoint& endpoint, std::vector<NameserverRow>& rows) {
  for (auto& row : known) {
    if (row.nameserver == name && row.endpoint == endpoint) {
      rows.push_back(std::move(row));
      return rows.back();
    }
  }
  rows.emplace_back();
  rows.back().nameserver = name;
  rows.back().endpoint = endpoint;
  return rows.back();
}

}  // namespace

std::string to_text(Arrival arrival) {
  return arrival == Arrival::api ? "api" : "transfer";
}

State ProviderRow::state() const {
  if (nameservers.empty()) return State::unknown;
  State worst = State::in_sync;
  for (const auto& row : nameservers) worst = worse(worst, row.state);
  return worst;
}

std::string ProviderRow::waits_for() const {
  if (nameservers.empty()) {
    std::string text = "no nameserver of it is configured, so nobody sees what it serves";
    join(text, delivery_words(*this));
    return text;
  }
  const auto worst = state();
  for (const auto& row : nameservers) {
    if (row.state == worst) return row.waits_for;
  }
  return {};
}

std::optional<std::chrono::microseconds> ProviderRow::lag() const {
  std::optional<std::chrono::microseconds> longest;
  for (const auto& row : nameservers) {
    if (!row.wanted_seen_at || !row.lag) return std::nullopt;
    longest = std::max(longest.value_or(*row.lag), *row.lag);
  }
  return longest;
}

std::optional<WallTime> ProviderRow::failing_since() const {
  std::optional<WallTime> earliest;
  for (const auto& row : nameservers) {
    if (row.failing_since)
      earliest = std::min(earliest.value_or(*row.failing_since), *row.failing_since);
  }
  return earliest;
}

State ZoneRow::state() const {
  if (providers.empty()) return State::unknown;
  State worst = State::in_sync;
  for (const auto& [name, provider] : providers) worst = worse(worst, provider.state());
  return worst;
}

std::string ZoneRow::waits_for() const {
  if (providers.empty()) return "no provider is configured for it";
  const auto worst = state();
  if (worst == State::in_sync) return {};
  for (const auto& [name, provider] : providers) {
    if (provider.state() == worst) return name + ": " + provider.waits_for();
  }
  return {};
}

std::optional<std::uint64_t> ZoneRow::find_version(dns::Serial serial) const {
  const auto found = std::find_if(recent.rbegin(), recent.rend(),
                                  [&](const auto& known) { return known.first == serial; });
  if (found == recent.rend()) return std::nullopt;
  return found->second;
}

void Board::set_zone(const dns::Name& apex, const std::vector<ProviderSetup>& providers) {
  ZoneRow& zone = zones_[apex];
  zone.apex = apex;
  std::map<std::string, ProviderRow> rows;
  for (const auto& setup : providers) {
    ProviderRow row;
    if (const auto known = zone.providers.find(setup.name); known != zone.providers.end()) {
      row = std::move(known->second);
    }
    row.name = setup.name;
    row.arrival = setup.arrival;
    std::vector<NameserverRow> nameservers;
    for (const auto& [name, endpoint] : setup.nameservers) {
      row_for(row.nameservers, name, endpoint, nameservers);
    }
    row.nameservers = std::move(nameservers);
    refresh_words(zone, row);
    rows[setup.name] = std::move(row);
  }
  zone.providers = std::move(rows);
}

void Board::drop_zone(const dns::Name& apex) {
  zones_.erase(apex);
}

void Board::set_history(const dns::Name& apex, const std::vector<WantedVersion>& versions) {
  ZoneRow* zone = find_zone(apex);
  if (zone == nullptr) return;
  zone->recent.clear();
  const std::size_t skip = versions.size() - std::min(versions.size(), max_recent);
  for (std::size_t i = skip; i < versions.size(); ++i) {
    zone->recent.emplace_back(versions[i].serial, versions[i].number);
  }
  if (versions.empty()) return;
  zone->wanted = versions.back();
  zone->wanted_is_measured = false;
  for (auto& [name, provider] : zone->providers) refresh_words(*zone, provider);
}

void Board::on_installed(const zonestore::ZoneVersion& version) {
  on_installed(version.apex(),
               {version.number(), version.serial(), version.provenance().committed});
}

void Board::on_installed(const dns::Name& apex, const WantedVersion& version) {
  ZoneRow* zone = find_zone(apex);
  if (zone == nullptr || (zone->wanted && zone->wanted->number == version.number)) return;
  zone->wanted = version;
  zone->wanted_is_measured = true;
  zone->recent.emplace_back(version.serial, version.number);
  if (zone->recent.size() > max_recent) zone->recent.erase(zone->recent.begin());
  for (auto& [name, provider] : zone->providers) {
    for (auto& row : provider.nameservers) fall_behind(row, version);
    refresh_words(*zone, provider);
  }
}

void Board::on_observed(const Observation& observation) {
  const auto& who = observation.nameserver;
  ZoneRow* zone = find_zone(who.apex);
  ProviderRow* provider = find_provider(who.apex, who.provider);
  if (provider == nullptr) return;
  for (auto& row : provider->nameservers) {
    if (row.nameserver != who.name || row.endpoint != who.endpoint) continue;
    row.last_asked = observation.when;
    row.detail = observation.detail;
    note_error(row, observation);
    if (observation.serial) {
      row.seen_serial = observation.serial;
      row.seen_version =
          observation.wanted ? zone->find_version(*observation.serial) : std::nullopt;
      row.rtt = observation.rtt;
    }
    const auto state = present_verdict(*zone, observation);
    set_state(row, state, observation.when);
    if (state == State::in_sync && zone->wanted) {
      row.seen_version = zone->wanted->number;
      note_seen(row, *zone->wanted, zone->wanted_is_measured, observation.when);
    }
  }
  refresh_words(*zone, *provider);
}

void Board::on_transfer(const dns::Name& apex, const std::string& provider, TransferDone transfer) {
  if (auto* row = find_provider(apex, provider)) row->last_transfer = std::move(transfer);
}

void Board::on_push_state(const dns::Name& apex, const std::string& provider, PushState push) {
  ProviderRow* row = find_provider(apex, provider);
  if (row == nullptr) return;
  row->push = std::move(push);
  refresh_words(*find_zone(apex), *row);
}

void Board::on_notify_state(const dns::Name& apex, const std::string& provider,
                            const net::Endpoint& target, std::string waits_for) {
  ProviderRow* row = find_provider(apex, provider);
  if (row == nullptr) return;
  if (waits_for.empty()) {
    row->notify.erase(target);
  } else {
    row->notify[target] = std::move(waits_for);
  }
  refresh_words(*find_zone(apex), *row);
}

const ZoneRow* Board::find(const dns::Name& apex) const {
  const auto found = zones_.find(apex);
  return found == zones_.end() ? nullptr : &found->second;
}

const NameserverRow* Board::find(const Nameserver& nameserver) const {
  const auto* zone = find(nameserver.apex);
  if (zone == nullptr) return nullptr;
  const auto provider = zone->providers.find(nameserver.provider);
  if (provider == zone->providers.end()) return nullptr;
  for (const auto& row : provider->second.nameservers) {
    if (row.nameserver == nameserver.name && row.endpoint == nameserver.endpoint) return &row;
  }
  return nullptr;
}

std::map<State, std::size_t> Board::count_zones() const {
  std::map<State, std::size_t> counts;
  for (const auto& [apex, zone] : zones_) ++counts[zone.state()];
  return counts;
}

ZoneRow* Board::find_zone(const dns::Name& apex) {
  const auto found = zones_.find(apex);
  return found == zones_.end() ? nullptr : &found->second;
}

ProviderRow* Board::find_provider(const dns::Name& apex, const std::string& provider) {
  ZoneRow* zone = find_zone(apex);
  if (zone == nullptr) return nullptr;
  const auto found = zone->providers.find(provider);
  return found == zone->providers.end() ? nullptr : &found->second;
}

}  // namespace taproot::monitor
