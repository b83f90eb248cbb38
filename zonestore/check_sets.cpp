#include "dns/presentation.hpp"
#include "dns/rdata.hpp"
#include "zonestore/check_rules.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace taproot::zonestore {

namespace {

/// More than any use of DNS needs, and few enough for an answer to be made in bounded time.
constexpr std::size_t max_records = 2'000;
/// What header, OPT and TSIG take of a message at most, generously.
constexpr std::size_t message_overhead = 512;
constexpr std::size_t max_message = 65'535;

std::string title(const CheckIndex& index, const CheckIndex::Set& set) {
  return index.first_item(set).owner.to_text() + " " + dns::to_text(set.type);
}

std::string shortened(std::string text) {
  constexpr std::size_t enough = 120;
  if (text.size() > enough) text = text.substr(0, enough) + "...";
  return text;
}

/// True if the set can be sorted and served.
bool check_size(CheckedZone& zone, const CheckIndex::Set& set) {
  const auto& index = zone.index();
  const auto& first = index.first_item(set);
  if (set.items.size() > max_records) {
    zone.error("rrset-too-large", first,
               title(index, set) + " has " + std::to_string(set.items.size()) + " records, " +
                   std::to_string(max_records) + " are allowed",
               "spread them over several names");
    return false;
  }
  std::size_t octets = message_overhead + first.owner.size();
  for (const auto at : set.items) octets += 12 + index.item(at).rdata.size();
  if (octets <= max_message) return true;
  zone.error("rrset-too-large", first,
             title(index, set) + " with " + std::to_string(octets) +
                 " octets does not fit into a message of " + std::to_string(max_message),
             "use fewer or shorter records");
  return false;
}

/// Warns of doubles; returns the items that are left.
std::vector<std::uint32_t> without_doubles(CheckedZone& zone, const CheckIndex::Set& set) {
  const auto& index = zone.index();
  std::vector<std::pair<dns::Rdata, std::uint32_t>> sorted;
  for (const auto at : set.items) {
    sorted.emplace_back(dns::canonical(set.type, index.item(at).rdata), at);
  }
  std::sort(sorted.begin(), sorted.end());
  std::vector<std::uint32_t> left;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    const auto at = sorted[i].second;
    if (i == 0 || sorted[i].first != sorted[i - 1].first) {
      left.push_back(at);
      continue;
    }
    const auto& item = index.item(at);
    zone.warning("duplicate-record", item,
                 title(index, set) + " " +
                     shortened(dns::rdata_to_text(set.type, item.rdata.wire())) +
                     " stands in the zone twice and is taken once",
                 "take one of the two out", {{}, {{index.item(left.back()), "the first is here"}}});
  }
  return left;
}

void check_ttls(CheckedZone& zone, const CheckIndex::Set& set) {
  const auto& index = zone.index();
  const auto& first = index.first_item(set);
  std::uint32_t lowest = first.ttl;
  for (const auto at : set.items) lowest = std::min(lowest, index.item(at).ttl);
  const auto other = std::find_if(set.items.begin(), set.items.end(), [&](std::uint32_t at) {
    return index.item(at).ttl != first.ttl;
  });
  if (other == set.items.end()) return;
  zone.warning("ttl-differs", index.item(*other),
               title(index, set) + " has records with TTL " + std::to_string(first.ttl) +
                   " and with " + std::to_string(index.item(*other).ttl) + "; the lowest, " +
                   std::to_string(lowest) + ", is used for all",
               "give all records of an RRset the same TTL");
}

void check_single(CheckedZone& zone, const CheckIndex::Set& set,
                  const std::vector<std::uint32_t>& distinct) {
  if (distinct.size() < 2) return;
  const auto& second = zone.index().item(*std::max_element(distinct.begin(), distinct.end()));
  const std::string what = second.owner.to_text() + " has " + std::to_string(distinct.size()) + " ";
  const char* cure = "keep one of them";
  const auto& first = zone.index().item(*std::min_element(distinct.begin(), distinct.end()));
  const FindingDetails also{{}, {{first, "the first is here"}}};
  if (set.type == dns::RRType::SOA) zone.error("several-soas", second, what + "SOAs", cure, also);
  if (set.type == dns::RRType::CNAME) {
    zone.error("several-cnames", second, what + "CNAMEs", cure, also);
  }
  if (set.type == dns::RRType::DNAME) {
    zone.error("several-dnames", second, what + "DNAMEs", cure, also);
  }
}

/// RFC 7505 section 3.
void check_null_mx(CheckedZone& zone, const CheckIndex::Set& set,
                   const std::vector<std::uint32_t>& distinct) {
  if (set.type != dns::RRType::MX || distinct.size() < 2) return;
  for (const auto at : distinct) {
    const auto& item = zone.index().item(at);
    if (!dns::target_of(set.type, item.rdata.wire()).is_root()) continue;
    zone.error("null-mx-beside-other", item,
               item.owner.to_text() + " says with \".\" that it takes no mail, and has other MX",
               "keep either the null MX or the others");
    return;
  }
}

void check_set(CheckedZone& zone, const CheckIndex::Set& set) {
  const auto& first = zone.index().first_item(set);
  if (dns::is_meta(set.type)) {
    return zone.error("meta-type", first,
                      dns::to_text(set.type) + " records cannot stand in a zone",
                      "take the record out");
  }
  for (const auto at : set.items) {
    const auto& item = zone.index().item(at);
    if (item.ttl <= dns::max_ttl) continue;
    zone.error("bad-ttl", item, "TTL " + std::to_string(item.ttl) + " is over 2147483647",
               "write a TTL of at most 2147483647 (RFC 2181 section 8)");
  }
  if (!check_size(zone, set) || set.items.size() == 1) return;
  check_ttls(zone, set);
  const auto distinct = without_doubles(zone, set);
  check_single(zone, set, distinct);
  check_null_mx(zone, set, distinct);
}

}  // namespace

void check_sets(CheckedZone& zone) {
  for (const auto& set : zone.index().sets()) check_set(zone, set);
}

}  // namespace taproot::zonestore
