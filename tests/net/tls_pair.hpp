#pragma once

#include "net/tcp_listener.hpp"
#include "net/tls_stream.hpp"
#include "tests/net/certificates.hpp"
#include "tests/net/run_until.hpp"

#include <catch2/catch.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace taproot::net {

inline std::shared_ptr<const TlsContext> tls_server(const Certificates& files,
                                                    const std::string& name = "server",
                                                    bool asks_clients = true) {
  TlsServerSettings settings{files.path(name + ".pem"), files.path(name + ".key"), std::nullopt};
  if (asks_clients) settings.client_ca = files.path("ca.pem");
  return TlsContext::for_server(settings).value();
}

/// Of a client that wants "localhost" and shows the certificate `name`, if it is not empty.
inline TlsClientSettings tls_client(const Certificates& files, const std::string& name = "") {
  TlsClientSettings settings;
  settings.hostname = "localhost";
  settings.ca_file = files.path("ca.pem");
  if (!name.empty()) {
    settings.certificate = files.path(name + ".pem");
    settings.key = files.path(name + ".key");
  }
  return settings;
}

/// One end of a connection, and what its owner hears.
struct TlsEnd {
  std::unique_ptr<Stream> stream;
  std::string heard;
  std::vector<TcpEnd> ends;
  std::string why;  ///< as it was said with the last end

  void start() {
    stream->start([this](Octets octets) { heard += text_of(octets); },
                  [this](TcpEnd end) {
                    ends.push_back(end);
                    why = stream->why_ended();
                  });
  }
  bool has_ended(TcpEnd how) const { return !ends.empty() && ends.back() == how; }
};

/// Both ends of one TLS connection on loopback; start() both to shake hands.
struct TlsPair {
  TlsPair(Loop& loop, const std::shared_ptr<const TlsContext>& server_context,
          const TlsClientSettings& client_settings,
          std::chrono::milliseconds limit = TlsStream::default_handshake_limit) {
    const auto client_context = TlsContext::for_client(client_settings).value();
    listener = *TcpListener::open(loop, loopback, {}, [&](std::unique_ptr<TcpStream> stream) {
      server.stream = std::make_unique<TlsStream>(loop, std::move(stream), server_context, limit);
    });
    const auto connect =
        TcpStream::connect(loop, listener->local(), std::nullopt, std::chrono::seconds(10),
                           [&](Result<std::unique_ptr<TcpStream>> stream) {
                             client.stream = std::make_unique<TlsStream>(loop, std::move(*stream),
                                                                         client_context, limit);
                           });
    REQUIRE(run_until(loop, [this] { return client.stream && server.stream; }));
  }
  void start() {
    server.start();
    client.start();
  }
  bool shake_hands(Loop& loop) {
    start();
    return run_until(loop, [this] {
      return (client.stream->tls_peer() && server.stream->tls_peer()) || !client.ends.empty() ||
             !server.ends.empty();
    });
  }

  std::unique_ptr<TcpListener> listener;
  TlsEnd client, server;
};

}  // namespace taproot::net
