#include "zonestore/check.hpp"

#include "tests/zonestore/source_samples.hpp"
#include "zonestore/sources/zone_file.hpp"
#include "zonestore/sources/zone_source.hpp"

#include <catch2/catch.hpp>

#include <sstream>
#include <string>
#include <vector>

namespace taproot::zonestore {

using namespace samples;

namespace {

using Lines = std::vector<std::string>;

/// Lines 1 to 5 of every zone here: nothing is wrong with it.
constexpr const char* head =
    "@ 300 SOA ns1 host 7 3600 600 2419200 300\n@ NS ns1\n@ NS ns.example.net.\nns1 A 192.0.2.53\n"
    "@ MX 10 ns1\n";

Candidate check(const std::string& text, const RulePolicy& policy = {}) {
  return check_zone(
      apex(), read_zone_text(apex(), text, "zone", {}),
      [&](const std::string&, std::size_t line) {
        std::istringstream stream(text);
        std::string found;
        for (std::size_t i = 0; i < line; ++i) std::getline(stream, found);
        return found;
      },
      policy);
}

/// "rule" of each finding, with a '*' before those that are notes.
Lines rules_of(const std::vector<Finding>& findings) {
  Lines rules;
  for (const auto& finding : findings) {
    rules.push_back((finding.severity == Severity::note ? "*" : "") + finding.rule);
  }
  return rules;
}

struct Case {
  std::string text;  // behind the head
  Lines want;
};

void judge(const std::vector<Case>& cases) {
  for (const auto& c : cases) {
    const auto candidate = check(std::string(head) + c.text);
    INFO(c.text << "\n" << all_text(candidate.findings));
    CHECK(rules_of(candidate.findings) == c.want);
    CHECK(candidate.version != nullptr);
    for (const auto& finding : candidate.findings) {
      CHECK_FALSE(finding.message.empty());
      CHECK_FALSE(finding.cure.empty());
    }
  }
}

Case spf(const std::string& record, const Lines& want) {
  return {"@ TXT \"" + record + "\"\n", want};
}

}  // namespace

TEST_CASE("SPF records are read as RFC 7208 has them", "[zonestore][check][spf]") {
  const Lines bad = {"spf-syntax"};
  judge({
      // right
      spf("v=spf1", {}),
      spf("v=spf1 -all", {}),
      spf("V=SPF1 MX ~ALL", {}),
      spf("v=spf1  a  mx ?all ", {}),
      spf("v=spf1 a:www.example.net mx:example.net/24 -all", {}),
      spf("v=spf1 a/24 mx/24//64 a:www.example.net//64 -all", {}),
      spf("v=spf1 ip4:192.0.2.1 ip4:192.0.2.0/24 ip4:0.0.0.0/0 -all", {}),
      spf("v=spf1 ip6:2001:db8::1 ip6:2001:db8::/32 ip6:::ffff:192.0.2.1 -all", {}),
      spf("v=spf1 include:_spf.example.net redirect=_spf.example.org", {}),
      spf("v=spf1 exists:%{i}._spf.%{d2} -all exp=explain.example.net", {}),
      spf("v=spf1 exists:%{ir}.%{v}._spf.%{d} exists:%{l1r-}.x%%.example.net. -all", {}),
      spf("v=spf1 include:%{d}._spf.example.net -all", {}),
      spf("v=spf10 no SPF", bad),
      spf("v=DKIM1; p=", {}),
      spf("vegetables", {}),
      spf("spf2.0/pra -all", {}),
      {"@ TXT \"v=spf1 ip4:192.0.2.1 \" \"-all\"\n", {}},
      // wrong
      spf("v=spf1; -all", bad),
      spf("v=spf2 -all", bad),
      spf(" v=spf1 -all", bad),
      spf("v=spf1 ipv4:192.0.2.1 -all", bad),
      spf("v=spf1 ip4:192.0.2.256 -all", bad),
      spf("v=spf1 ip4:192.0.2.0/33 -all", bad),
      spf("v=spf1 ip4:192.0.2.0/ -all", bad),
      spf("v=spf1 ip4:192.0.2.0/08 -all", bad),
      spf("v=spf1 ip4:2001:db8::1 -all", bad),
      spf("v=spf1 ip6:192.0.2.1 -all", bad),
      spf("v=spf1 ip6:2001:db8::/129 -all", bad),
      spf("v=spf1 ip4=192.0.2.1 -all", bad),
      spf("v=spf1 include=_spf.example.net -all", bad),
      spf("v=spf1 include -all", bad),
      spf("v=spf1 include: -all", bad),
      spf("v=spf1 include:localhost -all", bad),
      spf("v=spf1 include:192.0.2.1 -all", bad),
      spf("v=spf1 include:_spf..net -all", bad),
      spf("v=spf1 inlcude:_spf.example.net -all", bad),
      spf("v=spf1 a: -all", bad),
      spf("v=spf1 a/33 -all", bad),
      spf("v=spf1 mx//129 -all", bad),
      spf("v=spf1 exists:%{z}.example.net -all", bad),
      spf("v=spf1 exists:%x.example.net -all", bad),
      spf("v=spf1 exists:%{i.example.net -all", bad),
      spf("v=spf1 -all:x", bad),
      spf("v=spf1 mx, -all", bad),
      spf("v=spf1 mx -al", bad),
      spf("v=spf1 redirect= -all", {"spf-syntax"}),
      spf("v=spf1 redirect=a.example.net redirect=b.example.net", bad),
      spf("v=spf1 192.0.2.1 -all", bad),
      {"@ TXT \"v=spf1 ip4:192.0.2.1\" \"ip4:192.0.2.2 -all\"\n", bad},
      {"@ TXT \"v=spf1 -all\"\n@ TXT \"v=spf1 mx -all\"\n", {"several-spf"}},
      // good practice
      spf("v=spf1 +all", {"spf-allows-all"}),
      spf("v=spf1 mx all", {"spf-allows-all"}),
      spf("v=spf1 ptr -all", {"spf-ptr"}),
      spf("v=spf1 ptr:example.net -all", {"spf-ptr"}),
      spf("v=spf1 -all ip4:192.0.2.1", {"spf-after-all"}),
      spf("v=spf1 -all redirect=example.net", {"spf-after-all"}),
      spf("v=spf1 mx foo=bar -all", {"*spf-unknown-modifier"}),
      {"@ SPF \"v=spf1 -all\"\n", {"*spf-type"}},
  });
}

TEST_CASE("lookups of SPF are counted through the zone", "[zonestore][check][spf]") {
  std::string ten = "v=spf1";
  for (int i = 0; i < 10; ++i) ten += " include:s" + std::to_string(i) + ".example.net";
  judge({
      spf(ten + " -all", {}),
      spf(ten + " mx -all", {"spf-lookups"}),
      spf(ten + " -all mx", {"spf-after-all"}),
      {"@ TXT \"v=spf1 include:_spf.example.com -all\"\n_spf TXT \"v=spf1 -all\"\n", {}},
      {"@ TXT \"v=spf1 include:_spf.example.com -all\"\n_spf TXT \"v=spf1 mx a a:a.example.net "
       "a:b.example.net mx:c.example.net exists:d.example.net exists:e.example.net a:f.example.net "
       "a:g.example.net -all\"\n",
       {}},
      {"@ TXT \"v=spf1 mx include:_spf.example.com -all\"\n_spf TXT \"v=spf1 mx a a:a.example.net "
       "a:b.example.net mx:c.example.net exists:d.example.net exists:e.example.net a:f.example.net "
       "a:g.example.net -all\"\n",
       {"spf-lookups"}},
      {"@ TXT \"v=spf1 include:_spf.example.com -all\"\n_spf TXT \"v=spf1 include:example.com\"\n",
       {"spf-lookups", "spf-lookups"}},
      {"@ TXT \"v=spf1 include:example.com -all\"\n", {"spf-lookups"}},
      {"@ TXT \"v=spf1 include:_sfp.example.com -all\"\n", {"spf-include-missing"}},
      {"@ TXT \"v=spf1 include:a.example.com -all\"\na CNAME spf.example.net.\n", {}},
      {"@ TXT \"v=spf1 include:x.d.example.com -all\"\nd NS ns.example.net.\n", {}},
  });
}

TEST_CASE("a null MX and SPF should say the same", "[zonestore][check][spf]") {
  judge({
      {"a MX 0 .\na TXT \"v=spf1 -all\"\n", {}},
      {"a MX 0 .\na TXT \"v=spf1 mx -all\"\n", {"*null-mx-with-spf"}},
      {"a MX 0 .\na TXT \"v=spf1 ~all\"\n", {"*null-mx-with-spf"}},
      {"a MX 10 ns1\na TXT \"v=spf1 mx -all\"\n", {}},
  });
}

TEST_CASE("DMARC records are read as RFC 7489 has them", "[zonestore][check][dmarc]") {
  const auto dmarc = [](const std::string& record, const Lines& want) {
    return Case{"_dmarc TXT \"" + record + "\"\n", want};
  };
  const Lines bad = {"dmarc-syntax"};
  judge({
      dmarc("v=DMARC1; p=none", {}),
      dmarc("v=DMARC1;p=reject;", {}),
      dmarc("v = DMARC1 ; p = Quarantine ; sp=reject; np=none; adkim=s; aspf=r; pct=50; fo=1:d:s; "
            "rf=afrf; ri=86400; t=y; psd=n",
            {}),
      dmarc("v=DMARC1; p=none; rua=mailto:a@example.net,mailto:b@example.net!10m; "
            "ruf=mailto:c@example.net",
            {}),
      dmarc("p=none", bad),
      dmarc("p=none; v=DMARC1", bad),
      dmarc("v=dmarc1; p=none", bad),
      dmarc("v=DMARC1", bad),
      dmarc("v=DMARC1; rua=mailto:a@example.net", bad),
      dmarc("v=DMARC1; p=quarantaine", bad),
      dmarc("v=DMARC1; p=", bad),
      dmarc("v=DMARC1; p=none; sp=all", bad),
      dmarc("v=DMARC1; p=none; pct=101", bad),
      dmarc("v=DMARC1; p=none; pct=", bad),
      dmarc("v=DMARC1; p=none; adkim=strict", bad),
      dmarc("v=DMARC1; p=none; fo=2", bad),
      dmarc("v=DMARC1; p=none; ri=x", bad),
      dmarc("v=DMARC1; p=none; rf=iodef", bad),
      dmarc("v=DMARC1; p=none; rua=a@example.net", bad),
      dmarc("v=DMARC1; p=none; rua=mailto:", bad),
      dmarc("v=DMARC1; p=none; rua=mailto:a@b@c", bad),
      dmarc("v=DMARC1; p=none; rua=mailto:a@example.net;mailto:b@example.net", bad),
      dmarc("v=DMARC1; p=none; p=reject", bad),
      dmarc("v=DMARC1 p=none", bad),
      dmarc("v=DMARC1; p=none; foo=bar", {"*dmarc-unknown-tag"}),
      dmarc("hello", bad),
      {"_dmarc TXT \"v=DMARC1; p=none\"\n_dmarc TXT \"v=DMARC1; p=reject\"\n", {"several-dmarc"}},
      {"_dmarc TXT \"v=DMARC1; p=none\"\n_dmarc TXT \"site=1\"\n", {}},
      {"_DMARC.a TXT \"v=DMARC1\"\n", bad},
      {"_dmarc CNAME _dmarc.example.net.\n", {}},
  });
}

TEST_CASE("DKIM keys can be used", "[zonestore][check][dkim]") {
  const auto dkim = [](const std::string& record, const Lines& want) {
    return Case{"s1._domainkey TXT \"" + record + "\"\n", want};
  };
  const std::string rsa = std::string(216, 'A');
  judge({
      dkim("v=DKIM1; k=rsa; p=" + rsa, {}),
      dkim("p=" + rsa, {}),
      dkim("v=DKIM1; p=", {}),
      {"s1._domainkey TXT \"v=DKIM1; p=" + rsa.substr(0, 200) + "\" \"" + rsa.substr(200) + "\"\n",
       {}},
      dkim("v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=", {}),
      dkim("v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg==", {"dkim-syntax"}),
      dkim("v=DKIM1; k=rsa", {"dkim-syntax"}),
      dkim("v=DKIM2; p=" + rsa, {"dkim-syntax"}),
      dkim("p=" + rsa + "; v=DKIM1", {"dkim-syntax"}),
      dkim("v=DKIM1; p=!!!!", {"dkim-syntax"}),
      dkim("v=DKIM1; p=" + std::string(100, 'A'), {"dkim-syntax"}),
      dkim("v=DKIM1; p=" + rsa + "; junk", {"dkim-syntax"}),
      {"_domainkey TXT \"o=~\"\n", {}},
  });
}

TEST_CASE("CAA records say what they should", "[zonestore][check][caa]") {
  judge({
      {"@ CAA 0 issue \"ca.example.net\"\n", {}},
      {"@ CAA 128 issue \"ca.example.net; validationmethods=dns-01; accounturi=https://x/1\"\n",
       {}},
      {"@ CAA 0 issuewild \";\"\n", {}},
      {"@ CAA 0 issuewild \"\"\n", {}},
      {"@ CAA 0 iodef \"mailto:a@example.net\"\n", {}},
      {"@ CAA 0 iodef \"https://example.net/x\"\n", {}},
      {"@ CAA 0 contactemail \"a@example.net\"\n", {}},
      {"@ CAA 0 issue \"https://ca.example.net\"\n", {"caa-syntax"}},
      {"@ CAA 0 issue \"ca.example.net, other.example.net\"\n", {"caa-syntax"}},
      {"@ CAA 0 issue \"letsencrypt\"\n", {"caa-syntax"}},
      {"@ CAA 0 issue \"ca.example.net; dns-01\"\n", {"caa-syntax"}},
      {"@ CAA 1 issue \"ca.example.net\"\n", {"caa-syntax"}},
      {"@ CAA 0 iodef \"a@example.net\"\n", {"caa-syntax"}},
      {"@ CAA 0 isue \"ca.example.net\"\n", {"*caa-unknown-tag"}},
      {"@ CAA 128 isue \"ca.example.net\"\n", {"caa-syntax"}},
  });
}

TEST_CASE("addresses that the public cannot reach are told", "[zonestore][check][address]") {
  const Lines told = {"private-address"};
  const auto a = [](const std::string& address, const Lines& want) {
    const bool v6 = address.find(':') != std::string::npos;
    return Case{std::string("a ") + (v6 ? "AAAA " : "A ") + address + "\n", want};
  };
  judge({
      a("10.0.0.1", told),
      a("172.16.0.1", told),
      a("172.31.255.255", told),
      a("172.32.0.1", {}),
      a("172.15.255.255", {}),
      a("192.168.0.1", told),
      a("192.167.0.1", {}),
      a("127.0.0.1", told),
      a("169.254.1.1", told),
      a("100.64.0.1", told),
      a("100.128.0.1", {}),
      a("0.0.0.0", told),
      a("224.0.0.1", told),
      a("255.255.255.255", told),
      a("198.18.0.1", told),
      a("8.8.8.8", {}),
      a("192.0.2.1", {}),
      a("198.51.100.1", {}),
      a("203.0.113.1", {}),
      a("fd00::1", told),
      a("fe80::1", told),
      a("::1", told),
      a("::", told),
      a("::ffff:192.0.2.1", told),
      a("ff02::1", told),
      a("2001:db8::1", {}),
      a("2606:4700::1", {}),
      a("64:ff9b::1", {}),
      {"localhost A 127.0.0.1\n", {}},
  });
  RulePolicy policy;
  policy.set("documentation-address", Severity::warning);
  policy.set("private-address", std::nullopt);
  const auto candidate = check(std::string(head) + "a A 10.0.0.1\na AAAA 2001:db8::1\n", policy);
  CHECK(rules_of(candidate.findings) == Lines{"documentation-address", "documentation-address"});
}

TEST_CASE("zones that are not for the public may have private addresses", "[zonestore][check]") {
  for (const char* zone : {"corp.internal.", "home.arpa.", "lab.test."}) {
    const auto at = name(zone);
    const auto candidate =
        check_zone(at, read_zone_text(at, std::string(head) + "a A 10.0.0.1\n", "zone", {}), {});
    INFO(zone << all_text(candidate.findings));
    CHECK(candidate.findings.empty());
  }
}

TEST_CASE("TTLs are neither very short nor very long", "[zonestore][check]") {
  judge({
      {"a 0 A 192.0.2.1\n", {"*short-ttl"}},
      {"a 59 A 192.0.2.1\n", {"*short-ttl"}},
      {"a 60 A 192.0.2.1\n", {}},
      {"a 1w A 192.0.2.1\n", {}},
      {"a 604801 A 192.0.2.1\n", {"long-ttl"}},
  });
}

TEST_CASE("the SOA and the nameservers outlive a weekend", "[zonestore][check]") {
  const auto with = [](const std::string& soa, const std::string& ns) {
    return check("@ 300 SOA " + soa + "\n" + ns);
  };
  const std::string two = "@ NS ns.example.net.\n@ NS ns.example.org.\n";
  const auto expire = [&](const std::string& numbers) {
    return rules_of(with("ns.example.net. host 7 " + numbers + " 300", two).findings);
  };
  CHECK(expire("3600 600 2419200") == Lines{});
  CHECK(expire("3600 600 604800") == Lines{});
  CHECK(expire("3600 600 604799") == Lines{"*soa-expire"});
  CHECK(expire("3600 600 262800") == Lines{"*soa-expire"});
  CHECK(expire("3600 600 262799") == Lines{"soa-expire"});
  CHECK(expire("3600 600 4000") == Lines{"soa-timers"});
  const std::string soa = "ns.example.net. host 7 3600 600 2419200 300";
  CHECK(rules_of(with("ns.example.net. host@example.com. 7 3600 600 2419200 300", two).findings) ==
        Lines{"soa-mailbox"});
  CHECK(rules_of(with(soa, "@ NS ns.example.net.\n").findings) == Lines{"one-nameserver"});
  CHECK(rules_of(with(soa, "@ NS ns.example.net.\n@ NS NS.example.net.\n").findings) ==
        Lines{"one-nameserver", "duplicate-record"});
  CHECK(rules_of(with(soa, "@ NS ns1.example.net.\n@ NS ns2.example.net.\n").findings).empty());
  RulePolicy policy;
  policy.set("one-provider", Severity::note);
  const auto asked = [&](const std::string& ns) {
    return rules_of(check("@ 300 SOA " + soa + "\n" + ns, policy).findings);
  };
  CHECK(asked("@ NS ns1.example.net.\n@ NS ns2.example.net.\n") == Lines{"*one-provider"});
  CHECK(asked(two) == Lines{});
  CHECK(asked("@ NS ns1\n@ NS ns2\nns1 A 192.0.2.1\nns2 A 192.0.2.2\n") == Lines{});
}

TEST_CASE("slips of the pen are told from names", "[zonestore][check][labels]") {
  const Lines told = {"misspelt-label"};
  const auto beside = [](const std::string& known, const std::string& label, const Lines& want) {
    return Case{known + " A 192.0.2.1\n" + label + " A 192.0.2.2\n", want};
  };
  judge({
      {"_dmrac TXT x\n", told},
      {"_dmarcc TXT x\n", told},
      {"_dmac TXT x\n", told},
      {"s1._dommainkey TXT x\n", told},
      {"s1._domainkeys TXT x\n", told},
      {"_sip._tpc SRV 1 2 3 ns1\n", told},
      {"_autodiscovr._tcp SRV 1 2 3 ns1\n", told},
      {"_sips._tcp SRV 1 2 3 ns1\n", {}},
      {"_443._tcp TLSA 3 1 1 7491973e5f8b39d5327cd4e08bc81b05f7710b49a1b2c3d4e5f60718293a4b5c\n",
       {}},
      {"_xyz TXT x\n", {}},
      beside("www", "wwww", told),
      beside("mail", "mial", told),
      beside("mail", "maill", told),
      beside("smtp", "smpt", told),
      beside("webmail", "webmial", told),
      beside("webmail", "webmaul", {"misspelt-label"}),
      beside("autodiscover", "autodicover", told),
      beside("www", "ww2", {}),
      beside("www", "www2", {}),
      beside("mail", "mail2", {}),
      beside("mail", "main", {}),
      beside("mail", "mails", {}),
      beside("mail", "gmail", {}),
      beside("mail", "mall", {}),
      beside("web1", "web2", {}),
      beside("smtp", "smtps", {}),
      beside("imap", "imaps", {}),
      {"mial A 192.0.2.1\n", {}},
      {"mail.a A 192.0.2.1\nmial.b A 192.0.2.1\n", {}},
  });
  std::string many = head;
  for (int i = 0; i < 5'000; ++i) many += "h" + std::to_string(i) + " A 192.0.2.1\n";
  CHECK(check(many + "_dmrac TXT x\n").findings.empty());
}

TEST_CASE("A-labels stand for something", "[zonestore][check][idn]") {
  judge({
      {"xn--bcher-kva A 192.0.2.1\n", {}},
      {"XN--Bcher-KVA A 192.0.2.1\n", {}},
      {"xn--99999999999 A 192.0.2.1\n", {"bad-a-label"}},
      {"xn--- A 192.0.2.1\n", {"bad-a-label"}},
      {"xn--a A 192.0.2.1\n", {"bad-a-label"}},
      {"xn-x A 192.0.2.1\n", {}},
  });
}

TEST_CASE("a finding points at the words it is about", "[zonestore][check][spf]") {
  const auto candidate =
      check(std::string(head) + "@ TXT \"v=spf1 mx inlcude:_spf.example.net -all\"\n");
  REQUIRE(candidate.findings.size() == 1);
  const auto& finding = candidate.findings[0];
  CHECK(finding.column == 18);
  CHECK(finding.length == std::string("inlcude:_spf.example.net").size());
  CHECK(to_text(finding, false) ==
        "zone:6:18: warning: the SPF record of example.com.: \"inlcude:_spf.example.net\" is not a "
        "mechanism of SPF [spf-syntax]\n"
        "  6 | @ TXT \"v=spf1 mx inlcude:_spf.example.net -all\"\n"
        "    |                  ^~~~~~~~~~~~~~~~~~~~~~~~\n"
        "  cure: did you mean \"include\"?\n");
}

TEST_CASE("a finding shows the other place that it takes", "[zonestore][check]") {
  const auto candidate =
      check(std::string(head) + "@ TXT \"v=spf1 -all\"\n@ TXT \"v=spf1 mx -all\"\n");
  REQUIRE(candidate.findings.size() == 1);
  const auto text = to_text(candidate.findings[0], false);
  CHECK(text.find("zone:6:1: note: the first is here\n  6 | @ TXT \"v=spf1 -all\"\n    | ^\n") !=
        std::string::npos);
}

TEST_CASE("how grave findings are can be wished", "[zonestore][check][policy]") {
  const std::string text =
      std::string(head) + "@ TXT \"v=spf1 +all\"\na MX 10 b\nb CNAME ns1\nc A 10.0.0.1";
  CHECK(rules_of(check(text).findings) ==
        Lines{"spf-allows-all", "target-is-cname", "no-final-newline", "private-address"});
  CHECK(check(text).version == nullptr);
  RulePolicy policy;
  policy.set("spf-allows-all", Severity::note);
  policy.set("target-is-cname", Severity::warning);
  policy.set("private-address", std::nullopt);
  policy.set("no-final-newline", std::nullopt);
  CHECK(rules_of(check(text, policy).findings) == Lines{"*spf-allows-all", "target-is-cname"});
  CHECK(check(text, policy).version != nullptr);
  policy.set("spf-allows-all", Severity::error);
  CHECK(check(text, policy).version == nullptr);
}

TEST_CASE("of one rule only so many warnings are shown", "[zonestore][check]") {
  std::string text = head;
  for (int i = 0; i < 1000; ++i) text += "h" + std::to_string(i) + " A 10.0.0.1\n";
  const auto findings = check(text + "x A 127.0.0.1\ny TXT \"v=spf1 +all\"\n").findings;
  CHECK(findings.size() == 22);
  CHECK(findings.back().rule == "more-findings");
  CHECK(findings.back().severity == Severity::warning);
  CHECK(findings.back().message == "981 more findings are not shown");
  CHECK(has_rule(findings, "spf-allows-all"));
}

TEST_CASE("the examples that come with taproot are in order", "[zonestore][check]") {
  namespace fs = std::filesystem;
  const auto folder = fs::path(TAPROOT_SOURCE_DIR) / "conf/zones";
  int seen = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const auto& path = entry.path();
    const auto candidate = load_zone(name(path.stem().string()), path, path.filename().string());
    INFO(all_text(candidate.findings));
    CHECK(candidate.findings.empty());
    ++seen;
  }
  CHECK(seen >= 3);
}

}  // namespace taproot::zonestore
