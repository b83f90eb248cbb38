#include "dns/rdata.hpp"
#include "zonestore/check_rules.hpp"

#include <algorithm>

namespace taproot::zonestore {

namespace {

/// RFC 2308 section 5: more than a day "has been found to be problematic".
constexpr std::uint32_t longest_negative_ttl = 86'400;

void check_outside(CheckedZone& zone) {
  const auto& index = zone.index();
  const std::string apex = index.apex().to_text();
  for (const auto at : index.outside()) {
    const auto& item = index.item(at);
    zone.error("out-of-zone", item, item.owner.to_text() + " is not in the zone " + apex,
               "move the record to its own zone, or mend the owner or $ORIGIN");
  }
}

void check_soa_timers(CheckedZone& zone, const SourceRecords::Item& item, const dns::Soa& soa) {
  const auto warn = [&](const std::string& message, const char* cure) {
    zone.warning("soa-timers", item, message, cure);
  };
  const auto text = [](std::uint32_t seconds) { return std::to_string(seconds); };
  if (soa.refresh == 0) {
    warn("refresh 0 makes secondaries ask all the time", "write a refresh of 3600");
  }
  if (soa.retry == 0) {
    warn("retry 0 makes secondaries ask all the time", "write a retry of 600");
  }
  if (soa.refresh != 0 && soa.retry >= soa.refresh) {
    warn("retry " + text(soa.retry) + " is not shorter than refresh " + text(soa.refresh),
         "write a retry of a fraction of refresh, as in 3600 600");
  }
  if (std::uint64_t{soa.expire} < std::uint64_t{soa.refresh} + soa.retry) {
    warn("expire " + text(soa.expire) +
             " is shorter than refresh and retry together, so one "
             "missed refresh takes the zone off the secondaries",
         "write an expire of two to four weeks, as in 2419200");
  }
}

void check_soa(CheckedZone& zone, const SourceRecords::Item& item) {
  const auto soa = dns::Soa::from_rdata(item.rdata.wire());
  if (!soa) {
    return zone.error("bad-rdata", item, "SOA: " + soa.error().detail, "mend the SOA's data");
  }
  check_soa_timers(zone, item, *soa);
  const std::uint32_t negative = std::min(item.ttl, soa->minimum);
  if (negative > longest_negative_ttl) {
    zone.warning(
        "negative-ttl", item,
        "that a name does not exist is remembered for " + std::to_string(negative) + " seconds",
        "write a minimum (the SOA's last number) of 300 to 3600");
  }
  if (soa->serial.value() == 0 && !zone.index().records().serial_is_ours) {
    zone.warning("serial-zero", item, "the serial is 0, which some secondaries take for none",
                 "write a serial from 1 on, as in 2026010100");
  }
}

void check_soas(CheckedZone& zone) {
  const auto& index = zone.index();
  const std::string apex = index.apex().to_text();
  for (const auto& set : index.sets()) {
    if (set.type != dns::RRType::SOA || index.is_apex(index.owner(set.owner))) continue;
    const auto& item = index.first_item(set);
    zone.error("soa-not-at-apex", item, item.owner.to_text() + " has a SOA but is not the apex",
               "write it at " + apex + ", or make this name a zone of its own");
  }
  if (const auto* set = index.find(index.apex_owner(), dns::RRType::SOA)) {
    return check_soa(zone, index.first_item(*set));
  }
  if (!zone.is_complete()) return;
  zone.zone_error("soa-missing", apex + " has no SOA",
                  "write: @ 3600 IN SOA ns1.example.net. hostmaster.example.net. 1 3600 600 "
                  "2419200 300");
}

void check_nameservers(CheckedZone& zone) {
  const auto& index = zone.index();
  if (index.has(index.apex_owner(), dns::RRType::NS) || !zone.is_complete()) return;
  zone.zone_error("ns-missing", index.apex().to_text() + " has no NS",
                  "write NS records that name the zone's public nameservers");
}

}  // namespace

void check_apex(CheckedZone& zone) {
  check_outside(zone);
  if (zone.index().records().items.empty()) {
    if (!zone.is_complete()) return;
    return zone.zone_error("empty-zone", "there are no records in the source",
                           "write the zone; if the file was full before, restore it");
  }
  check_soas(zone);
  check_nameservers(zone);
}

}  // namespace taproot::zonestore
