#pragma once

#include "dns/octets.hpp"
#include "dns/result.hpp"

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct sqlite3;
struct sqlite3_stmt;

namespace taproot::zonestore {

class Database;

/// One run of a prepared statement: bound, stepped, read, and reset when it goes out of scope.
/// Bound text and octets are borrowed until then.
class Query {
 public:
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;
  ~Query();

  /// Moves to the next row; false at the end.
  Result<bool> next();
  /// Runs a statement that gives no rows.
  Result<void> done();
  /// The same, but what came of it is SQLite's code: for words there may be no memory.
  int finish() noexcept;

  // Columns of the row it stands at, from 0; text and octets are good until next().
  bool is_null(int column) const;
  std::int64_t integer(int column) const;
  std::string_view text(int column) const;
  Octets octets(int column) const;

 private:
  friend class Statement;
  template <class... Values>
  Query(const Database& database, sqlite3_stmt* statement, const Values&... values)
      : database_(database), statement_(statement) {
    [[maybe_unused]] int at = 0;
    (bind(++at, values), ...);
  }

  void bind(int at, std::int64_t value);
  void bind(int at, std::uint64_t value) { bind(at, static_cast<std::int64_t>(value)); }
  void bind(int at, int value) { bind(at, static_cast<std::int64_t>(value)); }
  void bind(int at, std::uint32_t value) { bind(at, static_cast<std::int64_t>(value)); }
  void bind(int at, std::string_view value);
  void bind(int at, Octets value);
  template <class T>
  void bind(int at, const std::optional<T>& value) {
    if (value) bind(at, *value);  // unbound is NULL
  }
  void check_binding(int code);

  const Database& database_;
  sqlite3_stmt* statement_;
  int failed_binding_ = 0;
};

/// A prepared statement; must not outlive its Database. One Query of it at a time.
class Statement {
 public:
  Statement() = default;

  template <class... Values>
  Query start(const Values&... values) {
    return Query(*database_, handle_.get(), values...);
  }

 private:
  friend class Database;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  const Database* database_ = nullptr;
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
};

/// One connection to one SQLite file, in WAL mode with synchronous=FULL: what is committed stays
/// after a power cut. Every failure is Errc::io with the file, what was being done, and a cure
/// where one is known.
class Database {
 public:
  enum class Access { read_write, read_only };

  /// Opens a file that exists (an empty one is an empty database).
  static Result<std::unique_ptr<Database>> open(const std::filesystem::path& file, Access access);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  Result<Statement> prepare(std::string_view sql) const;
  /// Runs one or more statements without values.
  Result<void> run(const std::string& sql);
  /// The first column of the first row.
  Result<std::int64_t> integer(std::string_view sql) const;

  /// Pages that stand in the write-ahead log and may not be in the file itself yet; known from
  /// this connection's first commit on.
  int log_pages() const { return log_pages_; }
  /// Brings what the log holds into the file, without waiting for anybody. Blocks for its writes;
  /// another connection may commit meanwhile.
  Result<void> checkpoint();

  /// Gives back what it keeps of the file in memory.
  void free_memory() noexcept;
  /// The ROWID of the row that was added last.
  std::int64_t last_row() const;
  /// Ends a transaction that is open, without a word if that fails: also without memory for words.
  void roll_back() noexcept;
  const std::string& file() const { return file_; }
  tl::unexpected<Error> failure(int code, std::string_view doing) const;

 private:
  explicit Database(std::string file) : file_(std::move(file)) {}
  Result<void> connect(const std::string& target, int flags);
  Result<void> configure(Access access);

  bool in_transaction() const;
  void watch_log();
  /// Prepared ahead: they are run for each write, and one of them when there is no memory.
  Result<void> prepare_transactions();

  std::string file_;
  sqlite3* handle_ = nullptr;
  Statement begin_writing_, begin_reading_, commit_, roll_back_;
  int log_pages_ = 0;

  friend class Transaction;
};

/// All or nothing: rolled back when it goes out of scope without commit().
class Transaction {
 public:
  enum class Purpose { writing, reading };
  /// One for reading sees one state of the file, whatever another process writes meanwhile; it
  /// needs no commit().
  static Result<std::unique_ptr<Transaction>> begin(Database& database,
                                                    Purpose purpose = Purpose::writing);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  /// Blocks until it is on disk. If it fails nothing is committed for this connection; whether
  /// the disk got it, if the failure was the last write or sync, shows the next open().
  Result<void> commit();

 private:
  explicit Transaction(Database& database) : database_(database) {}
  Database& database_;
};

}  // namespace taproot::zonestore
