#include "zonestore/check_practice.hpp"

namespace taproot::zonestore {

namespace {

/// More names than anyone writes by hand: there are machines behind them, and no slips of the pen.
constexpr std::size_t max_names_by_hand = 5'000;

}  // namespace

void check_set_practice(CheckedZone& zone, const CheckIndex::Set& set) {
  check_ttl_length(zone, set);
  switch (set.type) {
    case dns::RRType::A:
    case dns::RRType::AAAA:
      return check_addresses(zone, set);
    case dns::RRType::NS:
      return check_nameserver_set(zone, set);
    case dns::RRType::SOA:
      return check_soa_practice(zone, set);
    case dns::RRType::TXT:
      check_spf(zone, set);
      check_dmarc(zone, set);
      return check_dkim(zone, set);
    case dns::RRType::SPF:
      return check_spf_type(zone, set);
    case dns::RRType::CAA:
      return check_caa(zone, set);
    default:
      return;  // RRType is open
  }
}

void check_practice(CheckedZone& zone) {
  const auto& index = zone.index();
  for (const auto& set : index.sets()) check_set_practice(zone, set);
  for (const auto& owner : index.owners()) check_idn(zone, owner);
}

void check_labels(CheckedZone& zone) {
  const auto& index = zone.index();
  if (index.owners().size() > max_names_by_hand) return;
  for (const auto& owner : index.owners()) check_label(zone, owner);
}

}  // namespace taproot::zonestore
