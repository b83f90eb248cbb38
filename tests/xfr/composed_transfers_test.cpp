#include "xfr/composed_transfers.hpp"

#include "tests/support/zone_text.hpp"
#include "tests/xfr/secondary.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <thread>

using namespace taproot;
using dns::RRType;
using tests::Messages;
using tests::TransferRequest;
using xfr::ComposedTransfers;

namespace {

using Version = std::shared_ptr<const zonestore::ZoneVersion>;

Version zone_of_size(std::size_t count, const std::string& mark = "a") {
  std::string text = "@ 60 SOA ns admin 1 1 1 1 1\n@ 60 NS ns.other.test.\n";
  for (std::size_t i = 0; i < count; ++i) {
    text += mark + std::to_string(i) + " 60 NS ns1." + mark + std::to_string(i) + "\n";
  }
  return tests::zone_of("example.", text);
}

struct Asking {
  Asking(ComposedTransfers& composed, const Version& version, RRType qtype = RRType::AXFR,
         bool edns = false)
      : request(version->apex(), qtype, dns::Serial(0), edns),
        transfer(request.query, version, {}, &composed) {}

  TransferRequest request;
  xfr::Transfer transfer;
};

/// What a secondary gets, checked record by record.
Messages fetch(ComposedTransfers& composed, const Version& version, RRType qtype = RRType::AXFR,
               bool edns = false, std::size_t keep_free = 0) {
  Asking asking(composed, version, qtype, edns);
  auto messages = tests::pull_all(asking.transfer, keep_free);
  const auto records = tests::records_in(messages, asking.request.query);
  tests::check_same(tests::apply_axfr(records), tests::records_of(*version));
  CHECK(asking.transfer.records() == records.size());
  CHECK(asking.transfer.serial() == version->serial());
  return messages;
}

}  // namespace

TEST_CASE("a transfer is kept from the second secondary on", "[xfr][composed]") {
  ComposedTransfers composed;
  const auto version = zone_of_size(5000);
  fetch(composed, version);
  CHECK(composed.octets() == 0);
  const auto second = fetch(composed, version);
  std::size_t octets = 0;
  for (const auto& message : second) octets += message.size();
  CHECK(composed.octets() == octets);
  for (int i = 0; i < 3; ++i) CHECK(fetch(composed, version).size() == second.size());
  CHECK(composed.octets() == octets);
}

TEST_CASE("each secondary has its own ID, OPT and room for a signature", "[xfr][composed]") {
  ComposedTransfers composed;
  const auto version = zone_of_size(5000);
  const bool kept_with_edns = GENERATE(false, true);
  fetch(composed, version);
  fetch(composed, version, RRType::AXFR, kept_with_edns, 200);  // what is kept
  REQUIRE(composed.octets() > 0);
  fetch(composed, version, RRType::AXFR, false);
  fetch(composed, version, RRType::AXFR, true);  // records_in() looks at ID, OPT and flags
  fetch(composed, version, RRType::AXFR, true, 300);
}

TEST_CASE("what is asked with another type is not mixed with it", "[xfr][composed]") {
  ComposedTransfers composed;
  const auto version = zone_of_size(5000);
  for (int i = 0; i < 3; ++i) {
    fetch(composed, version, RRType::AXFR);
    fetch(composed, version, RRType::IXFR);
  }
}

TEST_CASE("a newer version takes the place of an older one", "[xfr][composed]") {
  ComposedTransfers composed;
  auto old = zone_of_size(5000, "old");
  for (int i = 0; i < 3; ++i) fetch(composed, old);
  Asking slow(composed, old);  // goes on with what it began
  std::vector<std::uint8_t> buffer(xfr::Transfer::buffer_size);
  REQUIRE(slow.transfer.next(buffer, 0) > 0);
  const auto fresh = zone_of_size(5000, "new");
  fetch(composed, fresh);
  CHECK(composed.octets() == 0);
  for (int i = 0; i < 2; ++i) fetch(composed, fresh);
  std::size_t messages = 1;
  while (slow.transfer.next(buffer, 0) > 0) ++messages;
  CHECK(slow.transfer.done());
  CHECK(messages > 5);
}

TEST_CASE("one who ends in the middle leaves nothing behind", "[xfr][composed]") {
  ComposedTransfers composed;
  const auto version = zone_of_size(5000);
  fetch(composed, version);
  {
    Asking broken(composed, version);
    std::vector<std::uint8_t> buffer(xfr::Transfer::buffer_size);
    REQUIRE(broken.transfer.next(buffer, 0) > 0);
    CHECK(composed.octets() > 0);
    fetch(composed, version);  // meanwhile others compose for themselves
  }
  CHECK(composed.octets() == 0);
  fetch(composed, version);
  CHECK(composed.octets() > 0);
}

TEST_CASE("a small zone is not worth keeping", "[xfr][composed]") {
  ComposedTransfers composed;
  const auto version = zone_of_size(20);
  for (int i = 0; i < 3; ++i) fetch(composed, version);
  CHECK(composed.octets() == 0);
}

TEST_CASE("what is kept has a limit, and the oldest goes first", "[xfr][composed]") {
  ComposedTransfers::Limits limits;
  limits.octets = 300'000;
  ComposedTransfers composed(limits);
  std::vector<Version> versions;
  for (const char* apex : {"a.", "b.", "c.", "d."}) {
    std::string text = "@ 60 SOA ns admin 1 1 1 1 1\n@ 60 NS ns.other.test.\n";
    for (int i = 0; i < 4000; ++i) text += "n" + std::to_string(i) + " 60 A 192.0.2.1\n";
    versions.push_back(tests::zone_of(apex, text));
  }
  for (const auto& version : versions) {
    for (int i = 0; i < 3; ++i) fetch(composed, version);
    CHECK(composed.octets() > 0);
    CHECK(composed.octets() <= limits.octets);
  }
}

TEST_CASE("a zone larger than the limit is tried once", "[xfr][composed]") {
  ComposedTransfers::Limits limits;
  limits.octets = 50'000;
  ComposedTransfers composed(limits);
  const auto version = zone_of_size(5000);
  for (int i = 0; i < 4; ++i) {
    fetch(composed, version);
    CHECK(composed.octets() == 0);
  }
  composed.set_limit(0);
  fetch(composed, version);
  composed.set_limit(std::size_t{1} << 20);
  CHECK(composed.octets() == 0);
}

TEST_CASE("a zone that had no room does not take that of others with each version",
          "[xfr][composed]") {
  ComposedTransfers::Limits limits;
  limits.octets = 150'000;
  ComposedTransfers composed(limits);
  composed.sweep(net::Loop::now());
  std::string text = "@ 60 SOA ns admin 1 1 1 1 1\n@ 60 NS ns.other.test.\n";
  for (int i = 0; i < 4000; ++i) text += "n" + std::to_string(i) + " 60 A 192.0.2.1\n";
  const auto small = tests::zone_of("small.", text);
  for (int i = 0; i < 2; ++i) fetch(composed, zone_of_size(20'000, "old"));  // two versions
  auto large = zone_of_size(20'000, "new");
  for (int i = 0; i < 3; ++i) fetch(composed, large);
  CHECK(composed.octets() == 0);
  for (int i = 0; i < 2; ++i) fetch(composed, small);
  const auto kept = composed.octets();
  REQUIRE(kept > 0);
  large = zone_of_size(20'000, "next");
  composed.sweep(net::Loop::now());
  for (int i = 0; i < 3; ++i) fetch(composed, large);
  CHECK(composed.octets() == kept);
  composed.set_limit(std::size_t{10} << 20);  // there is room now
  for (int i = 0; i < 2; ++i) fetch(composed, large);
  CHECK(composed.octets() > kept);
}

TEST_CASE("a message of unusual size is not kept", "[xfr][composed]") {
  ComposedTransfers composed;
  std::string text = "@ 60 SOA ns admin 7 1 1 1 1\n@ 60 NS ns.test.\na 60 TXT";
  for (int i = 0; i < 230; ++i) text += " \"" + std::string(250, 'x') + "\"";
  text += "\n";
  for (int i = 0; i < 4000; ++i) text += "n" + std::to_string(i) + " 60 A 192.0.2.1\n";
  const auto version = tests::zone_of("example.", text);
  for (int i = 0; i < 3; ++i) fetch(composed, version, RRType::AXFR, false, 300);
  CHECK(composed.octets() == 0);
}

TEST_CASE("what nobody asks for any more is dropped", "[xfr][composed]") {
  ComposedTransfers composed;
  const auto now = net::Loop::now();
  composed.sweep(now);
  auto version = zone_of_size(5000);
  for (int i = 0; i < 2; ++i) fetch(composed, version);
  REQUIRE(composed.octets() > 0);
  composed.sweep(now + std::chrono::seconds(30));
  CHECK(composed.octets() > 0);
  SECTION("after a minute") {
    composed.sweep(now + std::chrono::seconds(61));
    CHECK(composed.octets() == 0);
  }
  SECTION("with its version") {
    version.reset();
    composed.sweep(now + std::chrono::seconds(1));
    CHECK(composed.octets() == 0);
  }
  SECTION("and so is what is on its way then") {
    fetch(composed, zone_of_size(5000, "b"));
    version = zone_of_size(5000, "c");
    fetch(composed, version);
    std::vector<std::uint8_t> buffer(xfr::Transfer::buffer_size);
    Asking slow(composed, version);
    REQUIRE(slow.transfer.next(buffer, 0) > 0);
    composed.sweep(now + std::chrono::seconds(100));
    fetch(composed, version);
    fetch(composed, version);  // is kept although the slow one still works on its own
    const auto kept = composed.octets();
    while (slow.transfer.next(buffer, 0) > 0) {
    }
    CHECK(composed.octets() >= kept);
  }
}

TEST_CASE("serving loops share it", "[xfr][composed]") {
  ComposedTransfers composed;
  const auto version = zone_of_size(3000);
  std::atomic<std::size_t> records = 0;
  std::vector<std::thread> loops;
  for (int loop = 0; loop < 4; ++loop) {
    loops.emplace_back([&] {
      std::vector<std::uint8_t> buffer(xfr::Transfer::buffer_size);
      for (int i = 0; i < 20; ++i) {
        Asking asking(composed, version);
        while (asking.transfer.next(buffer, 0) > 0) {
        }
        records += asking.transfer.records();
        composed.sweep(net::Loop::now());
      }
    });
  }
  for (auto& loop : loops) loop.join();
  CHECK(records == 80 * (version->record_count() + 1));
}
