#include "zonestore/check_edit.hpp"

#include "zonestore/check.hpp"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

namespace taproot::zonestore {

namespace {

SourceRecords records_of(const ZoneVersion& version) {
  SourceRecords records;
  records.items.reserve(version.record_count());
  for (auto at = version.walk(); at.leaf() != nullptr; at.next()) {
    const auto owner = at.leaf()->owner(version.apex());
    for (const auto rrset : at.leaf()->rrsets()) {
      for (const Octets rdata : rrset) {
        records.items.push_back({owner, rrset.type(), rrset.ttl(), dns::Rdata(rdata), Place{}});
      }
    }
  }
  return records;
}

std::vector<Finding> findings_of(const ZoneVersion& version) {
  return check_zone(version.apex(), records_of(version), {}).findings;
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
                     const ChangeSet& changes) {
  Candidate checked;
  checked.serial_is_ours = true;
  if (!changes.changes.empty()) {
    checked.findings = findings_of(*candidate);
    if (!checked.findings.empty()) forgive(checked.findings, findings_of(current));
  }
  if (!has_errors(checked.findings)) checked.version = std::move(candidate);
  return checked;
}

}  // namespace taproot::zonestore
