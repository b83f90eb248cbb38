#include "dns/presentation.hpp"
#include "dns/rdata.hpp"
#include "octets_of_text.hpp"
#include "rdata_samples.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <random>

namespace taproot::dns {

namespace {

const Name& origin() {
  static const Name name = *Name::from_text("origin.example.");
  return name;
}

Rdata read(RRType type, std::string_view text) {
  auto rdata = rdata_from_text(type, text, origin());
  INFO(to_text(type) << " " << text);
  if (!rdata) FAIL(rdata.error().detail);
  return *rdata;
}

std::string repeat(std::string_view text, std::size_t times) {
  std::string all;
  for (; times > 0; --times) all += text;
  return all;
}

}  // namespace

TEST_CASE("each type is written as it was read", "[dns][presentation]") {
  for (const RdataSample& sample : rdata_samples) {
    const Rdata rdata = read(sample.type, sample.text);
    CHECK(rdata_to_text(sample.type, rdata.wire()) == sample.text);
  }
}

TEST_CASE("each type is read from RFC 3597 text, and checked", "[dns][presentation]") {
  for (const RdataSample& sample : rdata_samples) {
    const Rdata rdata = read(sample.type, sample.text);
    const std::string generic = "\\# " + std::to_string(rdata.size()) + " " + to_hex(rdata.wire());
    CAPTURE(to_text(sample.type), generic);
    CHECK(read(sample.type, generic) == rdata);
    const auto one_more = rdata_from_text(
        sample.type, "\\# " + std::to_string(rdata.size() + 1) + " " + to_hex(rdata.wire()),
        origin());
    REQUIRE_FALSE(one_more);
    CHECK(one_more.error().code == Errc::bad_rdata);
  }
}

TEST_CASE("our own reading agrees with ldns", "[dns][presentation]") {
  struct Case {
    RRType type;
    const char* text;
  };
  const auto c = GENERATE(values<Case>({
      {RRType::A, "192.0.2.1"},
      {RRType::A, "0.0.0.0"},
      {RRType::A, "192.0.2"},
      {RRType::A, "192.0.2.256"},
      {RRType::A, "192.0.2.1 192.0.2.2"},
      {RRType::A, "2001:db8::1"},
      {RRType::AAAA, "2001:DB8:0:0::1"},
      {RRType::AAAA, "::ffff:192.0.2.1"},
      {RRType::AAAA, "::1::"},
      {RRType::AAAA, "12345::"},
      {RRType::NS, "ns1"},
      {RRType::NS, "ns1.example.org."},
      {RRType::NS, "@"},
      {RRType::NS, "a..b"},
      {RRType::NS, "\\097\\.b"},
      {RRType::CNAME, "*.foo"},
      {RRType::PTR, "Host.Example."},
      {RRType::DNAME, "."},
      {RRType::MX, "10 mail"},
      {RRType::MX, "10"},
      {RRType::MX, "mail"},
      {RRType::MX, "65535 ."},
      {RRType::TXT, "one two  \"three four\""},
      {RRType::TXT, "\"a;b\" \"\\\"\" \\059 \"\\200\""},
      {RRType::TXT, "\"\""},
      {RRType::TXT, "v=DKIM1\\; k=rsa"},
      {RRType::SPF, "\"v=spf1 -all\""},
      {RRType::SOA, "ns1 hostmaster 2024010101 1d 2h 1w 5m"},
      {RRType::SOA, "ns1 hostmaster 4294967295 86400 7200 604800 300"},
      {RRType::SOA, "ns1 hostmaster 1 2 3 4"},
      {RRType::SRV, "0 5 443 host"},
      {RRType::SRV, "0 5 host"},
      {RRType::CAA, "0 issue \"letsencrypt.org\""},
      {RRType::CAA, "0 issue"},
      {RRType::DS, "60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A292118"},
      {RRType::DS, "60485 RSASHA1 1 2BB183AF 5F22588179A53B0A98631FAD 1A292118"},
      {RRType::DS, "60485 5 1 2BB183AF5F22588179A53B0A98631FAD1A2921"},
      {RRType::DS, "60485 5 1 2BB"},
      {RRType::DS, "60485 5 1"},
      {RRType::DNSKEY, "257 3 ECDSAP256SHA256 AwEA AQ=="},
      {RRType::CDS, "0 0 0 00"},
      {RRType::NAPTR, "100 50 \"s\" \"http+I2R\" \"\" _http._tcp"},
      {RRType::HINFO, "\"PC\" \"Linux\""},
      {RRType::RP, "mbox txt"},
      {RRType::AFSDB, "1 afs"},
      {RRType::RT, "1 relay"},
      {RRType::PX, "1 a b"},
      {RRType::KX, "1 a"},
      {RRType::MINFO, "a b"},
      {RRType::SSHFP, "2 9 123456789abcdef67890123456789abcdef67890"},
      {RRType::OPENPGPKEY, "AwEAAQ=="},
      {RRType::DHCID, "AAIBY2/AuCccgoJbsaxcQc9TUapptP69lOjxfNuVAA2kjEA="},
      {RRType::ZONEMD, "1 1 240 e2d523f654b9422a96c5a8f4"},
      {RRType::TLSA, "3 1 1 0D6FCE33 20315023"},
      {RRType::CERT, "PKIX 1 RSASHA256 AwEA AQ=="},
      {RRType::CERT, "254 1 0 AwEAAQ=="},
      {RRType::KEY, "256 3 8 AwEAAQ=="},
      {RRType::RRSIG, "A RSASHA256 3 300 20300131235959 20200229000000 1 @ AwEA AQ=="},
      {RRType::RRSIG, "TYPE65280 8 3 300 1900000000 1800000000 1 sig AwEAAQ=="},
      {RRType::RRSIG, "A 8 3 300 20301301000000 20200229000000 1 @ AwEAAQ=="},
      {RRType::SIG, "A 5 3 86400 20300101000000 20200101000000 1234 example. AAAA"},
      {RRType::NSEC, "next MX A TYPE1234 RRSIG"},
      {RRType::NSEC, "next"},
      {RRType::NSEC3, "1 1 12 AABBCCDD 2T7B4G4VSA5SMI47K61MV5BV1A22BOJR A"},
      {RRType::NSEC3, "1 0 0 - 2t7b4g4vsa5smi47k61mv5bv1a22bojr"},
      {RRType::NSEC3PARAM, "1 0 12 aabb"},
      {RRType::CSYNC, "66 3 A NS AAAA"},
      {RRType::EUI48, "00-00-5E-00-53-2a"},
      {RRType::EUI64, "00-00-5e-ef-10-00-00-2a"},
      {RRType::URI, "10 1 \"ftp://ftp1.example.com/public\""},
      {RRType::IPSECKEY, "10 1 2 192.0.2.38 AQNR"},
      {RRType::IPSECKEY, "10 2 2 2001:db8::1 AQNR"},
      {RRType::IPSECKEY, "10 3 2 gw.example. AQNR"},
      {RRType::HIP, "2 200100107B1A74DF365639CC39F1D578 AwEAAQ== rvs1 rvs2.example."},
      {RRType::SVCB, "0 foo"},
      {RRType::SVCB, "1 foo.example. key667=hello"},
      {RRType::SVCB, "1 foo.example. key667=\"hello\\210qoo\""},
      {RRType::SVCB, "16 foo port=53 alpn=h2,h3"},
      {RRType::SVCB, "1 foo ipv6hint=2001:db8::1,2001:db8::53:1"},
      {RRType::SVCB, "1 . mandatory=ipv4hint,alpn alpn=h2 ipv4hint=192.0.2.1"},
      {RRType::SVCB, "1 . dohpath=/q{?dns} no-default-alpn alpn=h2"},
      {RRType::HTTPS, "1 . ech=AAIB alpn=\"h2,h3\""},
      {RRType::HTTPS, "1 . alpn="},
      {RRType::HTTPS, "1 . alpn=h2,,h3"},
      {RRType::HTTPS, "1 . ipv4hint=192.0.2"},
      {RRType::HTTPS, "1 . nosuchkey=1"},
      {RRType::LOC, "52 N 4 E 0m"},
  }));
  CAPTURE(to_text(c.type), c.text);
  const auto ours = rdata_from_text(c.type, c.text, origin());
  const auto theirs = detail::rdata_from_text_ldns(c.type, c.text, origin());
  CHECK(ours.has_value() == theirs.has_value());
  if (ours && theirs) CHECK(to_hex(ours->wire()) == to_hex(theirs->wire()));
}

TEST_CASE("names in all types are relative to the origin", "[dns][presentation]") {
  struct Case {
    RRType type;
    const char* relative;
    const char* absolute;
  };
  const auto c = GENERATE(values<Case>({
      {RRType::MX, "1 mail", "1 mail.origin.example."},
      {RRType::MX, "1 @", "1 origin.example."},
      {RRType::SOA, "ns @ 1 2 3 4 5", "ns.origin.example. origin.example. 1 2 3 4 5"},
      {RRType::NSEC, "b A", "b.origin.example. A"},
      {RRType::SVCB, "1 svc port=1", "1 svc.origin.example. port=1"},
      {RRType::HTTPS, "0 @", "0 origin.example."},
      {RRType::IPSECKEY, "1 3 2 gw AQNR", "1 3 2 gw.origin.example. AQNR"},
      {RRType::HIP, "2 200100107b1a74df365639cc39f1d578 AwEAAQ== rvs",
       "2 200100107b1a74df365639cc39f1d578 AwEAAQ== rvs.origin.example."},
      {RRType::RRSIG, "A 8 3 1 20300101000000 20200101000000 1 @ AwEAAQ==",
       "A 8 3 1 20300101000000 20200101000000 1 origin.example. AwEAAQ=="},
  }));
  CAPTURE(to_text(c.type), c.relative);
  CHECK(rdata_to_text(c.type, read(c.type, c.relative).wire()) == c.absolute);
}

TEST_CASE("SVCB follows the test vectors of RFC 9460 appendix D", "[dns][presentation]") {
  struct Case {
    const char* text;
    const char* hex;
  };
  const auto c = GENERATE(values<Case>({
      {"0 foo.example.com.", "0000 03666f6f076578616d706c6503636f6d00"},
      {"1 .", "0001 00"},
      {"16 foo.example.com. port=53", "0010 03666f6f076578616d706c6503636f6d00 0003 0002 0035"},
      {"1 foo.example.com. key667=hello",
       "0001 03666f6f076578616d706c6503636f6d00 029b 0005 68656c6c6f"},
      {"1 foo.example.com. key667=\"hello\\210qoo\"",
       "0001 03666f6f076578616d706c6503636f6d00 029b 0009 68656c6c6fd2716f6f"},
      {"1 foo.example.com. ipv6hint=\"2001:db8::1,2001:db8::53:1\"",
       "0001 03666f6f076578616d706c6503636f6d00 0006 0020 20010db8000000000000000000000001"
       "20010db8000000000000000000530001"},
      {"16 foo.example.org. alpn=h2,h3-19 mandatory=ipv4hint,alpn ipv4hint=192.0.2.1",
       "0010 03666f6f076578616d706c65036f726700 0000 0004 0001 0004 0001 0009 02683205"
       "68332d3139 0004 0004 c0000201"},
      {"16 foo.example.org. alpn=\"f\\\\\\\\oo\\\\,bar,h2\"",
       "0010 03666f6f076578616d706c65036f726700 0001 000c 08665c6f6f2c626172 026832"},
      {"16 foo.example.org. alpn=f\\\\\\092oo\\092,bar,h2",
       "0010 03666f6f076578616d706c65036f726700 0001 000c 08665c6f6f2c626172 026832"},
      // A key written as a number has octets for a value, also where it has a name.
      {"1 . key1=\\002h2", "0001 00 0001 0003 026832"},
  }));
  CAPTURE(c.text);
  const Rdata rdata = read(RRType::SVCB, c.text);
  CHECK(to_hex(rdata.wire()) == to_hex(from_hex(c.hex)));
  CHECK(read(RRType::SVCB, rdata_to_text(RRType::SVCB, rdata.wire())) == rdata);
}

TEST_CASE("text that is not rdata is refused, and the detail says where", "[dns][presentation]") {
  struct Case {
    RRType type;
    std::string text;
    const char* says;
  };
  const auto c = GENERATE(values<Case>({
      {RRType::A, "", "field 1"},
      {RRType::A, "192.0.2.1x", "is not an IPv4 address"},
      {RRType::A, "192.0.2.1 x", "one field too many"},
      {RRType::A, "\"192.0.2.1\"", "may not be quoted"},
      {RRType::A, "192.0.2.01", "is not an IPv4 address"},
      {RRType::AAAA, "192.0.2.1", "is not an IPv6 address"},
      {RRType::AAAA, "fe80::1%eth0", "is not an IPv6 address"},
      {RRType::MX, "65536 mail", "MX field 1"},
      {RRType::MX, "-1 mail", "MX field 1"},
      {RRType::MX, "+1 mail", "MX field 1"},
      {RRType::MX, "10 ma..il", "empty label"},
      {RRType::MX,
       "10 b\xc3\xbc"
       "cher",
       "A-label"},
      {RRType::MX, "10", "is missing"},
      {RRType::SRV, "1 2 3", "SRV field 4"},
      {RRType::TXT, "", "is missing"},
      {RRType::TXT, "\"open", "no end"},
      {RRType::TXT, "\"a\"b", "goes on after"},
      {RRType::TXT, "a\"b", "a quote stands inside"},
      {RRType::TXT, "\\30", "three digits"},
      {RRType::TXT, "\\256", "over 255"},
      {RRType::TXT, "a\\", "backslash"},
      {RRType::TXT, repeat("x", 256), "split it into several strings"},
      {RRType::SOA, "a b 1 2 3 4 5h4", "SOA field 7"},
      {RRType::SOA, "a b 4294967296 2 3 4 5", "SOA field 3"},
      {RRType::SOA, "a b 1h 2 3 4 5", "SOA field 3"},
      {RRType::CAA, "0 \"\" x", "empty tag"},
      {RRType::CAA, "0 is-sue x", "letters and digits"},
      {RRType::DS, "1 8 2 zz", "hexadecimal"},
      {RRType::DS, "1 8 2 00", "32 octets"},
      {RRType::DS, "1 NOSUCH 2 00", "DNSSEC algorithm"},
      {RRType::DNSKEY, "256 3 8 !!", "base64"},
      {RRType::ISDN, "1 2 3", "more than two"},
      {RRType::WKS, "192.0.2.1 TCP smtp", "\\#"},
      {RRType::null, "abc", "\\#"},
      {static_cast<RRType>(65280), "abc", "\\#"},
      {RRType::A, "\\# 3 c00002", "ends too early"},
      {RRType::A, "\\# 5 c000020101", "left over"},
      {RRType::A, "\\# 4 c0000201 00", "but 5 follow"},
      {RRType::A, "\\# 4 c000020", "odd number"},
      {RRType::A, "\\# x c0000201", "number of octets"},
      {RRType::A, "\\#", "number of octets"},
      {RRType::A, "\\# 4 \"c0000201\"", "quoted"},
      {RRType::HTTPS, "1 . alpn=", "alpn"},
      {RRType::HTTPS, "1 . alpn", "alpn"},
      {RRType::HTTPS, "1 . alpn=" + repeat("x", 256), "255"},
      {RRType::HTTPS, "1 . mandatory=nosuch", "mandatory"},
      {RRType::HTTPS, "1 . mandatory=alpn,alpn alpn=h2", "ascending"},
      {RRType::HTTPS, "1 . port=1 port=2", "port stands twice"},
      {RRType::HTTPS, "1 . port=1 key3=ab", "port stands twice"},
      {RRType::HTTPS, "1 . port=65536", "port"},
      {RRType::HTTPS, "1 . ech=!", "base64"},
      {RRType::HTTPS, "1 . ohttp=1", "ohttp"},
      {RRType::HTTPS, "1 . ipv4hint=::1", "ipv4hint"},
      {RRType::HTTPS, "1 . ipv6hint=1.2.3.4", "ipv6hint"},
      {RRType::HTTPS, "1 . key01=a", "SvcParamKey"},
      {RRType::HTTPS, "1 . key65536=a", "SvcParamKey"},
      {RRType::HTTPS, "1 . ALPN=h2", "SvcParamKey"},
      {RRType::HTTPS, "1 . =h2", "SvcParamKey"},
      {RRType::HTTPS, "1 . \"alpn=h2\"", "SvcParamKey"},
      {RRType::HTTPS, "1 . alpn=\"h2", "without end"},
      {RRType::HTTPS, "1 . alpn=\"h2\"h3", "after a quoted value"},
      {RRType::HTTPS, "1 . alpn=h\"2", "quote inside"},
      {RRType::HTTPS, "1 . alpn=h\\2", "three digits"},
      {RRType::HTTPS, "1 . alpn=h2\\", "backslash"},
      {RRType::HTTPS, "1 . no-default-alpn", "needs alpn"},
      {RRType::SVCB, "1 . mandatory=port alpn=h2", "missing"},
      {RRType::LOC, "91 N 0 E 0", "latitude"},
      {RRType::LOC, "90 1 N 0 E 0", "90 degrees"},
      {RRType::LOC, "52 60 N 0 E 0", "latitude"},
      {RRType::LOC, "52 22 23.0001 N 0 E 0", "latitude"},
      {RRType::LOC, "52 N 181 E 0", "longitude"},
      {RRType::LOC, "52 N 4 E", "altitude"},
      {RRType::LOC, "52 N 4 E 42849673m", "altitude"},
      {RRType::LOC, "52 N 4 E -100001m", "altitude"},
      {RRType::LOC, "52 N 4 E 0m 90000001m", "size"},
      {RRType::LOC, "52 N 4 E 0m extra", "size"},
      {RRType::LOC, "52 22 23.000 N 04 53 32.000 E -2m 1m 10000m 10m 1m", "too many"},
      {RRType::LOC, "52 N 4 E 0m\n1m" + repeat(" ", 9000), "8192"},
      {RRType::APL, "1:192.0.2.0/33", "item"},
      {RRType::APL, "1:192.0.2/24", "item"},
      {RRType::APL, "3:192.0.2.0/24", "item"},
      {RRType::APL, "2:192.0.2.0/24", "item"},
      {RRType::APL, "1:192.0.2.0", "item"},
      {RRType::APL, "1:192.0.2.0/24 extra", "item"},
      {RRType::APL, "1:192.0.2.0/24\n", "printable"},
      {RRType::NXT, "a. A", "\\#"},
      {RRType::TLSA, "3 1 256 00", "TLSA field 3"},
      {RRType::TLSA, "3 1 1", "is missing"},
      {RRType::TLSA, "3 1 1 00\\", "hexadecimal"},
      {RRType::CERT, "NOSUCH 1 8 AA==", "certificate type"},
      {RRType::RRSIG, "NOSUCH 8 3 1 20300101000000 20200101000000 1 . AA==", "RR type"},
      {RRType::RRSIG, "A 8 3 1 20300230000000 20200101000000 1 . AA==", "time"},
      {RRType::RRSIG, "A 8 3 1 20300101240000 20200101000000 1 . AA==", "time"},
      {RRType::RRSIG, "A 8 3 1 19691231235959 20200101000000 1 . AA==", "time"},
      {RRType::RRSIG, "A 8 3 1 99999999999 20200101000000 1 . AA==", "time"},
      {RRType::NSEC3, "1 1 12 aabb", "is missing"},
      {RRType::NSEC3, "1 1 12 aab 2t7b4g4v", "odd number"},
      {RRType::NSEC3, "1 1 12 - 2t7b4g4w", "base32hex"},
      {RRType::NSEC3, "1 1 12 - 2t7", "base32hex"},
      {RRType::NSEC3, "1 1 12 " + repeat("aa", 256) + " 2t7b4g4v", "255"},
      {RRType::NSEC, "a NOSUCHTYPE", "type bitmap"},
      {RRType::NSEC, "a \"A", "no end"},
      {RRType::EUI64, "00-00-5e-00-53-00", "'-' between"},
      {RRType::EUI48, "00-00-5e-00-53-0g", "'-' between"},
      {RRType::EUI48, "00-00-5e-00-5302a", "'-' between"},
      {RRType::IPSECKEY, "256 0 2 . AQNR", "precedence"},
      {RRType::IPSECKEY, "10 4 2 . AQNR", "over 3"},
      {RRType::IPSECKEY, "10 0 2 a AQNR", "gateway"},
      {RRType::IPSECKEY, "10 1 2 ::1 AQNR", "IPv4"},
      {RRType::IPSECKEY, "10 2 2 a AQNR", "IPv6"},
      {RRType::IPSECKEY, "10 3 2 a..b AQNR", "empty label"},
      {RRType::IPSECKEY, "10 3 2 a !", "base64"},
      {RRType::HIP, "256 20 AwEAAQ==", "algorithm"},
      {RRType::HIP, "2 2z AwEAAQ==", "HIT"},
      {RRType::HIP, "2 20 !", "base64"},
      {RRType::HIP, "2 20", "empty HIT or key"},
      {RRType::HIP, "2 20 AwEAAQ== a..b", "empty label"},
      {RRType::URI, "1 2 \"\"", "is empty"},
      {RRType::EUI48, "00-00-5e-00-53", "'-' between"},
  }));
  CAPTURE(to_text(c.type), c.text.substr(0, 80));
  const auto rdata = rdata_from_text(c.type, c.text, origin());
  REQUIRE_FALSE(rdata);
  CHECK(rdata.error().code == Errc::bad_rdata);
  CHECK(rdata.error().detail.find(to_text(c.type)) == 0);
  CHECK_THAT(rdata.error().detail, Catch::Contains(c.says));
}

TEST_CASE("strings hold any octets", "[dns][presentation]") {
  std::string all(1, '\xff');
  for (int octet = 1; octet < 256; ++octet) all += static_cast<char>(octet);
  const Rdata rdata(all);
  const std::string text = rdata_to_text(RRType::TXT, rdata.wire());
  CHECK(std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; }));
  CHECK(read(RRType::TXT, text) == rdata);
}

TEST_CASE("long rdata is read by our own reader", "[dns][presentation]") {
  const std::string string = "\"" + repeat("x", 255) + "\" ";
  CHECK(read(RRType::TXT, repeat(string, 255)).size() == 65280);
  const auto longer = rdata_from_text(RRType::TXT, repeat(string, 256), origin());
  REQUIRE_FALSE(longer);
  CHECK_THAT(longer.error().detail, Catch::Contains("65535"));
  CHECK(read(RRType::OPENPGPKEY, repeat("AAAA", 5000)).size() == 15000);
}

TEST_CASE("any valid rdata comes back from its text", "[dns][presentation]") {
  // Octets of samples with one changed: whatever still is valid must survive its own text.
  std::mt19937 random(11);
  std::uniform_int_distribution<int> octet(0, 255);
  for (const RdataSample& sample : rdata_samples) {
    const Rdata rdata = read(sample.type, sample.text);
    for (int round = 0; round < 60; ++round) {
      std::vector<std::uint8_t> wire(rdata.wire().begin(), rdata.wire().end());
      if (wire.empty()) break;
      wire[static_cast<std::size_t>(random()) % wire.size()] =
          static_cast<std::uint8_t>(octet(random));
      const auto changed = rdata_from_octets(sample.type, wire);
      if (!changed) continue;
      const std::string text = rdata_to_text(sample.type, wire);
      CAPTURE(to_text(sample.type), to_hex(wire), text);
      const auto again = rdata_from_text(sample.type, text, Name::root());
      REQUIRE(again);
      CHECK(*again == *changed);
    }
  }
}

TEST_CASE("DSYNC is written as RFC 9859 has it", "[dns][presentation]") {
  const auto rdata = read(RRType::DSYNC, "CDS NOTIFY 5359 scanner.example.net.");
  CHECK(to_hex(rdata.wire()) == "003b0114ef077363616e6e6572076578616d706c65036e657400");
  CHECK(rdata_to_text(RRType::DSYNC, rdata.wire()) == "CDS NOTIFY 5359 scanner.example.net.");
  CHECK(read(RRType::DSYNC, "TYPE59 notify 5359 scanner.example.net.") == rdata);
  CHECK(read(RRType::DSYNC, "cds 1 5359 scanner.example.net.") == rdata);
  CHECK(read(static_cast<RRType>(66), "\\# 26 " + to_hex(rdata.wire())) == rdata);
  CHECK(read(RRType::DSYNC, "CSYNC 255 0 @").wire().size() == 5 + origin().size());
  const auto* wrong = GENERATE("", "CDS", "CDS NOTIFY", "CDS NOTIFY 53", "XYZ NOTIFY 53 a.",
                               "CDS HTTP 53 a.", "CDS 256 53 a.", "CDS NOTIFY 65536 a.",
                               "CDS NOTIFY 53 a. b.", "CDS \"NOTIFY\" 53 a.", "CDS NOTIFY 53 a..b");
  CAPTURE(wrong);
  CHECK_FALSE(rdata_from_text(RRType::DSYNC, wrong, origin()));
}

TEST_CASE("an RRset is one line for each record", "[dns][presentation]") {
  RRset rrset{*Name::from_text("www.example.org"), RRType::A, 300, {}};
  rrset.rdata.push_back(read(RRType::A, "192.0.2.1"));
  rrset.rdata.push_back(read(RRType::A, "192.0.2.2"));
  CHECK(to_text(rrset) ==
        "www.example.org.\t300\tIN\tA\t192.0.2.1\n"
        "www.example.org.\t300\tIN\tA\t192.0.2.2\n");
}

TEST_CASE("TTLs are seconds or times", "[dns][presentation]") {
  struct Case {
    const char* text;
    std::uint32_t want;
  };
  const auto c = GENERATE(Case{"0", 0}, Case{"3600", 3600}, Case{"2147483647", max_ttl},
                          Case{"1h", 3600}, Case{"1W2d3H4m5s", 788645}, Case{"0s", 0});
  CAPTURE(c.text);
  const auto ttl = ttl_from_text(c.text);
  REQUIRE(ttl);
  CHECK(*ttl == c.want);
}

TEST_CASE("what is not a TTL is refused", "[dns][presentation]") {
  const auto* text = GENERATE("", "-1", "+1", "2147483648", "1x", "1h30", "h", "1 h",
                              "99999999999w", "3551w", "1.5", "0x10", "99999999999999999999999");
  CAPTURE(text);
  const auto ttl = ttl_from_text(text);
  REQUIRE_FALSE(ttl);
  CHECK(ttl.error().code == Errc::bad_text);
}

}  // namespace taproot::dns
