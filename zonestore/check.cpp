#include "zonestore/check.hpp"

#include "zonestore/check_index.hpp"
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

std::vector<Finding> run_rules(const CheckIndex& index) {
  FindingList findings(SourceLimits{}.findings);
  CheckedZone zone(index, findings, !has_errors(index.records().findings));
  check_apex(zone);
  check_sets(zone);
  check_owners(zone);
  check_cname_chains(zone);
  check_targets(zone);
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
      finding.excerpt = lines(finding.file, finding.line);
    }
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

void CheckedZone::add(Severity severity, const char* rule, const Place& place, std::string message,
                      std::string cure) {
  if (place.file == Place::elsewhere) return;
  const auto& files = index_.records().files;
  const std::string file = place.file < files.size() ? files[place.file] : "";
  findings_.add(
      {severity, rule, file, place.line, place.column, std::move(message), std::move(cure), ""});
}

std::vector<Finding> run_check(const dns::Name& apex, const SourceRecords& records,
                               const std::vector<dns::Name>& empty, const LineReader& lines) {
  auto findings = run_rules(CheckIndex(apex, records, empty));
  sort_findings(findings, records.files);
  add_excerpts(findings, lines);
  return findings;
}

Candidate check_zone(const dns::Name& apex, SourceRecords records, const LineReader& lines) {
  Candidate candidate;
  candidate.serial_is_ours = records.serial_is_ours;
  const CheckIndex index(apex, records);
  auto found = run_rules(index);
  candidate.findings = std::move(records.findings);
  candidate.findings.insert(candidate.findings.end(), std::make_move_iterator(found.begin()),
                            std::make_move_iterator(found.end()));
  sort_findings(candidate.findings, records.files);
  add_excerpts(candidate.findings, lines);
  if (!has_errors(candidate.findings)) candidate.version = build(index, records.items);
  return candidate;
}

}  // namespace taproot::zonestore
