#include "zonestore/canonical_zone.hpp"

#include "dns/rdata.hpp"
#include "tests/dns/rdata_samples.hpp"
#include "tests/xfr/random_zone.hpp"
#include "tests/zonestore/source_samples.hpp"
#include "zonestore/sources/records.hpp"
#include "zonestore/yaml_text.hpp"

#include <catch2/catch.hpp>

#include <random>
#include <tuple>

using namespace taproot;
using namespace taproot::zonestore;
using dns::RRType;

namespace {

std::string yaml_of(const dns::Name& apex, const SourceRecords& records) {
  return to_yaml(canonical_zone(apex, records, {}, true));
}

SourceRecords read_yaml(const dns::Name& apex, const std::string& text) {
  return read_yaml_records(apex, text, "canonical.yaml", SourceLimits{});
}

/// Owner, type, TTL and rdata in octets, sorted; the case of owners is kept.
auto contents(const SourceRecords& records) {
  std::vector<std::tuple<std::string, RRType, std::uint32_t, dns::Rdata>> all;
  for (const auto& item : records.items) {
    all.emplace_back(item.owner.to_text(), item.type, item.ttl, item.rdata);
  }
  std::sort(all.begin(), all.end());
  return all;
}

/// Writing and reading gives the same records; writing again gives the same text.
void check_round_trip(const dns::Name& apex, const SourceRecords& records) {
  const auto yaml = yaml_of(apex, records);
  const auto again = read_yaml(apex, yaml);
  INFO(samples::all_text(again.findings));
  CHECK(again.findings.empty());
  CHECK(contents(again) == contents(records));
  CHECK(yaml_of(apex, again) == yaml);
  const auto json = to_json(canonical_zone(apex, records, {}, true));
  const auto from_json = read_json_records(apex, json, "canonical.json", SourceLimits{});
  CHECK(from_json.findings.empty());
  CHECK(contents(from_json) == contents(records));
  const auto zone = to_zone_file(canonical_zone(apex, records, {}, true));
  const auto from_zone = read_zone_text(apex, zone, "canonical.zone", SourceLimits{});
  CHECK(from_zone.findings.empty());
  CHECK(contents(from_zone) == contents(records));
}

void add(SourceRecords& records, const dns::Name& owner, RRType type, dns::Rdata rdata,
         std::uint32_t ttl = 300) {
  records.items.push_back({owner, type, ttl, std::move(rdata), {}});
}

dns::Rdata rdata_of(RRType type, std::string_view text) {
  return dns::rdata_from_text(type, text, samples::apex()).value();
}

void add_soa(SourceRecords& records, const dns::Name& apex) {
  add(records, apex, RRType::SOA,
      rdata_of(RRType::SOA, "ns1.example.com. h.example.com. 7 1 2 3 4"));
}

dns::Rdata strings(const std::vector<std::string>& parts) {
  std::string wire;
  for (const auto& part : parts) wire += static_cast<char>(part.size()) + part;
  return dns::Rdata(std::move(wire));
}

}  // namespace

TEST_CASE("canonical YAML has one order and one style", "[canonical]") {
  const auto records = read_zone_text(samples::apex(), R"($TTL 300
www   A    192.0.2.81
@     MX   20 mail2
      MX   10 mail
WWW   A    192.0.2.80
@     3600 SOA  ns1 hostmaster 7 3600 600 604800 300
      TXT  "v=spf1 -all; x"
      NS   ns2.example.net.
      NS   ns1
*.b   CNAME www
a     TYPE65280 \# 2 abcd
      CAA  0 issue "ca.example.net; policy=ev"
1     PTR  host
mail  LOC  52 22 23.5 N 4 53 32 E -2m
_443._tcp HTTPS 1 . alpn=h2,h3 no-default-alpn port=8443
www.example.com A 192.0.2.1
)",
                                      "z", SourceLimits{});
  REQUIRE(samples::all_text(records.findings).empty());
  CHECK("\n" + to_yaml(canonical_zone(samples::apex(), records, {}, false)) == R"(
---
'':
  - type: SOA
    ttl: 3600
    value: {mname: ns1.example.com., rname: hostmaster.example.com., refresh: 3600, retry: 600, expire: 604800, minimum: 300}
  - type: NS
    ttl: 300
    values:
      - ns1.example.com.
      - ns2.example.net.
  - type: MX
    ttl: 300
    values:
      - {preference: 10, exchange: mail.example.com.}
      - {preference: 20, exchange: mail2.example.com.}
  - type: TXT
    ttl: 300
    value: v=spf1 -all\; x
'1':
  type: PTR
  ttl: 300
  value: host.example.com.
_443._tcp:
  type: HTTPS
  ttl: 300
  value: {svcpriority: 1, targetname: '.', svcparams: {alpn: [h2, h3], no-default-alpn: '', port: '8443'}}
a:
  - type: CAA
    ttl: 300
    value: {flags: 0, tag: issue, value: ca.example.net\; policy=ev}
  - type: TYPE65280
    ttl: 300
    value: '\# 2 abcd'
'*.b':
  type: CNAME
  ttl: 300
  value: www.example.com.
www.example.com.example.com.:
  type: A
  ttl: 300
  value: 192.0.2.1
mail:
  type: LOC
  ttl: 300
  value: {lat_degrees: 52, lat_minutes: 22, lat_seconds: 23.5, lat_direction: 'N', long_degrees: 4, long_minutes: 53, long_seconds: 32, long_direction: E, altitude: -2, size: 1, precision_horz: 10000, precision_vert: 10}
www:
  type: A
  ttl: 300
  values:
    - 192.0.2.80
    - 192.0.2.81
)");
}

TEST_CASE("every type comes back octet for octet", "[canonical]") {
  SourceRecords records;
  add_soa(records, samples::apex());
  std::size_t number = 0;
  for (const auto& sample : dns::rdata_samples) {
    if (sample.type == RRType::SOA || dns::is_meta(sample.type)) continue;
    add(records, samples::name("n" + std::to_string(number++) + ".example.com."), sample.type,
        rdata_of(sample.type, sample.text));
  }
  check_round_trip(samples::apex(), records);
}

TEST_CASE("random zones come back octet for octet", "[canonical][property]") {
  const auto seed = GENERATE(range(1u, 40u));
  const tests::RandomZone zone(seed, 60);
  SourceRecords records;
  for (auto names = zone.version()->walk(); names.leaf() != nullptr; names.next()) {
    for (const auto view : names.leaf()->rrsets()) {
      const auto rrset =
          zone.version()->find(names.leaf()->owner(zone.version()->apex()), view.type()).value();
      for (const auto& rdata : rrset.rdata) add(records, rrset.owner, rrset.type, rdata, rrset.ttl);
    }
  }
  CAPTURE(seed);
  auto again = read_yaml(zone.version()->apex(), yaml_of(zone.version()->apex(), records));
  std::erase_if(again.findings, [](const Finding& f) { return f.severity != Severity::error; });
  CHECK(again.findings.empty());
  CHECK(contents(again) == contents(records));
}

TEST_CASE("random rdata of every type comes back octet for octet", "[canonical][property]") {
  std::mt19937 random(11);
  SourceRecords records;
  add_soa(records, samples::apex());
  // Octets of good rdata are changed here and there; what is still good must survive.
  for (int round = 0; round < 60; ++round) {
    for (const auto& sample : dns::rdata_samples) {
      if (sample.type == RRType::SOA || dns::is_meta(sample.type)) continue;
      const auto good = rdata_of(sample.type, sample.text);
      std::string wire(reinterpret_cast<const char*>(good.wire().data()), good.size());
      for (auto n = 1 + random() % 3; n > 0 && !wire.empty(); --n) {
        wire[random() % wire.size()] = static_cast<char>(random() % 256);
      }
      const auto rdata = dns::rdata_from_octets(sample.type, dns::Rdata(wire).wire());
      if (!rdata) continue;
      add(records, samples::name("n" + std::to_string(records.items.size()) + ".example.com."),
          sample.type, *rdata);
    }
  }
  REQUIRE(records.items.size() > 1000);
  const auto yaml = yaml_of(samples::apex(), records);
  const auto again = read_yaml(samples::apex(), yaml);
  INFO(samples::all_text(again.findings));
  CHECK(again.findings.empty());
  CHECK(contents(again) == contents(records));
  CHECK(yaml_of(samples::apex(), again) == yaml);
}

TEST_CASE("TXT keeps its strings and every octet", "[canonical]") {
  SourceRecords records;
  add_soa(records, samples::apex());
  std::string all;
  for (int octet = 0; octet < 256; ++octet) {
    all += static_cast<char>(octet);
    add(records, samples::name("o" + std::to_string(octet) + ".example.com."), RRType::TXT,
        strings({std::string(1, static_cast<char>(octet))}));
  }
  const auto txt = [&](const char* owner, const std::vector<std::string>& parts) {
    add(records, samples::name(std::string(owner) + ".example.com."), RRType::TXT, strings(parts));
  };
  txt("all", {all.substr(0, 128), all.substr(128)});
  txt("printable", {all.substr(32, 95)});
  txt("empty", {""});
  txt("two", {"a", "b"});
  txt("two-empty", {"", ""});
  txt("long", {std::string(255, 'k'), std::string(255, 'l'), "m"});
  txt("full", {std::string(255, 'k'), std::string(255, 'l')});
  txt("full-and-empty", {std::string(255, 'k'), ""});
  txt("quoted", {"\"a\""});
  txt("backslash", {"\\;\\\\;\\"});
  txt("cut-character", {std::string(254, 'k') + "\xc3", "\xbc"});
  txt("like-rfc3597", {"\\# 2 abcd"});
  txt("null", {"null"});
  txt("blanks", {" a "});
  check_round_trip(samples::apex(), records);
}

TEST_CASE("names with every octet come back", "[canonical]") {
  SourceRecords records;
  add_soa(records, samples::apex());
  for (int octet = 0; octet < 256; ++octet) {
    if (octet >= 'A' && octet <= 'Z') continue;  // the same owner as the small letter
    const auto owner = samples::apex().child(std::string(1, static_cast<char>(octet))).value();
    const auto wire = owner.wire();
    add(records, owner, RRType::CNAME, dns::Rdata(wire));
    add(records, owner.child("mx").value(), RRType::MX,
        dns::Rdata(std::string(2, '\0') +
                   std::string(reinterpret_cast<const char*>(wire.data()), wire.size())));
  }
  for (const char* word : {"null", "true", "10", "y", "x#", "\\064", "a\\.b"}) {
    add(records, samples::name(std::string(word) + ".w.example.com."), RRType::A,
        rdata_of(RRType::A, "192.0.2.1"));
  }
  check_round_trip(samples::apex(), records);
}

TEST_CASE("doubles go, the lowest TTL stays, owners differ by more than case", "[canonical]") {
  SourceRecords records;
  add_soa(records, samples::apex());
  const auto a = rdata_of(RRType::A, "192.0.2.1");
  add(records, samples::name("Www.example.com."), RRType::A, a, 600);
  add(records, samples::name("www.example.com."), RRType::A, a, 300);
  add(records, samples::name("www.EXAMPLE.com."), RRType::A, rdata_of(RRType::A, "192.0.2.2"), 900);
  const auto zone = canonical_zone(samples::apex(), records, {}, true);
  REQUIRE(zone.owners.size() == 2);
  REQUIRE(zone.owners[1].sets.size() == 1);
  CHECK(zone.owners[1].sets[0].ttl == 300);
  CHECK(zone.owners[1].sets[0].records.size() == 2);
}

TEST_CASE("a SOA without serial leaves it to taproot", "[canonical]") {
  SourceRecords records;
  add_soa(records, samples::apex());
  const auto yaml = to_yaml(canonical_zone(samples::apex(), records, {}, false));
  const auto again = read_yaml(samples::apex(), yaml);
  CHECK(again.serial_is_ours);
  CHECK(dns::Soa::from_rdata(again.items.at(0).rdata.wire())->serial == dns::Serial(1));
  CHECK(dns::Soa::from_rdata(again.items.at(0).rdata.wire())->minimum == 4);
}

TEST_CASE("what a signer makes goes from a signed zone only", "[canonical]") {
  const char* key = "257 3 13 AwEAAQ==";
  const char* signature = "A 8 3 300 20300101000000 20200101000000 1 example.com. AwEAAQ==";
  SourceRecords records;
  add(records, samples::apex(), RRType::DNSKEY, rdata_of(RRType::DNSKEY, key));
  SourceComments comments;
  CHECK(remove_generated_dnssec(records, comments).empty());
  CHECK(records.items.size() == 1);
  add(records, samples::apex(), RRType::RRSIG, rdata_of(RRType::RRSIG, signature));
  add(records, samples::name("d.example.com."), RRType::DS, rdata_of(RRType::DS, "1 250 250 00"));
  comments.records[1].behind = "of the signer";
  comments.records[2].behind = "ours";
  const auto counts = remove_generated_dnssec(records, comments);
  CHECK(counts == std::map<RRType, std::size_t>{{RRType::RRSIG, 1}, {RRType::DNSKEY, 1}});
  REQUIRE(records.items.size() == 1);
  CHECK(records.items[0].type == RRType::DS);
  REQUIRE(comments.records.size() == 1);
  CHECK(comments.records.at(0).behind == "ours");
}
