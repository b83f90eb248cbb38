#include "server/first_serials.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace taproot::server {

namespace {

/// More zones than this in one go are one line in the log.
constexpr std::size_t few = 10;

}  // namespace

FirstSerials::FirstSerials(net::Loop& loop, zonestore::ZoneStore& store, const ZoneDesk& desk,
                           const Distributor& distributor)
    : loop_(loop), store_(store), desk_(desk), distributor_(distributor) {}

bool FirstSerials::must_ask(const dns::Name& zone) const {
  if (asking_.contains(zone)) return true;
  if (asked_.contains(zone) || store_.current(zone) != nullptr) return false;
  if (distributor_.serial_holders(zone).empty()) return false;
  const auto last = store_.journal().last_number(zone);
  return last && *last == 0;
}

void FirstSerials::know(const std::vector<dns::Name>& zones, std::function<void()> then) {
  std::vector<Survey::Zone> fresh;
  std::set<dns::Name> open;
  for (const auto& zone : zones) {
    if (!must_ask(zone)) continue;
    open.insert(zone);
    if (!asked_.insert(zone).second) continue;
    asking_.insert(zone);
    fresh.push_back({zone, distributor_.serial_holders(zone), std::nullopt, {}, false, 0});
  }
  if (open.empty()) return then();
  waiting_.push_back({std::move(open), std::move(then)});
  if (!fresh.empty()) begin(std::move(fresh));
}

void FirstSerials::begin(std::vector<Survey::Zone> zones) {
  spdlog::info("asking the secondaries of {} zones without a version for their serials",
               zones.size());
  surveys_.emplace_front();
  const auto at = surveys_.begin();
  *at = std::make_unique<Survey>(loop_, std::move(zones), Survey::Options{}, [this, at](auto seen) {
    const auto over = std::move(*at);  // it calls us: keep it until we are done
    surveys_.erase(at);
    take(seen);
  });
}

void FirstSerials::take(const std::vector<Survey::Zone>& zones) {
  std::vector<std::pair<dns::Name, dns::Serial>> highest;
  for (const auto& zone : zones) {
    asking_.erase(zone.apex);
    if (!zone.highest) continue;
    const auto* state = desk_.find(zone.apex);
    const bool keeps = state != nullptr && state->config->serial == zonestore::SerialPolicy::keep;
    // With `keep` the operator answers for the serial: the same one may be the same contents, and
    // only what is behind is refused.
    highest.emplace_back(zone.apex, keeps ? dns::Serial(zone.highest->value() - 1) : *zone.highest);
  }
  if (const auto raised = store_.journal().raise_serials(highest); !raised) {
    spdlog::error("the serials of secondaries cannot be noted: {}", raised.error().detail);
  }
  log(zones);
  std::vector<std::function<void()>> due;
  for (auto at = waiting_.begin(); at != waiting_.end();) {
    for (const auto& zone : zones) at->zones.erase(zone.apex);
    if (at->zones.empty()) due.push_back(std::move(at->then));
    at = at->zones.empty() ? waiting_.erase(at) : std::next(at);
  }
  for (const auto& then : due) then();
}

void FirstSerials::log(const std::vector<Survey::Zone>& zones) const {
  std::size_t seen = 0;
  std::size_t silent = 0;
  for (const auto& zone : zones) {
    const auto name = zone.apex.to_text();
    if (!zone.highest) {
      if (++silent <= few) {
        spdlog::info(
            "{}: none of {} secondaries holds it or answers: it begins with its source's "
            "serial",
            name, zone.endpoints.size());
      }
      continue;
    }
    if (++seen <= few) {
      spdlog::info("{}: {} holds serial {}: it goes on above it", name, zone.holder.to_text(),
                   zone.highest->value());
    }
    if (zone.has_unordered) {
      spdlog::warn(
          "{}: its secondaries hold serials without an order (RFC 1982): look at `taproot "
          "status {}`",
          name, name);
    }
  }
  if (seen + silent > few) {
    spdlog::info("of {} zones, {} go on above a serial that a secondary holds", zones.size(), seen);
  }
}

}  // namespace taproot::server
