#include "server/udp_listener.hpp"

#include "net/udp_socket.hpp"
#include "tests/net/run_until.hpp"
#include "tests/server/serving.hpp"

#include <catch2/catch.hpp>

using namespace taproot;
using dns::RRType;
using tests::request_for;

TEST_CASE("queries over UDP are answered from the snapshot of their batch", "[server][udp]") {
  tests::Serving serving;
  net::Loop loop;
  std::size_t taken = 0;
  auto published = serving.snapshot.zones;
  auto listener = server::UdpListener::open(loop, net::loopback, false, serving.dispatch, [&] {
                    ++taken;
                    return server::Snapshot{published, serving.snapshot.policy};
                  }).value();
  std::vector<dns::Message> answers;
  auto client = net::UdpSocket::connect(loop, listener->local(), std::nullopt,
                                        [&](Octets octets, const net::Endpoint&) {
                                          answers.push_back(dns::Message::parse(octets).value());
                                        })
                    .value();
  for (int i = 0; i < 20; ++i) client->send(request_for("host2.example.", RRType::A));
  client->send(std::vector<std::uint8_t>{1, 2, 3});
  REQUIRE(net::run_until(loop, [&] { return answers.size() >= 20; }));
  for (const auto& answer : answers) CHECK(answer.answer.size() == 1);
  CHECK(taken >= 1);
  CHECK(serving.counters.by_rcode[0].value() == 20);

  // Nothing is held between batches, and the next one sees what is published then.
  REQUIRE(net::run_until(loop, [&] { return listener->counts().silent == 1; }));
  serving.snapshot.zones.reset();
  CHECK(published.use_count() == 1);
  published = std::make_shared<const zonestore::ZoneSet>();
  client->send(request_for("host2.example.", RRType::A));
  REQUIRE(net::run_until(loop, [&] { return answers.size() == 21; }));
  CHECK(answers.back().header.rcode == dns::Rcode::refused);
}

TEST_CASE("a port in use is told", "[server][udp]") {
  tests::Serving serving;
  net::Loop loop;
  const auto take = [&] { return serving.snapshot; };
  const auto first =
      server::UdpListener::open(loop, net::loopback, false, serving.dispatch, take).value();
  const auto second =
      server::UdpListener::open(loop, first->local(), false, serving.dispatch, take);
  REQUIRE_FALSE(second);
  CHECK(second.error().code == Errc::in_use);
}
