#pragma once

#include "dns/rdata.hpp"
#include "zonestore/journal.hpp"
#include "zonestore/store.hpp"
#include "zonestore/zone_version.hpp"

#include <sqlite3.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

namespace samples {

namespace fs = std::filesystem;
using namespace taproot;
using zonestore::HistoryLimits;
using zonestore::Journal;
using zonestore::ZoneStore;
using VersionPtr = std::shared_ptr<const zonestore::ZoneVersion>;

/// A folder for one test, gone with it.
class StateFolder {
 public:
  explicit StateFolder(const fs::path& above = fs::temp_directory_path()) {
    std::string pattern = (above / "taproot-state-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~StateFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  StateFolder(const StateFolder&) = delete;
  StateFolder& operator=(const StateFolder&) = delete;

  /// Where to put folders whose disk is simulated: in memory, if the system has that.
  static fs::path in_memory() {
    return fs::is_directory("/dev/shm") ? fs::path("/dev/shm") : fs::temp_directory_path();
  }

  const fs::path& path() const { return path_; }
  fs::path database() const { return path_ / "taproot.db"; }

 private:
  fs::path path_;
};

/// Runs SQL beside the journal and returns the first column of the first row, or 0.
inline std::int64_t run_sql(const fs::path& file, const std::string& sql) {
  sqlite3* database = nullptr;
  std::int64_t value = 0;
  const auto first = [](void* to, int, char** row, char**) {
    *static_cast<std::int64_t*>(to) = row[0] == nullptr ? 0 : std::atoll(row[0]);
    return 0;
  };
  const bool done = sqlite3_open(file.c_str(), &database) == SQLITE_OK &&
                    sqlite3_exec(database, sql.c_str(), first, &value, nullptr) == SQLITE_OK;
  const std::string words = sqlite3_errmsg(database);
  sqlite3_close(database);
  if (!done) throw std::runtime_error(sql + ": " + words);
  return value;
}

inline dns::Name name_of(const std::string& text) {
  return dns::Name::from_text(text).value();
}

inline dns::RRset soa_of(const dns::Name& apex, std::uint32_t serial) {
  const dns::Soa soa{apex, apex, dns::Serial(serial), 3600, 600, 86400, 300};
  return {apex, dns::RRType::SOA, 3600, {soa.to_rdata()}};
}

inline dns::RRset a_of(const dns::Name& owner, std::vector<std::uint32_t> addresses,
                       std::uint32_t ttl = 300) {
  dns::RRset rrset{owner, dns::RRType::A, ttl, {}};
  for (const auto address : addresses) {
    const std::uint8_t wire[] = {
        static_cast<std::uint8_t>(address >> 24), static_cast<std::uint8_t>(address >> 16),
        static_cast<std::uint8_t>(address >> 8), static_cast<std::uint8_t>(address)};
    rrset.rdata.emplace_back(Octets(wire));
  }
  return rrset;
}

inline dns::RRset txt_of(const dns::Name& owner, std::vector<std::string> texts) {
  dns::RRset rrset{owner, dns::RRType(16), 300, {}};
  for (const auto& text : texts) {
    rrset.rdata.emplace_back(std::string(1, static_cast<char>(text.size())) + text);
  }
  return rrset;
}

/// A zone with an SOA and an NS and these RRsets.
inline VersionPtr zone_of(const std::string& apex_text, std::uint32_t serial,
                          const std::vector<dns::RRset>& rrsets = {}) {
  const auto apex = name_of(apex_text);
  zonestore::ZoneBuilder builder(apex);
  builder.put(soa_of(apex, serial));
  builder.put({apex, dns::RRType::NS, 3600, {dns::Rdata(apex.child("ns1").value().wire())}});
  for (const auto& rrset : rrsets) builder.put(rrset);
  return builder.finish().value();
}

/// The smallest zone whose contents are `value`.
inline VersionPtr zone_with(const std::string& apex, std::uint32_t value,
                            std::uint32_t serial = 1) {
  return zone_of(apex, serial, {a_of(name_of("www." + apex), {value})});
}

/// All RRsets octet for octet, in order.
inline std::string octets_of(const zonestore::ZoneVersion& version) {
  std::string all;
  for (auto cursor = version.walk(); cursor.leaf() != nullptr; cursor.next()) {
    for (const auto rrset : cursor.leaf()->rrsets()) {
      all += cursor.leaf()->owner(version.apex()).to_text() + dns::to_text(rrset.type()) +
             std::to_string(rrset.ttl()) + ":";
      all.append(reinterpret_cast<const char*>(rrset.packed().data()), rrset.packed().size());
    }
  }
  return all;
}

/// A store over the journal of a folder, with a clock that stands.
inline std::unique_ptr<ZoneStore> store_in(const fs::path& folder, HistoryLimits limits = {}) {
  return std::make_unique<ZoneStore>(Journal::open(folder, limits).value(), limits, [] {
    return zonestore::WallTime(std::chrono::hours(480000));
  });
}

inline zonestore::InstallRequest request_for(VersionPtr candidate) {
  zonestore::InstallRequest request;
  request.candidate = std::move(candidate);
  request.serial_is_ours = true;
  request.who = "test";
  return request;
}

/// The contents of a zone as a model: owner number -> addresses; changed at random.
class RandomZone {
 public:
  RandomZone(unsigned seed, std::size_t owners) : random_(seed), owners_(owners) {}

  void change() {
    const std::size_t times = 1 + random_() % 4;
    for (std::size_t i = 0; i < times; ++i) change_one();
  }

  VersionPtr version(const std::string& apex) const {
    std::vector<dns::RRset> rrsets;
    for (const auto& [owner, addresses] : contents_) {
      rrsets.push_back(
          a_of(name_of("n" + std::to_string(owner) + (owner % 3 == 0 ? ".sub." : ".") + apex),
               addresses, 60 + addresses.front() % 3));
    }
    return zone_of(apex, 1, rrsets);
  }

 private:
  void change_one() {
    const std::size_t owner = random_() % owners_;
    if (random_() % 4 == 0) {
      contents_.erase(owner);
      return;
    }
    auto& addresses = contents_[owner];
    addresses.clear();
    for (std::size_t i = random_() % 3 + 1; i > 0; --i) {
      addresses.push_back(static_cast<std::uint32_t>(random_() % 1000));
    }
  }

  std::mt19937 random_;
  std::size_t owners_;
  std::map<std::size_t, std::vector<std::uint32_t>> contents_;
};

}  // namespace samples
