#pragma once

#include "dns/result.hpp"
#include "zonestore/journal_database.hpp"

namespace taproot::zonestore {

/// Makes the journal's tables in an empty database, brings those of an older taproot up to date
/// (all of it, or nothing), or sees that they are those we know. Fails
/// with Errc::io for the file of another program or of a newer taproot.
Result<void> prepare_schema(Database& database, Database::Access access);

/// Writes the schema's version again, which changes nothing; in a Transaction.
Result<void> mark_schema(Database& database);

}  // namespace taproot::zonestore
