#pragma once

#include "dns/message.hpp"
#include "dns/presentation.hpp"
#include "zonestore/zone_version.hpp"

#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

// Zones and messages as text, for tables of cases.

namespace taproot::tests {

inline dns::Name name_of(const std::string& text) {
  return dns::Name::from_text(text).value();
}

/// RRsets from lines of "OWNER TTL TYPE RDATA", owners relative to `apex`.
inline std::vector<dns::RRset> rrsets_of(const dns::Name& apex, const std::string& lines) {
  std::map<std::pair<dns::Name, dns::RRType>, dns::RRset> rrsets;
  std::istringstream text(lines);
  for (std::string line; std::getline(text, line);) {
    std::istringstream fields(line);
    std::string owner, type, rdata;
    std::uint32_t ttl = 0;
    if (!(fields >> owner >> ttl >> type)) continue;
    std::getline(fields >> std::ws, rdata);
    const auto name = dns::Name::from_text(owner, apex).value();
    const auto rrtype = dns::rrtype_from_text(type).value();
    auto& rrset =
        rrsets.try_emplace({name, rrtype}, dns::RRset{name, rrtype, ttl, {}}).first->second;
    rrset.rdata.push_back(dns::rdata_from_text(rrtype, rdata, apex).value());
  }
  std::vector<dns::RRset> list;
  for (auto& [key, rrset] : rrsets) list.push_back(std::move(rrset));
  return list;
}

inline std::shared_ptr<const zonestore::ZoneVersion> zone_of(const std::string& apex,
                                                             const std::string& lines) {
  zonestore::ZoneBuilder builder(name_of(apex));
  for (auto& rrset : rrsets_of(name_of(apex), lines)) builder.put(std::move(rrset));
  return builder.finish().value();
}

/// "www.example. 300 A 192.0.2.1", one line each, in the order of the message.
inline std::string text_of(const std::vector<dns::Record>& section) {
  std::string text;
  for (const auto& record : section) {
    text += record.owner.to_text() + " " + std::to_string(record.ttl) + " " +
            dns::to_text(record.type) + " " + dns::rdata_to_text(record.type, record.rdata.wire()) +
            "\n";
  }
  return text;
}

}  // namespace taproot::tests
