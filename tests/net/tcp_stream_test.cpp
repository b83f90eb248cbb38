#include "net/tcp_stream.hpp"

#include "net/tcp_listener.hpp"
#include "tests/net/run_until.hpp"

#include <catch2/catch.hpp>

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

namespace taproot::net {

using namespace std::chrono_literals;

namespace {

/// Two ends of one connection.
struct Pair {
  explicit Pair(Loop& on_loop, const Endpoint& address = loopback) : loop(on_loop) {
    listener = *TcpListener::open(loop, address, {}, [this](std::unique_ptr<TcpStream> stream) {
      server = std::move(stream);
    });
    const auto connect = TcpStream::connect(loop, listener->local(), std::nullopt, 10s,
                                            [this](Result<std::unique_ptr<TcpStream>> stream) {
                                              REQUIRE(stream);
                                              client = std::move(*stream);
                                            });
    REQUIRE(run_until(loop, [this] { return client && server; }));
  }
  Loop& loop;
  std::unique_ptr<TcpListener> listener;
  std::unique_ptr<TcpStream> client, server;
};

std::vector<std::uint8_t> pattern(std::size_t size) {
  std::vector<std::uint8_t> octets(size);
  for (std::size_t i = 0; i < size; ++i) octets[i] = static_cast<std::uint8_t>(i * 31 + i / 251);
  return octets;
}

const TcpStream::OnData ignore_data = [](Octets) {};
const TcpStream::OnClosed ignore_end = [](TcpEnd) {};

}  // namespace

TEST_CASE("a mebibyte comes back as it was sent", "[net][tcp]") {
  const auto address = GENERATE(loopback, loopback_ipv6);
  CAPTURE(address.to_text());
  Loop loop;
  Pair pair(loop, address);
  CHECK(pair.client->peer() == pair.listener->local());
  CHECK(pair.client->local() == pair.server->peer());
  CHECK(pair.server->local() == pair.listener->local());

  pair.server->start([&](Octets octets) { pair.server->write({octets.begin(), octets.end()}); },
                     ignore_end);
  std::vector<std::uint8_t> echoed;
  pair.client->start(
      [&](Octets octets) { echoed.insert(echoed.end(), octets.begin(), octets.end()); },
      ignore_end);
  const auto sent = pattern(1 << 20);
  bool written = false;
  pair.client->write(sent, [&] { written = true; });
  CHECK_FALSE(written);
  REQUIRE(run_until(loop, [&] { return echoed.size() == sent.size(); }));
  CHECK(echoed == sent);
  CHECK(written);
}

TEST_CASE("a reader that pauses holds the writer up", "[net][tcp]") {
  Loop loop;
  Pair pair(loop);
  std::size_t heard = 0;
  pair.server->start(
      [&](Octets octets) {
        heard += octets.size();
        pair.server->pause_reading();
      },
      ignore_end);
  constexpr std::size_t total = 32 << 20;
  bool written = false;
  pair.client->write(pattern(total), [&] { written = true; });
  run_for(loop, 50ms);
  CHECK(heard > 0);
  CHECK(heard <= 65536);
  CHECK_FALSE(written);
  CHECK(pair.client->queued() > 0);

  Timer resume(loop, [&] {});
  REQUIRE(run_until(loop, [&] {
    pair.server->resume_reading();
    return heard == total;
  }));
  CHECK(written);
  CHECK(pair.client->queued() == 0);
}

TEST_CASE("nothing is read before start", "[net][tcp]") {
  Loop loop;
  Pair pair(loop);
  pair.client->write(pattern(10));
  pair.server->resume_reading();
  run_for(loop, 10ms);
  std::size_t heard = 0;
  pair.server->start([&](Octets octets) { heard += octets.size(); }, ignore_end);
  CHECK(heard == 0);
  REQUIRE(run_until(loop, [&] { return heard == 10; }));
}

TEST_CASE("close lets the queue leave, and the other side may still answer", "[net][tcp]") {
  Loop loop;
  Pair pair(loop);
  std::size_t heard = 0;
  std::vector<TcpEnd> server_ends, client_ends;
  pair.server->start([&](Octets octets) { heard += octets.size(); },
                     [&](TcpEnd end) { server_ends.push_back(end); });
  pair.client->start(ignore_data, [&](TcpEnd end) { client_ends.push_back(end); });
  pair.client->write(pattern(4 << 20));
  pair.client->close();
  pair.client->write(pattern(10));  // after close: not sent
  CHECK(client_ends.empty());
  REQUIRE(run_until(loop, [&] { return !server_ends.empty() && !client_ends.empty(); }));
  CHECK(heard == 4 << 20);
  CHECK(server_ends == std::vector{TcpEnd::finished});
  CHECK(client_ends == std::vector{TcpEnd::finished});

  pair.server->resume_reading();  // nothing comes any more, nor is it told again
  bool written = false;
  pair.server->write(pattern(10), [&] { written = true; });
  REQUIRE(run_until(loop, [&] { return written; }));
  CHECK(server_ends.size() == 1);
  pair.server->close();
  REQUIRE(run_until(loop, [&] { return server_ends.size() == 2; }));
}

TEST_CASE("a peer that is gone is told as reset", "[net][tcp]") {
  Loop loop;
  Pair pair(loop);
  std::vector<TcpEnd> ends;
  pair.server->start(ignore_data, [&](TcpEnd end) { ends.push_back(end); });
  pair.server->write(pattern(100));
  run_for(loop, 5ms);
  pair.client.reset();  // with octets unread: the system resets
  REQUIRE(run_until(loop, [&] { return !ends.empty(); }));
  CHECK(ends == std::vector{TcpEnd::reset});
  pair.server->write(pattern(10), [] { FAIL("written to nobody"); });
  pair.server->close();
  run_for(loop, 5ms);
  CHECK(ends.size() == 1);
}

TEST_CASE("a peer that ends and then goes is told as both", "[net][tcp]") {
  Loop loop;
  Pair pair(loop);
  std::vector<TcpEnd> ends;
  pair.server->start(ignore_data, [&](TcpEnd end) { ends.push_back(end); });
  pair.server->write(pattern(32 << 20));
  pair.client->close();
  REQUIRE(run_until(loop, [&] { return !ends.empty(); }));
  pair.client.reset();
  REQUIRE(run_until(loop, [&] { return ends.size() == 2; }));
  CHECK(ends[0] == TcpEnd::finished);
  CHECK(ends[1] == TcpEnd::reset);
}

TEST_CASE("a stream may be destroyed in each of its own calls", "[net][tcp]") {
  Loop loop;
  Pair pair(loop);
  int calls = 0;
  const auto witness = std::make_shared<int>(7);
  const auto destroy = [&, witness] {
    pair.server.reset();
    calls += *witness;
  };
  SECTION("data") {
    pair.server->start([&, destroy](Octets) { destroy(); }, ignore_end);
    pair.client->write(pattern(1 << 20));
  }
  SECTION("closed") {
    pair.server->start(ignore_data, [&, destroy](TcpEnd) { destroy(); });
    pair.client.reset();
  }
  SECTION("closed by ourselves") {
    pair.server->start(ignore_data, [&, destroy](TcpEnd) { destroy(); });
    pair.server->close();
  }
  SECTION("written") {
    pair.server->start(ignore_data, ignore_end);
    pair.server->write(pattern(10), destroy);
    pair.server->write(pattern(10), destroy);
  }
  REQUIRE(run_until(loop, [&] { return calls != 0; }));
  run_for(loop, 5ms);
  CHECK(calls == 7);
}

TEST_CASE("connecting to nobody fails later, with the endpoint named", "[net][tcp]") {
  struct Case {
    std::string to, from;
  };
  const auto c = GENERATE(values<Case>({{"127.0.0.1:1", ""},
                                        {"127.0.0.1:1", "127.0.0.2"},
                                        {"127.0.0.1:1", "192.0.2.1"},
                                        {"127.0.0.1:1", "::1"}}));
  CAPTURE(c.to, c.from);
  Loop loop;
  std::optional<Error> error;
  std::optional<Address> source;
  if (!c.from.empty()) source = *Address::from_text(c.from);
  const auto connect = TcpStream::connect(loop, *Endpoint::from_text(c.to), source, 10s,
                                          [&](Result<std::unique_ptr<TcpStream>> stream) {
                                            REQUIRE_FALSE(stream);
                                            error = stream.error();
                                          });
  CHECK_FALSE(error);
  REQUIRE(run_until(loop, [&] { return error.has_value(); }));
  CHECK(error->code == Errc::io);
  CHECK_THAT(error->detail, Catch::Contains(c.to));
}

TEST_CASE("a connection leaves from the address it was told", "[net][tcp]") {
  Loop loop;
  std::unique_ptr<TcpStream> accepted, connected;
  const auto listener = *TcpListener::open(
      loop, loopback, {}, [&](std::unique_ptr<TcpStream> stream) { accepted = std::move(stream); });
  const auto connect = TcpStream::connect(
      loop, listener->local(), *Address::from_text("127.0.0.9"), 10s,
      [&](Result<std::unique_ptr<TcpStream>> stream) { connected = std::move(*stream); });
  REQUIRE(run_until(loop, [&] { return accepted && connected; }));
  CHECK(accepted->peer().address().to_text() == "127.0.0.9");
}

TEST_CASE("connecting ends with its deadline", "[net][tcp]") {
  // A full backlog that nobody accepts from: the system lets further connections wait.
  const int blocked = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto any = loopback.to_sockaddr();
  REQUIRE(::bind(blocked, any.get(), any.size) == 0);
  REQUIRE(::listen(blocked, 0) == 0);
  SocketAddress bound;
  bound.size = sizeof bound.storage;
  ::getsockname(blocked, reinterpret_cast<sockaddr*>(&bound.storage), &bound.size);
  const auto endpoint = *Endpoint::from_sockaddr(bound.get(), bound.size);

  Loop loop;
  std::vector<std::unique_ptr<TcpStream>> streams;
  std::vector<std::unique_ptr<TcpConnect>> connects;
  std::optional<Error> error;
  for (int i = 0; i < 8; ++i) {
    connects.push_back(TcpStream::connect(loop, endpoint, std::nullopt, 100ms,
                                          [&](Result<std::unique_ptr<TcpStream>> stream) {
                                            if (stream) {
                                              streams.push_back(std::move(*stream));
                                            } else {
                                              error = stream.error();
                                            }
                                          }));
  }
  REQUIRE(run_until(loop, [&] { return error.has_value(); }));
  CHECK(error->code == Errc::timed_out);
  CHECK_THAT(error->detail, Catch::Contains(endpoint.to_text()));
  ::close(blocked);
}

TEST_CASE("a connection attempt may be given up, also in its own call", "[net][tcp]") {
  Loop loop;
  const auto listener = *TcpListener::open(loop, loopback, {}, [](std::unique_ptr<TcpStream>) {});
  int calls = 0;
  auto given_up = TcpStream::connect(loop, listener->local(), std::nullopt, 10s,
                                     [&](Result<std::unique_ptr<TcpStream>>) { ++calls; });
  given_up.reset();
  run_for(loop, 10ms);
  CHECK(calls == 0);

  const auto witness = std::make_shared<int>(7);
  std::unique_ptr<TcpConnect> connect;
  const bool refused = GENERATE(false, true);
  const auto to = refused ? *Endpoint::from_text("127.0.0.1:1") : listener->local();
  connect = TcpStream::connect(loop, to, std::nullopt, 10s,
                               [&, witness](Result<std::unique_ptr<TcpStream>>) {
                                 connect.reset();
                                 calls += *witness;
                               });
  REQUIRE(run_until(loop, [&] { return calls != 0; }));
  CHECK(calls == 7);
}

}  // namespace taproot::net
