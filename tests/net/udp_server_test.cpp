#include "net/udp_server.hpp"

#include "net/descriptor.hpp"
#include "net/udp_socket.hpp"
#include "tests/net/run_until.hpp"

#include <catch2/catch.hpp>

#include <sys/resource.h>

#include <algorithm>
#include <set>

namespace taproot::net {

using namespace std::chrono_literals;

namespace {

const UdpServer::Handler echo = [](Octets request, const Endpoint&,
                                   std::span<std::uint8_t> answer) {
  std::copy(request.begin(), request.end(), answer.begin());
  return request.size();
};

/// Sends each number once and waits for its echo, with at most `window` on the way.
struct Asker {
  Asker(Loop& loop, const Endpoint& server, int total)
      : wanted(total),
        socket(*UdpSocket::connect(loop, server, std::nullopt,
                                   [this](Octets datagram, const Endpoint&) {
                                     heard.insert(std::string(text_of(datagram)));
                                     ask();
                                   })) {
    for (int i = 0; i < window; ++i) ask();
  }
  void ask() {
    if (next < wanted) socket->send(octets_of(std::to_string(next++)));
  }
  bool done() const { return heard.size() == static_cast<std::size_t>(wanted); }

  static constexpr int window = 100;
  int wanted;
  int next = 0;
  std::set<std::string> heard;
  std::unique_ptr<UdpSocket> socket;
};

}  // namespace

TEST_CASE("many datagrams are answered in batches", "[net][udp]") {
  const auto address = GENERATE(loopback, loopback_ipv6);
  CAPTURE(address.to_text());
  Loop loop;
  std::size_t batches = 0, largest = 0, in_batch = 0;
  UdpServer::Options options;
  options.on_batch_begin = [&](std::span<const Octets> requests) {
    ++batches;
    largest = std::max(largest, requests.size());
    in_batch += requests.size();
  };
  const auto server = *UdpServer::open(loop, address, options, echo);
  Asker asker(loop, server->local(), 5000);
  REQUIRE(run_until(loop, [&] { return asker.done(); }));
  CHECK(server->counts().received == 5000);
  CHECK(server->counts().answered == 5000);
  CHECK(server->counts().dropped == 0);
  CHECK(in_batch == 5000);
  CHECK(batches < 5000);
  CHECK(largest > 1);
  CHECK(largest <= UdpServer::batch_size);
}

TEST_CASE("an answer leaves from the address that was asked", "[net][udp]") {
  struct Case {
    std::string bind, ask;
  };
  const auto c = GENERATE(
      values<Case>({{"0.0.0.0:0", "127.0.0.1"}, {"0.0.0.0:0", "127.0.0.77"}, {"[::]:0", "::1"}}));
  CAPTURE(c.bind, c.ask);
  Loop loop;
  const auto server = *UdpServer::open(loop, *Endpoint::from_text(c.bind), {}, echo);
  const Endpoint asked(*Address::from_text(c.ask), server->local().port());
  std::optional<Endpoint> from;
  const auto asker =
      *UdpSocket::open(loop, std::nullopt, [&](Octets, const Endpoint& peer) { from = peer; });
  asker->send(octets_of("x"), asked);
  REQUIRE(run_until(loop, [&] { return from.has_value(); }));
  CHECK(*from == asked);
}

TEST_CASE("the handler sees the peer and may be silent", "[net][udp]") {
  Loop loop;
  std::vector<Endpoint> peers;
  const auto server = *UdpServer::open(
      loop, loopback, {},
      [&](Octets request, const Endpoint& from, std::span<std::uint8_t> answer) -> std::size_t {
        peers.push_back(from);
        CHECK(answer.size() == UdpServer::max_answer);
        if (text_of(request) == "silence") return 0;
        answer[0] = 'y';
        return 1;
      });
  std::vector<std::string> heard;
  const auto asker = *UdpSocket::open(loop, loopback, [&](Octets datagram, const Endpoint&) {
    heard.emplace_back(text_of(datagram));
  });
  asker->send(octets_of("silence"), server->local());
  asker->send(octets_of("x"), server->local());
  asker->send({}, server->local());
  REQUIRE(run_until(loop, [&] { return heard.size() == 2; }));
  CHECK(heard == std::vector<std::string>{"y", "y"});
  CHECK(peers == std::vector(3, asker->local()));
  CHECK(server->counts().silent == 1);
}

TEST_CASE("requests that are too long are dropped, the longest are not", "[net][udp]") {
  Loop loop;
  const auto server = *UdpServer::open(loop, loopback, {}, echo);
  std::vector<std::size_t> sizes;
  const auto asker = *UdpSocket::open(
      loop, loopback, [&](Octets datagram, const Endpoint&) { sizes.push_back(datagram.size()); });
  const std::vector<std::uint8_t> octets(UdpServer::max_request + 1);
  asker->send(octets, server->local());
  asker->send(Octets(octets).first(UdpServer::max_request), server->local());
  REQUIRE(run_until(loop, [&] { return !sizes.empty(); }));
  CHECK(sizes == std::vector<std::size_t>{UdpServer::max_request});
  CHECK(server->counts().dropped == 1);
}

TEST_CASE("servers share a port when both say so", "[net][udp]") {
  Loop loop;
  UdpServer::Options shared;
  shared.reuse_port = true;
  const auto first = *UdpServer::open(loop, loopback, shared, echo);
  CHECK(UdpServer::open(loop, first->local(), shared, echo));
  const auto third = UdpServer::open(loop, first->local(), {}, echo);
  REQUIRE_FALSE(third);
  CHECK(third.error().code == Errc::in_use);
}

TEST_CASE("an IPv6 wildcard leaves IPv4 to others", "[net][udp]") {
  Loop loop;
  const auto ipv6 = *UdpServer::open(loop, *Endpoint::from_text("[::]:0"), {}, echo);
  CHECK(UdpServer::open(loop, Endpoint(Address(), ipv6->local().port()), {}, echo));
}

TEST_CASE("a UDP server may be destroyed in its own call", "[net][udp]") {
  Loop loop;
  int calls = 0;
  std::unique_ptr<UdpServer> server;
  const bool in_batch_begin = GENERATE(false, true);
  UdpServer::Options options;
  if (in_batch_begin) {
    options.on_batch_begin = [&](std::span<const Octets>) {
      server.reset();
      ++calls;
    };
  }
  server = *UdpServer::open(loop, loopback, options,
                            [&](Octets, const Endpoint&, std::span<std::uint8_t>) -> std::size_t {
                              server.reset();
                              ++calls;
                              return 10;
                            });
  const auto asker = *UdpSocket::open(loop, loopback, [](Octets, const Endpoint&) {});
  for (int i = 0; i < 40; ++i) asker->send(octets_of("x"), server->local());
  REQUIRE(run_until(loop, [&] { return calls != 0; }));
  run_for(loop, 5ms);
  CHECK(calls == 1);
  CHECK(loop.close() != 0);  // the asker still lives, and nothing else does not
}

TEST_CASE("a UDP server without traffic costs no time", "[net][udp]") {
  Loop loop;
  const auto server = *UdpServer::open(loop, loopback, {}, echo);
  // Nobody listens where these answers go: the errors must not keep the loop busy.
  for (int i = 0; i < 20; ++i) {
    const auto asker =
        *UdpSocket::connect(loop, server->local(), std::nullopt, [](Octets, const Endpoint&) {});
    asker->send(octets_of("x"));
  }
  REQUIRE(run_until(loop, [&] { return server->counts().received == 20; }));
  const auto used = [] {
    rusage usage{};
    getrusage(RUSAGE_THREAD, &usage);
    return std::chrono::seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           std::chrono::microseconds(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
  };
  const auto before = used();
  Timer end(loop, [&] { loop.stop(); });
  end.set_after(200ms);
  loop.run();
  CHECK(used() - before < 100ms);
}

}  // namespace taproot::net
