#include "server/zone_loader.hpp"

#include "server/catalog_maker.hpp"
#include "server/zone_parts.hpp"
#include "zonestore/sources/work_tree.hpp"
#include "zonestore/sources/zone_source.hpp"

#include <malloc.h>

#include <algorithm>
#include <map>
#include <utility>

namespace taproot::server {

struct ZoneLoader::Request {
  std::vector<WantedZone> zones;
  std::vector<std::shared_ptr<Remembered>> remembered;  ///< of each of them
  std::vector<LoadedZone> loaded;
  std::size_t begun = 0;
  std::size_t running = 0;
  Done done;
};

namespace {

/// Reading a large zone takes several times what the zone itself takes; the allocator would keep
/// the rest for later.
constexpr std::size_t large_zone_records = 100'000;

/// Of a zone's file, or of the first file of several sources; empty if there is none.
std::string revision_of(const ZoneConfig& zone, ZoneLoader::Revisions& known) {
  std::filesystem::path source = zone.source;
  for (const auto& one : zone.sources) {
    if (source.empty()) source = one.path;
  }
  if (source.empty()) return "";
  const auto [at, is_new] = known.try_emplace(source.parent_path());
  if (is_new) at->second = zonestore::work_tree_revision(source);
  return at->second;
}

/// What came by transfer was checked when it came.
void take_received(const SourceConfig& source, LoadedZone& loaded) {
  loaded.received = source.received;
  loaded.candidate.findings = source.findings;
  if (source.received) {
    loaded.candidate.version = source.received->version;
    loaded.candidate.findings = source.received->findings;
  }
  loaded.is_unchanged = !source.received && source.findings.empty();
}

}  // namespace

LoadedZone ZoneLoader::load_one(const WantedZone& zone, Remembered& remembered,
                                Revisions& revisions) {
  const ZoneConfig& config = *zone.config;
  const auto rules = config.check ? config.check->rules : zonestore::RulePolicy();
  LoadedZone loaded{config.name, "", {}};
  if (config.is_made_catalog() || config.follow() != nullptr) {
    loaded.source = config.shown;
    if (config.is_made_catalog()) {
      load_catalog(config, loaded);
    } else {
      take_received(config.sources.front(), loaded);
    }
    return loaded;
  }
  const std::lock_guard lock(remembered.reading);
  auto& memory = remembered.memory;
  if (config.sources.empty() && zone.is_settled && memory.is_unchanged(config.source, rules)) {
    loaded.is_unchanged = true;
    return loaded;
  }
  // Before the file, so that a checkout in between is not credited with what it did not bring.
  loaded.revision = revision_of(config, revisions);
  loaded.source = config.shown;
  if (!config.sources.empty()) {
    load_parts_of(config, loaded);
    return loaded;
  }
  loaded.candidate =
      zonestore::load_zone(config.name, config.source, config.shown, {}, rules, &memory);
  const auto& version = loaded.candidate.version;
  const bool needed_much = memory.large() == nullptr;
  if (needed_much && version && version->record_count() > large_zone_records) malloc_trim(0);
  return loaded;
}

void ZoneLoader::load(std::vector<WantedZone> zones, Done done) {
  const auto request = std::make_shared<Request>();
  request->zones = std::move(zones);
  request->loaded.resize(request->zones.size());
  request->remembered.reserve(request->zones.size());
  for (const auto& zone : request->zones) {
    auto& remembered = remembered_[zone.config->name];
    if (!remembered) remembered = std::make_shared<Remembered>();
    request->remembered.push_back(remembered);
  }
  request->done = std::move(done);
  if (request->zones.empty()) return loop_.post([request] { request->done({}); });
  for (std::size_t i = 0; i < parallel_jobs; ++i) begin_batch(request);
}

void ZoneLoader::begin_batch(const std::shared_ptr<Request>& request) {
  const std::size_t from = request->begun;
  const std::size_t to = std::min(from + batch_size, request->zones.size());
  if (from == to) return;
  request->begun = to;
  ++request->running;
  // Jobs write to places of their own in `loaded`, which does not grow meanwhile.
  const auto job = [request, from, to] {
    Revisions revisions;
    for (std::size_t i = from; i < to; ++i) {
      request->loaded[i] = load_one(request->zones[i], *request->remembered[i], revisions);
    }
  };
  loop_.work(job, [this, request] {
    --request->running;
    begin_batch(request);
    if (request->running == 0) request->done(std::move(request->loaded));
  });
}

void ZoneLoader::installed(const dns::Name& zone,
                           const std::shared_ptr<const zonestore::ZoneVersion>& version) {
  const auto found = remembered_.find(zone);
  if (found == remembered_.end()) return;
  // If it is being read again this comes too late, and costs some memory, nothing else.
  const std::unique_lock lock(found->second->reading, std::try_to_lock);
  if (lock) found->second->memory.installed(version);
}

}  // namespace taproot::server
