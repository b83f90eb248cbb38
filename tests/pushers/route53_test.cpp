#include "pushers/drivers/route53.hpp"

#include "pushers/drivers/route53_text.hpp"
#include "tests/pushers/values.hpp"

#include <catch2/catch.hpp>

namespace taproot::pushers {

using namespace test;

namespace {

constexpr const char* canary = "canary-5c1f/+";

Route53Config config() {
  return {"https://route53.amazonaws.com/",
          {"AKIDEXAMPLE", Secret(canary), Secret("canary-token")},
          {}};
}

Route53 driver() {
  return Route53(config());
}

const Call call{WallTime(std::chrono::hours(500'000)), ""};
const ZoneRef zone_ref{name("@"), "Z1"};

Response xml(int status, std::string body) {
  return {{status, {{"Content-Type", "text/xml"}}, std::move(body), false}, std::nullopt};
}

Response list_of(const std::string& sets,
                 const std::string& end = "<IsTruncated>false</IsTruncated>") {
  return xml(200, R"(<?xml version="1.0"?><ListResourceRecordSetsResponse xmlns="https://x/">)"
                  "<ResourceRecordSets>" +
                      sets + "</ResourceRecordSets>" + end +
                      "<MaxItems>300</MaxItems></ListResourceRecordSetsResponse>");
}

std::string set_of(const std::string& name, const std::string& type, const std::string& value,
                   const std::string& more = "") {
  return "<ResourceRecordSet><Name>" + name + "</Name><Type>" + type + "</Type>" + more +
         "<TTL>300</TTL><ResourceRecords><ResourceRecord><Value>" + value +
         "</Value></ResourceRecord></ResourceRecords></ResourceRecordSet>";
}

Response error(int status, const std::string& code, const std::string& message = "") {
  return xml(status, "<ErrorResponse><Error><Type>Sender</Type><Code>" + code + "</Code><Message>" +
                         message + "</Message></Error><RequestId>1</RequestId></ErrorResponse>");
}

Page page_of(const Response& response) {
  const auto seen = driver().parse_list(call, zone_ref, response);
  INFO((seen.trouble() != nullptr ? seen.trouble()->words : std::string()));
  REQUIRE(seen.value() != nullptr);
  return *seen.value();
}

std::string zone_xml(const std::string& id, const std::string& its_name,
                     const std::string& is_private = "false") {
  return "<HostedZone><Id>/hostedzone/" + id + "</Id><Name>" + its_name +
         "</Name><Config><PrivateZone>" + is_private + "</PrivateZone></Config></HostedZone>";
}

Response zones_of(const std::string& zones) {
  return xml(200, "<ListHostedZonesByNameResponse><HostedZones>" + zones +
                      "</HostedZones><IsTruncated>false</IsTruncated>"
                      "</ListHostedZonesByNameResponse>");
}

}  // namespace

TEST_CASE("octets are octal in Route 53 and decimal in zone files", "[pushers][route53]") {
  CHECK(from_route53_text("\\052.example.org.") == "\\042.example.org.");
  CHECK(to_route53_text("\\042.example.org.") == "\\052.example.org.");
  CHECK(from_route53_text(R"("a\"b\\c\377")") == R"("a\"b\\c\255")");
  CHECK(to_route53_text(R"("a\"b\\c\255\010")") == R"("a\"b\\c\377\012")");
  CHECK(from_route53_text("\\400\\9\\") == "\\400\\9\\");  // fails as presentation format
}

TEST_CASE("a zone of Route 53 is found by its exact name", "[pushers][route53]") {
  const auto request = driver().find_zone(call, name("@"));
  CHECK(request.url ==
        "https://route53.amazonaws.com/2013-04-01/hostedzonesbyname?dnsname=example.org."
        "&maxitems=10");
  CHECK(net::find_header(request.headers, "X-Amz-Security-Token") == "canary-token");
  const auto find = [](const Response& response) {
    return driver().parse_find(call, name("@"), response);
  };
  // The list begins at the name, and has others, too.
  const auto found = find(zones_of(zone_xml("Z1", "example.org.") + zone_xml("Z2", "b.org.")));
  REQUIRE(found.value() != nullptr);
  CHECK(found.value()->id == "Z1");
  CHECK(find(zones_of(zone_xml("Z2", "b.org."))).is_absent());
  CHECK(find(zones_of("")).is_absent());
  CHECK(find(zones_of(zone_xml("Z1", "example.org.", "true"))).is_absent());
  const auto two = find(zones_of(zone_xml("Z1", "example.org.") + zone_xml("Z2", "example.org.")));
  REQUIRE(two.trouble() != nullptr);
  CHECK_THAT(two.trouble()->words, Catch::Contains("zone-ids"));
  for (const auto& bad : {xml(200, ""), xml(200, "<html/>"), xml(200, "{}"), xml(204, ""),
                          zones_of(zone_xml("../x", "example.org."))}) {
    CHECK(find(bad).trouble() != nullptr);
  }
  auto with_id = config();
  with_id.zone_ids[name("@")] = "Z9";
  CHECK(Route53(with_id).find_zone(call, name("@")).url ==
        "https://route53.amazonaws.com/2013-04-01/hostedzone/Z9");
}

TEST_CASE("lists of Route 53 are read with all there is to know", "[pushers][route53]") {
  const auto page = page_of(
      list_of(set_of("\\052.example.org.", "A", "192.0.2.1") +
              set_of("m.example.org.", "MX", "10 mail.example.net") +
              set_of("t.example.org.", "TXT", "&quot;a\\377&quot; &quot;b&quot;") +
              set_of("w.example.org.", "A", "192.0.2.1", "<SetIdentifier>x</SetIdentifier>") +
              "<ResourceRecordSet><Name>al.example.org.</Name><Type>A</Type><AliasTarget>"
              "<DNSName>x.</DNSName></AliasTarget></ResourceRecordSet>"));
  CHECK(page.complete);
  REQUIRE(page.rrsets.size() == 5);
  CHECK(page.rrsets[0].rrset == rrset("* 300 A 192.0.2.1"));
  CHECK(page.rrsets[1].rrset == rrset("m 300 MX 10 mail.example.net."));
  CHECK(page.rrsets[2].rrset == rrset("t 300 TXT \"a\\255\" \"b\""));
  CHECK(page.rrsets[3].kind == LiveKind::opaque);
  CHECK(page.rrsets[4].kind == LiveKind::opaque);

  const auto first =
      page_of(list_of(set_of("a.example.org.", "A", "192.0.2.1"),
                      "<IsTruncated>true</IsTruncated><NextRecordName>\\052.example.org."
                      "</NextRecordName><NextRecordType>A</NextRecordType>"
                      "<NextRecordIdentifier>b c</NextRecordIdentifier>"));
  CHECK_FALSE(first.complete);
  REQUIRE(first.next);
  CHECK(driver().list(call, zone_ref, *first.next).url ==
        "https://route53.amazonaws.com/2013-04-01/hostedzone/Z1/rrset?maxitems=300"
        "&name=%5C052.example.org.&type=A&identifier=b%20c");
}

TEST_CASE("half a list of Route 53 is none", "[pushers][route53]") {
  const std::string a = set_of("a.example.org.", "A", "192.0.2.1");
  for (const auto& bad :
       {list_of(a, ""), list_of(a, "<IsTruncated>maybe</IsTruncated>"),
        list_of(a, "<IsTruncated>true</IsTruncated>"), list_of(set_of("a.example.net.", "A", "1")),
        list_of("<ResourceRecordSet><Name>a.example.org.</Name><Type>A</Type>"
                "</ResourceRecordSet>"),
        xml(200, list_of(a).body.substr(0, 200)), xml(200, "null"), xml(302, "")}) {
    INFO(bad.body);
    CHECK(driver().parse_list(call, zone_ref, bad).trouble() != nullptr);
  }
  CHECK(driver().parse_list(call, zone_ref, error(404, "NoSuchHostedZone")).is_absent());
}

TEST_CASE("a change of Route 53 says what was there", "[pushers][route53]") {
  LiveZone live;
  live.zone = zone_ref;
  const Batch batch{{std::nullopt, rrset("* 300 TXT \"a<&\\255\""), 0},
                    {rrset("b 60 A 192.0.2.1"), rrset("b 300 A 192.0.2.2"), 1},
                    {rrset("@ 300 NS ns1"), rrset("@ 300 NS ns2"), 2},
                    {rrset("c 300 MX 10 m"), std::nullopt, 3}};
  const auto requests = driver().apply(call, live, batch);
  REQUIRE(requests.size() == 1);
  CHECK(requests[0].method == "POST");
  const auto set = [](const char* action, const std::string& what) {
    return std::string("<Change><Action>") + action + "</Action>" + what + "</Change>";
  };
  CHECK_THAT(requests[0].body,
             Catch::Contains(
                 "<ChangeResourceRecordSetsRequest "
                 "xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><ChangeBatch><Changes>" +
                 set("DELETE",
                     "<ResourceRecordSet><Name>b.example.org.</Name><Type>A</Type><TTL>60</TTL>"
                     "<ResourceRecords><ResourceRecord><Value>192.0.2.1</Value>"
                     "</ResourceRecord></ResourceRecords></ResourceRecordSet>") +
                 set("DELETE", set_of("c.example.org.", "MX", "10 m.example.org.")) +
                 set("CREATE", set_of("*.example.org.", "TXT", "\"a&lt;&amp;\\377\"")) +
                 set("CREATE", set_of("b.example.org.", "A", "192.0.2.2")) +
                 set("UPSERT", set_of("example.org.", "NS", "ns2.example.org.")) +
                 "</Changes></ChangeBatch>"));
  CHECK(driver().weight_of(batch[0]) == 1);
  CHECK(driver().weight_of(batch[1]) == 2);
  CHECK(driver().octets_of(batch[1]) == 18);
  for (const auto& [key, value] : requests[0].headers) {
    CHECK(value.find(canary) == std::string::npos);
  }
}

TEST_CASE("a deletion at Route 53 names values as they are told", "[pushers][route53]") {
  LiveZone live;
  live.zone = zone_ref;
  live.add(page_of(list_of(set_of("m.example.org.", "MX", "10 Mail.example.net") +
                           set_of("t.example.org.", "TXT", "&quot;a b&quot;"))));
  CHECK(live.rrsets[1].ids.empty());
  const auto requests =
      driver().apply(call, live, {{live.rrsets[0].rrset, rrset("m 300 MX 20 mail"), 0}});
  CHECK_THAT(requests[0].body, Catch::Contains("<Value>10 Mail.example.net</Value>") &&
                                   Catch::Contains("<Value>20 mail.example.org.</Value>"));
}

TEST_CASE("what health checks decide about is opaque", "[pushers][route53]") {
  const auto page = page_of(
      list_of(set_of("a.example.org.", "A", "192.0.2.1", "<HealthCheckId>h</HealthCheckId>")));
  CHECK(page.rrsets[0].kind == LiveKind::opaque);
}

TEST_CASE("very many zones of a name at Route 53 need an id", "[pushers][route53]") {
  const auto find = [](const std::string& next) {
    auto response = zones_of(zone_xml("Z1", "example.org.", "true"));
    const std::string end = "<IsTruncated>false</IsTruncated>";
    response.body.replace(response.body.find(end), end.size(),
                          "<NextDNSName>" + next + "</NextDNSName><IsTruncated>true</IsTruncated>");
    return driver().parse_find(call, name("@"), response);
  };
  CHECK(find("b.org.").is_absent());
  CHECK(find("example.org.").trouble() != nullptr);
}

TEST_CASE("what Route 53 says of changes", "[pushers][route53]") {
  const auto kind = [](const Response& response) {
    const auto outcome = driver().parse_apply(call, zone_ref, response);
    if (std::holds_alternative<Accepted>(outcome)) return std::string("accepted");
    if (const auto* working = std::get_if<Working>(&outcome)) return "working " + working->cursor;
    return to_text(std::get<Trouble>(outcome).kind);
  };
  const auto info = [](const std::string& status) {
    return xml(200, "<ChangeResourceRecordSetsResponse><ChangeInfo><Id>/change/C1</Id><Status>" +
                        status + "</Status></ChangeInfo></ChangeResourceRecordSetsResponse>");
  };
  CHECK(kind(info("PENDING")) == "working C1");
  CHECK(kind(info("INSYNC")) == "accepted");
  CHECK(kind(info("WHATEVER")) == "unknown-outcome");
  CHECK(kind(xml(200, "")) == "unknown-outcome");
  CHECK(kind(xml(200, "<html/>")) == "unknown-outcome");
  CHECK(kind(error(400, "Throttling", "Rate exceeded")) == "retry-after");
  CHECK(kind(error(400, "PriorRequestNotComplete")) == "retry-after");
  CHECK(kind(error(403, "SignatureDoesNotMatch")) == "auth");
  CHECK(kind(error(403, "AccessDenied")) == "auth");
  CHECK(kind(error(404, "NoSuchHostedZone")) == "conflict");
  CHECK(kind(error(400, "InvalidInput")) == "permanent");
  CHECK(kind(xml(503, "")) == "unknown-outcome");
  // What was too much for the account is so for all who share it.
  const auto is_throttled = [](const Response& response) {
    const auto outcome = driver().parse_apply(call, zone_ref, response);
    return std::get<Trouble>(outcome).throttled;
  };
  CHECK(is_throttled(error(400, "Throttling", "Rate exceeded")));
  CHECK_FALSE(is_throttled(error(400, "PriorRequestNotComplete")));
  auto busy = xml(503, "");
  CHECK_FALSE(is_throttled(busy));
  busy.headers = {{"Retry-After", "7"}};
  CHECK(is_throttled(busy));
  const std::string tried = "Tried to create resource record set [name='x.example.org.', type='A']";
  CHECK(kind(error(400, "InvalidChangeBatch", "[" + tried + " but it already exists]")) ==
        "conflict");
  // The older shape, and what will never be accepted.
  const auto outcome = driver().parse_apply(
      call, zone_ref,
      xml(400, "<InvalidChangeBatch><Messages><Message>[" + tried +
                   " but a CNAME has one value]</Message></Messages></InvalidChangeBatch>"));
  const auto& trouble = std::get<Trouble>(outcome);
  CHECK(trouble.kind == TroubleKind::permanent);
  REQUIRE(trouble.culprit);
  CHECK(trouble.culprit->to_text() == "x.example.org. A");
  const auto said =
      driver().parse_apply(call, zone_ref, error(403, "AccessDenied", std::string("by ") + canary));
  CHECK(std::get<Trouble>(said).words.find(canary) == std::string::npos);
}

}  // namespace taproot::pushers
