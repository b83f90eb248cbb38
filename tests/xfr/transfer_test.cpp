#include "xfr/transfer.hpp"

#include "dns/tsig.hpp"
#include "tests/support/zone_text.hpp"
#include "tests/xfr/random_zone.hpp"
#include "tests/xfr/secondary.hpp"

#include <catch2/catch.hpp>

using namespace taproot;
using dns::RRType;
using tests::Messages;
using tests::TransferRequest;

namespace {

using Version = std::shared_ptr<const zonestore::ZoneVersion>;

/// An AXFR of `version`, taken apart.
std::vector<dns::Record> axfr_of(const Version& version, bool edns = false) {
  const TransferRequest request(version->apex(), RRType::AXFR, {}, edns);
  xfr::Transfer transfer(request.query, version, {});
  const auto messages = tests::pull_all(transfer);
  const auto records = tests::records_in(messages, request.query);
  CHECK(transfer.records() == records.size());
  CHECK(transfer.serial() == version->serial());
  for (const auto& message : messages) CHECK(message.size() <= 16384);
  return records;
}

/// A zone of `count` delegations with glue.
Version delegations(std::size_t count) {
  zonestore::ZoneBuilder builder(tests::name_of("example."));
  std::string text = "@ 60 SOA ns admin 1 1 1 1 1\n@ 60 NS ns.other.test.\n";
  for (std::size_t i = 0; i < count; ++i) {
    const auto n = std::to_string(i);
    text += "zone" + n + " 60 NS ns1.zone" + n + "\nzone" + n + " 60 NS ns2.other.test.\n" +
            "ns1.zone" + n + " 60 A 192.0.2.1\n";
  }
  return tests::zone_of("example.", text);
}

}  // namespace

TEST_CASE("an AXFR is the zone, between two SOAs", "[xfr][transfer]") {
  const auto version = tests::zone_of("example.", R"(
@   60 SOA   ns admin 7 1 1 1 1
@   60 NS    ns
ns  60 A     192.0.2.1
a.b 60 TXT   "below an empty non-terminal"
sub 60 NS    ns.sub
ns.sub 60 A  192.0.2.2
x.y.sub 60 A 192.0.2.3
)");
  const std::string soa = "example. 60 SOA ns.example. admin.example. 7 1 1 1 1\n";
  CHECK(tests::text_of(axfr_of(version)) ==
        soa +
            "example. 60 NS ns.example.\n"
            "a.b.example. 60 TXT \"below an empty non-terminal\"\n"
            "ns.example. 60 A 192.0.2.1\n"
            "sub.example. 60 NS ns.sub.example.\n"
            "ns.sub.example. 60 A 192.0.2.2\n"
            "x.y.sub.example. 60 A 192.0.2.3\n" +
            soa);
}

TEST_CASE("an AXFR of any zone leads to the same zone", "[xfr][transfer]") {
  const auto seed = GENERATE(range(0u, 30u));
  const tests::RandomZone zone(seed, seed * 20);
  const auto records = axfr_of(zone.version(), seed % 2 == 0);
  tests::check_same(tests::apply_axfr(records), tests::records_of(*zone.version()));
}

TEST_CASE("an AXFR of many messages holds the version it began with", "[xfr][transfer]") {
  Version version = delegations(3000);
  const auto expected = tests::records_of(*version);
  const TransferRequest request(version->apex(), RRType::AXFR, {}, true);
  xfr::Transfer transfer(request.query, version, {});
  version.reset();
  const auto messages = tests::pull_all(transfer);
  CHECK(messages.size() > 5);
  tests::check_same(tests::apply_axfr(tests::records_in(messages, request.query)), expected);
  for (std::size_t i = 0; i + 1 < messages.size(); ++i) CHECK(messages[i].size() > 15000);
}

TEST_CASE("delegations are compressed", "[xfr][transfer]") {
  const auto version = delegations(1000);
  const TransferRequest request(version->apex(), RRType::AXFR, {}, false);
  xfr::Transfer transfer(request.query, version, {});
  std::size_t octets = 0;
  for (const auto& message : tests::pull_all(transfer)) octets += message.size();
  // Each: owner "zone123" and pointer 10, ns1 and pointer 6, pointer 2, again 2, glue's 6;
  // fixed fields 3 x 10, address 4.
  CHECK(octets / 1000 <= 62);
}

TEST_CASE("a record larger than a usual message has one for itself", "[xfr][transfer]") {
  std::string large;
  for (int i = 0; i < 230; ++i) large += "\"" + std::string(250, 'x') + "\" ";
  const auto version =
      tests::zone_of("example.", "@ 60 SOA ns admin 7 1 1 1 1\n@ 60 NS ns.test.\na 60 TXT " +
                                     large + "\nb 60 TXT " + large + "\nc 60 A 192.0.2.1\n");
  const TransferRequest request(version->apex(), RRType::AXFR, {}, false);
  xfr::Transfer transfer(request.query, version, {});
  const auto messages = tests::pull_all(transfer, 300);
  CHECK(messages.size() == 4);
  for (const auto& message : messages) CHECK(message.size() <= 65535 - 300);
  tests::check_same(tests::apply_axfr(tests::records_in(messages, request.query)),
                    tests::records_of(*version));
}

TEST_CASE("a transfer whose record fits nowhere fails instead of going on", "[xfr][transfer]") {
  const auto version =
      tests::zone_of("example.", "@ 60 SOA ns admin 7 1 1 1 1\n@ 60 NS ns.test.\na 60 TXT " +
                                     std::string(200, 'x') + "\n");
  const TransferRequest request(version->apex(), RRType::AXFR, {}, false);
  xfr::Transfer transfer(request.query, version, {});
  std::vector<std::uint8_t> buffer(GENERATE(as<std::size_t>{}, 10, 40, 150));
  while (transfer.next(buffer, 0) > 0) {
  }
  CHECK(transfer.failed());
  CHECK_FALSE(transfer.done());
  CHECK(transfer.next(buffer, 0) == 0);
}

TEST_CASE("every message of a transfer can be signed", "[xfr][transfer][tsig]") {
  const auto version = delegations(3000);
  dns::TsigKey key{tests::name_of("a.rather.long.name.for.a.key.example."),
                   dns::TsigAlgorithm::hmac_sha512, Secret("0123456789abcdef0123456789abcdef")};
  constexpr dns::TsigTime now = 1'800'000'000;

  auto octets = TransferRequest(version->apex(), RRType::AXFR, {}, true).octets;
  dns::TsigSession client(key);
  client.sign_request(octets, now);
  dns::Query query;
  REQUIRE(dns::Query::parse(octets, query) == dns::Query::Trouble::none);
  dns::TsigVerdict verdict;
  auto session = dns::TsigSession::check_request(octets, query.tsig_at, {key}, now, verdict);
  REQUIRE(session);
  REQUIRE(verdict.authentic);

  xfr::Transfer transfer(query, version, {});
  Messages messages;
  while (!transfer.done()) {
    std::vector<std::uint8_t> buffer(xfr::Transfer::buffer_size);
    const auto size = transfer.next(buffer, session->max_size());
    REQUIRE(size > 0);
    buffer.resize(session->sign_answer(buffer, size, now).value());
    messages.push_back(std::move(buffer));
  }
  CHECK(messages.size() > 5);
  for (const auto& message : messages) {
    const auto parsed = dns::Message::parse(message).value();
    const auto check = client.check_answer(message, parsed.tsig_at, now);
    INFO(check.why);
    CHECK(check.error == dns::TsigError::none);
    CHECK(check.authentic);
  }
  tests::check_same(tests::apply_axfr(tests::records_in(messages, query)),
                    tests::records_of(*version));
}

TEST_CASE("an IXFR from any earlier version leads to this one", "[xfr][transfer][ixfr]") {
  const auto seed = GENERATE(range(0u, 4u));
  tests::RandomZone zone(seed, 150);
  std::vector<Version> versions = {zone.version()};
  for (int i = 0; i < 20; ++i) {
    zone.change(1 + (static_cast<std::size_t>(i) * 7 + seed) % 9);
    versions.push_back(zone.version());
  }
  for (const auto& to : versions) {
    const auto expected = tests::records_of(*to);
    for (const auto& from : versions) {
      if (from->serial() >= to->serial()) break;
      CAPTURE(from->serial().value(), to->serial().value());
      const TransferRequest request(to->apex(), RRType::IXFR, from->serial(), true);
      auto choice = xfr::choose_ixfr(*to, from->serial());
      const auto kind = choice.kind;
      REQUIRE(kind != xfr::IxfrChoice::Kind::current);
      xfr::Transfer transfer(request.query, to, std::move(choice));
      const auto records = tests::records_in(tests::pull_all(transfer), request.query);
      const bool whole = kind == xfr::IxfrChoice::Kind::whole_zone;
      tests::check_same(
          whole ? tests::apply_axfr(records) : tests::apply_ixfr(tests::records_of(*from), records),
          expected);
    }
  }
}

TEST_CASE("an IXFR deletes and adds no record that stays", "[xfr][transfer][ixfr]") {
  const auto before = tests::zone_of("example.", R"(
@ 60 SOA ns admin 7 1 1 1 1
@ 60 NS ns.test.
a 60 A 192.0.2.1
a 60 A 192.0.2.2
b 60 A 192.0.2.1
b 60 A 192.0.2.2
)");
  zonestore::ZoneBuilder builder(*before);
  for (auto& rrset : tests::rrsets_of(before->apex(),
                                      "@ 60 SOA ns admin 8 1 1 1 1\na 60 A 192.0.2.2\n"
                                      "a 60 A 192.0.2.3\nb 90 A 192.0.2.1\nb 90 A 192.0.2.2\n")) {
    builder.put(std::move(rrset));
  }
  const auto after = builder.finish().value();
  zonestore::ZoneBuilder with_history(*after);
  with_history.push_history(
      std::make_shared<const zonestore::ChangeSet>(zonestore::changes_between(*before, *after)), 10,
      10000);
  const Version version = with_history.finish().value();
  const TransferRequest request(version->apex(), RRType::IXFR, before->serial(), false);
  xfr::Transfer transfer(request.query, version, xfr::choose_ixfr(*version, before->serial()));
  const std::string soa7 = "example. 60 SOA ns.example. admin.example. 7 1 1 1 1\n";
  const std::string soa8 = "example. 60 SOA ns.example. admin.example. 8 1 1 1 1\n";
  CHECK(tests::text_of(tests::records_in(tests::pull_all(transfer), request.query)) ==
        soa8 + soa7 +
            "a.example. 60 A 192.0.2.1\n"
            "b.example. 60 A 192.0.2.1\nb.example. 60 A 192.0.2.2\n" +
            soa8 +
            "a.example. 60 A 192.0.2.3\n"
            "b.example. 90 A 192.0.2.1\nb.example. 90 A 192.0.2.2\n" +
            soa8);
}

TEST_CASE("a secondary that is current gets the SOA alone", "[xfr][transfer][ixfr]") {
  const auto version =
      tests::zone_of("example.", "@ 60 SOA ns admin 7 1 1 1 1\n@ 60 NS ns.test.\n");
  const TransferRequest request(version->apex(), RRType::IXFR, dns::Serial(7), true);
  xfr::Transfer transfer(request.query, version, xfr::choose_ixfr(*version, dns::Serial(7)));
  CHECK(transfer.kind() == xfr::IxfrChoice::Kind::current);
  const auto messages = tests::pull_all(transfer);
  CHECK(tests::text_of(tests::records_in(messages, request.query)) ==
        "example. 60 SOA ns.example. admin.example. 7 1 1 1 1\n");
}

TEST_CASE("the root zone can be transferred", "[xfr][transfer]") {
  const auto version =
      tests::zone_of(".", "@ 60 SOA ns. admin. 7 1 1 1 1\n@ 60 NS ns.\nns 60 A 192.0.2.1\n");
  tests::check_same(tests::apply_axfr(axfr_of(version)), tests::records_of(*version));
}

TEST_CASE("a message keeps to its room, however little there is", "[xfr][transfer]") {
  const auto apex = GENERATE(as<std::string>(), ".", "a.", "example.test.");
  const auto version = tests::zone_of(
      apex, "@ 60 SOA b. cc. 7 1 1 1 1\n@ 60 NS d.\n@ 60 NS e.\nd 60 NS f.d\nd 60 NS g.\n");
  const TransferRequest request(version->apex(), RRType::AXFR, {}, false);
  constexpr std::size_t signature = 50;
  for (std::size_t room = 12; room < 130; ++room) {
    CAPTURE(apex, room);
    xfr::Transfer transfer(request.query, version, {});
    std::vector<std::uint8_t> buffer(room + signature);
    while (const std::size_t size = transfer.next(buffer, signature)) CHECK(size <= room);
    CHECK(transfer.done() != transfer.failed());
  }
}
