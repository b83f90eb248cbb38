#include "dns/message.hpp"
#include "dns/rdata.hpp"
#include "dns/serial.hpp"
#include "tests/net/tls_pair.hpp"
#include "xfr/transfer_client.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

using namespace taproot;
using namespace std::chrono_literals;

namespace {

/// A primary of "example." over TLS that answers any request with three records.
class Primary {
 public:
  Primary(net::Loop& loop, std::shared_ptr<const net::TlsContext> tls) {
    listener_ = *net::TcpListener::open(loop, net::loopback, {}, [this, &loop, tls](auto stream) {
      stream_ = std::make_unique<net::TlsStream>(loop, std::move(stream), tls);
      stream_->start([this](Octets octets) { on_data(octets); }, [](net::TcpEnd) {});
    });
  }
  const net::Endpoint& endpoint() const { return listener_->local(); }

  std::size_t heard = 0;

 private:
  void on_data(Octets octets) {
    heard += octets.size();
    auto message = dns::Message::parse(octets.subspan(2)).value();
    message.header.qr = true;
    message.header.aa = true;
    const auto apex = *dns::Name::from_text("example.");
    dns::Soa soa;
    soa.serial = dns::Serial(5);
    const dns::Record first{apex, dns::RRType::SOA, dns::Class::IN, 60, soa.to_rdata()};
    const std::vector<std::uint8_t> address{192, 0, 2, 1};
    message.answer = {
        first, {apex, dns::RRType::A, dns::Class::IN, 60, dns::Rdata(address)}, first};
    const auto answer = message.compose().value();
    std::vector<std::uint8_t> frame{static_cast<std::uint8_t>(answer.size() >> 8),
                                    static_cast<std::uint8_t>(answer.size())};
    frame.insert(frame.end(), answer.begin(), answer.end());
    stream_->write(std::move(frame));
  }

  std::unique_ptr<net::TcpListener> listener_;
  std::unique_ptr<net::TlsStream> stream_;
};

Result<std::size_t> records_over_tls(net::Loop& loop, const Primary& primary,
                                     const net::TlsClientSettings& settings) {
  xfr::TransferClient::Options options;
  options.tls = net::TlsContext::for_client(settings).value();
  options.connect_timeout = 2s;
  std::optional<Result<std::size_t>> got;
  const xfr::TransferClient client(
      loop, *dns::Name::from_text("example."), primary.endpoint(), options,
      [&](Result<xfr::IncomingTransfer> transfer) {
        got = transfer.map([](auto& done) { return done.take_records().size(); });
      });
  REQUIRE(net::run_until(loop, [&] { return got.has_value(); }));
  return *got;
}

}  // namespace

TEST_CASE("a zone comes over TLS from the server that it should come from", "[xfr][tls]") {
  net::Loop loop;
  net::Certificates files;
  Primary primary(loop, net::tls_server(files));
  const auto records = records_over_tls(loop, primary, net::tls_client(files, "client"));
  REQUIRE(records);
  CHECK(*records == 2);
}

TEST_CASE("a server that is not the right one is not even asked", "[xfr][tls]") {
  net::Loop loop;
  net::Certificates files;
  Primary primary(loop, net::tls_server(files));
  auto settings = net::tls_client(files);
  settings.hostname = "ns1.example";
  const auto records = records_over_tls(loop, primary, settings);
  REQUIRE_FALSE(records);
  CHECK(records.error().code == Errc::unauthorized);
  CHECK_THAT(records.error().detail, Catch::Contains("hostname mismatch"));
  CHECK(primary.heard == 0);
}
