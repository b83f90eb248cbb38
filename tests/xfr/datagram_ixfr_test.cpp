#include "xfr/datagram_ixfr.hpp"

#include "dns/message.hpp"
#include "dns/rdata.hpp"
#include "net/tcp_listener.hpp"
#include "net/wall_clock.hpp"
#include "tests/net/run_until.hpp"
#include "xfr/transfer_client.hpp"

#include <catch2/catch.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

using namespace taproot;
using namespace std::chrono_literals;
using dns::Message;
using dns::RRType;

namespace {

using Wire = std::vector<std::uint8_t>;
using Wires = std::vector<Wire>;

dns::Name apex() {
  return *dns::Name::from_text("example.");
}

dns::Soa soa_of(std::uint32_t serial) {
  dns::Soa soa;
  soa.serial = dns::Serial(serial);
  return soa;
}

dns::Record soa(std::uint32_t serial) {
  return {apex(), RRType::SOA, dns::Class::IN, 60, soa_of(serial).to_rdata()};
}

dns::Record address(std::uint8_t last) {
  const Wire octets{192, 0, 2, last};
  return {apex(), RRType::A, dns::Class::IN, 60, dns::Rdata(octets)};
}

dns::TsigKey key(const char* secret = "c2VjcmV0IHNlY3JldA==") {
  return dns::TsigKey::from_text(std::string("k.example.:hmac-sha256:") + secret).value();
}

/// The answer of a primary that has nothing to say yet.
Message answer_to(Octets request) {
  auto message = Message::parse(request).value();
  message.header.qr = true;
  message.header.aa = true;
  message.authority.clear();
  message.edns.reset();
  message.tsig_at.reset();
  return message;
}

/// From serial 5 to serial 6.
std::vector<dns::Record> differences() {
  return {soa(6), soa(5), address(1), soa(6), address(2), soa(6)};
}

/// A primary on one port, over UDP and TCP: it says over UDP what it is told to, and counts.
class Primary {
 public:
  using Says = std::function<Wires(Octets request)>;

  Primary(net::Loop& loop, Says says) : says_(std::move(says)) {
    listener_ = *net::TcpListener::open(loop, net::loopback, {}, [this](auto stream) {
      ++connections;
      stream_ = std::move(stream);
      stream_->start([this](Octets octets) { on_stream(octets); }, [](net::TcpEnd) {});
    });
    socket_ = *net::UdpSocket::open(loop, listener_->local(),
                                    [this](Octets datagram, const net::Endpoint& from) {
                                      request.assign(datagram.begin(), datagram.end());
                                      ++datagrams;
                                      asker = from;
                                      for (const auto& one : says_(datagram)) {
                                        socket_->send(one, from);
                                      }
                                    });
  }
  const net::Endpoint& endpoint() const { return listener_->local(); }

  std::size_t datagrams = 0;
  std::size_t connections = 0;
  Wire request;
  net::Endpoint asker;

 private:
  void on_stream(Octets octets) {
    auto message = answer_to(octets.subspan(2));
    message.answer = differences();
    const auto answer = message.compose().value();
    Wire frame{static_cast<std::uint8_t>(answer.size() >> 8),
               static_cast<std::uint8_t>(answer.size())};
    frame.insert(frame.end(), answer.begin(), answer.end());
    stream_->write(std::move(frame));
  }

  Says says_;
  std::unique_ptr<net::TcpListener> listener_;
  std::unique_ptr<net::UdpSocket> socket_;
  std::unique_ptr<net::TcpStream> stream_;
};

struct Got {
  std::optional<xfr::IncomingTransfer> transfer;
  bool over_udp = false;
  std::string why_not;
};

Got transfer_from(net::Loop& loop, const Primary& primary,
                  const std::optional<dns::TsigKey>& with = std::nullopt,
                  std::chrono::milliseconds wait = 5s) {
  xfr::TransferClient::Options options;
  options.key = with;
  options.have = soa_of(5);
  options.datagram_wait = wait;
  options.deadline = 8s;
  std::unique_ptr<xfr::TransferClient> client;
  Got got;
  bool is_done = false;
  client = std::make_unique<xfr::TransferClient>(loop, apex(), primary.endpoint(), options,
                                                 [&](Result<xfr::IncomingTransfer> transfer) {
                                                   got.over_udp = client->came_over_udp();
                                                   got.why_not = client->why_not_over_udp();
                                                   if (transfer)
                                                     got.transfer = std::move(*transfer);
                                                   is_done = true;
                                                   client.reset();  // as whoever waits for it does
                                                 });
  REQUIRE(net::run_until(loop, [&] { return is_done; }));
  return got;
}

Wire composed(const Message& message) {
  return message.compose().value();
}

/// An answer with these records to this request.
Wire said(Octets request, std::vector<dns::Record> records) {
  auto message = answer_to(request);
  message.answer = std::move(records);
  return composed(message);
}

/// The same, signed.
Wire signed_answer(Octets request, const std::vector<dns::Record>& records,
                   const dns::TsigKey& with) {
  dns::TsigVerdict verdict;
  const auto at = Message::parse(request).value().tsig_at.value();
  auto session = dns::TsigSession::check_request(request, at, {with}, net::wall_seconds(), verdict);
  REQUIRE(session);
  auto octets = said(request, records);
  const auto size = octets.size();
  octets.resize(size + session->max_size());
  octets.resize(session->sign_answer(octets, size, net::wall_seconds()).value());
  return octets;
}

}  // namespace

TEST_CASE("differences that fit come over UDP alone", "[xfr][datagram]") {
  net::Loop loop;
  Primary primary(loop, [](Octets request) { return Wires{said(request, differences())}; });
  auto got = transfer_from(loop, primary);
  REQUIRE(got.transfer);
  CHECK(got.over_udp);
  CHECK(got.why_not.empty());
  CHECK(got.transfer->kind() == xfr::IncomingKind::differences);
  CHECK(got.transfer->soa().serial == dns::Serial(6));
  CHECK(got.transfer->take_steps().size() == 1);
  CHECK(primary.connections == 0);
  const auto request = Message::parse(primary.request).value();
  CHECK(request.question[0].qtype == RRType::IXFR);
  REQUIRE(request.edns);
  CHECK(request.edns->udp_size == 1232);
  REQUIRE(request.authority.size() == 1);
  CHECK(dns::Soa::from_rdata(request.authority[0].rdata.wire())->serial == dns::Serial(5));
}

TEST_CASE("a SOA that is ours says that we are current, also over UDP", "[xfr][datagram]") {
  net::Loop loop;
  const auto serial = GENERATE(5U, 4U);
  Primary primary(loop, [&](Octets request) { return Wires{said(request, {soa(serial)})}; });
  const auto got = transfer_from(loop, primary);
  REQUIRE(got.transfer);
  CHECK(got.over_udp);
  CHECK(got.transfer->kind() == xfr::IncomingKind::current);
  CHECK(primary.connections == 0);
}

TEST_CASE("a whole zone may come over UDP, too", "[xfr][datagram]") {
  net::Loop loop;
  Primary primary(
      loop, [](Octets request) { return Wires{said(request, {soa(6), address(2), soa(6)})}; });
  auto got = transfer_from(loop, primary);
  REQUIRE(got.transfer);
  CHECK(got.over_udp);
  CHECK(got.transfer->kind() == xfr::IncomingKind::whole_zone);
  CHECK(got.transfer->take_records().size() == 2);
}

TEST_CASE("what does not come whole over UDP comes over TCP at once", "[xfr][datagram]") {
  struct Case {
    const char* what;
    std::function<Wire(Octets)> answer;
    const char* why;
  };
  const auto rcode = [](Octets request, dns::Rcode value) {
    auto message = answer_to(request);
    message.header.rcode = value;
    return composed(message);
  };
  const std::vector<Case> cases{
      {"a newer SOA alone", [](Octets request) { return said(request, {soa(6)}); }, "do not fit"},
      {"the beginning of it",
       [](Octets request) { return said(request, {soa(6), soa(5), address(1)}); }, "do not fit"},
      {"TC",
       [](Octets request) {
         auto message = answer_to(request);
         message.header.tc = true;
         return composed(message);
       },
       "truncated"},
      {"FORMERR", [&](Octets request) { return rcode(request, dns::Rcode::formerr); }, "FORMERR"},
      {"NOTIMP", [&](Octets request) { return rcode(request, dns::Rcode::notimp); }, "NOTIMP"},
      {"REFUSED", [&](Octets request) { return rcode(request, dns::Rcode::refused); }, "REFUSED"},
  };
  for (const auto& c : cases) {
    INFO(c.what);
    net::Loop loop;
    Primary primary(loop, [&](Octets request) { return Wires{c.answer(request)}; });
    // Far more than run_until() waits: only an answer that is understood can end the wait.
    const auto got = transfer_from(loop, primary, std::nullopt, 1h);
    REQUIRE(got.transfer);
    CHECK_FALSE(got.over_udp);
    CHECK_THAT(got.why_not, Catch::Contains(c.why));
    CHECK(got.transfer->kind() == xfr::IncomingKind::differences);
    CHECK(primary.datagrams == 1);
    CHECK(primary.connections == 1);
  }
}

TEST_CASE("without an answer over UDP it comes over TCP after the wait", "[xfr][datagram]") {
  net::Loop loop;
  Primary primary(loop, [](Octets) { return Wires(); });
  const auto got = transfer_from(loop, primary, std::nullopt, 20ms);
  REQUIRE(got.transfer);
  CHECK_FALSE(got.over_udp);
  CHECK(got.why_not == "no answer over UDP in 20 ms");
  CHECK(primary.connections == 1);
}

TEST_CASE("hostile datagrams neither end the wait nor become the answer", "[xfr][datagram]") {
  const std::vector<std::function<Wire(Octets)>> forgeries{
      [](Octets) { return Wire{}; },
      [](Octets) { return Wire(11, 0xff); },
      [](Octets) { return Wire(65000, 0xff); },
      [](Octets request) { return Wire(request.begin(), request.end()); },
      [](Octets request) { return Wire(request.begin(), request.begin() + 12); },
      [](Octets request) {  // another ID, with what would be the worst to believe
        auto message = answer_to(request);
        message.header.id = static_cast<std::uint16_t>(message.header.id + 1);
        message.header.tc = true;
        return composed(message);
      },
      [](Octets request) {
        auto message = answer_to(request);
        message.question[0].qname = *dns::Name::from_text("other.example.");
        message.answer = {soa(9)};
        return composed(message);
      },
      [](Octets request) {
        auto message = answer_to(request);
        message.question.clear();
        message.answer = {soa(5)};
        return composed(message);
      },
      [](Octets request) {
        auto message = answer_to(request);
        message.header.opcode = dns::Opcode::notify;
        return composed(message);
      },
      // Differences from what we do not have, going back, or cut off in the middle of a record.
      [](Octets request) { return said(request, {soa(6), soa(4), soa(6), soa(6)}); },
      [](Octets request) { return said(request, {soa(6), soa(5), soa(3), soa(6)}); },
      [](Octets request) {
        auto octets = said(request, differences());
        octets.resize(octets.size() - 3);
        return octets;
      },
      [](Octets request) {  // octets behind the message
        auto octets = said(request, differences());
        octets.insert(octets.end(), 5, 0);
        return octets;
      },
  };
  net::Loop loop;
  Primary primary(loop, [&](Octets request) {
    Wires all;
    for (const auto& forgery : forgeries) all.push_back(forgery(request));
    all.push_back(said(request, differences()));
    return all;
  });
  auto got = transfer_from(loop, primary);
  REQUIRE(got.transfer);
  CHECK(got.over_udp);
  CHECK(got.transfer->soa().serial == dns::Serial(6));
  CHECK(got.transfer->take_steps().size() == 1);
}

TEST_CASE("a datagram from elsewhere is not heard", "[xfr][datagram]") {
  net::Loop loop;
  std::unique_ptr<net::UdpSocket> stranger;
  Primary* at = nullptr;
  Primary primary(loop, [&](Octets request) {
    const Wire forged = said(request, {soa(7), soa(5), soa(7), address(66), soa(7)});
    stranger->send(forged, at->asker);
    return Wires{said(request, differences())};
  });
  at = &primary;
  stranger = *net::UdpSocket::open(loop, net::loopback, [](Octets, const net::Endpoint&) {});
  const auto got = transfer_from(loop, primary);
  REQUIRE(got.transfer);
  CHECK(got.transfer->soa().serial == dns::Serial(6));
}

TEST_CASE("with a key only what is signed with it is taken over UDP", "[xfr][datagram]") {
  net::Loop loop;
  Primary primary(loop, [](Octets request) {
    auto broken = signed_answer(request, differences(), key());
    broken[broken.size() - 20] ^= 1;  // in the MAC
    return Wires{said(request, {soa(5)}), said(request, differences()), broken,
                 signed_answer(request, differences(), key())};
  });
  const auto got = transfer_from(loop, primary, key());
  REQUIRE(got.transfer);
  CHECK(got.over_udp);
  CHECK(got.transfer->kind() == xfr::IncomingKind::differences);
  CHECK(primary.connections == 0);
}

TEST_CASE("where nobody listens it goes on over TCP", "[xfr][datagram]") {
  net::Loop loop;
  Primary primary(loop, [](Octets request) { return Wires{said(request, differences())}; });
  xfr::DatagramIxfr::Options options;
  options.have = soa_of(5);
  options.wait = 1h;
  std::optional<Errc> code;
  std::optional<net::Endpoint> nobody;
  {
    const auto gone = *net::UdpSocket::open(loop, net::loopback, nullptr);
    nobody = gone->local();
  }
  const xfr::DatagramIxfr asked(loop, apex(), *nobody, options,
                                [&](auto transfer) { code = transfer.error().code; });
  CHECK(net::run_until(loop, [&] { return code.has_value(); }));
}
