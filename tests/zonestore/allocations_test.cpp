// Every allocation of the store fails in turn: operator new, malloc of the trie's nodes, and the
// memory of SQLite. Whatever failed, the store serves the old version, goes on, and the journal is
// whole. An executable of its own, because it replaces operator new.

#include "journal_samples.hpp"

#include <sqlite3.h>
#include <catch2/catch.hpp>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <new>

extern "C" void* __real_malloc(std::size_t size);

namespace {

/// Which allocation fails. Counted from 1 while armed; 0: none.
struct Allocations {
  std::atomic<std::size_t> left = 0;
  std::atomic<bool> forever = false;
  std::atomic<bool> failed = false;
  std::atomic<bool> armed = false;

  bool fails_now() {
    if (!armed) return false;
    if (failed) return forever;
    if (left == 0 || --left > 0) return false;
    failed = true;
    return true;
  }
};
Allocations allocations;

/// As long as it lives the n-th allocation fails, and with `forever` all that follow it.
class Failing {
 public:
  Failing(std::size_t n, bool forever) {
    allocations.left = n;
    allocations.forever = forever;
    allocations.failed = false;
    allocations.armed = true;
  }
  ~Failing() { allocations.armed = false; }
  Failing(const Failing&) = delete;
  Failing& operator=(const Failing&) = delete;
};

sqlite3_mem_methods real_memory;

void* sqlite_malloc(int size) {
  return allocations.fails_now() ? nullptr : real_memory.xMalloc(size);
}
void* sqlite_realloc(void* old, int size) {
  return allocations.fails_now() ? nullptr : real_memory.xRealloc(old, size);
}

/// Before anything else uses SQLite: it takes its memory functions only once.
[[maybe_unused]] const bool is_configured = [] {
  sqlite3_config(SQLITE_CONFIG_GETMALLOC, &real_memory);
  sqlite3_mem_methods ours = real_memory;
  ours.xMalloc = sqlite_malloc;
  ours.xRealloc = sqlite_realloc;
  return sqlite3_config(SQLITE_CONFIG_MALLOC, &ours) == SQLITE_OK;
}();

}  // namespace

// The linker sends taproot's own calls of malloc here (--wrap).
extern "C" void* __wrap_malloc(std::size_t size) {
  return allocations.fails_now() ? nullptr : __real_malloc(size);
}

void* operator new(std::size_t size) {
  void* memory = allocations.fails_now() ? nullptr : __real_malloc(size > 0 ? size : 1);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

using namespace samples;

namespace {

const dns::Name apex = name_of("example.org.");

/// Small enough that snapshots and pruning happen within a few versions.
constexpr HistoryLimits tight{3, 1 << 16, 3};

VersionPtr candidate(std::uint32_t value) {
  std::vector<dns::RRset> rrsets = {a_of(name_of("www.example.org."), {value})};
  for (std::uint32_t i = 0; i < 40; ++i) {
    rrsets.push_back(a_of(name_of("n" + std::to_string(i) + ".sub.example.org."), {value + i % 3}));
  }
  return zone_of("example.org.", 1, rrsets);
}

std::string contents_of(const VersionPtr& version) {
  zonestore::ZoneBuilder builder(*version);
  builder.set_serial(dns::Serial(1));
  return octets_of(*builder.finish().value());
}

void check_intact(Journal& journal) {
  const auto history = journal.history(apex, 1000).value();
  REQUIRE_FALSE(history.empty());
  for (std::size_t i = 0; i < history.size(); ++i) {
    const auto version = journal.version(apex, history[i].provenance.number);
    REQUIRE(version);
    REQUIRE((*version)->serial() == history[i].serial);
    if (i > 0) REQUIRE(history[i].serial < history[i - 1].serial);
  }
}

/// The store serves what its journal has as newest, and that is what a restart will serve.
void check_agrees(ZoneStore& store, const fs::path& folder) {
  const auto current = store.current(apex);
  REQUIRE(current);
  const auto newest = store.journal().newest(apex).value();
  REQUIRE(newest->number() == current->number());
  REQUIRE(newest->serial() == current->serial());
  REQUIRE(contents_of(newest) == contents_of(current));
  check_intact(store.journal());
  auto beside = Journal::open(folder, tight, true).value();
  REQUIRE(beside->newest(apex).value()->number() == current->number());
}

/// What an operation came to: done, an error, or no memory.
enum class Outcome { done, error, thrown };

Outcome attempt(const std::function<bool()>& operation) {
  try {
    return operation() ? Outcome::done : Outcome::error;
  } catch (const std::bad_alloc&) {
    return Outcome::thrown;
  }
}

/// Fails the n-th allocation of `operation` on a store of `versions` versions, for every n.
void fail_everywhere(int versions, bool forever, const std::function<bool(ZoneStore&)>& operation) {
  std::size_t n = 1;
  std::size_t refused = 0;
  for (bool reached = true; reached; ++n) {
    CAPTURE(n, forever);
    StateFolder folder(StateFolder::in_memory());
    auto store = store_in(folder.path(), tight);
    for (int i = 1; i <= versions; ++i) {
      REQUIRE(store->install(request_for(candidate(static_cast<std::uint32_t>(i)))));
    }
    const auto before = store->current(apex);
    const auto outcome = [&] {
      const Failing failing(n, forever);
      return attempt([&] { return operation(*store); });
    }();
    reached = allocations.failed;
    if (outcome == Outcome::done) {
      REQUIRE(store->current(apex) != before);
    } else {
      ++refused;
      REQUIRE(store->current(apex) == before);
    }
    check_agrees(*store, folder.path());
    REQUIRE(store->install(request_for(candidate(1000))));
    REQUIRE(store->current(apex)->serial() > before->serial());
    check_agrees(*store, folder.path());
  }
  CHECK(n > 50);
  CHECK(refused > 20);
}

}  // namespace

TEST_CASE("an allocation that fails while a version is installed", "[allocations]") {
  const bool forever = GENERATE(false, true);
  // The next version is one with a snapshot and with pruning, or one without.
  const int versions = GENERATE(1, 3, 4);
  CAPTURE(versions);
  fail_everywhere(versions, forever, [candidate = candidate(500)](ZoneStore& store) {
    return store.install(request_for(candidate)).has_value();
  });
}

TEST_CASE("an allocation that fails during a rollback", "[allocations]") {
  const bool forever = GENERATE(false, true);
  fail_everywhere(4, forever, [](ZoneStore& store) {
    return store.rollback(apex, store.current(apex)->number() - 1, "test", "").has_value();
  });
}

TEST_CASE("an allocation that fails during a start", "[allocations]") {
  const bool forever = GENERATE(false, true);
  StateFolder folder(StateFolder::in_memory());
  {
    auto store = store_in(folder.path(), tight);
    for (std::uint32_t i = 1; i <= 5; ++i) REQUIRE(store->install(request_for(candidate(i))));
  }
  const auto wanted = contents_of(candidate(5));
  std::size_t n = 1;
  for (bool reached = true; reached; ++n) {
    CAPTURE(n, forever);
    std::unique_ptr<ZoneStore> store;
    const auto outcome = [&] {
      const Failing failing(n, forever);
      return attempt([&] {
        auto journal = Journal::open(folder.path(), tight);
        if (!journal) return false;
        store = std::make_unique<ZoneStore>(std::move(*journal), tight);
        return store->add(apex).has_value();
      });
    }();
    reached = allocations.failed;
    const auto current = store ? store->current(apex) : nullptr;
    // All of it, or nothing: never something else.
    if (outcome == Outcome::done) REQUIRE(current);
    if (current) REQUIRE(contents_of(current) == wanted);
    store.reset();
    auto again = store_in(folder.path(), tight);
    REQUIRE(again->add(apex));
    REQUIRE(contents_of(again->current(apex)) == wanted);
    REQUIRE(again->current(apex)->number() == 5);
  }
  CHECK(n > 50);
}

TEST_CASE("an allocation that fails while an old version is read", "[allocations]") {
  const bool forever = GENERATE(false, true);
  StateFolder folder(StateFolder::in_memory());
  auto store = store_in(folder.path(), tight);
  for (std::uint32_t i = 1; i <= 3; ++i) REQUIRE(store->install(request_for(candidate(i))));
  const auto wanted = contents_of(candidate(2));
  std::size_t n = 1;
  for (bool reached = true; reached; ++n) {
    CAPTURE(n, forever);
    VersionPtr version;
    const auto outcome = [&] {
      const Failing failing(n, forever);
      return attempt([&] {
        auto read = store->journal().version(apex, 2);
        if (read) version = *read;
        return read.has_value();
      });
    }();
    reached = allocations.failed;
    if (outcome == Outcome::done) REQUIRE(contents_of(version) == wanted);
    REQUIRE(contents_of(store->journal().version(apex, 2).value()) == wanted);
  }
  CHECK(n > 20);
}
