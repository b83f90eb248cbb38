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

}  // namespace

/// Whether the provider can be asked for a little at all.
bool Push::can_look() const {
  return order_.limits.reading_interval.count() > 0 && driver_.looks() != Looks::none;
}

/// Some providers cannot be asked for every name.
bool Push::can_look_at(const std::set<Place>& places) const {
  return std::all_of(places.begin(), places.end(),
                     [&](const Place& place) { return driver_.can_look(zone_, place.owner); });
}

Request Push::look_request(const Moment& moment, const Place& place) const {
  if (place.type) return driver_.look_at(call(moment), zone_, {place.owner, *place.type});
  return driver_.look(call(moment), zone_, place.owner);
}

Seen<Page> Push::parse_look(const Moment& moment, const Place& place,
                            const Response& response) const {
  if (!place.type) return driver_.parse_look(call(moment), zone_, place.owner, response);
  return driver_.parse_look_at(call(moment), zone_, {place.owner, *place.type}, response);
}

/// What of a zone is at one place.
LiveRRsets Push::at(const Place& place, const LiveZone& live) {
  LiveZone part;
  part.has_parts = live.has_parts;
  for (const auto& one : live.rrsets) {
    if (place.holds(one.rrset.owner, one.rrset.type)) part.rrsets.push_back(one);
  }
  return gathered(part);
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
  if (memory == nullptr || order_.dry_run || !can_look()) return false;
  if (memory->read_at() > moment.wall ||
      moment.wall - memory->read_at() >= order_.limits.reading_interval) {
    return false;
  }
  auto recalled =
      memory->recall_part(*order_.version, driver_.capabilities(), intended_, order_.settings);
  if (recalled) {
    live_ = std::move(recalled->live);
    part_ = std::move(recalled->part);
  } else {
    live_ = memory->recall(driver_.capabilities());
  }
  zone_ = live_.zone;
  known_pages_ = memory->pages();
  read_at_ = memory->read_at();
  plan_ = planned();
  result_.plan = plan_;
  const auto places = places_of_plan();
  const bool compares = driver_.capabilities().batch.compares && !plan_->counts.changes_apex_ns;
  const bool saves = compares || (places.size() <= known_pages_ && can_look_at(places));
  const bool asks_nobody = !plan_->blocked && plan_->counts.conflicts == 0 && !why_not_expected() &&
                           why_unsafe(*plan_, order_.guards, order_.owned, moment.wall).empty();
  if (!saves || !asks_nobody) {
    forget_live();
    plan_.reset();
    result_.plan.reset();
    return false;
  }
  if (!compares) looks_.assign(places.begin(), places.end());
  return true;
}

/// Where the plan changes something. The SOA is always ours: it needs no look before, and after
/// only where nothing else tells its serial.
std::set<Push::Place> Push::places_of_plan() const {
  const bool by_owner = driver_.looks() == Looks::owners;
  std::set<Place> places;
  for (const auto& change : plan_->changes) {
    const RRsetKey key = change.key();
    if (is_soa_of(key, zone_.apex)) continue;
    places.insert({key.owner, by_owner ? std::nullopt : std::optional(key.type)});
  }
  return places;
}

Push::Place Push::soa_place() const {
  if (driver_.looks() == Looks::owners) return {zone_.apex, std::nullopt};
  return {zone_.apex, dns::RRType::SOA};
}

Step Push::next_look(const Moment& moment) {
  tries_ = 0;
  if (!looks_.empty()) {
    stage_ = Stage::look;
    return ask(moment);
  }
  plan_ = planned();
  return verifying_ ? on_verified(moment) : on_plan(moment);
}

Step Push::on_look(const Moment& moment, const Response& response) {
  const Place place = looks_.front();
  auto page = parse_look(moment, place, response);
  if (page.trouble() != nullptr) return on_trouble(moment, *page.trouble());
  if (page.value() == nullptr || page.value()->next || !page.value()->complete) {
    if (is_behind_list()) {
      return on_trouble(moment, {TroubleKind::incomplete_read, "an RRset was not shown", {}, {}});
    }
    return start_reading(moment, verifying_ ? Stage::list : Stage::find);
  }
  const auto serial = page.value()->serial;
  LiveZone seen;
  seen.zone = zone_;
  seen.add(std::move(*page.value()));
  if (from_memory_ && !verifying_ && contradicts(place, seen)) {
    return start_reading(moment, Stage::find);
  }
  take_look(place, seen);
  if (verifying_ && serial) take_serial(*serial);
  looks_.pop_front();
  if (verifying_ && looks_.empty() && !soa_is_seen_) {
    soa_is_seen_ = true;
    looks_.push_back(soa_place());
  }
  return next_look(moment);
}

/// Whether a place is not as it is remembered. The SOA may have been counted on by the provider.
bool Push::contradicts(const Place& place, const LiveZone& seen) const {
  auto known = at(place, live_);
  auto there = at(place, seen);
  known.erase({zone_.apex, dns::RRType::SOA});
  there.erase({zone_.apex, dns::RRType::SOA});
  return !std::equal(
      known.begin(), known.end(), there.begin(), there.end(), [](const auto& a, const auto& b) {
        return a.first == b.first && a.second.kind == b.second.kind &&
               a.second.is_uneven() == b.second.is_uneven() &&
               fingerprint(a.second.rrset, true) == fingerprint(b.second.rrset, true);
      });
}

void Push::take_look(const Place& place, const LiveZone& seen) {
  if (place.type) looked_at_.insert({place.owner, *place.type});
  std::erase_if(live_.rrsets,
                [&](const LiveRRset& one) { return place.holds(one.rrset.owner, one.rrset.type); });
  for (auto& [key, one] : at(place, seen)) {
    if (driver_.list_hides() && one.kind != LiveKind::plain) hidden_[key] = one.why;
    live_.rrsets.push_back(one);
  }
  live_.serial_is_ours = seen.serial_is_ours;
  if (place.holds(zone_.apex, dns::RRType::SOA)) soa_is_seen_ = true;
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

/// Prepares to look at what the plan changes or takes away, where a list does not show all of it;
/// false if all of that was seen.
bool Push::look_behind() {
  if (!driver_.list_hides()) return false;
  for (const auto& change : plan_->changes) {
    const auto key = change.key();
    if (!change.before || looked_at_.contains(key)) continue;
    if (driver_.can_look(zone_, key.owner)) looks_.push_back({key.owner, key.type});
  }
  return !looks_.empty();
}

/// A look is under way at what was listed a moment ago.
bool Push::is_behind_list() const {
  return stage_ == Stage::look && !from_memory_ && !verifying_;
}

/// A list that came later shows as plain again what was found to be more.
void Push::recall_hidden() {
  for (auto& one : live_.rrsets) {
    const auto found = hidden_.find(one.key());
    if (found != hidden_.end() && one.kind == LiveKind::plain) one.make_opaque(found->second);
  }
}

/// Prepares to look at what was written instead of reading everything; false if that is no less.
bool Push::look_back() {
  if (!live_.complete || !can_look()) return false;
  const auto places = places_of_plan();
  const auto& changes = plan_->changes;
  const bool has_soa = std::any_of(changes.begin(), changes.end(), [&](const auto& change) {
    return is_soa_of(change.key(), zone_.apex);
  });
  const bool only_soa = has_soa && places.empty();
  if (places.size() > known_pages_ || (places.empty() && !only_soa)) return false;
  if (!can_look_at(places)) return false;
  soa_is_seen_ = !has_soa || only_soa;
  looks_.assign(places.begin(), places.end());
  if (only_soa) looks_.push_back(soa_place());
  return true;
}

/// Keeps what is known of the zone now for the next push.
void Push::remember() {
  if (order_.limits.reading_interval.count() <= 0) return;
  result_.remembered = RememberedZone::make({order_.version, live_, part_ ? &*part_ : nullptr,
                                             driver_.capabilities(), order_.settings.mode,
                                             plan_->kept, known_pages_, read_at_});
}

}  // namespace taproot::pushers
