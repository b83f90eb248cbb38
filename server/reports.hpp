#pragma once

#include "zonestore/finding.hpp"
#include "zonestore/zone_version.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace taproot::server {

// What an operator reads, as plain values. Names, addresses and records are text already, in
// presentation format; docs/control-api.md gives the JSON key of every member. Whatever waits
// says in `waits_for` for what, and until when where that is known: "ns1 to serve serial 42,
// asked again in 2 s".

using zonestore::WallTime;

/// What we know of one nameserver and one zone.
enum class NameserverState {
  unknown,      ///< not asked yet
  waiting,      ///< serves an older version; it was told, and is asked again
  serial_seen,  ///< serves the wanted serial; the contents are not compared yet
  verified,     ///< serves the wanted version: serial and contents
  differs,      ///< the wanted serial with other contents
  ahead,        ///< a serial ahead of ours: someone else wrote it, or our state is old
  unreachable,  ///< no answer
  failing       ///< answers, but not for this zone: REFUSED, SERVFAIL, not authoritative
};
std::string_view to_text(NameserverState state);

/// One nameserver below a provider.
struct NameserverRow {
  std::string nameserver;
  std::string endpoint;
  NameserverState state = NameserverState::unknown;
  std::uint64_t wanted_version = 0;
  std::optional<std::uint64_t> seen_version;  ///< nothing: none yet, or a serial that is not ours
  std::optional<std::uint32_t> seen_serial;
  std::optional<WallTime> since;                 ///< when it came into this state
  std::optional<std::chrono::milliseconds> lag;  ///< from commit to seen; while waiting: until now
  std::optional<WallTime> asked;                 ///< when it was last asked
  std::string error;                             ///< of the last try; empty if it went well
  std::string waits_for;
};

/// How far one provider has come with one zone.
enum class ProviderState {
  in_sync,   ///< every nameserver verified (without nameservers: applied)
  applying,  ///< NOTIFY or API calls are under way
  waiting,   ///< applied or told; not yet seen everywhere
  pending,   ///< a person has to apply it (publish: on-apply)
  blocked,   ///< a guard stopped it
  failed,    ///< the last try failed; `waits_for` says when the next one is
  held       ///< `hold` is set in the configuration
};
std::string_view to_text(ProviderState state);

/// How a version comes to a provider.
enum class Via { transfer, api };
std::string_view to_text(Via via);

/// A guard that stopped a change, and the id with which a person can let it pass once.
struct GuardStop {
  std::string rule;      ///< "max-delete-percent", …
  std::string why;       ///< "would remove 61% of the RRsets: 61 of 100"
  std::string force_id;  ///< for `taproot apply --force ID`
};

/// One secondary of a provider, as its own requests showed it.
struct SecondaryRow {
  std::string address;
  std::string key;               ///< it came last with; empty: unsigned, or it never came
  std::optional<WallTime> when;  ///< it came last with a request that was in order, for any zone
  std::string trouble;           ///< what went wrong with this zone last; empty if nothing
  std::optional<WallTime> trouble_since;
  std::optional<std::uint32_t> serial;  ///< it holds, by what it said or took last
  std::string transfer;                 ///< its last that ended well: "AXFR", "IXFR" or "SOA"
  std::uint64_t octets = 0;             ///< of that transfer
  double seconds = 0;
  std::optional<WallTime> transferred;
};

/// Something that a person should know of: docs/alerts.md.
struct AlertRow {
  std::string rule;
  std::string provider;
  std::string subject;
  std::optional<WallTime> since;
  std::string words;
};

struct ProviderRow {
  std::string provider;
  Via via = Via::transfer;
  ProviderState state = ProviderState::waiting;
  std::uint64_t wanted_version = 0;
  std::optional<std::uint64_t> applied_version;  ///< transferred or pushed, as far as known
  std::optional<WallTime> applied;
  std::optional<WallTime> since;                 ///< when it came into this state
  std::optional<std::chrono::milliseconds> lag;  ///< of the slowest nameserver
  std::string note;                              ///< "ixfr 41 to 42", "3 calls", may be empty
  std::string error;
  std::string waits_for;
  std::optional<GuardStop> guard;
  std::vector<NameserverRow> nameservers;
  std::string keys;  ///< what is to be said of its keys while it has several; may be empty
  std::vector<SecondaryRow> secondaries;
};

/// A document on a server that a zone is made of.
struct SourceRow {
  std::string url;                    ///< without its query
  std::optional<WallTime> fetched;    ///< the copy we have; nothing: there is none
  std::optional<WallTime> confirmed;  ///< when the server last said that the copy is right
  std::string error;                  ///< of the last look; empty if it went well
  std::string rule;                   ///< of the error, and what to do about it
  std::string cure;
  std::optional<WallTime> failing_since;
  std::optional<WallTime> next;  ///< when it is looked at again; nothing: it is being looked at
};

/// How one of the primaries stands that a zone is transferred from.
struct PrimaryRow {
  std::string primary;                  ///< its address
  std::optional<std::uint32_t> serial;  ///< what it said last that it has
  std::optional<WallTime> asked;        ///< when it was asked last
  std::string error;                    ///< what was wrong then; empty if it answered well
  std::string cure;
  std::optional<WallTime> failing_since;
  // Of the zone, and so the same for all its primaries:
  std::optional<WallTime> confirmed;  ///< when one of them last answered
  std::optional<WallTime> next;       ///< when it looks again; nothing: it is looking
  std::optional<WallTime> expires;    ///< unless one of them is heard of before
  bool is_expired = false;
  std::string zonemd;  ///< "verified (sha384)", "absent", …: of what came last; empty: nothing did
};

/// How far a zone's parent is told of changed CDS and CDNSKEY, or of a changed CSYNC.
struct ParentRow {
  std::string type;               ///< "CDS", which means CDNSKEY, too, or "CSYNC"
  std::string state;              ///< "waiting", "looking", "telling", "told", "nobody"
  std::string target;             ///< whom the parent wants to be told: name, port and address
  unsigned tries = 0;             ///< messages that were sent
  std::optional<WallTime> since;  ///< of this change, or when it was told
  std::string error;              ///< what went wrong last; empty: nothing, or it is over
  std::string cure;
  std::optional<WallTime> next;  ///< when it is tried again
};

struct ZoneRow {
  std::string zone;
  std::uint64_t version = 0;  ///< 0: no version was ever good, the zone answers SERVFAIL
  std::uint32_t serial = 0;
  std::size_t records = 0;
  std::optional<WallTime> committed;
  std::string who;
  std::string why;
  std::string revision{};  ///< the commit checked out where the source of this version lies
  std::string source;
  std::string loading{};              ///< how far its source is read, if that takes a while
  std::vector<SourceRow> documents;   ///< those of its sources that come from servers
  std::vector<PrimaryRow> primaries;  ///< those it is transferred from
  std::vector<ParentRow> parents;     ///< of a zone that tells its parent
  /// Why the source as it stands now was not taken, in one line; empty if it was.
  std::string candidate_refused;
  /// What it waits for because its source vanished, with the command; empty: it has a source.
  std::string source_gone;
  std::optional<GuardStop> guard;            ///< that the source as it stands now waits at
  std::vector<zonestore::Finding> findings;  ///< of the source as it stands now
  std::vector<ProviderRow> providers;
  std::vector<AlertRow> alerts;
};

struct StatusReport {
  WallTime now{};
  std::string taproot_version;
  WallTime started{};
  std::vector<std::string> warnings;  ///< of the whole: "started read-only: …"
  std::vector<ZoneRow> zones;
};

/// One RRset before and after, each record as one line "TTL TYPE RDATA".
struct PlannedChange {
  std::string owner;
  std::string type;
  std::vector<std::string> before;  ///< empty: it is new
  std::vector<std::string> after;   ///< empty: it is removed
};

struct PlannedProvider {
  std::string provider;
  Via via = Via::transfer;
  std::vector<PlannedChange> changes;
  std::size_t calls = 0;           ///< API calls expected; 0 by transfer
  std::vector<std::string> notes;  ///< what is left alone or looks odd
  std::optional<GuardStop> guard;
  std::string error;  ///< why there is no plan for this provider; empty if there is one
};

struct PlannedZone {
  std::string zone;
  std::uint64_t version = 0;  ///< the version now
  std::uint32_t serial = 0;
  /// Changes of the source that are not a version yet (publish: on-apply); empty otherwise.
  std::vector<PlannedChange> source_changes;
  std::optional<GuardStop> guard;            ///< would stop the source at an apply
  std::vector<zonestore::Finding> findings;  ///< why the source cannot be taken
  std::vector<PlannedProvider> providers;
};

/// What `apply` would do. A value that can be shown to others: it holds no secret.
struct PlanReport {
  std::string id;
  WallTime made{};
  WallTime expires{};
  std::vector<PlannedZone> zones;
};

/// How one plan ended so far.
enum class ApplyState {
  waiting,    ///< not begun, or under way
  applied,    ///< handed over (told by NOTIFY, or accepted by the API); not seen everywhere
  visible,    ///< seen at every nameserver
  unchanged,  ///< nothing to do
  blocked,    ///< stopped by a guard
  failed
};
std::string_view to_text(ApplyState state);

struct AppliedNameserver {
  std::string nameserver;
  std::string endpoint;
  bool visible = false;
  std::optional<double> seconds;  ///< from commit to seen
  std::string waits_for;
  std::string error;
};

struct AppliedProvider {
  std::string provider;
  Via via = Via::transfer;
  ApplyState state = ApplyState::waiting;
  std::size_t changes = 0;
  std::size_t calls = 0;
  std::string error;
  std::string waits_for;
  std::optional<GuardStop> guard;
  std::vector<AppliedNameserver> nameservers;
};

struct AppliedZone {
  std::string zone;
  std::uint64_t version = 0;
  std::uint32_t serial = 0;
  std::string error;               ///< the zone as a whole failed, e.g. its source has errors
  std::optional<GuardStop> guard;  ///< stopped the zone's source
  std::vector<AppliedProvider> providers;
};

/// How far one apply has come. It begins with everything waiting and changes until it has ended.
struct ApplyReport {
  std::string id;    ///< of this apply, for GET /v1/apply/{id}
  std::string plan;  ///< the plan it carries out
  WallTime started{};
  std::vector<AppliedZone> zones;
};

/// The verdict over all of an apply; the exit codes of `taproot apply` follow it.
enum class ApplyOutcome {
  nothing_to_do,  ///< everything was in sync: 0
  running,        ///< some provider has not been handed its change yet
  applied,        ///< handed over everywhere, not yet seen everywhere: 3
  done,           ///< seen everywhere: 0
  partial,        ///< some failed or were blocked, some not: 4
  blocked,        ///< a guard stopped all that there was to do: 5
  failed          ///< all failed: 1
};
std::string_view to_text(ApplyOutcome outcome);
ApplyOutcome outcome_of(const ApplyReport& report);
/// Nothing will change any more: neither running nor waiting for a nameserver.
bool has_ended(const ApplyReport& report);

struct VerifiedNameserver {
  std::string nameserver;
  std::string endpoint;
  NameserverState state = NameserverState::unknown;
  std::optional<std::uint32_t> serial;
  std::size_t compared = 0;              ///< RRsets asked for and compared
  std::size_t of = 0;                    ///< RRsets that could be compared
  std::vector<std::string> differences;  ///< "www.example.org. A: has 192.0.2.1, wanted …"
  std::string error;
};

struct VerifiedProvider {
  std::string provider;
  std::vector<VerifiedNameserver> nameservers;
};

struct VerifiedZone {
  std::string zone;
  std::uint64_t version = 0;
  std::uint32_t serial = 0;
  std::vector<VerifiedProvider> providers;
};

struct VerifyReport {
  std::vector<VerifiedZone> zones;
};

struct VersionRow {
  std::uint64_t version = 0;
  std::uint32_t serial = 0;
  WallTime committed{};
  std::string who;
  std::string why;
  std::string source;
  std::size_t records = 0;
  std::size_t added = 0;
  std::size_t removed = 0;
  std::string revision{};  ///< the commit checked out where the source lies, may be empty
};

struct HistoryReport {
  std::string zone;
  std::uint64_t current = 0;
  std::vector<VersionRow> versions;  ///< newest first
};

struct ShowReport {
  std::string zone;
  std::uint64_t current = 0;
  VersionRow version;
  std::vector<std::string> records;  ///< "owner\tTTL\tIN\tTYPE\trdata", SOA first
};

struct DiffReport {
  std::string zone;
  VersionRow a;
  VersionRow b;
  std::vector<PlannedChange> changes;
};

struct RollbackReport {
  std::string zone;
  std::uint64_t restored = 0;  ///< the version whose contents are back
  std::uint64_t version = 0;   ///< the new, higher version
  std::uint32_t serial = 0;
  bool changed = false;  ///< false: the current version has these contents already
};

/// What an edit did with its zone, or would do.
struct EditReport {
  std::string zone;
  std::uint64_t version = 0;  ///< the new one; the current one if nothing changed
  std::uint32_t serial = 0;
  bool changed = false;
  bool dry_run = false;
  std::string written_back;  ///< the file that has the edits now; empty: none was written
  std::vector<PlannedChange> changes;
  std::vector<zonestore::Finding> findings;
  std::string refused;  ///< why nothing was done, in one line; the findings say more
};

struct NotifyReport {
  struct Zone {
    std::string zone;
    std::uint32_t serial = 0;
    std::vector<std::string> told;  ///< endpoints
  };
  std::vector<Zone> zones;
};

/// A zone whose serial was brought above those of its secondaries.
struct SerialReport {
  std::string zone;
  std::uint64_t version = 0;
  std::uint32_t serial = 0;
  bool changed = false;                ///< false: no secondary was seen ahead
  std::string nameserver;              ///< who was seen furthest ahead
  std::optional<std::uint32_t> above;  ///< the serial it was seen with
  bool again = false;                  ///< it takes a second jump, when all others have this serial
};

/// A zone that is not served any more; its versions stay in the journal.
struct DropReport {
  std::string zone;
  std::uint64_t version = 0;  ///< the last one that was served
  std::uint32_t serial = 0;
};

/// A provider that is held now, or is not any more.
struct HoldReport {
  std::string provider;
  std::string kind;
  bool held = false;
  std::size_t zones = 0;  ///< that it has
};

/// What a reload did with one zone.
enum class ReloadResult {
  installed,
  unchanged,
  refused,
  pending,
  blocked,   ///< the shrink guard stopped it: it waits for a person
  vanished,  ///< its file is gone from its folder: it is served as it was
  added,
  dropped
};
std::string_view to_text(ReloadResult result);

struct ReloadReport {
  struct Zone {
    std::string zone;
    ReloadResult result = ReloadResult::unchanged;
    std::uint64_t version = 0;  ///< the one served now
    std::uint32_t serial = 0;
    std::optional<GuardStop> guard;  ///< if blocked
    std::vector<zonestore::Finding> findings;
  };
  std::string config_error;        ///< the configuration was not taken: why; the old one stays
  std::vector<std::string> notes;  ///< "server.listen changed: restart to use it"
  std::vector<Zone> zones;         ///< by name
  /// Zones that are as they were and have no findings, where there are too many to list them.
  std::size_t unlisted = 0;
};

/// What `taproot check` found; made without a daemon.
struct CheckReport {
  struct Zone {
    std::string zone;
    std::string source;
    std::size_t records = 0;
    bool good = false;
  };
  std::string config;  ///< the file, empty if only zones were checked
  std::vector<Zone> zones;
  std::vector<zonestore::Finding> findings;
};

}  // namespace taproot::server
