#include "zonestore/sources/merged_source.hpp"

#include "zonestore/check.hpp"
#include "zonestore/finding_list.hpp"
#include "zonestore/sources/read_source.hpp"
#include "zonestore/sources/records.hpp"
#include "zonestore/sources/source_lines.hpp"

#include <algorithm>
#include <iterator>
#include <unordered_map>
#include <utility>

namespace taproot::zonestore {

namespace {

using Item = SourceRecords::Item;

/// A SOA that no source wrote stands nowhere.
bool is_made_up(const Item& item) {
  return item.type == dns::RRType::SOA && item.place.line == 0;
}

/// Puts the records of parts together, and finds what two of them claim.
class Merger {
 public:
  Merger(const dns::Name& apex, const SourceLimits& limits)
      : apex_(apex), findings_(limits.findings) {}

  void add(const SourcePart& part, SourceRecords records);
  SourceRecords finish();

 private:
  /// Which part an RRset came from, and where it begins.
  struct Claim {
    std::size_t part;
    Place place;
    std::size_t last_rival;  // each is told once
  };

  bool may_have(const SourcePart& part, const Item& item);
  bool claim(const Item& item);
  const std::string& file_of(const Place& place) const { return records_.files[place.file]; }
  void error(const char* rule, const Item& item, std::string message, std::string cure,
             std::vector<Finding::Related> related = {});

  const dns::Name& apex_;
  FindingList findings_;
  SourceRecords records_;
  std::unordered_map<dns::Name, std::vector<std::pair<dns::RRType, Claim>>, dns::NameHash> claims_;
  std::unordered_map<dns::Name, std::size_t, dns::NameHash> not_owned_;  // and the part, told once
  std::size_t part_ = 0;
  bool may_lack_soa_ = false;
  bool has_soa_ = false;
};

void Merger::add(const SourcePart& part, SourceRecords records) {
  const auto first_file = static_cast<std::uint32_t>(records_.files.size());
  records.texts.resize(records.files.size());
  std::move(records.files.begin(), records.files.end(), std::back_inserter(records_.files));
  std::move(records.texts.begin(), records.texts.end(), std::back_inserter(records_.texts));
  for (auto& finding : records.findings) findings_.add(std::move(finding));
  records_.items.reserve(records_.items.size() + records.items.size());
  for (auto& item : records.items) {
    if (is_made_up(item)) {
      may_lack_soa_ = true;
      continue;
    }
    item.place.file += first_file;
    if (!may_have(part, item) || !claim(item)) continue;
    if (item.type == dns::RRType::SOA && item.owner == apex_) {
      has_soa_ = true;
      records_.serial_is_ours = records.serial_is_ours;
    }
    records_.items.push_back(std::move(item));
  }
  ++part_;
}

bool Merger::may_have(const SourcePart& part, const Item& item) {
  const bool owned = part.owns.empty() || std::any_of(part.owns.begin(), part.owns.end(),
                                                      [&](const OwnerPattern& pattern) {
                                                        return pattern.matches(item.owner);
                                                      });
  if (owned) return true;
  const auto [told, is_new] = not_owned_.insert_or_assign(item.owner, part_);
  if (!is_new && told->second == part_) return false;
  std::string patterns;
  for (const auto& pattern : part.owns) patterns += (patterns.empty() ? "" : ", ") + pattern.text();
  error("source-not-owner", item,
        item.owner.to_text() + " is not among what this source owns: " + patterns,
        "move it to the source that owns it, or add it to owns: in the configuration");
  return false;
}

bool Merger::claim(const Item& item) {
  auto& claims = claims_[item.owner];
  const auto found = std::find_if(claims.begin(), claims.end(),
                                  [&](const auto& one) { return one.first == item.type; });
  if (found == claims.end()) {
    claims.emplace_back(item.type, Claim{part_, item.place, part_});
    return true;
  }
  auto& [part, place, last_rival] = found->second;
  if (part == part_) return true;
  if (std::exchange(last_rival, part_) == part_) return false;
  error("source-conflict", item,
        item.owner.to_text() + " " + dns::to_text(item.type) + " stands in " + file_of(place) +
            ":" + std::to_string(place.line) + ", too",
        "keep all its records in one of the two sources",
        {{file_of(place), place.line, place.column, "it stands here, too", ""}});
  return false;
}

void Merger::error(const char* rule, const Item& item, std::string message, std::string cure,
                   std::vector<Finding::Related> related) {
  Finding finding{Severity::error,     rule,
                  file_of(item.place), item.place.line,
                  item.place.column,   std::move(message),
                  std::move(cure),     ""};
  finding.related = std::move(related);
  findings_.add(std::move(finding));
}

SourceRecords Merger::finish() {
  if (!has_soa_ && may_lack_soa_ && !records_.items.empty()) add_usual_soa(apex_, records_);
  records_.findings = findings_.take();
  return std::move(records_);
}

SourceRecords read_part(const dns::Name& apex, const SourcePart& part, const SourceLimits& limits) {
  if (has_errors(part.findings)) {
    SourceRecords records;
    records.files.push_back(part.shown);
    return records;
  }
  if (!part.text) return read_source(apex, part.path, part.shown, limits);
  auto records = read_source_text(apex, part.kind, *part.text, part.shown, limits);
  records.texts = {part.text};
  return records;
}

}  // namespace

Result<OwnerPattern> OwnerPattern::from_text(std::string_view text, const dns::Name& apex) {
  if (text == "@") return OwnerPattern("@", apex, false);
  if (text == "*") return OwnerPattern("*", apex, true);
  const bool is_below = text.starts_with("*.");
  const auto name = dns::Name::from_text(is_below ? text.substr(2) : text, apex);
  if (!name) return tl::unexpected(name.error());
  if (!name->is_subdomain_of(apex)) {
    return fail(Errc::bad_text, name->to_text() + " is not in the zone");
  }
  return OwnerPattern(std::string(text), *name, is_below);
}

bool OwnerPattern::matches(const dns::Name& owner) const {
  if (!is_below_) return owner == name_;
  return owner.is_subdomain_of(name_) && !(owner == name_);
}

Candidate load_parts(const dns::Name& apex, const std::vector<SourcePart>& parts,
                     const SourceLimits& limits, const RulePolicy& policy) {
  Merger merger(apex, limits);
  for (const auto& part : parts) {
    auto records = read_part(apex, part, limits);
    records.findings.insert(records.findings.begin(), part.findings.begin(), part.findings.end());
    merger.add(part, std::move(records));
  }
  auto records = merger.finish();
  SourceLines lines(records.files, records.texts);
  return check_zone(
      apex, std::move(records),
      [&lines](const std::string& file, std::size_t number) { return lines.line(file, number); },
      policy);
}

}  // namespace taproot::zonestore
