#pragma once

#include "dns/name.hpp"
#include "net/loop.hpp"
#include "net/timer.hpp"
#include "server/config.hpp"
#include "server/received_zone.hpp"
#include "zonestore/candidate.hpp"
#include "zonestore/sources/zone_source.hpp"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

namespace taproot::server {

/// The document that was read for one of a zone's sources.
struct ReadDocument {
  std::string id;      ///< as RemoteSources calls it
  std::string sha256;  ///< empty: its copy is damaged
};

/// One zone as its source has it now.
struct LoadedZone {
  dns::Name name;
  std::string source;  ///< as the operator wrote it
  zonestore::Candidate candidate;
  std::string revision{};                 ///< the commit of the work tree that the source lies in
  bool is_unchanged = false;              ///< not read: it is what it was at the last reading
  std::vector<ReadDocument> documents{};  ///< if it is made of any
  std::shared_ptr<const ReceivedZone> received{};  ///< if it came by transfer
};

/// One zone whose source is wanted.
struct WantedZone {
  SharedZoneConfig config;
  /// Whatever came of the last reading is done with: if nothing was written to the file since, it
  /// need not be read.
  bool is_settled = false;
};

/// A zone whose source is being read or checked at this moment.
struct LoadingZone {
  dns::Name zone;
  std::string words;  ///< "reading zones/x.zone: 41 % of 812 MiB, for 6 s"
  std::chrono::milliseconds age{};
};

/// Reads and checks zones' sources on the work pool, a few at a time, and hands all of one
/// request back together. Belongs to the control loop.
class ZoneLoader {
 public:
  using Done = std::function<void(std::vector<LoadedZone>)>;

  /// The commits of folders, for the sources of one job: most of them lie in one.
  using Revisions = std::map<std::filesystem::path, std::string>;

  explicit ZoneLoader(net::Loop& loop)
      : loop_(loop), tick_(loop, [this] { tell_of_long_ones(); }) {}

  /// Reads these zones as they stand now; `done` is called once, on the loop, also for none.
  void load(std::vector<WantedZone> zones, Done done);

  /// The store made `version` of what was read last: SourceMemory::installed().
  void installed(const dns::Name& zone,
                 const std::shared_ptr<const zonestore::ZoneVersion>& version);
  void forget(const dns::Name& zone) { remembered_.erase(zone); }

  /// Those that the work pool has before it. Every two seconds the log tells of those that take
  /// longer than that.
  std::vector<LoadingZone> loading() const;

 private:
  struct Request;
  struct Job;
  /// A source's memory goes from one job to the next; two of one zone wait for each other.
  struct Remembered {
    std::mutex reading;
    zonestore::SourceMemory memory;
  };
  static LoadedZone load_one(const WantedZone& zone, Remembered& remembered, Revisions& revisions,
                             zonestore::ReadProgress& progress);
  static LoadingZone loading(const Job& job);
  void begin_job(const std::shared_ptr<Request>& request);
  void tell_of_long_ones();

  static constexpr std::size_t parallel_jobs = 2;
  /// A job reads one zone after the other for so long, so that a hundred thousand small ones are
  /// few jobs, which need not wait for the loop, and others' requests have their turn.
  static constexpr std::chrono::milliseconds turn{100};

  net::Loop& loop_;
  net::Timer tick_;
  std::vector<std::shared_ptr<Job>> jobs_;  ///< that are on the work pool
  std::unordered_map<dns::Name, std::shared_ptr<Remembered>, dns::NameHash> remembered_;
};

}  // namespace taproot::server
