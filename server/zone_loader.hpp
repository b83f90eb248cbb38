#pragma once

#include "dns/name.hpp"
#include "net/loop.hpp"
#include "server/config.hpp"
#include "zonestore/candidate.hpp"

#include <cstddef>
#include <functional>
#include <memory>
#include <vector>

namespace taproot::server {

/// One zone as its source has it now.
struct LoadedZone {
  dns::Name name;
  std::string source;  ///< as the operator wrote it
  zonestore::Candidate candidate;
  std::string revision{};  ///< the commit of the work tree that the source lies in
};

/// Reads and checks zones' sources on the work pool, a few at a time, and hands all of one
/// request back together. Belongs to the control loop.
class ZoneLoader {
 public:
  using Done = std::function<void(std::vector<LoadedZone>)>;

  explicit ZoneLoader(net::Loop& loop) : loop_(loop) {}

  /// Reads these zones as they stand now; `done` is called once, on the loop, also for none.
  void load(const std::vector<ZoneConfig>& zones, Done done);

 private:
  struct Request;
  void begin_batch(const std::shared_ptr<Request>& request);

  /// Small zones are read many to a job, so that a hundred thousand of them are few jobs.
  static constexpr std::size_t batch_size = 64;
  static constexpr std::size_t parallel_jobs = 2;

  net::Loop& loop_;
};

}  // namespace taproot::server
