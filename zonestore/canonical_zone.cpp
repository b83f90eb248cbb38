#include "zonestore/canonical_zone.hpp"

#include "dns/presentation.hpp"
#include "dns/rdata.hpp"
#include "zonestore/yaml_text.hpp"

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>

namespace taproot::zonestore {

namespace {

using dns::RRType;

/// BIND keeps its signing state in the zone with it.
constexpr auto private_type = static_cast<RRType>(65534);

/// SOA and NS come first, as people expect them; the others by name.
std::pair<int, std::string> rank(RRType type) {
  const int first = type == RRType::SOA ? 0 : type == RRType::NS ? 1 : 2;
  return {first, dns::to_text(type)};
}

/// One item of the source on its way to its place.
struct Entry {
  const SourceRecords::Item* item;
  dns::Rdata canonical;
  std::size_t index;
};

using Set = CanonicalZone::Set;
using Owner = CanonicalZone::Owner;

template <class Map, class Key>
std::vector<std::string> take(Map& map, const Key& key) {
  const auto at = map.find(key);
  if (at == map.end()) return {};
  auto lines = std::move(at->second);
  map.erase(at);
  return lines;
}

void take_comments(RecordComments& into, std::size_t index, SourceComments& comments) {
  const auto at = comments.records.find(index);
  if (at == comments.records.end()) return;
  std::move(at->second.above.begin(), at->second.above.end(), std::back_inserter(into.above));
  if (!at->second.behind.empty()) {
    into.behind += (into.behind.empty() ? "" : "; ") + at->second.behind;
  }
}

/// Puts sorted entries together; an entry that is like the one before is a double.
class Arranger {
 public:
  Arranger(CanonicalZone& zone, SourceComments& comments) : zone_(zone), comments_(comments) {}

  void add(Entry& entry) {
    const auto& item = *entry.item;
    if (zone_.owners.empty() || zone_.owners.back().name != item.owner) {
      zone_.owners.push_back({item.owner, take(comments_.owners, item.owner), {}});
      first_ = entry.index;
    } else if (entry.index < first_) {  // the case of letters that stands first in the source
      zone_.owners.back().name = item.owner;
      first_ = entry.index;
    }
    auto& sets = zone_.owners.back().sets;
    if (sets.empty() || sets.back().type != item.type) {
      sets.push_back(
          {item.type, item.ttl, take(comments_.sets, std::pair(item.owner, item.type)), {}});
      before_ = nullptr;
    }
    Set& set = sets.back();
    set.ttl = std::min(set.ttl, item.ttl);
    if (before_ == nullptr || *before_ != entry.canonical) set.records.push_back({item.rdata, {}});
    take_comments(set.records.back().comments, entry.index, comments_);
    before_ = &entry.canonical;
  }

 private:
  CanonicalZone& zone_;
  SourceComments& comments_;
  const dns::Rdata* before_ = nullptr;
  std::size_t first_ = 0;  // of the items of the owner
};

/// The SOA of a document that has none.
bool is_made_up(const SourceRecords& records, const SourceRecords::Item& item) {
  return item.type == RRType::SOA && records.serial_is_ours && item.place.line == 0;
}

std::vector<Entry> sorted(const SourceRecords& records) {
  std::vector<Entry> entries;
  entries.reserve(records.items.size());
  for (std::size_t i = 0; i < records.items.size(); ++i) {
    const auto& item = records.items[i];
    if (is_made_up(records, item)) continue;
    entries.push_back({&item, dns::canonical(item.type, item.rdata), i});
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    if (const auto order = a.item->owner <=> b.item->owner; order != 0) return order < 0;
    if (a.item->type != b.item->type) return rank(a.item->type) < rank(b.item->type);
    return std::tie(a.canonical, a.index) < std::tie(b.canonical, b.index);
  });
  return entries;
}

/// What belongs to nothing that is written, because the source has mistakes, comes last.
void keep_the_rest(CanonicalZone& zone, SourceComments& comments) {
  const auto keep = [&](std::vector<std::string>& lines) {
    std::move(lines.begin(), lines.end(), std::back_inserter(zone.footer));
  };
  for (auto& [owner, lines] : comments.owners) keep(lines);
  for (auto& [set, lines] : comments.sets) keep(lines);
}

void append_comments(std::string& out, const std::vector<std::string>& lines) {
  for (const auto& line : lines) out += "; " + yaml_comment(line) + "\n";
}

}  // namespace

CanonicalZone canonical_zone(const dns::Name& apex, const SourceRecords& records,
                             SourceComments comments, bool with_serial) {
  CanonicalZone zone;
  zone.apex = apex;
  zone.with_serial = with_serial;
  auto entries = sorted(records);
  Arranger arranger(zone, comments);
  for (auto& entry : entries) arranger.add(entry);
  zone.header = std::move(comments.header);
  zone.footer = std::move(comments.footer);
  keep_the_rest(zone, comments);
  return zone;
}

std::string to_zone_file(const CanonicalZone& zone) {
  std::string out;
  append_comments(out, zone.header);
  if (!zone.header.empty()) out += '\n';
  for (const auto& owner : zone.owners) {
    append_comments(out, owner.comments);
    for (const auto& set : owner.sets) {
      append_comments(out, set.comments);
      for (const auto& record : set.records) {
        append_comments(out, record.comments.above);
        out += dns::to_text(dns::RRset{owner.name, set.type, set.ttl, {record.rdata}});
        if (record.comments.behind.empty()) continue;
        out.back() = ' ';
        out += "; " + yaml_comment(record.comments.behind) + "\n";
      }
    }
  }
  append_comments(out, zone.footer);
  return out;
}

std::map<RRType, std::size_t> remove_generated_dnssec(SourceRecords& records,
                                                      SourceComments& comments) {
  static constexpr std::array generated = {RRType::RRSIG,      RRType::NSEC,   RRType::NSEC3,
                                           RRType::NSEC3PARAM, RRType::DNSKEY, RRType::CDS,
                                           RRType::CDNSKEY,    RRType::ZONEMD, private_type};
  auto& items = records.items;
  std::map<RRType, std::size_t> counts;
  const bool is_signed =
      std::any_of(items.begin(), items.end(),
                  [](const SourceRecords::Item& item) { return item.type == RRType::RRSIG; });
  if (!is_signed) return counts;
  auto by_index = std::exchange(comments.records, {});
  std::size_t kept = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto type = items[i].type;
    if (std::find(generated.begin(), generated.end(), type) != generated.end()) {
      ++counts[type];
      continue;
    }
    const auto comment = by_index.find(i);
    if (comment != by_index.end()) comments.records[kept] = std::move(comment->second);
    if (kept != i) items[kept] = std::move(items[i]);
    ++kept;
  }
  items.resize(kept);
  return counts;
}

}  // namespace taproot::zonestore
