#pragma once

#include "dns/name.hpp"
#include "zonestore/candidate.hpp"
#include "zonestore/divergence.hpp"
#include "zonestore/rule_policy.hpp"
#include "zonestore/store.hpp"

#include <memory>
#include <string>

namespace taproot::server {

/// What becomes of a good source of a zone that may have been edited, or taken back, since.
struct MergedSource {
  enum class Kind {
    take,   ///< install `candidate.version`, and journal `divergence` with it
    keep,   ///< the source says what it said when it was last taken: the zone stays as it is
    refuse  ///< the source and an edit contradict each other: the findings say where
  };
  Kind kind = Kind::take;
  std::string why;  ///< if kept after a rollback: one line
  std::shared_ptr<const zonestore::DivergenceStep> divergence;  ///< null: nothing to note
};

/// Puts the zone with what the source changed in the place of `candidate.version`, and adds
/// findings to the candidate's. A zone that was never edited costs one look into the journal. With
/// `makes_digest` the ZONEMD at the apex is not the source's business.
MergedSource merge_source(zonestore::ZoneStore& store, const dns::Name& zone,
                          const std::string& shown, const zonestore::RulePolicy& rules,
                          zonestore::Candidate& candidate, bool makes_digest);

}  // namespace taproot::server
