#include "zonestore/check.hpp"

#include "zonestore/check_index.hpp"
#include "zonestore/check_practice.hpp"
#include "zonestore/check_rules.hpp"
#include "zonestore/sources/zone_source.hpp"

#include <algorithm>
#include <cassert>
#include <iterator>
#include <map>
#include <tuple>
#include <utility>

namespace taproot::zonestore {

namespace {

constexpr std::string_view more_findings = "more-findings";

/// Some rules compare all names with each other: for those the records must be a whole zone.
enum class Extent { whole, part };

std::vector<Finding> run_rules(const CheckIndex& index, const RulePolicy& policy, Extent extent) {
  FindingList findings(SourceLimits{}.findings);
  CheckedZone zone(index, findings, !has_errors(index.records().findings), policy);
  check_apex(zone);
  check_sets(zone);
  check_owners(zone);
  check_cname_chains(zone);
  check_targets(zone);
  check_practice(zone);
  if (extent == Extent::whole) check_labels(zone);
  return findings.take();
}

/// By file in the order they were read, line and column; what was left out comes last.
void sort_findings(std::vector<Finding>& findings, const std::vector<std::string>& files) {
  std::map<std::string_view, std::size_t> order;
  for (const auto& file : files) order.try_emplace(file, order.size());
  const auto key = [&](const Finding& f) {
    const auto at = order.find(f.file);
    return std::tuple(f.rule == more_findings, at == order.end() ? files.size() : at->second,
                      f.line, f.column);
  };
  std::stable_sort(findings.begin(), findings.end(),
                   [&](const Finding& a, const Finding& b) { return key(a) < key(b); });
}

void add_excerpts(std::vector<Finding>& findings, const LineReader& lines) {
  if (!lines) return;
  for (auto& finding : findings) {
    if (finding.line > 0 && finding.excerpt.empty()) {
      add_excerpt(finding, lines(finding.file, finding.line));
    }
    for (auto& related : finding.related) related.excerpt = lines(related.file, related.line);
  }
}

std::shared_ptr<const ZoneVersion> build(const CheckIndex& index,
                                         std::vector<SourceRecords::Item>& items) {
  ZoneBuilder builder(index.apex());
  for (const auto& set : index.sets()) {
    const auto& first = index.first_item(set);
    dns::RRset rrset{first.owner, set.type, first.ttl, {}};
    rrset.rdata.reserve(set.items.size());
    for (const auto at : set.items) {
      rrset.ttl = std::min(rrset.ttl, items[at].ttl);
      rrset.rdata.push_back(std::move(items[at].rdata));
    }
    builder.put(std::move(rrset));
  }
  auto version = builder.finish();
  assert(version);  // that there is a SOA was checked
  return version ? std::move(*version) : nullptr;
}

}  // namespace

std::string CheckedZone::file_of(const Place& place) const {
  const auto& files = index_.records().files;
  return place.file < files.size() ? files[place.file] : "";
}

void CheckedZone::add(std::optional<Severity> by_itself, const char* rule, const Place& place,
                      std::string message, std::string cure, const FindingDetails& details) {
  if (place.file == Place::elsewhere) return;
  const auto severity = policy_.severity_of(rule, by_itself);
  if (!severity) return;
  Finding finding{
      *severity,       rule, file_of(place), place.line, place.column, std::move(message),
      std::move(cure), ""};
  finding.focus = details.focus;
  for (const auto& [item, says] : details.also) {
    if (item.place.line == 0) continue;
    finding.related.push_back({file_of(item.place), item.place.line, item.place.column, says});
  }
  findings_.add(std::move(finding));
}

std::vector<Finding> run_check(const dns::Name& apex, const SourceRecords& records,
                               const std::vector<dns::Name>& empty, const LineReader& lines,
                               const RulePolicy& policy) {
  auto findings = run_rules(CheckIndex(apex, records, empty), policy, Extent::part);
  add_excerpts(findings, lines);  // first: it finds the columns
  sort_findings(findings, records.files);
  return findings;
}

Candidate check_zone(const dns::Name& apex, SourceRecords records, const LineReader& lines,
                     const RulePolicy& policy) {
  Candidate candidate;
  candidate.serial_is_ours = records.serial_is_ours;
  const CheckIndex index(apex, records);
  auto found = run_rules(index, policy, Extent::whole);
  candidate.findings = std::move(records.findings);
  policy.apply_to(candidate.findings);
  candidate.findings.insert(candidate.findings.end(), std::make_move_iterator(found.begin()),
                            std::make_move_iterator(found.end()));
  add_excerpts(candidate.findings, lines);
  sort_findings(candidate.findings, records.files);
  if (!has_errors(candidate.findings)) candidate.version = build(index, records.items);
  return candidate;
}

}  // namespace taproot::zonestore
