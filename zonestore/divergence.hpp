#pragma once

#include "dns/name.hpp"
#include "dns/rrset.hpp"
#include "dns/types.hpp"
#include "zonestore/changes.hpp"
#include "zonestore/zone_version.hpp"

#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace taproot::zonestore {

// A zone may say something else than its source: somebody edited it, or went back to an older
// version. What the source says at those places is kept, so that it is known what the source said
// when it was last taken: the zone, with these places as the source has them. So a source that
// has not changed since takes nothing back, and one that has changed is merged:
//
//     last taken  ──────────── what the source changed ────────────>  the source now
//         │                                                                │
//         │ edits                                                          │ edits
//         v                                                                v
//     the zone now  ────────── what the source changed ────────────>  the next version

using RRsetKey = std::pair<dns::Name, dns::RRType>;

/// One RRset at which a zone and its source differ.
struct Divergence {
  enum class By {
    edit,     ///< stays until the source says otherwise about this RRset
    rollback  ///< stays until the source changes at all
  };
  dns::Name owner;
  dns::RRType type = dns::RRType::none;
  std::optional<dns::RRset> source;  ///< what the source says; nothing: it has no such RRset
  By by = By::edit;

  RRsetKey key() const { return {owner, type}; }
};

/// How the divergences of a zone change with a step: journaled together with it.
struct DivergenceStep {
  bool drops_all = false;  ///< first of all
  std::vector<RRsetKey> drops;
  std::vector<Divergence> puts;  ///< in the place of the one of this RRset, if any

  bool empty() const { return !drops_all && drops.empty() && puts.empty(); }
};

/// What follows from changes that somebody made to the zone, not to its source. `known` has the
/// divergences of the RRsets that change; more do no harm.
DivergenceStep diverge(const std::vector<Divergence>& known, const ChangeSet& changes,
                       Divergence::By by);

/// What the source said when it was last taken. Shares its memory with `current`; the serial is
/// that of `current`.
std::shared_ptr<const ZoneVersion> source_side(const ZoneVersion& current,
                                               const std::vector<Divergence>& divergences);

/// An RRset that the source and an edit changed in different ways.
struct MergeConflict {
  dns::Name owner;
  dns::RRType type = dns::RRType::none;
  std::optional<dns::RRset> last;    ///< what the source said when it was last taken
  std::optional<dns::RRset> source;  ///< what it says now
  std::optional<dns::RRset> zone;    ///< what the edit made of it
};

enum class OnConflict {
  report,     ///< and make no version
  keep_zone,  ///< the edit stands
};

/// A source that was read again, brought into a zone that was edited since.
struct SourceMerge {
  bool source_changed = false;  ///< since it was last taken
  /// The zone with what the source changed, and the source's serial; null if there are conflicts.
  /// Shares its memory with `current`. Not checked as a zone.
  std::shared_ptr<const ZoneVersion> version;
  std::vector<MergeConflict> conflicts;
  DivergenceStep step;  ///< for when `version` is installed
};

/// RRsets are taken as wholes. The serials of both SOAs do not count. `source` needs not share
/// memory with `current`: then it costs the zone.
SourceMerge merge_source(const ZoneVersion& current, const std::vector<Divergence>& divergences,
                         const ZoneVersion& source, OnConflict on_conflict = OnConflict::report);

/// The same data and TTL, or neither is there; of a SOA all but the serial.
bool same_contents(const std::optional<dns::RRset>& a, const std::optional<dns::RRset>& b);

/// The changes from one version to another, a SOA's that differs in its serial only left out.
ChangeSet content_changes(const ZoneVersion& before, const ZoneVersion& after);

}  // namespace taproot::zonestore
