#include "zonestore/journal_database.hpp"

#include <sqlite3.h>

#include <cstring>
#include <system_error>

namespace taproot::zonestore {

namespace {

constexpr int busy_milliseconds = 2000;  // others only read, and in WAL mode hardly ever block us

/// What to do about it, for the person reading the log.
std::string_view cure_of(int code) {
  switch (code & 0xff) {
    case SQLITE_FULL:
      return ": the disk is full: make room, then try again";
    case SQLITE_READONLY:
      return ": it cannot be written: check mounts and owners";
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return ": the file is damaged: restore it from a backup, or move it away to start anew";
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return ": another process keeps it locked";
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return ": check that it is there, and its owner and mode";
    default:
      return "";
  }
}

bool has_errno(int code) {
  const int kind = code & 0xff;
  return kind == SQLITE_IOERR || kind == SQLITE_CANTOPEN || kind == SQLITE_FULL;
}

/// Whether versions wait in a write-ahead log beside the file, as after a crash.
bool has_log(const std::filesystem::path& file) {
  std::error_code code;
  const auto size = std::filesystem::file_size(file.string() + "-wal", code);
  return !code && size > 0;
}

std::string as_uri(const std::string& path) {
  std::string uri = "file:";
  for (const char c : path) {
    if (c == '%' || c == '?' || c == '#') {
      constexpr std::string_view digits = "0123456789abcdef";
      const auto octet = static_cast<unsigned char>(c);
      uri += {'%', digits[octet >> 4], digits[octet & 15]};
    } else {
      uri += c;
    }
  }
  return uri + "?immutable=1";
}

}  // namespace

Query::~Query() {
  // The code repeats the error that next() has returned already.
  (void)sqlite3_reset(statement_);
  (void)sqlite3_clear_bindings(statement_);
}

void Query::check_binding(int code) {
  if (code != SQLITE_OK) failed_binding_ = code;
}

void Query::bind(int at, std::int64_t value) {
  check_binding(sqlite3_bind_int64(statement_, at, value));
}

void Query::bind(int at, std::string_view value) {
  const char* text = value.data() == nullptr ? "" : value.data();
  check_binding(
      sqlite3_bind_text64(statement_, at, text, value.size(), SQLITE_STATIC, SQLITE_UTF8));
}

void Query::bind(int at, Octets value) {
  check_binding(sqlite3_bind_blob64(statement_, at, value.data(), value.size(), SQLITE_STATIC));
}

Result<bool> Query::next() {
  if (failed_binding_ != SQLITE_OK) return database_.failure(failed_binding_, "binding values");
  const int code = sqlite3_step(statement_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  return database_.failure(code, sqlite3_stmt_readonly(statement_) != 0 ? "reading" : "writing");
}

Result<void> Query::done() {
  auto more = next();
  while (more && *more) more = next();
  if (!more) return tl::unexpected(more.error());
  return {};
}

int Query::finish() noexcept {
  int code = SQLITE_ROW;
  while (code == SQLITE_ROW) code = sqlite3_step(statement_);
  return code;
}

bool Query::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

std::int64_t Query::integer(int column) const {
  return sqlite3_column_int64(statement_, column);
}

std::string_view Query::text(int column) const {
  const Octets part = octets(column);
  return {reinterpret_cast<const char*>(part.data()), part.size()};
}

Octets Query::octets(int column) const {
  const auto* start = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement_, column));
  if (start == nullptr) return {};
  return {start, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

void Statement::Finalize::operator()(sqlite3_stmt* statement) const {
  (void)sqlite3_finalize(statement);  // repeats the last step's error
}

Result<std::unique_ptr<Database>> Database::open(const std::filesystem::path& file, Access access) {
  auto database = std::unique_ptr<Database>(new Database(file.string()));
  const bool write = access == Access::read_write;
  const int flags = write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY;
  std::error_code ignored;  // what cannot be looked at cannot be opened either
  auto ready = database->connect(file.string(), flags);
  if (ready) ready = database->configure(access);
  if (!ready && !write && std::filesystem::exists(file, ignored) && !has_log(file)) {
    // On a read-only file system the files beside it cannot be made; nobody else writes then.
    // What is in a log would be passed over, though: old versions would come back.
    ready = database->connect(as_uri(file.string()), flags | SQLITE_OPEN_URI);
    if (ready) ready = database->configure(access);
  }
  if (ready) ready = database->prepare_transactions();
  if (!ready) return tl::unexpected(ready.error());
  return database;
}

Result<void> Database::connect(const std::string& target, int flags) {
  if (handle_ != nullptr) (void)sqlite3_close_v2(handle_);
  handle_ = nullptr;
  const int code = sqlite3_open_v2(target.c_str(), &handle_,
                                   flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, nullptr);
  if (code != SQLITE_OK) return failure(code, "opening");
  (void)sqlite3_busy_timeout(handle_, busy_milliseconds);  // cannot fail
  return {};
}

Result<void> Database::configure(Access access) {
  const auto readable = integer("SELECT count(*) FROM sqlite_schema");
  if (!readable) return tl::unexpected(readable.error());
  if (auto done = run("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; "
                      "PRAGMA foreign_keys = ON;");
      !done || access == Access::read_only) {
    return done;
  }
  // EXTRA is FULL in WAL mode; but the switch to it goes through a rollback journal, and without
  // a sync of the folder that could be back, and roll back, after a power cut.
  if (auto done = run("PRAGMA synchronous = EXTRA;"); !done) return done;
  auto wal = prepare("PRAGMA journal_mode = WAL");
  if (!wal) return tl::unexpected(wal.error());
  {
    auto query = wal->start();
    const auto row = query.next();
    if (!row) return tl::unexpected(row.error());
    if (!*row || query.text(0) != "wal") {
      return fail(Errc::io, file_ +
                                ": this file system cannot hold a write-ahead log: choose a "
                                "local one for the state folder");
    }
  }
  watch_log();
  // What a transaction of thousands of versions changes has room: it would be written to the log,
  // and read from there, again and again. free_memory() gives the room back.
  if (auto done = run("PRAGMA cache_size = -16384;"); !done) return done;
  // The limit keeps one very large version from leaving a very large log behind.
  return run("PRAGMA journal_size_limit = 67108864;");
}

/// SQLite's own habit is to bring the log into the file within the commit that filled it, so that
/// one commit in many takes long. Here somebody else does it, at leisure; only if nobody comes for
/// very long the commit does.
void Database::watch_log() {
  constexpr int far_too_many_pages = 65'536;
  const auto hook = [](void* self, sqlite3* handle, const char* name, int pages) noexcept {
    static_cast<Database*>(self)->log_pages_ = pages;
    if (pages > far_too_many_pages) {
      // The commit is good whatever comes of this; the next one tries again.
      (void)sqlite3_wal_checkpoint_v2(handle, name, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    }
    return SQLITE_OK;
  };
  sqlite3_wal_hook(handle_, hook, this);
}

Result<void> Database::checkpoint() {
  const int code =
      sqlite3_wal_checkpoint_v2(handle_, nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
  if (code != SQLITE_OK) return failure(code, "bringing the log into the file");
  return {};
}

void Database::free_memory() noexcept {
  (void)sqlite3_db_release_memory(handle_);  // always SQLITE_OK
}

Database::~Database() {
  for (auto* statement : {&begin_writing_, &begin_reading_, &commit_, &roll_back_}) *statement = {};
  if (handle_ != nullptr) (void)sqlite3_close_v2(handle_);  // only fails for handles misused
}

Result<Statement> Database::prepare(std::string_view sql) const {
  Statement statement;
  statement.database_ = this;
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  statement.handle_.reset(handle);
  if (code != SQLITE_OK) return failure(code, "preparing \"" + std::string(sql) + "\"");
  return statement;
}

Result<void> Database::run(const std::string& sql) {
  const int code = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return failure(code, sql);
  return {};
}

Result<std::int64_t> Database::integer(std::string_view sql) const {
  auto statement = prepare(sql);
  if (!statement) return tl::unexpected(statement.error());
  auto query = statement->start();
  const auto row = query.next();
  if (!row) return tl::unexpected(row.error());
  return *row ? query.integer(0) : 0;
}

std::int64_t Database::last_row() const {
  return sqlite3_last_insert_rowid(handle_);
}

Result<void> Database::prepare_transactions() {
  const std::pair<Statement*, std::string_view> texts[] = {{&begin_writing_, "BEGIN IMMEDIATE"},
                                                           {&begin_reading_, "BEGIN"},
                                                           {&commit_, "COMMIT"},
                                                           {&roll_back_, "ROLLBACK"}};
  for (const auto& [statement, text] : texts) {
    auto prepared = prepare(text);
    if (!prepared) return tl::unexpected(prepared.error());
    *statement = std::move(*prepared);
  }
  return {};
}

bool Database::in_transaction() const {
  return sqlite3_get_autocommit(handle_) == 0;
}

void Database::roll_back() noexcept {
  if (in_transaction()) (void)roll_back_.start().finish();
}

tl::unexpected<Error> Database::failure(int code, std::string_view doing) const {
  std::string words = file_ + ": " + std::string(doing) + ": ";
  words += handle_ != nullptr ? sqlite3_errmsg(handle_) : sqlite3_errstr(code);
  const int system = handle_ != nullptr && has_errno(code) ? sqlite3_system_errno(handle_) : 0;
  if (system != 0) words += " (" + std::generic_category().message(system) + ")";
  words += cure_of(code);
  return fail(Errc::io, std::move(words));
}

Result<std::unique_ptr<Transaction>> Transaction::begin(Database& database, Purpose purpose) {
  // One whose own ROLLBACK failed, for want of memory, would stay in the way for good.
  database.roll_back();
  // Made before it begins, for the same reason.
  std::unique_ptr<Transaction> transaction(new Transaction(database));
  auto& begin = purpose == Purpose::writing ? database.begin_writing_ : database.begin_reading_;
  auto beginning = begin.start();
  if (const int code = beginning.finish(); code != SQLITE_DONE) {
    return database.failure(code, "beginning a transaction");
  }
  return transaction;
}

Transaction::~Transaction() {
  // SQLite rolls back by itself after some errors. If ROLLBACK fails too, closing does it.
  database_.roll_back();
}

Result<void> Transaction::commit() {
  auto committing = database_.commit_.start();
  if (const int code = committing.finish(); code != SQLITE_DONE) {
    return database_.failure(code, "committing");
  }
  return {};
}

}  // namespace taproot::zonestore
