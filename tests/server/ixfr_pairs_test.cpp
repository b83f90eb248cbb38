#include "tests/server/serving.hpp"
#include "tests/xfr/random_zone.hpp"
#include "tests/xfr/secondary.hpp"

#include <catch2/catch.hpp>

using namespace taproot;
using dns::RRType;
using server::Transport;

namespace {

constexpr std::size_t kept = 100;  ///< versions, and every pair of them

struct Made {
  std::shared_ptr<const zonestore::ZoneVersion> version;
  tests::Records records;
};

/// A zone that changes a little, now and then a lot, and twice loses nearly all of its names.
std::vector<Made> versions(unsigned seed) {
  tests::RandomZone zone(seed, 40);
  std::vector<Made> all;
  for (std::size_t i = 0; i < kept; ++i) {
    all.push_back({zone.version(), tests::records_of(*zone.version())});
    if (i == 50 || i == 90) {
      zone.shrink(5);
    } else {
      zone.change(i % 10 == 9 ? 25 : 1 + i % 2);
    }
  }
  return all;
}

/// How the answers were made, so that the test can say that it saw each kind.
struct Kinds {
  std::size_t steps = 0;
  std::size_t condensed = 0;
  std::size_t whole = 0;
  std::size_t soa_alone = 0;
};

bool is_differences(const std::vector<dns::Record>& records) {
  return records.size() > 1 && records[1].type == RRType::SOA;
}

std::size_t count_soas(const std::vector<dns::Record>& records) {
  return static_cast<std::size_t>(std::count_if(
      records.begin(), records.end(), [](const auto& one) { return one.type == RRType::SOA; }));
}

/// What a strict secondary that holds `from` has after these records. It objects to everything
/// that is deleted and not there, or added and there.
tests::Records apply(const Made& from, const std::vector<dns::Record>& records, Kinds& kinds) {
  if (!is_differences(records)) {
    ++kinds.whole;
    return tests::apply_axfr(records);
  }
  const auto to = dns::Soa::from_rdata(records.front().rdata.wire()).value().serial;
  const bool in_one = count_soas(records) == 4 && to != from.version->serial().next();
  ++(in_one ? kinds.condensed : kinds.steps);
  // Each step leads from the serial that the one before led to.
  auto at = from.version->serial();
  bool deleting = true;
  for (std::size_t i = 1; i + 1 < records.size(); ++i) {
    if (records[i].type != RRType::SOA) continue;
    const auto serial = dns::Soa::from_rdata(records[i].rdata.wire()).value().serial;
    if (deleting) CHECK(serial == at);
    at = serial;
    deleting = !deleting;
  }
  return tests::apply_ixfr(from.records, records);
}

/// All of one answer, taken apart after a look at its headers.
std::vector<dns::Record> ask(tests::Serving& serving, dns::Serial has, Transport transport,
                             std::uint16_t udp_size) {
  auto octets = tests::request_for("example.", RRType::IXFR, has.value(), udp_size);
  dns::Query query;
  REQUIRE(dns::Query::parse(octets, query) == dns::Query::Trouble::none);
  tests::Messages messages(1);
  auto reply = serving.handle(octets, transport, messages.front());
  if (reply.transfer) {
    messages.clear();
    while (!reply.transfer->done()) {
      messages.emplace_back(server::Dispatch::buffer_size);
      messages.back().resize(reply.transfer->next(messages.back()));
      REQUIRE_FALSE(messages.back().empty());
    }
    reply.transfer->finish();
  } else {
    CHECK(messages.front().size() <= std::max<std::size_t>(udp_size, 512));
  }
  return tests::records_in(messages, query);
}

}  // namespace

TEST_CASE("an IXFR between any two of a hundred versions is right for a strict secondary",
          "[server][dispatch][ixfr]") {
  const auto all = versions(1);
  tests::Serving serving;
  serving.from = net::Endpoint::from_text("192.0.2.53:1000").value();
  Kinds tcp;
  Kinds udp;
  for (std::size_t to = 0; to < all.size(); ++to) {
    serving.snapshot.zones = std::make_shared<const zonestore::ZoneSet>(
        zonestore::ZoneSet().with(all[to].version->apex(), all[to].version));
    for (std::size_t from = 0; from < all.size(); ++from) {
      CAPTURE(from, to);
      const auto has = all[from].version->serial();
      const auto records = ask(serving, has, Transport::tcp, 1232);
      if (from >= to) {  // it is current, or ahead of us
        REQUIRE(records.size() == 1);
        CHECK(tests::key_of(records[0]) == tests::key_of(ask(serving, has, Transport::udp, 0)[0]));
        continue;
      }
      tests::check_same(apply(all[from], records, tcp), all[to].records);
      // Over UDP it is whole, or the current SOA alone, never a part.
      const auto datagram = ask(serving, has, Transport::udp, from % 2 == 0 ? 1232 : 0);
      if (datagram.size() == 1) {
        ++udp.soa_alone;
        CHECK(datagram.front() == records.front());
        continue;
      }
      REQUIRE(is_differences(datagram));
      tests::check_same(apply(all[from], datagram, udp), all[to].records);
    }
  }
  CHECK(tcp.steps > 100);
  CHECK(tcp.condensed > 50);
  CHECK(tcp.whole > 50);
  CHECK(udp.steps + udp.condensed > 100);
  CHECK(udp.soa_alone > 100);
  CHECK(udp.whole == 0);
}
