#include "dns/rdata.hpp"
#include "dns/presentation.hpp"
#include "octets_of_text.hpp"
#include "rdata_samples.hpp"

#include <catch2/catch.hpp>

#include <random>

namespace taproot::dns {

namespace {

Name name(std::string_view text) {
  return *Name::from_text(text);
}

Rdata read(RRType type, std::string_view text) {
  auto rdata = rdata_from_text(type, text, Name::root());
  INFO(to_text(type) << " " << text);
  if (!rdata) FAIL(rdata.error().detail);
  return *rdata;
}

RRset rrset(RRType type, std::initializer_list<const char*> texts) {
  RRset set{name("example.org"), type, 300, {}};
  for (const char* text : texts) set.rdata.push_back(read(type, text));
  return set;
}

std::vector<std::string> texts(const RRset& set) {
  std::vector<std::string> all;
  for (const Rdata& rdata : set.rdata) all.push_back(rdata_to_text(set.type, rdata.wire()));
  return all;
}

}  // namespace

TEST_CASE("each type goes through a message and back", "[dns][rdata]") {
  for (const RdataSample& sample : rdata_samples) {
    const Rdata rdata = read(sample.type, sample.text);
    std::vector<std::uint8_t> octets(4000);
    std::array<std::uint16_t, 64> table{};
    WireWriter writer(octets, table);
    writer.u32(0);
    writer.name(name("example.org").wire());  // something to point at
    const std::size_t start = writer.position();
    write_rdata(writer, sample.type, rdata.wire());
    write_rdata(writer, sample.type, rdata.wire());
    WireReader reader(writer.written(), start);
    CAPTURE(to_text(sample.type), to_hex(writer.written()));
    // Where compression may change the length, the second copy begins where the first ends.
    const auto length = static_cast<std::uint16_t>(rdata.size());
    const bool plain = writer.position() - start == 2 * rdata.size();
    if (!plain) continue;
    CHECK(*rdata_from_wire(sample.type, reader, length) == rdata);
    CHECK(*rdata_from_wire(sample.type, reader, length) == rdata);
    CHECK(reader.at_end());
  }
}

TEST_CASE("only types of RFC 1035 are written compressed", "[dns][rdata]") {
  struct Case {
    RRType type;
    const char* text;
    const char* want;
  };
  const auto c = GENERATE(values<Case>({
      {RRType::NS, "ns.example.org.", "026e73c004"},
      {RRType::MX, "1 example.org.", "0001c004"},
      {RRType::SOA, "example.org. a.example.org. 1 2 3 4 5",
       "c0040161c0040000000100000002000000030000000400000005"},
      {RRType::SRV, "1 2 3 example.org.", "000100020003076578616d706c65036f726700"},
      {RRType::DNAME, "example.org.", "076578616d706c65036f726700"},
      {RRType::HTTPS, "0 example.org.", "0000076578616d706c65036f726700"},
      {RRType::NSEC, "example.org. A", "076578616d706c65036f726700000140"},
  }));
  CAPTURE(to_text(c.type));
  std::array<std::uint8_t, 200> octets{};
  std::array<std::uint16_t, 64> table{};
  WireWriter writer(octets, table);
  writer.u32(0);
  writer.name(name("example.org").wire());
  const std::size_t start = writer.position();
  const Rdata rdata = read(c.type, c.text);
  write_rdata(writer, c.type, rdata.wire());
  CHECK(to_hex(writer.written().subspan(start)) == c.want);
  WireReader reader(writer.written(), start);
  const auto length = static_cast<std::uint16_t>(writer.position() - start);
  CHECK(*rdata_from_wire(c.type, reader, length) == rdata);
}

TEST_CASE("compressed names are read where RFC 3597 allows them only", "[dns][rdata]") {
  struct Case {
    RRType type;
    const char* hex;
    bool want;
  };
  const auto c = GENERATE(values<Case>({
      {RRType::NS, "c000", true},
      {RRType::SRV, "000100020003c000", true},
      {RRType::RP, "c000c000", true},
      {RRType::NAPTR, "00010002000000c000", true},
      {RRType::KX, "0001c000", false},
      {RRType::DNAME, "c000", false},
      {RRType::NSEC, "c000000140", false},
      {RRType::SVCB, "0001c000", false},
      {RRType::RRSIG, "000108030000000100000001000000010001c00001", false},
  }));
  CAPTURE(to_text(c.type));
  auto message = from_hex("03 6f7267 00");
  const std::size_t start = message.size();
  for (const auto octet : from_hex(c.hex)) message.push_back(octet);
  WireReader reader(message, start);
  const auto length = static_cast<std::uint16_t>(message.size() - start);
  CHECK(rdata_from_wire(c.type, reader, length).has_value() == c.want);
  CHECK_FALSE(rdata_from_octets(c.type, Octets(message).subspan(start)));
}

TEST_CASE("rdata cut anywhere fails or is valid for itself", "[dns][rdata]") {
  for (const RdataSample& sample : rdata_samples) {
    const Rdata rdata = read(sample.type, sample.text);
    for (std::size_t size = 0; size < rdata.size(); ++size) {
      const auto part = rdata.wire().first(size);
      const std::vector<std::uint8_t> cut(part.begin(), part.end());
      const auto octets = rdata_from_octets(sample.type, cut);
      WireReader reader(cut);
      const auto wire = rdata_from_wire(sample.type, reader, static_cast<std::uint16_t>(size));
      CAPTURE(to_text(sample.type), to_hex(cut));
      CHECK(octets.has_value() == wire.has_value());
      if (octets) CHECK(*octets == *wire);
      WireReader too_short(cut);
      CHECK_FALSE(rdata_from_wire(sample.type, too_short, static_cast<std::uint16_t>(size + 1)));
    }
  }
}

TEST_CASE("random octets as rdata do no harm", "[dns][rdata]") {
  std::mt19937 random(17);
  for (unsigned type = 0; type < 270; ++type) {
    for (int i = 0; i < 300; ++i) {
      std::vector<std::uint8_t> octets(random() % 40);
      // Small numbers are likelier to look like lengths.
      for (auto& octet : octets) {
        octet = static_cast<std::uint8_t>(random() % (i % 2 == 0 ? 256 : 6));
      }
      const auto rrtype = static_cast<RRType>(type);
      const auto rdata = rdata_from_octets(rrtype, octets);
      if (!rdata) continue;
      CHECK(canonical(rrtype, canonical(rrtype, *rdata)) == canonical(rrtype, *rdata));
      (void)target_of(rrtype, rdata->wire());
      const auto again = rdata_from_text(rrtype, rdata_to_text(rrtype, octets), Name::root());
      CAPTURE(to_text(rrtype), to_hex(octets), rdata_to_text(rrtype, octets));
      REQUIRE(again);
      CHECK(*again == *rdata);
    }
  }
}

TEST_CASE("bad octets are told from good ones", "[dns][rdata]") {
  struct Case {
    const char* what;
    RRType type;
    const char* hex;
    bool want;
  };
  const auto c = GENERATE(values<Case>({
      {"A", RRType::A, "c0000201", true},
      {"A too long", RRType::A, "c000020100", false},
      {"TXT empty", RRType::TXT, "", false},
      {"TXT of one empty string", RRType::TXT, "00", true},
      {"TXT past its end", RRType::TXT, "0261", false},
      {"TXT second string past its end", RRType::TXT, "016102", false},
      {"CAA tag empty", RRType::CAA, "0000", false},
      {"CAA tag with a blank", RRType::CAA, "000120", false},
      {"NSEC bitmap empty window", RRType::NSEC, "000000", false},
      {"NSEC bitmap window too long", RRType::NSEC, "000021", false},
      {"NSEC bitmap ends in zero", RRType::NSEC, "0000024000", false},
      {"NSEC bitmap window twice", RRType::NSEC, "00000140000140", false},
      {"NSEC bitmap windows descend", RRType::NSEC, "00010140000140", false},
      {"NSEC bitmap of two windows", RRType::NSEC, "00000140010140", true},
      {"NSEC3 hash empty", RRType::NSEC3, "0100000100000000", false},
      {"APL past its end", RRType::APL, "00011804c000", false},
      {"APL IPv4 of 5 octets", RRType::APL, "000118050102030405", false},
      {"APL prefix over 32", RRType::APL, "00012101c0", false},
      {"APL trailing zeros", RRType::APL, "00011802c000", false},
      {"APL negated", RRType::APL, "00011881c0", true},
      {"APL empty", RRType::APL, "", true},
      {"LOC short", RRType::LOC, "00", false},
      {"LOC other version", RRType::LOC, "01", true},
      {"LOC latitude over 90", RRType::LOC, "00121613ffffffff8000000000989680", false},
      {"LOC size digit over 9", RRType::LOC, "00a21613800000008000000000989680", false},
      {"LOC", RRType::LOC, "00121613800000008000000000989680", true},
      {"IPSECKEY gateway type 4", RRType::IPSECKEY, "010402", false},
      {"IPSECKEY gateway cut off", RRType::IPSECKEY, "010102c00002", false},
      {"IPSECKEY without key", RRType::IPSECKEY, "010000", true},
      {"HIP lengths over its end", RRType::HIP, "ff02ffff00", false},
      {"HIP server compressed", RRType::HIP, "010200010102c000", false},
      {"HIP", RRType::HIP, "010200010102", true},
      {"SVCB keys descend", RRType::SVCB, "000100000300021388000100030268320a", false},
      {"SVCB key twice", RRType::SVCB, "0001000003000213880003000213 88", false},
      {"SVCB param past its end", RRType::SVCB, "0001000003000313 88", false},
      {"SVCB half a param", RRType::SVCB, "000100000300", false},
      {"SVCB port of 1 octet", RRType::SVCB, "00010000030001 13", false},
      {"SVCB alpn empty string", RRType::SVCB, "00010000010001 00", false},
      {"SVCB alpn past its end", RRType::SVCB, "00010000010002 0268", false},
      {"SVCB ipv4hint of 5", RRType::SVCB, "00010000040005 0102030405", false},
      {"SVCB ipv6hint empty", RRType::SVCB, "00010000060000", false},
      {"SVCB mandatory names itself", RRType::SVCB, "00010000000002 0000", false},
      {"SVCB mandatory names what is missing", RRType::SVCB, "00010000000002 0003", false},
      {"SVCB mandatory", RRType::SVCB, "00010000000002 0003 00030002 1388", true},
      {"SVCB unknown key", RRType::SVCB, "0001001234000100", true},
      {"DS of a wrong length", RRType::DS, "00010801aabb", false},
      {"ZONEMD too short", RRType::ZONEMD, "00000001 01 f0 0102030405060708090a0b", false},
      {"SSHFP of a wrong length", RRType::SSHFP, "0102aabb", false},
      {"EUI48 of 5", RRType::EUI48, "0102030405", false},
      {"URI without target", RRType::URI, "00010001", false},
      {"SOA with octets left over", RRType::SOA, "0000000000010000000200000003000000040000000500",
       false},
  }));
  CAPTURE(c.what);
  CHECK(rdata_from_octets(c.type, from_hex(c.hex)).has_value() == c.want);
}

TEST_CASE("a mandatory list of thousands of keys is checked quickly", "[dns][rdata]") {
  // 9,000 keys, each mandatory: a check of each against each would take 80 million steps.
  std::string wire("\0\1\0", 3);
  const auto u16 = [&wire](unsigned value) {
    wire += static_cast<char>(value >> 8);
    wire += static_cast<char>(value);
  };
  constexpr unsigned keys = 9000;
  u16(0);
  u16(2 * keys);
  for (unsigned i = 0; i < keys; ++i) u16(1000 + i);
  for (unsigned i = 0; i < keys; ++i) {
    u16(1000 + i);
    u16(0);
  }
  CHECK(rdata_from_octets(RRType::SVCB, Rdata(wire).wire()));
}

TEST_CASE("rdata of more than 65,535 octets is refused", "[dns][rdata]") {
  const std::vector<std::uint8_t> octets(65536);
  CHECK_FALSE(rdata_from_octets(RRType::null, octets));
  CHECK(rdata_from_octets(RRType::null, Octets(octets).first(65535)));
}

TEST_CASE("canonical form lowers the names of RFC 4034 section 6.2", "[dns][rdata]") {
  struct Case {
    RRType type;
    const char* text;
    const char* want;
  };
  const auto c = GENERATE(values<Case>({
      {RRType::NS, "NS.Example.", "ns.example."},
      {RRType::MX, "1 NS.Example.", "1 ns.example."},
      {RRType::SRV, "1 2 3 NS.Example.", "1 2 3 ns.example."},
      {RRType::DNAME, "NS.Example.", "ns.example."},
      {RRType::NSEC, "NS.Example. A", "NS.Example. A"},
      {RRType::SVCB, "1 NS.Example.", "1 NS.Example."},
      {RRType::TXT, "\"ABC\"", "\"ABC\""},
      {RRType::NAPTR, "1 2 \"U\" \"E2U\" \"\" NS.Example.", "1 2 \"U\" \"E2U\" \"\" ns.example."},
  }));
  CAPTURE(to_text(c.type));
  const Rdata rdata = canonical(c.type, read(c.type, c.text));
  CHECK(rdata_to_text(c.type, rdata.wire()) == c.want);
}

TEST_CASE("an RRset is sorted and has no doubles; of doubles the first stays", "[dns][rdata]") {
  auto ns = rrset(RRType::NS, {"c.example.", "A.example.", "b.example.", "a.EXAMPLE."});
  normalise(ns);
  CHECK(texts(ns) == std::vector<std::string>{"A.example.", "b.example.", "c.example."});
  auto a = rrset(RRType::A, {"192.0.2.200", "192.0.2.3", "192.0.2.200", "10.0.0.1"});
  normalise(a);
  CHECK(texts(a) == std::vector<std::string>{"10.0.0.1", "192.0.2.3", "192.0.2.200"});
  auto txt = rrset(RRType::TXT, {"\"a\"", "\"A\""});
  normalise(txt);
  CHECK(txt.rdata.size() == 2);
}

TEST_CASE("RRsets are compared without order and case of names", "[dns][rdata]") {
  const auto a = rrset(RRType::NS, {"a.example.", "b.example."});
  const auto b = rrset(RRType::NS, {"B.example.", "A.example."});
  CHECK(same_data(a, b));
  CHECK(same_rrset(a, b));
  CHECK_FALSE(a == b);
  auto other_ttl = b;
  other_ttl.ttl = 301;
  CHECK(same_data(a, other_ttl));
  CHECK_FALSE(same_rrset(a, other_ttl));
  CHECK_FALSE(same_data(a, rrset(RRType::NS, {"a.example."})));
  CHECK_FALSE(same_data(rrset(RRType::TXT, {"\"a\""}), rrset(RRType::TXT, {"\"A\""})));
  auto other_owner = a;
  other_owner.owner = name("example.com");
  CHECK_FALSE(same_data(a, other_owner));
}

TEST_CASE("targets are found", "[dns][rdata]") {
  struct Case {
    RRType type;
    const char* text;
    const char* want;
  };
  const auto c = GENERATE(values<Case>({
      {RRType::NS, "t.example.", "t.example."},
      {RRType::CNAME, "t.example.", "t.example."},
      {RRType::DNAME, "t.example.", "t.example."},
      {RRType::PTR, "t.example.", "t.example."},
      {RRType::MX, "1 t.example.", "t.example."},
      {RRType::SRV, "1 2 3 t.example.", "t.example."},
      {RRType::KX, "1 t.example.", "t.example."},
      {RRType::RT, "1 t.example.", "t.example."},
      {RRType::AFSDB, "1 t.example.", "t.example."},
      {RRType::SVCB, "1 t.example. port=1", "t.example."},
      {RRType::HTTPS, "1 . port=1", "."},
      {RRType::A, "192.0.2.1", "."},
  }));
  CAPTURE(to_text(c.type));
  CHECK(target_of(c.type, read(c.type, c.text).wire()).to_text() == c.want);
}

TEST_CASE("a SOA is taken apart and put together", "[dns][rdata]") {
  const Rdata rdata = read(RRType::SOA, "ns.example. mail.example. 4294967295 2 3 4 5");
  const auto soa = Soa::from_rdata(rdata.wire());
  REQUIRE(soa);
  CHECK(soa->mname == name("ns.example"));
  CHECK(soa->rname == name("mail.example"));
  CHECK(soa->serial == Serial(4294967295));
  CHECK(soa->refresh == 2);
  CHECK(soa->retry == 3);
  CHECK(soa->expire == 4);
  CHECK(soa->minimum == 5);
  CHECK(soa->to_rdata() == rdata);
  for (std::size_t size = 0; size < rdata.size(); ++size) {
    CHECK_FALSE(Soa::from_rdata(rdata.wire().first(size)));
  }
}

}  // namespace taproot::dns
