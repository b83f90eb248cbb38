#pragma once

#include "dns/name.hpp"
#include "dns/rrset.hpp"
#include "dns/serial.hpp"
#include "dns/types.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace taproot::zonestore {

class ZoneVersion;

/// What happened to one RRset between two versions: `before` is missing where it is new, `after`
/// where it is gone; both stand where its data or TTL differ. Owner and type are the same in both.
struct Change {
  std::optional<dns::RRset> before;
  std::optional<dns::RRset> after;

  const dns::Name& owner() const { return after ? after->owner : before->owner; }
  dns::RRType type() const { return after ? after->type : before->type; }
  friend bool operator==(const Change&, const Change&) = default;
};

/// All changes of one step, in canonical order of owners, then by type. The SOA's own change
/// (at least its serial) is one of them, except where a function says otherwise.
struct ChangeSet {
  dns::Serial from;
  dns::Serial to;
  std::vector<Change> changes;

  /// Octets of rdata, owners and fixed fields of all records in it: what an IXFR of it would
  /// about take, and what the bounds on history count.
  std::size_t octets() const;
};

/// What leads from `before` to `after`, two versions of one zone. Costs the changes where both
/// share memory, the zone where they do not. An RRset that differs only in the case of names
/// inside or the order of its records is not a change.
ChangeSet changes_between(const ZoneVersion& before, const ZoneVersion& after);

/// Several steps as one, each step's `from` being the `to` before it: an RRset that changed and
/// changed back is left out. `steps` must not be empty.
ChangeSet condense(const std::vector<std::shared_ptr<const ChangeSet>>& steps);

/// Text for people: "- www.example.org.\t300\tIN\tA\t192.0.2.1" and "+ …" lines, SOA first.
std::string to_text(const ChangeSet& changes);

}  // namespace taproot::zonestore
