#include "journal_samples.hpp"
#include "zonestore/journal.hpp"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <map>

#include <fstream>

using namespace samples;

namespace {

const dns::Name apex = name_of("example.org.");

void write_file(const fs::path& path, const std::string& text) {
  std::ofstream(path) << text;
}

unsigned mode_of(const fs::path& path) {
  struct stat info{};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  return info.st_mode & 07777;
}

}  // namespace

TEST_CASE("the journal is private to its user", "[zonestore][journal]") {
  StateFolder folder;
  const auto state = folder.path() / "a" / "state";
  const auto previous = ::umask(0);
  {
    auto store = store_in(state);
    REQUIRE(store->install(request_for(zone_with("example.org.", 1))));
    CHECK(mode_of(state) == 0700);
    for (const auto& entry : fs::directory_iterator(state)) {
      CAPTURE(entry.path());
      CHECK(mode_of(entry.path()) == 0600);
    }
  }
  fs::permissions(state / "taproot.db", fs::perms(0644));
  auto store = store_in(state);
  CHECK(mode_of(state / "taproot.db") == 0600);
  ::umask(previous);
}

TEST_CASE("a second process is told who has the state folder", "[zonestore][journal]") {
  StateFolder folder;
  int ready[2];
  int hold[2];
  REQUIRE(::pipe(ready) == 0);
  REQUIRE(::pipe(hold) == 0);
  const pid_t holder = ::fork();
  REQUIRE(holder >= 0);
  if (holder == 0) {
    ::close(hold[1]);
    const auto journal = Journal::open(folder.path());
    char octet = journal ? 'y' : 'n';
    if (::write(ready[1], &octet, 1) != 1) ::_exit(2);
    (void)!::read(hold[0], &octet, 1);  // until the parent closes its end
    ::_exit(0);
  }
  ::close(hold[0]);
  char octet = 0;
  REQUIRE(::read(ready[0], &octet, 1) == 1);
  CHECK(octet == 'y');
  const auto second = Journal::open(folder.path());
  REQUIRE_FALSE(second);
  CHECK(second.error().code == Errc::in_use);
  CHECK_THAT(second.error().detail, Catch::Contains("process " + std::to_string(holder)));
  CHECK(Journal::open(folder.path(), {}, true));  // reading is not refused
  ::close(hold[1]);
  int status = 0;
  REQUIRE(::waitpid(holder, &status, 0) == holder);
  CHECK(Journal::open(folder.path()));
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_CASE("a reader sees what the writer commits, and cannot write", "[zonestore][journal]") {
  StateFolder folder;
  auto store = store_in(folder.path());
  REQUIRE(store->install(request_for(zone_with("example.org.", 1))));
  auto reader = Journal::open(folder.path(), {}, true).value();
  CHECK(reader->newest(apex).value()->number() == 1);
  REQUIRE(store->install(request_for(zone_with("example.org.", 2))));
  CHECK(reader->newest(apex).value()->number() == 2);
  const auto written = {reader->record({{zone_with("example.org.", 1), nullptr}}),
                        reader->raise_serial(apex, dns::Serial(9)),
                        reader->set_applied(apex, "p", {})};
  for (const auto& result : written) {
    REQUIRE_FALSE(result);
    CHECK(result.error().code == Errc::io);
    CHECK_THAT(result.error().detail, Catch::Contains("reading only"));
  }
}

TEST_CASE("a reader needs no writer", "[zonestore][journal]") {
  StateFolder folder;
  {
    REQUIRE(store_in(folder.path())->install(request_for(zone_with("example.org.", 1))));
  }
  const auto before = fs::last_write_time(folder.database());
  const auto reader = Journal::open(folder.path(), {}, true).value();
  CHECK(reader->newest(apex).value()->number() == 1);
  CHECK(fs::last_write_time(folder.database()) == before);
}

TEST_CASE("a state folder that cannot be is explained", "[zonestore][journal]") {
  StateFolder folder;
  struct Case {
    const char* what;
    fs::path (*prepare)(const StateFolder& folder);
    bool read_only;
    const char* words;
  };
  const auto c = GENERATE(
      Case{"the folder is a file",
           [](const StateFolder& at) -> fs::path {
             write_file(at.path() / "state", "x");
             return at.path() / "state";
           },
           false, "cannot make the folder: File exists"},
      Case{"a part of the path is a file",
           [](const StateFolder& at) -> fs::path {
             write_file(at.path() / "state", "x");
             return at.path() / "state" / "deeper";
           },
           false, "cannot make the folder"},
      Case{"the database is a folder",
           [](const StateFolder& at) -> fs::path {
             fs::create_directory(at.database());
             return at.path();
           },
           false, "not a regular file"},
      Case{"the lock is a folder",
           [](const StateFolder& at) -> fs::path {
             fs::create_directory(at.path() / "lock");
             return at.path();
           },
           false, "lock: cannot open the lock"},
      Case{"not a database",
           [](const StateFolder& at) -> fs::path {
             write_file(at.database(), std::string(5000, 'x'));
             return at.path();
           },
           false, "the file is damaged"},
      Case{"another program's database",
           [](const StateFolder& at) -> fs::path {
             run_sql(at.database(), "CREATE TABLE t (x)");
             return at.path();
           },
           false, "is not a journal of taproot"},
      Case{"a newer schema",
           [](const StateFolder& at) -> fs::path {
             store_in(at.path());
             run_sql(at.database(), "PRAGMA user_version = 1000");
             return at.path();
           },
           false, "written by a newer taproot (schema 1000, this one knows "},
      Case{"a table is missing",
           [](const StateFolder& at) -> fs::path {
             store_in(at.path());
             run_sql(at.database(), "DROP TABLE applied");
             return at.path();
           },
           false, "no such table: applied"},
      Case{"nothing to read", [](const StateFolder& at) -> fs::path { return at.path() / "none"; },
           true, "unable to open"},
      Case{"empty when reading",
           [](const StateFolder& at) -> fs::path {
             write_file(at.database(), "");
             return at.path();
           },
           true, "is not a journal of taproot"});
  INFO(c.what);
  const auto path = c.prepare(folder);
  const auto journal = Journal::open(path, {}, c.read_only);
  REQUIRE_FALSE(journal);
  CHECK(journal.error().code == Errc::io);
  CHECK_THAT(journal.error().detail, Catch::Contains(folder.path().string()));
  CHECK_THAT(journal.error().detail, Catch::Contains(c.words));
}

namespace {

/// The tables as the first taproot made them. Never to be changed.
constexpr const char* schema_1 = R"(
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
PRAGMA application_id = 0x54415052;
PRAGMA user_version = 1;
)";

/// A state folder as the first taproot left it: the rows of `from` in its tables.
void make_schema_1(const StateFolder& folder, const StateFolder& from) {
  write_file(folder.database(), "");
  run_sql(folder.database(), std::string(schema_1) + "ATTACH '" + from.database().string() +
                                 "' AS new;"
                                 "INSERT INTO zones SELECT id, apex, highest_serial, oldest, "
                                 "newest, base, base_octets FROM new.zones;"
                                 "INSERT INTO versions SELECT zone, number, serial, committed, "
                                 "who, why, source, records, added, removed, step_octets "
                                 "FROM new.versions;"
                                 "INSERT INTO changes SELECT * FROM new.changes;"
                                 "INSERT INTO snapshots SELECT * FROM new.snapshots;"
                                 "INSERT INTO applied SELECT * FROM new.applied;");
}

}  // namespace

TEST_CASE("the state folder of the first schema is taken over", "[zonestore][journal]") {
  StateFolder newer;
  StateFolder folder;
  {
    auto store = store_in(newer.path());
    for (std::uint32_t i = 1; i <= 5; ++i) {
      REQUIRE(store->install(request_for(zone_with("example.org.", i))));
    }
    REQUIRE(store->journal().set_applied(apex, "p", {3, {}, "words"}));
  }
  make_schema_1(folder, newer);
  // Reading alone changes nothing, and so has to refuse.
  const auto reader = Journal::open(folder.path(), {}, true);
  REQUIRE_FALSE(reader);
  CHECK_THAT(reader.error().detail, Catch::Contains("older taproot"));

  for (int again = 0; again < 2; ++again) {
    auto store = store_in(folder.path());
    auto& journal = store->journal();
    CHECK(journal.newest(apex).value()->number() == std::uint64_t(5 + again));
    CHECK(journal.version(apex, 2).value()->record_count() ==
          Journal::open(newer.path(), {}, true).value()->version(apex, 2).value()->record_count());
    CHECK(journal.history(apex, 100).value().size() == std::size_t(5 + again));
    CHECK(journal.applied(apex, "p")->state == "words");
    CHECK(journal.homes().value().empty());
    REQUIRE(store->install(request_for(zone_with("example.org.", 100u + unsigned(again)))));
  }
}

TEST_CASE("homes of zones are kept", "[zonestore][journal]") {
  StateFolder folder;
  const auto other = name_of("Example.NET.");
  {
    auto journal = Journal::open(folder.path()).value();
    CHECK(journal->homes().value().empty());
    REQUIRE(journal->set_homes({{apex, "/zones"}, {other, "/others"}}));
  }
  auto journal = Journal::open(folder.path()).value();
  const auto homes = journal->homes().value();
  CHECK(std::map(homes.begin(), homes.end()) ==
        std::map<dns::Name, std::string>{{apex, "/zones"}, {other, "/others"}});
  REQUIRE(journal->set_homes({{apex, "/moved"}, {name_of("example.net."), ""}}));
  CHECK(journal->homes().value() == Journal::Homes{{apex, "/moved"}});
  CHECK(journal->zones().empty());
}

TEST_CASE("the journal outlives a database that was cut off", "[zonestore][journal]") {
  StateFolder folder;
  {
    auto store = store_in(folder.path());
    for (std::uint32_t i = 0; i < 20; ++i) {
      REQUIRE(store->install(request_for(zone_with("example.org.", i))));
    }
  }
  std::ifstream file(folder.database(), std::ios::binary);
  const std::string whole((std::istreambuf_iterator<char>(file)), {});
  for (std::size_t size = 0; size < whole.size(); size += 1013) {
    std::ofstream(folder.database(), std::ios::binary | std::ios::trunc) << whole.substr(0, size);
    if (auto journal = Journal::open(folder.path())) {
      (void)(*journal)->newest(apex);  // an error or a version, never a crash
      (void)(*journal)->history(apex, 100);
      (void)(*journal)->record({{zone_with("example.org.", 1), nullptr}});
    }
    fs::remove(folder.path() / "taproot.db-wal");
    fs::remove(folder.path() / "taproot.db-shm");
  }
}
