#include "dns/rdata.hpp"
#include "serving.hpp"

#include <catch2/catch.hpp>

using namespace taproot;
using namespace taproot::tests;
using dns::Rcode;
using dns::RRType;
using server::Transport;
using Kind = server::TransferEvent::Kind;

namespace {

/// A dispatcher that follows 192.0.2.1 without, and 192.0.2.2 with a key, for example.
struct Following : Serving {
  Following() {
    auto policy = std::make_shared<server::Policy>(*snapshot.policy);
    auto& rules = policy->notifiers[name_of("example.")];
    rules.push_back({"primary", {net::Prefix::from_text("192.0.2.1").value()}, {}});
    rules.push_back(
        {"primary", {net::Prefix::from_text("192.0.2.2").value()}, name_of("good.key.")});
    snapshot.policy = std::move(policy);
  }

  /// What a NOTIFY from this address is answered with.
  dns::Message notify(const std::string& address, const std::string& zone = "example.",
                      std::optional<std::uint32_t> serial = std::nullopt,
                      const std::optional<dns::TsigKey>& key = std::nullopt,
                      RRType qtype = RRType::SOA) {
    from = net::Endpoint::from_text(address + ":5353").value();
    dns::Message message;
    message.header.id = 77;
    message.header.opcode = dns::Opcode::notify;
    message.header.aa = true;
    message.question.push_back({name_of(zone), qtype, dns::Class::IN});
    if (serial) {
      const dns::Soa soa{
          name_of("ns.example."), name_of("h.example."), dns::Serial(*serial), 1, 2, 3, 4};
      message.answer.push_back({name_of(zone), RRType::SOA, dns::Class::IN, 1, soa.to_rdata()});
    }
    auto octets = message.compose().value();
    if (key) dns::TsigSession(*key).sign_request(octets, now);
    std::vector<std::uint8_t> out;
    handle(octets, Transport::udp, out);
    return dns::Message::parse(out).value();
  }
};

}  // namespace

TEST_CASE("NOTIFY is heeded from primaries that are followed", "[server][dispatch]") {
  Following server;
  const auto answer = server.notify("192.0.2.1", "EXAMPLE.", 42);
  CHECK(answer.header.rcode == Rcode::noerror);
  CHECK(answer.header.aa);
  CHECK(answer.header.qr);
  CHECK(answer.header.id == 77);
  CHECK(answer.header.opcode == dns::Opcode::notify);
  CHECK(answer.question.size() == 1);
  REQUIRE(server.events.size() == 1);
  CHECK(server.events[0].kind == Kind::notified);
  CHECK(server.events[0].apex == name_of("example."));
  CHECK(server.events[0].before == dns::Serial(42));
  server.notify("192.0.2.1");
  REQUIRE(server.events.size() == 2);
  CHECK_FALSE(server.events[1].before);
}

TEST_CASE("every other NOTIFY is refused and told", "[server][dispatch]") {
  struct Case {
    const char* what;
    const char* from;
    const char* zone;
    std::optional<dns::TsigKey> key;
    Rcode rcode;
    Kind kind;
  };
  const auto good = key_named("good.key.");
  const auto c = GENERATE_COPY(
      Case{"a stranger", "192.0.2.9", "example.", {}, Rcode::refused, Kind::refused},
      Case{"a zone of our own", "192.0.2.1", "big.", {}, Rcode::refused, Kind::refused},
      Case{"no zone", "192.0.2.1", "nothing.", {}, Rcode::refused, Kind::refused},
      Case{"below a zone", "192.0.2.1", "www.example.", {}, Rcode::refused, Kind::refused},
      Case{"without its key", "192.0.2.2", "example.", {}, Rcode::refused, Kind::refused},
      Case{"another's key", "192.0.2.2", "example.", key_named("other.key."), Rcode::refused,
           Kind::refused},
      Case{"a wrong secret", "192.0.2.2", "example.", key_named("good.key.", "guess"),
           Rcode::notauth, Kind::refused},
      Case{"its key from elsewhere", "192.0.2.9", "example.", good, Rcode::refused, Kind::refused},
      Case{"its key", "192.0.2.2", "example.", good, Rcode::noerror, Kind::notified});
  INFO(c.what);
  Following server;
  const auto answer = server.notify(c.from, c.zone, 7, c.key);
  CHECK(answer.header.rcode == c.rcode);
  REQUIRE(server.events.size() == 1);
  CHECK(server.events[0].kind == c.kind);
}

TEST_CASE("NOTIFY of another type is refused", "[server][dispatch]") {
  Following server;
  CHECK(server.notify("192.0.2.1", "example.", {}, {}, RRType::NS).header.rcode == Rcode::refused);
}

TEST_CASE("a zone that is withheld answers SERVFAIL and goes to nobody", "[server][dispatch]") {
  Serving server;
  const auto version = server.snapshot.zones->find(name_of("example."))->version();
  server.snapshot.zones = std::make_shared<const zonestore::ZoneSet>(
      server.snapshot.zones->with(name_of("example."), version, true));
  CHECK(server.snapshot.zones->find(name_of("example."))->kept() == version);
  std::vector<std::uint8_t> out;
  for (const auto qtype : {RRType::SOA, RRType::A, RRType::IXFR}) {
    server.from = net::Endpoint::from_text("192.0.2.53:5353").value();
    server.handle(request_for("example.", qtype), Transport::udp, out);
    CHECK(dns::Message::parse(out).value().header.rcode == Rcode::servfail);
  }
}
