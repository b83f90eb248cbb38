#include "server/secondaries.hpp"

#include "tests/support/zone_text.hpp"

#include <catch2/catch.hpp>

using namespace taproot;
using namespace std::chrono_literals;
using server::Secondaries;
using server::TransferEvent;
using Kind = TransferEvent::Kind;
using tests::name_of;

namespace {

const zonestore::WallTime noon{1795425243120ms};

TransferEvent event(Kind kind, const std::string& address = "192.0.2.1",
                    const std::string& key = "new.", const std::string& zone = "example.") {
  TransferEvent event;
  event.kind = kind;
  event.apex = name_of(zone);
  event.from = net::Endpoint::from_text(address + ":1000").value();
  if (!key.empty()) event.key = name_of(key);
  event.provider = "nsd";
  return event;
}

TransferEvent refused(const std::string& why, std::string_view asked = "AXFR") {
  auto it = event(Kind::refused, "192.0.2.1", "");
  it.asked = asked;
  it.why = why;
  return it;
}

}  // namespace

TEST_CASE("the key that each secondary used last is known", "[server][secondaries]") {
  Secondaries secondaries;
  const std::vector<dns::Name> keys = {name_of("new."), name_of("old.")};
  const auto words = [&] {
    return server::words_of_keys(keys, secondaries.of(name_of("example."), "nsd"));
  };
  CHECK(words() == "no secondary has come with any of its keys since the start");
  secondaries.on_event(event(Kind::finished, "192.0.2.1", "old."), noon);
  secondaries.on_event(event(Kind::finished, "192.0.2.2", "old.", "example.org."), noon);
  CHECK(words() == "key last used: old. by 192.0.2.1, 192.0.2.2; new. by nobody");
  secondaries.on_event(event(Kind::soa_query, "192.0.2.1", "new."), noon + 1s);
  CHECK(words() == "key last used: new. by 192.0.2.1, old. by 192.0.2.2");
  secondaries.on_event(event(Kind::soa_query, "192.0.2.1", ""), noon + 2s);  // says nothing
  secondaries.on_event(event(Kind::started, "192.0.2.2", "new."), noon + 3s);
  CHECK(words() == "key last used: new. by 192.0.2.1, 192.0.2.2; old. by nobody");
  const auto rows = secondaries.of(name_of("example."), "nsd");
  REQUIRE(rows.size() == 2);
  CHECK(rows[0].key == name_of("new."));
  CHECK(rows[0].when == noon + 1s);
  CHECK(secondaries.of(name_of("example."), "knot").empty());
  CHECK(server::words_of_keys({name_of("new.")}, rows).empty());
}

TEST_CASE("trouble is shown until it goes well again", "[server][secondaries]") {
  Secondaries secondaries;
  const auto trouble = [&] {
    const auto rows = secondaries.of(name_of("example."), "nsd");
    return rows.empty() ? std::string() : rows[0].trouble;
  };
  secondaries.on_event(refused("no rule"), noon);
  CHECK(trouble() == "AXFR refused: no rule");
  CHECK(secondaries.of(name_of("example."), "nsd")[0].when == std::nullopt);
  CHECK(secondaries.of(name_of("example.org."), "nsd").empty());
  SECTION("a transfer that ends well") {
    secondaries.on_event(event(Kind::finished), noon + 1s);
    CHECK(trouble().empty());
  }
  SECTION("one that breaks off") {
    auto aborted = event(Kind::aborted);
    aborted.why = "the peer stopped reading";
    secondaries.on_event(aborted, noon + 1s);
    CHECK(trouble() == "its transfer broke off: the peer stopped reading");
    CHECK(secondaries.of(name_of("example."), "nsd")[0].trouble_since == noon);
  }
  SECTION("a whole zone in place of differences") {
    auto whole = event(Kind::finished);
    whole.note = "it asked again";
    secondaries.on_event(whole, noon + 1s);
    CHECK(trouble() == "it asked again");
    secondaries.on_event(event(Kind::soa_query), noon + 2s);
    CHECK(trouble() == "it asked again");
    secondaries.on_event(event(Kind::finished), noon + 3s);
    CHECK(trouble().empty());
  }
  SECTION("the SOA, which was refused, is answered") {
    secondaries.on_event(event(Kind::soa_query), noon + 1s);
    CHECK_FALSE(trouble().empty());
    secondaries.on_event(refused("BADTIME", "SOA"), noon + 2s);
    secondaries.on_event(event(Kind::soa_query), noon + 3s);
    CHECK(trouble().empty());
  }
  SECTION("what is nobody's is not kept") {
    auto stranger = refused("no rule");
    stranger.provider.clear();
    stranger.apex = name_of("example.net.");
    secondaries.on_event(stranger, noon);
    CHECK(secondaries.of(name_of("example.net."), "").empty());
  }
}

TEST_CASE("what is kept of secondaries is bounded", "[server][secondaries]") {
  Secondaries secondaries;
  for (int i = 0; i < 6000; ++i) {
    const auto address = "10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250);
    auto bad = event(Kind::refused, address);
    bad.why = "x";
    secondaries.on_event(bad, noon + std::chrono::seconds(i));
    secondaries.on_event(event(Kind::started, address), noon + std::chrono::seconds(i));
  }
  const auto rows = secondaries.of(name_of("example."), "nsd");
  CHECK(rows.size() == Secondaries::max_known);
  CHECK(rows.back().address == net::Address::from_text("10.0.23.249").value());
}

TEST_CASE("what a secondary holds and took last is known by zone", "[server][secondaries]") {
  Secondaries secondaries;
  auto asked = event(Kind::started);
  asked.before = dns::Serial(7);
  secondaries.on_event(asked, noon);
  const auto row = [&](const char* zone) { return secondaries.of(name_of(zone), "nsd").at(0); };
  CHECK(row("example.").holds == dns::Serial(7));
  CHECK_FALSE(row("example.").last_transfer);
  auto took = event(Kind::finished);
  took.what = xfr::IxfrChoice::Kind::differences;
  took.serial = dns::Serial(9);
  took.octets = 120;
  secondaries.on_event(took, noon + 1s);
  CHECK(row("example.").holds == dns::Serial(9));
  REQUIRE(row("example.").last_transfer);
  CHECK(row("example.").last_transfer->octets == 120);
  CHECK(row("example.").last_transfer->when == noon + 1s);
  // One that broke off says nothing of what it holds.
  auto broken = event(Kind::aborted);
  broken.serial = dns::Serial(10);
  secondaries.on_event(broken, noon + 2s);
  CHECK(row("example.").holds == dns::Serial(9));
  CHECK_FALSE(row("example.org.").holds);
}
