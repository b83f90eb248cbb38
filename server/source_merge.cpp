#include "server/source_merge.hpp"

#include "dns/presentation.hpp"
#include "server/render_text.hpp"
#include "zonestore/check_edit.hpp"
#include "zonestore/zone_digest.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace taproot::server {

namespace {

using zonestore::Divergence;
using zonestore::Finding;

std::string rolled_back_words() {
  return "the source still has what was rolled back: change it, or bring it back with "
         "`taproot rollback`";
}

std::string ways_out(const dns::Name& zone) {
  const auto name = zone.to_text();
  return "`taproot edit " + name + " --write-back` keeps the edits and writes them into the " +
         "source, `taproot edit " + name + " --discard` takes the source as it is";
}

/// "192.0.2.1, 192.0.2.2" with its TTL, or "nothing".
std::string words_of(const std::optional<dns::RRset>& rrset) {
  if (!rrset) return "nothing";
  constexpr std::size_t enough = 3;
  std::string text;
  for (std::size_t i = 0; i < std::min(rrset->rdata.size(), enough); ++i) {
    text += (i > 0 ? ", " : "") + dns::rdata_to_text(rrset->type, rrset->rdata[i].wire());
  }
  if (rrset->rdata.size() > enough) {
    text += " and " + std::to_string(rrset->rdata.size() - enough) + " more";
  }
  return text + " (TTL " + std::to_string(rrset->ttl) + ")";
}

Finding finding_of(const zonestore::MergeConflict& conflict, const dns::Name& zone,
                   const std::string& shown) {
  Finding finding;
  finding.rule = "edit-conflict";
  finding.file = shown;
  finding.message = conflict.owner.to_text() + " " + dns::to_text(conflict.type) +
                    " was edited, and the source has changed it, too: it was " +
                    words_of(conflict.last) + ", the edit made it " + words_of(conflict.zone) +
                    ", the source now has " + words_of(conflict.source);
  finding.cure = ways_out(zone);
  return finding;
}

/// Says that the zone is not what its source says, so that nobody wonders.
void note_edits(const std::vector<Divergence>& divergences, const zonestore::DivergenceStep& step,
                const dns::Name& zone, const std::string& shown, std::vector<Finding>& findings) {
  const auto edits = static_cast<std::size_t>(
      std::count_if(divergences.begin(), divergences.end(), [&](const Divergence& divergence) {
        return divergence.by == Divergence::By::edit &&
               std::find(step.drops.begin(), step.drops.end(), divergence.key()) ==
                   step.drops.end();
      }));
  if (edits == 0) return;
  Finding finding;
  finding.severity = zonestore::Severity::note;
  finding.rule = "edit-not-in-source";
  finding.file = shown;
  finding.message = counted(edits, "RRset") + " of " + zone.to_text() +
                    " were edited and are not what the source says";
  finding.cure = ways_out(zone);
  findings.push_back(std::move(finding));
}

MergedSource keep(const std::vector<Divergence>& divergences) {
  const bool went_back =
      std::any_of(divergences.begin(), divergences.end(),
                  [](const Divergence& d) { return d.by == Divergence::By::rollback; });
  return {MergedSource::Kind::keep, went_back ? rolled_back_words() : "", nullptr};
}

}  // namespace

MergedSource merge_source(zonestore::ZoneStore& store, const dns::Name& zone,
                          const std::string& shown, const zonestore::RulePolicy& rules,
                          zonestore::Candidate& candidate, bool makes_digest) {
  const auto divergences = store.journal().divergences(zone);
  if (!divergences) {
    Finding finding;
    finding.rule = "edits-unreadable";
    finding.file = shown;
    finding.message =
        "what was edited cannot be read from the journal, so the source cannot be "
        "taken without losing it: " +
        divergences.error().detail;
    finding.cure = "`taproot edit " + zone.to_text() + " --discard` takes the source as it is";
    candidate.findings.push_back(std::move(finding));
    return {MergedSource::Kind::refuse, "", nullptr};
  }
  if (divergences->empty()) return {};
  auto current = store.current(zone);
  if (makes_digest) current = zonestore::without_digest(std::move(current));
  if (!current) {  // its past cannot be read: then its edits cannot be either
    zonestore::DivergenceStep all;
    all.drops_all = true;
    return {MergedSource::Kind::take, "",
            std::make_shared<const zonestore::DivergenceStep>(std::move(all))};
  }
  const auto source =
      makes_digest ? zonestore::without_digest(candidate.version) : candidate.version;
  auto merge = zonestore::merge_source(*current, *divergences, *source);
  if (merge.conflicts.empty()) {
    note_edits(*divergences, merge.step, zone, shown, candidate.findings);
  }
  if (!merge.source_changed) return keep(*divergences);
  for (const auto& conflict : merge.conflicts) {
    candidate.findings.push_back(finding_of(conflict, zone, shown));
  }
  if (!merge.version) return {MergedSource::Kind::refuse, "", nullptr};
  // Both were good zones; what they make together need not be.
  auto checked = zonestore::check_edit(*current, merge.version,
                                       zonestore::changes_between(*current, *merge.version), rules);
  if (!checked.version) {
    std::move(checked.findings.begin(), checked.findings.end(),
              std::back_inserter(candidate.findings));
    return {MergedSource::Kind::refuse, "", nullptr};
  }
  candidate.version = std::move(checked.version);
  return {MergedSource::Kind::take, "",
          std::make_shared<const zonestore::DivergenceStep>(std::move(merge.step))};
}

}  // namespace taproot::server
