#pragma once

#include "dns/name.hpp"
#include "dns/result.hpp"
#include "dns/serial.hpp"
#include "zonestore/journal.hpp"
#include "zonestore/journal_database.hpp"
#include "zonestore/journal_known_zones.hpp"
#include "zonestore/journal_rows.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace taproot::zonestore {

/// The journal's tables by rows; one prepared statement behind each function. Knows nothing of
/// what chunks hold. Fails with Errc::io; writes belong into a Transaction.
class JournalTables {
 public:
  /// Nobody but the sole writer changes the tables while they are open: then what was written is
  /// remembered.
  static Result<std::unique_ptr<JournalTables>> prepare(const Database& database,
                                                        bool is_sole_writer);

  Result<ZoneRow> find_zone(const dns::Name& apex);
  /// The same within a transaction: what it finds is remembered.
  Result<ZoneRow> look_up_zone(const dns::Name& apex);
  Result<ZoneRow> find_or_add_zone(const dns::Name& apex);
  /// Adds the row if its id is 0, and gives it one; else changes it.
  Result<void> put_zone(const dns::Name& apex, ZoneRow& zone);
  /// What was written last was not committed.
  void forget() noexcept { known_.forget_rows(); }
  /// Apexes of the zones that have a version.
  Result<std::vector<dns::Name>> zones();

  Result<void> add_version(std::int64_t zone, const VersionRow& version);
  /// Errc::not_found if it is not there.
  Result<VersionRow> find_version(std::int64_t zone, std::uint64_t number);
  /// From `newest` down while `visit` returns true, at most `limit`.
  Result<void> walk_versions(std::int64_t zone, std::uint64_t newest, std::size_t limit,
                             const std::function<bool(VersionRow)>& visit);
  /// Drops all versions below `number`, with their changes and snapshots.
  Result<void> drop_versions_below(std::int64_t zone, std::uint64_t number);

  enum class Kind { changes, snapshot };
  Result<void> add_chunk(Kind kind, std::int64_t zone, std::uint64_t number, std::int64_t chunk,
                         Octets content);
  /// The chunks of the changes of versions `first` to `last`, in order.
  Result<void> read_changes(std::int64_t zone, std::uint64_t first, std::uint64_t last,
                            const std::function<Result<void>(std::uint64_t, Octets)>& visit);
  Result<void> read_snapshot(std::int64_t zone, std::uint64_t number,
                             const std::function<Result<void>(Octets)>& visit);
  /// The octets of all versions below `number`.
  Result<std::uint64_t> octets_below(std::int64_t zone, std::uint64_t number);
  /// The newest version with a serial, or the newest one committed at or before a time.
  Result<std::optional<std::uint64_t>> find_serial(std::int64_t zone, dns::Serial serial);
  Result<std::optional<std::uint64_t>> find_time(std::int64_t zone, WallTime time);
  /// The oldest version at or after `number` that has a snapshot.
  Result<std::optional<std::uint64_t>> find_base_from(std::int64_t zone, std::uint64_t number);
  /// The newest version at or before `number` that has a snapshot.
  Result<std::optional<std::uint64_t>> find_base(std::int64_t zone, std::uint64_t number);

  Result<void> set_applied(std::int64_t zone, const std::string& provider,
                           const AppliedState& state);
  Result<std::optional<AppliedState>> find_applied(std::int64_t zone, const std::string& provider);

  /// One row of divergences; `content` is nothing where the source has no such RRset.
  struct DivergenceRow {
    RRsetKey key;
    std::int64_t by = 0;
    std::optional<std::string> content;
  };
  Result<void> put_divergence(std::int64_t zone, const DivergenceRow& row);
  Result<void> drop_divergence(std::int64_t zone, const RRsetKey& key);
  Result<void> drop_divergences(std::int64_t zone);
  /// All of a zone, or the one of this RRset.
  Result<std::vector<DivergenceRow>> divergences(std::int64_t zone,
                                                 const std::optional<RRsetKey>& key);
  /// Whether any zone has any: hardly ever.
  Result<bool> has_divergences();
  Result<Journal::Homes> homes();
  /// An empty directory: none.
  Result<void> set_home(const dns::Name& apex, const std::string& directory);
  Result<std::map<dns::Name, std::uint64_t>> signers();
  /// Never back.
  Result<void> raise_signer(const dns::Name& key, std::uint64_t newest);

 private:
  JournalTables() = default;
  static Result<std::optional<std::uint64_t>> number_in(Query& row);
  Result<ZoneRow> find_zone_by(const std::string& key);
  Result<void> learn_zones();

  const Database* database_ = nullptr;
  bool is_sole_writer_ = false;
  KnownZones known_;
  Statement find_zone_, add_zone_, update_zone_, list_zones_;
  Statement add_version_, find_version_, list_versions_, drop_versions_, drop_changes_,
      drop_snapshots_;
  Statement add_changes_, add_snapshot_, read_changes_, read_snapshot_, find_base_;
  Statement set_applied_, find_applied_;
  Statement put_divergence_, drop_divergence_, drop_divergences_, list_divergences_,
      find_divergence_, any_divergence_;
  Statement octets_below_, find_serial_, find_time_, find_base_from_;
  Statement list_homes_, set_home_, drop_home_;
  Statement list_signers_, raise_signer_;
};

}  // namespace taproot::zonestore
