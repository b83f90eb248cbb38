#include "pushers/drivers/powerdns.hpp"

#include "pushers/drivers/powerdns_content.hpp"
#include "tests/pushers/values.hpp"

#include <catch2/catch.hpp>

#include <vector>

namespace taproot::pushers {

using namespace test;

namespace {

constexpr const char* canary = "canary-9c41f7";

Powerdns driver() {
  return Powerdns({"https://pdns.example.net:8081/", Secret(canary), "localhost"});
}

const Call call{WallTime(std::chrono::hours(500'000)), ""};

Response json(int status, std::string body) {
  return {status, {{"Content-Type", "application/json"}}, std::move(body)};
}

const ZoneRef zone_ref{name("@"), "example.org."};

/// As PowerDNS 4.7.3 answers, with other rrsets and settings.
std::string zone_body(
    const std::string& rrsets,
    const std::string& settings = R"("dnssec": false, "soa_edit": "", "soa_edit_api": "")") {
  return R"({"account": "", "api_rectify": false, "catalog": "", "edited_serial": 5, "id": "example.org.",
    "kind": "Native", "last_check": 0, "master_tsig_key_ids": [], "masters": [], "name": "example.org.",
    "notified_serial": 0, "nsec3narrow": false, "nsec3param": "", "rrsets": [)" +
         rrsets + R"(], "serial": 5, "slave_tsig_key_ids": [], )" + settings +
         R"(, "url": "/api/v1/servers/localhost/zones/example.org."})";
}

const char* const www = R"({"comments": [], "name": "www.example.org.", "records":
  [{"content": "192.0.2.2", "disabled": false}, {"content": "192.0.2.1", "disabled": false}], "ttl": 300, "type": "A"})";

Page page_of(const std::string& body) {
  const auto seen = driver().parse_list(call, zone_ref, json(200, body));
  REQUIRE(seen.value() != nullptr);
  return *seen.value();
}

std::string rrset_body(const std::string& type, const std::string& content,
                       const std::string& extra = "") {
  return R"({"comments": [], "name": "x.example.org.", "records": [{"content": )" + content +
         R"(, "disabled": false})" + extra + R"(], "ttl": 300, "type": ")" + type + R"("})";
}

}  // namespace

TEST_CASE("requests to PowerDNS", "[pushers][powerdns]") {
  const auto find =
      driver().find_zone(call, must(dns::Name::from_text("2/26.0.192.In-Addr.ARPA.")));
  CHECK(find.method == "GET");
  CHECK(find.url ==
        "https://pdns.example.net:8081/api/v1/servers/localhost/"
        "zones?zone=2%2F26.0.192.in-addr.arpa.");
  CHECK(find.headers == net::HttpHeaders{{"X-API-Key", canary}, {"Accept", "application/json"}});
  CHECK(find.body.empty());
  const auto list = driver().list(call, {name("@"), "=2E/../x?y"}, "");
  CHECK(list.url ==
        "https://pdns.example.net:8081/api/v1/servers/localhost/zones/%3D2E%2F..%2Fx%3Fy");
}

TEST_CASE("a batch becomes one PATCH with deletions first", "[pushers][powerdns]") {
  Batch batch{{std::nullopt, rrset("www 300 A 192.0.2.1 | 192.0.2.2"), 0},
              {rrset("s 300 A 192.0.2.1"), std::nullopt, 1},
              {std::nullopt, rrset("s 300 CNAME host"), 1},
              {rrset("t 60 TXT \"a\""), rrset("t 300 TXT \"say \\\"hi\\\"\" \"\\228\""), 2}};
  LiveZone live;
  live.zone = zone_ref;
  const auto requests = driver().apply(call, live, batch);
  REQUIRE(requests.size() == 1);
  CHECK(requests[0].method == "PATCH");
  CHECK(requests[0].url ==
        "https://pdns.example.net:8081/api/v1/servers/localhost/zones/example.org.");
  CHECK(requests[0].headers.back() ==
        std::pair<std::string, std::string>{"Content-Type", "application/json"});
  CHECK(requests[0].body ==
        R"({"rrsets":[{"name":"s.example.org.","type":"A","changetype":"DELETE"},)"
        R"({"name":"www.example.org.","type":"A","ttl":300,"changetype":"REPLACE","records":[)"
        R"({"content":"192.0.2.1","disabled":false},{"content":"192.0.2.2","disabled":false}]},)"
        R"({"name":"s.example.org.","type":"CNAME","ttl":300,"changetype":"REPLACE","records":[)"
        R"({"content":"host.example.org.","disabled":false}]},)"
        R"({"name":"t.example.org.","type":"TXT","ttl":300,"changetype":"REPLACE","records":[)"
        R"({"content":"\"say \\\"hi\\\"\" \"\\228\"","disabled":false}]}]})");
}

TEST_CASE("a body is never longer than was reckoned", "[pushers][powerdns]") {
  const auto line = GENERATE(
      as<std::string>{}, "www 300 A 192.0.2.1 | 192.0.2.2", "t 300 TXT \"\\255\\\"\\\\\" \"\"",
      "t 300 TXT \"\"",
      "a.very.long.name.of.many.labels 2147483647 AAAA 2001:db8:1111:2222:3333:4444:5555:6666",
      "l 300 LOC 52 0 0.000 N 13 0 0.000 E 0m 1m 1m 1m", "@ 300 MX 10 mail | 20 mail2",
      "\\000\\001\\255 300 A 192.0.2.1", "h 300 HTTPS 1 . alpn=h2,h3 key65000=\"\\001\\002\\003\"",
      "x 300 TYPE65300 \\# 4 01020304");
  CAPTURE(line);
  const PlannedChange change{std::nullopt, rrset(line), 0};
  LiveZone live;
  live.zone = zone_ref;
  const auto body = driver().apply(call, live, {change}).at(0).body;
  CHECK(body.size() <= driver().octets_of(change) + std::string("{\"rrsets\":[]}").size());
}

TEST_CASE("PowerDNS's spelling of rdata", "[pushers][powerdns]") {
  struct Case {
    const char* line;
    const char* type;
    const char* content;
  };
  const auto c = GENERATE(
      Case{"x 300 MX 10 mail", "MX", "10 mail.example.org."},
      Case{"x 300 HTTPS 0 host", "HTTPS", "0 host.example.org."},
      Case{"x 300 HTTPS 1 . alpn=h2,h3 no-default-alpn", "HTTPS", "1 . alpn=h2,h3 no-default-alpn"},
      Case{"x 300 SVCB 1 host port=53 ipv4hint=192.0.2.1,192.0.2.2 ipv6hint=2001:db8::1", "SVCB",
           "1 host.example.org. port=53 ipv4hint=192.0.2.1,192.0.2.2 ipv6hint=2001:db8::1"},
      Case{"x 300 SVCB 1 host mandatory=alpn,port alpn=h2 port=53", "SVCB",
           "1 host.example.org. mandatory=alpn,port alpn=h2 port=53"},
      Case{"x 300 SVCB 1 host key65000=\"ab\"", "SVCB", "1 host.example.org. key65000=\"ab\""},
      Case{"x 300 LOC 51 30 12.748 N 0 7 39.611 W 0m 0m 0m 0m", "LOC",
           "51 30 12.748 N 0 7 39.611 W 0.00m 0.00m 0.00m 0.00m"},
      Case{"x 300 LOC 31 58 52.1 S 115 49 11.7 E -20m 10m 1000m 2m", "LOC",
           "31 58 52.100 S 115 49 11.700 E -20.00m 10.00m 1000.00m 2.00m"},
      Case{"x 300 CERT PKIX 12 ECDSAP256SHA256 AAAA", "CERT", "1 12 13 AAAA"},
      Case{"x 300 X25 311061700956", "TYPE19", "\\# 13 0c333131303631373030393536"},
      Case{"x 300 TYPE65300 \\# 2 0a0b", "TYPE65300", "\\# 2 0a0b"},
      Case{"x 300 TYPE65300 \\# 0", "TYPE65300", "\\# 0"});
  CAPTURE(c.line);
  const auto one = rrset(c.line);
  CHECK(powerdns_type(one.type) == c.type);
  const auto content = powerdns_content(one.type, one.rdata.at(0).wire());
  CHECK(content == c.content);
  CHECK(powerdns_type_from(c.type) == one.type);
  CHECK(must(dns::rdata_from_text(one.type, content, name("@"))) == one.rdata.at(0));
}

TEST_CASE("where a zone is, is read from the list", "[pushers][powerdns]") {
  const auto found = driver().parse_find(
      call, name("@"),
      json(200,
           R"([{"account": "", "id": "example.org.", "kind": "Master", "name": "example.org."}])"));
  REQUIRE(found.value() != nullptr);
  CHECK(found.value()->id == "example.org.");
  const auto with_views =
      json(200, R"([{"id": "example.org..in", "kind": "Native", "name": "example.org..in"},
               {"id": "example.org.", "kind": "Native", "name": "example.org."}])");
  const auto beside_views = driver().parse_find(call, name("@"), with_views);
  REQUIRE(beside_views.value() != nullptr);
  CHECK(beside_views.value()->id == "example.org.");
  const auto listed = driver().parse_zones(call, with_views);
  REQUIRE(listed.value() != nullptr);
  CHECK(listed.value()->zones.size() == 1);
  CHECK(driver().parse_find(call, name("@"), json(200, "[]")).is_absent());
  CHECK(driver()
            .parse_find(call, name("@"),
                        json(200, R"([{"id": "a.example.org.", "name": "a.example.org."}])"))
            .is_absent());
  CHECK(driver()
            .parse_find(call, name("@"),
                        json(422, R"({"error": "Could not find domain 'example.org.'"})"))
            .is_absent());
}

TEST_CASE("a zone is read whole", "[pushers][powerdns]") {
  const Page page = page_of(zone_body(www));
  CHECK(page.complete);
  CHECK_FALSE(page.next);
  CHECK(page.serial_is_ours);
  CHECK(page.notes.empty());
  REQUIRE(page.rrsets.size() == 1);
  CHECK(page.rrsets[0].kind == LiveKind::plain);
  CHECK(page.rrsets[0].rrset == rrset("www 300 A 192.0.2.1 | 192.0.2.2"));
  CHECK(page_of(zone_body("")).rrsets.empty());
}

TEST_CASE("what PowerDNS lists that is not plain", "[pushers][powerdns]") {
  struct Case {
    std::string rrset;
    LiveKind kind;
    const char* why;
  };
  const auto c = GENERATE(
      Case{rrset_body("A", "\"192.0.2.1\""), LiveKind::plain, ""},
      Case{rrset_body("A", "\"192.0.2.1\"", R"(, {"content": "192.0.2.2", "disabled": true})"),
           LiveKind::opaque, "disabled records"},
      Case{rrset_body("ALIAS", "\"host.example.net.\""), LiveKind::opaque, "type ALIAS"},
      Case{rrset_body("LUA", R"("A \"ifportup(443, {'192.0.2.1'})\"")"), LiveKind::opaque,
           "type LUA"},
      Case{rrset_body("WHAT", "\"x\""), LiveKind::opaque, "type WHAT"},
      Case{rrset_body("ANY", "\"x\""), LiveKind::opaque, "type ANY"},
      Case{rrset_body("A", "\"192.0.2.300\""), LiveKind::opaque, "cannot be read"},
      Case{rrset_body("ADDR", R"("\\# 2 0a0b")"), LiveKind::plain, ""},
      Case{rrset_body("TXT", R"("\"a;b\" \"\\228\"")"), LiveKind::plain, ""});
  CAPTURE(c.rrset);
  const Page page = page_of(zone_body(c.rrset));
  REQUIRE(page.rrsets.size() == 1);
  CHECK(page.rrsets[0].kind == c.kind);
  CHECK_THAT(page.rrsets[0].why, Catch::Contains(c.why));
}

TEST_CASE("an RRset of comments alone is no RRset", "[pushers][powerdns]") {
  CHECK(page_of(zone_body(R"({"comments": [{"account": "me", "content": "hi", "modified_at": 1}],
                             "name": "x.example.org.", "records": [], "ttl": 300, "type": "A"})"))
            .rrsets.empty());
}

TEST_CASE("PowerDNS's settings decide about the serial", "[pushers][powerdns]") {
  struct Case {
    const char* settings;
    bool ours;
    const char* note;  ///< null: none
  };
  const auto c = GENERATE(
      Case{R"("dnssec": false, "soa_edit": "", "soa_edit_api": "")", true, nullptr},
      Case{R"("dnssec": false, "soa_edit": "", "soa_edit_api": "OFF")", true, nullptr},
      Case{R"("dnssec": false, "soa_edit": "INCREASE", "soa_edit_api": "")", true, nullptr},
      Case{R"("dnssec": false, "soa_edit": "", "soa_edit_api": "DEFAULT")", false,
           "set soa_edit_api to \"\""},
      Case{R"("dnssec": false, "soa_edit": "", "soa_edit_api": "EPOCH")", false, "is \"EPOCH\""},
      Case{R"("dnssec": false, "soa_edit": "")", false, "not told"},
      Case{R"("dnssec": true, "soa_edit": "EPOCH", "soa_edit_api": "", "api_rectify": true)", false,
           "edits the serial it serves"},
      Case{R"("dnssec": true, "soa_edit": "", "soa_edit_api": "")", true, "api_rectify is off"});
  CAPTURE(c.settings);
  std::string body = zone_body(www, c.settings);
  body.replace(body.find(R"("api_rectify": false, "cat)"), 22, "");
  const Page page = page_of(body);
  CHECK(page.serial_is_ours == c.ours);
  REQUIRE(page.notes.size() == (c.note == nullptr ? 0U : 1U));
  if (c.note != nullptr) CHECK_THAT(page.notes[0], Catch::Contains(c.note));
}

TEST_CASE("a zone that PowerDNS transfers is not pushed to", "[pushers][powerdns]") {
  const std::string kind = GENERATE("Slave", "Secondary", "Consumer");
  std::string body = zone_body(www);
  body.replace(body.find("Native"), 6, kind);
  const auto seen = driver().parse_list(call, zone_ref, json(200, body));
  REQUIRE(seen.trouble() != nullptr);
  CHECK(seen.trouble()->kind == TroubleKind::permanent);
  CHECK_THAT(seen.trouble()->words, Catch::Contains("as a secondary"));
}

namespace {

struct Bad {
  const char* what;
  Response response;
  TroubleKind list;
  TroubleKind write;
};

/// What a server may answer that is not what PowerDNS documents. Each has the key in it somewhere.
std::vector<Bad> bad_answers() {
  using K = TroubleKind;
  const std::string key = canary;
  const std::string half = zone_body(www).substr(0, 400);
  const auto html = [](int status, const std::string& text) {
    return Response{status, {{"Content-Type", "text/html"}}, text};
  };
  return {
      {"a login page", html(200, "<html>" + key), K::incomplete_read, K::unknown_outcome},
      {"nothing", json(200, ""), K::incomplete_read, K::unknown_outcome},
      {"{}", json(200, "{}"), K::incomplete_read, K::unknown_outcome},
      {"null", json(200, "null"), K::incomplete_read, K::unknown_outcome},
      {"[]", json(200, "[]"), K::incomplete_read, K::unknown_outcome},
      {"a number", json(200, "7"), K::incomplete_read, K::unknown_outcome},
      {"the key", json(200, "\"" + key + "\""), K::incomplete_read, K::unknown_outcome},
      {"half a body", json(200, half), K::incomplete_read, K::unknown_outcome},
      {"something behind", json(200, zone_body(www) + "{}"), K::incomplete_read,
       K::unknown_outcome},
      {"deep", json(200, std::string(100'000, '[')), K::incomplete_read, K::unknown_outcome},
      {"204 with a body", json(204, "x"), K::incomplete_read, K::unknown_outcome},
      {"201", json(201, zone_body(www)), K::incomplete_read, K::unknown_outcome},
      {"a redirect",
       Response{302, {{"Location", "https://elsewhere.example/?" + key}}, "moved " + key},
       K::permanent, K::permanent},
      {"400", json(400, R"({"error": ")" + key + R"("})"), K::permanent, K::permanent},
      {"401", html(401, "Unauthorized " + key), K::auth, K::auth},
      {"403", json(403, R"({"error": "no )" + key + R"("})"), K::auth, K::auth},
      {"409", json(409, R"({"error": "Conflict"})"), K::retry_after, K::conflict},
      {"413", html(413, key), K::permanent, K::permanent},
      {"422", json(422, R"({"error": "Record )" + key + R"("})"), K::permanent, K::permanent},
      {"429", html(429, key), K::retry_after, K::retry_after},
      {"500", json(500, R"({"error": ")" + key + key + R"("})"), K::retry_after,
       K::unknown_outcome},
      {"502", html(502, key), K::retry_after, K::unknown_outcome},
      {"503", json(503, R"({"error": 7})"), K::retry_after, K::unknown_outcome},
  };
}

void check_words(const Trouble& trouble) {
  CHECK_FALSE(trouble.words.empty());
  CHECK(trouble.words.find('\n') == std::string::npos);
  CHECK(trouble.words.size() < 400);
  CHECK(trouble.words.find(canary) == std::string::npos);
}

}  // namespace

TEST_CASE("what PowerDNS does not document is trouble in one line without the key",
          "[pushers][powerdns][secrets]") {
  for (const auto& bad : bad_answers()) {
    INFO(bad.what);
    const auto list = driver().parse_list(call, zone_ref, bad.response);
    REQUIRE(list.trouble() != nullptr);
    CHECK(list.trouble()->kind == bad.list);
    check_words(*list.trouble());
    const auto find = driver().parse_find(call, name("@"), bad.response);
    if (std::string_view(bad.what) != "[]") {
      REQUIRE(find.trouble() != nullptr);
      CHECK(find.trouble()->kind == bad.list);
      check_words(*find.trouble());
    }
    const auto write = driver().parse_apply(call, zone_ref, bad.response);
    REQUIRE(std::holds_alternative<Trouble>(write));
    CHECK(std::get<Trouble>(write).kind == bad.write);
    check_words(std::get<Trouble>(write));
  }
}

TEST_CASE("every part of a zone that is missing or wrong is trouble", "[pushers][powerdns]") {
  struct Case {
    std::string from;
    std::string to;
  };
  const auto c = GENERATE(
      Case{R"("name": "example.org.")", R"("name": "example.net.")"},
      Case{R"("name": "example.org.")", R"("name": 7)"}, Case{R"("rrsets": [)", R"("rrset": [)"},
      Case{R"("name": "www.example.org.")", R"("name": "www.example.org")"},
      Case{R"("name": "www.example.org.")", R"("name": "www.example.net.")"},
      Case{R"("name": "www.example.org.")", R"("nome": "www.example.org.")"},
      Case{R"("name": "www.example.org.")", R"("name": "..")"},
      Case{R"("ttl": 300)", R"("ttl": -1)"}, Case{R"("ttl": 300)", R"("ttl": "300")"},
      Case{R"("ttl": 300)", R"("tll": 300)"}, Case{R"("type": "A")", R"("type": null)"},
      Case{R"("records":)", R"("recs":)"}, Case{R"("content": "192.0.2.2")", R"("content": 7)"},
      Case{R"({"content": "192.0.2.2", "disabled": false})", "7"},
      Case{R"({"comments": [], "name")", R"(7, {"name")"});
  CAPTURE(c.from, c.to);
  std::string body = zone_body(www);
  const auto at = body.find(c.from);
  REQUIRE(at != std::string::npos);
  body.replace(at, c.from.size(), c.to);
  const auto seen = driver().parse_list(call, zone_ref, json(200, body));
  REQUIRE(seen.trouble() != nullptr);
  CHECK(seen.trouble()->kind == TroubleKind::incomplete_read);
}

TEST_CASE("any cut through a zone is trouble", "[pushers][powerdns]") {
  const std::string body = zone_body(www);
  for (std::size_t size = 0; size < body.size(); ++size) {
    CAPTURE(size);
    const auto seen = driver().parse_list(call, zone_ref, json(200, body.substr(0, size)));
    REQUIRE(seen.trouble() != nullptr);
  }
}

TEST_CASE("the RRset that PowerDNS complains about is known", "[pushers][powerdns]") {
  struct Case {
    const char* error;
    const char* culprit;  ///< null: none
  };
  const auto c = GENERATE(
      Case{"Record bad.example.org./A '192.0.2.300': Parsing record content (try 'pdnsutil "
           "check-zone'): unable to parse IP address",
           "bad.example.org. A"},
      Case{"RRset www.example.org. IN CNAME: Conflicts with pre-existing RRset",
           "www.example.org. CNAME"},
      Case{"Record t.example.org. IN DNSKEY is only allowed at apex", "t.example.org. DNSKEY"},
      Case{"Record", nullptr}, Case{"RRset ", nullptr}, Case{"Record x", nullptr},
      Case{"Record x.example.org./", nullptr}, Case{"Record ..../A '", nullptr},
      Case{"Something else", nullptr});
  CAPTURE(c.error);
  const auto outcome = driver().parse_apply(
      call, zone_ref, json(422, std::string(R"({"error": ")") + c.error + R"("})"));
  REQUIRE(std::holds_alternative<Trouble>(outcome));
  const auto& trouble = std::get<Trouble>(outcome);
  CHECK(trouble.kind == TroubleKind::permanent);
  REQUIRE(trouble.culprit.has_value() == (c.culprit != nullptr));
  if (c.culprit != nullptr) CHECK(trouble.culprit->to_text() == c.culprit);
}

TEST_CASE("204 without a body is success, and a vanished zone a conflict", "[pushers][powerdns]") {
  CHECK(std::holds_alternative<Accepted>(driver().parse_apply(call, zone_ref, {204, {}, ""})));
  const auto gone = driver().parse_apply(call, zone_ref, json(404, R"({"error": "Not Found"})"));
  REQUIRE(std::holds_alternative<Trouble>(gone));
  CHECK(std::get<Trouble>(gone).kind == TroubleKind::conflict);
  CHECK(driver().parse_list(call, zone_ref, json(404, R"({"error": "Not Found"})")).is_absent());
}

TEST_CASE("a plan shows no key", "[pushers][powerdns][secrets]") {
  Page page = page_of(zone_body(www));
  LiveZone live;
  live.zone = zone_ref;
  live.add(std::move(page));
  const Plan plan = make_plan(*version(with_apex(1, {"www 300 A 192.0.2.7"})), live,
                              driver().capabilities(), {}, settings());
  CHECK(plan.to_text().find(canary) == std::string::npos);
  CHECK(plan.to_json().find(canary) == std::string::npos);
}

}  // namespace taproot::pushers
