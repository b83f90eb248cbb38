#include "dns/presentation.hpp"
#include "dns/text_fields.hpp"
#include "tests/dns/rdata_samples.hpp"
#include "tests/zonestore/fast_samples.hpp"
#include "tests/zonestore/peer_readers.hpp"
#include "tests/zonestore/source_samples.hpp"
#include "zonestore/sources/zone_file.hpp"
#include "zonestore/sources/zone_source.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <iterator>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace taproot::zonestore {

using namespace samples;

namespace {

/// Owners in small letters: BIND writes them in the case of the first it met.
std::vector<std::string> sorted_lines(const SourceRecords& records) {
  SourceRecords lowered = records;
  for (auto& item : lowered.items) item.owner = item.owner.lowered();
  auto lines = lines_of(lowered);
  std::sort(lines.begin(), lines.end());
  return lines;
}

constexpr const char* head =
    "$TTL 1h\n@ IN SOA ns1 host.example.net. ( 7 ; serial\n 1h 10m 4w 5m )\n NS ns1\n"
    "ns1 A 192.0.2.53\n";

}  // namespace

TEST_CASE("BIND understands zone files as we do", "[zonestore][zone_file]") {
  if (is_missing("named-compilezone")) return;
  const std::vector<std::string> zones = {
      "www 300 IN A 192.0.2.1\nb IN 5m A 192.0.2.2\n\tAAAA 2001:db8::1\n",
      "$ORIGIN a.b\nwww A 192.0.2.1\n@ TXT x\n$ORIGIN example.com.\nc MX 10 mail.example.net.\n",
      "$GENERATE 1-20 host-${0,3} A 198.51.100.${100}\n",
      "$GENERATE 0-20/5 ${0,4,x}.h${3,2,o}-${0,0,X} 60 IN CNAME x$.example.net.\n",
      "$GENERATE 15-18 ${0,7,n}.ip6 PTR a${0,3,N}.example.net.\n",
      "$GENERATE 1-3 t$ TXT a\\$b$\n",
      "a TXT \"one two\" three \"f;our\" \"a\\\"b\" \"\\065\\;\"\n",
      "a TXT ( \"one\"\n ; comment\n two ) ; end\n",
      "a\\.b A 192.0.2.1\nc\\032d A 192.0.2.2\n\\; A 192.0.2.3\n",
      "a TYPE65280 \\# 3 010203\nb TYPE1 \\# 4 c0000201\n",
      "a CAA 0 issue \"ca.example.net; x=y\"\nb SRV 1 2 3 c.example.net.\n",
      "a NAPTR 1 2 \"U\" \"SIP+D2U\" \"!^.*$!sip:i@example.net!\" .\n",
      "a LOC 31 58 52.100 S 115 49 11.700 E 20m 10m 10m 2m\n",
      "a SSHFP 1 1 7491973e5f8b39d5327cd4e08bc81b05f7710b49\na HINFO \"PC\" \"Linux x\"\n",
      "a TLSA 3 1 1 ( 0d6fce13243aa7d3b5b1f0b7a4e6c2d98f7061524334251607f8e9da\n cbbcad9e )\n",
      "d NS ns.d\nd DS 60485 13 2 ( D4B7D520E7BB5F0F67674A0CCEB1E3E0614B93C4F9E99B8383F6A1E4469D\n"
      " A50A )\nns.d A 192.0.2.1\n",
      "a HTTPS 1 . alpn=\"h2,h3\" port=8443 ipv4hint=192.0.2.1,192.0.2.2\nb SVCB 0 a\n",
      "*.w A 192.0.2.1\nW2 A 192.0.2.1\nw2 A 192.0.2.2\n",
  };
  const Folder folder;
  for (const auto& rest : zones) {
    const auto path = folder.write("zone", head + rest);
    const auto out = folder.path() / "out";
    const auto ran = run("named-compilezone -D -k ignore -i none -o '" + out.string() +
                         "' example.com '" + path.string() + "'");
    INFO(rest << ran.output);
    REQUIRE(ran.status == 0);
    const auto ours = read_zone_file(apex(), path, "zone", {});
    const auto theirs = read_zone_file(apex(), out, "out", {});
    INFO(all_text(ours.findings) << all_text(theirs.findings));
    CHECK(ours.findings.empty());
    CHECK(theirs.findings.empty());
    CHECK(sorted_lines(ours) == sorted_lines(theirs));
  }
}

TEST_CASE("what BIND refuses we refuse", "[zonestore][zone_file]") {
  if (is_missing("named-checkzone")) return;
  const std::vector<std::string> zones = {
      "www A 192.0.2.256\n",
      "www A\n",
      "www 60 XYZ a\n",
      "a..b A 192.0.2.1\n",
      "a TXT \"x\n",
      "a MX ( 10 b\n",
      "a MX 10 b )\n",
      "$ORIGN a.\n",
      "$GENERATE 2-1 a$ A 192.0.2.$\n",
      "$GENERATE 1-300 a$ A 192.0.2.$\n",
      "$INCLUDE nowhere\n",
      "a CNAME b\na A 192.0.2.1\n",
      "@ CNAME b\n",
      "a CNAME b\na CNAME c\n",
      "@ NS ns2\n",
      "@ NS ns2\nns2 CNAME ns1\n",
      "a SOA ns1 host 1 2 3 4 5\n",
      "a TYPE65280 \\# 4 010203\n",
      "a ANY x\n",
  };
  const Folder folder;
  for (const auto& rest : zones) {
    const auto path = folder.write("zone", head + rest);
    const auto ran = run("named-checkzone -k ignore -i local example.com '" + path.string() + "'");
    const auto candidate = load_zone(apex(), path, "zone");
    INFO(rest << ran.output << all_text(candidate.findings));
    CHECK(ran.status != 0);
    CHECK(candidate.version == nullptr);
  }
}

namespace {

enum class Peer { ldns, bind, knot };

/// A difference that is right, or at least none of ours.
struct Difference {
  Peer peer;
  std::string_view type;
  const char* reason;
};

constexpr std::array type_differences{
    Difference{Peer::bind, "MD", "RFC 973: obsolete, BIND refuses it; RFC 3597 lets it stand"},
    Difference{Peer::bind, "MF", "RFC 973: obsolete, BIND refuses it; RFC 3597 lets it stand"},
    Difference{Peer::knot, "MD", "Knot has no text form for it and wants TYPE3"},
    Difference{Peer::knot, "MF", "Knot has no text form for it and wants TYPE4"},
    Difference{Peer::knot, "MB", "Knot has no text form for it and wants TYPE7"},
    Difference{Peer::knot, "MG", "Knot has no text form for it and wants TYPE8"},
    Difference{Peer::knot, "MR", "Knot has no text form for it and wants TYPE9"},
    Difference{Peer::knot, "NULL", "Knot has no mnemonic for it and wants TYPE10"},
    Difference{Peer::knot, "WKS", "Knot has no mnemonic for it and wants TYPE11"},
    Difference{Peer::knot, "X25", "Knot has no mnemonic for it and wants TYPE19"},
    Difference{Peer::knot, "ISDN", "Knot has no mnemonic for it and wants TYPE20"},
    Difference{Peer::knot, "SIG", "Knot has no mnemonic for it and wants TYPE24"},
    Difference{Peer::knot, "PX", "Knot has no mnemonic for it and wants TYPE26"},
    Difference{Peer::knot, "HIP", "Knot has no mnemonic for it and wants TYPE55"},
    Difference{Peer::ldns, "SIG",
               "without a TTL ldns takes the signature's original one; RFC 2308 section 4: $TTL"},
    Difference{Peer::ldns, "KEY",
               "RFC 2535 section 3.1.2: a KEY may be without key, ldns wants one"},
    Difference{Peer::knot, "KEY", "the same"},
    Difference{Peer::bind, "NSEC", "RFC 4034 section 4.1.2: BIND refuses a bitmap without types"},
    Difference{Peer::bind, "NAPTR",
               "BIND refuses \\1 in a regexp without a group; data, says RFC 3403"},
    Difference{Peer::knot, "DS", "kzonecheck wants a digest type it knows; the RRset is right"},
    Difference{Peer::ldns, "HTTPS", "ldns 1.8.3 is older than the keys dohpath and ohttp"},
    Difference{Peer::bind, "HTTPS", "BIND 9.18 is older than the key ohttp of RFC 9540"},
    Difference{Peer::knot, "HTTPS", "Knot 3.2 is older than the key ohttp of RFC 9540"},
};

bool differs(Peer peer, std::string_view type) {
  return std::any_of(type_differences.begin(), type_differences.end(),
                     [&](const Difference& d) { return d.peer == peer && d.type == type; });
}

/// Type and rdata as all peers read them: DSYNC (RFC 9859) is younger than those of Debian 12.
std::string spelled(const dns::RdataSample& sample, const std::string& between = " ") {
  if (sample.type != dns::RRType::DSYNC) return dns::to_text(sample.type) + between + sample.text;
  const auto rdata = dns::rdata_from_text(sample.type, sample.text, apex()).value();
  std::string text = "TYPE66" + between + "\\# " + std::to_string(rdata.size()) + " ";
  dns::append_hex(text, rdata.wire());
  return text;
}

/// Every sample of rdata at an owner of its own, written in one of several ways that the peer
/// knows: see the corner cases for what is not among them.
std::string zone_of_samples(Peer peer) {
  std::string text = head;
  std::size_t number = 0;
  for (const auto& sample : dns::rdata_samples) {
    const std::string type = dns::to_text(sample.type);
    if (differs(peer, type) || type == "SOA") continue;
    const std::string owner = "R" + std::to_string(++number);
    if (type == "DS") text += owner + " NS ns1\n";
    switch (number % 4) {
      case 0:
        text += owner + " " + spelled(sample) + "\n";
        break;
      case 1:
        text += owner + "\t1h IN " + spelled(sample, "  ( ") + " ) ; end\n";
        break;
      case 2:
        text += owner + (peer == Peer::ldns ? " 60M in " : " in 60M ") +
                spelled(sample, " (; begin\n  ") + "\n)\n";
        break;
      default:
        text += owner + ".EXAMPLE.com. 3600 " + spelled(sample, "\t") +
                (peer == Peer::knot ? " \n" : " \r\n");
    }
  }
  return text;
}

/// Both of our readers and `peers` on one zone.
void compare_all(const Folder& folder, const std::string& text, const std::vector<Peer>& peers) {
  const auto path = folder.write("zone", text);
  const auto ours = read_zone_file(apex(), path, "zone", {});
  const auto fast = read_fast(apex(), text);
  INFO(text << all_text(ours.findings));
  CHECK(ours.findings.empty());
  REQUIRE(fast);
  CHECK(difference(ours, *fast) == "");
  const WireLines want = wire_lines(ours);
  std::string words;
  for (const Peer peer : peers) {
    INFO("peer " << static_cast<int>(peer));
    if (peer == Peer::knot) {
      const bool accepted = accepted_by_knot(path, words);
      INFO(words);
      CHECK(accepted);
      continue;
    }
    const auto theirs =
        peer == Peer::ldns ? read_with_ldns(path, words) : read_with_bind(path, words);
    INFO(words);
    CHECK(theirs.has_value());
    if (theirs) CHECK(*theirs == want);
  }
}

/// The peers that are installed; says which are not.
std::vector<Peer> installed_peers() {
  std::vector<Peer> peers;
  if (!is_missing("ldns-read-zone")) peers.push_back(Peer::ldns);
  if (!is_missing("named-compilezone")) peers.push_back(Peer::bind);
  if (!is_missing("kzonecheck")) peers.push_back(Peer::knot);
  return peers;
}

}  // namespace

TEST_CASE("every type is the same to ldns, BIND and Knot, octet for octet",
          "[zonestore][zone_file][peers]") {
  const Folder folder;
  for (const Peer peer : installed_peers()) {
    compare_all(folder, zone_of_samples(peer), {peer});
  }
}

TEST_CASE("corner cases of zone files are the same to ldns, BIND and Knot",
          "[zonestore][zone_file][peers]") {
  const std::string label63(63, 'l');
  const std::string string255(255, 't');
  struct Case {
    std::string rest;
    std::vector<Peer> without = {};  // that see it otherwise
    const char* reason = "";
  };
  const std::vector<Case> cases = {
      {"a TXT \"" + string255 + "\" " + string255 + " \"\" \"" + string255 + "\"\n"},
      {"a TXT ( \"one\" ; 1\n two\n\t\"three;(\" )\nb TXT \"a\\\"b\\\\c\\;d\\065\\200\\000\"\n"},
      {"a TXT v=DKIM1\\; k=rsa\\; \"p=MIGf+/==\"\n"},
      {"a\\.b A 192.0.2.1\nc\\032d A 192.0.2.2\n\\; A 192.0.2.3\n\\@ A 192.0.2.4\n\\$x A "
       "192.0.2.5\n"},
      {"a CNAME b\\.c\nd MX 0 .\ne SRV 0 0 0 .\nf CNAME @\ng PTR a\\032b.example.NET.\n"},
      {"* A 192.0.2.1\n*.w.x A 192.0.2.2\nw.* TXT x\n"},
      {"xn--mnchen-3ya A 192.0.2.1\nxn--80akhbyknj4f.xn--p1ai CNAME xn--bcher-kva.example.\n"},
      {"a 1w2d3h4m5s A 192.0.2.1\nb 1D IN A 192.0.2.2\nd 0 A 192.0.2.4\n"},
      {"a IN 90 A 192.0.2.3\n",
       {Peer::ldns},
       "RFC 1035 section 5.1 allows TTL and class in either order; ldns only the TTL first"},
      {"$TTL 5m\na A 192.0.2.1\n$TTL 1w\nb A 192.0.2.2\nc 7 A 192.0.2.3\nd A 192.0.2.4\n"},
      {"a 2147483647 A 192.0.2.1\n"},
      {"A A 192.0.2.1\nb in a 192.0.2.2\nC.Example.COM. In aAaA 2001:DB8::aBcD\nd Ns NS.B\nns.b A "
       "192.0.2.9\n"},
      {"$ORIGIN deep.sub.example.com.\n@ A 192.0.2.2\nb CNAME @\n$ORIGIN example.com.\n"
       "c A 192.0.2.3\n"},
      {"$ORIGIN sub\na A 192.0.2.1\n",
       {Peer::ldns, Peer::knot},
       "RFC 1035 section 5.1: names without a dot at the end are relative, also this one; ldns "
       "takes it as absolute, Knot refuses it"},
      {"a A 192.0.2.1\n  A 192.0.2.2\n\t\tAAAA ::1\n\n  ; comment\n \tTXT x\n"},
      {"a A 192.0.2.1\r\n\tAAAA ::1\r\n\r\nb TXT \"x\" \r\n",
       {Peer::knot},
       "Knot wants the newline alone; RFC 1035 does not say, and editors write CR LF"},
      {label63 + "." + label63 + "." + label63 + "." + std::string(49, 'm') + " A 192.0.2.1\n"},
      {"a AAAA ::ffff:192.0.2.1\nb AAAA 1:2:3:4:5:6:7:8\nc AAAA 1::8\nd AAAA ::\n"},
      {"a TYPE65280 \\# 3 010203\nb TYPE1 \\# 4 c0000201\nc A \\# 4 C0 00 02 01\n"
       "d TYPE65281 \\# 0\n"},
      {"a CLASS1 A 192.0.2.1\n", {Peer::knot}, "RFC 3597 section 5: CLASS1 is IN; Knot wants IN"},
      {"12 A 192.0.2.1\n1h A 192.0.2.2\nin A 192.0.2.3\nmx MX 10 mx\ntxt TXT txt\n"},
      {"a TXT \"\xc3\xa4\xff\"\n",
       {Peer::knot},
       "RFC 1035 section 5.1: any character may stand in quotes; Knot wants \\DDD over 127"},
      {"a (A 192.0.2.1)\nb MX (10) (mail)\nc ( MX\n 10 mail )\n"},
      {"a ( ( A ) ( 192.0.2.2\n) ) \n",
       {Peer::knot},
       "RFC 1035 section 5.1 groups by parentheses, BIND and ldns in one another too; Knot does "
       "not"},
      {"a MX ((10)(mail))\n",
       {Peer::ldns, Peer::knot},
       "a parenthesis ends a field as a blank does; ldns glues both together"},
  };
  const Folder folder;
  const auto peers = installed_peers();
  for (const Case& c : cases) {
    INFO(c.reason);
    std::vector<Peer> with;
    std::copy_if(peers.begin(), peers.end(), std::back_inserter(with), [&c](Peer peer) {
      return std::find(c.without.begin(), c.without.end(), peer) == c.without.end();
    });
    compare_all(folder, head + c.rest, with);
  }
}

namespace {

/// Zone files of what all peers understand alike, in the many ways one can write it.
class RandomFile {
 public:
  explicit RandomFile(unsigned seed) : random_(seed) {
    for (const auto& sample : dns::rdata_samples) {
      const std::string type = dns::to_text(sample.type);
      // BIND wants no wildcard before an NSEC3 or NS; ldns takes an RRSIG's TTL from its data, as a
      // SIG's.
      const bool is_plain = type != "NSEC3" && type != "NS" && type != "RRSIG" && type != "SOA" &&
                            type != "DS" && type != "CNAME" && type != "DNAME" &&
                            !differs(Peer::ldns, type) && !differs(Peer::bind, type) &&
                            !differs(Peer::knot, type);
      if (is_plain) samples_.push_back(spelled(sample));
    }
  }

  std::string text(std::size_t records) {
    std::string text = head;
    for (std::size_t i = 0; i < records; ++i) {
      if (pick(15) == 0) text += pick(2) == 0 ? "$TTL 2h\n" : "$TTL 86400 ; a day\n";
      if (pick(15) == 0) {
        text += pick(2) == 0 ? "$ORIGIN example.com.\n" : "$ORIGIN b.Example.com.\n";
      }
      if (pick(10) == 0) text += "\n ; \"nothing\" ( here\n";
      text += record(i);
    }
    return text;
  }

 private:
  std::size_t pick(std::size_t count) { return random_() % count; }
  std::string gap() { return pick(3) == 0 ? "\t" : std::string(1 + pick(3), ' '); }

  /// One without an owner is of that of the one before, and of another type: of RRsets with several
  /// TTLs, and of doubles, each reader makes what it likes. ldns wants quotes around what a CAA
  /// says.
  std::string record(std::size_t number) {
    static const std::vector<std::string> ordinary = {
        "A 192.0.2.",        "AAAA 2001:db8::",       "TXT \"a;b (\" c",
        "MX ( 2\n mail ) ;", "SRV 0 5 5060 sip",      "TYPE65280 \\# 1 0",
        "PTR Host",          "CAA 0 issue \"ca\" ; ", "HINFO \"x y\" z"};
    const bool goes_on = next_type_ < ordinary.size() && pick(3) == 0;
    std::string text;
    if (goes_on) {
      text = gap();
    } else {
      text = (pick(8) == 0 ? "*." : "") + std::string(pick(4) == 0 ? "Deep.Down." : "") + "n" +
             std::to_string(number) + gap();
      next_type_ = pick(2) == 0 ? pick(ordinary.size()) : ordinary.size();
    }
    if (pick(3) == 0) text += std::to_string(60 * pick(100)) + gap();
    if (pick(3) == 0) text += "IN" + gap();
    text += next_type_ < ordinary.size() ? ordinary[next_type_++] + std::to_string(pick(10))
                                         : samples_[pick(samples_.size())];
    return text + (pick(4) == 0 ? " ; \"(" : "") + "\n";
  }

  std::mt19937 random_;
  std::vector<std::string> samples_;
  std::size_t next_type_ = 1000;  // for one that goes on; too large: none may
};

}  // namespace

TEST_CASE("random zone files are the same to ldns, BIND and Knot",
          "[zonestore][zone_file][peers][property]") {
  const Folder folder;
  const auto peers = installed_peers();
  for (unsigned seed = 1; seed <= 25; ++seed) {
    CAPTURE(seed);
    compare_all(folder, RandomFile(seed).text(seed == 25 ? 3000 : 40), peers);
  }
}

}  // namespace taproot::zonestore
