#include "server/remote_sources.hpp"

#include "dns/presentation.hpp"
#include "net/http_server.hpp"
#include "server/remote_proof.hpp"
#include "server/zone_parts.hpp"
#include "tests/net/run_until.hpp"
#include "tests/server/config_world.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

using namespace taproot;
using namespace taproot::server;
using namespace std::chrono_literals;

namespace {

const dns::Name apex = dns::Name::from_text("example.com.").value();

std::string document(const std::string& address) {
  return "'': {type: NS, values: [ns1.example.net., ns2.example.net.]}\nwww: {type: A, value: " +
         address + "}\n";
}

/// A web server with one document, and RemoteSources that looks at it, on one loop.
struct Web {
  Web() {
    server = *net::HttpServer::open(
        loop, net::loopback, [this](net::HttpServerRequest request, net::HttpResponder responder) {
          answer(request, std::move(responder));
        });
    open();
  }

  void answer(const net::HttpServerRequest& request, net::HttpResponder responder) {
    ++asked;
    authorization = std::string(request.header("Authorization").value_or(""));
    if (status != 200) return responder.respond(status, "text/plain", "no");
    net::HttpHeaders headers;
    if (!etag.empty()) headers.emplace_back("ETag", etag);
    if (!modified.empty()) headers.emplace_back("Last-Modified", modified);
    const bool known = (!etag.empty() && request.header("If-None-Match") == etag) ||
                       (!modified.empty() && request.header("If-Modified-Since") == modified);
    if (known) ++not_modified;
    if (known) return responder.respond(304, "text/plain", "", headers);
    responder.respond(200, "text/yaml", body, headers);
  }

  ZoneConfig zone() const {
    ZoneConfig made;
    made.name = apex;
    made.shown = "source";
    SourceConfig source;
    source.shown = "http://" + server->local().to_text() + "/z.yaml";
    source.remote = RemoteConfig();
    source.remote->url = source.shown;
    source.remote->interval = interval;
    source.remote->max_octets = 10'000;
    source.remote->timeout = 5s;
    source.remote->has_checksum = has_checksum;
    made.sources.push_back(source);
    return made;
  }

  void open() {
    remotes = std::make_unique<RemoteSources>(loop, folder.path() / "sources",
                                              [this](const dns::Name&) { ++changes; });
    remotes->set_zone(zone());
  }

  void refresh() {
    bool done = false;
    remotes->refresh({apex}, [&] { done = true; });
    REQUIRE(net::run_until(loop, [&] { return done; }));
  }

  /// Reads the zone as the desk does.
  LoadedZone read() {
    auto filled = std::make_shared<const ZoneConfig>(zone());
    remotes->fill(filled);
    const ZoneConfig& config = *filled;
    LoadedZone loaded{config.name, config.shown, {}};
    load_parts_of(config, loaded);
    remotes->on_read(loaded.documents, loaded.candidate.version != nullptr);
    return loaded;
  }

  SourceRow row() const { return remotes->rows(apex).at(0); }

  bool serves(const std::string& address) {
    const auto loaded = read();
    if (!loaded.candidate.version) return false;
    const auto www = loaded.candidate.version->find(
        dns::Name::from_text("www.example.com.").value(), dns::RRType::A);
    return www && dns::to_text(*www).find(address) != std::string::npos;
  }

  std::vector<std::filesystem::path> files(const std::string& ending) const {
    std::vector<std::filesystem::path> found;
    std::error_code none_yet;
    for (const auto& entry :
         std::filesystem::directory_iterator(folder.path() / "sources", none_yet)) {
      if (entry.path().extension() == ending) found.push_back(entry.path());
    }
    return found;
  }

  /// As after the end of the process.
  void restart() {
    remotes.reset();
    open();
  }

  TestFolder folder;
  net::Loop loop;
  std::unique_ptr<net::HttpServer> server;
  std::unique_ptr<RemoteSources> remotes;
  std::string body = document("192.0.2.1");
  std::string etag = "\"1\"";
  std::string modified;
  std::string authorization;
  int status = 200;
  int asked = 0;
  int not_modified = 0;
  int changes = 0;
  std::chrono::milliseconds interval = 1h;
  bool has_checksum = false;
};

}  // namespace

TEST_CASE("a document is fetched once and then only asked for", "[server][remote]") {
  Web web;
  if (GENERATE(false, true)) {
    web.etag.clear();
    web.modified = "Tue, 24 Nov 2026 10:00:00 GMT";
  }
  CHECK_FALSE(web.remotes->is_ready(apex));
  CHECK_FALSE(web.read().candidate.version);
  web.refresh();
  CHECK(web.remotes->is_ready(apex));
  CHECK(web.changes == 1);
  CHECK(web.serves("192.0.2.1"));
  web.refresh();
  CHECK(web.not_modified == 1);
  CHECK(web.changes == 1);
  CHECK(web.row().error.empty());
  CHECK(web.row().confirmed > web.row().fetched);
  web.body = document("192.0.2.2");
  (web.etag.empty() ? web.modified : web.etag) = "\"2\"";
  web.refresh();
  CHECK(web.changes == 2);
  CHECK(web.serves("192.0.2.2"));
  CHECK(web.files(".copy").size() == 1);
  CHECK(web.files(".new").empty());
}

TEST_CASE("a server without validators costs a download, and no change", "[server][remote]") {
  Web web;
  web.etag.clear();
  web.refresh();
  REQUIRE(web.serves("192.0.2.1"));
  web.refresh();
  CHECK(web.asked == 2);
  CHECK(web.changes == 1);
}

TEST_CASE("looks are repeated by a timer", "[server][remote]") {
  Web web;
  web.interval = 1s;
  web.remotes->set_zone(web.zone());  // as after a reload of the configuration
  REQUIRE(net::run_until(web.loop, [&] { return web.asked >= 2; }));
}

TEST_CASE("without its server a document is what it was, also after a restart",
          "[server][remote]") {
  Web web;
  web.refresh();
  REQUIRE(web.serves("192.0.2.1"));
  web.status = 500;
  web.refresh();
  CHECK_THAT(web.row().error, Catch::Contains("500"));
  CHECK(web.row().failing_since);
  CHECK(web.row().next > std::chrono::system_clock::now());
  CHECK(web.changes == 1);
  CHECK(web.serves("192.0.2.1"));
  const auto confirmed = web.row().confirmed;
  web.restart();
  web.refresh();
  CHECK(web.serves("192.0.2.1"));
  CHECK(web.row().confirmed == confirmed);
  CHECK_FALSE(web.row().error.empty());
  web.status = 200;
  web.refresh();
  CHECK(web.not_modified == 1);
  CHECK(web.row().error.empty());
  CHECK(web.row().confirmed > confirmed);
}

TEST_CASE("a document with mistakes does not take the good copy's place", "[server][remote]") {
  Web web;
  web.refresh();
  REQUIRE(web.serves("192.0.2.1"));
  web.body = "www: {type: A, value: nonsense}\n";
  web.etag = "\"2\"";
  web.refresh();
  CHECK(web.changes == 2);
  const auto bad = web.read();
  CHECK_FALSE(bad.candidate.version);
  REQUIRE_FALSE(bad.candidate.findings.empty());
  CHECK(bad.candidate.findings[0].file == web.zone().sources[0].shown);
  CHECK(bad.candidate.findings[0].line == 1);
  web.refresh();
  CHECK(web.not_modified == 1);  // it is not fetched again and again
  web.status = 500;
  web.restart();
  web.refresh();
  CHECK(web.serves("192.0.2.1"));
  web.status = 200;
  web.body = document("192.0.2.3");
  web.etag = "\"3\"";
  web.refresh();
  CHECK(web.serves("192.0.2.3"));
}

TEST_CASE("a refused document keeps the zone as it is until it is mended", "[server][remote]") {
  Web web;
  web.refresh();
  REQUIRE(web.serves("192.0.2.1"));
  struct Case {
    std::string body, rule;
  };
  const auto c = GENERATE(values<Case>({{"", "source-not-a-document"},
                                        {"<html>log in</html>", "source-not-a-document"},
                                        {std::string(10'001, '#'), "source-too-large"}}));
  web.etag.clear();
  web.body = c.body;
  web.refresh();
  CHECK(web.changes == 2);
  const auto refused = web.read();
  CHECK_FALSE(refused.candidate.version);
  REQUIRE(refused.candidate.findings.size() == 1);
  CHECK(refused.candidate.findings[0].rule == c.rule);
  web.refresh();
  CHECK(web.changes == 2);
  web.body = document("192.0.2.1");
  web.refresh();
  CHECK(web.changes == 3);
  CHECK(web.serves("192.0.2.1"));
}

TEST_CASE("a wrong checksum is refused by its own name", "[server][remote]") {
  Web web;
  web.has_checksum = true;
  web.remotes->set_zone(web.zone());
  web.refresh();  // the server says the same for the checksum's URL
  CHECK(web.row().rule == "source-checksum");
  CHECK_FALSE(web.read().candidate.version);
  CHECK(web.files(".copy").empty());
}

TEST_CASE("a damaged copy is fetched anew, not confirmed", "[server][remote]") {
  Web web;
  web.refresh();
  REQUIRE(web.serves("192.0.2.1"));
  const auto damage = [&] { std::ofstream(web.files(".copy").at(0), std::ios::app) << "x"; };
  SECTION("before the start") {
    damage();
    web.restart();
  }
  SECTION("while running") {
    damage();
    CHECK_FALSE(web.read().candidate.version);
  }
  web.refresh();
  CHECK(web.asked - web.not_modified == 2);  // as a whole, once before and once after the damage
  CHECK(web.serves("192.0.2.1"));
}

TEST_CASE("a first look that fails says why there is nothing", "[server][remote]") {
  Web web;
  web.status = 404;
  web.refresh();
  CHECK(web.remotes->is_ready(apex));
  CHECK(web.changes == 1);
  const auto loaded = web.read();
  CHECK_FALSE(loaded.candidate.version);
  REQUIRE(loaded.candidate.findings.size() == 1);
  CHECK(loaded.candidate.findings[0].rule == "source-unreachable");
  web.status = 200;
  web.refresh();
  CHECK(web.serves("192.0.2.1"));
}

TEST_CASE("what cannot be kept is not used", "[server][remote]") {
  Web web;
  web.refresh();
  REQUIRE(web.serves("192.0.2.1"));
  web.body = document("192.0.2.2");
  web.etag = "\"2\"";
  // In the way of the file that would hold it.
  const auto copy = web.files(".copy").at(0);
  const auto beside = copy.parent_path() /
                      (copy.stem().string() + "-" + sha256_of(web.body).substr(0, 16) + ".new.tmp");
  std::filesystem::create_directory(beside);
  web.refresh();
  CHECK(web.row().rule == "source-copy");
  std::filesystem::remove(beside);
  web.refresh();
  CHECK(web.serves("192.0.2.2"));
}

TEST_CASE("zones that go take their documents along, and answer who waits", "[server][remote]") {
  Web web;
  bool done = false;
  web.remotes->refresh({apex}, [&] { done = true; });
  web.remotes->drop_zone(apex);
  CHECK(done);
  CHECK(web.remotes->rows(apex).empty());
  web.remotes->set_zone(web.zone());
  web.refresh();
  REQUIRE(web.serves("192.0.2.1"));
  web.remotes->tidy();
  CHECK(web.files(".copy").size() == 1);
  web.remotes->drop_zone(apex);
  web.remotes->tidy();
  CHECK(web.files(".copy").empty());
}

TEST_CASE("a look that is asked for while one runs is one of its own", "[server][remote]") {
  Web web;
  web.refresh();
  int done = 0;
  web.remotes->refresh({apex}, [&] { ++done; });
  web.remotes->refresh({apex}, [&] { ++done; });
  REQUIRE(net::run_until(web.loop, [&] { return done == 2; }));
  CHECK(web.asked == 3);
}

TEST_CASE("many documents are looked at a few at a time, and all of them", "[server][remote]") {
  Web web;
  std::vector<dns::Name> names;
  for (int i = 0; i < 50; ++i) {
    auto zone = web.zone();
    zone.name = dns::Name::from_text("z" + std::to_string(i) + ".example.").value();
    names.push_back(zone.name);
    web.remotes->set_zone(zone);
  }
  bool done = false;
  web.remotes->refresh(names, [&] { done = true; });
  REQUIRE(net::run_until(web.loop, [&] { return done; }));
  for (const auto& name : names) CHECK(web.remotes->rows(name).at(0).confirmed);
}
