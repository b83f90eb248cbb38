#include "tests/support/zone_text.hpp"
#include "tests/xfr/random_zone.hpp"
#include "tests/xfr/secondary.hpp"
#include "xfr/apply_ixfr.hpp"
#include "xfr/incoming_transfer.hpp"
#include "xfr/ixfr_choice.hpp"
#include "xfr/transfer.hpp"

#include <catch2/catch.hpp>

#include <functional>

using namespace taproot;
using namespace taproot::tests;
using dns::RRType;
using dns::Serial;
using xfr::IncomingKind;

namespace {

constexpr dns::TsigTime now = 1'800'000'000;

/// What taproot's own server side answers to an IXFR.
Messages answer_of(const std::vector<std::uint8_t>& request, Serial has,
                   const std::shared_ptr<const zonestore::ZoneVersion>& version) {
  dns::Query query;
  REQUIRE(dns::Query::parse(request, query) == dns::Query::Trouble::none);
  xfr::Transfer transfer(query, version, xfr::choose_ixfr(*version, has));
  Messages messages;
  while (!transfer.done()) {
    std::vector<std::uint8_t> buffer(xfr::Transfer::buffer_size);
    buffer.resize(transfer.next(buffer, 0));
    messages.push_back(std::move(buffer));
  }
  return messages;
}

dns::Record record(const std::string& owner, RRType type, const std::string& text,
                   std::uint32_t ttl = 300) {
  return {name_of(owner), type, dns::Class::IN, ttl,
          dns::rdata_from_text(type, text, name_of("example.")).value()};
}
dns::Record soa(std::uint32_t serial, const std::string& rest = " 1 2 3 4") {
  return record("example.", RRType::SOA, "ns h " + std::to_string(serial) + rest);
}
const dns::Record a1 = record("a.example.", RRType::A, "192.0.2.1");
const dns::Record a2 = record("a.example.", RRType::A, "192.0.2.2");

dns::Soa have(std::uint32_t serial) {
  return dns::Soa::from_rdata(soa(serial).rdata.wire()).value();
}

/// One transfer whose client has serial 7, fed with messages of these records.
struct Fed {
  explicit Fed(const std::vector<std::vector<dns::Record>>& messages)
      : transfer(name_of("example."), 99, std::nullopt, {}, have(7)) {
    for (const auto& records : messages) {
      dns::Message message;
      message.header.id = 99;
      message.header.qr = true;
      message.question.push_back({name_of("example."), RRType::IXFR, dns::Class::IN});
      message.answer = records;
      taken = transfer.on_message(message.compose().value(), now);
      if (!taken) return;
    }
    if (!transfer.is_complete()) taken = transfer.on_end();
  }
  xfr::IncomingTransfer transfer;
  Result<void> taken;
};

}  // namespace

TEST_CASE("an IXFR request carries the SOA that we have", "[xfr][incoming]") {
  xfr::IncomingTransfer transfer(name_of("example."), 99, std::nullopt, {}, have(7));
  const auto message = dns::Message::parse(transfer.request(now)).value();
  CHECK(message.question.at(0).qtype == RRType::IXFR);
  REQUIRE(message.authority.size() == 1);
  CHECK(message.authority[0].rdata == soa(7).rdata);
}

TEST_CASE("differences of our own lead to the same zone", "[xfr][incoming]") {
  const auto seed = GENERATE(range(1u, 15u));
  RandomZone zone(seed, 60);
  std::vector<std::shared_ptr<const zonestore::ZoneVersion>> versions{zone.version()};
  for (int i = 0; i < 6; ++i) {
    zone.change(1 + seed % 7);
    versions.push_back(zone.version());
  }
  std::size_t differences = 0;
  for (std::size_t from = 0; from < versions.size(); ++from) {
    const auto& base = *versions[from];
    xfr::IncomingTransfer transfer(base.apex(), 4711, std::nullopt, {}, base.soa());
    const auto messages = answer_of(transfer.request(now), base.serial(), versions.back());
    for (const auto& message : messages) {
      const auto taken = transfer.on_message(message, now);
      if (!taken) FAIL(taken.error().detail);
    }
    REQUIRE(transfer.is_complete());
    if (from + 1 == versions.size()) {
      CHECK(transfer.kind() == IncomingKind::current);
      continue;
    }
    if (transfer.kind() != IncomingKind::differences) continue;
    ++differences;
    const auto next = xfr::apply_ixfr(base, transfer.take_steps());
    if (!next) FAIL(next.error().detail);
    CHECK(zonestore::changes_between(**next, *versions.back()).changes.empty());
    CHECK((*next)->record_count() == versions.back()->record_count());
    // Applied to another version they do not fit, or lead to the same.
  }
  CHECK(differences > 0);
}

TEST_CASE("an IXFR answer may be the SOA alone, the whole zone, or differences",
          "[xfr][incoming]") {
  using K = IncomingKind;
  SECTION("current") {
    const auto serial = GENERATE(7u, 6u, 7u + 0x8000'0000u);
    Fed fed({{soa(serial)}});
    REQUIRE(fed.taken);
    CHECK(fed.transfer.kind() == K::current);
    CHECK(fed.transfer.soa().serial == Serial(serial));
  }
  SECTION("whole") {
    Fed fed({{soa(9), a1}, {a2, soa(9)}});
    REQUIRE(fed.taken);
    CHECK(fed.transfer.kind() == K::whole_zone);
    CHECK(fed.transfer.take_records().size() == 3);
  }
  SECTION("the SOA in a message of its own") {
    Fed fed({{soa(9)}, {a1}, {soa(9)}});
    REQUIRE(fed.taken);
    CHECK(fed.transfer.kind() == K::whole_zone);
  }
  SECTION("differences in two steps, cut anywhere") {
    const std::vector<dns::Record> all{soa(9), soa(7), a1, soa(8), soa(8), soa(9), a2, soa(9)};
    const auto cut = GENERATE(range(1u, 8u));
    const auto middle = all.begin() + static_cast<std::ptrdiff_t>(cut);
    Fed fed({{all.begin(), middle}, {middle, all.end()}});
    REQUIRE(fed.taken);
    CHECK(fed.transfer.kind() == K::differences);
    const auto steps = fed.transfer.take_steps();
    REQUIRE(steps.size() == 2);
    CHECK(steps[0].deleted.size() == 1);
    CHECK(steps[0].added.empty());
    CHECK(steps[1].added.size() == 1);
  }
}

TEST_CASE("differences that are none give nothing", "[xfr][incoming]") {
  struct Case {
    const char* what;
    std::vector<dns::Record> records;
  };
  const auto meta = dns::Record{name_of("a.example."), RRType::AXFR, dns::Class::IN, 0, {}};
  const std::vector<Case> cases = {
      {"begin elsewhere", {soa(9), soa(6), soa(9), soa(9)}},
      {"do not go ahead", {soa(9), soa(7), soa(7), soa(9)}},
      {"go back", {soa(9), soa(7), soa(6), soa(9)}},
      {"do not chain", {soa(9), soa(7), soa(8), soa(9), soa(9), soa(9)}},
      {"end before the end", {soa(9), soa(7), soa(8), a1, soa(9)}},
      {"end at another SOA", {soa(9), soa(7), soa(9), a1, soa(9, " 5 5 5 5")}},
      {"have something behind the end", {soa(9), soa(7), soa(9), soa(9), a1}},
      {"break off", {soa(9), soa(7), a1, soa(9), a2}},
      {"are only the new SOA", {soa(9)}},
      {"are the new SOA twice", {soa(9), soa(9)}},
      {"have a meta type", {soa(9), soa(7), meta, soa(9), soa(9)}},
  };
  for (const auto& c : cases) {
    INFO(c.what);
    Fed fed({c.records});
    CHECK_FALSE(fed.taken);
  }
}

TEST_CASE("differences are applied only where they fit", "[xfr][ixfr]") {
  const auto base =
      zone_of("example.", "@ 300 SOA ns h 7 1 2 3 4\n@ 300 NS ns\na 300 A 192.0.2.1\n");
  const auto apply = [&](std::vector<dns::Record> deleted, std::vector<dns::Record> added,
                         const dns::Record& from = soa(7)) {
    return xfr::apply_ixfr(*base, {{from, soa(8), std::move(deleted), std::move(added)}});
  };
  const auto other_ttl = record("a.example.", RRType::A, "192.0.2.2", 60);
  SECTION("fit") {
    const auto next = apply({record("A.Example.", RRType::A, "192.0.2.1")}, {a2});
    REQUIRE(next);
    CHECK((*next)->serial() == Serial(8));
    CHECK((*next)->find(name_of("a.example."), RRType::A)->rdata.at(0) == a2.rdata);
  }
  SECTION("a new TTL is the whole RRset deleted and added") {
    const auto next = apply({a1}, {other_ttl});
    REQUIRE(next);
    CHECK((*next)->find(name_of("a.example."), RRType::A)->ttl == 60);
  }
  SECTION("the last record takes the name with it") {
    const auto next = apply({a1}, {});
    REQUIRE(next);
    CHECK((*next)->find(name_of("a.example.")) == nullptr);
  }
  SECTION("do not fit") {
    CHECK(apply({a2}, {}).error().code == Errc::conflict);
    CHECK(apply({a1, a1}, {}).error().code == Errc::conflict);
    CHECK(apply({}, {a1}).error().code == Errc::conflict);
    CHECK(apply({}, {a2, a2}).error().code == Errc::conflict);
    CHECK(apply({}, {other_ttl}).error().code == Errc::conflict);
    CHECK(apply({record("a.example.", RRType::A, "192.0.2.1", 60)}, {}).error().code ==
          Errc::conflict);
    CHECK(apply({record("b.example.", RRType::A, "192.0.2.1")}, {}).error().code == Errc::conflict);
    CHECK(apply({}, {}, soa(7, " 9 9 9 9")).error().code == Errc::conflict);
  }
}
