#include "net/http_client.hpp"

#include "tests/net/raw_server.hpp"
#include "tests/net/tls_server.hpp"

#include <catch2/catch.hpp>

namespace taproot::net {

using namespace std::chrono_literals;

namespace {

const std::string ok = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

const Certificates& certificates() {
  static const Certificates made;
  return made;
}

HttpRequest request_to(const std::string& url, const std::string& ca = "ca.pem") {
  HttpRequest request;
  request.url = url;
  request.timeout = 10s;
  request.ca_file = certificates().path(ca);
  return request;
}

}  // namespace

TEST_CASE("a server is believed by its authority only", "[net][http][tls]") {
  const TlsServer server(certificates(), ok, TlsServer::Clients::anybody);
  const auto good = http_fetch(request_to(server.url()));
  REQUIRE(good);
  CHECK(good->body == "ok");
  const auto wrong = http_fetch(request_to(server.url(), "other-ca.pem"));
  REQUIRE_FALSE(wrong);
  CHECK(wrong.error().code == Errc::io);
  CHECK_THAT(wrong.error().detail, Catch::Contains("certificate"));
  auto system = request_to(server.url());
  system.ca_file.reset();
  CHECK_FALSE(http_fetch(system));
  CHECK(server.requests() == 1);
}

TEST_CASE("a client shows its certificate where one is wanted", "[net][http][tls]") {
  const TlsServer server(certificates(), ok, TlsServer::Clients::with_certificate);
  auto request = request_to(server.url());
  CHECK_FALSE(http_fetch(request));
  request.client_certificate = certificates().path("client.pem");
  request.client_key = certificates().path("client.key");
  const auto good = http_fetch(request);
  REQUIRE(good);
  CHECK(good->body == "ok");
  request.client_certificate = certificates().path("other-client.pem");
  request.client_key = certificates().path("other-client.key");
  CHECK_FALSE(http_fetch(request));
  request.client_certificate = "/does/not/exist.pem";
  const auto missing = http_fetch(request);
  REQUIRE_FALSE(missing);
  CHECK_THAT(missing.error().detail, Catch::StartsWith("127.0.0.1:"));
  CHECK(server.requests() == 1);
}

TEST_CASE("a body that only the connection's end ends is told apart", "[net][http]") {
  struct Case {
    std::string says;
    bool ended_by_close;
  };
  const auto c = GENERATE(values<Case>(
      {{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", false},
       {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", false},
       {"HTTP/1.1 200 OK\r\n\r\nok", true},
       {"HTTP/1.0 200 OK\r\n\r\nok", true}}));
  CAPTURE(c.says);
  Loop loop;
  RawServer server(loop, c.says, RawServer::Then::close);
  HttpClient client(loop);
  std::optional<Result<HttpResponse>> got;
  const auto fetch = client.fetch(
      {.url = server.url()}, [&](Result<HttpResponse> response) { got = std::move(response); });
  REQUIRE(run_until(loop, [&] { return got.has_value(); }));
  REQUIRE(*got);
  CHECK((*got)->body == "ok");
  CHECK((*got)->ended_by_close == c.ended_by_close);
}

}  // namespace taproot::net
