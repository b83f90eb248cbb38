#pragma once

#include "dns/name.hpp"
#include "dns/result.hpp"
#include "dns/serial.hpp"
#include "zonestore/changes.hpp"
#include "zonestore/divergence.hpp"
#include "zonestore/zone_version.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace taproot::zonestore {

/// Bounds on what is kept of a zone's past, in memory for IXFR and on disk for history.
struct HistoryLimits {
  std::size_t memory_steps = 200;
  std::size_t memory_octets = std::size_t{4} << 20;
  std::size_t disk_versions = 1000;
  std::size_t disk_octets = std::size_t{512} << 20;  ///< per zone, of changes and snapshots
};

/// One line of `taproot history`.
struct VersionSummary {
  Provenance provenance;
  dns::Serial serial;
  std::size_t records = 0;
  std::size_t added = 0;  ///< records, against the version before
  std::size_t removed = 0;
};

/// What one provider was last given, for ownership and compare-and-swap (pushers).
struct AppliedState {
  std::uint64_t version = 0;
  WallTime at{};
  std::string state;  ///< the provider room's own words, opaque here
};

/// Every accepted version on disk: one SQLite file in the state folder (WAL, synchronous=FULL).
/// A version is committed when record() has returned, whatever happens to power or process
/// afterwards. Belongs to one thread. Locks the state folder against a second process.
class Journal {
 public:
  /// Opens or makes `folder`/taproot.db, mode 0600. Fails with Errc::in_use if another process
  /// has it, Errc::io with the path and the reason otherwise. With `read_only` nothing is
  /// locked or written.
  static Result<std::unique_ptr<Journal>> open(const std::filesystem::path& folder,
                                               HistoryLimits limits = {}, bool read_only = false);
  /// Opens it as open() does; if it can be read but not written (a full disk, a read-only mount),
  /// for reading: trouble() says why, and every write tries again to open it for writing first.
  static Result<std::unique_ptr<Journal>> open_for_serving(const std::filesystem::path& folder,
                                                           HistoryLimits limits = {});
  ~Journal();
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;

  /// True when the log of what was committed has grown so that checkpoint() is worth its work.
  bool wants_checkpoint() const;
  /// Brings the log of the journal in `folder` into its file, beside the Journal that has it open.
  /// Blocks for its writes: call it on the work pool. What is committed is safe with or without.
  static Result<void> checkpoint(const std::filesystem::path& folder);

  /// One version to be recorded; `step` is null for a zone's first version.
  struct Entry {
    std::shared_ptr<const ZoneVersion> version;
    std::shared_ptr<const ChangeSet> step;
    /// Where the zone now says something else than its source; null: as before.
    std::shared_ptr<const DivergenceStep> divergence = {};
  };
  /// Commits all of them in one transaction, or none. Blocks until they are on disk. Fails with
  /// Errc::io, and with Errc::conflict or bad_serial if a number or a serial is not a new one.
  Result<void> record(const std::vector<Entry>& entries);

  /// The newest version of a zone, with history in memory as the limits allow; null if the
  /// journal has none.
  Result<std::shared_ptr<const ZoneVersion>> newest(const dns::Name& apex);
  /// A version by its number; Errc::not_found says which numbers are kept.
  Result<std::shared_ptr<const ZoneVersion>> version(const dns::Name& apex, std::uint64_t number);
  /// The number of the newest version with this serial, or of the one that was current at a time,
  /// among those kept. Errc::not_found says what is kept.
  Result<std::uint64_t> number_of(const dns::Name& apex, dns::Serial serial);
  Result<std::uint64_t> number_at(const dns::Name& apex, WallTime time);
  /// Newest first, at most `limit`.
  Result<std::vector<VersionSummary>> history(const dns::Name& apex, std::size_t limit);
  /// Apexes of the zones that have a version, in the order of their text; none also if the file
  /// cannot be read.
  std::vector<dns::Name> zones();

  /// The number of the zone's newest version, 0 if it has none. Works also where newest() fails
  /// because what is kept of the zone is damaged.
  Result<std::uint64_t> last_number(const dns::Name& apex);

  /// The highest serial the zone ever had here; survives the pruning of versions and the zone's
  /// removal from the configuration. Nothing also if the file cannot be read: record() refuses a
  /// serial that is not ahead, whatever was read here.
  std::optional<dns::Serial> highest_serial(const dns::Name& apex);
  /// Notes a serial seen elsewhere, e.g. at a secondary when the state was lost.
  Result<void> raise_serial(const dns::Name& apex, dns::Serial serial);
  /// The same for many zones, all or none.
  Result<void> raise_serials(const std::vector<std::pair<dns::Name, dns::Serial>>& serials);

  /// Where the zone says something else than its source did when it was last taken, in the order
  /// of owners' wire format; of these RRsets, or of all.
  Result<std::vector<Divergence>> divergences(const dns::Name& apex);
  Result<std::vector<Divergence>> divergences(const dns::Name& apex,
                                              const std::vector<RRsetKey>& keys);
  /// The same without a new version, as when the source has caught up with the zone.
  Result<void> diverge(const dns::Name& apex, const DivergenceStep& step);

  /// Why nothing can be written: the last try's failure, if it had to do with the file and not
  /// with what was to be written. Nothing as long as writing works.
  const std::optional<Error>& trouble() const;
  /// Writes something without meaning, to see whether writing works (again).
  Result<void> try_writing();

  Result<void> set_applied(const dns::Name& apex, const std::string& provider,
                           const AppliedState& state);
  std::optional<AppliedState> applied(const dns::Name& apex, const std::string& provider);

  /// While it lives, everything read belongs together, and reading very many zones costs no lock of
  /// the file each. Nothing may be written meanwhile.
  class Reading {
   public:
    Reading(Reading&&) noexcept;
    Reading& operator=(Reading&&) = delete;
    ~Reading();

   private:
    friend class Journal;
    struct Open;
    explicit Reading(std::unique_ptr<Open> open);
    std::unique_ptr<Open> open_;
  };
  Reading reading();

  /// Where a zone stands, in one look.
  struct Standing {
    std::uint64_t number = 0;  ///< of its newest version; 0: it never had one
    std::optional<dns::Serial> highest;
  };
  Result<Standing> standing(const dns::Name& apex);

  /// Gives back the memory that a large transaction needed.
  void free_memory() noexcept;

  /// Which configured folder each zone came from: so that a zone whose file vanished is known
  /// after a restart. Zones that are named one by one have none.
  /// In no order.
  using Homes = std::vector<std::pair<dns::Name, std::string>>;
  Result<Homes> homes();
  /// Notes these, all or none; an empty text takes a zone's home away.
  Result<void> set_homes(const Homes& homes);

  /// By key: the newest time that a signed request of it was seen to be signed at, so that none of
  /// those can be played again after a restart. Seconds since 1970.
  using Signers = std::map<dns::Name, std::uint64_t>;
  Result<Signers> signers();
  Result<void> raise_signer(const dns::Name& key, std::uint64_t newest);

 private:
  struct State;
  explicit Journal(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace taproot::zonestore
