#include "zonestore/check_edit.hpp"

#include "zonestore/check_part.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

namespace taproot::zonestore {

namespace {

/// All findings, or those about these names.
std::vector<Finding> findings_of(const ZoneVersion& version, const std::optional<Names>& names,
                                 const RulePolicy& policy) {
  return names ? check_part(version, records_of(version, *names), nullptr, policy)
               : check_version(version, policy);
}

/// Takes out what `before` has, too; of errors a warning stays.
void forgive(std::vector<Finding>& findings, const std::vector<Finding>& before) {
  std::multiset<std::pair<std::string, std::string>> known;
  for (const auto& finding : before) known.emplace(finding.rule, finding.message);
  std::erase_if(findings, [&](Finding& finding) {
    const auto found = known.find({finding.rule, finding.message});
    if (found == known.end()) return false;
    known.erase(found);
    if (finding.severity != Severity::error) return true;
    finding.severity = Severity::warning;
    finding.message += " (as before)";
    return false;
  });
}

}  // namespace

Candidate check_edit(const ZoneVersion& current, std::shared_ptr<const ZoneVersion> candidate,
                     const ChangeSet& changes, const RulePolicy& policy,
                     const TargetFilter* targets) {
  Candidate checked;
  checked.serial_is_ours = true;
  if (!changes.changes.empty()) {
    const auto names = names_touched(current, *candidate, changes, targets);
    checked.findings = findings_of(*candidate, names, policy);
    if (!checked.findings.empty()) forgive(checked.findings, findings_of(current, names, policy));
  }
  if (!has_errors(checked.findings)) checked.version = std::move(candidate);
  return checked;
}

}  // namespace taproot::zonestore
