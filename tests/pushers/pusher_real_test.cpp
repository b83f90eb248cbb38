#include "net/http_server.hpp"
#include "pushers/drivers/powerdns.hpp"
#include "pushers/pusher.hpp"
#include "tests/pushers/pdns_server.hpp"
#include "tests/pushers/values.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <map>
#include <optional>

namespace taproot::pushers {

using namespace test;
using namespace std::chrono_literals;

namespace {

/// A pusher with its house: what it keeps and what it said.
class House {
 public:
  explicit House(const std::string& url, const std::string& key = PdnsServer::api_key)
      : House(std::make_unique<Powerdns>(PowerdnsConfig{url, Secret(key), "localhost"})) {}

  explicit House(std::unique_ptr<Driver> driver) { open(std::move(driver)); }

  /// Without a pusher yet.
  House() = default;

  void open(std::unique_ptr<Driver> driver) {
    Pusher::Settings its;
    its.plan = settings();
    its.limits.tries = 3;
    its.limits.first_wait = 5ms;
    Pusher::Hooks hooks;
    hooks.on_state = [this](const dns::Name&, const std::string& provider, const std::string& words,
                            const PushResult* result) {
      CHECK(provider == "berlin");
      said.push_back(words);
      if (result == nullptr) return;
      results.push_back(*result);
      loop_.stop();
    };
    hooks.before_write = [this](const dns::Name&, const Plan& plan,
                                const std::string& text) -> Result<void> {
      ++writes;
      said.push_back(plan.to_text());
      state = text;
      if (on_write) on_write();
      return {};
    };
    hooks.save_applied = [this](const dns::Name&, std::uint64_t number,
                                const std::string& text) -> Result<void> {
      applied_version = number;
      state = text;
      return {};
    };
    hooks.load_applied = [this](const dns::Name&) { return state; };
    pusher.emplace(loop_, std::move(driver), its, std::move(hooks));
  }

  PushResult push(const Lines& lines, std::uint64_t number, PushOptions options = {}) {
    pusher->push(version(lines, number), std::move(options));
    return wait();
  }

  PushResult plan(const Lines& lines, std::uint64_t number) {
    std::optional<PushResult> result;
    pusher->plan(version(lines, number), [&](const PushResult& got) {
      result = got;
      loop_.stop();
    });
    run();
    REQUIRE(result);
    return *result;
  }

  PushResult wait() {
    const auto before = results.size();
    run();
    REQUIRE(results.size() > before);
    for (const auto& words : said) CHECK(words.find("canary") == std::string::npos);
    return results.back();
  }

  void run() {
    bool late = false;
    net::Timer deadline(loop_, [&] {
      late = true;
      loop_.stop();
    });
    deadline.set_after(60s);
    loop_.run();
    REQUIRE_FALSE(late);
  }

  net::Loop loop_;
  std::optional<Pusher> pusher;
  std::function<void()> on_write;
  std::optional<std::string> state;
  std::uint64_t applied_version = 0;
  int writes = 0;
  Lines said;
  std::vector<PushResult> results;
};

/// One per program run: starting it costs most of the time.
PdnsServer& server() {
  static PdnsServer the_server;
  return the_server;
}

/// The zone as PowerDNS has it: "owner type" -> "ttl content | content".
std::map<std::string, std::string> zone_there() {
  const auto response = server().admin("GET", "/zones/example.org.");
  REQUIRE(response.status == 200);
  const auto json = nlohmann::json::parse(response.body);
  std::map<std::string, std::string> zone;
  for (const auto& rrset : json["rrsets"]) {
    std::string text = std::to_string(rrset["ttl"].get<int>());
    for (const auto& record : rrset["records"]) {
      text += (record["disabled"].get<bool>() ? " disabled " : " ") +
              record["content"].get<std::string>();
    }
    zone[rrset["name"].get<std::string>() + " " + rrset["type"].get<std::string>()] = text;
  }
  return zone;
}

void patch(const std::string& rrsets) {
  const auto response =
      server().admin("PATCH", "/zones/example.org.", R"({"rrsets": [)" + rrsets + "]}");
  INFO(response.body);
  REQUIRE(response.status == 204);
}

std::string replace(const std::string& owner, const std::string& type, const std::string& records) {
  return R"({"name": ")" + owner + R"(", "type": ")" + type +
         R"(", "ttl": 300, "changetype": "REPLACE", "records": [)" + records + "]}";
}

struct FreshZone {
  explicit FreshZone(const std::string& settings = R"("soa_edit_api": "")") {
    server().admin("DELETE", "/zones/example.org.");
    server().create_zone("example.org.", settings);
  }
};

}  // namespace

TEST_CASE("a zone that PowerDNS does not have is not made", "[pushers][real]") {
  server().admin("DELETE", "/zones/example.org.");
  House house(server().url());
  const auto result = house.push(with_apex(1, {}), 1);
  CHECK(result.end == PushEnd::blocked);
  CHECK_THAT(result.words, Catch::Contains("no zone example.org. (create it there"));
  CHECK(server().admin("GET", "/zones/example.org.").status == 404);
}

TEST_CASE("a zone goes to PowerDNS and follows its versions", "[pushers][real]") {
  FreshZone zone;
  House house(server().url());
  const auto first = house.push(with_apex(2024010101, {"www 300 A 192.0.2.1", "@ 300 MX 10 mail",
                                                       "mail 300 AAAA 2001:db8::1"}),
                                1);
  INFO(first.words);
  CHECK(first.end == PushEnd::done);
  CHECK(house.applied_version == 1);
  auto there = zone_there();
  CHECK(there.size() == 5);
  CHECK(there["www.example.org. A"] == "300 192.0.2.1");
  CHECK(there["example.org. SOA"] ==
        "3600 ns1.example.org. hostmaster.example.org. 2024010101 7200 900 1209600 300");

  const Lines second_lines = with_apex(
      2024010101, {"www 300 A 192.0.2.1", "@ 300 MX 10 mail", "mail 300 AAAA 2001:DB8:0::1"});
  CHECK(house.push(second_lines, 2).end == PushEnd::in_sync);
  CHECK(house.writes == 1);

  // One change, a swap of types, and a deletion.
  const auto third = house.push(
      with_apex(2024010103, {"www 300 CNAME mail", "@ 300 MX 10 mail", "mail 60 AAAA 2001:db8::2"}),
      3);
  INFO(third.words);
  CHECK(third.end == PushEnd::done);
  there = zone_there();
  CHECK(there.size() == 5);
  CHECK(there["www.example.org. CNAME"] == "300 mail.example.org.");
  CHECK(there["mail.example.org. AAAA"] == "60 2001:db8::2");
  CHECK_THAT(there["example.org. SOA"], Catch::Contains(" 2024010103 "));
}

TEST_CASE("drift is put back, and strangers are left alone", "[pushers][real]") {
  FreshZone zone;
  House house(server().url());
  const Lines lines = with_apex(1, {"a 300 A 192.0.2.1", "b 300 A 192.0.2.1"});
  CHECK(house.push(lines, 1).end == PushEnd::done);
  patch(replace("a.example.org.", "A", R"({"content": "192.0.2.9", "disabled": false})"));
  patch(replace("x.example.org.", "TXT", R"({"content": "\"mine\"", "disabled": false})"));
  const auto planned = house.plan(lines, 1);
  REQUIRE(planned.plan);
  CHECK(planned.end == PushEnd::planned);
  CHECK(short_changes(*planned.plan) == Lines{"~ a.example.org. A"});
  CHECK(short_notes(*planned.plan) ==
        Lines{"drift a.example.org. A", "foreign x.example.org. TXT"});
  PushOptions as_seen;
  as_seen.expected_plan = planned.plan->id();
  CHECK(house.push(lines, 1, as_seen).end == PushEnd::done);
  CHECK(zone_there()["a.example.org. A"] == "300 192.0.2.1");
  CHECK(zone_there()["x.example.org. TXT"] == "300 \"mine\"");
}

TEST_CASE("disabled records and comments are respected", "[pushers][real]") {
  FreshZone zone;
  patch(replace("a.example.org.", "A", R"({"content": "192.0.2.9", "disabled": true})"));
  patch(R"({"name": "b.example.org.", "type": "A", "ttl": 300, "changetype": "REPLACE",
            "records": [{"content": "192.0.2.9", "disabled": false}],
            "comments": [{"content": "ask Eve", "account": "eve"}]})");
  House house(server().url());
  const auto result = house.push(with_apex(1, {"a 300 A 192.0.2.1", "b 300 A 192.0.2.1"}), 1);
  CHECK(result.end == PushEnd::partial);
  CHECK_THAT(result.words, Catch::Contains("1 conflict left alone"));
  CHECK(zone_there()["a.example.org. A"] == "300 disabled 192.0.2.9");
  CHECK(zone_there()["b.example.org. A"] == "300 192.0.2.1");
  CHECK_THAT(server().admin("GET", "/zones/example.org.").body, Catch::Contains("ask Eve"));
}

TEST_CASE("where PowerDNS makes the serial the plan says so", "[pushers][real]") {
  FreshZone zone(R"("soa_edit_api": "DEFAULT")");
  House house(server().url());
  const auto first = house.push(with_apex(7, {"www 300 A 192.0.2.1"}), 1);
  INFO(first.words);
  CHECK(first.end == PushEnd::done);
  REQUIRE(first.plan);
  CHECK_THAT(first.plan->to_text(), Catch::Contains("set soa_edit_api to \"\""));
  // Another serial alone is nothing to push.
  CHECK(house.push(with_apex(8, {"www 300 A 192.0.2.1"}), 2).end == PushEnd::in_sync);
}

TEST_CASE("every type that PowerDNS reads arrives and compares equal", "[pushers][real]") {
  FreshZone zone;
  House house(server().url());
  const Lines lines = with_apex(
      1,
      {"a 300 A 192.0.2.1 | 192.0.2.2",
       "aaaa 300 AAAA 2001:db8::1",
       "cname 300 CNAME a",
       "dname 300 DNAME example.net.",
       "mx 300 MX 10 a | 20 a",
       "ptr 300 PTR a",
       "txt 300 TXT \"a;b \\\"q\\\" \\\\ \\228 \\010\" \"\"",
       "spf 300 SPF \"v=spf1\"",
       "srv 300 SRV 1 2 53 a",
       "naptr 300 NAPTR 100 50 \"s\" \"http\" \"!a!b!\" .",
       "caa 300 CAA 0 issue \"ca.example.net\"",
       "hinfo 300 HINFO \"a b\" \"c\"",
       "rp 300 RP a b",
       "afsdb 300 AFSDB 1 a",
       "kx 300 KX 1 a",
       "loc 300 LOC 51 30 12.748 N 0 7 39.611 W 0m 0m 0m 0m",
       "loc2 300 LOC 31 58 52.1 S 115 49 11.7 E -20m 10m 1000m 2m",
       "sshfp 300 SSHFP 1 1 00000000000000000000000000000000000000ab",
       "tlsa 300 TLSA 3 1 1 0000000000000000000000000000000000000000000000000000000000000001",
       "smimea 300 SMIMEA 3 1 1 0000000000000000000000000000000000000000000000000000000000000001",
       "sub 300 NS ns.example.net.",
       "sub 300 DS 1 13 2 0000000000000000000000000000000000000000000000000000000000000000",
       "cert 300 CERT 1 0 0 AAAA",
       "ipseckey 300 IPSECKEY 10 1 2 192.0.2.38 AQNR",
       "dhcid 300 DHCID AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA=",
       "openpgpkey 300 OPENPGPKEY AAAA",
       "csync 300 CSYNC 66 3 A NS",
       "svcb 300 SVCB 1 a mandatory=alpn,port alpn=h2 port=53 ipv4hint=192.0.2.1",
       "svcb2 300 SVCB 1 a key65000=\"ab\"",
       "https 300 HTTPS 1 . alpn=h2,h3 no-default-alpn ipv6hint=2001:db8::1",
       "eui48 300 EUI48 00-00-5e-00-53-2a",
       "eui64 300 EUI64 00-00-5e-ef-10-00-00-2a",
       "uri 300 URI 10 1 \"ftp://x/y\"",
       "apl 300 APL 1:192.0.2.0/24",
       "minfo 300 MINFO a b",
       "x25 300 X25 311061700956",
       "private 300 TYPE65300 \\# 2 0a0b",
       "@ 300 CDS 1 13 2 0000000000000000000000000000000000000000000000000000000000000000",
       "under_score 300 A 192.0.2.1",
       "* 300 A 192.0.2.1",
       "sl\\/ash 300 A 192.0.2.1"});
  const auto result = house.push(lines, 1);
  for (const auto& refused : result.refused)
    UNSCOPED_INFO(refused.where.to_text() + " " + refused.words);
  if (result.plan) UNSCOPED_INFO(result.plan->to_text());
  INFO(result.words);
  CHECK(result.end == PushEnd::done);
  CHECK(house.push(lines, 2).end == PushEnd::in_sync);
}

TEST_CASE("a wrong key stops the provider until somebody resumes", "[pushers][real]") {
  FreshZone zone;
  House house(server().url(), "canary-wrong");
  const auto result = house.push(with_apex(1, {}), 1);
  CHECK(result.end == PushEnd::auth);
  CHECK_THAT(result.words, Catch::Contains("HTTP 401"));
  CHECK(house.pusher->is_held());
  CHECK_THAT(house.pusher->waits_for(name("@")), Catch::Contains("auth"));
  house.pusher->resume();
  CHECK(house.wait().end == PushEnd::auth);
}

TEST_CASE("what PowerDNS refuses is isolated and told in its words", "[pushers][real]") {
  FreshZone zone;
  // A driver that spoils one record on its way.
  class Spoiler : public Powerdns {
   public:
    using Powerdns::Powerdns;
    std::vector<Request> apply(const Call& call, const LiveZone& live,
                               const Batch& batch) const override {
      auto requests = Powerdns::apply(call, live, batch);
      const auto at = requests[0].body.find("192.0.2.66");
      if (at != std::string::npos) requests[0].body.replace(at, 10, "192.0.2.300");
      return requests;
    }
  };
  House house(std::make_unique<Spoiler>(
      PowerdnsConfig{server().url(), Secret(PdnsServer::api_key), "localhost"}));
  const auto result = house.push(
      with_apex(1, {"a 300 A 192.0.2.1", "bad 300 A 192.0.2.66", "c 300 A 192.0.2.1"}), 1);
  CHECK(result.end == PushEnd::partial);
  REQUIRE(result.refused.size() == 1);
  CHECK(result.refused[0].where.to_text() == "bad.example.org. A");
  CHECK_THAT(result.refused[0].words, Catch::Contains("unable to parse IP address"));
  CHECK(zone_there().contains("a.example.org. A"));
  CHECK(zone_there().contains("c.example.org. A"));
  CHECK_FALSE(zone_there().contains("bad.example.org. A"));
}

TEST_CASE("a server that stops midway is waited for", "[pushers][real]") {
  PdnsServer own;
  own.create_zone("example.org.");
  House house(own.url());
  house.on_write = [&] { own.stop(); };
  const Lines lines = with_apex(1, {"www 300 A 192.0.2.1"});
  const auto result = house.push(lines, 1);
  CHECK(result.end == PushEnd::unreachable);
  CHECK_THAT(result.words, Catch::Contains("gave up"));
  CHECK_FALSE(house.pusher->is_idle());  // it will try again by itself
  CHECK(house.push(lines, 1).end == PushEnd::unreachable);
  house.on_write = nullptr;
  own.start();
  CHECK(house.push(lines, 1).end == PushEnd::done);
  CHECK(house.pusher->is_idle());
}

TEST_CASE("a server that is not PowerDNS changes nothing and learns nothing", "[pushers][real]") {
  struct Case {
    int status;
    const char* type;
    const char* body;
    PushEnd end;
  };
  const auto c = GENERATE(
      Case{200, "text/html", "<html>Please log in</html>", PushEnd::unreachable},
      Case{200, "application/json", "{}", PushEnd::unreachable},
      Case{200, "application/json", "null", PushEnd::unreachable},
      Case{200, "application/json", "[{]", PushEnd::unreachable},
      Case{200, "application/json", "[] []", PushEnd::unreachable},
      Case{200, "application/json", "[{\"id\":7}]", PushEnd::unreachable},
      Case{302, "text/html", "", PushEnd::blocked}, Case{404, "text/html", "", PushEnd::blocked},
      Case{500, "text/html", "", PushEnd::unreachable});
  CAPTURE(c.status, c.body);
  House house;
  auto garbage = net::HttpServer::open(
      house.loop_, must(net::Endpoint::from_text("127.0.0.1:0")),
      [&](net::HttpServerRequest, net::HttpResponder responder) {
        responder.respond(c.status, c.type, c.body, {{"Location", "http://127.0.0.1:1/elsewhere"}});
      });
  REQUIRE(garbage);
  house.open(std::make_unique<Powerdns>(PowerdnsConfig{"http://" + (*garbage)->local().to_text(),
                                                       Secret(PdnsServer::api_key), "localhost"}));
  const auto result = house.push(with_apex(1, {"www 300 A 192.0.2.1"}), 1);
  CHECK(result.end == c.end);
  CHECK(house.writes == 0);
}

TEST_CASE("only the newest version waits, and zones do not wait for each other",
          "[pushers][real]") {
  FreshZone zone;
  House house(server().url());
  house.pusher->hold();
  for (unsigned number = 1; number <= 5; ++number) {
    house.pusher->push(version(with_apex(number, {"www 300 A 192.0.2.1"}), number));
  }
  CHECK(house.pusher->waits_for(name("@")) == "on hold");
  house.pusher->resume();
  CHECK(house.wait().end == PushEnd::done);
  CHECK(house.results.size() == 1);
  CHECK(house.applied_version == 5);
}

}  // namespace taproot::pushers
