#include "net/tls_stream.hpp"

#include "tests/net/tls_pair.hpp"

#include <openssl/ssl.h>

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <thread>

using namespace taproot;
using namespace taproot::net;
using namespace std::chrono_literals;

namespace {

/// Connects a plain TCP client to a TLS server.
struct PlainClient {
  PlainClient(Loop& loop, const std::shared_ptr<const TlsContext>& context,
              std::chrono::milliseconds limit = TlsStream::default_handshake_limit) {
    listener = *TcpListener::open(loop, loopback, {}, [&, limit](auto stream) {
      server.stream = std::make_unique<TlsStream>(loop, std::move(stream), context, limit);
      server.start();
    });
    const auto connect = TcpStream::connect(
        loop, listener->local(), std::nullopt, 10s,
        [&](Result<std::unique_ptr<TcpStream>> stream) { client = std::move(*stream); });
    REQUIRE(run_until(loop, [this] { return client && server.stream; }));
    client->start([](Octets) {}, [](TcpEnd) {});
  }
  std::unique_ptr<TcpListener> listener;
  TlsEnd server;
  std::unique_ptr<TcpStream> client;
};

/// A client of the library itself on a thread of its own, set up by the test. Tells whether the
/// handshake came about.
bool library_client(Loop& loop, const std::shared_ptr<const TlsContext>& context, TlsEnd& server,
                    const std::function<void(SSL*)>& set_up) {
  const auto listener = *TcpListener::open(loop, loopback, {}, [&](auto stream) {
    server.stream = std::make_unique<TlsStream>(loop, std::move(stream), context);
    server.start();
  });
  std::atomic<bool> done = false;
  bool shook_hands = false;
  std::thread client([&, port = listener->local().port()] {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
    SSL_CTX* const method = SSL_CTX_new(TLS_client_method());
    SSL* const ssl = SSL_new(method);
    SSL_set_fd(ssl, fd);
    set_up(ssl);
    char octet = 0;
    // A server that refuses after the client's last message tells it with an alert.
    shook_hands =
        SSL_connect(ssl) == 1 && SSL_write(ssl, "x", 1) == 1 && SSL_read(ssl, &octet, 1) == 1;
    SSL_free(ssl);
    SSL_CTX_free(method);
    ::close(fd);
    done = true;
  });
  (void)run_until(loop, [&] {
    if (server.heard == "x") server.stream->write({'y'});
    if (server.heard == "x") server.heard = "answered";
    if (server.has_ended(TcpEnd::failed)) server.stream.reset();
    return done.load();
  });
  client.join();
  (void)run_until(loop, [&] { return !server.ends.empty(); }, 2s);
  return shook_hands;
}

/// Somebody on the way between both ends who changes one octet, or cuts the connection there.
struct Meddler {
  Meddler(Loop& loop, const Endpoint& server, std::size_t position, bool cuts, bool of_client)
      : at(position), cut(cuts), on_client(of_client) {
    listener = *TcpListener::open(loop, loopback, {}, [&](std::unique_ptr<TcpStream> stream) {
      client = std::move(stream);
      connect = TcpStream::connect(loop, server, std::nullopt, 10s,
                                   [this](Result<std::unique_ptr<TcpStream>> made) {
                                     to_server = std::move(*made);
                                     relay(*client, to_server, on_client);
                                     relay(*to_server, client, !on_client);
                                   });
    });
  }

  void relay(TcpStream& from, std::unique_ptr<TcpStream>& to, bool meddles) {
    from.start(
        [this, &to, meddles, passed = std::size_t{0}](Octets octets) mutable {
          if (!to) return;
          std::vector<std::uint8_t> copy(octets.begin(), octets.end());
          const bool here = meddles && at >= passed && at - passed < copy.size();
          if (here && !cut) copy[at - passed] ^= 0x10;
          passed += copy.size();
          to->write(std::move(copy));
          if (here && cut) drop = true;
        },
        [&to](TcpEnd) {
          if (to) to->close();
        });
  }

  std::size_t at;
  bool cut, on_client;
  bool drop = false;  ///< both sides, as soon as nobody is inside of them
  std::unique_ptr<TcpListener> listener;
  std::unique_ptr<TcpConnect> connect;
  std::unique_ptr<TcpStream> client, to_server;
};

constexpr unsigned char dot[] = {3, 'd', 'o', 't'};
constexpr unsigned char h2[] = {2, 'h', '2'};

}  // namespace

TEST_CASE("a mebibyte comes back over TLS as it was sent", "[net][tls]") {
  Loop loop;
  Certificates files;
  files.issue("named", "DNS:A.Example,DNS:b.example,IP:192.0.2.1");
  TlsPair pair(loop, tls_server(files), tls_client(files, "named"));
  std::string sent(1 << 20, ' ');
  for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>(i * 31 + i / 251);
  bool written = false;
  pair.client.start();
  // Before the handshake: it has to wait for it.
  pair.client.stream->write({sent.begin(), sent.end()}, [&] { written = true; });
  CHECK(pair.client.stream->queued() >= sent.size());
  pair.server.stream->start(
      [&](Octets octets) { pair.server.stream->write({octets.begin(), octets.end()}); },
      [&](TcpEnd end) { pair.server.ends.push_back(end); });
  REQUIRE(run_until(loop, [&] { return pair.client.heard.size() == sent.size(); }));
  CHECK(pair.client.heard == sent);
  CHECK(written);
  const auto* who = pair.server.stream->tls_peer();
  REQUIRE(who != nullptr);
  CHECK(who->names == std::vector<std::string>{"a.example", "b.example"});
  CHECK(who->pin.has_value());
  CHECK(who->why_nameless.empty());
  REQUIRE(pair.client.stream->tls_peer() != nullptr);
  CHECK(pair.client.stream->tls_peer()->names == std::vector<std::string>{"localhost"});

  pair.client.stream->close();
  REQUIRE(run_until(loop, [&] { return !pair.server.ends.empty(); }));
  CHECK(pair.server.has_ended(TcpEnd::finished));
}

TEST_CASE("a client without a certificate is nobody, and one nobody vouches for has no name",
          "[net][tls]") {
  Loop loop;
  Certificates files;
  files.issue("expired", "DNS:a.example", -60);
  files.issue("nameless", "IP:192.0.2.1");
  struct Case {
    const char* certificate;
    bool asks_clients;
    const char* why;
  };
  const auto c =
      GENERATE(Case{"", true, ""}, Case{"client", false, "unable to get local issuer certificate"},
               Case{"other-client", true, "unable to get local issuer certificate"},
               Case{"expired", true, "certificate has expired"},
               Case{"nameless", true, "it has no DNS name in subjectAltName"});
  CAPTURE(c.certificate, c.asks_clients);
  TlsPair pair(loop, tls_server(files, "server", c.asks_clients), tls_client(files, c.certificate));
  REQUIRE(pair.shake_hands(loop));
  const auto* who = pair.server.stream->tls_peer();
  REQUIRE(who != nullptr);
  CHECK(who->names.empty());
  CHECK(who->pin.has_value() == (*c.certificate != 0));
  CHECK(who->why_nameless == c.why);
}

TEST_CASE("a client says nothing to a server that is not the right one", "[net][tls]") {
  Loop loop;
  Certificates files;
  files.issue("expired", "DNS:localhost", -60);
  const auto other_pin = SpkiPin::from_digest(std::vector<std::uint8_t>(32, 7)).value();
  auto settings = tls_client(files);
  std::string server = "server", why;
  SECTION("another name") {
    settings.hostname = "ns1.example";
    why = "hostname mismatch";
  }
  SECTION("another address") {
    settings.hostname = "192.0.2.1";
    why = "IP address mismatch";
  }
  SECTION("another authority") {
    settings.ca_file = files.path("other-ca.pem");
    why = "unable to get local issuer certificate";
  }
  SECTION("the system's authorities") {
    settings.ca_file.reset();
    why = "unable to get local issuer certificate";
  }
  SECTION("expired") {
    server = "expired";
    why = "certificate has expired";
  }
  SECTION("another key, whatever its name is") {
    settings.pins = {other_pin};
    why = "not one of the pins";
  }
  SECTION("another key alone") {
    settings.hostname.clear();
    settings.pins = {other_pin};
    why = "not one of the pins";
  }
  TlsPair pair(loop, tls_server(files, server), settings);
  pair.start();
  pair.client.stream->write({'s', 'e', 'c', 'r', 'e', 't'});
  REQUIRE(run_until(
      loop, [&] { return !pair.client.ends.empty() && pair.client.has_ended(TcpEnd::failed); }));
  CHECK_THAT(pair.client.stream->why_ended(), Catch::Contains(why));
  CHECK(pair.client.stream->tls_peer() == nullptr);
  pair.client.stream.reset();
  REQUIRE(run_until(loop, [&] { return !pair.server.ends.empty(); }));
  CHECK(pair.server.heard.empty());
}

TEST_CASE("a pin is enough for a server that nobody vouches for", "[net][tls]") {
  Loop loop;
  Certificates files;
  std::optional<SpkiPin> pin;
  {
    TlsPair pair(loop, tls_server(files), tls_client(files));
    REQUIRE(pair.shake_hands(loop));
    pin = pair.client.stream->tls_peer()->pin;
  }
  REQUIRE(pin);
  TlsClientSettings settings;
  settings.pins = {*pin};
  TlsPair pair(loop, tls_server(files), settings);
  REQUIRE(pair.shake_hands(loop));
  pair.client.stream->write({'o', 'k'});
  CHECK(run_until(loop, [&] { return pair.server.heard == "ok"; }));
  CHECK(pair.client.stream->tls_peer()->names.empty());
}

TEST_CASE("an address may be the server's name", "[net][tls]") {
  Loop loop;
  Certificates files;
  auto settings = tls_client(files);
  settings.hostname = "127.0.0.1";
  TlsPair pair(loop, tls_server(files), settings);
  REQUIRE(pair.shake_hands(loop));
  CHECK(pair.client.stream->tls_peer() != nullptr);
}

TEST_CASE("a server speaks TLS 1.3 with ALPN dot, and nothing else", "[net][tls]") {
  Loop loop;
  Certificates files;
  TlsEnd server;
  const auto context = tls_server(files);
  SECTION("that") {
    CHECK(library_client(loop, context, server,
                         [](SSL* ssl) { SSL_set_alpn_protos(ssl, dot, sizeof dot); }));
    CHECK(server.heard == "answered");
  }
  SECTION("TLS 1.2") {
    CHECK_FALSE(library_client(loop, context, server, [](SSL* ssl) {
      SSL_set_alpn_protos(ssl, dot, sizeof dot);
      SSL_set_max_proto_version(ssl, TLS1_2_VERSION);
    }));
    CHECK_THAT(server.why, Catch::Contains("unsupported protocol"));
  }
  SECTION("another ALPN") {
    CHECK_FALSE(library_client(loop, context, server,
                               [](SSL* ssl) { SSL_set_alpn_protos(ssl, h2, sizeof h2); }));
    CHECK_THAT(server.why, Catch::Contains("ALPN \"dot\""));
  }
  SECTION("no ALPN") {
    CHECK_FALSE(library_client(loop, context, server, [](SSL*) {}));
    CHECK_THAT(server.why, Catch::Contains("ALPN \"dot\""));
  }
  CHECK(server.has_ended(server.heard.empty() ? TcpEnd::failed : TcpEnd::reset));
}

TEST_CASE("a handshake that stalls ends at its limit", "[net][tls]") {
  Loop loop;
  const Certificates files;
  PlainClient plain(loop, tls_server(files), 50ms);
  if (GENERATE(false, true)) plain.client->write({0x16, 0x03, 0x01, 0x02});
  REQUIRE(run_until(loop, [&] { return !plain.server.ends.empty(); }));
  CHECK(plain.server.has_ended(TcpEnd::failed));
  CHECK_THAT(plain.server.stream->why_ended(), Catch::Contains("not complete after 50 ms"));
}

TEST_CASE("what is no TLS ends the connection", "[net][tls]") {
  Loop loop;
  const Certificates files;
  PlainClient plain(loop, tls_server(files));
  plain.client->write({0, 12, 1, 2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0});
  REQUIRE(run_until(loop, [&] { return !plain.server.ends.empty(); }));
  CHECK(plain.server.has_ended(TcpEnd::failed));
  CHECK_THAT(plain.server.stream->why_ended(), Catch::StartsWith("the TLS handshake failed: "));
}

TEST_CASE("an end without close_notify is no end that the peer has said", "[net][tls]") {
  Loop loop;
  const Certificates files;
  PlainClient plain(loop, tls_server(files));
  plain.client->close();
  REQUIRE(run_until(loop, [&] { return !plain.server.ends.empty(); }));
  CHECK(plain.server.has_ended(TcpEnd::reset));
}

TEST_CASE("a TLS stream that is destroyed says close_notify", "[net][tls]") {
  Loop loop;
  Certificates files;
  TlsPair pair(loop, tls_server(files), tls_client(files));
  REQUIRE(pair.shake_hands(loop));
  pair.server.stream.reset();
  REQUIRE(run_until(loop, [&] { return !pair.client.ends.empty(); }));
  CHECK(pair.client.ends.front() == TcpEnd::finished);
}

TEST_CASE("a TLS reader that pauses holds the writer up, and goes on with what it has",
          "[net][tls]") {
  Loop loop;
  Certificates files;
  TlsPair pair(loop, tls_server(files), tls_client(files));
  std::size_t heard = 0;
  pair.client.start();
  pair.server.stream->start(
      [&](Octets octets) {
        heard += octets.size();
        pair.server.stream->pause_reading();
      },
      [](TcpEnd) {});
  constexpr std::size_t total = 4 << 20;
  bool written = false;
  pair.client.stream->write(std::vector<std::uint8_t>(total), [&] { written = true; });
  REQUIRE(run_until(loop, [&] { return heard > 0; }));
  run_for(loop, 50ms);
  CHECK(heard <= 16384);
  CHECK_FALSE(written);
  CHECK(pair.client.stream->queued() > 0);
  REQUIRE(run_until(loop, [&] {
    pair.server.stream->resume_reading();
    return heard == total;
  }));
  CHECK(written);
  CHECK(pair.client.stream->queued() == 0);
}

TEST_CASE("a TLS stream may be destroyed in each of its callbacks", "[net][tls]") {
  Loop loop;
  Certificates files;
  TlsPair pair(loop, tls_server(files), tls_client(files));
  pair.client.start();
  bool gone = false;
  SECTION("data") {
    pair.server.stream->start(
        [&](Octets) {
          pair.server.stream.reset();
          gone = true;
        },
        [](TcpEnd) {});
    pair.client.stream->write(std::vector<std::uint8_t>(100'000));
  }
  SECTION("the end") {
    pair.server.stream->start([](Octets) {},
                              [&](TcpEnd) {
                                pair.server.stream.reset();
                                gone = true;
                              });
    pair.client.stream->write({'x'}, [&] { pair.client.stream->close(); });
  }
  SECTION("written") {
    pair.server.start();
    pair.client.stream->write(std::vector<std::uint8_t>(100'000), [&] {
      pair.client.stream.reset();
      gone = true;
    });
  }
  CHECK(run_until(loop, [&] { return gone; }));
  run_for(loop, 5ms);
}

TEST_CASE("whatever is changed or cut off on the way, nothing false arrives", "[net][tls]") {
  Certificates files;
  const auto server_context = tls_server(files);
  const auto client_context = TlsContext::for_client(tls_client(files, "client")).value();
  const std::string question(300, 'q'), answer(3000, 'a');
  int noticed = 0;
  for (int i = 0; i < 120; ++i) {
    // The client's handshake has some 1,500 octets, the server's some 900 before the answer.
    const std::size_t at = static_cast<std::size_t>(i / 4 * 61 % 1800);
    const bool cuts = i % 2 == 0;
    const bool of_client = i / 2 % 2 == 0;
    CAPTURE(at, cuts, of_client);
    Loop loop;
    TlsEnd client, server;
    const auto listener = *TcpListener::open(loop, loopback, {}, [&](auto stream) {
      server.stream = std::make_unique<TlsStream>(loop, std::move(stream), server_context, 300ms);
      server.stream->start(
          [&](Octets octets) {
            server.heard += text_of(octets);
            if (server.heard == question) server.stream->write({answer.begin(), answer.end()});
          },
          [&](TcpEnd end) { server.ends.push_back(end); });
    });
    Meddler meddler(loop, listener->local(), at, cuts, of_client);
    const auto connect =
        TcpStream::connect(loop, meddler.listener->local(), std::nullopt, 10s,
                           [&](Result<std::unique_ptr<TcpStream>> stream) {
                             client.stream = std::make_unique<TlsStream>(loop, std::move(*stream),
                                                                         client_context, 300ms);
                             client.start();
                             client.stream->write({question.begin(), question.end()});
                           });
    const auto over = [](TlsEnd& end) {
      if (!end.ends.empty() && end.ends.back() != TcpEnd::finished) end.stream.reset();
      return !end.ends.empty();
    };
    const auto settled = [&] {
      if (meddler.drop) {
        meddler.client.reset();
        meddler.to_server.reset();
      }
      const bool client_over = over(client), server_over = over(server);
      return (client_over && server_over) || client.heard == answer;
    };
    // A length that was changed makes an end wait for more: that is for its owner's limits.
    noticed += run_until(loop, settled, 600ms) ? 1 : 0;
    CHECK(question.starts_with(server.heard));
    CHECK(answer.starts_with(client.heard));
  }
  CHECK(noticed > 100);
}
