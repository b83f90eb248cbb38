#include "net/http_client.hpp"

#include "net/http_server.hpp"
#include "tests/net/raw_server.hpp"
#include "tests/net/run_until.hpp"

#include <catch2/catch.hpp>

#include <thread>

namespace taproot::net {

using namespace std::chrono_literals;

namespace {

/// An HTTP server of our own, and a client on the same loop.
struct Web {
  explicit Web(HttpServer::Handler handler) : client(std::make_unique<HttpClient>(loop)) {
    server = *HttpServer::open(loop, loopback, std::move(handler));
  }
  std::string url(const std::string& path = "/") const {
    return "http://" + server->local().to_text() + path;
  }
  Result<HttpResponse> get(HttpRequest request) {
    std::optional<Result<HttpResponse>> got;
    const auto fetch = client->fetch(
        std::move(request), [&](Result<HttpResponse> response) { got = std::move(response); });
    REQUIRE_FALSE(got);
    REQUIRE(run_until(loop, [&] { return got.has_value(); }));
    CHECK_FALSE(fetch.is_running());
    return std::move(*got);
  }

  Loop loop;
  std::unique_ptr<HttpServer> server;
  std::unique_ptr<HttpClient> client;
};

Result<HttpResponse> fetch_from(RawServer& server, Loop& loop, HttpRequest request = {}) {
  HttpClient client(loop);
  request.url = server.url();
  std::optional<Result<HttpResponse>> got;
  const auto fetch = client.fetch(
      std::move(request), [&](Result<HttpResponse> response) { got = std::move(response); });
  REQUIRE(run_until(loop, [&] { return got.has_value(); }));
  return std::move(*got);
}

const HttpClient::OnResponse must_not_call = [](Result<HttpResponse>) { FAIL("called"); };

}  // namespace

TEST_CASE("a response comes with status, headers and body", "[net][http]") {
  Web web([](HttpServerRequest request, HttpResponder responder) {
    const int status = request.path == "/here" ? 200 : 404;
    responder.respond(status, "text/plain", request.method + " " + request.path,
                      {{"X-Thing", "first"}, {"Set-Cookie", "a=b"}});
  });
  const auto here = web.get({.url = web.url("/here")});
  REQUIRE(here);
  CHECK(here->status == 200);
  CHECK(here->body == "GET /here");
  CHECK(here->header("x-thing") == "first");
  CHECK(here->header("content-type") == "text/plain");
  CHECK_FALSE(here->header("x-other"));
  const auto absent = web.get({.url = web.url("/there")});
  REQUIRE(absent);
  CHECK(absent->status == 404);
}

TEST_CASE("methods, headers and bodies arrive as they were given", "[net][http]") {
  struct Case {
    std::string method, body;
  };
  const auto c = GENERATE(values<Case>({{"GET", ""},
                                        {"POST", ""},
                                        {"POST", "{\"a\":1}"},
                                        {"PUT", std::string("nul\0in", 6)},
                                        {"PATCH", std::string(100000, 'x')},
                                        {"DELETE", ""},
                                        {"DELETE", "why not"}}));
  CAPTURE(c.method, c.body.size());
  HttpServerRequest seen;
  Web web([&](HttpServerRequest request, HttpResponder responder) {
    seen = std::move(request);
    responder.respond(200, "text/plain", "ok");
  });
  const auto response = web.get({.method = c.method,
                                 .url = web.url("/a%20b?x=1%262&y=&x=9"),
                                 .headers = {{"X-Api-Key", "k"}, {"X-Empty", ""}},
                                 .body = c.body});
  REQUIRE(response);
  CHECK(response->status == 200);
  CHECK(seen.method == c.method);
  CHECK(seen.body == c.body);
  CHECK(seen.path == "/a b");
  CHECK(seen.query == std::map<std::string, std::string>{{"x", "1&2"}, {"y", ""}});
  CHECK(seen.header("x-api-key") == "k");
  CHECK(seen.header("X-EMPTY") == "");
  CHECK_FALSE(seen.header("Content-Type"));
  CHECK_FALSE(seen.header("Expect"));
  CHECK(seen.from.address().is_loopback());
}

TEST_CASE("HEAD has a head only", "[net][http]") {
  Web web([](HttpServerRequest, HttpResponder responder) {
    responder.respond(200, "text/plain", "a body");
  });
  const auto response = web.get({.method = "HEAD", .url = web.url()});
  REQUIRE(response);
  CHECK(response->status == 200);
  CHECK(response->body.empty());
}

TEST_CASE("a body over the limit is cut off", "[net][http]") {
  Web web([](HttpServerRequest, HttpResponder responder) {
    responder.respond(200, "text/plain", std::string(1000, 'x'));
  });
  CHECK(web.get({.url = web.url(), .max_body = 1000}));
  const auto response = web.get({.url = web.url(), .max_body = 999});
  REQUIRE_FALSE(response);
  CHECK(response.error().code == Errc::too_large);
  CHECK_THAT(response.error().detail, Catch::Contains("127.0.0.1"));
}

TEST_CASE("a body without end, or a head without end, is cut off", "[net][http]") {
  Loop loop;
  const std::string many(1 << 20, 'x');
  std::string heads = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 10000; ++i)
    heads += "X-" + std::to_string(i) + ": " + std::string(50, 'x') + "\r\n";
  const std::string says =
      GENERATE_COPY("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n100000\r\n" + many, heads,
                    "HTTP/1.1 200 OK\r\n\r\n" + many);
  RawServer server(loop, says, RawServer::Then::keep_open);
  const auto response = fetch_from(server, loop, {.max_body = 1000});
  REQUIRE_FALSE(response);
  CHECK(response.error().code == Errc::too_large);
}

TEST_CASE("a silent server ends with the deadline", "[net][http]") {
  Loop loop;
  const std::string says =
      GENERATE(as<std::string>(), "", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab");
  RawServer server(loop, says, RawServer::Then::keep_open);
  const auto response = fetch_from(server, loop, {.timeout = 100ms});
  REQUIRE_FALSE(response);
  CHECK(response.error().code == Errc::timed_out);
  CHECK_THAT(response.error().detail, Catch::Contains("127.0.0.1"));
}

TEST_CASE("what is not HTTP is an error that quotes nothing", "[net][http]") {
  Loop loop;
  const std::string says = GENERATE(
      as<std::string>(), "SSH-2.0-GARBAGE\r\n", std::string("\0\1\2GARBAGE\n\n", 12),
      "HTTP/1.1 GARBAGE\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf GARBAGE",
      "HTTP/1.1 200 OK\r\nContent-Length: GARBAGE\r\n\r\n",
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nGARBAGE\r\n");
  CAPTURE(says);
  RawServer server(loop, says, RawServer::Then::close);
  const auto response =
      fetch_from(server, loop, {.headers = {{"Authorization", "Bearer SECRET"}}, .body = "SECRET"});
  REQUIRE_FALSE(response);
  CHECK(response.error().code == Errc::io);
  CHECK_THAT(response.error().detail, Catch::StartsWith("127.0.0.1:"));
  CHECK_THAT(response.error().detail, !Catch::Contains("GARBAGE") && !Catch::Contains("SECRET"));
  CHECK_THAT(server.heard(), Catch::Contains("SECRET"));
}

TEST_CASE("a connection refused says so", "[net][http]") {
  Loop loop;
  HttpClient client(loop);
  std::optional<Error> error;
  const auto fetch = client.fetch({.url = "http://user:SECRET@127.0.0.1:1/?key=SECRET"},
                                  [&](Result<HttpResponse> response) { error = response.error(); });
  REQUIRE(run_until(loop, [&] { return error.has_value(); }));
  CHECK(error->code == Errc::io);
  CHECK(error->detail == "127.0.0.1:1: Connection refused");
}

TEST_CASE("a redirect is a response and nothing more", "[net][http]") {
  int requests = 0;
  Web web([&](HttpServerRequest, HttpResponder responder) {
    ++requests;
    responder.respond(302, "text/plain", "", {{"Location", "/elsewhere"}});
  });
  const auto response = web.get({.url = web.url()});
  REQUIRE(response);
  CHECK(response->status == 302);
  CHECK(response->header("Location") == "/elsewhere");
  CHECK(requests == 1);
}

TEST_CASE("what comes before the response is not part of it", "[net][http]") {
  Loop loop;
  RawServer server(loop,
                   "HTTP/1.1 103 Early Hints\r\nX-Early: 1\r\n\r\n"
                   "HTTP/1.1 200 OK\r\nX-Late:  2 \r\nContent-Length: 2\r\n\r\nok",
                   RawServer::Then::keep_open);
  const auto response = fetch_from(server, loop);
  REQUIRE(response);
  CHECK(response->status == 200);
  CHECK_FALSE(response->header("X-Early"));
  CHECK(response->header("X-Late") == "2");
}

TEST_CASE("what cannot be sent is refused, later and without its text", "[net][http]") {
  const HttpRequest request = GENERATE(values<HttpRequest>(
      {{.url = ""},
       {.url = "SECRET"},
       {.url = "ftp://127.0.0.1/SECRET"},
       {.url = "file:///etc/SECRET"},
       {.url = "http://127.0.0.1/SECRET\r\nX: y"},
       {.url = "http://127.0.0.1:99999/SECRET"},
       {.method = "", .url = "http://127.0.0.1/"},
       {.method = "GET / HTTP/1.1\r\nSECRET:", .url = "http://127.0.0.1/"},
       {.url = "http://127.0.0.1/", .headers = {{"X", "a\r\nSECRET: b"}}},
       {.url = "http://127.0.0.1/", .headers = {{"X", "a\nSECRET: b"}}},
       {.url = "http://127.0.0.1/", .headers = {{"X: SECRET", "a"}}},
       {.url = "http://127.0.0.1/", .headers = {{"", "SECRET"}}},
       {.url = "http://127.0.0.1/", .headers = {{"content-length", "5"}}},
       {.url = "http://127.0.0.1/", .headers = {{"Transfer-Encoding", "chunked"}}}}));
  CAPTURE(request.url, request.method);
  Loop loop;
  HttpClient client(loop);
  std::optional<Error> error;
  const auto fetch = client.fetch(request, [&](Result<HttpResponse> response) {
    REQUIRE_FALSE(response);
    error = response.error();
  });
  CHECK_FALSE(error);
  REQUIRE(run_until(loop, [&] { return error.has_value(); }));
  CHECK(error->code == Errc::bad_text);
  CHECK_THAT(error->detail, !Catch::Contains("SECRET"));
}

TEST_CASE("a host that does not exist is an error", "[net][http]") {
  Loop loop;
  HttpClient client(loop);
  std::optional<Error> error;
  const std::string url = GENERATE(as<std::string>(), "http://does-not-exist.invalid/",
                                   "http://" + std::string(300, 'a') + "/");
  const auto fetch = client.fetch({.url = url}, [&](Result<HttpResponse> response) {
    REQUIRE_FALSE(response);
    error = response.error();
  });
  REQUIRE(run_until(loop, [&] { return error.has_value(); }, 60s));
  CHECK((error->code == Errc::io || error->code == Errc::timed_out));
}

TEST_CASE("names are resolved", "[net][http]") {
  Web web([](HttpServerRequest request, HttpResponder responder) {
    responder.respond(200, "text/plain", std::string(*request.header("Host")));
  });
  const auto port = std::to_string(web.server->local().port());
  const auto response = web.get({.url = "http://LocalHost:" + port + "/"});
  REQUIRE(response);
  CHECK(response->status == 200);
  CHECK_THAT(response->body, Catch::EndsWith(":" + port));
}

TEST_CASE("connections are used again", "[net][http]") {
  Loop loop;
  RawServer server(loop, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
                   RawServer::Then::keep_open);
  HttpClient client(loop);
  for (int i = 0; i < 3; ++i) {
    bool ok = false;
    const auto fetch = client.fetch(
        {.url = server.url()}, [&](Result<HttpResponse> response) { ok = response.has_value(); });
    REQUIRE(run_until(loop, [&] { return ok; }));
  }
  CHECK(server.connections() == 1);
}

TEST_CASE("many fetches run side by side", "[net][http]") {
  Web web([](HttpServerRequest request, HttpResponder responder) {
    responder.respond(200, "text/plain", request.path);
  });
  int ok = 0;
  std::vector<HttpFetch> fetches;
  for (int i = 0; i < 30; ++i) {
    const auto path = "/" + std::to_string(i);
    fetches.push_back(web.client->fetch({.url = web.url(path)}, [&, path](Result<HttpResponse> r) {
      if (r && r->body == path) ++ok;
    }));
  }
  REQUIRE(run_until(web.loop, [&] { return ok == 30; }));
}

TEST_CASE("a fetch that was cancelled calls nobody", "[net][http]") {
  Loop loop;
  RawServer server(loop, "", RawServer::Then::keep_open);
  auto client = std::make_unique<HttpClient>(loop);
  SECTION("at once") {
    client->fetch({.url = server.url()}, must_not_call).cancel();
  }
  SECTION("while its name is looked up") {
    auto fetch = client->fetch({.url = "http://localhost:1/"}, must_not_call);
    CHECK(fetch.is_running());
    fetch = HttpFetch();
  }
  SECTION("while it waits") {
    auto fetch = client->fetch({.url = server.url()}, must_not_call);
    REQUIRE(run_until(loop, [&] { return !server.heard().empty(); }));
    fetch.cancel();
    CHECK_FALSE(fetch.is_running());
  }
  SECTION("by the end of its client") {
    const auto fetch = client->fetch({.url = server.url()}, must_not_call);
    REQUIRE(run_until(loop, [&] { return !server.heard().empty(); }));
    client.reset();
    CHECK_FALSE(fetch.is_running());
  }
  run_for(loop, 20ms);
}

TEST_CASE("fetch and client may be destroyed in the call", "[net][http]") {
  Web web([](HttpServerRequest, HttpResponder responder) {
    responder.respond(200, "text/plain", "ok");
  });
  const auto witness = std::make_shared<int>(7);
  const bool good = GENERATE(true, false);
  const bool client_too = GENERATE(true, false);
  int calls = 0;
  HttpFetch fetch;
  auto other = web.client->fetch({.url = web.url()}, [](Result<HttpResponse>) {});
  fetch = web.client->fetch({.url = good ? web.url() : "http://127.0.0.1:1/"},
                            [&, witness](Result<HttpResponse>) {
                              fetch = HttpFetch();
                              other.cancel();
                              if (client_too) web.client.reset();
                              calls += *witness;
                            });
  REQUIRE(run_until(web.loop, [&] { return calls != 0; }));
  run_for(web.loop, 5ms);
  CHECK(calls == 7);
}

TEST_CASE("a command may wait for its response", "[net][http]") {
  Web web([](HttpServerRequest, HttpResponder responder) {
    responder.respond(200, "text/plain", "ok");
  });
  Result<HttpResponse> response = fail(Errc::io, "");
  std::thread command([&] {
    response = http_fetch({.url = web.url()});
    web.loop.stop();
  });
  web.loop.run();
  command.join();
  REQUIRE(response);
  CHECK(response->body == "ok");

  const auto refused = http_fetch({.url = "http://127.0.0.1:1/"});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Errc::io);
}

TEST_CASE("TLS to a server that has none is an error", "[net][http]") {
  Loop loop;
  RawServer server(loop, "HTTP/1.1 400 GARBAGE\r\n\r\n", RawServer::Then::close);
  auto url = server.url();
  url.replace(0, 4, "https");
  HttpClient client(loop);
  std::optional<Error> error;
  const auto fetch =
      client.fetch({.url = url}, [&](Result<HttpResponse> response) { error = response.error(); });
  REQUIRE(run_until(loop, [&] { return error.has_value(); }));
  CHECK(error->code == Errc::io);
  CHECK_THAT(error->detail, Catch::StartsWith("127.0.0.1:") && !Catch::Contains("GARBAGE"));

  const auto bad_file = http_fetch({.url = url, .timeout = 5s, .ca_file = "/does/not/exist.pem"});
  REQUIRE_FALSE(bad_file);
}

}  // namespace taproot::net
