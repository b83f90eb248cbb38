#include "net/tcp_listener.hpp"

#include "net/descriptor.hpp"
#include "tests/net/run_until.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <deque>

namespace taproot::net {

using namespace std::chrono_literals;

namespace {

/// Clients that connect, and count what became of them.
struct Clients {
  explicit Clients(Loop& on_loop) : loop(on_loop) {}
  void add(const Endpoint& to) {
    connects.push_back(TcpStream::connect(loop, to, std::nullopt, 10s,
                                          [this](Result<std::unique_ptr<TcpStream>> stream) {
                                            if (!stream) return;
                                            auto& own = *streams.emplace_back(std::move(*stream));
                                            own.start([](Octets) {}, [this](TcpEnd) { ++ended; });
                                          }));
  }
  Loop& loop;
  std::vector<std::unique_ptr<TcpConnect>> connects;
  std::vector<std::unique_ptr<TcpStream>> streams;
  std::size_t ended = 0;
};

std::chrono::microseconds processor_time() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  return std::chrono::seconds(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         std::chrono::microseconds(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/// Leaves the process `left` descriptors that it may still open. (A loop's first connection makes
/// libuv open one of its own: connect once before.)
class FewDescriptors {
 public:
  explicit FewDescriptors(std::size_t left) {
    getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit low{512, before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &low);
    for (;;) {
      Descriptor one(::open("/dev/null", O_RDONLY | O_CLOEXEC));
      if (!one.is_open()) break;
      taken_.push_back(std::move(one));
    }
    release(left);
  }
  ~FewDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;

  void release(std::size_t count) { taken_.resize(taken_.size() - count); }

 private:
  rlimit before_{};
  std::vector<Descriptor> taken_;
};

}  // namespace

TEST_CASE("a listener counts its connections", "[net][tcp]") {
  Loop loop;
  std::vector<std::unique_ptr<TcpStream>> accepted;
  auto listener = *TcpListener::open(loop, loopback, {}, [&](std::unique_ptr<TcpStream> stream) {
    accepted.push_back(std::move(stream));
  });
  Clients clients(loop);
  for (int i = 0; i < 100; ++i) clients.add(listener->local());
  REQUIRE(run_until(loop, [&] { return accepted.size() == 100; }));
  CHECK(listener->open_connections() == 100);
  accepted.resize(10);
  CHECK(listener->open_connections() == 10);
  CHECK(listener->counts().accepted == 100);
  listener.reset();
  accepted[0]->write({1});  // connections outlive their listener
  accepted.clear();
}

TEST_CASE("a full listener lets its owner evict", "[net][tcp]") {
  Loop loop;
  std::deque<std::unique_ptr<TcpStream>> accepted;
  TcpListener::Options options;
  options.max_connections = 3;
  const bool evicts = GENERATE(true, false);
  CAPTURE(evicts);
  if (evicts) options.on_full = [&] { accepted.pop_front(); };
  const auto listener = *TcpListener::open(
      loop, loopback, options,
      [&](std::unique_ptr<TcpStream> stream) { accepted.push_back(std::move(stream)); });
  Clients clients(loop);
  for (int i = 0; i < 10; ++i) clients.add(listener->local());
  REQUIRE(run_until(loop, [&] { return clients.ended == 7; }));
  CHECK(accepted.size() == 3);
  CHECK(listener->open_connections() == 3);
  CHECK(listener->counts().accepted == (evicts ? 10 : 3));
  CHECK(listener->counts().refused == (evicts ? 0 : 7));
}

// While there are no descriptors nothing is asserted: the sanitizer for virtual calls needs some.

TEST_CASE("a listener without descriptors rests, and recovers at once", "[net][tcp]") {
  Loop loop;
  std::vector<std::unique_ptr<TcpStream>> accepted;
  const auto listener = *TcpListener::open(
      loop, loopback, {},
      [&](std::unique_ptr<TcpStream> stream) { accepted.push_back(std::move(stream)); });
  Clients clients(loop);
  clients.add(listener->local());
  REQUIRE(run_until(loop, [&] { return accepted.size() == 1; }));

  bool served = false, starved = false;
  std::chrono::microseconds used{};
  TcpListener::Counts counts;
  {
    FewDescriptors few(4);  // two connections have two ends each
    for (int i = 0; i < 2; ++i) clients.add(listener->local());
    served = run_until(loop, [&] { return accepted.size() == 3; });
    few.release(1);  // one more client, and nothing for its other end
    clients.add(listener->local());
    starved = run_until(loop, [&] { return listener->counts().no_descriptor > 0; });
    const auto before = processor_time();
    run_for(loop, 300ms);
    used = processor_time() - before;
    counts = listener->counts();
  }
  CHECK(served);
  CHECK(starved);
  CHECK(counts.refused == 1);
  CHECK(counts.no_descriptor == 1);
  CHECK(used < 150ms);
  clients.add(listener->local());
  REQUIRE(run_until(loop, [&] { return accepted.size() == 4; }));
}

TEST_CASE("a listener without descriptors lets its owner evict", "[net][tcp]") {
  Loop loop;
  std::deque<std::unique_ptr<TcpStream>> accepted;
  TcpListener::Options options;
  options.on_full = [&] {
    if (!accepted.empty()) accepted.pop_front();
  };
  const auto listener = *TcpListener::open(
      loop, loopback, options,
      [&](std::unique_ptr<TcpStream> stream) { accepted.push_back(std::move(stream)); });
  Clients clients(loop);
  clients.add(listener->local());
  REQUIRE(run_until(loop, [&] { return accepted.size() == 1; }));
  bool served = false;
  {
    FewDescriptors few(1);  // for the client's end
    clients.add(listener->local());
    served = run_until(loop, [&] { return listener->counts().accepted == 2; });
  }
  CHECK(served);
  CHECK(accepted.size() == 1);
  CHECK(listener->counts().no_descriptor == 1);
  CHECK(listener->counts().refused == 0);
}

TEST_CASE("listeners share a port when both say so", "[net][tcp]") {
  Loop loop;
  const auto ignore = [](std::unique_ptr<TcpStream>) {};
  TcpListener::Options shared;
  shared.reuse_port = true;
  const auto first = *TcpListener::open(loop, loopback, shared, ignore);
  CHECK(TcpListener::open(loop, first->local(), shared, ignore));
  const auto third = TcpListener::open(loop, first->local(), {}, ignore);
  REQUIRE_FALSE(third);
  CHECK(third.error().code == Errc::in_use);
  CHECK_THAT(third.error().detail, Catch::Contains(first->local().to_text()));
}

TEST_CASE("a listener may be destroyed in each of its own calls", "[net][tcp]") {
  Loop loop;
  int calls = 0;
  const auto witness = std::make_shared<int>(7);
  std::unique_ptr<TcpListener> listener;
  const bool when_full = GENERATE(true, false);
  TcpListener::Options options;
  options.max_connections = when_full ? 0 : 100;
  const auto destroy = [&, witness] {
    listener.reset();
    calls += *witness;
  };
  options.on_full = destroy;
  listener = *TcpListener::open(loop, loopback, options,
                                [&, destroy](std::unique_ptr<TcpStream>) { destroy(); });
  Clients clients(loop);
  const auto to = listener->local();
  for (int i = 0; i < 5; ++i) clients.add(to);
  REQUIRE(run_until(loop, [&] { return calls != 0; }));
  run_for(loop, 5ms);
  CHECK(calls == 7);
}

}  // namespace taproot::net
