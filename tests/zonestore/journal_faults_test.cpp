#include "journal_faulty_disk.hpp"
#include "journal_samples.hpp"

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <catch2/catch.hpp>

#include <array>
#include <csignal>
#include <optional>

using namespace samples;

namespace {

const dns::Name apex = name_of("example.org.");

/// Small enough that snapshots, pruning and deletions happen within a few versions.
constexpr HistoryLimits tight{3, 1 << 16, 3};

VersionPtr candidate(std::uint32_t value) {
  return zone_with("example.org.", value);
}

std::uint32_t value_of(const zonestore::ZoneVersion& version) {
  const auto address = version.find(name_of("www.example.org."), dns::RRType::A)->rdata.front();
  return address.wire()[2] * 256u + address.wire()[3];
}

/// Everything in a journal can be read, fits together, and serials never repeat.
void check_intact(Journal& journal) {
  const auto newest = journal.newest(apex);
  REQUIRE(newest);
  const auto history = journal.history(apex, 1000).value();
  REQUIRE_FALSE(history.empty());
  REQUIRE(history.front().provenance.number == (*newest)->number());
  for (std::size_t i = 0; i < history.size(); ++i) {
    const auto version = journal.version(apex, history[i].provenance.number);
    REQUIRE(version);
    REQUIRE((*version)->serial() == history[i].serial);
    if (i == 0) continue;
    REQUIRE(history[i].provenance.number + 1 == history[i - 1].provenance.number);
    REQUIRE(history[i].serial < history[i - 1].serial);
  }
  REQUIRE_FALSE((journal.highest_serial(apex).value() < history.front().serial));
}

/// What a crash would leave behind: the files as they are, without an orderly end.
void copy_as_crashed(const fs::path& from, const fs::path& to) {
  for (const char* name : {"taproot.db", "taproot.db-wal"}) {
    if (fs::exists(from / name)) {
      fs::copy_file(from / name, to / name, fs::copy_options::overwrite_existing);
    }
  }
}

/// What a run of installs under faults has seen.
struct Seen {
  std::uint64_t confirmed = 0;        ///< number of the last version that install() confirmed
  std::uint32_t value = 0;            ///< its contents
  std::vector<std::uint32_t> failed;  ///< contents tried since without success
};

void install_some(ZoneStore& store, Seen& seen) {
  for (int i = 0; i < 6; ++i) {
    const std::uint32_t value = (seen.failed.empty() ? seen.value : seen.failed.back()) + 1;
    const auto before = store.current(apex);
    const auto installed = store.install(request_for(candidate(value)));
    if (installed) {
      REQUIRE(store.current(apex) == installed->version);
      seen = {installed->version->number(), value, {}};
    } else {
      REQUIRE(installed.error().code == Errc::io);
      REQUIRE(store.current(apex) == before);
      seen.failed.push_back(value);
    }
  }
}

/// A journal that was opened after a crash has all that was confirmed, and at most the last
/// attempt that was not: of that one, nobody could know.
void check_after_crash(const fs::path& folder, const Seen& seen) {
  auto journal = Journal::open(folder, tight);
  REQUIRE(journal);
  check_intact(**journal);
  const auto newest = (*journal)->newest(apex).value();
  const std::uint32_t value = value_of(*newest);
  CAPTURE(value, seen.value);
  if (newest->number() == seen.confirmed) {
    REQUIRE(value == seen.value);
  } else {
    REQUIRE(newest->number() == seen.confirmed + 1);
    REQUIRE(std::count(seen.failed.begin(), seen.failed.end(), value) == 1);
  }
}

void check_after_crashes(const FaultyDisk& disk, const fs::path& folder, const Seen& seen) {
  StateFolder crashed(StateFolder::in_memory());
  copy_as_crashed(folder, crashed.path());
  check_after_crash(crashed.path(), seen);
  StateFolder cut(StateFolder::in_memory());
  disk.power_cut(folder, cut.path());
  check_after_crash(cut.path(), seen);
}

}  // namespace

TEST_CASE("a disk that fails at any operation loses nothing that was confirmed",
          "[zonestore][journal][faults]") {
  struct Case {
    const char* what;
    FaultyDisk::Mode mode;
    int code;
    bool reads;
  };
  const auto c = GENERATE(
      Case{"an error once", FaultyDisk::Mode::once, SQLITE_IOERR_WRITE, false},
      Case{"a write half done", FaultyDisk::Mode::half, SQLITE_IOERR_WRITE, false},
      Case{"full once", FaultyDisk::Mode::once, SQLITE_FULL, false},
      Case{"full half way", FaultyDisk::Mode::half, SQLITE_FULL, false},
      Case{"broken from then on", FaultyDisk::Mode::forever, SQLITE_IOERR_WRITE, false},
      Case{"reads fail once", FaultyDisk::Mode::once, SQLITE_IOERR_WRITE, true},
      Case{"reads fail from then on", FaultyDisk::Mode::forever, SQLITE_IOERR_WRITE, true});
  std::size_t n = 1;
  for (bool reached = true; reached; ++n) {
    CAPTURE(c.what, n);
    FaultyDisk disk;
    StateFolder folder(StateFolder::in_memory());
    Seen seen;
    {
      auto store = store_in(folder.path(), tight);
      install_some(*store, seen);
      REQUIRE(seen.failed.empty());
    }
    disk.fail_at(n, c.mode, c.code, c.reads);
    if (auto journal = Journal::open(folder.path(), tight)) {
      ZoneStore store(std::move(*journal), tight);
      if (store.add(apex)) install_some(store, seen);
      reached = disk.failed();
      disk.fail_at(0, c.mode, c.code);
      check_after_crashes(disk, folder.path(), seen);
      // The same process goes on as soon as the disk works again.
      const auto later = store.install(request_for(candidate(5000)));
      REQUIRE(later);
      REQUIRE(later->version->number() == seen.confirmed + 1);
      seen = {later->version->number(), 5000, {}};
      check_after_crashes(disk, folder.path(), seen);
    } else {
      REQUIRE(journal.error().code == Errc::io);
      disk.fail_at(0, c.mode, c.code);
    }
    auto journal = Journal::open(folder.path(), tight);
    REQUIRE(journal);
    check_intact(**journal);
    REQUIRE((*journal)->newest(apex).value()->number() == seen.confirmed);
    REQUIRE(value_of(*(*journal)->newest(apex).value()) == seen.value);
  }
  CHECK(n > 20);
}

TEST_CASE("a journal that cannot be made leaves nothing in the way",
          "[zonestore][journal][faults]") {
  FaultyDisk disk;
  std::size_t n = 1;
  for (bool reached = true; reached; ++n) {
    CAPTURE(n);
    StateFolder folder(StateFolder::in_memory());
    disk.fail_at(n, FaultyDisk::Mode::forever, SQLITE_FULL);
    auto journal = Journal::open(folder.path());
    reached = disk.failed();
    if (!journal) CHECK(journal.error().code == Errc::io);
    disk.fail_at(0, FaultyDisk::Mode::once, SQLITE_FULL);
    if (journal) continue;
    auto store = store_in(folder.path());
    REQUIRE(store->install(request_for(candidate(1))));
  }
  CHECK(n > 5);
}

TEST_CASE("a full disk is called a full disk", "[zonestore][journal][faults]") {
  FaultyDisk disk;
  StateFolder folder;
  auto store = store_in(folder.path());
  REQUIRE(store->install(request_for(candidate(1))));
  disk.fail_at(1, FaultyDisk::Mode::forever, SQLITE_FULL);
  for (int i = 0; i < 3; ++i) {
    const auto installed = store->install(request_for(candidate(2)));
    REQUIRE_FALSE(installed);
    CHECK(installed.error().code == Errc::io);
    CHECK_THAT(installed.error().detail, Catch::Contains("the disk is full"));
    CHECK_THAT(installed.error().detail, Catch::Contains(folder.database().string()));
  }
  CHECK(value_of(*store->current(apex)) == 1);
  CHECK(store->journal().version(apex, 1));  // reading goes on
  disk.fail_at(0, FaultyDisk::Mode::once, SQLITE_FULL);
  CHECK(store->install(request_for(candidate(2))));
}

namespace {

/// Installs versions until it is killed; writes the number and serial of each one that was
/// confirmed to `out`.
[[noreturn]] void install_until_killed(const fs::path& folder, int out) {
  auto journal = Journal::open(folder, tight);
  if (!journal) ::_exit(2);
  ZoneStore store(std::move(*journal), tight);
  if (!store.add(apex)) ::_exit(3);
  for (std::uint32_t value = store.current(apex) ? value_of(*store.current(apex)) + 1 : 1;;
       ++value) {
    const auto installed = store.install(request_for(candidate(value)));
    if (!installed) ::_exit(4);
    const std::array<std::uint64_t, 3> line = {installed->version->number(),
                                               installed->version->serial().value(), value};
    if (::write(out, line.data(), sizeof line) != sizeof line) ::_exit(5);
  }
}

}  // namespace

TEST_CASE("kill -9 loses nothing that was confirmed", "[zonestore][journal][faults]") {
  StateFolder folder;
  std::mt19937 random(7);
  std::array<std::uint64_t, 3> last = {0, 0, 0};
  for (int round = 0; round < 20; ++round) {
    CAPTURE(round);
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    const pid_t child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      ::close(ends[0]);
      install_until_killed(folder.path(), ends[1]);
    }
    ::close(ends[1]);
    // Killed after a random number of confirmations: wherever the child then is.
    std::array<std::uint64_t, 3> line{};
    for (auto left = 1 + random() % 40; left > 0; --left) {
      REQUIRE(::read(ends[0], line.data(), sizeof line) == sizeof line);
      REQUIRE(line[0] > last[0]);
      REQUIRE(line[1] > last[1]);
      last = line;
    }
    ::usleep(static_cast<useconds_t>(random() % 2000));
    REQUIRE(::kill(child, SIGKILL) == 0);
    while (::read(ends[0], line.data(), sizeof line) == sizeof line) last = line;
    ::close(ends[0]);
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    REQUIRE(WIFSIGNALED(status));

    auto journal = Journal::open(folder.path(), tight).value();
    check_intact(*journal);
    const auto newest = journal->newest(apex).value();
    REQUIRE(newest->number() >= last[0]);
    REQUIRE(newest->number() <= last[0] + 1);
    REQUIRE(value_of(*newest) == last[2] + (newest->number() - last[0]));
    last = {newest->number(), newest->serial().value(), value_of(*newest)};
  }
}

TEST_CASE("a file that may not grow is an error, and serving goes on",
          "[zonestore][journal][faults]") {
  StateFolder folder;
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    // No test macros here: the result is the exit code.
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{300000, 300000};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) ::_exit(2);
    auto journal = Journal::open(folder.path(), tight);
    if (!journal) ::_exit(3);
    ZoneStore store(std::move(*journal), tight);
    if (!store.install(request_for(candidate(1)))) ::_exit(4);
    std::vector<dns::RRset> rrsets;
    for (int i = 0; i < 20000; ++i) {
      rrsets.push_back(a_of(name_of("n" + std::to_string(i) + ".example.org."), {1}));
    }
    const auto large = store.install(request_for(zone_of("example.org.", 1, rrsets)));
    if (large || large.error().code != Errc::io) ::_exit(5);
    if (store.current(apex)->number() != 1) ::_exit(6);
    if (!store.journal().version(apex, 1)) ::_exit(7);
    if (!store.install(request_for(candidate(2)))) ::_exit(8);
    ::_exit(0);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
  auto journal = Journal::open(folder.path(), tight).value();
  check_intact(*journal);
  CHECK(value_of(*journal->newest(apex).value()) == 2);
}
