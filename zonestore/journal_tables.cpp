#include "zonestore/journal_tables.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <limits>
#include <string_view>
#include <utility>

namespace taproot::zonestore {

namespace {

std::string key_of(const dns::Name& apex) {
  return apex.lowered().to_text();
}

std::int64_t microseconds(WallTime time) {
  return std::chrono::floor<std::chrono::microseconds>(time).time_since_epoch().count();
}

WallTime wall_time(std::int64_t since_1970) {
  return WallTime(
      std::chrono::duration_cast<WallTime::duration>(std::chrono::microseconds(since_1970)));
}

std::uint64_t unsigned_of(const Query& row, int column) {
  return static_cast<std::uint64_t>(row.integer(column));
}

dns::Serial serial_of(const Query& row, int column) {
  return dns::Serial(static_cast<std::uint32_t>(row.integer(column)));
}

Octets octets_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::string text_of(Octets octets) {
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

std::uint32_t type_of(const RRsetKey& key) {
  return static_cast<std::uint32_t>(key.second);
}

VersionRow version_of(const Query& row) {
  VersionRow version;
  version.summary.provenance = {unsigned_of(row, 0),      wall_time(row.integer(2)),
                                std::string(row.text(3)), std::string(row.text(4)),
                                std::string(row.text(5)), std::string(row.text(10))};
  version.octets = unsigned_of(row, 11);
  version.summary.serial = serial_of(row, 1);
  version.summary.records = static_cast<std::size_t>(row.integer(6));
  version.summary.added = static_cast<std::size_t>(row.integer(7));
  version.summary.removed = static_cast<std::size_t>(row.integer(8));
  if (!row.is_null(9)) version.step_octets = unsigned_of(row, 9);
  return version;
}

}  // namespace

Result<std::unique_ptr<JournalTables>> JournalTables::prepare(const Database& database,
                                                              bool is_sole_writer) {
  auto tables = std::unique_ptr<JournalTables>(new JournalTables);
  auto& all = *tables;
  all.database_ = &database;
  all.is_sole_writer_ = is_sole_writer;
  const std::array<std::pair<Statement*, std::string_view>, 32> texts = {{
      {&all.find_zone_,
       "SELECT id, highest_serial, oldest, newest, base, base_octets, octets FROM zones "
       "WHERE apex = ?"},
      {&all.add_zone_,
       "INSERT INTO zones (apex, highest_serial, oldest, newest, base, base_octets, octets) "
       "VALUES (?, ?, ?, ?, ?, ?, ?)"},
      {&all.update_zone_,
       "UPDATE zones SET highest_serial = ?2, oldest = ?3, newest = ?4, base = ?5, "
       "base_octets = ?6, octets = ?7 WHERE id = ?1"},
      {&all.list_zones_, "SELECT apex FROM zones WHERE newest > 0 ORDER BY apex"},
      {&all.add_version_,
       "INSERT INTO versions (zone, number, serial, committed, who, why, source, records, added, "
       "removed, step_octets, revision, octets) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"},
      {&all.find_version_,
       "SELECT number, serial, committed, who, why, source, records, added, removed, step_octets, "
       "revision, octets "
       "FROM versions WHERE zone = ? AND number = ?"},
      {&all.list_versions_,
       "SELECT number, serial, committed, who, why, source, records, added, removed, step_octets, "
       "revision, octets "
       "FROM versions WHERE zone = ? AND number <= ? ORDER BY number DESC LIMIT ?"},
      {&all.drop_versions_, "DELETE FROM versions WHERE zone = ? AND number < ?"},
      {&all.drop_changes_, "DELETE FROM changes WHERE zone = ? AND number < ?"},
      {&all.drop_snapshots_, "DELETE FROM snapshots WHERE zone = ? AND number < ?"},
      {&all.add_changes_, "INSERT INTO changes (zone, number, chunk, content) VALUES (?, ?, ?, ?)"},
      {&all.add_snapshot_,
       "INSERT INTO snapshots (zone, number, chunk, content) VALUES (?, ?, ?, ?)"},
      {&all.read_changes_,
       "SELECT number, content FROM changes WHERE zone = ? AND number BETWEEN ? AND ? "
       "ORDER BY number, chunk"},
      {&all.read_snapshot_,
       "SELECT content FROM snapshots WHERE zone = ? AND number = ? ORDER BY chunk"},
      {&all.find_base_, "SELECT max(number) FROM snapshots WHERE zone = ? AND number <= ?"},
      {&all.set_applied_,
       "INSERT INTO applied (zone, provider, version, at, state) VALUES (?, ?, ?, ?, ?) "
       "ON CONFLICT (zone, provider) DO UPDATE SET version = excluded.version, at = excluded.at, "
       "state = excluded.state"},
      {&all.find_applied_,
       "SELECT version, at, state FROM applied WHERE zone = ? AND provider = ?"},
      {&all.octets_below_,
       "SELECT coalesce(sum(octets), 0) FROM versions WHERE zone = ? AND number < ?"},
      {&all.find_serial_, "SELECT max(number) FROM versions WHERE zone = ? AND serial = ?"},
      {&all.find_time_, "SELECT max(number) FROM versions WHERE zone = ? AND committed <= ?"},
      {&all.find_base_from_, "SELECT min(number) FROM snapshots WHERE zone = ? AND number >= ?"},
      {&all.list_homes_, "SELECT apex, directory FROM homes"},
      {&all.set_home_,
       "INSERT INTO homes (apex, directory) VALUES (?, ?) "
       "ON CONFLICT (apex) DO UPDATE SET directory = excluded.directory"},
      {&all.drop_home_, "DELETE FROM homes WHERE apex = ?"},
      {&all.list_signers_, "SELECT name, newest FROM signers"},
      {&all.raise_signer_,
       "INSERT INTO signers (name, newest) VALUES (?, ?) "
       "ON CONFLICT (name) DO UPDATE SET newest = max(newest, excluded.newest)"},
      {&all.put_divergence_,
       "INSERT INTO divergences (zone, owner, type, by, content) VALUES (?, ?, ?, ?, ?) "
       "ON CONFLICT (zone, owner, type) DO UPDATE SET by = excluded.by, content = "
       "excluded.content"},
      {&all.drop_divergence_, "DELETE FROM divergences WHERE zone = ? AND owner = ? AND type = ?"},
      {&all.drop_divergences_, "DELETE FROM divergences WHERE zone = ?"},
      {&all.any_divergence_, "SELECT 1 FROM divergences LIMIT 1"},
      {&all.list_divergences_, "SELECT owner, type, by, content FROM divergences WHERE zone = ?"},
      {&all.find_divergence_,
       "SELECT owner, type, by, content FROM divergences WHERE zone = ? AND owner = ? AND type = "
       "?"},
  }};
  for (const auto& [statement, text] : texts) {
    auto prepared = database.prepare(text);
    if (!prepared) return tl::unexpected(prepared.error());
    *statement = std::move(*prepared);
  }
  if (is_sole_writer) {
    if (auto learned = all.learn_zones(); !learned) return tl::unexpected(learned.error());
  }
  return tables;
}

Result<void> JournalTables::learn_zones() {
  auto all = database_->prepare("SELECT apex FROM zones");
  if (!all) return tl::unexpected(all.error());
  auto row = all->start();
  auto more = row.next();
  for (; more && *more; more = row.next()) known_.add(row.text(0));
  if (!more) return tl::unexpected(more.error());
  known_.set_complete();
  return {};
}

Result<ZoneRow> JournalTables::find_zone(const dns::Name& apex) {
  return find_zone_by(key_of(apex));
}

Result<ZoneRow> JournalTables::look_up_zone(const dns::Name& apex) {
  const std::string key = key_of(apex);
  auto zone = find_zone_by(key);
  if (zone && is_sole_writer_) known_.remember(key, *zone);
  return zone;
}

Result<ZoneRow> JournalTables::find_zone_by(const std::string& key) {
  if (!known_.may_have(key)) return ZoneRow();
  if (const auto* known = known_.find(key)) return *known;
  auto row = find_zone_.start(std::string_view(key));
  const auto found = row.next();
  if (!found) return tl::unexpected(found.error());
  ZoneRow zone;
  if (!*found) return zone;
  zone.id = row.integer(0);
  if (!row.is_null(1)) zone.highest = serial_of(row, 1);
  zone.oldest = unsigned_of(row, 2);
  zone.newest = unsigned_of(row, 3);
  zone.base = unsigned_of(row, 4);
  zone.base_octets = unsigned_of(row, 5);
  zone.octets = unsigned_of(row, 6);
  return zone;
}

Result<ZoneRow> JournalTables::find_or_add_zone(const dns::Name& apex) {
  auto zone = find_zone(apex);
  if (!zone || zone->id != 0) return zone;
  if (auto added = put_zone(apex, *zone); !added) return tl::unexpected(added.error());
  return zone;
}

Result<void> JournalTables::put_zone(const dns::Name& apex, ZoneRow& zone) {
  const std::string key = key_of(apex);
  const auto highest = zone.highest ? std::optional(zone.highest->value()) : std::nullopt;
  if (zone.id == 0) {
    const auto added = add_zone_
                           .start(std::string_view(key), highest, zone.oldest, zone.newest,
                                  zone.base, zone.base_octets, zone.octets)
                           .done();
    if (!added) return added;
    zone.id = database_->last_row();
    known_.add(key);
  } else {
    const auto updated = update_zone_
                             .start(zone.id, highest, zone.oldest, zone.newest, zone.base,
                                    zone.base_octets, zone.octets)
                             .done();
    if (!updated) return updated;
  }
  if (is_sole_writer_) known_.remember(key, zone);
  return {};
}

Result<std::vector<dns::Name>> JournalTables::zones() {
  std::vector<dns::Name> all;
  auto row = list_zones_.start();
  auto more = row.next();
  for (; more && *more; more = row.next()) {
    auto apex = dns::Name::from_text(row.text(0));
    if (!apex) return tl::unexpected(apex.error());
    all.push_back(std::move(*apex));
  }
  if (!more) return tl::unexpected(more.error());
  return all;
}

Result<void> JournalTables::add_version(std::int64_t zone, const VersionRow& version) {
  const auto& summary = version.summary;
  const auto& provenance = summary.provenance;
  return add_version_
      .start(zone, provenance.number, summary.serial.value(), microseconds(provenance.committed),
             std::string_view(provenance.who), std::string_view(provenance.why),
             std::string_view(provenance.source), std::uint64_t{summary.records},
             std::uint64_t{summary.added}, std::uint64_t{summary.removed}, version.step_octets,
             std::string_view(provenance.revision), version.octets)
      .done();
}

Result<VersionRow> JournalTables::find_version(std::int64_t zone, std::uint64_t number) {
  auto row = find_version_.start(zone, number);
  const auto found = row.next();
  if (!found) return tl::unexpected(found.error());
  if (!*found) return fail(Errc::not_found, "no row of version " + std::to_string(number));
  return version_of(row);
}

Result<void> JournalTables::walk_versions(std::int64_t zone, std::uint64_t newest,
                                          std::size_t limit,
                                          const std::function<bool(VersionRow)>& visit) {
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  auto row = list_versions_.start(zone, newest, std::min<std::uint64_t>(limit, most));
  auto more = row.next();
  while (more && *more && visit(version_of(row))) more = row.next();
  if (!more) return tl::unexpected(more.error());
  return {};
}

Result<void> JournalTables::drop_versions_below(std::int64_t zone, std::uint64_t number) {
  for (auto* drop : {&drop_changes_, &drop_snapshots_, &drop_versions_}) {
    if (auto dropped = drop->start(zone, number).done(); !dropped) return dropped;
  }
  return {};
}

Result<void> JournalTables::add_chunk(Kind kind, std::int64_t zone, std::uint64_t number,
                                      std::int64_t chunk, Octets content) {
  auto& statement = kind == Kind::changes ? add_changes_ : add_snapshot_;
  return statement.start(zone, number, chunk, content).done();
}

Result<void> JournalTables::read_changes(
    std::int64_t zone, std::uint64_t first, std::uint64_t last,
    const std::function<Result<void>(std::uint64_t, Octets)>& visit) {
  auto row = read_changes_.start(zone, first, last);
  auto more = row.next();
  for (; more && *more; more = row.next()) {
    if (auto visited = visit(unsigned_of(row, 0), row.octets(1)); !visited) return visited;
  }
  if (!more) return tl::unexpected(more.error());
  return {};
}

Result<void> JournalTables::read_snapshot(std::int64_t zone, std::uint64_t number,
                                          const std::function<Result<void>(Octets)>& visit) {
  auto row = read_snapshot_.start(zone, number);
  auto more = row.next();
  for (; more && *more; more = row.next()) {
    if (auto visited = visit(row.octets(0)); !visited) return visited;
  }
  if (!more) return tl::unexpected(more.error());
  return {};
}

Result<std::optional<std::uint64_t>> JournalTables::find_base(std::int64_t zone,
                                                              std::uint64_t number) {
  auto row = find_base_.start(zone, number);
  return number_in(row);
}

Result<std::optional<std::uint64_t>> JournalTables::number_in(Query& row) {
  const auto found = row.next();
  if (!found) return tl::unexpected(found.error());
  if (!*found || row.is_null(0)) return std::optional<std::uint64_t>();
  return std::optional(unsigned_of(row, 0));
}

Result<std::uint64_t> JournalTables::octets_below(std::int64_t zone, std::uint64_t number) {
  auto row = octets_below_.start(zone, number);
  const auto found = row.next();
  if (!found) return tl::unexpected(found.error());
  return unsigned_of(row, 0);
}

Result<std::optional<std::uint64_t>> JournalTables::find_serial(std::int64_t zone,
                                                                dns::Serial serial) {
  auto row = find_serial_.start(zone, serial.value());
  return number_in(row);
}

Result<std::optional<std::uint64_t>> JournalTables::find_time(std::int64_t zone, WallTime time) {
  auto row = find_time_.start(zone, microseconds(time));
  return number_in(row);
}

Result<std::optional<std::uint64_t>> JournalTables::find_base_from(std::int64_t zone,
                                                                   std::uint64_t number) {
  auto row = find_base_from_.start(zone, number);
  return number_in(row);
}

Result<void> JournalTables::set_applied(std::int64_t zone, const std::string& provider,
                                        const AppliedState& state) {
  return set_applied_
      .start(zone, std::string_view(provider), state.version, microseconds(state.at),
             std::string_view(state.state))
      .done();
}

Result<std::optional<AppliedState>> JournalTables::find_applied(std::int64_t zone,
                                                                const std::string& provider) {
  auto row = find_applied_.start(zone, std::string_view(provider));
  const auto found = row.next();
  if (!found) return tl::unexpected(found.error());
  if (!*found) return std::optional<AppliedState>();
  return std::optional(
      AppliedState{unsigned_of(row, 0), wall_time(row.integer(1)), std::string(row.text(2))});
}

Result<Journal::Homes> JournalTables::homes() {
  Journal::Homes all;
  auto row = list_homes_.start();
  auto more = row.next();
  for (; more && *more; more = row.next()) {
    auto apex = dns::Name::from_text(row.text(0));
    if (!apex) return tl::unexpected(apex.error());
    all.emplace_back(std::move(*apex), std::string(row.text(1)));
  }
  if (!more) return tl::unexpected(more.error());
  return all;
}

Result<void> JournalTables::set_home(const dns::Name& apex, const std::string& directory) {
  const std::string key = key_of(apex);
  if (directory.empty()) return drop_home_.start(std::string_view(key)).done();
  return set_home_.start(std::string_view(key), std::string_view(directory)).done();
}

Result<std::map<dns::Name, std::uint64_t>> JournalTables::signers() {
  std::map<dns::Name, std::uint64_t> all;
  auto row = list_signers_.start();
  auto more = row.next();
  for (; more && *more; more = row.next()) {
    auto name = dns::Name::from_text(row.text(0));
    if (!name) return tl::unexpected(name.error());
    all.emplace(std::move(*name), unsigned_of(row, 1));
  }
  if (!more) return tl::unexpected(more.error());
  return all;
}

Result<void> JournalTables::raise_signer(const dns::Name& key, std::uint64_t newest) {
  const std::string name = key_of(key);
  return raise_signer_.start(std::string_view(name), static_cast<std::int64_t>(newest)).done();
}

// --- Divergences -------------------------------------------------------------------------------

Result<void> JournalTables::put_divergence(std::int64_t zone, const DivergenceRow& row) {
  const auto owner = row.key.first.lowered();
  const auto content = row.content ? std::optional(octets_of(*row.content)) : std::nullopt;
  return put_divergence_.start(zone, owner.wire(), type_of(row.key), row.by, content).done();
}

Result<void> JournalTables::drop_divergence(std::int64_t zone, const RRsetKey& key) {
  const auto owner = key.first.lowered();
  return drop_divergence_.start(zone, owner.wire(), type_of(key)).done();
}

Result<void> JournalTables::drop_divergences(std::int64_t zone) {
  return drop_divergences_.start(zone).done();
}

Result<bool> JournalTables::has_divergences() {
  auto row = any_divergence_.start();
  return row.next();
}

Result<std::vector<JournalTables::DivergenceRow>> JournalTables::divergences(
    std::int64_t zone, const std::optional<RRsetKey>& key) {
  const auto owner = key ? key->first.lowered() : dns::Name();
  auto query = key ? find_divergence_.start(zone, owner.wire(), type_of(*key))
                   : list_divergences_.start(zone);
  std::vector<DivergenceRow> rows;
  auto more = query.next();
  for (; more && *more; more = query.next()) {
    dns::WireReader reader(query.octets(0));
    auto name = dns::Name::from_wire(reader);
    if (!name) return fail_in("an owner among the divergences", name.error());
    DivergenceRow row{{std::move(*name), static_cast<dns::RRType>(query.integer(1))},
                      query.integer(2),
                      std::nullopt};
    if (!query.is_null(3)) row.content = text_of(query.octets(3));
    rows.push_back(std::move(row));
  }
  if (!more) return tl::unexpected(more.error());
  return rows;
}

}  // namespace taproot::zonestore
