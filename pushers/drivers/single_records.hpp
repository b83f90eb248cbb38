#pragma once

#include "pushers/batches.hpp"
#include "pushers/live_zone.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace taproot::pushers {

// For providers that know no RRsets: they keep single records, each with an id and a TTL of its
// own. LiveRRset::ids holds each id together with the rdata that it stands for.

/// Records of a list, put together to RRsets.
class ListedRecords {
 public:
  void add(const RRsetKey& key, std::uint32_t ttl, const std::string& id, dns::Rdata rdata);
  /// A record whose rdata is not known.
  void add_unread(const RRsetKey& key, std::uint32_t ttl, const std::string& id, std::string why);
  /// The RRset that a record is of is not plain.
  void spoil(const RRsetKey& key, std::string why);

  /// All RRsets, normalised; to be called once.
  std::vector<LiveRRset> take();

 private:
  LiveRRset& at(const RRsetKey& key, std::uint32_t ttl);

  std::map<RRsetKey, LiveRRset> sets_;
};

/// What becomes of the single records of one RRset.
struct RecordEdits {
  struct Edit {
    std::string id;
    std::optional<dns::Rdata> rdata;  ///< nothing: only its TTL changes
  };
  std::vector<Edit> edits;  ///< in place
  std::vector<dns::Rdata> creates;
  std::vector<std::string> deletes;  ///< ids; records that say the same as another are among them
};

/// Knows the ids of what a batch changes.
class RecordIds {
 public:
  RecordIds(const LiveZone& live, const Batch& batch);

  RecordEdits edits_of(const PlannedChange& change) const;

 private:
  struct Known {
    std::multimap<std::string, std::string> ids;  ///< rdata to id
    bool has_mixed_ttls = false;
  };

  std::map<RRsetKey, Known> known_;
};

/// How many records a change touches.
std::size_t records_of(const PlannedChange& change);

}  // namespace taproot::pushers
