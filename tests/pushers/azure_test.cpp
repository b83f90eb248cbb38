#include "pushers/drivers/azure.hpp"

#include "pushers/drivers/azure_records.hpp"
#include "tests/pushers/values.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace taproot::pushers {

using namespace test;

namespace {

constexpr const char* canary = "canary+az/12=";
using Json = nlohmann::json;

Azure driver() {
  return Azure({"https://management.azure.com/", "https://login.microsoftonline.com", "tenant-1",
                "sub-1", "group-1", "client-1", Secret(canary)});
}

const Call call{WallTime(std::chrono::hours(500'000)), "token-77"};
const ZoneRef zone_ref{name("@"), "Example.org"};
const std::string zones_url =
    "https://management.azure.com/subscriptions/sub-1/resourceGroups/group-1/providers/"
    "Microsoft.Network/dnsZones";

Response json(int status, const Json& body) {
  return {{status, {}, body.dump(), false}, std::nullopt};
}

Json record_set(const std::string& its_name, const std::string& type, const Json& properties) {
  return {{"name", its_name},
          {"type", "Microsoft.Network/dnszones/" + type},
          {"etag", "e-" + its_name},
          {"properties", properties}};
}

Json a_set(const std::string& its_name, const std::string& address = "192.0.2.1") {
  return record_set(its_name, "A",
                    {{"TTL", 300}, {"ARecords", Json::array({{{"ipv4Address", address}}})}});
}

Seen<Page> seen(const Json& body, int status = 200, const std::string& cursor = "") {
  Call at = call;
  at.cursor = cursor;
  return driver().parse_list(at, zone_ref, json(status, body));
}

}  // namespace

TEST_CASE("what is spelled for Azure is read as it was", "[pushers][azure]") {
  const auto line = GENERATE(
      "a 300 A 192.0.2.1 | 192.0.2.2", "a 300 AAAA 2001:db8::1", "a 300 CNAME b.example.net.",
      "a 300 MX 10 mail.example.net.", "a 300 NS ns.example.net.", "a 300 PTR host.example.net.",
      R"(a 300 TXT "say \"hi\" \\ ;" "b" | "c")",
      R"(a 300 CAA 128 iodef "mailto:\"x\"@example.net")", "a 300 SRV 1 2 3 sip.example.net.");
  const auto set = rrset(line);
  const auto properties = azure_properties(set);
  INFO(properties);
  const auto read = azure_rdata(set.type, properties);
  REQUIRE(read);
  auto again = set;
  again.rdata = *read;
  dns::normalise(again);
  CHECK(again == set);
  CHECK(azure_rdata(set.type, "{}")->empty());
}

TEST_CASE("Azure spells members with capitals and without", "[pushers][azure]") {
  const auto* properties = GENERATE(R"({"ARecords": [{"ipv4Address": "192.0.2.1"}]})",
                                    R"({"aRecords": [{"ipv4Address": "192.0.2.1"}]})");
  CHECK(azure_rdata(dns::RRType::A, properties)->size() == 1);
}

TEST_CASE("record sets of Azure that are none", "[pushers][azure]") {
  using dns::RRType;
  for (const auto* bad : {R"({"ARecords": 7})", R"({"ARecords": [7]})", R"({"ARecords": [{}]})",
                          R"({"ARecords": [{"ipv4Address": "x"}]})"}) {
    CHECK_FALSE(azure_rdata(RRType::A, bad));
  }
  CHECK_FALSE(azure_rdata(RRType::TXT, R"({"TXTRecords": [{"value": "x"}]})"));
  CHECK_FALSE(azure_rdata(RRType::TXT, R"({"TXTRecords": [{"value": []}]})"));
  CHECK_FALSE(azure_rdata(RRType::MX, R"({"MXRecords": [{"preference": "1", "exchange": "a"}]})"));
}

TEST_CASE("pages of Azure's lists", "[pushers][azure]") {
  const Json one = Json::array({a_set("a")});
  CHECK(seen({{"value", one}}).value()->complete);
  CHECK(seen({{"value", one}, {"nextLink", nullptr}}).value()->complete);
  const auto first =
      seen({{"value", one},
            {"nextLink", "https://evil.example.net/subscriptions/sub-1/x?$skipToken=2"}});
  REQUIRE(first.value() != nullptr);
  CHECK_FALSE(first.value()->complete);
  CHECK(driver().list(call, zone_ref, *first.value()->next).url ==
        "https://management.azure.com/subscriptions/sub-1/x?$skipToken=2");
  CHECK(seen({{"value", Json::array()}}, 200, "/subscriptions/x").value()->complete);
  for (const auto& wrong :
       {Json(nullptr), Json::object(), Json{{"value", Json::array()}}, Json{{"value", nullptr}},
        Json{{"value", one}, {"nextLink", 7}}, Json{{"value", one}, {"nextLink", "https://x/y"}},
        Json{{"value", one}, {"nextLink", "https://x/subscriptions/ a"}},
        Json{{"value", Json::array({Json::object()})}}}) {
    INFO(wrong);
    const auto is = seen(wrong);
    REQUIRE(is.trouble() != nullptr);
    CHECK(is.trouble()->kind == TroubleKind::incomplete_read);
  }
  CHECK(seen({{"error", {{"code", "ParentResourceNotFound"}}}}, 404).is_absent());
  CHECK(seen({{"code", "NotFound"}}, 404).is_absent());
  CHECK(seen({}, 404).trouble() != nullptr);
}

TEST_CASE("what is Azure's own is told apart", "[pushers][azure]") {
  auto alias = a_set("al");
  alias["properties"]["targetResource"] = {{"id", "/subscriptions/x"}};
  auto plain = a_set("a");
  plain["properties"]["targetResource"] = Json::object();
  const auto page = seen({{"value",
                           {plain, alias, record_set("e", "TXT", {{"TTL", 60}}),
                            record_set("@", "SOA", {{"TTL", 60}}), a_set("b", "not an address")}}});
  REQUIRE(page.value() != nullptr);
  REQUIRE(page.value()->rrsets.size() == 5);
  for (const auto& live : page.value()->rrsets) {
    CHECK((live.kind == LiveKind::plain) == (live.rrset.owner == name("a")));
  }
}

TEST_CASE("each change is a request to Azure on a condition", "[pushers][azure]") {
  LiveZone live;
  live.zone = zone_ref;
  live.add(*seen({{"value", {a_set("a"), a_set("@"), a_set("*.w")}}}).value());
  const auto requests =
      driver().apply(call, live,
                     {{std::nullopt, rrset("a 300 CNAME b.example.net."), 0},
                      {rrset("a 300 A 192.0.2.1"), std::nullopt, 0},
                      {rrset("*.w 300 A 192.0.2.1"), rrset("*.w 60 A 192.0.2.1"), 1},
                      {rrset("@ 300 A 192.0.2.1"), rrset("@ 60 A 192.0.2.2"), 2}});
  REQUIRE(requests.size() == 4);
  const auto said = [&](std::size_t i) {
    const auto& one = requests[i];
    const auto match = net::find_header(one.headers, "If-Match");
    const auto none = net::find_header(one.headers, "If-None-Match");
    return one.method + " " + one.url.substr(zones_url.size()) + " " +
           std::string(match.value_or("-")) + " " + std::string(none.value_or("-")) + " " +
           one.body;
  };
  CHECK(said(0) == "DELETE /Example.org/A/a?api-version=2018-05-01 e-a - ");
  CHECK(said(1) ==
        "PUT /Example.org/CNAME/a?api-version=2018-05-01 - * "
        R"({"properties":{"TTL":300,"CNAMERecord":{"cname":"b.example.net"}}})");
  CHECK(said(2) ==
        "PUT /Example.org/A/*.w?api-version=2018-05-01 e-*.w - "
        R"({"properties":{"TTL":60,"ARecords":[{"ipv4Address":"192.0.2.1"}]}})");
  CHECK(said(3) ==
        "PUT /Example.org/A/@?api-version=2018-05-01 e-@ - "
        R"({"properties":{"TTL":60,"ARecords":[{"ipv4Address":"192.0.2.2"}]}})");
}

TEST_CASE("what Azure says of changes", "[pushers][azure]") {
  const auto kind = [](const Response& response) {
    const auto outcome = driver().parse_apply(call, zone_ref, response);
    const auto* trouble = std::get_if<Trouble>(&outcome);
    if (trouble != nullptr) {
      CHECK(trouble->words.find(canary) == std::string::npos);
      CHECK(trouble->words.find("token-77") == std::string::npos);
    }
    return trouble == nullptr ? std::string("accepted") : to_text(trouble->kind);
  };
  const auto error = [](int status, const std::string& code) {
    return json(status,
                {{"error", {{"code", code}, {"message", std::string(canary) + " token-77"}}}});
  };
  CHECK(kind(json(201, a_set("a"))) == "accepted");
  CHECK(kind(json(200, a_set("a"))) == "accepted");
  CHECK(kind({{204, {}, "", false}, std::nullopt}) == "accepted");
  CHECK(kind(json(200, Json::object())) == "unknown-outcome");
  CHECK(kind(json(200, nullptr)) == "unknown-outcome");
  CHECK(kind(json(202, a_set("a"))) == "unknown-outcome");
  CHECK(kind(error(412, "PreconditionFailed")) == "conflict");
  CHECK(kind(error(404, "ParentResourceNotFound")) == "conflict");
  CHECK(kind(error(409, "ScopeLocked")) == "permanent");
  CHECK(kind(error(409, "Conflict")) == "conflict");
  CHECK(kind(error(400, "BadRequest")) == "permanent");
  CHECK(kind(json(400, {{"code", "BadRequest"}, {"message", "x"}})) == "permanent");
  CHECK(kind(error(403, "AuthorizationFailed")) == "auth");
  CHECK(kind(error(429, "TooManyRequests")) == "retry-after");
  CHECK(kind(error(503, "ServiceUnavailable")) == "unknown-outcome");
}

TEST_CASE("a token of Azure's", "[pushers][azure]") {
  const auto request = driver().login(call);
  REQUIRE(request);
  CHECK(request->url == "https://login.microsoftonline.com/tenant-1/oauth2/v2.0/token");
  CHECK(request->body ==
        "grant_type=client_credentials&client_id=client-1&client_secret=canary%2Baz%2F12%3D"
        "&scope=https%3A%2F%2Fmanagement.azure.com%2F.default");
  const auto answer = [](int status, const Json& body) {
    return driver().parse_login(call, json(status, body));
  };
  CHECK(*answer(200, {{"access_token", "ey.x"}}).value() == "ey.x");
  CHECK(answer(200, {{"access_token", "two\nlines"}}).trouble() != nullptr);
  CHECK(answer(200, Json::object()).trouble()->kind == TroubleKind::incomplete_read);
  CHECK(answer(400, {{"error", "unauthorized_client"}}).trouble()->kind == TroubleKind::auth);
  const auto wrong = answer(401, {{"error", "invalid_client"}, {"error_description", canary}});
  CHECK(wrong.trouble()->kind == TroubleKind::auth);
  CHECK(wrong.trouble()->words.find(canary) == std::string::npos);
  CHECK(answer(503, nullptr).trouble()->kind == TroubleKind::retry_after);
}

}  // namespace taproot::pushers
