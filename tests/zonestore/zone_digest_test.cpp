#include "zonestore/zone_digest.hpp"

#include "journal_samples.hpp"
#include "tests/support/zone_text.hpp"
#include "zonestore/store.hpp"

#include <catch2/catch.hpp>

#include <string>

namespace taproot::zonestore {

using Kind = DigestVerdict::Kind;
using tests::name_of;

namespace {

/// RFC 8976 appendix A.1.
const std::string simple = R"(
@ 86400 SOA ns1 admin 2018031900 1800 900 604800 86400
@ 86400 NS ns1
@ 86400 NS ns2
ns1 3600 A 203.0.113.63
ns2 3600 AAAA 2001:db8::63
)";
const std::string simple_digest =
    "c68090d90a7aed716bc459f9340e3d7c1370d4d24b7e2fc3a1ddc0b9a87153b9a9713b3c9ae5cc27"
    "777f98b8e730044c";

/// Appendix A.2, without the record outside of the zone, which no version can hold.
const std::string complex = R"(
@ 86400 SOA ns1 admin 2018031900 1800 900 604800 86400
@ 86400 NS ns1
@ 86400 NS ns2
ns1 3600 A 203.0.113.63
NS2 3600 AAAA 2001:db8::63
occluded.sub 7200 TXT "I'm occluded but must be digested"
sub 7200 NS ns1
duplicate 300 TXT "I must be digested just once"
duplicate 300 TXT "I must be digested just once"
UPPERCASE 3600 TXT "canonicalize uppercase owner names"
* 777 PTR dont-forget-about-wildcards
mail 3600 MX 20 MAIL1
mail 3600 MX 10 Mail2.Example.
sortme 3600 AAAA 2001:db8::5:61
sortme 3600 AAAA 2001:db8::3:62
sortme 3600 AAAA 2001:db8::4:63
sortme 3600 AAAA 2001:db8::1:65
sortme 3600 AAAA 2001:db8::2:64
non-apex 900 ZONEMD 2018031900 1 1 616c6c6f776564206275742069676e6f7265642e20616c6c6f776564206275742069676e6f7265642e20616c6c6f7765
)";

/// Appendix A.3: two digests of its own, two private ones.
const std::string multiple = R"(
@ 86400 SOA ns1 admin 2018031900 1800 900 604800 86400
@ 86400 NS ns1.example.
@ 86400 NS ns2.example.
ns1 3600 A 203.0.113.63
ns2 86400 TXT "This example has multiple digests"
ns2 3600 AAAA 2001:db8::63
)";
const std::string multiple_384 =
    "62e6cf51b02e54b9b5f967d547ce43136792901f9f88e637493daaf401c92c279dd10f0edb1c56f8"
    "080211f8480ee306";
const std::string multiple_512 =
    "08cfa1115c7b948c4163a901270395ea226a930cd2cbcf2fa9a5e6eb85f37c8a4e114d884e66f176"
    "eab121cb02db7d652e0cc4827e7a3204f166b47e5613fd27";

std::string zonemd(const std::string& words) {
  return "@ 86400 ZONEMD " + words + "\n";
}

std::string hex(const std::vector<std::uint8_t>& octets) {
  std::string text;
  for (const auto octet : octets) {
    text += "0123456789abcdef"[octet >> 4];
    text += "0123456789abcdef"[octet & 15];
  }
  return text;
}

auto example(const std::string& lines) {
  return tests::zone_of("example.", lines);
}

}  // namespace

TEST_CASE("digests are those of RFC 8976 appendix A", "[zonestore][zonemd]") {
  CHECK(hex(digest_of(*example(simple), DigestAlgorithm::sha384)) == simple_digest);
  CHECK(hex(digest_of(*example(complex), DigestAlgorithm::sha384)) ==
        "a3b69bad980a3504e1cffcb0fd6397f93848071c93151f552ae2f6b1711d4bd2d8b39808226d7b9db71e34b7"
        "2077f8fe");
  CHECK(hex(digest_of(*example(multiple), DigestAlgorithm::sha384)) == multiple_384);
  CHECK(hex(digest_of(*example(multiple), DigestAlgorithm::sha512)) == multiple_512);
}

TEST_CASE("a digest leaves ZONEMD and its signature at the apex out", "[zonestore][zonemd]") {
  const std::string more =
      "@ 86400 RRSIG ZONEMD 8 1 86400 20361231235959 20000101000000 1 example. AAAA\n";
  const std::string soa_signature =
      "@ 86400 RRSIG SOA 8 1 86400 20361231235959 20000101000000 1 example. AAAA\n";
  const auto algorithm = DigestAlgorithm::sha384;
  const auto plain = digest_of(*example(simple), algorithm);
  CHECK(digest_of(*example(simple + more + zonemd("1 1 1 " + simple_digest)), algorithm) == plain);
  CHECK(digest_of(*example(simple + soa_signature), algorithm) != plain);
}

TEST_CASE("a zone's ZONEMD is verified", "[zonestore][zonemd]") {
  struct Case {
    const char* what;
    std::string zone;
    Kind kind;
  };
  const std::string right = zonemd("2018031900 1 1 " + simple_digest);
  const std::string wrong = zonemd("2018031900 1 1 " + multiple_384);
  const std::string strange = zonemd("2018031900 1 240 e2d523f654b9422a96c5a8f44607bbee");
  const std::string scheme = zonemd("2018031900 241 1 " + simple_digest);
  const std::vector<Case> cases = {
      {"none", simple, Kind::absent},
      {"A.1", simple + right, Kind::verified},
      {"A.3",
       multiple + zonemd("2018031900 1 1 " + multiple_384) +
           zonemd("2018031900 1 2 " + multiple_512) + strange + scheme,
       Kind::verified},
      {"one of two",
       multiple + zonemd("2018031900 1 1 " + simple_digest) +
           zonemd("2018031900 1 2 " + multiple_512),
       Kind::verified},
      {"wrong digest", simple + wrong, Kind::mismatch},
      {"another zone", simple + "x 60 A 192.0.2.1\n" + right, Kind::mismatch},
      {"another serial", simple + zonemd("2018031899 1 1 " + simple_digest), Kind::mismatch},
      {"two of one kind", simple + right + wrong, Kind::mismatch},
      {"strange", simple + strange, Kind::unsupported},
      {"another scheme", simple + scheme, Kind::unsupported},
      {"strange and wrong", simple + strange + wrong, Kind::mismatch},
      {"strange and right", simple + strange + right, Kind::verified},
      {"not at the apex", simple + "ns1 60 ZONEMD 2018031900 1 1 " + simple_digest + "\n",
       Kind::absent},
  };
  for (const auto& c : cases) {
    INFO(c.what);
    const auto verdict = verify_digest(*example(c.zone));
    CHECK(verdict.kind == c.kind);
    CHECK(verdict.why.empty() == (c.kind == Kind::verified));
  }
}

TEST_CASE("a version is given its ZONEMD, and rid of it", "[zonestore][zonemd]") {
  const auto algorithm = GENERATE(DigestAlgorithm::sha384, DigestAlgorithm::sha512);
  const auto plain = example(complex);
  const auto with = with_digest(*plain, algorithm).value();
  CHECK(verify_digest(*with).kind == Kind::verified);
  CHECK(with->find(name_of("example."), dns::RRType::ZONEMD)->ttl == 86400);
  CHECK(with_digest(*with, algorithm).value()->record_count() == with->record_count());
  const auto without = without_digest(with);
  CHECK(changes_between(*plain, *without).changes.empty());
  CHECK(without_digest(plain) == plain);
}

TEST_CASE("each version of the store carries a ZONEMD of its serial", "[zonestore][zonemd]") {
  const samples::StateFolder folder;
  ZoneStore store(Journal::open(folder.path()).value(), {});
  const auto apex = name_of("example.");
  const auto algorithm = DigestAlgorithm::sha384;
  const auto install = [&](const std::string& lines, bool with = true) {
    InstallRequest request;
    request.candidate = example(lines);
    if (with) request.zonemd = algorithm;
    return store.install(request).value();
  };
  REQUIRE(store.add(apex));
  const auto first = install(simple).version;
  CHECK(verify_digest(*first).kind == Kind::verified);
  CHECK_FALSE(install(simple).changed);
  // What the source has as ZONEMD is of no account.
  CHECK_FALSE(install(simple + zonemd("1 1 1 " + multiple_384)).changed);
  const auto second = install(simple + "x 60 A 192.0.2.1\n");
  REQUIRE(second.changed);
  CHECK(verify_digest(*second.version).kind == Kind::verified);
  CHECK(second.step->changes.size() == 3);  // SOA, ZONEMD, x
  // The step is right: applied to the version before it gives this one.
  ZoneBuilder builder(*first);
  REQUIRE(builder.apply(*second.step));
  CHECK(changes_between(*builder.finish().value(), *second.version).changes.empty());

  const auto back = store.rollback(apex, 1, "test", "", algorithm).value();
  CHECK(verify_digest(*back.version).kind == Kind::verified);
  CHECK(store.journal().divergences(apex).value().size() == 1);  // x, not ZONEMD
  const auto number = store.renumber(apex, dns::Serial(2018032000), "test", "", algorithm).value();
  CHECK(verify_digest(*number.version).kind == Kind::verified);
  // Another algorithm, or one at last, is worth a version.
  InstallRequest other;
  other.candidate = store.current(apex);
  other.serial_is_ours = true;
  other.zonemd = DigestAlgorithm::sha512;
  const auto changed = store.install(other).value();
  REQUIRE(changed.changed);
  CHECK(verify_digest(*changed.version).kind == Kind::verified);
  CHECK_FALSE(store.install(other).value().changed);
  // And the journal has it all.
  CHECK(verify_digest(*store.journal().newest(apex).value()).kind == Kind::verified);
}

}  // namespace taproot::zonestore
