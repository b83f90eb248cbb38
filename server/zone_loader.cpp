#include "server/zone_loader.hpp"

#include "zonestore/sources/work_tree.hpp"
#include "zonestore/sources/zone_source.hpp"

#include <malloc.h>

#include <algorithm>
#include <map>
#include <utility>

namespace taproot::server {

struct ZoneLoader::Request {
  std::vector<ZoneConfig> zones;
  std::vector<LoadedZone> loaded;
  std::size_t begun = 0;
  std::size_t running = 0;
  Done done;
};

namespace {

/// Reading a large zone takes several times what the zone itself takes; the allocator would keep
/// the rest for later.
constexpr std::size_t large_zone_records = 100'000;

/// The commits of folders, for the sources of one job: most of them lie in one.
using Revisions = std::map<std::filesystem::path, std::string>;

std::string revision_of(const std::filesystem::path& source, Revisions& known) {
  const auto [at, is_new] = known.try_emplace(source.parent_path());
  if (is_new) at->second = zonestore::work_tree_revision(source);
  return at->second;
}

LoadedZone load_one(const ZoneConfig& zone, Revisions& revisions) {
  // Before the file, so that a checkout in between is not credited with what it did not bring.
  const auto revision = revision_of(zone.source, revisions);
  LoadedZone loaded{zone.name, zone.shown, zonestore::load_zone(zone.name, zone.source, zone.shown),
                    revision};
  const auto& version = loaded.candidate.version;
  if (version && version->record_count() > large_zone_records) malloc_trim(0);
  return loaded;
}

}  // namespace

void ZoneLoader::load(const std::vector<ZoneConfig>& zones, Done done) {
  const auto request = std::make_shared<Request>();
  request->zones = zones;
  request->loaded.resize(zones.size());
  request->done = std::move(done);
  if (zones.empty()) return loop_.post([request] { request->done({}); });
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
      request->loaded[i] = load_one(request->zones[i], revisions);
    }
  };
  loop_.work(job, [this, request] {
    --request->running;
    begin_batch(request);
    if (request->running == 0) request->done(std::move(request->loaded));
  });
}

}  // namespace taproot::server
