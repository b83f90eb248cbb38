#include "zonestore/journal_schema.hpp"

#include <cstdint>
#include <string>

namespace taproot::zonestore {

namespace {

constexpr std::int64_t application_id = 0x54415052;  // "TAPR"
constexpr std::int64_t schema_version = 2;

// `newest`, `base` and the others in `zones` say what a scan would find: so recording a version
// costs the same whatever is kept. `base` is the newest snapshot, `base_octets` the octets of all
// steps since. A version without step_octets has no changes, only a snapshot.
constexpr const char* tables = R"(
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

// What schema 2 has more: what the source says where the zone says something else, as chunks of
// changes; NULL where the source has no such RRset. `by` is a Divergence::By.
constexpr const char* tables_of_2 = R"(
CREATE TABLE divergences (
  zone INTEGER NOT NULL REFERENCES zones,
  owner BLOB NOT NULL,
  type INTEGER NOT NULL CHECK (type BETWEEN 1 AND 65535),
  by INTEGER NOT NULL,
  content BLOB,
  PRIMARY KEY (zone, owner, type)
) STRICT, WITHOUT ROWID;
)";

std::string version_mark() {
  return "PRAGMA user_version = " + std::to_string(schema_version) + ";";
}

Result<void> make_schema(Database& database) {
  auto transaction = Transaction::begin(database);
  if (!transaction) return tl::unexpected(transaction.error());
  const auto mark = "PRAGMA application_id = " + std::to_string(application_id) + ";";
  if (auto made = database.run(tables + (tables_of_2 + mark) + version_mark()); !made) return made;
  return (*transaction)->commit();
}

/// From schema 1: nothing that is there changes.
Result<void> raise_schema(Database& database) {
  auto transaction = Transaction::begin(database);
  if (!transaction) return tl::unexpected(transaction.error());
  if (auto made = database.run(tables_of_2 + version_mark()); !made) return made;
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
    return make_schema(database);
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
  if (*version < schema_version) {
    if (access == Database::Access::read_write) return raise_schema(database);
    return fail(Errc::io, database.file() + ": was written by an older taproot: let `taproot " +
                              "serve` open it once");
  }
  return {};
}

}  // namespace taproot::zonestore
