#include "pushers/drivers/ns1.hpp"

#include "pushers/drivers/ns1_answer.hpp"
#include "tests/pushers/values.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace taproot::pushers {

using namespace test;

namespace {

constexpr const char* canary = "canary-ns1-90ab";
using Json = nlohmann::json;

Ns1 driver() {
  return Ns1({"https://api.nsone.net/v1/", Secret(canary)});
}

const Call call{WallTime(std::chrono::hours(500'000)), ""};
const ZoneRef zone_ref{name("@"), "example.org"};

Response json(int status, const Json& body) {
  return {{status, {}, body.dump(), false}, std::nullopt};
}

Json record(const std::string& domain, const std::string& type, const Json& answers) {
  return {{"domain", domain}, {"type", type},    {"ttl", 300},
          {"tier", 1},        {"link", nullptr}, {"short_answers", answers}};
}

Json zone_with(const Json& records) {
  return {{"zone", "example.org"}, {"records", records}, {"link", nullptr}};
}

std::string short_answer(const std::vector<std::string>& answer) {
  std::string text;
  for (const auto& one : answer) text += (&one == answer.data() ? "" : " ") + one;
  return text;
}

}  // namespace

TEST_CASE("what is spelled for NS1 is read as it was", "[pushers][ns1]") {
  const auto line = GENERATE(
      "a 300 A 192.0.2.1", "a 300 AAAA 2001:db8::1", "a 300 CNAME b.example.net.",
      "a 300 MX 10 mail.example.net.", "a 300 MX 0 .", "a 300 NS ns.example.net.",
      "a 300 DNAME b.example.net.", R"(a 300 TXT "say \"hi\" \\ ;  b")",
      R"(a 300 SPF "v=spf1 -all")", R"(a 300 CAA 128 iodef "mailto:a@example.net; x=\"y z\"")",
      "a 300 SRV 1 2 3 sip.example.net.", R"(a 300 NAPTR 100 50 "s" "" "!^.* x$!a\\1!" .)",
      R"(a 300 NAPTR 100 50 "" "" "" b.)",
      "a 300 DS 1 13 2 0000000000000000000000000000000000000000000000000000000000000000",
      "a 300 TLSA 3 1 1 0000000000000000000000000000000000000000000000000000000000000001",
      "a 300 SSHFP 1 1 00000000000000000000000000000000000000ab", "a 300 HTTPS 0 b.example.net.",
      "a 300 HTTPS 1 . alpn=h2,h3 port=8443", "a 300 SVCB 1 svc.example.net. port=53");
  const auto set = rrset(line);
  const auto answer = ns1_answer(set.type, set.rdata.front().wire());
  INFO(short_answer(answer));
  const auto read = ns1_rdata(set.type, short_answer(answer));
  REQUIRE(read);
  CHECK(*read == set.rdata.front());
}

TEST_CASE("short answers that are none", "[pushers][ns1]") {
  using dns::RRType;
  CHECK_FALSE(ns1_rdata(RRType::A, ""));
  CHECK_FALSE(ns1_rdata(RRType::MX, "10"));
  CHECK_FALSE(ns1_rdata(RRType::SRV, "1 2 sip.example.net"));
  CHECK_FALSE(ns1_rdata(RRType::NAPTR, "100 50 s x"));
  CHECK_FALSE(ns1_rdata(RRType::CAA, "0 issue"));
}

TEST_CASE("zones of NS1", "[pushers][ns1]") {
  const auto seen = [](const Json& body, int status = 200) {
    return driver().parse_list(call, zone_ref, json(status, body));
  };
  auto tiers = record("t.example.org", "A", {"192.0.2.1"});
  tiers["tier"] = 2;
  auto linked = record("l.example.org", "A", {"192.0.2.1"});
  linked["link"] = "x.example.net";
  const auto page = seen(zone_with({record("a.example.org", "A", {"192.0.2.1", "192.0.2.2"}), tiers,
                                    linked, record("x.example.org", "ALIAS", {"y"}),
                                    record("example.org", "DNSKEY", {"257 3 13 AAAA"}),
                                    record("b.example.org", "A", {"not an address"}),
                                    record("r.example.org", "REDIRECT", {"dummy"})}));
  REQUIRE(page.value() != nullptr);
  CHECK(page.value()->complete);
  CHECK(page.value()->rrsets.size() == 6);
  for (const auto& one : page.value()->rrsets) {
    CHECK((one.kind == LiveKind::plain) == (one.rrset.owner == name("a")));
  }
  CHECK(seen({{"message", "zone not found"}}, 404).is_absent());
  CHECK(seen({{"message", "not found"}}, 404).trouble() != nullptr);
  auto secondary = zone_with(Json::array());
  secondary["secondary"] = {{"enabled", true}};
  CHECK(seen(secondary).trouble()->kind == TroubleKind::permanent);
  for (const auto& wrong :
       {Json(nullptr), Json::object(), Json::array(), Json{{"zone", "example.org"}},
        Json{{"zone", "example.net"}, {"records", Json::array()}}, zone_with({nullptr}),
        zone_with({record("a.example.net", "A", {"192.0.2.1"})}),
        zone_with({record("a.example.org", "A", {7})})}) {
    INFO(wrong);
    const auto is = seen(wrong);
    REQUIRE(is.trouble() != nullptr);
    CHECK(is.trouble()->kind == TroubleKind::incomplete_read);
  }
}

TEST_CASE("a record of NS1 that is more than its answers", "[pushers][ns1]") {
  const RRsetKey key{name("a"), dns::RRType::A};
  const auto why = [&](const Json& more, const Json& of_answer = Json::object()) {
    Json answer{{"answer", {"192.0.2.1"}}, {"id", "1"}, {"meta", Json::object()}};
    answer.update(of_answer);
    Json one{{"domain", "a.example.org"},
             {"type", "A"},
             {"ttl", 300},
             {"tier", 1},
             {"link", nullptr},
             {"filters", Json::array()},
             {"regions", Json::object()},
             {"meta", Json::object()}};
    one["answers"] = Json::array({answer});
    one.update(more);
    const auto seen = driver().parse_look_at(call, zone_ref, key, json(200, one));
    REQUIRE(seen.value() != nullptr);
    const auto& live = seen.value()->rrsets.front();
    CHECK((live.kind == LiveKind::plain) == live.why.empty());
    return live.why;
  };
  CHECK(why(Json::object()).empty());
  CHECK(why({{"filters", nullptr}, {"regions", nullptr}, {"meta", nullptr}}).empty());
  CHECK(why({{"filters", Json::array({Json{{"filter", "up"}}})}}) == "NS1 filters its answers");
  CHECK(why({{"regions", {{"eu", Json::object()}}}}) == "NS1 groups its answers");
  CHECK(why({{"meta", {{"note", "x"}}}}) == "it has metadata at NS1");
  const std::string of_answers = "its answers have metadata at NS1";
  CHECK(why(Json::object(), {{"meta", {{"up", false}}}}) == of_answers);
  CHECK(why(Json::object(), {{"region", "eu"}}) == of_answers);
  CHECK(why(Json::object(), {{"feeds", Json::array({Json::object()})}}) == of_answers);
}

TEST_CASE("each change is a request to NS1, and what makes room goes first", "[pushers][ns1]") {
  LiveZone live;
  live.zone = zone_ref;
  const auto requests = driver().apply(call, live,
                                       {{std::nullopt, rrset("a/b 300 CNAME c"), 0},
                                        {rrset("a/b 300 A 192.0.2.1"), std::nullopt, 0},
                                        {rrset("@ 300 MX 5 m"), rrset("@ 60 MX 7 m"), 0}});
  REQUIRE(requests.size() == 3);
  const auto url = [&](std::size_t i) {
    return requests[i].method + " " + requests[i].url.substr(requests[i].url.find("/v1/"));
  };
  CHECK(url(0) == "DELETE /v1/zones/example.org/a%2Fb.example.org/A");
  CHECK(requests[0].body.empty());
  CHECK(url(1) == "PUT /v1/zones/example.org/a%2Fb.example.org/CNAME");
  CHECK(requests[1].body == R"({"zone":"example.org","domain":"a/b.example.org","type":"CNAME",)"
                            R"("ttl":300,"answers":[{"answer":["c.example.org"]}]})");
  CHECK(url(2) == "POST /v1/zones/example.org/example.org/MX");
  CHECK(requests[2].body == R"({"ttl":60,"answers":[{"answer":["7","m.example.org"]}]})");
}

TEST_CASE("what NS1 says of changes", "[pushers][ns1]") {
  const auto kind = [](int status, const Json& body) {
    const auto outcome = driver().parse_apply(call, zone_ref, json(status, body));
    const auto* trouble = std::get_if<Trouble>(&outcome);
    if (trouble != nullptr) CHECK(trouble->words.find(canary) == std::string::npos);
    return trouble == nullptr ? std::string("accepted") : to_text(trouble->kind);
  };
  const auto said = [](const std::string& words) { return Json{{"message", words}}; };
  CHECK(kind(200, Json::object()) == "accepted");
  CHECK(kind(200, {{"domain", "a"}, {"answers", Json::array()}}) == "accepted");
  CHECK(kind(200, nullptr) == "unknown-outcome");
  CHECK(kind(200, said("x")) == "unknown-outcome");
  CHECK(kind(400, said("record already exists")) == "conflict");
  CHECK(kind(404, said("record not found")) == "conflict");
  CHECK(kind(404, said("zone not found")) == "conflict");
  CHECK(kind(400, said(canary)) == "permanent");
  CHECK(kind(401, said("Unauthorized")) == "auth");
  CHECK(kind(429, said("rate limit exceeded")) == "retry-after");
  CHECK(kind(502, nullptr) == "unknown-outcome");
}

TEST_CASE("how long NS1 wants to be left alone", "[pushers][ns1]") {
  auto response = json(429, {{"message", "rate limit exceeded"}});
  response.headers = {{"x-ratelimit-limit", "100"}, {"x-ratelimit-period", "300"}};
  CHECK(driver().parse_list(call, zone_ref, response).trouble()->wait == std::chrono::seconds(3));
  response.headers = {{"x-ratelimit-limit", "0"}};
  CHECK_FALSE(driver().parse_list(call, zone_ref, response).trouble()->wait);
}

TEST_CASE("the list of zones of NS1 goes on where a link says", "[pushers][ns1]") {
  auto response = json(200, Json::array({{{"zone", "example.org"}}}));
  CHECK_FALSE(driver().parse_zones(call, response).value()->next);
  response.headers = {{"Link", "<http://evil.example.net/v1/zones?after=x&limit=1>; rel=\"next\""}};
  const auto page = driver().parse_zones(call, response);
  REQUIRE(page.value()->next == "after=x&limit=1");
  CHECK(driver().zones(call, *page.value()->next)->url ==
        "https://api.nsone.net/v1/zones?after=x&limit=1");
}

}  // namespace taproot::pushers
