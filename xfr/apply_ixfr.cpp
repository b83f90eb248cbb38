#include "xfr/apply_ixfr.hpp"

#include "dns/rdata.hpp"
#include "dns/rrset.hpp"
#include "dns/types.hpp"

#include <map>
#include <string>
#include <utility>

namespace taproot::xfr {

using dns::RRType;
using zonestore::ZoneBuilder;
using zonestore::ZoneVersion;

namespace {

/// As many records as an RRset can hold; the rules stop it far below.
constexpr std::size_t max_records = 65'535;

/// What a step does to one RRset.
struct Turn {
  std::vector<const dns::Record*> deleted;
  std::vector<const dns::Record*> added;
};
using Turns = std::map<std::pair<dns::Name, RRType>, Turn>;

tl::unexpected<Error> no_fit(const dns::Record& record, const std::string& why) {
  return fail(Errc::conflict, record.owner.to_text() + " " + dns::to_text(record.type) + " " + why);
}

Turns turns_of(const IxfrStep& step) {
  Turns turns;
  for (const auto& record : step.deleted) {
    turns[{record.owner, record.type}].deleted.push_back(&record);
  }
  for (const auto& record : step.added) {
    turns[{record.owner, record.type}].added.push_back(&record);
  }
  return turns;
}

Result<void> put_soa(ZoneBuilder& builder, const IxfrStep& step) {
  const auto there = builder.find(builder.apex(), RRType::SOA);
  const dns::RRset before{builder.apex(), RRType::SOA, step.before.ttl, {step.before.rdata}};
  if (!there || !dns::same_rrset(*there, before)) {
    return no_fit(step.before, "of the step's beginning is another than ours");
  }
  builder.put({builder.apex(), RRType::SOA, step.after.ttl, {step.after.rdata}});
  return {};
}

/// Canonical rdata to the one that is there: large RRsets change one record at a time.
using Held = std::map<dns::Rdata, dns::Rdata>;

Result<void> take_out(const Turn& turn, RRType type, std::uint32_t ttl, Held& held) {
  for (const auto* record : turn.deleted) {
    if (record->ttl != ttl) return no_fit(*record, "to be deleted has another TTL here");
    if (held.erase(dns::canonical(type, record->rdata)) == 0) {
      return no_fit(*record, "is to be deleted and is not here");
    }
  }
  return {};
}

Result<void> put_in(const Turn& turn, RRType type, std::uint32_t ttl, Held& held) {
  for (const auto* record : turn.added) {
    if (record->ttl != ttl) return no_fit(*record, "would have two TTLs");
    if (!held.emplace(dns::canonical(type, record->rdata), record->rdata).second) {
      return no_fit(*record, "is to be added and is here already");
    }
  }
  if (held.size() > max_records) {
    return no_fit(*turn.added.front(), "would have more records than an RRset can hold");
  }
  return {};
}

Result<void> take_turn(ZoneBuilder& builder, const dns::Name& owner, RRType type,
                       const Turn& turn) {
  auto rrset = builder.find(owner, type);
  Held held;
  if (rrset) {
    for (auto& rdata : rrset->rdata) held.emplace(dns::canonical(type, rdata), rdata);
  }
  const std::uint32_t ttl = rrset ? rrset->ttl : 0;
  if (auto out = take_out(turn, type, ttl, held); !out) return out;
  const bool is_new = held.empty() && !turn.added.empty();
  const std::uint32_t next_ttl = is_new ? turn.added.front()->ttl : ttl;
  if (auto in = put_in(turn, type, next_ttl, held); !in) return in;
  if (held.empty()) {
    builder.remove(owner, type);
    return {};
  }
  dns::RRset next{rrset ? rrset->owner : owner, type, next_ttl, {}};
  next.rdata.reserve(held.size());
  for (auto& [key, rdata] : held) next.rdata.push_back(std::move(rdata));
  builder.put(std::move(next));
  return {};
}

Result<void> take_step(ZoneBuilder& builder, const IxfrStep& step) {
  if (auto soa = put_soa(builder, step); !soa) return soa;
  for (const auto& [key, turn] : turns_of(step)) {
    if (auto taken = take_turn(builder, key.first, key.second, turn); !taken) return taken;
  }
  return {};
}

}  // namespace

Result<std::shared_ptr<const ZoneVersion>> apply_ixfr(const ZoneVersion& base,
                                                      const std::vector<IxfrStep>& steps) {
  ZoneBuilder builder(base);
  for (const auto& step : steps) {
    if (auto taken = take_step(builder, step); !taken) return tl::unexpected(taken.error());
  }
  return builder.finish();
}

}  // namespace taproot::xfr
