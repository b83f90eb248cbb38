#include "server/dispatch.hpp"

#include "tests/server/serving.hpp"

#include <catch2/catch.hpp>

#include <random>

using namespace taproot;
using dns::Rcode;
using dns::RRType;
using server::Transport;
using tests::name_of;
using tests::request_for;
using tests::Serving;
using tests::text_of;
using Event = server::TransferEvent;
using Kind = server::TransferEvent::Kind;

namespace {

/// The reply's message; for a transfer its first one.
dns::Message message_of(Serving& serving, Octets request, Transport transport) {
  std::vector<std::uint8_t> octets;
  auto reply = serving.handle(request, transport, octets);
  if (reply.transfer) {
    octets.resize(server::Dispatch::buffer_size);
    octets.resize(reply.transfer->next(octets));
    if (reply.transfer->done()) reply.transfer->finish();
  }
  return dns::Message::parse(octets).value();
}

}  // namespace

TEST_CASE("what cannot be parsed is dropped or gets FORMERR", "[server][dispatch]") {
  Serving serving;
  std::vector<std::uint8_t> out;
  const auto transport = GENERATE(Transport::udp, Transport::tcp);

  auto response = request_for("example.", RRType::A);
  response[2] |= 0x80;
  for (const auto& silent :
       {std::vector<std::uint8_t>{}, std::vector<std::uint8_t>(11), response}) {
    serving.handle(silent, transport, out);
    CHECK(out.empty());
  }
  CHECK(serving.counters.dropped.value() == 3);

  auto cut = request_for("example.", RRType::A);
  cut.resize(cut.size() - 1);
  const auto message = message_of(serving, cut, transport);
  CHECK(message.header.rcode == Rcode::formerr);
  CHECK(message.header.id == (cut[0] << 8 | cut[1]));
  CHECK(message_of(serving, std::vector<std::uint8_t>(12), transport).header.rcode ==
        Rcode::formerr);
}

TEST_CASE("opcodes other than QUERY are not carried out", "[server][dispatch]") {
  Serving serving;
  struct Case {
    unsigned opcode;
    Rcode rcode;
  };
  const auto c = GENERATE(Case{1, Rcode::notimp}, Case{2, Rcode::notimp}, Case{3, Rcode::notimp},
                          Case{4, Rcode::refused}, Case{5, Rcode::notimp}, Case{6, Rcode::notimp},
                          Case{15, Rcode::notimp});
  auto request = request_for("example.", RRType::SOA);
  request[2] = static_cast<std::uint8_t>(c.opcode << 3);
  const auto message = message_of(serving, request, Transport::udp);
  CHECK(message.header.rcode == c.rcode);
  CHECK(static_cast<unsigned>(message.header.opcode) == c.opcode);
  REQUIRE(serving.events.size() == (c.opcode == 4 ? 1 : 0));
  if (c.opcode == 4) CHECK(serving.events[0].asked == "NOTIFY");
}

TEST_CASE("an EDNS version we do not know gets BADVERS", "[server][dispatch]") {
  Serving serving;
  const auto qtype = GENERATE(RRType::A, RRType::AXFR);
  auto query = dns::make_query(name_of("example."), qtype);
  query.edns->version = 1;
  const auto message = message_of(serving, *query.compose(), Transport::tcp);
  CHECK(message.header.rcode == Rcode::badvers);
  CHECK(message.edns->version == 0);
  CHECK(message.answer.empty());
}

TEST_CASE("UDP answers keep to the requester's size and to ours", "[server][dispatch]") {
  Serving serving;
  std::string text = "@ 60 SOA ns.test. admin 9 1 1 1 60\n@ 60 NS ns.test.\n";
  for (int i = 0; i < 200; ++i) {
    text += "a 60 A 10.0.0." + std::to_string(i) + "\n";
    if (i < 60) text += "b 60 A 10.0.0." + std::to_string(i) + "\n";
  }
  serving.snapshot.zones = std::make_shared<const zonestore::ZoneSet>(
      zonestore::ZoneSet().with(name_of("z."), tests::zone_of("z.", text)));
  const auto truncated = [&](const char* qname, std::uint16_t size, Transport transport) {
    const auto request = request_for(qname, RRType::A, 0, size);
    return message_of(serving, request, transport).header.tc;
  };
  CHECK(truncated("a.z.", 4096, Transport::udp));
  CHECK_FALSE(truncated("a.z.", 4096, Transport::tcp));
  CHECK_FALSE(truncated("a.z.", 0, Transport::tcp));
  CHECK(truncated("b.z.", 0, Transport::udp));
  CHECK(truncated("b.z.", 900, Transport::udp));
  CHECK_FALSE(truncated("b.z.", 1232, Transport::udp));
  CHECK(serving.counters.truncated.value() == 3);
}

TEST_CASE("who may have a transfer, and what the others get", "[server][dispatch][access]") {
  enum class Sign { no, good, other, unknown, forged, late };
  struct Case {
    const char* what;
    const char* zone;
    RRType qtype;
    Transport transport;
    const char* from;
    Sign sign;
    Rcode rcode;
    bool transferred;
  };
  const auto tcp = Transport::tcp;
  const auto udp = Transport::udp;
  const char* const friendly = "192.0.2.53:1000";
  const char* const stranger = "203.0.113.1:1000";
  const std::vector<Case> cases = {
      {"by address", "example.", RRType::AXFR, tcp, friendly, Sign::no, Rcode::noerror, true},
      {"by address, IXFR", "example.", RRType::IXFR, tcp, friendly, Sign::no, Rcode::noerror, true},
      {"by key", "example.", RRType::AXFR, tcp, stranger, Sign::good, Rcode::noerror, true},
      {"by key, IXFR", "example.", RRType::IXFR, tcp, stranger, Sign::good, Rcode::noerror, true},
      {"by address and another key", "example.", RRType::AXFR, tcp, friendly, Sign::other,
       Rcode::noerror, true},
      {"a stranger", "example.", RRType::AXFR, tcp, stranger, Sign::no, Rcode::refused, false},
      {"a stranger, IXFR", "example.", RRType::IXFR, tcp, stranger, Sign::no, Rcode::refused,
       false},
      {"a stranger, IXFR over UDP", "example.", RRType::IXFR, udp, stranger, Sign::no,
       Rcode::refused, false},
      {"another key", "example.", RRType::AXFR, tcp, stranger, Sign::other, Rcode::refused, false},
      {"an unknown key", "example.", RRType::AXFR, tcp, friendly, Sign::unknown, Rcode::notauth,
       false},
      {"a forged signature", "example.", RRType::AXFR, tcp, friendly, Sign::forged, Rcode::notauth,
       false},
      {"a late signature", "example.", RRType::AXFR, tcp, friendly, Sign::late, Rcode::notauth,
       false},
      {"a zone that is not ours", "test.", RRType::AXFR, tcp, friendly, Sign::good, Rcode::notauth,
       false},
      {"a name that is no apex", "ns.example.", RRType::AXFR, tcp, friendly, Sign::good,
       Rcode::notauth, false},
      {"not loaded, a stranger", "broken.", RRType::AXFR, tcp, friendly, Sign::no, Rcode::refused,
       false},
      {"not loaded", "broken.", RRType::AXFR, tcp, stranger, Sign::good, Rcode::servfail, false},
      {"AXFR over UDP", "example.", RRType::AXFR, udp, friendly, Sign::no, Rcode::notimp, false},
  };
  for (const auto& c : cases) {
    INFO(c.what);
    Serving serving;
    serving.from = net::Endpoint::from_text(c.from).value();
    auto request = request_for(c.zone, c.qtype);
    if (c.sign != Sign::no) {
      auto key = tests::key_named(c.sign == Sign::other     ? "other.key."
                                  : c.sign == Sign::unknown ? "unknown.key."
                                                            : "good.key.",
                                  c.sign == Sign::forged ? "a guess" : "a secret");
      dns::TsigSession(key).sign_request(request,
                                         tests::test_time - (c.sign == Sign::late ? 1000 : 0));
    }
    const auto message = message_of(serving, request, c.transport);
    CHECK(message.header.rcode == c.rcode);
    CHECK(message.answer.size() == (c.transferred ? message.answer.size() : 0));
    CHECK(message.answer.empty() != c.transferred);
    CHECK(message.tsig_at.has_value() == (c.sign != Sign::no));
    const bool told_refused = !serving.events.empty() && serving.events[0].kind == Kind::refused;
    CHECK(told_refused == (!c.transferred && c.rcode != Rcode::notimp));
    if (told_refused) CHECK_FALSE(serving.events[0].why.empty());
    if (c.transferred) {
      REQUIRE(serving.events.size() == 2);
      CHECK(serving.events[0].kind == Kind::started);
      CHECK(serving.events[1].kind == Kind::finished);
      CHECK(serving.events[1].serial == dns::Serial(3));
      CHECK(serving.events[1].records == message.answer.size());
      CHECK(serving.events[1].messages == 1);
      CHECK(serving.events[1].apex == name_of("example."));
      CHECK(serving.events[1].before.has_value() == (c.qtype == RRType::IXFR));
    }
  }
}

TEST_CASE("an IXFR without a serial gets FORMERR", "[server][dispatch]") {
  Serving serving;
  serving.from = net::Endpoint::from_text("192.0.2.53:1000").value();
  auto message = dns::make_query(name_of("example."), RRType::IXFR);
  SECTION("no record") {}
  SECTION("no SOA") {
    message.authority.push_back({name_of("example."), RRType::A, dns::Class::IN, 0,
                                 dns::rdata_from_text(RRType::A, "192.0.2.1", {}).value()});
  }
  SECTION("another zone's SOA") {
    message.authority.push_back(
        {name_of("test."), RRType::SOA, dns::Class::IN, 0, dns::Soa().to_rdata()});
  }
  CHECK(message_of(serving, *message.compose(), Transport::tcp).header.rcode == Rcode::formerr);
}

TEST_CASE("an IXFR over UDP is whole or only says the serial", "[server][dispatch][ixfr]") {
  Serving serving;
  serving.from = net::Endpoint::from_text("192.0.2.53:1000").value();
  const std::string soa = "example. 60 SOA ns.example. admin.example. 3 1 1 1 60\n";
  const auto answer = [&](std::uint32_t serial, std::uint16_t size) {
    const auto message =
        message_of(serving, request_for("example.", RRType::IXFR, serial, size), Transport::udp);
    CHECK(message.header.rcode == Rcode::noerror);
    CHECK(message.header.aa);
    CHECK_FALSE(message.header.tc);
    return message.answer;
  };
  CHECK(answer(2, 1232).size() == 5);  // SOA 3, SOA 2, SOA 3, one record, SOA 3
  REQUIRE(serving.events.size() == 1);
  CHECK(serving.events[0].kind == Kind::finished);
  CHECK_FALSE(serving.events[0].over_tcp);
  CHECK(text_of(answer(3, 1232)) == soa);
  CHECK(text_of(answer(77, 1232)) == soa);  // ahead of us
  CHECK(text_of(answer(0, 1232)) == soa);   // before history: whole zone, over TCP
  CHECK(serving.events.size() == 1);
}

TEST_CASE("signed queries get signed answers", "[server][dispatch][tsig]") {
  Serving serving;
  const auto transport = GENERATE(Transport::udp, Transport::tcp);
  for (const char* qname : {"example.", "nothing.example.", "test."}) {
    auto request = request_for(qname, RRType::SOA);
    dns::TsigSession client(tests::key_named("good.key."));
    client.sign_request(request, tests::test_time);
    std::vector<std::uint8_t> out;
    serving.handle(request, transport, out);
    const auto message = dns::Message::parse(out).value();
    REQUIRE(message.tsig_at);
    const auto verdict = client.check_answer(out, message.tsig_at, tests::test_time);
    INFO(verdict.why);
    CHECK(verdict.authentic);
  }
  CHECK(serving.counters.signed_requests.value() == 3);
  CHECK(serving.counters.tsig_failures.value() == 0);
}

TEST_CASE("a signature of the longest names still fits beside 512 octets", "[server][dispatch]") {
  Serving serving;
  const std::string label(61, 'k');
  const std::string longest = label + "." + label + "." + label + "." + label + ".";
  auto policy = *serving.snapshot.policy;
  policy.keys = {tests::key_named(longest)};
  serving.snapshot.policy = std::make_shared<const server::Policy>(std::move(policy));
  auto request = request_for(longest, RRType::A, 0, 0);
  dns::TsigSession client(tests::key_named(longest));
  client.sign_request(request, tests::test_time);
  std::vector<std::uint8_t> out;
  serving.handle(request, Transport::udp, out);
  const auto message = dns::Message::parse(out).value();
  CHECK(message.header.rcode == Rcode::refused);
  CHECK(client.check_answer(out, message.tsig_at, tests::test_time).authentic);
}

TEST_CASE("every message of a signed transfer is signed", "[server][dispatch][tsig]") {
  Serving serving;
  auto request = request_for("big.", RRType::AXFR);
  dns::TsigSession client(tests::key_named("good.key."));
  client.sign_request(request, tests::test_time);
  std::vector<std::uint8_t> out;
  auto reply = serving.handle(request, Transport::tcp, out);
  REQUIRE(reply.transfer);
  std::size_t messages = 0;
  for (; !reply.transfer->done(); ++messages) {
    out.assign(server::Dispatch::buffer_size, 0);
    out.resize(reply.transfer->next(out));
    const auto message = dns::Message::parse(out).value();
    CHECK(client.check_answer(out, message.tsig_at, tests::test_time).authentic);
  }
  CHECK(messages > 10);
  CHECK(reply.transfer->next(out) == 0);
  CHECK_FALSE(reply.transfer->failed());
}

TEST_CASE("a transfer that is not finished is told as aborted", "[server][dispatch]") {
  Serving serving;
  serving.from = net::Endpoint::from_text("192.0.2.53:1000").value();
  std::vector<std::uint8_t> out;
  auto reply = serving.handle(request_for("big.", RRType::AXFR), Transport::tcp, out);
  reply.transfer.reset();
  REQUIRE(serving.events.size() == 2);
  CHECK(serving.events[1].kind == Kind::aborted);
  CHECK(serving.events[1].provider == "by-address");
  CHECK_FALSE(serving.events[1].why.empty());
  CHECK(serving.counters.transfers_aborted.value() == 1);
}

TEST_CASE("a secondary that asks for the SOA is told of", "[server][dispatch]") {
  Serving serving;
  const auto soa = request_for("EXAMPLE.", RRType::SOA);
  message_of(serving, soa, Transport::udp);
  CHECK(serving.events.empty());  // a stranger
  serving.from = net::Endpoint::from_text("192.0.2.53:1000").value();
  message_of(serving, soa, Transport::udp);
  REQUIRE(serving.events.size() == 1);
  CHECK(serving.events[0].kind == Kind::soa_query);
  CHECK(serving.events[0].provider == "by-address");
  CHECK(serving.events[0].apex == name_of("example."));
  message_of(serving, request_for("ns.example.", RRType::SOA), Transport::udp);
  message_of(serving, request_for("broken.", RRType::SOA), Transport::udp);
  CHECK(serving.events.size() == 1);
}

TEST_CASE("refusals told are bounded by the second", "[server][dispatch]") {
  Serving serving;
  const auto request = request_for("example.", RRType::AXFR);
  for (int i = 0; i < 1000; ++i) message_of(serving, request, Transport::tcp);
  CHECK(serving.events.size() == 5);
  CHECK(serving.counters.transfers_refused.value() == 1000);
  CHECK(serving.counters.refusals.value() == 1000);
  CHECK(serving.counters.refusals_told.value() == 5);
  // One source does not hide what befalls another.
  serving.from = net::Endpoint::from_text("203.0.113.77:1").value();
  message_of(serving, request, Transport::tcp);
  CHECK(serving.events.size() == 6);
  for (unsigned i = 0; i < 5000; ++i) {
    serving.from = net::Endpoint::from_text("198.18." + std::to_string(i / 250) + "." +
                                            std::to_string(i % 250) + ":1")
                       .value();
    message_of(serving, request, Transport::tcp);
  }
  CHECK(serving.events.size() == 100);
  ++serving.now;
  message_of(serving, request, Transport::tcp);
  CHECK(serving.events.size() == 101);
}

TEST_CASE("differences that did not help are not sent again", "[server][dispatch][ixfr]") {
  Serving serving;
  xfr::DeliveredDifferences delivered;
  serving.snapshot.delivered = &delivered;
  serving.from = net::Endpoint::from_text("192.0.2.53:1000").value();
  // SOA 3, SOA 1, SOA 2, one record, SOA 2, SOA 3, one record, SOA 3; and the zone has 5 records.
  const auto ask = [&](std::uint32_t serial, Transport transport = Transport::tcp) {
    serving.events.clear();
    const auto request = request_for("example.", RRType::IXFR, serial);
    return message_of(serving, request, transport).answer.size();
  };
  CHECK(ask(1) == 8);
  CHECK(serving.events.back().note.empty());
  CHECK(ask(1) == 6);
  CHECK(serving.events.back().note ==
        "it asked again for the differences from serial 1, so it is given the whole zone");
  CHECK(ask(1) == 6);  // as long as it does not move on
  CHECK(ask(2) == 5);  // it did
  CHECK(ask(2) == 6);
  CHECK(ask(3) == 1);
  serving.from = net::Endpoint::from_text("127.0.0.1:1000").value();
  CHECK(ask(2) == 5);  // another secondary

  SECTION("who breaks off is not given them twice") {
    const bool by_peer = GENERATE(true, false);
    std::vector<std::uint8_t> out;
    auto reply = serving.handle(request_for("example.", RRType::IXFR, 1), Transport::tcp, out);
    reply.transfer->set_reason("the connection ended", by_peer);
    reply.transfer.reset();
    CHECK(ask(1) == (by_peer ? 6 : 8));
    CHECK((serving.events.back().note.find("broke off") != std::string::npos) == by_peer);
  }
  SECTION("several behind one address are given them once each") {
    auto policy = *serving.snapshot.policy;
    policy.crowds[{"by-address", serving.from.address()}] = 3;
    serving.snapshot.policy = std::make_shared<const server::Policy>(std::move(policy));
    CHECK(ask(2) == 5);
    CHECK(ask(2) == 5);
    CHECK(ask(2) == 6);
  }
  SECTION("datagrams may be lost a few times") {
    for (int i = 0; i < 4; ++i) CHECK(ask(1, Transport::udp) == 8);
    CHECK(ask(1, Transport::udp) == 1);  // it should come over TCP
    CHECK(ask(1) == 6);
  }
}

TEST_CASE("any octets get silence or a valid message", "[server][dispatch]") {
  Serving serving;
  std::mt19937 random(GENERATE(range(0u, 10u)));
  for (int i = 0; i < 300; ++i) {
    auto request = request_for("host2.example.", i % 3 == 0 ? RRType::IXFR : RRType::A);
    if (i % 2 == 0) dns::TsigSession(tests::key_named("good.key.")).sign_request(request, 1);
    for (std::size_t n = 1 + random() % 5; n > 0; --n) {
      request[random() % request.size()] = static_cast<std::uint8_t>(random());
    }
    if (random() % 4 == 0) request.resize(random() % request.size());
    std::vector<std::uint8_t> out;
    const auto transport = i % 5 == 0 ? Transport::tcp : Transport::udp;
    const auto reply = serving.handle(request, transport, out);
    if (reply.transfer || out.empty()) continue;
    const auto message = dns::Message::parse(out);
    REQUIRE(message);
    CHECK(message->header.qr);
    CHECK((transport == Transport::tcp || out.size() <= 1232));
  }
}
