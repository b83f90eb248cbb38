#include "net/tls_context.hpp"

#include "tests/net/certificates.hpp"

#include <catch2/catch.hpp>

#include <fstream>

using namespace taproot;
using namespace taproot::net;

TEST_CASE("a pin is base64 of 32 octets and nothing else", "[net][tls]") {
  const std::string good = "YzTpV6wzYJ3qZnJEmzYkNc0zGmJ6OvWJ0mZuXo0yDVQ=";
  CHECK(SpkiPin::from_text(good)->to_text() == good);
  const auto bad = GENERATE_COPY(std::string(), std::string("abc"), good + "=", good.substr(1),
                                 good.substr(0, 43), "sha256/" + good.substr(6),
                                 std::string(44, '='), std::string(43, '!') + "=",
                                 // the last digit has bits that no octet has
                                 good.substr(0, 42) + "R=", " " + good.substr(0, 42) + "=");
  CAPTURE(bad);
  CHECK_FALSE(SpkiPin::from_text(bad));
}

TEST_CASE("files that do not go together make no context, and the error names them", "[net][tls]") {
  const Certificates files;
  std::ofstream(files.path("empty.pem")) << "";
  struct Case {
    std::string certificate, key, ca, named;
  };
  const auto c = GENERATE(values<Case>({{"missing.pem", "server.key", "ca.pem", "missing.pem"},
                                        {"server.pem", "missing.key", "ca.pem", "missing.key"},
                                        {"server.pem", "client.key", "ca.pem", "client.key"},
                                        {"server.key", "server.key", "ca.pem", "server.key"},
                                        {"empty.pem", "server.key", "ca.pem", "empty.pem"},
                                        {"server.pem", "server.key", "empty.pem", "empty.pem"}}));
  CAPTURE(c.certificate, c.key, c.ca);
  const auto server =
      TlsContext::for_server({files.path(c.certificate), files.path(c.key), files.path(c.ca)});
  REQUIRE_FALSE(server);
  CHECK(server.error().code == Errc::bad_config);
  CHECK_THAT(server.error().detail, Catch::StartsWith(files.path(c.named) + ": "));
  TlsClientSettings settings;
  settings.hostname = "a.example";
  settings.ca_file = files.path(c.ca);
  settings.certificate = files.path(c.certificate);
  settings.key = files.path(c.key);
  CHECK_FALSE(TlsContext::for_client(settings));
}

TEST_CASE("a client context needs somebody to look for", "[net][tls]") {
  const Certificates files;
  CHECK_FALSE(TlsContext::for_client({}));
  TlsClientSettings settings;
  settings.hostname = "a.example";
  CHECK(TlsContext::for_client(settings));
}

TEST_CASE("a server context knows until when it is good", "[net][tls]") {
  Certificates files;
  files.issue("short", "DNS:a.example", 60);
  const auto context =
      TlsContext::for_server({files.path("short.pem"), files.path("short.key"), std::nullopt});
  REQUIRE(context);
  const auto left = (*context)->not_after().value() - std::chrono::system_clock::now();
  CHECK(left > std::chrono::seconds(30));
  CHECK(left <= std::chrono::seconds(60));
}

TEST_CASE("contexts of the same files and settings are the same", "[net][tls]") {
  const Certificates files;
  const TlsServerSettings server{files.path("server.pem"), files.path("server.key"),
                                 files.path("ca.pem")};
  const auto first = TlsContext::for_server(server).value();
  CHECK(*first == *TlsContext::for_server(server).value());
  auto without_ca = server;
  without_ca.client_ca.reset();
  CHECK_FALSE(*first == *TlsContext::for_server(without_ca).value());

  TlsClientSettings client;
  client.hostname = "server.example";
  client.ca_file = files.path("ca.pem");
  const auto one = TlsContext::for_client(client).value();
  CHECK(*one == *TlsContext::for_client(client).value());
  CHECK_FALSE(*one == *first);
  auto another = client;
  another.hostname = "other.example";
  CHECK_FALSE(*one == *TlsContext::for_client(another).value());
  // A file that was renewed makes another context of the same settings.
  std::ofstream(files.path("ca.pem"), std::ios::app) << "\n";
  CHECK_FALSE(*one == *TlsContext::for_client(client).value());
}
