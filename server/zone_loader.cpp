#include "server/zone_loader.hpp"

#include "server/catalog_maker.hpp"
#include "server/free_memory.hpp"
#include "server/zone_parts.hpp"
#include "zonestore/sources/work_tree.hpp"
#include "zonestore/sources/zone_source.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <utility>

namespace taproot::server {

struct ZoneLoader::Request {
  std::vector<WantedZone> zones;
  std::vector<std::shared_ptr<Remembered>> remembered;  ///< of each of them
  std::vector<LoadedZone> loaded;
  std::atomic<std::size_t> begun{0};  ///< jobs take the next one
  std::size_t running = 0;
  Done done;
};

/// Some zones of a request, one after the other on the work pool; the loop looks on.
struct ZoneLoader::Job {
  std::shared_ptr<Request> request;
  std::atomic<std::size_t> at{0};  ///< the zone that is being read
  std::atomic<net::Instant> begun{net::Instant()};
  std::pair<std::size_t, std::chrono::seconds> told{0, 0};  ///< the zone, and its age at the time
  zonestore::ReadProgress progress;

  void begin(std::size_t zone) {
    progress.octets = progress.of = 0;
    begun = net::Clock::now();  // first, so that no zone is credited with the time of another
    at = zone;
  }
};

namespace {

constexpr auto long_reading = std::chrono::seconds(2);
/// Zones begin at any time between two looks, so that looks are more frequent than what is told.
constexpr auto between_looks = std::chrono::milliseconds(250);

std::string words_of(const ZoneConfig& zone, const zonestore::ReadProgress& progress,
                     std::chrono::milliseconds age) {
  const auto octets = progress.octets.load();
  const auto of = progress.of.load();
  const auto mebibytes = [](std::uint64_t count) {
    return std::to_string((count + (1u << 19)) >> 20) + " MiB";
  };
  const bool is_read = of > 0 && octets >= of;
  std::string words = (is_read ? "checking " : "reading ") + zone.shown;
  if (!is_read && of > 0) {
    words += ": " + std::to_string(octets * 100 / of) + " % of " + mebibytes(of);
  }
  return words + ", for " + std::to_string(age.count() / 1000) + " s";
}

/// The allocator would keep for later what such a zone took while it was read.
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
                                Revisions& revisions, zonestore::ReadProgress& progress) {
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
  zonestore::SourceLimits limits;
  limits.progress = &progress;
  loaded.candidate =
      zonestore::load_zone(config.name, config.source, config.shown, limits, rules, &memory);
  const auto& version = loaded.candidate.version;
  const bool needed_much = memory.large() == nullptr;
  if (needed_much && version && version->record_count() > large_zone_records) {
    give_back_free_memory();
  }
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
  for (std::size_t i = 0; i < parallel_jobs; ++i) begin_job(request);
}

void ZoneLoader::begin_job(const std::shared_ptr<Request>& request) {
  const std::size_t count = request->zones.size();
  const std::size_t first = request->begun++;
  if (first >= count) return;
  ++request->running;
  const auto job = std::make_shared<Job>();
  job->request = request;
  job->begin(first);
  jobs_.push_back(job);
  if (!tick_.is_set()) tick_.set_after(between_looks);
  // Jobs write to places of their own in `loaded`, which does not grow meanwhile.
  const auto read = [request, job, first, count] {
    Revisions revisions;
    const auto end = net::Clock::now() + turn;
    for (std::size_t i = first; i < count; i = request->begun++) {
      job->begin(i);
      request->loaded[i] =
          load_one(request->zones[i], *request->remembered[i], revisions, job->progress);
      if (net::Clock::now() >= end) break;
    }
  };
  loop_.work(read, [this, request, job] {
    std::erase(jobs_, job);
    --request->running;
    begin_job(request);
    if (request->running == 0) request->done(std::move(request->loaded));
  });
}

LoadingZone ZoneLoader::loading(const Job& job) {
  const auto& zone = *job.request->zones[job.at].config;
  const auto age =
      std::chrono::duration_cast<std::chrono::milliseconds>(net::Clock::now() - job.begun.load());
  return {zone.name, words_of(zone, job.progress, age), age};
}

std::vector<LoadingZone> ZoneLoader::loading() const {
  std::vector<LoadingZone> all;
  all.reserve(jobs_.size());
  for (const auto& job : jobs_) all.push_back(loading(*job));
  return all;
}

void ZoneLoader::tell_of_long_ones() {
  for (const auto& job : jobs_) {
    if (job->told.first != job->at) job->told = {job->at, std::chrono::seconds(0)};
    const auto one = loading(*job);
    if (one.age < job->told.second + long_reading) continue;
    job->told.second = std::chrono::duration_cast<std::chrono::seconds>(one.age);
    spdlog::info("{}: {}", one.zone.to_text(), one.words);
  }
  if (!jobs_.empty()) tick_.set_after(between_looks);
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
