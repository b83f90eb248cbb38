#include "pushers/drivers/cloudflare.hpp"

#include "pushers/drivers/cloudflare_record.hpp"
#include "tests/pushers/values.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

namespace taproot::pushers {

using namespace test;

namespace {

constexpr const char* canary = "canary-cf-77aa";
using Json = nlohmann::json;

Cloudflare driver() {
  return Cloudflare({"https://api.cloudflare.com/client/v4/", Secret(canary), {}});
}

const Call call{WallTime(std::chrono::hours(500'000)), ""};
const ZoneRef zone_ref{name("@"), "00000000000000000000000000000001"};

Response json(int status, const Json& body) {
  return {{status, {{"Content-Type", "application/json"}}, body.dump(), false}, std::nullopt};
}

Json envelope(const Json& result, Json info = nullptr) {
  Json all{{"success", true}, {"errors", Json::array()}, {"result", result}};
  if (!info.is_null()) all["result_info"] = std::move(info);
  return all;
}

Json info(unsigned page, unsigned per_page, unsigned count, unsigned total) {
  return {{"page", page}, {"per_page", per_page}, {"count", count}, {"total_count", total}};
}

Json record(const std::string& id, const std::string& its_name, const std::string& type,
            const std::string& content, unsigned ttl = 300) {
  return {{"id", id},           {"name", its_name}, {"type", type},
          {"content", content}, {"ttl", ttl},       {"proxied", false}};
}

Json error(unsigned code, const std::string& message = "") {
  return {{"success", false},
          {"errors", Json::array({{{"code", code}, {"message", message}}})},
          {"result", nullptr}};
}

Page page_of(const Json& result, const Json& its_info) {
  const auto seen = driver().parse_list(call, zone_ref, json(200, envelope(result, its_info)));
  INFO((seen.trouble() != nullptr ? seen.trouble()->words : std::string()));
  REQUIRE(seen.value() != nullptr);
  return *seen.value();
}

LiveZone live_of(const Json& result) {
  const auto count = static_cast<unsigned>(result.size());
  LiveZone live;
  live.zone = zone_ref;
  live.add(page_of(result, info(1, 1000, count, count)));
  return live;
}

Json body_of(const LiveZone& live, const Batch& batch) {
  const auto requests = driver().apply(call, live, batch);
  REQUIRE(requests.size() == 1);
  CHECK(requests[0].url ==
        "https://api.cloudflare.com/client/v4/zones/00000000000000000000000000000001/"
        "dns_records/batch");
  return Json::parse(requests[0].body);
}

}  // namespace

TEST_CASE("what is spelled for Cloudflare is read as it was", "[pushers][cloudflare]") {
  const auto line = GENERATE(
      "a 300 A 192.0.2.1", "a 300 AAAA 2001:db8::1", "a 300 CNAME b.example.net.",
      "a 300 MX 10 mail.example.net.", "a 300 MX 0 .", "a 300 NS ns.example.net.",
      "a 300 PTR host.example.net.", R"(a 300 TXT "say \"hi\" \\ ;" "b")",
      R"(a 300 CAA 128 iodef "mailto:\"x\"@example.net")", "a 300 SRV 1 2 3 sip.example.net.",
      R"(a 300 NAPTR 100 50 "s" "http+E2U" "!^.*$!a\\1!" .)",
      "a 300 DS 1 13 2 0000000000000000000000000000000000000000000000000000000000000000",
      "a 300 TLSA 3 1 1 0000000000000000000000000000000000000000000000000000000000000001",
      "a 300 SSHFP 1 1 00000000000000000000000000000000000000ab",
      "a 300 HTTPS 1 . alpn=h2,h3 port=8443", "a 300 HTTPS 0 b.example.net.",
      "a 300 SVCB 1 svc.example.net. port=53");
  const auto set = rrset(line);
  const auto fields = cloudflare_fields(set.type, set.rdata.front().wire());
  INFO(fields);
  const auto read = cloudflare_rdata(set.type, fields);
  REQUIRE(read);
  CHECK(*read == set.rdata.front());
  CHECK((fields.find("\".\"") != std::string::npos || fields.find(".\"") == std::string::npos));
  for (const auto* bad : {"", "[]", "{}", "{\"content\": 7}", "{\"data\": {}}"}) {
    CHECK_FALSE(cloudflare_rdata(set.type, bad));
  }
}

TEST_CASE("lists of Cloudflare are whole only if their counts agree", "[pushers][cloudflare]") {
  const Json one = Json::array({record("a1", "a.example.org", "A", "192.0.2.1")});
  CHECK(page_of(one, info(1, 1000, 1, 1)).complete);
  const auto first = page_of(one, info(1, 1, 1, 2));
  CHECK_FALSE(first.complete);
  CHECK(first.next == "2");
  CHECK(page_of(one, info(2, 1, 1, 2)).complete);
  for (const auto& wrong : {info(1, 1000, 2, 2), info(1, 1000, 1, 2), info(1, 1000, 1, 0),
                            info(0, 1000, 1, 1), info(2, 1000, 1, 1), Json{{"page", 1}}}) {
    INFO(wrong);
    CHECK(driver().parse_list(call, zone_ref, json(200, envelope(one, wrong))).trouble() !=
          nullptr);
  }
  for (const auto& wrong : {Json(nullptr), Json::object(), envelope(one), envelope(nullptr)}) {
    CHECK(driver().parse_list(call, zone_ref, json(200, wrong)).trouble() != nullptr);
  }
}

TEST_CASE("what is Cloudflare's own is told apart", "[pushers][cloudflare]") {
  auto proxied = record("a1", "p.example.org", "A", "192.0.2.1");
  proxied["proxied"] = true;
  auto managed = record("a2", "m.example.org", "MX", "mx.example.net");
  managed["priority"] = 10;
  managed["meta"] = {{"managed_by_apps", true}};
  const auto live =
      live_of(Json::array({proxied, managed, record("a3", "o.example.org", "OPENPGPKEY", "AAAA"),
                           record("a4", "a.example.org", "A", "192.0.2.1")}));
  REQUIRE(live.rrsets.size() == 4);
  for (const auto& one : live.rrsets) {
    CHECK((one.kind == LiveKind::plain) == (one.rrset.owner == name("a")));
  }
}

TEST_CASE("records are changed in place", "[pushers][cloudflare]") {
  const auto live = live_of(Json::array({record("a1", "a.example.org", "A", "192.0.2.1"),
                                         record("a2", "a.example.org", "A", "192.0.2.2"),
                                         record("b1", "b.example.org", "A", "192.0.2.1")}));
  const PlannedChange change{rrset("a 300 A 192.0.2.1 | 192.0.2.2"),
                             rrset("a 300 A 192.0.2.2 | 192.0.2.3"), 0};
  CHECK(driver().weight_of(change) == 1);
  const auto body = body_of(live, {change,
                                   {rrset("b 300 A 192.0.2.1"), std::nullopt, 1},
                                   {std::nullopt, rrset("b 300 CNAME a"), 1}});
  CHECK(body["patches"] == Json::array({{{"id", "a1"},
                                         {"type", "A"},
                                         {"name", "a.example.org"},
                                         {"ttl", 300},
                                         {"content", "192.0.2.3"},
                                         {"proxied", false}}}));
  CHECK(body["deletes"] == Json::array({{{"id", "b1"}}}));
  CHECK(body["posts"][0]["content"] == "a.example.org");
  const PlannedChange slower{rrset("a 300 A 192.0.2.1 | 192.0.2.2"),
                             rrset("a 60 A 192.0.2.1 | 192.0.2.2"), 0};
  CHECK(driver().weight_of(slower) == 2);
  CHECK(body_of(live, {slower})["patches"].size() == 2);
}

TEST_CASE("Cloudflare shows zones and names with U-labels", "[pushers][cloudflare]") {
  const auto apex = dns::Name::from_text("xn--bcher-kva.example.").value();
  const Json zone{{"id", "1a"}, {"name", "b\u00fccher.example"}, {"type", "full"}};
  const auto found =
      driver().parse_find(call, apex, json(200, envelope(Json::array({zone}), info(1, 50, 1, 1))));
  REQUIRE(found.value() != nullptr);
  CHECK(found.value()->apex == apex);
  const auto rrsets = page_of(Json::array({record("1", "caf\u00e9.example.org", "A", "192.0.2.1")}),
                              info(1, 1000, 1, 1))
                          .rrsets;
  CHECK(rrsets[0].rrset == rrset("xn--caf-dma 300 A 192.0.2.1"));
}

TEST_CASE("what Cloudflare says of batches", "[pushers][cloudflare]") {
  const auto kind = [](const Response& response) {
    const auto outcome = driver().parse_apply(call, zone_ref, response);
    const auto* trouble = std::get_if<Trouble>(&outcome);
    if (trouble != nullptr) CHECK(trouble->words.find(canary) == std::string::npos);
    return trouble == nullptr ? std::string("accepted") : to_text(trouble->kind);
  };
  CHECK(kind(json(200, envelope({{"posts", Json::array()}}))) == "accepted");
  CHECK(kind(json(200, envelope(nullptr))) == "unknown-outcome");
  CHECK(kind(json(200, nullptr)) == "unknown-outcome");
  CHECK(kind(json(200, error(1004, canary))) == "permanent");
  CHECK(kind(json(400, error(1004))) == "permanent");
  CHECK(kind(json(400, error(81058))) == "conflict");
  CHECK(kind(json(404, error(81044))) == "conflict");
  CHECK(kind(json(403, error(10000))) == "auth");
  CHECK(kind(json(400, error(9109))) == "auth");
  CHECK(kind(json(429, error(10100))) == "retry-after");
  CHECK(kind(json(502, nullptr)) == "unknown-outcome");
}

}  // namespace taproot::pushers
