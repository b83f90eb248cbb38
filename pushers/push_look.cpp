#include "pushers/push.hpp"

#include "pushers/fingerprint.hpp"

#include <algorithm>
#include <utility>

// How a push gets along without reading the whole zone.

namespace taproot::pushers {

namespace {

bool is_soa_of(const RRsetKey& key, const dns::Name& apex) {
  return key.type == dns::RRType::SOA && key.owner == apex;
}

/// What of a zone is at one owner, by type.
LiveRRsets at_owner(const LiveZone& live, const dns::Name& owner) {
  LiveZone part;
  part.has_parts = live.has_parts;
  for (const auto& one : live.rrsets) {
    if (one.rrset.owner == owner) part.rrsets.push_back(one);
  }
  return gathered(part);
}

}  // namespace

/// Whether the provider can be asked for a few owners at all.
bool Push::can_look(const Moment& moment) const {
  return order_.limits.reading_interval.count() > 0 &&
         driver_.look(call(moment), zone_, zone_.apex).has_value();
}

/// Right after a start nothing is remembered but what was written down.
bool Push::may_trust_owned(const Moment& moment) const {
  const auto& reading = order_.owned.whole_reading();
  const bool plain = !order_.dry_run && !order_.force_plan && !order_.expected_plan;
  if (!order_.trust_owned || !plain || !reading || order_.remembered) return false;
  return reading->wanted == wanted_mark() && reading->at <= moment.wall &&
         moment.wall - reading->at < order_.limits.reading_interval;
}

/// Stands for the version and for all that decides how it is pushed.
std::uint64_t Push::wanted_mark() const {
  const auto& version = *order_.version;
  const auto& settings = order_.settings;
  const auto& capabilities = driver_.capabilities();
  Digest digest;
  digest.add(version.number()).add(static_cast<std::uint64_t>(version.serial().value()));
  digest.add(static_cast<std::uint64_t>(version.provenance().committed.time_since_epoch().count()));
  digest.add(std::string_view(capabilities.kind)).add(std::string_view(capabilities.checked_on));
  digest.add(static_cast<std::uint64_t>(settings.mode));
  digest.add(static_cast<std::uint64_t>(settings.unsupported));
  digest.add(std::string_view(settings.fence));
  digest.add(settings.apex_ns ? 1 + static_cast<std::uint64_t>(*settings.apex_ns) : 0);
  return digest.number();
}

/// Makes the plan from what is remembered of the zone. Nothing that a person may have to judge is
/// made so, and nothing that costs more calls than it saves.
bool Push::plan_from_memory(const Moment& moment) {
  const auto& memory = order_.remembered;
  if (memory == nullptr || order_.dry_run || !can_look(moment)) return false;
  if (memory->read_at() > moment.wall ||
      moment.wall - memory->read_at() >= order_.limits.reading_interval) {
    return false;
  }
  live_ = memory->recall(driver_.capabilities());
  zone_ = live_.zone;
  known_pages_ = memory->pages();
  read_at_ = memory->read_at();
  plan_ = make_plan(*order_.version, live_, driver_.capabilities(), intended_, order_.settings);
  result_.plan = plan_;
  const auto owners = owners_of_plan();
  const bool compares = driver_.capabilities().batch.compares && !plan_->counts.changes_apex_ns;
  const bool saves = compares || owners.size() <= known_pages_;
  const bool asks_nobody = !plan_->blocked && plan_->counts.conflicts == 0 && !why_not_expected() &&
                           why_unsafe(*plan_, order_.guards, order_.owned, moment.wall).empty();
  if (!saves || !asks_nobody) {
    forget_live();
    plan_.reset();
    result_.plan.reset();
    return false;
  }
  if (!compares) looks_.assign(owners.begin(), owners.end());
  return true;
}

/// The owners of what the plan changes. The SOA is always ours: it needs no look before, and after
/// only where nothing else tells its serial.
std::set<dns::Name> Push::owners_of_plan() const {
  std::set<dns::Name> owners;
  for (const auto& change : plan_->changes) {
    if (!is_soa_of(change.key(), zone_.apex)) owners.insert(change.rrset().owner);
  }
  return owners;
}

Step Push::next_look(const Moment& moment) {
  tries_ = 0;
  if (!looks_.empty()) {
    stage_ = Stage::look;
    return ask(moment);
  }
  plan_ = make_plan(*order_.version, live_, driver_.capabilities(), intended_, order_.settings);
  return verifying_ ? on_verified(moment) : on_plan(moment);
}

Step Push::on_look(const Moment& moment, const Response& response) {
  const dns::Name owner = looks_.front();
  auto page = driver_.parse_look(call(moment), zone_, owner, response);
  if (page.trouble() != nullptr) return on_trouble(moment, *page.trouble());
  if (page.value() == nullptr || page.value()->next || !page.value()->complete) {
    return start_reading(moment, verifying_ ? Stage::list : Stage::find);
  }
  const auto serial = page.value()->serial;
  LiveZone seen;
  seen.zone = zone_;
  seen.add(std::move(*page.value()));
  if (!verifying_ && contradicts(owner, seen)) return start_reading(moment, Stage::find);
  take_look(owner, std::move(seen));
  if (verifying_ && serial) take_serial(*serial);
  looks_.pop_front();
  if (verifying_ && looks_.empty() && !soa_is_seen_) {
    soa_is_seen_ = true;
    looks_.push_back(zone_.apex);
  }
  return next_look(moment);
}

/// Whether an owner is not as it is remembered. The SOA may have been counted on by the provider.
bool Push::contradicts(const dns::Name& owner, const LiveZone& seen) const {
  auto known = at_owner(live_, owner);
  auto there = at_owner(seen, owner);
  known.erase({zone_.apex, dns::RRType::SOA});
  there.erase({zone_.apex, dns::RRType::SOA});
  return !std::equal(
      known.begin(), known.end(), there.begin(), there.end(), [](const auto& a, const auto& b) {
        return a.first == b.first && a.second.kind == b.second.kind &&
               a.second.is_uneven() == b.second.is_uneven() &&
               fingerprint(a.second.rrset, true) == fingerprint(b.second.rrset, true);
      });
}

void Push::take_look(const dns::Name& owner, LiveZone seen) {
  std::erase_if(live_.rrsets, [&](const LiveRRset& one) { return one.rrset.owner == owner; });
  for (auto& [key, one] : at_owner(seen, owner)) live_.rrsets.push_back(one);
  live_.serial_is_ours = seen.serial_is_ours;
  if (owner == zone_.apex) soa_is_seen_ = true;
}

/// The SOA goes with the last batch: if its serial is there, then all of it is.
void Push::take_serial(std::uint32_t serial) {
  if (!live_.serial_is_ours || soa_is_seen_) return;
  for (const auto& change : plan_->changes) {
    if (!is_soa_of(change.key(), zone_.apex) || !change.after) continue;
    const auto soa = dns::Soa::from_rdata(change.after->rdata.front().wire());
    if (!soa || soa->serial.value() != serial) return;
    std::erase_if(live_.rrsets,
                  [&](const LiveRRset& one) { return is_soa_of(one.key(), zone_.apex); });
    live_.rrsets.push_back({*change.after, LiveKind::plain, "", {}});
    soa_is_seen_ = true;
  }
}

/// Prepares to look at what was written instead of reading everything; false if that is no less.
bool Push::look_back(const Moment& moment) {
  if (!live_.complete || !can_look(moment)) return false;
  const auto owners = owners_of_plan();
  const auto& changes = plan_->changes;
  const bool has_soa = std::any_of(changes.begin(), changes.end(), [&](const auto& change) {
    return is_soa_of(change.key(), zone_.apex);
  });
  const bool only_soa = has_soa && owners.empty();
  if (owners.size() > known_pages_ || (owners.empty() && !only_soa)) return false;
  soa_is_seen_ = !has_soa || only_soa;
  looks_.assign(owners.begin(), owners.end());
  if (only_soa) looks_.push_back(zone_.apex);
  return true;
}

/// Keeps what is known of the zone now for the next push.
void Push::remember() {
  if (order_.limits.reading_interval.count() <= 0) return;
  auto version = order_.version;
  result_.remembered = RememberedZone::make(std::move(version), live_, driver_.capabilities(),
                                            known_pages_, read_at_);
}

}  // namespace taproot::pushers
