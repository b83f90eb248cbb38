#include "tests/support/zone_text.hpp"
#include "tests/xfr/secondary.hpp"
#include "tests/zonestore/journal_samples.hpp"
#include "xfr/ixfr_choice.hpp"
#include "xfr/transfer.hpp"

#include <catch2/catch.hpp>

#include <iterator>
#include <map>
#include <optional>
#include <random>
#include <vector>

using namespace taproot;
using dns::RRType;
using samples::VersionPtr;
using tests::Records;

namespace {

const dns::Name apex = tests::name_of("example.");

/// A zone as a map from owner and type to RRsets, and nothing else; changed at random.
class PlainZone {
 public:
  using Key = std::pair<dns::Name, RRType>;
  struct Edit {
    Key key;
    std::optional<dns::RRset> rrset;  ///< nothing: removed
  };

  explicit PlainZone(unsigned seed) : random_(seed) {
    put(samples::soa_of(apex, 1));
    put({apex, RRType::NS, 300, {rdata(RRType::NS)}});
  }

  std::size_t pick(std::size_t count) { return random_() % count; }

  std::vector<Edit> change(std::size_t count) {
    std::vector<Edit> edits;
    for (; count > 0; --count) {
      Edit edit{{owner(), type()}, {}};
      if (pick(3) != 0) edit.rrset = rrset(edit.key);
      rrsets_.erase(edit.key);
      if (edit.rrset) put(*edit.rrset);
      edits.push_back(std::move(edit));
    }
    return edits;
  }

  /// All of it built anew, as a source that is read again.
  VersionPtr from_scratch() const {
    zonestore::ZoneBuilder builder(apex);
    for (const auto& [key, rrset] : rrsets_) builder.put(rrset);
    return builder.finish().value();
  }

  Records records(dns::Serial serial) const {
    Records records;
    for (const auto& [key, rrset] : rrsets_) {
      const auto& shown = key.second == RRType::SOA ? samples::soa_of(apex, serial.value()) : rrset;
      for (const auto& one : shown.rdata) {
        records.insert(tests::key_of(shown.owner, shown.type, shown.ttl, one.wire()));
      }
    }
    return records;
  }

  const std::map<Key, dns::RRset>& rrsets() const { return rrsets_; }

 private:
  void put(const dns::RRset& rrset) {
    rrsets_.insert_or_assign(Key(rrset.owner, rrset.type), rrset);
  }

  /// Few names, many of them below one another.
  dns::Name owner() {
    static const std::vector<std::string> labels = {"a", "b", "B", "*", "sub", "\\000", "n1", "n2"};
    std::string text;
    for (std::size_t n = 1 + pick(3); n > 0; --n) text += labels[pick(labels.size())] + ".";
    return tests::name_of(text + (pick(2) == 0 ? "example." : "EXAMPLE."));
  }

  RRType type() {
    return std::vector{RRType::A, RRType::TXT, RRType::MX, RRType::NS, RRType::CNAME}[pick(5)];
  }

  dns::Rdata rdata(RRType type) {
    const auto number = std::to_string(pick(200));
    if (type == RRType::A) return text(type, "192.0.2." + number);
    if (type == RRType::TXT) return text(type, std::string(pick(250), 't') + number);
    return text(type, (type == RRType::MX ? number + " " : "") + (pick(2) == 0 ? "Ns" : "ns") +
                          std::to_string(pick(5)) + (pick(2) == 0 ? ".Example." : ".other.test."));
  }
  static dns::Rdata text(RRType type, const std::string& text) {
    return dns::rdata_from_text(type, text, apex).value();
  }

  dns::RRset rrset(const Key& key) {
    dns::RRset rrset{key.first, key.second, static_cast<std::uint32_t>(60 * pick(3)), {}};
    for (std::size_t n = key.second == RRType::CNAME ? 1 : 1 + pick(5); n > 0; --n) {
      rrset.rdata.push_back(rdata(key.second));
    }
    dns::normalise(rrset);
    return rrset;
  }

  std::mt19937 random_;
  std::map<Key, dns::RRset> rrsets_;
};

/// The same edits on the version before, as an edit or an update.
VersionPtr edited(const zonestore::ZoneVersion& before, const std::vector<PlainZone::Edit>& edits) {
  zonestore::ZoneBuilder builder(before);
  for (const auto& edit : edits) {
    if (edit.rrset) {
      builder.put(*edit.rrset);
    } else {
      builder.remove(edit.key.first, edit.key.second);
    }
  }
  return builder.finish().value();
}

/// What a strict secondary with these records has after it asked for an IXFR.
Records after_ixfr(const VersionPtr& newest, dns::Serial has, const Records& before,
                   int& replayed) {
  const tests::TransferRequest request(apex, RRType::IXFR, has, true);
  xfr::Transfer transfer(request.query, newest, xfr::choose_ixfr(*newest, has));
  const auto records = tests::records_in(tests::pull_all(transfer), request.query);
  if (records.size() == 1) return before;
  if (records[1].type != RRType::SOA) return tests::apply_axfr(records);
  ++replayed;
  return tests::apply_ixfr(before, records);
}

void check_lookups(const zonestore::ZoneVersion& version, PlainZone& plain) {
  for (const auto& [key, rrset] : plain.rrsets()) {
    if (key.second == RRType::SOA) continue;
    const auto found = version.find(key.first, key.second);
    REQUIRE(found);
    CHECK(dns::same_rrset(*found, rrset));
  }
  CHECK(version.rrset_count() == plain.rrsets().size());
}

}  // namespace

TEST_CASE("trie, journal, IXFR and a plain map agree over random changes", "[xfr][journal][ixfr]") {
  const unsigned seed = GENERATE(range(1u, 9u));
  CAPTURE(seed);
  const samples::StateFolder folder(samples::StateFolder::in_memory());
  const zonestore::HistoryLimits limits{seed % 2 == 0 ? 200u : 12u, 1 << 20, 1000};
  auto store = samples::store_in(folder.path(), limits);
  PlainZone plain(seed);
  struct Made {
    std::uint64_t number;
    dns::Serial serial;
    Records records;
  };
  std::vector<Made> made;
  int replayed = 0;
  for (int i = 0; i < 80; ++i) {
    CAPTURE(i);
    const auto before = store->current(apex);
    const auto edits = plain.change(i == 0 ? 60 : i % 20 == 19 ? 40 : 1 + plain.pick(4));
    const bool by_edit = before != nullptr && plain.pick(2) == 0;
    const auto candidate = by_edit ? edited(*before, edits) : plain.from_scratch();
    const auto installed = store->install(samples::request_for(candidate));
    REQUIRE(installed);
    const auto version = installed->version;
    const auto wanted = plain.records(version->serial());
    tests::check_same(tests::records_of(*version), wanted);
    check_lookups(*version, plain);
    if (made.empty() || made.back().number != version->number()) {
      made.push_back({version->number(), version->serial(), wanted});
    }
    tests::check_same(tests::records_of(**store->journal().newest(apex)), wanted);
    const auto& old = made[plain.pick(made.size())];
    tests::check_same(tests::records_of(**store->journal().version(apex, old.number)), old.records);
    for (const auto& one : {old, made[made.size() > 3 ? made.size() - 3 : 0]}) {
      tests::check_same(after_ixfr(version, one.serial, one.records, replayed), wanted);
    }
    if (i % 11 != 10) continue;
    store.reset();  // all that was in memory is gone
    store = samples::store_in(folder.path(), limits);
    REQUIRE(store->add(apex));
    const auto back = store->current(apex);
    tests::check_same(tests::records_of(*back), wanted);
    tests::check_same(after_ixfr(back, old.serial, old.records, replayed), wanted);
  }
  CHECK(made.size() > 60);
  CHECK(replayed > 60);
}
