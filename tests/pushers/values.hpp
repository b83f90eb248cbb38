#pragma once

#include "dns/presentation.hpp"
#include "dns/rdata.hpp"
#include "pushers/fingerprint.hpp"
#include "pushers/live_zone.hpp"
#include "pushers/plan.hpp"
#include "zonestore/zone_version.hpp"

#include <initializer_list>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

// Values of example.org in few letters, for tables.

namespace taproot::pushers::test {

inline const char* const zone_text = "example.org.";

/// Stops the test with the error's words where a table has a mistake.
template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().detail);
  return std::move(*result);
}

inline dns::Name name(const std::string& text) {
  return must(dns::Name::from_text(text, must(dns::Name::from_text(zone_text))));
}

/// Reads "www 300 A 192.0.2.1 | 192.0.2.2"; the owner is relative to example.org.
inline dns::RRset rrset(const std::string& line) {
  const std::size_t a = line.find(' ');
  const std::size_t b = line.find(' ', a + 1);
  const std::size_t c = line.find(' ', b + 1);
  dns::RRset result;
  result.owner = name(line.substr(0, a));
  result.ttl = must(dns::ttl_from_text(line.substr(a + 1, b - a - 1)));
  result.type = must(dns::rrtype_from_text(line.substr(b + 1, c - b - 1)));
  std::string rest = line.substr(c + 1);
  for (std::size_t bar = rest.find(" | "); !rest.empty(); bar = rest.find(" | ")) {
    result.rdata.push_back(must(dns::rdata_from_text(result.type, rest.substr(0, bar), name("@"))));
    rest = bar == std::string::npos ? "" : rest.substr(bar + 3);
  }
  dns::normalise(result);
  return result;
}

inline std::string soa(unsigned serial) {
  return "@ 3600 SOA ns1 hostmaster " + std::to_string(serial) + " 7200 900 1209600 300";
}

using Lines = std::vector<std::string>;

/// The SOA, two name servers, and what is given.
inline Lines with_apex(unsigned serial, Lines lines) {
  lines.insert(lines.begin(), {soa(serial), "@ 3600 NS ns1 | ns2"});
  return lines;
}

inline std::shared_ptr<const zonestore::ZoneVersion> version(const Lines& lines,
                                                             std::uint64_t number = 1) {
  zonestore::ZoneBuilder builder(name("@"));
  for (const auto& line : lines) builder.put(rrset(line));
  zonestore::Provenance provenance;
  provenance.number = number;
  builder.set_provenance(provenance);
  return must(builder.finish());
}

inline LiveZone live_zone(const Lines& lines) {
  LiveZone live;
  live.zone = {name("@"), "zone-1"};
  for (const auto& line : lines) live.rrsets.push_back({rrset(line), LiveKind::plain, "", {}});
  live.complete = true;
  live.serial_is_ours = true;
  return live;
}

inline Capabilities every_type() {
  Capabilities result;
  result.kind = "fake";
  result.every_type = true;
  result.apex_ns = ApexNs::manage;
  result.soa = SoaRule::pushed;
  result.batch.atomic = true;
  return result;
}

inline PlanSettings settings(OwnershipMode mode = OwnershipMode::exclusive) {
  PlanSettings result;
  result.provider = "berlin";
  result.mode = mode;
  return result;
}

/// What is owned after everything in `live` was put there by us.
inline Ownership owned_from(const LiveZone& live) {
  Ownership owned;
  for (const auto& one : live.rrsets) {
    owned.add(fingerprint(one.key()), fingerprint(one.rrset, false));
  }
  owned.set_applied();
  return owned;
}

/// "+ www.example.org. A", … one line per change, in order.
inline std::vector<std::string> short_changes(const Plan& plan) {
  std::vector<std::string> lines;
  for (const auto& change : plan.changes) {
    const char* sign = change.is_create() ? "+ " : change.is_delete() ? "- " : "~ ";
    lines.push_back(sign + change.key().to_text());
  }
  return lines;
}

/// "foreign x.example.org. A", … one line per note, sorted as made.
inline std::vector<std::string> short_notes(const Plan& plan) {
  std::vector<std::string> lines;
  for (const auto& note : plan.notes) {
    lines.push_back(to_text(note.kind) + (note.where ? " " + note.where->to_text() : ""));
  }
  return lines;
}

}  // namespace taproot::pushers::test
