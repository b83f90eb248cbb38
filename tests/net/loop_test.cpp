#include "net/loop.hpp"

#include "net/http_client.hpp"
#include "net/http_server.hpp"
#include "net/tcp_listener.hpp"
#include "net/timer.hpp"
#include "net/udp_server.hpp"
#include "net/udp_socket.hpp"
#include "tests/net/run_until.hpp"

#include <catch2/catch.hpp>

#include <atomic>
#include <csignal>
#include <thread>
#include <vector>

namespace taproot::net {

using namespace std::chrono_literals;

TEST_CASE("tasks are called in the order of posting, and never at once", "[net][loop]") {
  Loop loop;
  std::vector<int> seen;
  loop.post([&] {
    seen.push_back(1);
    loop.post([&] { seen.push_back(3); });
  });
  loop.post([&] { seen.push_back(2); });
  CHECK(seen.empty());
  REQUIRE(run_until(loop, [&] { return seen.size() == 3; }));
  CHECK(seen == std::vector{1, 2, 3});
  CHECK(loop.close() == 0);
}

TEST_CASE("other threads may post and stop", "[net][loop]") {
  Loop loop;
  int count = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        loop.post([&] {
          if (++count == 4000) loop.post([&] { std::thread([&] { loop.stop(); }).join(); });
        });
      }
    });
  }
  loop.run();
  for (auto& thread : threads) thread.join();
  CHECK(count == 4000);
  CHECK(loop.close() == 0);
}

TEST_CASE("stop before run is not lost, and a loop runs again", "[net][loop]") {
  Loop loop;
  loop.stop();
  loop.run();
  bool called = false;
  loop.post([&] {
    called = true;
    loop.stop();
  });
  loop.run();
  CHECK(called);
}

TEST_CASE("a task that was never called is destroyed with the loop", "[net][loop]") {
  const auto alive = std::make_shared<int>(0);
  {
    Loop loop;
    loop.post([alive] {});
    CHECK(alive.use_count() == 2);
  }
  CHECK(alive.use_count() == 1);
}

TEST_CASE("work is done on another thread, and told on this one", "[net][loop]") {
  Loop loop;
  std::thread::id worker, told;
  loop.work([&] { worker = std::this_thread::get_id(); },
            [&] {
              told = std::this_thread::get_id();
              loop.stop();
            });
  loop.run();
  CHECK(worker != std::this_thread::get_id());
  CHECK(worker != std::thread::id());
  CHECK(told == std::this_thread::get_id());
}

TEST_CASE("a closing loop waits for jobs and tells nobody", "[net][loop]") {
  std::atomic<int> begun{0}, ended{0};
  bool told = false;
  {
    Loop loop;
    for (int i = 0; i < 100; ++i) {
      loop.work(
          [&] {
            ++begun;
            ++ended;
          },
          [&] { told = true; });
    }
    CHECK(loop.close() == 0);
  }
  CHECK(begun == ended);
  CHECK_FALSE(told);
}

TEST_CASE("signals arrive as calls", "[net][loop]") {
  Loop loop;
  int hups = 0, others = 0;
  loop.on_signal(SIGUSR1, [&] { ++hups; });
  loop.on_signal(SIGUSR2, [&] { ++others; });
  std::raise(SIGUSR1);
  REQUIRE(run_until(loop, [&] { return hups == 1; }));
  std::raise(SIGUSR1);
  REQUIRE(run_until(loop, [&] { return hups == 2; }));
  CHECK(others == 0);
  CHECK(loop.close() == 0);
}

TEST_CASE("a loop closes with nothing left after all kinds of resources", "[net][loop]") {
  Loop loop;
  {
    Timer timer(loop, [] {});
    timer.set_after(1h);
    const auto socket = UdpSocket::open(loop, loopback, [](Octets, const Endpoint&) {});
    const auto udp = UdpServer::open(
        loop, loopback, {}, [](Octets, const Endpoint&, std::span<std::uint8_t>) { return 0u; });
    std::unique_ptr<TcpStream> accepted, connected;
    const auto listener =
        TcpListener::open(loop, loopback, {},
                          [&](std::unique_ptr<TcpStream> stream) { accepted = std::move(stream); });
    REQUIRE(listener);
    const auto connect = TcpStream::connect(
        loop, (*listener)->local(), std::nullopt, 5s,
        [&](Result<std::unique_ptr<TcpStream>> stream) { connected = std::move(*stream); });
    REQUIRE(run_until(loop, [&] { return accepted && connected; }));
    accepted->write(std::vector<std::uint8_t>(16 << 20));

    std::optional<HttpResponder> owed;
    const auto server = HttpServer::open(
        loop, loopback, [&](HttpServerRequest, HttpResponder r) { owed.emplace(std::move(r)); });
    REQUIRE(server);
    HttpClient client(loop);
    const auto fetch = client.fetch({.url = "http://" + (*server)->local().to_text()},
                                    [](Result<HttpResponse>) { FAIL("called"); });
    const auto lookup_and_connect =
        client.fetch({.url = "http://localhost:1/"}, [](Result<HttpResponse>) {});
    REQUIRE(run_until(loop, [&] { return owed.has_value(); }));
    const auto pending =
        TcpStream::connect(loop, (*listener)->local(), std::nullopt, 5s,
                           [](Result<std::unique_ptr<TcpStream>>) { FAIL("called"); });
  }
  CHECK(loop.close() == 0);
}

TEST_CASE("a resource that is left behind is noticed", "[net][loop]") {
  auto loop = std::make_unique<Loop>();
  auto timer = std::make_unique<Timer>(*loop, [] {});
  CHECK(loop->close() != 0);
  timer.reset();
  CHECK(loop->close() == 0);
}

}  // namespace taproot::net
