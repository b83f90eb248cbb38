#pragma once

#include "zonestore/candidate.hpp"
#include "zonestore/rule_policy.hpp"

#include <functional>
#include <string>
#include <vector>

namespace taproot::zonestore {

/// The text of line `line` of a file, for excerpts; empty if it cannot be had.
using LineReader = std::function<std::string(const std::string& file, std::size_t line)>;

/// Groups records into RRsets, checks everything a zone must and should satisfy, and builds the
/// candidate: all findings at once. The rules and their names are listed in docs/rules.md, and
/// `policy` says how grave the findings of each are.
/// `apex` is the zone's configured name. Blocks for large zones: call it on the work pool.
/// Of large zones there is a faster way that gives the same: see check_part.hpp.
Candidate check_zone(const dns::Name& apex, SourceRecords records, const LineReader& lines,
                     const RulePolicy& policy = {});

/// Runs all rules over records that need not be a whole zone and sorts what they found: about
/// records whose place is `elsewhere` they say nothing. `empty` are names that exist without
/// records. Findings among `records` are not looked at.
std::vector<Finding> run_check(const dns::Name& apex, const SourceRecords& records,
                               const std::vector<dns::Name>& empty, const LineReader& lines,
                               const RulePolicy& policy = {});

}  // namespace taproot::zonestore
