#include "server/tcp_listener.hpp"
#include "tests/net/tls_pair.hpp"
#include "tests/server/serving.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <string>
#include <vector>

using namespace taproot;
using namespace std::chrono_literals;
using dns::RRType;
using Kind = server::TransferEvent::Kind;
using tests::request_for;

namespace {

/// Who may transfer example.: "a.example" over TLS from anywhere.
std::shared_ptr<const server::Policy> tls_policy() {
  server::Policy policy;
  xfr::AccessRule rule{"named", {}, {}};
  rule.tls_names = {"a.example"};
  policy.transfers[tests::name_of("example.")] =
      std::make_shared<const server::Policy::Rules>(server::Policy::Rules{rule});
  return std::make_shared<const server::Policy>(std::move(policy));
}

/// A TLS listener and a plain one beside it, both with the same dispatch.
struct House {
  explicit House(server::TcpLimits limits = {}) {
    files.issue("a", "DNS:a.example");
    files.issue("b", "DNS:b.example");
    serving.snapshot.policy = tls_policy();
    const auto take = [this] { return serving.snapshot; };
    tls = server::TcpListener::open(loop, net::loopback, false, limits, serving.dispatch, take,
                                    [context = net::tls_server(files)] { return context; })
              .value();
    plain = server::TcpListener::open(loop, net::loopback, false, limits, serving.dispatch, take)
                .value();
  }
  net::Certificates files;
  tests::Serving serving;
  net::Loop loop;
  std::unique_ptr<server::TcpListener> tls, plain;
};

/// A client of one of the two, over TLS if it has a context, which keeps what it gets.
class Client {
 public:
  Client(House& house, const server::TcpListener& listener,
         const std::shared_ptr<const net::TlsContext>& context)
      : house_(house) {
    const auto connect = net::TcpStream::connect(
        house.loop, listener.local(), std::nullopt, 10s,
        [&](Result<std::unique_ptr<net::TcpStream>> stream) {
          if (context == nullptr) {
            end_.stream = std::move(*stream);
          } else {
            end_.stream = std::make_unique<net::TlsStream>(house.loop, std::move(*stream), context);
          }
        });
    REQUIRE(net::run_until(house.loop, [this] { return end_.stream != nullptr; }));
    end_.start();
  }

  /// The first message of the answer; nothing if the connection ended instead.
  std::optional<dns::Message> ask(const std::string& qname, RRType qtype) {
    const auto request = request_for(qname, qtype);
    std::vector<std::uint8_t> frame{static_cast<std::uint8_t>(request.size() >> 8),
                                    static_cast<std::uint8_t>(request.size())};
    frame.insert(frame.end(), request.begin(), request.end());
    end_.stream->write(std::move(frame));
    (void)net::run_until(house_.loop, [this] { return whole() > 0 || !end_.ends.empty(); });
    if (whole() == 0) return std::nullopt;
    return dns::Message::parse(net::octets_of(end_.heard).subspan(2, whole())).value();
  }
  bool wait_for_end() {
    return net::run_until(house_.loop, [this] { return !end_.ends.empty(); });
  }
  net::Stream& stream() { return *end_.stream; }

 private:
  std::size_t whole() const {
    const Octets heard = net::octets_of(end_.heard);
    if (heard.size() < 2) return 0;
    const auto size = static_cast<std::size_t>(heard[0] << 8 | heard[1]);
    return heard.size() < 2 + size ? 0 : size;
  }

  House& house_;
  net::TlsEnd end_;
};

std::shared_ptr<const net::TlsContext> as(const House& house, const std::string& certificate) {
  return net::TlsContext::for_client(net::tls_client(house.files, certificate)).value();
}

}  // namespace

TEST_CASE("queries are answered over TLS, and a zone goes to the client named in the rule",
          "[server][tls]") {
  House house;
  Client client(house, *house.tls, as(house, "a"));
  const auto answer = client.ask("host2.example.", RRType::A);
  REQUIRE(answer);
  CHECK(answer->answer.size() == 1);
  Client secondary(house, *house.tls, as(house, "a"));
  const auto zone = secondary.ask("example.", RRType::AXFR);
  REQUIRE(zone);
  CHECK(zone->answer.size() > 3);
  REQUIRE(net::run_until(house.loop, [&] {
    return !house.serving.events.empty() && house.serving.events.back().kind == Kind::finished;
  }));
  CHECK(house.serving.events.back().provider == "named");
  CHECK(house.serving.events.back().over_tls);
  CHECK(house.serving.counters.tls_accepted.value() == 2);
  CHECK(house.serving.counters.tcp_accepted.value() == 0);
}

TEST_CASE("nobody else gets the zone, over TLS or without", "[server][tls]") {
  House house;
  struct Case {
    const char* certificate;  ///< null: plain TCP
    const char* why;
  };
  const auto c = GENERATE(Case{nullptr, "it lacks TLS, a verified client certificate"},
                          Case{"", "over TLS without a client certificate"},
                          Case{"b", "a client certificate of b.example"},
                          Case{"other-client", "unable to get local issuer certificate"});
  CAPTURE(c.why);
  const auto context = c.certificate == nullptr ? nullptr : as(house, c.certificate);
  Client client(house, c.certificate == nullptr ? *house.plain : *house.tls, context);
  const auto answer = client.ask("example.", RRType::AXFR);
  REQUIRE(answer);
  CHECK(answer->header.rcode == dns::Rcode::refused);
  REQUIRE(house.serving.events.size() == 1);
  CHECK(house.serving.events[0].kind == Kind::refused);
  CHECK_THAT(house.serving.events[0].why, Catch::Contains(c.why));
}

TEST_CASE("one address has a share of handshakes, and is told", "[server][tls]") {
  server::TcpLimits limits;
  limits.handshakes_per_second = 0.001;
  limits.handshake_burst = 3;
  House house(limits);
  for (int i = 0; i < 3; ++i) {
    Client client(house, *house.tls, as(house, "a"));
    CHECK(client.ask("host2.example.", RRType::A));
  }
  Client refused(house, *house.tls, as(house, "a"));
  CHECK_FALSE(refused.ask("host2.example.", RRType::A));
  REQUIRE(house.serving.events.size() == 1);
  CHECK(house.serving.events[0].kind == Kind::broken_tls);
  CHECK_THAT(house.serving.events[0].why, Catch::Contains("handshakes a second from this address"));
  CHECK(house.serving.counters.tls_failed.value() == 1);
  Client plain(house, *house.plain, nullptr);  // has no part in it
  CHECK(plain.ask("host2.example.", RRType::A));
}

TEST_CASE("half-open handshakes end, are told, and keep nobody out", "[server][tls]") {
  server::TcpLimits limits;
  limits.handshake = 200ms;
  limits.max_per_source = 20;
  House house(limits);
  std::vector<std::unique_ptr<Client>> half;
  for (int i = 0; i < 100; ++i) {
    half.push_back(std::make_unique<Client>(house, *house.tls, nullptr));
    half.back()->stream().write({0x16, 0x03, 0x01});
  }
  CHECK(house.tls->open_connections() <= 20);
  Client client(house, *house.tls, as(house, "a"));
  CHECK(client.ask("host2.example.", RRType::A));
  REQUIRE(net::run_until(house.loop, [&] { return house.tls->open_connections() <= 1; }));
  CHECK(house.serving.counters.tls_failed.value() >= 19);
  CHECK_THAT(house.serving.events.at(0).why, Catch::Contains("handshake was not complete"));
  CHECK(house.serving.events.at(0).kind == Kind::broken_tls);
}
