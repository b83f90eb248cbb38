#include "server/tcp_listener.hpp"

#include "net/descriptor.hpp"
#include "tests/net/run_until.hpp"
#include "tests/server/serving.hpp"

#include <catch2/catch.hpp>

#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <atomic>
#include <thread>

using namespace taproot;
using namespace std::chrono_literals;
using dns::RRType;
using Kind = server::TransferEvent::Kind;
using tests::request_for;

namespace {

std::vector<std::uint8_t> framed(const std::vector<std::uint8_t>& message) {
  std::vector<std::uint8_t> frame = {static_cast<std::uint8_t>(message.size() >> 8),
                                     static_cast<std::uint8_t>(message.size())};
  frame.insert(frame.end(), message.begin(), message.end());
  return frame;
}

/// A listener with the zones and the policy of `Serving`, and the loop it lives on.
struct House {
  explicit House(server::TcpLimits limits = {}) {
    listener =
        server::TcpListener::open(loop, net::loopback, false, limits, serving.dispatch, [this] {
          return serving.snapshot;
        }).value();
  }
  tests::Serving serving;
  net::Loop loop;
  std::unique_ptr<server::TcpListener> listener;
};

/// A client on the same loop, which keeps what it gets.
class Client {
 public:
  explicit Client(House& house) : house_(house) {
    auto connect = net::TcpStream::connect(house.loop, house.listener->local(), std::nullopt, 10s,
                                           [this](Result<std::unique_ptr<net::TcpStream>> stream) {
                                             stream_ = std::move(stream).value();
                                             stream_->start(
                                                 [this](Octets octets) {
                                                   received_.insert(received_.end(), octets.begin(),
                                                                    octets.end());
                                                 },
                                                 [this](net::TcpEnd) { closed_ = true; });
                                           });
    REQUIRE(net::run_until(house.loop, [this] { return stream_ != nullptr; }));
  }

  void send(const std::vector<std::uint8_t>& octets) { stream_->write(octets); }
  void ask(const std::string& qname, RRType qtype) { send(framed(request_for(qname, qtype))); }
  net::TcpStream& stream() { return *stream_; }
  bool closed() const { return closed_; }

  /// Whole messages so far.
  std::vector<dns::Message> messages() const {
    std::vector<dns::Message> messages;
    Octets left = received_;
    while (left.size() >= 2) {
      const auto length = static_cast<std::size_t>(left[0] << 8 | left[1]);
      if (length > left.size() - 2) break;
      messages.push_back(dns::Message::parse(left.subspan(2, length)).value());
      left = left.subspan(2 + length);
    }
    return messages;
  }
  bool wait_for(std::size_t count) {
    return net::run_until(house_.loop, [&] { return messages().size() >= count; });
  }
  bool wait_for_close() {
    return net::run_until(house_.loop, [&] { return closed_; });
  }

 private:
  House& house_;
  std::unique_ptr<net::TcpStream> stream_;
  std::vector<std::uint8_t> received_;
  bool closed_ = false;
};

bool told(const House& house, Kind kind) {
  for (const auto& event : house.serving.events) {
    if (event.kind == kind) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("several queries on one connection are answered in order", "[server][tcp]") {
  House house;
  Client client(house);
  client.ask("host2.example.", RRType::A);
  REQUIRE(client.wait_for(1));
  std::vector<std::uint8_t> many;
  for (int i = 0; i < 100; ++i) {
    const auto frame = framed(request_for("n" + std::to_string(i) + ".big.", RRType::A));
    many.insert(many.end(), frame.begin(), frame.end());
  }
  client.send(many);
  REQUIRE(client.wait_for(101));
  const auto messages = client.messages();
  CHECK(messages[0].answer.size() == 1);
  for (std::size_t i = 0; i < 100; ++i) {
    CHECK(messages[i + 1].question[0].qname == tests::name_of("n" + std::to_string(i) + ".big."));
  }
  CHECK(house.serving.counters.tcp_requests.value() == 101);
  CHECK_FALSE(client.closed());
}

TEST_CASE("a request may come octet by octet", "[server][tcp]") {
  House house;
  Client client(house);
  auto frames = framed(request_for("host2.example.", RRType::A));
  const auto second = framed(request_for("host3.example.", RRType::A));
  frames.insert(frames.end(), second.begin(), second.end());
  for (const std::uint8_t octet : frames) {
    client.send({octet});
    net::run_for(house.loop, 1ms);
  }
  REQUIRE(client.wait_for(2));
  CHECK(client.messages()[1].question[0].qname == tests::name_of("host3.example."));
}

TEST_CASE("a zone is transferred, and what was asked behind it comes behind it", "[server][tcp]") {
  House house;
  Client client(house);
  auto frames = framed(request_for("big.", RRType::AXFR));
  const auto query = framed(request_for("host2.example.", RRType::A));
  frames.insert(frames.end(), query.begin(), query.end());
  client.send(frames);
  const auto last_is_answer = [&] {
    const auto messages = client.messages();
    return !messages.empty() && messages.back().question[0].qtype == RRType::A;
  };
  REQUIRE(net::run_until(house.loop, last_is_answer));
  std::size_t records = 0;
  for (const auto& message : client.messages()) {
    if (message.question[0].qtype == RRType::AXFR) records += message.answer.size();
  }
  CHECK(records == 20003);
  REQUIRE(told(house, Kind::finished));
  CHECK(house.serving.events.back().records == 20003);
  CHECK(house.serving.events.back().octets > 300'000);
}

TEST_CASE("a client that said it was all still gets its answers", "[server][tcp]") {
  House house;
  auto frames = framed(request_for("big.", RRType::AXFR));
  const auto query = framed(request_for("host2.example.", RRType::A));
  frames.insert(frames.end(), query.begin(), query.end());
  std::atomic<bool> ended = false;
  std::size_t received = 0;
  std::thread client([&, to = house.listener->local().to_sockaddr()] {
    const net::Descriptor socket(::socket(AF_INET, SOCK_STREAM, 0));
    const timeval patience{20, 0};
    ::setsockopt(socket.number(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (::connect(socket.number(), to.get(), to.size) == 0 &&
        ::send(socket.number(), frames.data(), frames.size(), 0) > 0) {
      ::shutdown(socket.number(), SHUT_WR);
      std::array<char, 65536> buffer;
      ssize_t count = 0;
      while ((count = ::recv(socket.number(), buffer.data(), buffer.size(), 0)) > 0) {
        received += static_cast<std::size_t>(count);
      }
    }
    ended = true;
  });
  CHECK(net::run_until(house.loop, [&] { return ended.load(); }));
  client.join();
  CHECK(told(house, Kind::finished));
  CHECK(house.serving.counters.tcp_requests.value() == 2);
  CHECK(received > house.serving.events.back().octets);
  CHECK(house.listener->open_connections() == 0);
}

TEST_CASE("connections that do nothing useful are ended in time", "[server][tcp]") {
  server::TcpLimits limits;
  SECTION("idle") {
    limits.idle = 40ms;
    House house(limits);
    Client client(house);
    client.ask("host2.example.", RRType::A);
    REQUIRE(client.wait_for_close());
    CHECK(client.messages().size() == 1);
    CHECK(house.serving.counters.tcp_timed_out.value() == 1);
    CHECK(house.serving.counters.tcp_open.value() == 0);
    CHECK(house.listener->open_connections() == 0);
  }
  SECTION("a request that drips in") {
    limits.message = 100ms;
    House house(limits);
    Client client(house);
    client.send({0x0f});
    const auto drip = [&] {
      if (!client.closed()) client.send({1});
      net::run_for(house.loop, 5ms);
      return client.closed();
    };
    const auto end = net::Clock::now() + 20s;
    while (!drip() && net::Clock::now() < end) {
    }
    CHECK(client.closed());
    CHECK(house.serving.counters.tcp_timed_out.value() == 1);
  }
}

TEST_CASE("a reader that does not read costs little and is dropped", "[server][tcp]") {
  server::TcpLimits limits;
  limits.stalled = 300ms;
  House house(limits);
  Client client(house);
  client.stream().pause_reading();
  for (int i = 0; i < 100; ++i) client.ask("big.", RRType::AXFR);
  REQUIRE(net::run_until(house.loop, [&] { return told(house, Kind::aborted); }));
  CHECK(house.serving.events.back().why == "the peer stopped reading");
  CHECK(house.serving.counters.axfr_started.value() < 100);
  CHECK(house.listener->open_connections() == 0);
}

TEST_CASE("what is no DNS ends the connection", "[server][tcp]") {
  House house;
  Client client(house);
  SECTION("a request longer than any") {
    client.send({0xff, 0xff});
  }
  SECTION("a request shorter than a header") {
    client.send({0, 2, 1, 1});
  }
  SECTION("HTTP") {
    client.send({'G', 'E', 'T', ' ', '/', ' '});
  }
  REQUIRE(client.wait_for_close());
  CHECK(house.serving.counters.tcp_misused.value() == 1);
}

TEST_CASE("a newcomer is served whatever the others are up to", "[server][tcp]") {
  server::TcpLimits limits;
  SECTION("when there are too many in all") {
    limits.max_connections = 5;
  }
  SECTION("when there are too many of one source") {
    limits.max_per_source = 5;
  }
  House house(limits);
  std::vector<std::unique_ptr<Client>> idle;
  for (int i = 0; i < 20; ++i) idle.push_back(std::make_unique<Client>(house));
  REQUIRE(net::run_until(house.loop,
                         [&] { return house.serving.counters.tcp_accepted.value() == 20; }));
  CHECK(house.listener->open_connections() == 5);
  CHECK(house.serving.counters.tcp_evicted.value() == 15);

  idle[15]->ask("host2.example.", RRType::A);  // the oldest that is left becomes the youngest
  REQUIRE(idle[15]->wait_for(1));
  Client newcomer(house);
  newcomer.ask("host2.example.", RRType::A);
  CHECK(newcomer.wait_for(1));
  CHECK_FALSE(idle[15]->closed());
  CHECK(idle[16]->wait_for_close());
  CHECK(house.serving.counters.tcp_open.value() == 5);
}

TEST_CASE("those who may transfer nothing push out nobody who may", "[server][tcp][access]") {
  server::TcpLimits limits;
  limits.max_connections = 5;
  House house(limits);
  Client secondary(house);
  secondary.stream().pause_reading();
  // More than the system's buffers hold: it is on its way until it is read.
  for (int i = 0; i < 40; ++i) secondary.ask("big.", RRType::AXFR);
  REQUIRE(net::run_until(house.loop, [&] { return told(house, Kind::started); }));
  net::run_for(house.loop, 20ms);
  std::vector<std::unique_ptr<Client>> strangers;
  for (int i = 0; i < 30; ++i) {
    strangers.push_back(std::make_unique<Client>(house));
    strangers.back()->ask("broken.", RRType::AXFR);  // they have no key for it
    REQUIRE(strangers.back()->wait_for(1));          // and are told so at once
    CHECK(strangers.back()->messages()[0].header.rcode == dns::Rcode::refused);
  }
  CHECK(house.serving.counters.tcp_evicted.value() == 26);
  CHECK_FALSE(told(house, Kind::aborted));
  secondary.stream().resume_reading();
  REQUIRE(net::run_until(house.loop,
                         [&] { return house.serving.counters.transfers_finished.value() >= 40; }));
  CHECK_FALSE(told(house, Kind::aborted));
}

TEST_CASE("of those who transfer, the one that does not read makes room", "[server][tcp]") {
  server::TcpLimits limits;
  SECTION("when there are too many in all") {
    limits.max_connections = 3;
  }
  SECTION("when there are too many of one source") {
    limits.max_per_source = 3;
  }
  House house(limits);
  std::vector<std::unique_ptr<Client>> stalled;
  for (int i = 0; i < 3; ++i) {
    stalled.push_back(std::make_unique<Client>(house));
    stalled.back()->stream().pause_reading();
    for (int n = 0; n < 100; ++n) stalled.back()->ask("big.", RRType::AXFR);
  }
  REQUIRE(
      net::run_until(house.loop, [&] { return house.serving.counters.axfr_started.value() >= 3; }));
  net::run_for(house.loop, 20ms);
  Client honest(house);
  honest.ask("big.", RRType::AXFR);
  const auto whole = [&] {
    std::size_t records = 0;
    for (const auto& message : honest.messages()) records += message.answer.size();
    return records == 20003;
  };
  REQUIRE(net::run_until(house.loop, whole));
  CHECK_FALSE(honest.closed());
  CHECK(house.serving.counters.tcp_evicted.value() == 1);
}

TEST_CASE("the end of a listener ends its transfers", "[server][tcp]") {
  House house;
  Client client(house);
  client.stream().pause_reading();
  for (int i = 0; i < 100; ++i) client.ask("big.", RRType::AXFR);
  REQUIRE(net::run_until(house.loop, [&] { return told(house, Kind::started); }));
  house.listener.reset();
  CHECK(house.serving.counters.tcp_open.value() == 0);
  CHECK(house.serving.events.back().kind != Kind::started);
}
