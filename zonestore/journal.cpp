#include "zonestore/journal.hpp"

#include "zonestore/journal_database.hpp"
#include "zonestore/journal_divergences.hpp"
#include "zonestore/journal_lock.hpp"
#include "zonestore/journal_reader.hpp"
#include "zonestore/journal_schema.hpp"
#include "zonestore/journal_tables.hpp"
#include "zonestore/journal_writer.hpp"

#include <iterator>
#include <stdexcept>
#include <utility>

namespace taproot::zonestore {

namespace {

constexpr const char* database_name = "taproot.db";

/// Rows that were written, but not committed, must not be remembered.
struct ForgetUnless {
  explicit ForgetUnless(JournalTables& of) : tables(of) {}
  ~ForgetUnless() {
    if (!committed) tables.forget();
  }
  ForgetUnless(const ForgetUnless&) = delete;
  ForgetUnless& operator=(const ForgetUnless&) = delete;

  JournalTables& tables;
  bool committed = false;
};

}  // namespace

struct Journal::State {
  std::filesystem::path folder;
  std::unique_ptr<FolderLock> lock;  // first in, last out; none when reading only
  std::unique_ptr<Database> database;
  std::unique_ptr<JournalTables> tables;
  HistoryLimits limits;
  bool read_only = false;
  bool wants_writing = false;  ///< read_only only until it can be written
  bool is_reading = false;     ///< within a Reading that stands
  std::optional<Error> trouble;

  Result<void> open_for_writing();
  Result<void> connect(Database::Access access);

  /// Runs `write` in a transaction: all of it, or nothing.
  template <class Write>
  Result<void> transact(Write&& write) {
    auto done = transact_now(write);
    if (done) {
      trouble.reset();
    } else if (done.error().code == Errc::io) {
      trouble = done.error();
    }
    return done;
  }

  template <class Write>
  Result<void> transact_now(Write&& write) {
    if (read_only && wants_writing) {
      if (auto opened = open_for_writing(); !opened) return opened;
    }
    if (read_only) {
      return fail(Errc::io, database->file() + ": the journal was opened for reading only");
    }
    auto transaction = Transaction::begin(*database);
    if (!transaction) return tl::unexpected(transaction.error());
    ForgetUnless forget(*tables);
    if (auto written = write(); !written) return written;
    auto committed = (*transaction)->commit();
    forget.committed = committed.has_value();
    return committed;
  }

  /// Runs `read` so that all it reads belongs together. A transaction that could not even be
  /// rolled back, for want of memory, may still be open: what it wrote must not be read.
  template <class Read>
  auto consistently(Read&& read) -> decltype(read()) {
    if (is_reading) return read();
    auto transaction = Transaction::begin(*database, Transaction::Purpose::reading);
    if (!transaction) return tl::unexpected(transaction.error());
    return read();
  }

  Result<std::shared_ptr<const ZoneVersion>> newest(const dns::Name& apex);
  Result<std::shared_ptr<const ZoneVersion>> version(const dns::Name& apex, std::uint64_t number);
  Result<std::vector<VersionSummary>> history(const dns::Name& apex, std::size_t limit);
};

struct Journal::Reading::Open {
  Open(State& of, std::unique_ptr<Transaction> begun) : state(of), transaction(std::move(begun)) {
    state.is_reading = true;
  }
  ~Open() { state.is_reading = false; }
  Open(const Open&) = delete;
  Open& operator=(const Open&) = delete;

  State& state;
  std::unique_ptr<Transaction> transaction;
};

Journal::Journal(std::unique_ptr<State> state) : state_(std::move(state)) {}
Journal::~Journal() = default;

Result<std::unique_ptr<Journal>> Journal::open(const std::filesystem::path& folder,
                                               HistoryLimits limits, bool read_only) {
  auto state = std::make_unique<State>();
  state->folder = folder;
  state->limits = limits;
  state->read_only = read_only;
  auto opened = read_only ? state->connect(Database::Access::read_only) : state->open_for_writing();
  if (!opened) return tl::unexpected(opened.error());
  return std::unique_ptr<Journal>(new Journal(std::move(state)));
}

Result<std::unique_ptr<Journal>> Journal::open_for_serving(const std::filesystem::path& folder,
                                                           HistoryLimits limits) {
  auto journal = open(folder, limits);
  if (journal || journal.error().code != Errc::io) return journal;
  auto readable = open(folder, limits, true);
  if (!readable) return journal;  // why it could not be written says more
  (*readable)->state_->wants_writing = true;
  (*readable)->state_->trouble = journal.error();
  return readable;
}

Result<void> Journal::State::open_for_writing() {
  if (auto made = make_state_folder(folder); !made) return made;
  if (!lock) {
    auto taken = FolderLock::take(folder);
    if (!taken) return tl::unexpected(taken.error());
    lock = std::move(*taken);
  }
  if (auto made = make_private_file(folder / database_name); !made) return made;
  // A connection that found no room for its shared memory keeps all others of this process from
  // writing: it goes first.
  const bool was_reading = database != nullptr;
  tables.reset();
  database.reset();
  auto connected = connect(Database::Access::read_write);
  if (!connected && was_reading) {
    const auto again = connect(Database::Access::read_only);
    if (!again) throw std::runtime_error(again.error().detail);  // it could be read just now
  }
  if (connected) read_only = false;
  return connected;
}

/// What is open stays open if it fails.
Result<void> Journal::State::connect(Database::Access access) {
  auto opened = Database::open(folder / database_name, access);
  if (!opened) return tl::unexpected(opened.error());
  if (auto ready = prepare_schema(**opened, access); !ready) return ready;
  auto prepared = JournalTables::prepare(**opened, access == Database::Access::read_write);
  if (!prepared) return tl::unexpected(prepared.error());
  tables = std::move(*prepared);
  database = std::move(*opened);
  return {};
}

const std::optional<Error>& Journal::trouble() const {
  return state_->trouble;
}

Result<void> Journal::try_writing() {
  return state_->transact([&] { return mark_schema(*state_->database); });
}

bool Journal::wants_checkpoint() const {
  constexpr int many_pages = 1000;
  return state_->database->log_pages() > many_pages;
}

Result<void> Journal::checkpoint(const std::filesystem::path& folder) {
  auto database = Database::open(folder / database_name, Database::Access::read_write);
  if (!database) return tl::unexpected(database.error());
  return (*database)->checkpoint();
}

Result<void> Journal::record(const std::vector<Entry>& entries) {
  if (entries.empty()) return {};
  return state_->transact([&]() -> Result<void> {
    JournalWriter writer(*state_->tables, state_->limits);
    for (const auto& entry : entries) {
      if (auto written = writer.write(entry); !written) {
        return fail_in(entry.version->apex().to_text(), written.error());
      }
    }
    return {};
  });
}

Result<std::shared_ptr<const ZoneVersion>> Journal::State::newest(const dns::Name& apex) {
  const auto zone = tables->find_zone(apex);
  if (!zone) return tl::unexpected(zone.error());
  if (zone->newest == 0) return std::shared_ptr<const ZoneVersion>();
  return JournalReader(*tables, limits).newest(apex, *zone);
}

Result<std::shared_ptr<const ZoneVersion>> Journal::State::version(const dns::Name& apex,
                                                                   std::uint64_t number) {
  const auto zone = tables->find_zone(apex);
  if (!zone) return tl::unexpected(zone.error());
  if (zone->newest == 0) {
    return fail(Errc::not_found, apex.to_text() + " has no versions in the journal");
  }
  if (number < zone->oldest || number > zone->newest) {
    return fail(Errc::not_found, apex.to_text() + " has no version " + std::to_string(number) +
                                     " here: " + std::to_string(zone->oldest) + " to " +
                                     std::to_string(zone->newest) + " are kept");
  }
  return JournalReader(*tables, limits).version(apex, *zone, number);
}

Result<std::vector<VersionSummary>> Journal::State::history(const dns::Name& apex,
                                                            std::size_t limit) {
  const auto zone = tables->find_zone(apex);
  if (!zone) return tl::unexpected(zone.error());
  std::vector<VersionSummary> all;
  auto walked = tables->walk_versions(zone->id, zone->newest, limit, [&](VersionRow version) {
    all.push_back(std::move(version.summary));
    return true;
  });
  if (!walked) return tl::unexpected(walked.error());
  return all;
}

Result<std::shared_ptr<const ZoneVersion>> Journal::newest(const dns::Name& apex) {
  return state_->consistently([&] { return state_->newest(apex); });
}

Result<std::shared_ptr<const ZoneVersion>> Journal::version(const dns::Name& apex,
                                                            std::uint64_t number) {
  return state_->consistently([&] { return state_->version(apex, number); });
}

Result<std::vector<VersionSummary>> Journal::history(const dns::Name& apex, std::size_t limit) {
  return state_->consistently([&] { return state_->history(apex, limit); });
}

Result<std::uint64_t> Journal::number_of(const dns::Name& apex, dns::Serial serial) {
  const auto zone = state_->tables->find_zone(apex);
  if (!zone) return tl::unexpected(zone.error());
  const auto number = state_->tables->find_serial(zone->id, serial);
  if (!number) return tl::unexpected(number.error());
  if (*number) return **number;
  return fail(Errc::not_found, apex.to_text() + " has no version with serial " +
                                   std::to_string(serial.value()) + " here: versions " +
                                   std::to_string(zone->oldest) + " to " +
                                   std::to_string(zone->newest) + " are kept");
}

Result<std::uint64_t> Journal::number_at(const dns::Name& apex, WallTime time) {
  const auto zone = state_->tables->find_zone(apex);
  if (!zone) return tl::unexpected(zone.error());
  const auto number = state_->tables->find_time(zone->id, time);
  if (!number) return tl::unexpected(number.error());
  if (*number) return **number;
  return fail(Errc::not_found, apex.to_text() + " has no version here that is as old as that: " +
                                   std::to_string(zone->oldest) + " is the oldest one kept");
}

std::vector<dns::Name> Journal::zones() {
  auto zones = state_->tables->zones();
  return zones ? std::move(*zones) : std::vector<dns::Name>();
}

std::optional<dns::Serial> Journal::highest_serial(const dns::Name& apex) {
  const auto zone = state_->tables->find_zone(apex);
  return zone ? zone->highest : std::nullopt;
}

Journal::Reading::Reading(std::unique_ptr<Open> open) : open_(std::move(open)) {}
Journal::Reading::Reading(Reading&&) noexcept = default;
Journal::Reading::~Reading() = default;

Journal::Reading Journal::reading() {
  if (state_->is_reading) return Reading(nullptr);
  auto begun = Transaction::begin(*state_->database, Transaction::Purpose::reading);
  // Without one each look stands for itself, and says what is wrong.
  if (!begun) return Reading(nullptr);
  return Reading(std::make_unique<Reading::Open>(*state_, std::move(*begun)));
}

Result<Journal::Standing> Journal::standing(const dns::Name& apex) {
  auto& tables = *state_->tables;
  const auto zone = state_->is_reading ? tables.look_up_zone(apex) : tables.find_zone(apex);
  if (!zone) return tl::unexpected(zone.error());
  return Standing{zone->newest, zone->highest};
}

Result<std::uint64_t> Journal::last_number(const dns::Name& apex) {
  const auto zone = state_->tables->find_zone(apex);
  if (!zone) return tl::unexpected(zone.error());
  return zone->newest;
}

Result<void> Journal::raise_serial(const dns::Name& apex, dns::Serial serial) {
  return raise_serials({{apex, serial}});
}

Result<void> Journal::raise_serials(const std::vector<std::pair<dns::Name, dns::Serial>>& serials) {
  if (serials.empty()) return {};
  return state_->transact([&]() -> Result<void> {
    for (const auto& [apex, serial] : serials) {
      auto zone = state_->tables->find_or_add_zone(apex);
      if (!zone) return tl::unexpected(zone.error());
      if (zone->highest && !(serial > *zone->highest)) continue;
      zone->highest = serial;
      if (auto raised = state_->tables->put_zone(apex, *zone); !raised) return raised;
    }
    return {};
  });
}

Result<std::vector<Divergence>> Journal::divergences(const dns::Name& apex) {
  const auto has_any = state_->tables->has_divergences();
  if (!has_any) return tl::unexpected(has_any.error());
  if (!*has_any) return std::vector<Divergence>();
  const auto zone = state_->tables->find_zone(apex);
  if (!zone) return tl::unexpected(zone.error());
  return read_divergences(*state_->tables, zone->id, std::nullopt);
}

Result<std::vector<Divergence>> Journal::divergences(const dns::Name& apex,
                                                     const std::vector<RRsetKey>& keys) {
  const auto zone = state_->tables->find_zone(apex);
  if (!zone) return tl::unexpected(zone.error());
  std::vector<Divergence> all;
  for (const auto& key : keys) {
    auto one = read_divergences(*state_->tables, zone->id, key);
    if (!one) return one;
    std::move(one->begin(), one->end(), std::back_inserter(all));
  }
  return all;
}

Result<void> Journal::diverge(const dns::Name& apex, const DivergenceStep& step) {
  return state_->transact([&]() -> Result<void> {
    const auto zone = state_->tables->find_or_add_zone(apex);
    if (!zone) return tl::unexpected(zone.error());
    return write_divergences(*state_->tables, zone->id, step);
  });
}

Result<void> Journal::set_applied(const dns::Name& apex, const std::string& provider,
                                  const AppliedState& state) {
  return state_->transact([&]() -> Result<void> {
    const auto zone = state_->tables->find_or_add_zone(apex);
    if (!zone) return tl::unexpected(zone.error());
    return state_->tables->set_applied(zone->id, provider, state);
  });
}

std::optional<AppliedState> Journal::applied(const dns::Name& apex, const std::string& provider) {
  const auto zone = state_->tables->find_zone(apex);
  if (!zone || zone->id == 0) return std::nullopt;
  auto found = state_->tables->find_applied(zone->id, provider);
  return found ? std::move(*found) : std::nullopt;
}

void Journal::free_memory() noexcept {
  state_->database->free_memory();
}

Result<Journal::Homes> Journal::homes() {
  return state_->consistently([&] { return state_->tables->homes(); });
}

Result<void> Journal::set_homes(const Homes& homes) {
  if (homes.empty()) return {};
  return state_->transact([&]() -> Result<void> {
    for (const auto& [apex, directory] : homes) {
      if (auto set = state_->tables->set_home(apex, directory); !set) return set;
    }
    return {};
  });
}

Result<Journal::Signers> Journal::signers() {
  return state_->consistently([&] { return state_->tables->signers(); });
}

Result<void> Journal::raise_signer(const dns::Name& key, std::uint64_t newest) {
  return state_->transact([&] { return state_->tables->raise_signer(key, newest); });
}

}  // namespace taproot::zonestore
