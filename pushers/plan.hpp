#pragma once

#include "dns/name.hpp"
#include "dns/rrset.hpp"
#include "dns/serial.hpp"
#include "pushers/capabilities.hpp"
#include "pushers/live_zone.hpp"
#include "pushers/ownership.hpp"
#include "pushers/rrset_key.hpp"
#include "pushers/zone_part.hpp"
#include "zonestore/zone_version.hpp"

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace taproot::pushers {

/// What happens to one RRset at a provider. `before` is missing where it is created, `after` where
/// it is deleted. Changes of one unit only make sense together (an A RRset that becomes a CNAME):
/// they stand next to each other and are never parted.
struct PlannedChange {
  std::optional<dns::RRset> before;
  std::optional<dns::RRset> after;
  std::size_t unit = 0;

  bool is_create() const { return !before; }
  bool is_update() const { return before && after; }
  bool is_delete() const { return !after; }
  const dns::RRset& rrset() const { return after ? *after : *before; }
  RRsetKey key() const { return {rrset().owner, rrset().type}; }

  friend bool operator==(const PlannedChange&, const PlannedChange&) = default;
};

enum class NoteKind {
  omitted,   ///< the provider cannot hold it
  adjusted,  ///< the provider holds it a little differently (TTL)
  foreign,   ///< there, not ours, left alone
  drift,     ///< ours, and changed there by somebody else
  conflict,  ///< wanted, and in the way of something that is not ours: not pushed
  zone       ///< about the zone as a whole
};

/// "omitted", "adjusted", …
std::string to_text(NoteKind kind);

/// Something a person should know about a plan that is not a change.
struct Note {
  NoteKind kind = NoteKind::zone;
  std::optional<RRsetKey> where;  ///< nothing: the whole zone
  std::string words;

  std::string to_text() const;
  friend bool operator==(const Note&, const Note&) = default;
};

/// The figures that the guards judge a plan by, in RRsets.
struct PlanCounts {
  std::size_t live = 0;         ///< plain ones at the provider
  std::size_t live_beside = 0;  ///< the same without the apex SOA and NS
  std::size_t wanted_beside = 0;
  std::size_t created = 0;
  std::size_t updated = 0;   ///< the data of which changes; the SOA, which always changes, not
  std::size_t ttl_only = 0;  ///< updates that change nothing but the TTL
  std::size_t deleted = 0;   ///< and nothing of another type takes their place
  std::size_t conflicts = 0;
  std::size_t omitted = 0;
  bool changes_apex_ns = false;  ///< the data of an apex NS RRset that is there
  bool wants_apex_ns = false;    ///< the version has one
  bool deletes_apex_mx = false;
  bool deletes_last_mx = false;  ///< there is an MX RRset, and after the plan there is none
};

/// What would be sent to one provider for one zone. A plain value: make it, print it, test it, and
/// only then apply it. It never deletes the apex NS RRset, the SOA, or anything that is not ours.
struct Plan {
  dns::Name apex;
  std::string provider;
  std::uint64_t version = 0;
  dns::Serial serial;
  std::string live_hash;               ///< stands for all that is at the provider
  std::string desired_hash;            ///< stands for all that the provider should have
  std::vector<PlannedChange> changes;  ///< in the order to apply them
  std::vector<Note> notes;
  PlanCounts counts;
  std::optional<std::string> blocked;  ///< why nothing at all may be applied, in words
  bool is_overrun = false;             ///< another taproot wrote there, and what we have is newer
  Ownership kept;                      ///< of what is there and stays, that which is ours

  bool is_empty() const { return changes.empty(); }

  /// Short, and different for plans that do different things or start from different states.
  std::string id() const;

  /// For people, one line per change and note, and a last line that counts.
  std::string to_text() const;
  /// One object with stable keys (docs/providers.md).
  std::string to_json() const;
};

/// "Plan: 3 to create, 1 to change, 0 to delete"
std::string summary(const Plan& plan);

/// True if everything `rest` does was part of `whole`: what is left of it after an interruption.
bool is_remainder(const Plan& rest, const Plan& whole);

enum class OwnershipMode {
  exclusive,  ///< the zone there is ours, but what we did not put there goes only when adopted
  shared      ///< others write there too: only what we created or adopted is touched
};

enum class UnsupportedPolicy {
  fail,  ///< block the push as long as the version has something the provider cannot hold
  omit   ///< push the rest
};

/// What an operator decided for one zone at one provider.
struct PlanSettings {
  std::string provider;  ///< its name in the configuration
  OwnershipMode mode = OwnershipMode::exclusive;
  UnsupportedPolicy unsupported = UnsupportedPolicy::fail;
  std::optional<ApexNs> apex_ns;  ///< instead of the provider's ordinary one
  bool adopt_all = false;         ///< what is there and plain becomes ours
  std::set<RRsetKey> adopt;       ///< or these alone
  std::string fence;              ///< our name to other taproots that write there; empty: none do
};

/// Compares what is wanted with what is there. Reads no clock and does no I/O.
///
/// Data is compared in canonical form and TTLs as the provider will keep them. Without a complete
/// reading the plan is blocked and has no changes. Changes are ordered so that an interruption
/// leaves more data rather than less: what is new, swaps of type, updates, deletions, and the
/// SOA last of all.
Plan make_plan(const zonestore::ZoneVersion& wanted, const LiveZone& live,
               const Capabilities& capabilities, const Ownership& owned,
               const PlanSettings& settings);

/// The same plan where it is known to differ in a part of the zone at most; `live` is that part.
/// Costs the part, and not the zone. `owned` must say of the rest what the plan before it kept.
Plan make_plan(const zonestore::ZoneVersion& wanted, const LiveZone& live, const ZonePart& part,
               const Capabilities& capabilities, const Ownership& owned,
               const PlanSettings& settings);

}  // namespace taproot::pushers
