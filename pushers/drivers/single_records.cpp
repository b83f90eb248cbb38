#include "pushers/drivers/single_records.hpp"

#include "dns/rdata.hpp"

#include <algorithm>
#include <utility>

namespace taproot::pushers {

namespace {

using dns::RRset;

/// Between an id and the rdata that it stands for.
constexpr char id_separator = '\t';

std::string octets_of(const dns::Rdata& rdata) {
  const auto wire = rdata.wire();
  return {wire.begin(), wire.end()};
}

bool has(const RRset& rrset, const dns::Rdata& rdata) {
  return std::any_of(rrset.rdata.begin(), rrset.rdata.end(), [&](const dns::Rdata& one) {
    return dns::compare_canonical(rrset.type, one.wire(), rdata.wire()) == 0;
  });
}

/// What of an RRset is not in the other.
std::vector<dns::Rdata> beyond(const std::optional<RRset>& rrset,
                               const std::optional<RRset>& other) {
  std::vector<dns::Rdata> rest;
  if (!rrset) return rest;
  for (const auto& rdata : rrset->rdata) {
    if (!other || !has(*other, rdata)) rest.push_back(rdata);
  }
  return rest;
}

bool changes_ttl(const PlannedChange& change) {
  return change.is_update() && change.before->ttl != change.after->ttl;
}

}  // namespace

// Reading.

LiveRRset& ListedRecords::at(const RRsetKey& key, std::uint32_t ttl) {
  const auto [entry, is_new] = sets_.try_emplace(key);
  LiveRRset& live = entry->second;
  live.rrset.owner = key.owner;
  live.rrset.type = key.type;
  live.has_mixed_ttls = live.has_mixed_ttls || (!is_new && live.rrset.ttl != ttl);
  live.rrset.ttl = is_new ? ttl : std::min(live.rrset.ttl, ttl);
  return live;
}

void ListedRecords::add(const RRsetKey& key, std::uint32_t ttl, const std::string& id,
                        dns::Rdata rdata) {
  LiveRRset& live = at(key, ttl);
  live.ids.push_back(id + id_separator + octets_of(rdata));
  live.rrset.rdata.push_back(std::move(rdata));
}

void ListedRecords::add_unread(const RRsetKey& key, std::uint32_t ttl, const std::string& id,
                               std::string why) {
  at(key, ttl).ids.push_back(id);
  spoil(key, std::move(why));
}

void ListedRecords::spoil(const RRsetKey& key, std::string why) {
  sets_[key].make_opaque(std::move(why));
}

std::vector<LiveRRset> ListedRecords::take() {
  std::vector<LiveRRset> all;
  all.reserve(sets_.size());
  for (auto& [key, live] : sets_) {
    const std::size_t count = live.rrset.rdata.size();
    dns::normalise(live.rrset);
    live.has_copies = live.rrset.rdata.size() < count;
    all.push_back(std::move(live));
  }
  sets_.clear();
  return all;
}

// Writing.

RecordIds::RecordIds(const LiveZone& live, const Batch& batch) {
  for (const auto& change : batch) {
    if (change.before) known_[change.key()];
  }
  if (known_.empty()) return;
  for (const auto& one : live.rrsets) {
    const auto wanted = known_.find(one.key());
    if (wanted == known_.end()) continue;
    Known& known = wanted->second;
    known.has_mixed_ttls = known.has_mixed_ttls || one.has_mixed_ttls;
    for (const auto& id : one.ids) {
      const auto end = id.find(id_separator);
      if (end != std::string::npos) known.ids.emplace(id.substr(end + 1), id.substr(0, end));
    }
  }
}

RecordEdits RecordIds::edits_of(const PlannedChange& change) const {
  RecordEdits result;
  result.creates = beyond(change.after, change.before);
  const auto known = known_.find(change.key());
  if (!change.before || known == known_.end()) return result;
  auto ids = known->second.ids;
  for (const auto& rdata : beyond(change.before, change.after)) {
    const auto [first, last] = ids.equal_range(octets_of(rdata));
    for (auto at = first; at != last; ++at) result.deletes.push_back(at->second);
    ids.erase(first, last);
  }
  const std::size_t in_place = std::min(result.creates.size(), result.deletes.size());
  for (std::size_t i = 0; i < in_place; ++i) {
    result.edits.push_back({result.deletes[i], std::move(result.creates[i])});
  }
  const auto count = static_cast<std::ptrdiff_t>(in_place);
  result.creates.erase(result.creates.begin(), result.creates.begin() + count);
  result.deletes.erase(result.deletes.begin(), result.deletes.begin() + count);
  for (auto at = ids.begin(); at != ids.end(); ++at) {
    if (at != ids.begin() && std::prev(at)->first == at->first) {
      result.deletes.push_back(at->second);
    } else if (change.after && (changes_ttl(change) || known->second.has_mixed_ttls)) {
      result.edits.push_back({at->second, std::nullopt});
    }
  }
  return result;
}

std::size_t records_of(const PlannedChange& change) {
  const std::size_t gone = beyond(change.before, change.after).size();
  const std::size_t come = beyond(change.after, change.before).size();
  // An RRset that is written as it is has copies, or TTLs that differ.
  const bool all = changes_ttl(change) || change.before == change.after;
  const std::size_t stay = all ? change.before->rdata.size() - gone : 0;
  return std::max(gone, come) + stay;
}

}  // namespace taproot::pushers
