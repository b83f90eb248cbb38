#include "server/catalog_maker.hpp"

#include "server/remote_proof.hpp"
#include "zonestore/catalog.hpp"

#include <algorithm>
#include <set>

namespace taproot::server {

namespace {

/// A zone's id in every catalog, and at every start the same: another id would tell consumers to
/// forget what they know of the zone (RFC 9432 section 5.4).
std::string id_of(const dns::Name& zone) {
  constexpr std::size_t digits = 32;
  return sha256_of(zone.lowered().to_text()).substr(0, digits);
}

bool share_one(const std::vector<std::string>& a, const std::vector<std::string>& b) {
  return std::any_of(a.begin(), a.end(), [&](const std::string& name) {
    return std::find(b.begin(), b.end(), name) != b.end();
  });
}

bool is_catalog(const ZoneConfig& zone) {
  return zone.is_made_catalog() || (zone.follow() != nullptr && zone.follow()->is_catalog);
}

std::set<dns::Name> listed_in(const zonestore::ZoneVersion* catalog) {
  std::set<dns::Name> listed;
  const auto members = catalog != nullptr ? zonestore::read_catalog(*catalog)
                                          : Result<std::vector<zonestore::CatalogMember>>();
  if (!members) return listed;
  for (const auto& member : *members) listed.insert(member.zone);
  return listed;
}

}  // namespace

void CatalogMaker::fill(SharedZoneConfig& shared) const {
  if (!shared->is_made_catalog()) return;
  ZoneConfig zone = *shared;
  auto work = std::make_shared<CatalogWork>();
  work->current = store_.current(zone.name);
  const auto listed = listed_in(work->current.get());
  for (const auto& member : config_.zones) {
    if (is_catalog(*member) || !share_one(member->providers, zone.providers)) continue;
    if (store_.current(member->name) == nullptr && !listed.contains(member->name)) continue;
    work->members.emplace_back(member->name, member->catalog);
    // Where another catalog's zone may go is said to us, not to those who follow us.
    if (member->is_member() && member->catalog && member->catalog->coo) {
      work->members.back().second =
          std::make_shared<CatalogProperties>(CatalogProperties{member->catalog->groups, {}});
    }
  }
  zone.sources.front().catalog_work = std::move(work);
  shared = std::make_shared<const ZoneConfig>(std::move(zone));
}

void load_catalog(const ZoneConfig& zone, LoadedZone& loaded) {
  const auto& work = zone.sources.front().catalog_work;
  if (!work) return;
  std::vector<zonestore::CatalogMember> members;
  members.reserve(work->members.size());
  for (const auto& [name, properties] : work->members) {
    zonestore::CatalogMember member{id_of(name), name, {}, std::nullopt};
    if (properties) {
      member.groups = properties->groups;
      member.coo = properties->coo;
    }
    members.push_back(std::move(member));
  }
  loaded.candidate.version = zonestore::make_catalog(zone.name, work->current.get(), members);
  loaded.candidate.serial_is_ours = true;
}

}  // namespace taproot::server
