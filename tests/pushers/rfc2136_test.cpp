#include "pushers/drivers/rfc2136.hpp"

#include "dns/update.hpp"
#include "tests/pushers/values.hpp"

#include <catch2/catch.hpp>

namespace taproot::pushers {

using namespace test;
using dns::Rcode;
using Kind = dns::UpdateChange::Kind;

namespace {

Rfc2136 driver() {
  Rfc2136Config config;
  config.server = must(net::Endpoint::from_text("127.0.0.1:5353"));
  config.key = must(dns::TsigKey::from_text("update.example.:hmac-sha256:Y2FuYXJ5LWNhbmFyeQ=="));
  return Rfc2136(std::move(config));
}

const Call first{WallTime(std::chrono::hours(500'000)), "", true};
const Call later{WallTime(std::chrono::hours(500'000)), "", false};
const ZoneRef zone_ref{name("@"), "example.org."};

Response answer(Rcode rcode, const std::vector<std::string>& lines = {}, bool aa = true) {
  DnsResponse dns;
  dns.message.header.qr = true;
  dns.message.header.aa = aa;
  dns.message.header.rcode = rcode;
  for (const auto& line : lines) {
    const auto set = rrset(line);
    for (const auto& rdata : set.rdata) {
      dns.message.answer.push_back({set.owner, set.type, dns::Class::IN, set.ttl, rdata});
    }
  }
  Response response;
  response.dns = std::move(dns);
  return response;
}

Response transfer(const Lines& lines) {
  DnsResponse dns;
  for (const auto& line : lines) {
    const auto set = rrset(line);
    for (const auto& rdata : set.rdata) {
      dns.records.push_back({set.owner, set.type, dns::Class::IN, set.ttl, rdata});
    }
  }
  Response response;
  response.dns = std::move(dns);
  return response;
}

LiveZone live_of(const Lines& lines) {
  const auto seen = driver().parse_list(first, zone_ref, transfer(lines));
  REQUIRE(seen.value() != nullptr);
  LiveZone live;
  live.zone = zone_ref;
  live.add(*seen.value());
  return live;
}

/// The message as our own server would read it: what is not an UPDATE fails here.
dns::Update update_of(const Call& call, const LiveZone& live, const Batch& batch) {
  const auto requests = driver().apply(call, live, batch);
  REQUIRE(requests.size() == 1);
  REQUIRE(requests[0].dns);
  const auto update = dns::Update::parse(requests[0].dns->message);
  INFO((update ? std::string() : update.error().why));
  REQUIRE(update);
  return *update;
}

Lines words(const dns::Update& update) {
  Lines lines;
  for (const auto& one : update.changes) {
    const char* what = one.kind == Kind::add            ? "add "
                       : one.kind == Kind::remove_rrset ? "remove "
                                                        : "without ";
    std::string line = what + one.owner.to_text() + " " + dns::to_text(one.type);
    if (one.value.size() > 0) line += " " + dns::rdata_to_text(one.type, one.value.wire());
    lines.push_back(line);
  }
  return lines;
}

}  // namespace

TEST_CASE("where a zone is asked by SOA", "[pushers][rfc2136]") {
  const auto request = driver().find_zone(first, name("@"));
  REQUIRE(request.dns);
  CHECK(request.dns->server.to_text() == "127.0.0.1:5353");
  CHECK(request.dns->key->name.to_text() == "update.example.");
  const auto find = [](const Response& response) {
    return driver().parse_find(first, name("@"), response);
  };
  const auto found = find(answer(Rcode::noerror, {soa(5)}));
  REQUIRE(found.value() != nullptr);
  CHECK(found.value()->apex == name("@"));
  CHECK(find(answer(Rcode::nxdomain)).is_absent());
  CHECK(find(answer(Rcode::noerror)).is_absent());
  // Whether it has the zone is not told by these, and they are no empty zone.
  for (const auto& bad : {answer(Rcode::refused), answer(Rcode::noerror, {soa(5)}, false),
                          answer(Rcode::notimp), answer(Rcode::nxdomain, {}, false)}) {
    const auto seen = find(bad);
    REQUIRE(seen.trouble() != nullptr);
    CHECK(seen.trouble()->kind == TroubleKind::permanent);
  }
  REQUIRE(find(answer(Rcode::servfail)).trouble() != nullptr);
  CHECK(find(answer(Rcode::servfail)).trouble()->kind == TroubleKind::retry_after);
  REQUIRE(find(Response{}).trouble() != nullptr);
  CHECK(find(Response{}).trouble()->kind == TroubleKind::incomplete_read);
}

TEST_CASE("a zone is read by transfer, and a signer's work is foreign", "[pushers][rfc2136]") {
  CHECK(driver().list(first, zone_ref, "").dns->transfer == name("@"));
  const auto live =
      live_of({soa(5), "@ 300 NS ns1 | ns2", "www 300 A 192.0.2.1",
               "@ 300 RRSIG SOA 13 2 3600 20300101000000 20200101000000 1 example.org. AAAA",
               "@ 300 DNSKEY 257 3 13 AAAA", "www 300 NSEC @ A", "sub 300 DNSKEY 257 3 13 AAAA"});
  CHECK(live.complete);
  CHECK_FALSE(live.serial_is_ours);
  Lines foreign;
  for (const auto& one : live.rrsets) {
    if (one.kind == LiveKind::foreign) foreign.push_back(one.key().to_text());
  }
  CHECK(foreign == Lines{"example.org. RRSIG", "example.org. DNSKEY", "www.example.org. NSEC"});
  CHECK(live.rrsets.size() == 7);
  CHECK(driver().parse_list(first, zone_ref, transfer({"@ 300 NS ns1"})).trouble() != nullptr);
  CHECK(driver().parse_list(first, zone_ref, Response{}).trouble() != nullptr);
}

TEST_CASE("an update says what it was planned on", "[pushers][rfc2136]") {
  const auto live = live_of({soa(5), "@ 300 NS ns1", "www 300 A 192.0.2.1 | 192.0.2.2"});
  const Batch batch{{std::nullopt, rrset("new 300 A 192.0.2.3"), 0},
                    {rrset("www 300 A 192.0.2.1 | 192.0.2.2"), rrset("www 60 A 192.0.2.9"), 1},
                    {rrset("old 300 A 192.0.2.1"), std::nullopt, 2},
                    {std::nullopt, rrset("old 300 CNAME www"), 2}};
  const auto update = update_of(first, live, batch);
  CHECK(update.zone == name("@"));
  using Required = dns::Prerequisite::Kind;
  REQUIRE(update.prerequisites.size() == 5);
  CHECK(update.prerequisites[0].type == dns::RRType::SOA);
  CHECK(update.prerequisites[0].kind == Required::rrset_has_values);
  CHECK(update.prerequisites[1].kind == Required::rrset_absent);
  CHECK(update.prerequisites[2].kind == Required::rrset_has_values);
  CHECK(update.prerequisites[2].values.size() == 2);
  CHECK(update.prerequisites[3].kind == Required::rrset_has_values);
  CHECK(update.prerequisites[4].kind == Required::rrset_absent);
  // What makes room comes first.
  CHECK(words(update) == Lines{"remove old.example.org. A", "add new.example.org. A 192.0.2.3",
                               "remove www.example.org. A", "add www.example.org. A 192.0.2.9",
                               "add old.example.org. CNAME www.example.org."});
  // Once something was written the server has counted the serial.
  CHECK(update_of(later, live, batch).prerequisites.size() == 4);
}

TEST_CASE("the apex is never without name servers, nor its SOA behind", "[pushers][rfc2136]") {
  const auto live = live_of({soa(5), "@ 300 NS ns1 | ns2"});
  const auto update =
      update_of(first, live,
                {{rrset("@ 300 NS ns1 | ns2"), rrset("@ 60 NS ns2 | ns3"), 0},
                 {rrset(soa(5)), rrset("@ 3600 SOA ns3 hostmaster 5 7200 900 1209600 300"), 1}});
  CHECK(words(update) ==
        Lines{"add example.org. NS ns2.example.org.", "add example.org. NS ns3.example.org.",
              "without example.org. NS ns1.example.org.",
              "add example.org. SOA ns3.example.org. hostmaster.example.org. 6 7200 900 1209600 "
              "300"});
}

TEST_CASE("what an update comes to", "[pushers][rfc2136]") {
  const auto kind = [](Rcode rcode) {
    const auto outcome = driver().parse_apply(later, zone_ref, answer(rcode));
    const auto* trouble = std::get_if<Trouble>(&outcome);
    return trouble == nullptr ? std::string("accepted") : to_text(trouble->kind);
  };
  CHECK(kind(Rcode::noerror) == "accepted");
  CHECK(kind(Rcode::nxrrset) == "conflict");
  CHECK(kind(Rcode::yxrrset) == "conflict");
  CHECK(kind(Rcode::yxdomain) == "conflict");
  CHECK(kind(Rcode::nxdomain) == "conflict");
  CHECK(kind(Rcode::notauth) == "conflict");
  CHECK(kind(Rcode::refused) == "permanent");
  CHECK(kind(Rcode::formerr) == "permanent");
  CHECK(kind(Rcode::notzone) == "permanent");
  CHECK(kind(Rcode::notimp) == "auth");
  CHECK(kind(Rcode::servfail) == "unknown-outcome");
  CHECK(std::get<Trouble>(driver().parse_apply(later, zone_ref, Response{})).kind ==
        TroubleKind::unknown_outcome);
}

TEST_CASE("what is said of a change's size holds", "[pushers][rfc2136]") {
  const auto live = live_of({soa(5), "@ 300 NS ns1"});
  const auto d = driver();
  Batch batch;
  std::size_t octets = 0;
  for (std::size_t i = 0; octets < 59'000; ++i) {
    const std::string owner = "host" + std::to_string(i);
    batch.push_back({rrset(owner + " 300 A 192.0.2.1"), rrset(owner + " 300 A 192.0.2.2"), i});
    octets += d.octets_of(batch.back());
  }
  const auto requests = d.apply(first, live, batch);
  CHECK_FALSE(requests[0].dns->message.empty());
  CHECK(requests[0].dns->message.size() <= octets + 300);
  // More than any message holds is not sent at all.
  for (auto& change : batch) {
    for (int i = 0; i < 60; ++i) {
      change.after->rdata.push_back(dns::Rdata(std::string("\0\1\2", 3) + static_cast<char>(i)));
    }
  }
  CHECK(d.apply(first, live, batch)[0].dns->message.empty());
}

}  // namespace taproot::pushers
