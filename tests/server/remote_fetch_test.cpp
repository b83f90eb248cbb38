#include "server/remote_fetch.hpp"

#include "net/http_client.hpp"
#include "tests/net/raw_server.hpp"
#include "tests/net/tls_server.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace taproot;
using namespace taproot::server;
using namespace std::chrono_literals;

namespace {

const std::string text = "www: {type: A, value: 192.0.2.1}\n";

RemoteConfig remote_at(const std::string& url) {
  RemoteConfig config;
  config.url = url;
  config.token = Secret("sesame");
  return config;
}

RemoteConfig remote() {
  return remote_at("https://h.example/a/z.yaml?ref=main");
}

net::HttpResponse response(int status, std::string body = "", net::HttpHeaders headers = {}) {
  net::HttpResponse made;
  made.status = status;
  made.headers = std::move(headers);
  made.body = std::move(body);
  return made;
}

net::HttpResponse redirect(const std::string& to, int status = 302) {
  return response(status, "", {{"Location", to}});
}

/// Feeds responses to a fetch until it has enough; the URLs asked for.
std::vector<std::string> feed(RemoteFetch& fetch,
                              std::vector<Result<net::HttpResponse>> responses) {
  std::vector<std::string> urls;
  std::optional<net::HttpRequest> request = fetch.begin();
  for (auto& one : responses) {
    REQUIRE(request);
    urls.push_back(request->url);
    CHECK(net::find_header(request->headers, "Authorization") == "Bearer sesame");
    request = fetch.on_response(std::move(one));
  }
  CHECK_FALSE(request);
  return urls;
}

/// Against a real server.
RemoteOutcome look_at(const std::string& says, RemoteConfig config,
                      net::RawServer::Then then = net::RawServer::Then::close) {
  net::Loop loop;
  net::RawServer server(loop, says, then);
  net::HttpClient client(loop);
  config.url = server.url();
  RemoteFetch fetch(config, {});
  bool ended = false;
  net::HttpFetch running;
  std::function<void(net::HttpRequest)> ask = [&](net::HttpRequest request) {
    running = client.fetch(std::move(request), [&](Result<net::HttpResponse> got) {
      auto next = fetch.on_response(std::move(got));
      if (next) return ask(std::move(*next));
      ended = true;
    });
  };
  ask(fetch.begin());
  REQUIRE(net::run_until(loop, [&] { return ended; }));
  return fetch.outcome();
}

}  // namespace

TEST_CASE("a document is fetched with its validators", "[server][remote]") {
  RemoteFetch fetch(remote(), {});
  const auto first = fetch.begin();
  CHECK(first.url == "https://h.example/a/z.yaml?ref=main");
  CHECK_FALSE(net::find_header(first.headers, "If-None-Match"));
  CHECK_FALSE(net::find_header(first.headers, "If-Modified-Since"));
  CHECK(net::find_header(first.headers, "Accept-Encoding") == "identity");
  CHECK(first.max_body == remote().max_octets);
  CHECK_FALSE(
      fetch.on_response(response(200, text, {{"ETag", "W/\"1\""}, {"last-modified", "x"}})));
  CHECK(fetch.outcome().kind == RemoteOutcome::Kind::fetched);
  CHECK(fetch.outcome().text == text);
  CHECK(fetch.outcome().validators.etag == "W/\"1\"");
  CHECK(fetch.outcome().validators.last_modified == "x");

  RemoteFetch again(remote(), fetch.outcome().validators);
  const auto second = again.begin();
  CHECK(net::find_header(second.headers, "If-None-Match") == "W/\"1\"");
  CHECK(net::find_header(second.headers, "If-Modified-Since") == "x");
  CHECK_FALSE(again.on_response(response(304)));
  CHECK(again.outcome().kind == RemoteOutcome::Kind::unchanged);
}

TEST_CASE("what is no document is refused, what is no answer is a failure", "[server][remote]") {
  struct Case {
    const char* what;
    net::HttpResponse response;
    std::string rule;
    bool is_refusal;
  };
  auto endless = response(200, text);
  endless.ended_by_close = true;
  const auto c = GENERATE_COPY(values<Case>(
      {{"empty", response(200), "source-not-a-document", true},
       {"HTML by type", response(200, text, {{"Content-Type", "text/html; charset=utf-8"}}),
        "source-not-a-document", true},
       {"HTML by text", response(200, "\n <!DOCTYPE html><html>"), "source-not-a-document", true},
       {"compressed", response(200, text, {{"Content-Encoding", "gzip"}}), "source-not-a-document",
        true},
       {"without an end", endless, "source-not-a-document", true},
       {"not modified, but nothing was asked", response(304), "source-unreachable", false},
       {"no content", response(204), "source-unreachable", false},
       {"a part", response(206, text), "source-unreachable", false},
       {"not found", response(404, text), "source-unreachable", false},
       {"forbidden", response(403), "source-unreachable", false},
       {"server error", response(500, text), "source-unreachable", false}}));
  INFO(c.what);
  RemoteFetch fetch(remote(), {});
  feed(fetch, {c.response});
  CHECK(fetch.outcome().kind == RemoteOutcome::Kind::failed);
  CHECK(fetch.outcome().trouble.rule == c.rule);
  CHECK(fetch.outcome().trouble.is_refusal == c.is_refusal);
  CHECK_FALSE(fetch.outcome().trouble.message.empty());
  CHECK_FALSE(fetch.outcome().trouble.cure.empty());
  CHECK(fetch.outcome().text.empty());
}

TEST_CASE("a body without an end is believed with a proof", "[server][remote]") {
  auto config = remote();
  config.has_checksum = true;
  auto endless = response(200, text);
  endless.ended_by_close = true;
  RemoteFetch fetch(config, {});
  feed(fetch, {endless, response(200, "x")});
  CHECK(fetch.outcome().kind == RemoteOutcome::Kind::fetched);
}

TEST_CASE("redirects stay at the same origin, and end", "[server][remote]") {
  const std::string here = "https://h.example";
  RemoteFetch good(remote(), {});
  const auto urls = feed(good, {redirect("/b/z.yaml", 301), redirect("c", 307),
                                redirect("https://H.example:443/d", 308), response(200, text)});
  CHECK(urls == std::vector<std::string>{here + "/a/z.yaml?ref=main", here + "/b/z.yaml",
                                         here + "/b/c", "https://H.example:443/d"});
  CHECK(good.outcome().kind == RemoteOutcome::Kind::fetched);

  for (const auto* to :
       {"https://other.example/z.yaml", "//other.example/z.yaml", "http://h.example/z.yaml",
        "https://h.example:444/z.yaml", "https://h.example.evil.example/z.yaml",
        "ftp://h.example/z", "", "https://user@other.example/", "file:///etc/passwd"}) {
    CAPTURE(to);
    RemoteFetch fetch(remote(), {});
    feed(fetch, {redirect(to)});  // and so the token was sent nowhere else
    CHECK(fetch.outcome().trouble.rule == "source-redirect");
    CHECK_FALSE(fetch.outcome().trouble.is_refusal);
  }
  RemoteFetch loop(remote(), {});
  feed(loop, {redirect("/a"), redirect("/b"), redirect("/a"), redirect("/b")});
  CHECK(loop.outcome().trouble.rule == "source-redirect");
  CHECK_THAT(loop.outcome().trouble.message, Catch::Contains("more than 3"));
  RemoteFetch nowhere(remote(), {});
  feed(nowhere, {response(302)});
  CHECK(nowhere.outcome().trouble.rule == "source-redirect");
}

TEST_CASE("what proves a document is fetched beside it", "[server][remote]") {
  auto config = remote();
  config.has_checksum = true;
  config.signer = std::string(32, 'k');
  RemoteFetch fetch(config, {});
  const auto urls = feed(fetch, {redirect("/elsewhere"), response(200, text), response(200, "sum"),
                                 response(200, "sig")});
  CHECK(urls[2] == "https://h.example/a/z.yaml.sha256?ref=main");
  CHECK(urls[3] == "https://h.example/a/z.yaml.sig?ref=main");
  CHECK(fetch.outcome().checksum_file == "sum");
  CHECK(fetch.outcome().signature == "sig");

  RemoteFetch missing(config, {});
  feed(missing, {response(200, text), response(404)});
  CHECK(missing.outcome().kind == RemoteOutcome::Kind::failed);
  CHECK(missing.outcome().text.empty());
  CHECK_THAT(missing.outcome().trouble.message, Catch::Contains(".sha256"));

  RemoteFetch unchanged(config, {"\"1\"", ""});
  CHECK(feed(unchanged, {response(304)}).size() == 1);
  RemoteFetch large(config, {});
  (void)large.begin();
  CHECK(large.on_response(response(200, text))->max_body <= 65536);
}

TEST_CASE("hostile servers end in time and size", "[server][remote]") {
  auto config = remote();
  config.max_octets = 1000;
  config.timeout = 300ms;
  const std::string many(1 << 20, 'x');
  const std::string head = "HTTP/1.1 200 OK\r\n";
  struct Case {
    const char* what;
    std::string says;
    net::RawServer::Then then;
    std::string rule;
  };
  using Then = net::RawServer::Then;
  const auto c = GENERATE_COPY(
      values<Case>({{"oversize", head + "Content-Length: 1048576\r\n\r\n" + many, Then::keep_open,
                     "source-too-large"},
                    {"endless chunks", head + "Transfer-Encoding: chunked\r\n\r\n100000\r\n" + many,
                     Then::keep_open, "source-too-large"},
                    {"endless", head + "\r\n" + many, Then::keep_open, "source-too-large"},
                    {"promises more than it sends", head + "Content-Length: 900\r\n\r\nabc",
                     Then::close, "source-unreachable"},
                    {"promises more and waits", head + "Content-Length: 900\r\n\r\nabc",
                     Then::keep_open, "source-unreachable"},
                    {"half a chunk", head + "Transfer-Encoding: chunked\r\n\r\nff\r\nabc",
                     Then::close, "source-unreachable"},
                    {"silence", "", Then::keep_open, "source-unreachable"},
                    {"hangs up", "", Then::close, "source-unreachable"},
                    {"not HTTP", "SSH-2.0-x\r\n", Then::close, "source-unreachable"}}));
  INFO(c.what);
  const auto outcome = look_at(c.says, config, c.then);
  CHECK(outcome.kind == RemoteOutcome::Kind::failed);
  CHECK(outcome.trouble.rule == c.rule);
  CHECK_THAT(outcome.trouble.message, !Catch::Contains("SECRET") && !Catch::Contains("sesame"));
}

TEST_CASE("a length that is too short cuts the document, and only a proof tells",
          "[server][remote]") {
  auto config = remote();
  const auto outcome = look_at("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n" + text, config);
  CHECK(outcome.kind == RemoteOutcome::Kind::fetched);
  CHECK(outcome.text == text.substr(0, 5));
}

TEST_CASE("documents come over TLS, with a certificate where one is wanted", "[server][remote]") {
  const net::Certificates certificates;
  const net::TlsServer server(
      certificates,
      "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(text.size()) + "\r\n\r\n" + text,
      net::TlsServer::Clients::with_certificate);
  auto config = remote_at(server.url());
  config.ca_file = certificates.path("ca.pem");
  CHECK(fetch_now(config).trouble.rule == "source-unreachable");
  config.client_certificate = certificates.path("client.pem");
  config.client_key = certificates.path("client.key");
  CHECK(fetch_now(config).text == text);
  config.ca_file = certificates.path("other-ca.pem");
  const auto wrong = fetch_now(config);
  CHECK(wrong.trouble.rule == "source-unreachable");
  CHECK_THAT(wrong.trouble.message, Catch::Contains("certificate"));
}
