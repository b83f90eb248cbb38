#include "dns/rdata.hpp"
#include "zonestore/check_practice.hpp"

#include <algorithm>
#include <string>

namespace taproot::zonestore {

namespace {

/// A weekend, from Friday evening to Monday, and an hour to notice.
constexpr std::uint32_t weekend = 3 * 86'400;
/// RFC 1912 section 2.2 recommends two to four weeks.
constexpr std::uint32_t short_expire = 7 * 86'400;

void check_expire(CheckedZone& zone, const SourceRecords::Item& item, const dns::Soa& soa) {
  // What is shorter than refresh and retry together is told as such.
  if (std::uint64_t{soa.expire} < std::uint64_t{soa.refresh} + soa.retry) return;
  const std::string expire = std::to_string(soa.expire);
  if (soa.expire < std::uint64_t{weekend} + soa.refresh) {
    zone.warning(
        "soa-expire", item,
        "expire " + expire + ": the secondaries drop the zone if the primary is away for a weekend",
        "write an expire of two to four weeks, as in 2419200", {expire, {}});
  } else if (soa.expire < short_expire) {
    zone.note("soa-expire", item,
              "expire " + expire +
                  ": the secondaries drop the zone when the primary is away for less than a week",
              "write an expire of two to four weeks, as in 2419200", {expire, {}});
  }
}

void check_mailbox(CheckedZone& zone, const SourceRecords::Item& item, const dns::Soa& soa) {
  const auto label = soa.rname.wire().subspan(1, soa.rname.wire()[0]);
  if (std::find(label.begin(), label.end(), '@') == label.end()) return;
  zone.warning("soa-mailbox", item,
               "the SOA's mailbox " + soa.rname.to_text() + " has an \"@\", where a dot belongs",
               "write hostmaster.example.net. for hostmaster@example.net");
}

}  // namespace

void check_soa_practice(CheckedZone& zone, const CheckIndex::Set& set) {
  const auto& item = zone.index().first_item(set);
  if (!zone.index().is_apex(zone.index().owner(set.owner))) return;
  const auto soa = dns::Soa::from_rdata(item.rdata.wire());
  if (!soa) return;  // told already
  check_expire(zone, item, *soa);
  check_mailbox(zone, item, *soa);
}

void check_nameserver_set(CheckedZone& zone, const CheckIndex::Set& set) {
  const auto& index = zone.index();
  if (!index.is_apex(index.owner(set.owner))) return;
  const auto& first = index.first_item(set);
  const auto name_of = [&](std::uint32_t at) {
    return dns::target_of(set.type, index.item(at).rdata.wire());
  };
  const auto name = name_of(set.items[0]);
  const auto all = [&](auto holds) {
    return std::all_of(set.items.begin(), set.items.end(), holds);
  };
  if (all([&](std::uint32_t at) { return name_of(at) == name; })) {
    if (!zone.is_complete()) return;
    return zone.warning("one-nameserver", first,
                        first.owner.to_text() + " has one nameserver only, " + name.to_text() +
                            ": when it fails, the zone is gone",
                        "write two or more, of more than one provider (RFC 2182 section 5)");
  }
  const auto provider = name.parent();
  const bool is_ours = provider.is_subdomain_of(index.apex());
  if (is_ours || !all([&](std::uint32_t at) { return name_of(at).parent() == provider; })) return;
  zone.on_wish("one-provider", first,
               "all nameservers of " + first.owner.to_text() + " are below " + provider.to_text() +
                   ": when that provider fails, the zone is gone",
               "add nameservers of another provider");
}

}  // namespace taproot::zonestore
