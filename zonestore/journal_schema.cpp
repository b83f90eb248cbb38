#include "zonestore/journal_schema.hpp"

#include <array>
#include <cstdint>
#include <string>

namespace taproot::zonestore {

namespace {

constexpr std::int64_t application_id = 0x54415052;  // "TAPR"

// `newest`, `base` and the others in `zones` say what a scan would find: so recording a version
// costs the same whatever is kept. `base` is the newest snapshot, `base_octets` the octets of all
// steps since. A version without step_octets has no changes, only a snapshot.
constexpr const char* first_tables = R"(
CREATE TABLE zones (
  id INTEGER PRIMARY KEY,
  apex TEXT NOT NULL UNIQUE,
  highest_serial INTEGER CHECK (highest_serial BETWEEN 0 AND 4294967295),
  oldest INTEGER NOT NULL DEFAULT 0,
  newest INTEGER NOT NULL DEFAULT 0,
  base INTEGER NOT NULL DEFAULT 0,
  base_octets INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE versions (
  zone INTEGER NOT NULL REFERENCES zones,
  number INTEGER NOT NULL,
  serial INTEGER NOT NULL CHECK (serial BETWEEN 0 AND 4294967295),
  committed INTEGER NOT NULL,
  who TEXT NOT NULL,
  why TEXT NOT NULL,
  source TEXT NOT NULL,
  records INTEGER NOT NULL,
  added INTEGER NOT NULL,
  removed INTEGER NOT NULL,
  step_octets INTEGER,
  PRIMARY KEY (zone, number)
) STRICT, WITHOUT ROWID;
CREATE TABLE changes (
  zone INTEGER NOT NULL,
  number INTEGER NOT NULL,
  chunk INTEGER NOT NULL,
  content BLOB NOT NULL,
  PRIMARY KEY (zone, number, chunk),
  FOREIGN KEY (zone, number) REFERENCES versions ON DELETE CASCADE
) STRICT;
CREATE TABLE snapshots (
  zone INTEGER NOT NULL,
  number INTEGER NOT NULL,
  chunk INTEGER NOT NULL,
  content BLOB NOT NULL,
  PRIMARY KEY (zone, number, chunk),
  FOREIGN KEY (zone, number) REFERENCES versions ON DELETE CASCADE
) STRICT;
CREATE TABLE applied (
  zone INTEGER NOT NULL REFERENCES zones,
  provider TEXT NOT NULL,
  version INTEGER NOT NULL,
  at INTEGER NOT NULL,
  state TEXT NOT NULL,
  PRIMARY KEY (zone, provider)
) STRICT, WITHOUT ROWID;
)";

// `revision` is the commit that the source's work tree stood at. `octets` is what the version's
// changes and snapshot take up, and in `zones` what all its versions do: so pruning by size costs
// no scan. `homes` says which configured folder a zone came from: its file may vanish.
constexpr const char* second_tables = R"(
ALTER TABLE versions ADD COLUMN revision TEXT NOT NULL DEFAULT '';
ALTER TABLE versions ADD COLUMN octets INTEGER NOT NULL DEFAULT 0;
ALTER TABLE zones ADD COLUMN octets INTEGER NOT NULL DEFAULT 0;
CREATE TABLE homes (
  apex TEXT PRIMARY KEY,
  directory TEXT NOT NULL
) STRICT, WITHOUT ROWID;
UPDATE versions SET octets =
  (SELECT coalesce(sum(length(content)), 0) FROM changes
   WHERE changes.zone = versions.zone AND changes.number = versions.number) +
  (SELECT coalesce(sum(length(content)), 0) FROM snapshots
   WHERE snapshots.zone = versions.zone AND snapshots.number = versions.number);
UPDATE zones SET octets =
  (SELECT coalesce(sum(octets), 0) FROM versions WHERE versions.zone = zones.id);
)";

// What the source says where the zone says something else, as chunks of changes; NULL where the
// source has no such RRset. `by` is a Divergence::By.
constexpr const char* third_tables = R"(
CREATE TABLE divergences (
  zone INTEGER NOT NULL REFERENCES zones,
  owner BLOB NOT NULL,
  type INTEGER NOT NULL CHECK (type BETWEEN 1 AND 65535),
  by INTEGER NOT NULL,
  content BLOB,
  PRIMARY KEY (zone, owner, type)
) STRICT, WITHOUT ROWID;
)";

// Until when signed requests of each key were seen: nothing signed earlier is taken again.
constexpr const char* fourth_tables = R"(
CREATE TABLE signers (
  name TEXT PRIMARY KEY,
  newest INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
)";

// Chunks lie in the order they are read in, without an index beside them. They go with their
// versions, by hand: a look at the parent for each would cost more than the chunk of a small step.
constexpr const char* fifth_tables = R"(
CREATE TABLE chunks_of_changes (
  zone INTEGER NOT NULL,
  number INTEGER NOT NULL,
  chunk INTEGER NOT NULL,
  content BLOB NOT NULL,
  PRIMARY KEY (zone, number, chunk)
) STRICT, WITHOUT ROWID;
INSERT INTO chunks_of_changes SELECT zone, number, chunk, content FROM changes;
DROP TABLE changes;
ALTER TABLE chunks_of_changes RENAME TO changes;
CREATE TABLE chunks_of_snapshots (
  zone INTEGER NOT NULL,
  number INTEGER NOT NULL,
  chunk INTEGER NOT NULL,
  content BLOB NOT NULL,
  PRIMARY KEY (zone, number, chunk)
) STRICT, WITHOUT ROWID;
INSERT INTO chunks_of_snapshots SELECT zone, number, chunk, content FROM snapshots;
DROP TABLE snapshots;
ALTER TABLE chunks_of_snapshots RENAME TO snapshots;
)";

/// Step i leads from schema i to schema i + 1; an empty file is schema 0. What was released is
/// never changed, only followed.
constexpr std::array<const char*, 5> steps{first_tables, second_tables, third_tables, fourth_tables,
                                           fifth_tables};
constexpr auto schema_version = static_cast<std::int64_t>(steps.size());

Result<void> bring_up_to_date(Database& database, std::int64_t from) {
  auto transaction = Transaction::begin(database);
  if (!transaction) return tl::unexpected(transaction.error());
  std::string script;
  for (auto i = static_cast<std::size_t>(from); i < steps.size(); ++i) script += steps[i];
  script += "PRAGMA application_id = " + std::to_string(application_id) +
            "; PRAGMA user_version = " + std::to_string(schema_version) + ";";
  if (auto made = database.run(script); !made) return made;
  return (*transaction)->commit();
}

}  // namespace

Result<void> prepare_schema(Database& database, Database::Access access) {
  const auto application = database.integer("PRAGMA application_id");
  if (!application) return tl::unexpected(application.error());
  const auto version = database.integer("PRAGMA user_version");
  if (!version) return tl::unexpected(version.error());
  const auto objects = database.integer("SELECT count(*) FROM sqlite_schema");
  if (!objects) return tl::unexpected(objects.error());

  if (*objects == 0 && *application == 0 && access == Database::Access::read_write) {
    return bring_up_to_date(database, 0);
  }
  if (*application != application_id) {
    return fail(Errc::io, database.file() + ": is not a journal of taproot");
  }
  if (*version > schema_version) {
    return fail(Errc::io, database.file() + ": was written by a newer taproot (schema " +
                              std::to_string(*version) + ", this one knows " +
                              std::to_string(schema_version) +
                              "): start the newer one, or restore a backup from before");
  }
  if (*version < 1) return fail(Errc::io, database.file() + ": has no schema: it is damaged");
  if (*version == schema_version) return {};
  if (access == Database::Access::read_write) return bring_up_to_date(database, *version);
  return fail(Errc::io, database.file() +
                            ": was written by an older taproot, and cannot be "
                            "brought up to date while it is opened for reading");
}

Result<void> mark_schema(Database& database) {
  return database.run("PRAGMA user_version = " + std::to_string(schema_version));
}

}  // namespace taproot::zonestore
