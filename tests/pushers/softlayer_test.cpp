#include "pushers/drivers/softlayer.hpp"

#include "pushers/drivers/softlayer_record.hpp"
#include "tests/pushers/values.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace taproot::pushers {

using namespace test;

namespace {

constexpr const char* canary = "canary-sl-31c2";
using Json = nlohmann::json;

Softlayer driver() {
  return Softlayer({"https://api.softlayer.com/rest/v3.1/", "SL1", Secret(canary)});
}

Call call_at(std::string cursor) {
  return {WallTime(std::chrono::hours(500'000)), "", false, std::move(cursor)};
}
const Call call = call_at("");
const ZoneRef zone_ref{name("@"), "17"};

Response json(int status, const Json& body, const std::string& total = "") {
  Response response{{status, {}, body.dump(), false}, std::nullopt};
  if (!total.empty()) response.headers = {{"softlayer-total-items", total}};
  return response;
}

Json record(unsigned id, const std::string& host, const std::string& type, const std::string& data,
            unsigned ttl = 300) {
  return {{"id", id}, {"host", host}, {"type", type}, {"data", data}, {"ttl", ttl}};
}

LiveZone live_of(const Json& records) {
  const auto seen =
      driver().parse_list(call, zone_ref, json(200, records, std::to_string(records.size())));
  INFO((seen.trouble() != nullptr ? seen.trouble()->words : std::string()));
  REQUIRE(seen.value() != nullptr);
  LiveZone live;
  live.zone = zone_ref;
  live.add(*seen.value());
  return live;
}

/// "METHOD path body" of what a batch becomes.
std::vector<std::string> sent(const LiveZone& live, const Batch& batch) {
  std::vector<std::string> all;
  for (const auto& request : driver().apply(call, live, batch)) {
    CHECK(request.url.starts_with("https://api.softlayer.com/rest/v3.1/SoftLayer_"));
    all.push_back(request.method + " " + request.url.substr(46) + " " + request.body);
  }
  return all;
}

}  // namespace

TEST_CASE("what is spelled for SoftLayer is read as it was", "[pushers][softlayer]") {
  const auto line =
      GENERATE("a 300 A 192.0.2.1", "@ 300 AAAA 2001:db8::1", "a.b 300 CNAME b.example.net.",
               "a 300 MX 10 mail", "a 300 MX 0 .", "a 300 NS ns.example.net.",
               "* 300 TXT \"a;b \\\"c\\\"\"", "a 300 SPF \"v=spf1 -all\"",
               "_sip._tcp 300 SRV 1 2 3 sip.example.net.", "_sip._tcp.a.b 300 SRV 1 2 3 .");
  const auto set = rrset(line);
  auto json = Json::parse(softlayer_place(name("@"), set.owner, set.type));
  json.update(Json::parse(softlayer_fields(set.type, set.rdata.front().wire())));
  INFO(json);
  CHECK(softlayer_owner(name("@"), json.dump()) == set.owner);
  const auto read = softlayer_rdata(name("@"), set.type, json.dump());
  REQUIRE(read);
  CHECK(*read == set.rdata.front());
  for (const auto* bad : {"", "[]", "{}", "{\"data\": 7, \"host\": 1}"}) {
    CHECK_FALSE(softlayer_owner(name("@"), bad));
    CHECK_FALSE(softlayer_rdata(name("@"), set.type, bad));
  }
}

TEST_CASE("SRV records that name their owner whole", "[pushers][softlayer]") {
  const auto host = GENERATE("_sip._tcp.a", "a");
  const Json one{{"host", host}, {"service", "_sip"}, {"protocol", "_tcp"}};
  CHECK(softlayer_owner(name("@"), one.dump()) == name("_sip._tcp.a"));
}

TEST_CASE("lists of SoftLayer are whole only if their counts agree", "[pushers][softlayer]") {
  const Json one = record(1, "a", "a", "192.0.2.1");
  const Json list = Json::array({one});
  CHECK(live_of(list).complete);
  const auto seen = [&](const std::string& cursor, const Json& body, const std::string& total) {
    return driver().parse_list(call_at(cursor), zone_ref, json(200, body, total));
  };
  CHECK(seen("", one, "1").value()->complete);  // one alone, without a list
  CHECK(seen("", list, "2").value()->next == "1/2");
  CHECK_FALSE(seen("", list, "2").value()->complete);
  CHECK(seen("1/2", list, "2").value()->complete);
  CHECK(seen("", Json::array(), "0").value()->complete);
  CHECK(seen("1/2", list, "3").trouble()->kind == TroubleKind::incomplete_read);  // it grew
  for (const auto* total : {"", "0", "many", "-1"}) {
    INFO(total);
    CHECK(seen("", list, total).trouble() != nullptr);
  }
  CHECK(seen("", Json::array(), "4").trouble() != nullptr);
  for (const auto& wrong : {Json(nullptr), Json::object(), Json("x"), Json::array({nullptr})}) {
    INFO(wrong);
    CHECK(seen("", wrong, "1").trouble() != nullptr);
  }
}

TEST_CASE("what SoftLayer is sent for a batch", "[pushers][softlayer]") {
  const auto live =
      live_of(Json::array({record(1, "a", "a", "192.0.2.1"), record(2, "a", "a", "192.0.2.2"),
                           record(3, "b", "a", "192.0.2.1"), record(4, "c", "cname", "b"),
                           record(5, "@", "soa", "ns1.softlayer.com."),
                           record(6, "d", "a", "192.0.2.1"), record(7, "d", "a", "192.0.2.1")}));
  const PlannedChange in_place{rrset("a 300 A 192.0.2.1 | 192.0.2.2"),
                               rrset("a 60 A 192.0.2.2 | 192.0.2.3"), 0};
  CHECK(driver().weight_of(in_place) == 2);
  CHECK(sent(live, {in_place}) ==
        std::vector<std::string>{R"(PUT Dns_Domain_ResourceRecord.json {"parameters":[[)"
                                 R"({"id":1,"data":"192.0.2.3","ttl":60},{"id":2,"ttl":60}]]})"});
  // What makes room goes first, what is no longer wanted last.
  CHECK(sent(live, {{std::nullopt, rrset("m 300 MX 5 mail"), 0},
                    {rrset("c 300 CNAME b"), std::nullopt, 1},
                    {std::nullopt, rrset("c 300 A 192.0.2.9"), 1},
                    {rrset("b 300 A 192.0.2.1"), std::nullopt, 2}}) ==
        std::vector<std::string>{
            "DELETE Dns_Domain_ResourceRecord/4.json ",
            R"(POST Dns_Domain_ResourceRecord.json {"parameters":[{"domainId":17,"host":"c",)"
            R"("type":"a","data":"192.0.2.9","ttl":300}]})",
            R"(POST Dns_Domain_ResourceRecord_MxType.json {"parameters":[{"domainId":17,)"
            R"("host":"m","type":"mx","mxPriority":5,"data":"mail.example.org.","ttl":300}]})",
            "DELETE Dns_Domain_ResourceRecord/3.json "});
  // Two records that say the same are one RRset, and one of them goes.
  CHECK(sent(live, {{rrset("d 300 A 192.0.2.1"), rrset("d 300 A 192.0.2.1 | 192.0.2.2"), 0}})
            .size() == 2);
  CHECK(sent(live, {{rrset("d 300 A 192.0.2.1"), std::nullopt, 0}}) ==
        std::vector<std::string>{R"(POST Dns_Domain_ResourceRecord/deleteObjects.json )"
                                 R"({"parameters":[[{"id":6},{"id":7}]]})"});
}

TEST_CASE("what SoftLayer says of changes", "[pushers][softlayer]") {
  const auto kind = [](int status, const Json& body) {
    const auto outcome = driver().parse_apply(call, zone_ref, json(status, body));
    const auto* trouble = std::get_if<Trouble>(&outcome);
    if (trouble != nullptr) CHECK(trouble->words.find(canary) == std::string::npos);
    return trouble == nullptr ? std::string("accepted") : to_text(trouble->kind);
  };
  const auto error = [](const std::string& code, const std::string& words = canary) {
    return Json{{"error", words}, {"code", "SoftLayer_Exception" + code}};
  };
  CHECK(kind(200, true) == "accepted");
  CHECK(kind(200, {{"id", 7}}) == "accepted");
  CHECK(kind(200, Json::array({{{"id", 7}}, {{"id", 8}}})) == "accepted");
  for (const auto& body : {Json(false), Json(nullptr), Json::object(), Json::array(), Json("x"),
                           Json::array({Json::object()})}) {
    CHECK(kind(200, body) == "unknown-outcome");
  }
  CHECK(kind(200, error("_Public", "Internal Error")) == "unknown-outcome");
  CHECK(kind(500, error("_Public", "Internal Error")) == "unknown-outcome");
  CHECK(kind(502, nullptr) == "unknown-outcome");
  CHECK(kind(500, error("_InvalidValue")) == "permanent");
  CHECK(kind(200, error("_Public")) == "permanent");
  CHECK(kind(404, error("_ObjectNotFound")) == "conflict");
  CHECK(kind(401, error("_InvalidLegacyToken")) == "auth");
  CHECK(kind(500, error("_InvalidPermission")) == "auth");
  CHECK(kind(500, error("_WebService_RateLimitExceeded")) == "retry-after");
}

}  // namespace taproot::pushers
