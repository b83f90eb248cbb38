#include "net/udp_socket.hpp"

#include "tests/net/run_until.hpp"

#include <catch2/catch.hpp>

namespace taproot::net {

namespace {

const UdpSocket::OnDatagram ignore = [](Octets, const Endpoint&) {};

}  // namespace

TEST_CASE("unconnected sockets hear and answer anybody", "[net][udp]") {
  const auto address = GENERATE(loopback, loopback_ipv6);
  CAPTURE(address.to_text());
  Loop loop;
  std::unique_ptr<UdpSocket> echo;
  echo = *UdpSocket::open(
      loop, address, [&](Octets datagram, const Endpoint& from) { echo->send(datagram, from); });
  std::string heard;
  Endpoint from;
  const auto asker =
      *UdpSocket::open(loop, std::nullopt, [&](Octets datagram, const Endpoint& peer) {
        heard = text_of(datagram);
        from = peer;
      });
  CHECK(echo->local().port() != 0);
  CHECK(asker->send(octets_of("hello"), echo->local()));
  REQUIRE(run_until(loop, [&] { return !heard.empty(); }));
  CHECK(heard == "hello");
  CHECK(from == echo->local());
}

TEST_CASE("a connected socket hears its peer only", "[net][udp]") {
  Loop loop;
  std::vector<std::string> heard;
  std::unique_ptr<UdpSocket> peer;
  Endpoint asked_from;
  peer = *UdpSocket::open(loop, loopback, [&](Octets datagram, const Endpoint& from) {
    asked_from = from;
    peer->send(datagram, from);
  });
  const auto stranger = *UdpSocket::open(loop, loopback, ignore);
  const auto asker = *UdpSocket::connect(loop, peer->local(), loopback,
                                         [&](Octets datagram, const Endpoint& from) {
                                           CHECK(from == peer->local());
                                           heard.emplace_back(text_of(datagram));
                                         });
  stranger->send(octets_of("forged"), asker->local());
  CHECK(asker->send(octets_of("asked")));
  REQUIRE(run_until(loop, [&] { return !heard.empty(); }));
  CHECK(heard == std::vector<std::string>{"asked"});
  CHECK(asked_from == asker->local());
}

TEST_CASE("a connected socket is told when nobody listens", "[net][udp]") {
  Loop loop;
  const auto gone = (*UdpSocket::open(loop, loopback, ignore))->local();
  std::optional<Error> told;
  const auto asker = *UdpSocket::connect(loop, gone, std::nullopt, ignore,
                                         [&](const Error& error) { told = error; });
  asker->send(octets_of("anybody?"));
  REQUIRE(run_until(loop, [&] { return told.has_value(); }));
  CHECK(told->code == Errc::io);
}

TEST_CASE("a datagram without octets is a datagram", "[net][udp]") {
  Loop loop;
  std::optional<std::size_t> size;
  const auto hearer = *UdpSocket::open(
      loop, loopback, [&](Octets datagram, const Endpoint&) { size = datagram.size(); });
  const auto asker = *UdpSocket::open(loop, loopback, ignore);
  asker->send({}, hearer->local());
  REQUIRE(run_until(loop, [&] { return size.has_value(); }));
  CHECK(*size == 0);
}

TEST_CASE("sockets that cannot be opened say so", "[net][udp]") {
  Loop loop;
  const auto taken = *UdpSocket::open(loop, loopback, ignore);
  const auto again = UdpSocket::open(loop, taken->local(), ignore);
  REQUIRE_FALSE(again);
  CHECK(again.error().code == Errc::in_use);
  CHECK_THAT(again.error().detail, Catch::Contains(taken->local().to_text()));

  const auto foreign = UdpSocket::open(loop, *Endpoint::from_text("192.0.2.1:0"), ignore);
  REQUIRE_FALSE(foreign);
  CHECK(foreign.error().code == Errc::io);

  const auto mixed = UdpSocket::connect(loop, taken->local(), loopback_ipv6, ignore);
  REQUIRE_FALSE(mixed);
  CHECK(mixed.error().code == Errc::io);
}

TEST_CASE("what cannot be sent is lost and not thrown", "[net][udp]") {
  Loop loop;
  const auto socket = *UdpSocket::open(loop, loopback, ignore);
  CHECK_FALSE(socket->send(octets_of("x"), *Endpoint::from_text("[::1]:9")));
  const std::vector<std::uint8_t> huge(70000);
  CHECK_FALSE(socket->send(huge, socket->local()));
}

TEST_CASE("a UDP socket may be destroyed in its own call", "[net][udp]") {
  Loop loop;
  int calls = 0;
  const auto witness = std::make_shared<int>(7);
  std::unique_ptr<UdpSocket> hearer;
  hearer = *UdpSocket::open(loop, loopback, [&, witness](Octets, const Endpoint&) {
    hearer.reset();
    calls += *witness;
  });
  const auto asker = *UdpSocket::open(loop, loopback, ignore);
  for (int i = 0; i < 10; ++i) asker->send(octets_of("x"), hearer->local());
  REQUIRE(run_until(loop, [&] { return calls != 0; }));
  run_for(loop, std::chrono::milliseconds(5));
  CHECK(calls == 7);
}

}  // namespace taproot::net
