#include "dns/message.hpp"
#include "dns/rdata.hpp"
#include "dns/serial.hpp"
#include "tests/net/tls_pair.hpp"
#include "xfr/notifier.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <memory>
#include <string>
#include <vector>

using namespace taproot;
using namespace std::chrono_literals;

namespace {

dns::Name name(const std::string& text) {
  return *dns::Name::from_text(text);
}

xfr::NotifySubject subject(std::uint32_t serial, const std::string& apex = "example.org") {
  return {name(apex),
          {name("ns1.example.org"), name("admin.example.org"), dns::Serial(serial), 1, 2, 3, 4},
          3600};
}

/// A secondary that is told over TCP, or over TLS.
class StreamSecondary {
 public:
  StreamSecondary(net::Loop& loop, std::shared_ptr<const net::TlsContext> tls = nullptr,
                  const net::Endpoint& at = net::loopback) {
    listener_ = *net::TcpListener::open(loop, at, {}, [this, &loop, tls](auto stream) {
      ++connections;
      auto& own = *streams_.emplace_back(
          tls ? std::unique_ptr<net::Stream>(
                    std::make_unique<net::TlsStream>(loop, std::move(stream), tls))
              : std::move(stream));
      own.start([this, &own](Octets octets) { on_data(own, octets); }, [](net::TcpEnd) {});
    });
  }

  xfr::NotifyTarget target(std::shared_ptr<const net::TlsContext> tls = nullptr) const {
    return {"p", listener_->local(), std::nullopt, std::nullopt, std::move(tls)};
  }

  std::vector<std::uint32_t> told;  ///< serials
  int connections = 0;
  bool silent = false;

 private:
  void on_data(net::Stream& stream, Octets octets) {
    auto& had = received_[&stream];
    had.insert(had.end(), octets.begin(), octets.end());
    while (had.size() >= 2) {
      const auto size = static_cast<std::size_t>(had[0] << 8 | had[1]);
      if (had.size() < 2 + size) return;
      auto message = dns::Message::parse(Octets(had).subspan(2, size)).value();
      had.erase(had.begin(), had.begin() + static_cast<std::ptrdiff_t>(2 + size));
      told.push_back(dns::Soa::from_rdata(message.answer[0].rdata.wire())->serial.value());
      if (silent) continue;
      message.header.qr = true;
      message.answer.clear();
      const auto answer = message.compose().value();
      std::vector<std::uint8_t> frame{static_cast<std::uint8_t>(answer.size() >> 8),
                                      static_cast<std::uint8_t>(answer.size())};
      frame.insert(frame.end(), answer.begin(), answer.end());
      stream.write(std::move(frame));
    }
  }

  std::unique_ptr<net::TcpListener> listener_;
  std::vector<std::unique_ptr<net::Stream>> streams_;
  std::map<net::Stream*, std::vector<std::uint8_t>> received_;
};

xfr::Notifier::Options impatient() {
  xfr::Notifier::Options options;
  options.udp_patience = 0;
  return options;
}

}  // namespace

TEST_CASE("who does not answer over UDP is told over TCP, and from then on", "[xfr][notifier]") {
  net::Loop loop;
  StreamSecondary secondary(loop);
  xfr::Notifier::Options options;
  options.udp_patience = 1;  // the second message, a second later, goes over TCP
  xfr::Notifier notifier(loop, options);
  const auto target = secondary.target();
  const auto acknowledged = [&](std::uint32_t serial) {
    const auto state = notifier.state(name("example.org"), target);
    return state->serial == dns::Serial(serial) && state->acknowledged;
  };
  notifier.tell(subject(1), {target});
  REQUIRE(net::run_until(loop, [&] { return acknowledged(1); }));
  CHECK(secondary.told == std::vector<std::uint32_t>{1});
  CHECK(notifier.state(name("example.org"), target)->tries == 2);
  notifier.tell(subject(2), {target});
  REQUIRE(net::run_until(loop, [&] { return acknowledged(2); }, 500ms));
  CHECK(secondary.told == std::vector<std::uint32_t>{1, 2});
}

TEST_CASE("many zones are told over one connection", "[xfr][notifier]") {
  net::Loop loop;
  StreamSecondary secondary(loop);
  xfr::Notifier notifier(loop, impatient());
  const auto target = secondary.target();
  constexpr int zones = 300;
  for (int i = 0; i < zones; ++i) {
    notifier.tell(subject(1, "z" + std::to_string(i) + ".example"), {target});
  }
  const auto all_acknowledged = [&] {
    for (int i = 0; i < zones; ++i) {
      const auto state = notifier.state(name("z" + std::to_string(i) + ".example"), target);
      if (!state->acknowledged) return false;
    }
    return true;
  };
  REQUIRE(net::run_until(loop, all_acknowledged));
  CHECK(secondary.told.size() == zones);
  CHECK(secondary.connections == 1);
  CHECK(net::run_until(loop, [&] { return notifier.open_connections() == 0; }));
}

TEST_CASE("what goes wrong with a connection is told, and the next try makes another",
          "[xfr][notifier]") {
  net::Loop loop;
  auto options = impatient();
  options.connection_timeout = 100ms;
  xfr::Notifier notifier(loop, options);
  const auto error = [&](const xfr::NotifyTarget& target) {
    return notifier.state(name("example.org"), target)->last_error;
  };
  SECTION("silence") {
    StreamSecondary secondary(loop);
    secondary.silent = true;
    notifier.tell(subject(1), {secondary.target()});
    REQUIRE(net::run_until(loop, [&] { return !error(secondary.target()).empty(); }));
    CHECK_THAT(error(secondary.target()), Catch::StartsWith("no answer over TCP in "));
    CHECK(notifier.open_connections() == 0);
  }
  SECTION("nobody there") {
    std::optional<xfr::NotifyTarget> target;
    {
      const StreamSecondary gone(loop);
      target = gone.target();
    }
    net::run_for(loop, 1ms);  // the port is closed by then
    notifier.tell(subject(1), {*target});
    REQUIRE(net::run_until(loop, [&] { return !error(*target).empty(); }));
    CHECK_THAT(error(*target), Catch::Contains("cannot connect to"));
  }
}

TEST_CASE("a target with TLS is told over TLS and never otherwise", "[xfr][notifier][tls]") {
  net::Loop loop;
  net::Certificates files;
  const auto client = net::TlsContext::for_client(net::tls_client(files)).value();
  StreamSecondary secondary(loop, net::tls_server(files));
  xfr::Notifier::Options options;
  options.connection_timeout = 200ms;
  xfr::Notifier notifier(loop, options);
  SECTION("the right one") {
    const auto target = secondary.target(client);
    notifier.tell(subject(7), {target});
    REQUIRE(net::run_until(
        loop, [&] { return notifier.state(name("example.org"), target)->acknowledged; }));
    CHECK(secondary.told == std::vector<std::uint32_t>{7});
  }
  SECTION("somebody else, who is told nothing at all") {
    auto settings = net::tls_client(files);
    settings.hostname = "ns1.example";
    const auto target = secondary.target(net::TlsContext::for_client(settings).value());
    std::size_t datagrams = 0;
    const auto udp =
        net::UdpSocket::open(loop, target.to, [&](Octets, const net::Endpoint&) { ++datagrams; });
    REQUIRE(udp);
    notifier.tell(subject(7), {target});
    const auto state = [&] { return *notifier.state(name("example.org"), target); };
    REQUIRE(
        net::run_until(loop, [&] { return state().tries == 2 && !state().last_error.empty(); }));
    CHECK_THAT(state().last_error, Catch::Contains("hostname mismatch"));
    CHECK(secondary.told.empty());
    CHECK(datagrams == 0);
  }
  SECTION("somebody who speaks plain TCP") {
    StreamSecondary plain(loop);
    const auto target = plain.target(client);
    notifier.tell(subject(7), {target});
    REQUIRE(net::run_until(
        loop, [&] { return !notifier.state(name("example.org"), target)->last_error.empty(); }));
    CHECK(plain.told.empty());
  }
}
