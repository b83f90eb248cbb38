#include "pushers/drivers/dyn.hpp"

#include "pushers/drivers/dyn_record.hpp"
#include "tests/pushers/values.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace taproot::pushers {

using namespace test;

namespace {

using Json = nlohmann::json;

constexpr const char* canary = "canary-pass";

Dyn driver() {
  return Dyn({"https://api.dynect.net/", "customer-1", "user-1", Secret(canary)});
}

const Call call{WallTime(std::chrono::hours(500'000)), "token-77"};
const ZoneRef zone_ref{name("@"), "example.org"};
const std::string rest = "https://api.dynect.net/REST";

Response json(int status, const Json& body, net::HttpHeaders headers = {}) {
  return {{status, std::move(headers), body.dump(), false}, std::nullopt};
}

Response success(const Json& data) {
  return json(200, {{"status", "success"}, {"data", data}, {"msgs", Json::array()}});
}

Response failure(const std::string& code, const std::string& info, int status = 400) {
  return json(status, {{"status", "failure"},
                       {"data", Json::object()},
                       {"msgs", Json::array({{{"ERR_CD", code}, {"INFO", info}}})}});
}

Response job(const std::string& location) {
  return {{307, {{"Location", location}}, "", false}, std::nullopt};
}

Json record(const std::string& fqdn, int id, const Json& rdata) {
  return {{"fqdn", fqdn}, {"record_id", id}, {"ttl", 300}, {"rdata", rdata}};
}

Json zone_with(const Json& sections) {
  Json data{{"soa_records", Json::array({record("example.org", 1, Json::object())})}};
  data.update(sections);
  return data;
}

Seen<Page> seen(const Response& response, const std::string& cursor = "records") {
  Call at = call;
  at.cursor = cursor;
  return driver().parse_list(at, zone_ref, response);
}

PlannedChange change(const char* before, const char* after) {
  PlannedChange result;
  if (before != nullptr) result.before = rrset(before);
  if (after != nullptr) result.after = rrset(after);
  return result;
}

}  // namespace

TEST_CASE("what is spelled for DynECT is read as it was", "[pushers][dyn]") {
  const auto line = GENERATE(
      "a 300 A 192.0.2.1 | 192.0.2.2", "a 300 AAAA 2001:db8::1", "a 300 CNAME b.example.net.",
      "a 300 MX 10 mail.example.net.", "a 300 NS ns.example.net.", "a 300 PTR host.example.net.",
      "a 300 DNAME x.example.net.", R"(a 300 TXT "a; b" "c" | "d")", R"(a 300 SPF "v=spf1 -all")",
      R"(a 300 CAA 128 iodef "mailto:\"x\"@example.net")", "a 300 SRV 1 2 3 sip.example.net.",
      R"(a 300 NAPTR 100 50 "s" "http+I2L" "" _http._tcp.example.net.)",
      R"(a 300 NAPTR 1 2 "U" "SIP+D2U" "!^.*$!sip:info@foo.example.com!" .)",
      "a 300 DS 1 13 2 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
      "a 300 SSHFP 4 2 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
      "a 300 TLSA 3 1 1 00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");
  const auto set = rrset(line);
  auto again = set;
  again.rdata.clear();
  for (const auto& rdata : set.rdata) {
    const auto text = dyn_rdata(set.type, rdata.wire());
    INFO(text);
    again.rdata.push_back(must(rdata_from_dyn(set.type, text)));
  }
  dns::normalise(again);
  CHECK(again == set);
}

TEST_CASE("rdata of DynECT in other clothes", "[pushers][dyn]") {
  using dns::RRType;
  const auto same = [](RRType type, const char* object, const char* line) {
    const auto read = rdata_from_dyn(type, object);
    return read && *read == rrset(line).rdata.front();
  };
  CHECK(same(RRType::TXT, R"({"txtdata": "v=spf1 a -all"})", R"(a 1 TXT "v=spf1 a -all")"));
  CHECK(same(RRType::MX, R"({"preference": "10", "exchange": "m.example.net"})",
             "a 1 MX 10 m.example.net."));
  CHECK(same(RRType::NS, R"({"nsdname": "n.example.net.", "service_class": "Primary"})",
             "a 1 NS n.example.net."));
  for (const auto* bad : {"", "null", "[]", R"({"address": 7.5})", R"({"address": "x"})", "{}"}) {
    CHECK_FALSE(rdata_from_dyn(RRType::A, bad));
  }
  CHECK_FALSE(rdata_from_dyn(RRType::LOC, R"({"address": "192.0.2.1"})"));
}

TEST_CASE("a session of DynECT's", "[pushers][dyn]") {
  const auto request = driver().login(call);
  REQUIRE(request);
  CHECK(request->url == rest + "/Session/");
  CHECK(Json::parse(request->body) ==
        Json{{"customer_name", "customer-1"}, {"user_name", "user-1"}, {"password", canary}});
  const auto answer = [](const Response& response) { return driver().parse_login(call, response); };
  CHECK(*answer(success({{"token", "t-1"}})).value() == "t-1");
  CHECK(answer(success({{"token", "two\nlines"}})).trouble() != nullptr);
  CHECK(answer(success(Json::object())).trouble()->kind == TroubleKind::incomplete_read);
  const auto refused = answer(failure("INVALID_DATA", std::string("login: no ") + canary));
  CHECK(refused.trouble()->kind == TroubleKind::auth);
  CHECK(refused.trouble()->words.find(canary) == std::string::npos);
  CHECK(answer(json(503, nullptr)).trouble()->kind == TroubleKind::retry_after);
  CHECK(driver().logout("t-1")->method == "DELETE");
}

TEST_CASE("a reading at DynECT begins without what is staged", "[pushers][dyn]") {
  const auto first = driver().list(call, zone_ref, "");
  CHECK(first.method + " " + first.url == "DELETE " + rest + "/ZoneChanges/example.org/");
  CHECK(net::find_header(first.headers, "Auth-Token") == "token-77");
  CHECK(seen(success(Json::object()), "").value()->next == "records");
  CHECK(seen(failure("NOT_FOUND", "no changes"), "").value()->next == "records");
  CHECK(seen(json(200, nullptr), "").trouble() != nullptr);
  const auto second = driver().list(call, zone_ref, "records");
  CHECK(second.method + " " + second.url == "GET " + rest + "/AllRecord/example.org/?detail=Y");
  CHECK(seen(failure("NOT_FOUND", "zone: No such zone", 404)).is_absent());
}

TEST_CASE("jobs of DynECT's are numbers, wherever they lead", "[pushers][dyn]") {
  const auto page = seen(job("https://evil.example.net/REST/Job/123/"));
  REQUIRE(page.value() != nullptr);
  CHECK_FALSE(page.value()->complete);
  REQUIRE(page.value()->next);
  CHECK(driver().list(call, zone_ref, *page.value()->next).url == rest + "/Job/123/");
  const Json at_work{{"status", "incomplete"}, {"data", Json::object()}, {"job_id", 123}};
  const auto again = seen(json(200, at_work), *page.value()->next);
  REQUIRE(again.trouble() != nullptr);
  CHECK(again.trouble()->kind == TroubleKind::retry_after);
  CHECK(seen(success(zone_with(Json::object())), *page.value()->next).value()->complete);
  for (const auto* wrong : {"https://evil.example.net/", "/REST/Job/", "/REST/Job/12x/",
                            "/REST/Job/123/../../Session/", ""}) {
    INFO(wrong);
    REQUIRE(seen(job(wrong)).trouble() != nullptr);
    CHECK(seen(job(wrong)).trouble()->kind == TroubleKind::permanent);
  }
  const auto outcome = driver().parse_apply(call, zone_ref, job("/REST/Job/9/"));
  REQUIRE(std::holds_alternative<Working>(outcome));
  CHECK(driver().poll(call, zone_ref, std::get<Working>(outcome).cursor).url == rest + "/Job/9/");
}

TEST_CASE("lists of DynECT's", "[pushers][dyn]") {
  const Json a = record("a.example.org", 7, {{"address", "192.0.2.1"}});
  const auto page = seen(success(zone_with(
      {{"a_records", Json::array({a})},
       {"mx_records", Json::array()},
       {"policy_records", Json::array({record("geo.example.org", 8, Json::object())})}})));
  REQUIRE(page.value() != nullptr);
  CHECK(page.value()->complete);
  std::map<std::string, LiveKind> kinds;
  for (const auto& one : page.value()->rrsets) kinds[one.rrset.owner.to_text()] = one.kind;
  CHECK(kinds["a.example.org."] == LiveKind::plain);
  CHECK(kinds["geo.example.org."] == LiveKind::opaque);
  const auto with = [](const Json& list) { return success(zone_with({{"a_records", list}})); };
  for (const auto& wrong :
       {success(Json::object()), success(nullptr), json(200, nullptr), json(200, Json::object()),
        json(204, Json::object()), with(7), with(Json::array({7})),
        with(Json::array({"/REST/ARecord/example.org/a.example.org/7"})),
        with(Json::array({record("a.example.net", 7, {{"address", "192.0.2.1"}})}))}) {
    INFO(wrong.body);
    REQUIRE(seen(wrong).trouble() != nullptr);
    CHECK(seen(wrong).trouble()->kind == TroubleKind::incomplete_read);
  }
}

TEST_CASE("changes for DynECT", "[pushers][dyn]") {
  LiveZone live;
  live.zone = zone_ref;
  const auto requests = driver().apply(
      call, live,
      {change(nullptr, "b 300 A 192.0.2.1 | 192.0.2.2"),
       change("c 300 TXT \"x\"", "c 60 TXT \"y\""), change("d 300 A 192.0.2.1", nullptr)});
  REQUIRE(requests.size() == 4);
  const auto said = [&](std::size_t i) {
    return requests[i].method + " " + requests[i].url.substr(rest.size()) + " " + requests[i].body;
  };
  CHECK(said(0) == "DELETE /ARecord/example.org/d.example.org/ ");
  CHECK(said(1) ==
        R"(POST /ARecord/example.org/b.example.org/ {"rdata":{"address":"192.0.2.1"},"ttl":300})");
  CHECK(said(2) ==
        R"(POST /ARecord/example.org/b.example.org/ {"rdata":{"address":"192.0.2.2"},"ttl":300})");
  CHECK(said(3) ==
        "PUT /TXTRecord/example.org/c.example.org/ "
        R"({"TXTRecords":[{"rdata":{"txtdata":"\"y\""},"ttl":60}]})");
  const auto publish = driver().commit(call, live);
  REQUIRE(publish.size() == 1);
  CHECK(publish[0].method + " " + publish[0].url == "PUT " + rest + "/Zone/example.org/");
  CHECK(Json::parse(publish[0].body)["publish"] == true);
}

TEST_CASE("what DynECT says of changes", "[pushers][dyn]") {
  const auto kind = [](const Response& response) {
    const auto outcome = driver().parse_apply(call, zone_ref, response);
    const auto* trouble = std::get_if<Trouble>(&outcome);
    if (trouble != nullptr) {
      CHECK(trouble->words.find(canary) == std::string::npos);
      CHECK(trouble->words.find("token-77") == std::string::npos);
    }
    return trouble == nullptr ? std::string("accepted") : to_text(trouble->kind);
  };
  CHECK(kind(success(Json::object())) == "accepted");
  CHECK(kind(failure("INVALID_DATA", "token-77 canary-pass")) == "permanent");
  CHECK(kind(failure("INVALID_DATA", "rdata: bad", 200)) == "permanent");
  CHECK(kind(failure("INVALID_DATA", "login: Inactivity logout")) == "auth");
  CHECK(kind(failure("PERMISSION_DENIED", "no")) == "auth");
  CHECK(kind(failure("NOT_FOUND", "node: none", 404)) == "conflict");
  CHECK(kind(failure("TARGET_EXISTS", "there")) == "conflict");
  const auto slow = failure("RATE_LIMIT_EXCEEDED", "slow");
  CHECK(kind(slow) == "retry-after");
  CHECK(std::get<Trouble>(driver().parse_apply(call, zone_ref, slow)).throttled);
  CHECK(kind(failure("ILLEGAL_OPERATION", "zone: Operation blocked by current task")) ==
        "retry-after");
  CHECK(kind(failure("INTERNAL_ERROR", "oops", 500)) == "unknown-outcome");
  CHECK(kind(json(200, {{"status", "success"}})) == "unknown-outcome");
  CHECK(kind(json(201, {{"status", "success"}, {"data", 1}})) == "unknown-outcome");
  CHECK(kind(json(200, {{"status", "failure"}})) == "unknown-outcome");
  CHECK(kind(json(502, nullptr)) == "unknown-outcome");
  CHECK(kind({{302, {{"Location", "https://x/"}}, "", false}, std::nullopt}) == "permanent");
}

TEST_CASE("DynECT's zones, and that it was retired", "[pushers][dyn]") {
  CHECK(driver().capabilities().status == DriverStatus::retired);
  const auto page = driver().parse_zones(call, success(Json::array({"/REST/Zone/example.org/"})));
  REQUIRE(page.value() != nullptr);
  CHECK(page.value()->zones.front().apex == name("@"));
  CHECK(driver().parse_zones(call, success(Json::array({"/x/"}))).trouble() != nullptr);
  CHECK(driver().parse_zones(call, success(Json::object())).trouble() != nullptr);
  CHECK(driver().parse_zones(call, job("/REST/Job/5/")).value()->next == "5");
}

}  // namespace taproot::pushers
