#include "net/http_server.hpp"

#include "net/tcp_stream.hpp"
#include "tests/net/run_until.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

namespace taproot::net {

using namespace std::chrono_literals;

namespace {

/// A client that says octets, keeps what it hears, and sees the end.
struct RawClient {
  RawClient(Loop& loop, const Endpoint& to, std::string says)
      : connect(TcpStream::connect(
            loop, to, std::nullopt, 10s, [this, says](Result<std::unique_ptr<TcpStream>> made) {
              REQUIRE(made);
              stream = std::move(*made);
              stream->start([this](Octets octets) { heard += text_of(octets); },
                            [this](TcpEnd) { ended = true; });
              const auto octets = octets_of(says);
              stream->write({octets.begin(), octets.end()});
            })) {}
  bool has(std::string_view text) const { return heard.find(text) != heard.npos; }

  std::unique_ptr<TcpConnect> connect;
  std::unique_ptr<TcpStream> stream;
  std::string heard;
  bool ended = false;
};

const std::string host = "Host: localhost\r\n";

const HttpServer::Handler say_ok = [](HttpServerRequest, HttpResponder responder) {
  responder.respond(200, "text/plain", "ok");
};
const HttpServer::Handler must_not_call = [](HttpServerRequest, HttpResponder) { FAIL("called"); };

}  // namespace

TEST_CASE("a response may come later", "[net][http]") {
  Loop loop;
  std::optional<HttpResponder> owed;
  const auto server = *HttpServer::open(
      loop, loopback, [&](HttpServerRequest, HttpResponder r) { owed.emplace(std::move(r)); });
  RawClient client(loop, server->local(), "GET / HTTP/1.1\r\n" + host + "\r\n");
  REQUIRE(run_until(loop, [&] { return owed.has_value(); }));
  run_for(loop, 10ms);
  CHECK(client.heard.empty());
  CHECK_FALSE(owed->is_answered());
  owed->respond(201, "text/plain", "late", {{"X-Late", "yes"}});
  CHECK(owed->is_answered());
  owed->respond(500, "text/plain", "twice");
  REQUIRE(run_until(loop, [&] { return client.has("late"); }));
  owed.reset();
  run_for(loop, 5ms);
  CHECK_THAT(client.heard, Catch::StartsWith("HTTP/1.1 201 ") &&
                               Catch::Contains("X-Late: yes\r\n") && !Catch::Contains("twice"));
}

TEST_CASE("requests of one connection are answered one after the other", "[net][http]") {
  Loop loop;
  std::vector<HttpResponder> owed;
  std::vector<std::string> paths;
  const auto server =
      *HttpServer::open(loop, loopback, [&](HttpServerRequest request, HttpResponder r) {
        paths.push_back(request.path);
        owed.push_back(std::move(r));
      });
  RawClient client(loop, server->local(),
                   "GET /1 HTTP/1.1\r\n" + host + "\r\nGET /2 HTTP/1.1\r\n" + host + "\r\n");
  REQUIRE(run_until(loop, [&] { return owed.size() == 1; }));
  owed[0].respond(200, "text/plain", "one");
  REQUIRE(run_until(loop, [&] { return owed.size() == 2; }));
  owed[1].respond(200, "text/plain", "two");
  REQUIRE(run_until(loop, [&] { return client.has("two"); }));
  CHECK(paths == std::vector<std::string>{"/1", "/2"});
  CHECK(client.heard.find("one") < client.heard.find("two"));
}

TEST_CASE("a responder that is dropped answers 500", "[net][http]") {
  Loop loop;
  std::optional<HttpResponder> kept;
  const bool replaced = GENERATE(false, true);
  const auto server = *HttpServer::open(loop, loopback, [&](HttpServerRequest, HttpResponder r) {
    if (!replaced) return;
    if (kept) {
      *kept = std::move(r);
    } else {
      kept.emplace(std::move(r));
    }
  });
  RawClient client(loop, server->local(), "GET / HTTP/1.1\r\n" + host + "\r\n");
  if (replaced) {
    REQUIRE(run_until(loop, [&] { return kept.has_value(); }));
    RawClient other(loop, server->local(), "GET / HTTP/1.1\r\n" + host + "\r\n");
    REQUIRE(run_until(loop, [&] { return client.has("HTTP/1.1 500 "); }));
    kept.reset();
  }
  REQUIRE(run_until(loop, [&] { return client.has("HTTP/1.1 500 "); }));
}

TEST_CASE("a responder may outlive its server, and its client", "[net][http]") {
  Loop loop;
  std::optional<HttpResponder> owed;
  auto server = *HttpServer::open(
      loop, loopback, [&](HttpServerRequest, HttpResponder r) { owed.emplace(std::move(r)); });
  RawClient client(loop, server->local(), "GET / HTTP/1.1\r\n" + host + "\r\n");
  REQUIRE(run_until(loop, [&] { return owed.has_value(); }));
  SECTION("server") {
    server.reset();
    REQUIRE(run_until(loop, [&] { return client.ended; }));
    owed->respond(200, "text/plain", "nobody hears");
  }
  SECTION("client") {
    client.stream.reset();
    run_for(loop, 5ms);
    owed->respond(200, "text/plain", std::string(1 << 20, 'x'));
    run_for(loop, 5ms);
  }
  SECTION("server, unanswered") {
    server.reset();
  }
  owed.reset();
  CHECK(client.heard.empty());
}

TEST_CASE("a body over the limit is answered 413", "[net][http]") {
  struct Case {
    std::string head, body;
    int status;
  };
  const std::string chunk = "400\r\n" + std::string(1024, 'x') + "\r\n";
  const auto c = GENERATE_COPY(
      values<Case>({{"Content-Length: 1000\r\n", std::string(1000, 'x'), 200},
                    {"Content-Length: 1001\r\n", std::string(1001, 'x'), 413},
                    {"Content-Length: 8000\r\n", std::string(8000, 'x'), 413},
                    {"Content-Length: 1000000000000\r\n", "", 413},
                    {"Transfer-Encoding: chunked\r\n",
                     "3e8\r\n" + std::string(1000, 'x') + "\r\n0\r\n\r\n", 200},
                    {"Transfer-Encoding: chunked\r\n", chunk + "0\r\n\r\n", 413},
                    {"Transfer-Encoding: chunked\r\n", chunk + chunk + chunk + "0\r\n\r\n", 413}}));
  CAPTURE(c.head, c.body.size());
  Loop loop;
  std::size_t seen = 0;
  HttpServer::Options options;
  options.max_body = 1000;
  const auto server =
      *HttpServer::open(loop, loopback, options, [&](HttpServerRequest request, HttpResponder r) {
        seen = request.body.size();
        r.respond(200, "text/plain", "ok");
      });
  RawClient client(loop, server->local(), "POST / HTTP/1.1\r\n" + host + c.head + "\r\n" + c.body);
  REQUIRE(run_until(loop, [&] { return client.has("\r\n\r\n"); }));
  CHECK_THAT(client.heard, Catch::StartsWith("HTTP/1.1 " + std::to_string(c.status)));
  CHECK(seen == (c.status == 200 ? 1000 : 0));
}

TEST_CASE("what a head can be refused for never reaches the handler", "[net][http]") {
  struct Case {
    std::string request, status;
  };
  const auto c = GENERATE_COPY(values<Case>(
      {{"GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n", "421"},
       {"POST / HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 9\r\n\r\n", "421"},
       {"GET / HTTP/1.0\r\n\r\n", "421"},
       {"GET / HTTP/1.1\r\n\r\n", "400"},
       {"GET / HTTP/1.1\r\n" + host + "Host: evil.example\r\n\r\n", "400"},
       {"OPTIONS * HTTP/1.1\r\n" + host + "\r\n", "400"},
       {"POST / HTTP/1.1\r\n" + host + "Content-Length: -1\r\n\r\n", "400"},
       {"GET / HTTP/1.1\r\n" + host + "X: " + std::string(20000, 'x') + "\r\n\r\n", "431"},
       {"GET /" + std::string(20000, 'x') + " HTTP/1.1\r\n" + host + "\r\n", "414"}}));
  CAPTURE(c.request.substr(0, 60));
  Loop loop;
  const auto server = *HttpServer::open(loop, loopback, must_not_call);
  RawClient client(loop, server->local(), c.request);
  REQUIRE(run_until(loop, [&] { return client.has("\r\n\r\n") || client.ended; }));
  CHECK_THAT(client.heard, Catch::Matches("HTTP/1\\.[01] " + c.status + " [^]*"));
}

TEST_CASE("a name of the allow-list is served", "[net][http]") {
  Loop loop;
  HttpServer::Options options;
  options.hosts = {"dash.example.net"};
  const auto server = *HttpServer::open(loop, loopback, options, say_ok);
  RawClient client(loop, server->local(), "GET / HTTP/1.1\r\nHost: Dash.Example.Net:8053\r\n\r\n");
  REQUIRE(run_until(loop, [&] { return client.has("\r\n\r\n"); }));
  CHECK_THAT(client.heard, Catch::StartsWith("HTTP/1.1 200 "));
}

TEST_CASE("a request that does not become whole is cut off", "[net][http]") {
  const std::string says =
      GENERATE_COPY(as<std::string>(), "", "GET / HT", "GET / HTTP/1.1\r\n" + host,
                    "POST / HTTP/1.1\r\n" + host + "Content-Length: 9\r\n\r\n1");
  CAPTURE(says);
  Loop loop;
  HttpServer::Options options;
  options.request_timeout = 100ms;
  const auto server = *HttpServer::open(loop, loopback, options, must_not_call);
  RawClient client(loop, server->local(), says);
  // One octet now and then does not extend it.
  Timer drip(loop, [&] {
    if (client.stream && !says.empty()) client.stream->write({'X'});
    drip.set_after(20ms);
  });
  drip.set_after(20ms);
  const auto before = Clock::now();
  REQUIRE(run_until(loop, [&] { return client.ended; }));
  CHECK(Clock::now() - before >= 90ms);
}

TEST_CASE("a connection that has been served is cut off when it stays idle", "[net][http]") {
  Loop loop;
  HttpServer::Options options;
  options.request_timeout = 100ms;
  const auto server = *HttpServer::open(loop, loopback, options, say_ok);
  RawClient client(loop, server->local(), "GET / HTTP/1.1\r\n" + host + "\r\n");
  REQUIRE(run_until(loop, [&] { return client.has("ok"); }));
  CHECK_FALSE(client.ended);
  REQUIRE(run_until(loop, [&] { return client.ended; }));
}

TEST_CASE("a handler may take longer than a request", "[net][http]") {
  Loop loop;
  HttpServer::Options options;
  options.request_timeout = 20ms;
  std::optional<HttpResponder> owed;
  const auto server =
      *HttpServer::open(loop, loopback, options,
                        [&](HttpServerRequest, HttpResponder r) { owed.emplace(std::move(r)); });
  RawClient client(loop, server->local(), "GET / HTTP/1.1\r\n" + host + "\r\n");
  REQUIRE(run_until(loop, [&] { return owed.has_value(); }));
  run_for(loop, 100ms);
  CHECK_FALSE(client.ended);
  owed->respond(200, "text/plain", "ok");
  REQUIRE(run_until(loop, [&] { return client.has("ok"); }));
}

TEST_CASE("a client that does not read its response is cut off", "[net][http]") {
  Loop loop;
  HttpServer::Options options;
  options.response_timeout = 100ms;
  const auto server =
      *HttpServer::open(loop, loopback, options, [](HttpServerRequest, HttpResponder r) {
        r.respond(200, "text/plain", std::string(32 << 20, 'x'));
      });
  RawClient client(loop, server->local(), "GET / HTTP/1.1\r\n" + host + "\r\n");
  REQUIRE(run_until(loop, [&] { return !client.heard.empty(); }));
  client.stream->pause_reading();
  run_for(loop, 300ms);
  client.stream->resume_reading();
  REQUIRE(run_until(loop, [&] { return client.ended; }));
  CHECK(client.heard.size() < 32 << 20);
}

TEST_CASE("a response cannot smuggle headers", "[net][http]") {
  Loop loop;
  const auto server = *HttpServer::open(loop, loopback, [](HttpServerRequest, HttpResponder r) {
    r.respond(200, "text/plain", "ok", {{"X-A", "b\r\nX-Evil: 1"}, {"X-Good", "1"}});
  });
  RawClient client(loop, server->local(), "GET / HTTP/1.1\r\n" + host + "\r\n");
  REQUIRE(run_until(loop, [&] { return client.has("ok"); }));
  CHECK_THAT(client.heard, Catch::Contains("X-Good: 1") && !Catch::Contains("X-Evil"));
}

TEST_CASE("connections over the limit wait for their turn", "[net][http]") {
  Loop loop;
  HttpServer::Options options;
  options.max_connections = 2;
  options.request_timeout = 100ms;
  const auto server = *HttpServer::open(loop, loopback, options, say_ok);
  std::vector<std::unique_ptr<RawClient>> idle;
  for (int i = 0; i < 6; ++i) {
    idle.push_back(std::make_unique<RawClient>(loop, server->local(), "GET"));
  }
  RawClient client(loop, server->local(), "GET / HTTP/1.1\r\n" + host + "\r\n");
  REQUIRE(run_until(loop, [&] { return client.has("ok"); }));
}

TEST_CASE("a server may be destroyed in its own call", "[net][http]") {
  Loop loop;
  const bool answers = GENERATE(true, false);
  const auto witness = std::make_shared<int>(7);
  int calls = 0;
  std::unique_ptr<HttpServer> server;
  server = *HttpServer::open(loop, loopback, [&, witness](HttpServerRequest, HttpResponder r) {
    if (answers) r.respond(200, "text/plain", "ok");
    server.reset();
    calls += *witness;
  });
  std::vector<std::unique_ptr<RawClient>> clients;
  const auto to = server->local();
  for (int i = 0; i < 5; ++i) {
    clients.push_back(std::make_unique<RawClient>(loop, to, "GET / HTTP/1.1\r\n" + host + "\r\n"));
  }
  REQUIRE(run_until(loop, [&] {
    return std::all_of(clients.begin(), clients.end(), [](const auto& c) { return c->ended; });
  }));
  CHECK(calls == 7);
}

TEST_CASE("a server that cannot be opened says so", "[net][http]") {
  Loop loop;
  const auto server = *HttpServer::open(loop, loopback, say_ok);
  const auto again = HttpServer::open(loop, server->local(), say_ok);
  REQUIRE_FALSE(again);
  CHECK(again.error().code == Errc::in_use);
  CHECK_THAT(again.error().detail, Catch::Contains(server->local().to_text()));
}

}  // namespace taproot::net
