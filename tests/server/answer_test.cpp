#include "server/answer.hpp"

#include "tests/support/zone_text.hpp"

#include <catch2/catch.hpp>

#include <random>

using namespace taproot;
using dns::Rcode;
using dns::RRType;
using tests::name_of;
using tests::text_of;

namespace {

const char* const example_text = R"(
@      3600 SOA   ns1 admin 7 3600 600 86400 300
@      3600 NS    ns1
@      3600 NS    ns.other.test.
@      3600 MX    10 mail
@      3600 MX    20 mx.sub
@      3600 MX    30 mail.child
ns1    3600 A     192.0.2.1
ns1    3600 AAAA  2001:db8::1
mail   600  A     192.0.2.25
www    300  A     192.0.2.80
www    300  A     192.0.2.81
www    300  TXT   "a text that is longer than the addresses"
alias  120  CNAME www
alias2 120  CNAME alias
out    120  CNAME www.elsewhere.test.
dead   120  CNAME nothing
tochild 120 CNAME www.child
tobroken 120 CNAME www.broken
tosub  120  CNAME www.sub
loop1  60   CNAME loop2
loop2  60   CNAME loop1
self   60   CNAME self
a.ent  60   A     192.0.2.9
*.wild 60   A     192.0.2.10
*.wild 60   TXT   "wild"
b.wild 60   TXT   "not wild"
*.cwild 60  CNAME www
sub    7200 NS    ns.sub
sub    7200 NS    ns.sub2
sub    7200 NS    ns1
sub    7200 NS    ns.other.test.
sub    7200 DS    1 13 2 0000000000000000000000000000000000000000000000000000000000000000
ns.sub 7200 A     192.0.2.53
ns.sub 7200 AAAA  2001:db8::53
mx.sub 7200 A     192.0.2.26
sub2   7200 NS    ns.sub2
ns.sub2 7200 A    192.0.2.54
child  7200 NS    ns.child
child  7200 DS    2 13 2 0000000000000000000000000000000000000000000000000000000000000000
ns.child 7200 A   192.0.2.55
dn     900  DNAME www
back   900  DNAME back2
back2  900  DNAME back
todn   60   CNAME x.dnout
dnout  900  DNAME elsewhere.test.
hidden.dn 60 A    192.0.2.66
_s._tcp 60  SRV   0 0 5060 www
svc    60   SRV   0 0 1 mail
)";

const char* const child_text = R"(
@      3600 SOA   ns admin 1 3600 600 86400 7200
@      3600 NS    ns
ns     3600 A     192.0.2.55
www    300  A     192.0.2.82
mail   300  A     192.0.2.27
)";

zonestore::ZoneSet example_zones() {
  return zonestore::ZoneSet()
      .with(name_of("example."), tests::zone_of("example.", example_text))
      .with(name_of("child.example."), tests::zone_of("child.example.", child_text))
      .with(name_of("broken.example."), nullptr);
}

std::vector<std::uint8_t> request_of(const std::string& qname, RRType qtype,
                                     std::uint16_t udp_size = 1232) {
  return dns::make_query(name_of(qname), qtype, udp_size).compose().value();
}

/// The message that `request` gets, as octets.
std::vector<std::uint8_t> answer_to(const zonestore::ZoneSet& zones, Octets request,
                                    std::size_t limit = 1232) {
  dns::Query query;
  REQUIRE(dns::Query::parse(request, query) == dns::Query::Trouble::none);
  server::SynthesisedNames names;
  std::vector<std::uint8_t> message(65535);
  message.resize(server::compose(server::answer(zones, query, names), query, message, limit));
  return message;
}

dns::Message ask(const zonestore::ZoneSet& zones, const std::string& qname, RRType qtype,
                 std::size_t limit = 1232) {
  return dns::Message::parse(answer_to(zones, request_of(qname, qtype), limit)).value();
}

const std::string soa = "example. 300 SOA ns1.example. admin.example. 7 3600 600 86400 300\n";

}  // namespace

TEST_CASE("queries get the answers of RFC 1034 section 4.3.2", "[server][answer]") {
  const auto zones = example_zones();
  const std::string www =
      "www.example. 300 A 192.0.2.80\n"
      "www.example. 300 A 192.0.2.81\n";
  const std::string sub =
      "sub.example. 7200 NS ns.sub.example.\n"
      "sub.example. 7200 NS ns.sub2.example.\n"
      "sub.example. 7200 NS ns.other.test.\n"
      "sub.example. 7200 NS ns1.example.\n";
  const std::string sub_glue =
      "ns.sub.example. 7200 A 192.0.2.53\n"
      "ns.sub.example. 7200 AAAA 2001:db8::53\n"
      "ns.sub2.example. 7200 A 192.0.2.54\n"
      "ns1.example. 3600 A 192.0.2.1\n"
      "ns1.example. 3600 AAAA 2001:db8::1\n";
  const std::string digest(64, '0');
  struct Case {
    const char* what;
    const char* qname;
    RRType qtype;
    Rcode rcode;
    bool aa;
    std::string answer, authority, additional;
  };
  const std::vector<Case> cases = {
      {"an RRset", "www.example.", RRType::A, Rcode::noerror, true, www, "", ""},
      {"the case of the question is kept", "wWw.eXample.", RRType::A, Rcode::noerror, true,
       "wWw.eXample. 300 A 192.0.2.80\nwWw.eXample. 300 A 192.0.2.81\n", "", ""},
      {"the apex", "example.", RRType::SOA, Rcode::noerror, true,
       "example. 3600 SOA ns1.example. admin.example. 7 3600 600 86400 300\n", "", ""},
      {"NS with addresses", "example.", RRType::NS, Rcode::noerror, true,
       "example. 3600 NS ns.other.test.\nexample. 3600 NS ns1.example.\n", "",
       "ns1.example. 3600 A 192.0.2.1\nns1.example. 3600 AAAA 2001:db8::1\n"},
      {"MX with addresses of ours only, also from other zones", "example.", RRType::MX,
       Rcode::noerror, true,
       "example. 3600 MX 10 mail.example.\nexample. 3600 MX 20 mx.sub.example.\n"
       "example. 3600 MX 30 mail.child.example.\n",
       "", "mail.example. 600 A 192.0.2.25\nmail.child.example. 300 A 192.0.2.27\n"},
      {"SRV with addresses", "_s._tcp.example.", RRType::SRV, Rcode::noerror, true,
       "_s._tcp.example. 60 SRV 0 0 5060 www.example.\n", "", www},
      {"NODATA", "www.example.", RRType::MX, Rcode::noerror, true, "", soa, ""},
      {"an empty non-terminal", "ent.example.", RRType::A, Rcode::noerror, true, "", soa, ""},
      {"NXDOMAIN", "nothing.example.", RRType::A, Rcode::nxdomain, true, "", soa, ""},
      {"NXDOMAIN below a name", "x.www.example.", RRType::A, Rcode::nxdomain, true, "", soa, ""},
      {"the SOA's TTL is a bound, too", "no.child.example.", RRType::A, Rcode::nxdomain, true, "",
       "child.example. 3600 SOA ns.child.example. admin.child.example. 1 3600 600 86400 7200\n",
       ""},
      {"a wildcard", "x.wild.example.", RRType::A, Rcode::noerror, true,
       "x.wild.example. 60 A 192.0.2.10\n", "", ""},
      {"a wildcard over several labels", "x.y.wild.example.", RRType::A, Rcode::noerror, true,
       "x.y.wild.example. 60 A 192.0.2.10\n", "", ""},
      {"a wildcard without the type", "x.wild.example.", RRType::AAAA, Rcode::noerror, true, "",
       soa, ""},
      {"no wildcard for a name that is there", "b.wild.example.", RRType::A, Rcode::noerror, true,
       "", soa, ""},
      {"no wildcard below a name that is there", "x.b.wild.example.", RRType::A, Rcode::nxdomain,
       true, "", soa, ""},
      {"the wildcard itself", "*.wild.example.", RRType::TXT, Rcode::noerror, true,
       "*.wild.example. 60 TXT \"wild\"\n", "", ""},
      {"a wildcard CNAME", "x.cwild.example.", RRType::A, Rcode::noerror, true,
       "x.cwild.example. 60 CNAME www.example.\n" + www, "", ""},
      {"a CNAME", "alias.example.", RRType::A, Rcode::noerror, true,
       "alias.example. 120 CNAME www.example.\n" + www, "", ""},
      {"a CNAME asked for", "alias.example.", RRType::CNAME, Rcode::noerror, true,
       "alias.example. 120 CNAME www.example.\n", "", ""},
      {"two CNAMEs", "alias2.example.", RRType::A, Rcode::noerror, true,
       "alias2.example. 120 CNAME alias.example.\nalias.example. 120 CNAME www.example.\n" + www,
       "", ""},
      {"a CNAME and no data", "alias.example.", RRType::MX, Rcode::noerror, true,
       "alias.example. 120 CNAME www.example.\n", soa, ""},
      {"a CNAME to nothing", "dead.example.", RRType::A, Rcode::nxdomain, true,
       "dead.example. 120 CNAME nothing.example.\n", soa, ""},
      {"a CNAME out of our zones", "out.example.", RRType::A, Rcode::noerror, true,
       "out.example. 120 CNAME www.elsewhere.test.\n", "", ""},
      {"a CNAME to another zone of ours", "tochild.example.", RRType::A, Rcode::noerror, true,
       "tochild.example. 120 CNAME www.child.example.\nwww.child.example. 300 A 192.0.2.82\n", "",
       ""},
      {"a CNAME to a zone that is not loaded", "tobroken.example.", RRType::A, Rcode::noerror, true,
       "tobroken.example. 120 CNAME www.broken.example.\n", "", ""},
      {"a CNAME into a delegated zone", "tosub.example.", RRType::A, Rcode::noerror, true,
       "tosub.example. 120 CNAME www.sub.example.\n", sub, sub_glue},
      {"CNAMEs in a circle", "loop1.example.", RRType::A, Rcode::noerror, true,
       "loop1.example. 60 CNAME loop2.example.\nloop2.example. 60 CNAME loop1.example.\n", "", ""},
      {"a CNAME to itself", "self.example.", RRType::A, Rcode::noerror, true,
       "self.example. 60 CNAME self.example.\n", "", ""},
      {"a referral", "www.sub.example.", RRType::A, Rcode::noerror, false, "", sub, sub_glue},
      {"a referral at the cut", "sub.example.", RRType::NS, Rcode::noerror, false, "", sub,
       sub_glue},
      {"a referral for glue", "ns.sub.example.", RRType::A, Rcode::noerror, false, "", sub,
       sub_glue},
      {"DS at the parent", "sub.example.", RRType::DS, Rcode::noerror, true,
       "sub.example. 7200 DS 1 13 2 " + digest + "\n", "", ""},
      {"no DS at the parent", "sub2.example.", RRType::DS, Rcode::noerror, true, "", soa, ""},
      {"DS below the cut", "x.sub.example.", RRType::DS, Rcode::noerror, false, "", sub, sub_glue},
      {"DS of a child that is ours, too", "child.example.", RRType::DS, Rcode::noerror, true,
       "child.example. 7200 DS 2 13 2 " + digest + "\n", "", ""},
      {"DS where the parent is not ours", "example.", RRType::DS, Rcode::noerror, true, "", soa,
       ""},
      {"the closest apex wins", "www.child.example.", RRType::A, Rcode::noerror, true,
       "www.child.example. 300 A 192.0.2.82\n", "", ""},
      {"a DNAME itself", "dn.example.", RRType::DNAME, Rcode::noerror, true,
       "dn.example. 900 DNAME www.example.\n", "", ""},
      {"a DNAME says nothing of its own name", "dn.example.", RRType::A, Rcode::noerror, true, "",
       soa, ""},
      {"a name below a DNAME", "x.dn.example.", RRType::A, Rcode::nxdomain, true,
       "dn.example. 900 DNAME www.example.\nx.dn.example. 900 CNAME x.www.example.\n", soa, ""},
      {"a name hidden by a DNAME", "hidden.dn.example.", RRType::A, Rcode::nxdomain, true,
       "dn.example. 900 DNAME www.example.\nhidden.dn.example. 900 CNAME hidden.www.example.\n",
       soa, ""},
      {"the CNAME of a DNAME", "x.dn.example.", RRType::CNAME, Rcode::noerror, true,
       "dn.example. 900 DNAME www.example.\nx.dn.example. 900 CNAME x.www.example.\n", "", ""},
      {"a CNAME to a DNAME", "todn.example.", RRType::A, Rcode::noerror, true,
       "todn.example. 60 CNAME x.dnout.example.\ndnout.example. 900 DNAME elsewhere.test.\n"
       "x.dnout.example. 900 CNAME x.elsewhere.test.\n",
       "", ""},
      {"DNAMEs in a circle", "x.back.example.", RRType::A, Rcode::noerror, true,
       "back.example. 900 DNAME back2.example.\nx.back.example. 900 CNAME x.back2.example.\n"
       "back2.example. 900 DNAME back.example.\nx.back2.example. 900 CNAME x.back.example.\n",
       "", ""},
      {"ANY gets one RRset, the smallest", "www.example.", RRType::ANY, Rcode::noerror, true, www,
       "", ""},
      {"ANY of a CNAME", "alias.example.", RRType::ANY, Rcode::noerror, true,
       "alias.example. 120 CNAME www.example.\n", "", ""},
      {"ANY of an empty non-terminal", "ent.example.", RRType::ANY, Rcode::noerror, true, "", soa,
       ""},
      {"a zone that is not ours", "www.test.", RRType::A, Rcode::refused, false, "", "", ""},
      {"the root", ".", RRType::NS, Rcode::refused, false, "", "", ""},
      {"a zone that is not loaded", "www.broken.example.", RRType::A, Rcode::servfail, false, "",
       "", ""},
      {"an unknown type", "www.example.", RRType(65280), Rcode::noerror, true, "", soa, ""},
      {"MAILB", "www.example.", RRType::MAILB, Rcode::notimp, false, "", "", ""},
      {"TKEY", "www.example.", RRType::TKEY, Rcode::notimp, false, "", "", ""},
      {"OPT as a question", "www.example.", RRType::OPT, Rcode::formerr, false, "", "", ""},
      {"type 0", "www.example.", RRType::none, Rcode::formerr, false, "", "", ""},
  };
  for (const auto& c : cases) {
    INFO(c.what << ": " << c.qname);
    const auto message = ask(zones, c.qname, c.qtype);
    CHECK(message.header.rcode == c.rcode);
    CHECK(message.header.aa == c.aa);
    CHECK_FALSE(message.header.ra);
    CHECK_FALSE(message.header.tc);
    CHECK(text_of(message.answer) == c.answer);
    CHECK(text_of(message.authority) == c.authority);
    CHECK(text_of(message.additional) == c.additional);
    REQUIRE(message.question.size() == 1);
    CHECK(message.question[0] == dns::Question{name_of(c.qname), c.qtype, dns::Class::IN});
  }
}

TEST_CASE("a chain has at most sixteen links", "[server][answer]") {
  std::string text = "@ 60 SOA ns admin 1 1 1 1 1\n@ 60 NS ns.test.\nd 60 DNAME d.d\n";
  for (int i = 0; i < 30; ++i) {
    text += "c" + std::to_string(i) + " 60 CNAME c" + std::to_string(i + 1) + "\n";
  }
  const auto zones =
      zonestore::ZoneSet().with(name_of("example."), tests::zone_of("example.", text));
  CHECK(ask(zones, "c0.example.", RRType::A).answer.size() == 16);
  const auto message = ask(zones, "x.d.example.", RRType::A);
  CHECK(message.header.rcode == Rcode::noerror);
  CHECK(message.answer.size() == 17);  // the DNAME once
}

TEST_CASE("a DNAME that makes a name too long is YXDOMAIN", "[server][answer]") {
  const std::string label(63, 'l');
  const std::string three = label + "." + label + "." + label;
  const auto zones = zonestore::ZoneSet().with(
      name_of("example."),
      tests::zone_of("example.", "@ 60 SOA ns admin 1 1 1 1 1\n@ 60 NS ns.test.\nd 60 DNAME " +
                                     three + ".test.\n"));
  const auto message = ask(zones, label + ".d.example.", RRType::A);
  CHECK(message.header.rcode == Rcode::yxdomain);
  CHECK(message.header.aa);
  CHECK(text_of(message.answer) == "d.example. 60 DNAME " + three + ".test.\n");
  CHECK(ask(zones, "x.d.example.", RRType::CNAME).header.rcode == Rcode::noerror);
}

TEST_CASE("classes other than IN are refused", "[server][answer]") {
  const auto zones = example_zones();
  const auto klass = GENERATE(dns::Class::CH, dns::Class::HS, dns::Class::any, dns::Class::none);
  auto query = dns::make_query(name_of("version.bind."), RRType::TXT);
  query.question[0].qclass = klass;
  const auto message = dns::Message::parse(answer_to(zones, *query.compose())).value();
  CHECK(message.header.rcode == Rcode::refused);
  CHECK(message.question[0].qclass == klass);
  CHECK(message.answer.empty());
}

TEST_CASE("OPT is answered if it was asked, with a reason for refusals", "[server][answer]") {
  const auto zones = example_zones();
  const auto edns_of = [&](const std::string& qname, std::uint16_t size, bool dnssec_ok) {
    auto query = dns::make_query(name_of(qname), RRType::A, size);
    if (query.edns) query.edns->dnssec_ok = dnssec_ok;
    return dns::Message::parse(answer_to(zones, *query.compose())).value().edns;
  };
  CHECK_FALSE(edns_of("www.example.", 0, false));
  CHECK_FALSE(edns_of("www.test.", 0, false));
  const auto plain = edns_of("www.example.", 4096, false);
  REQUIRE(plain);
  CHECK(plain->udp_size == 1232);
  CHECK(plain->version == 0);
  CHECK_FALSE(plain->dnssec_ok);
  CHECK(plain->options.empty());
  CHECK(edns_of("www.example.", 512, true)->dnssec_ok);
  const auto refused = edns_of("www.test.", 4096, false);
  REQUIRE(refused->options.size() == 1);
  CHECK(refused->options[0] == dns::EdnsOption{15, {0, 20}});
  const auto not_loaded = edns_of("broken.example.", 4096, false);
  REQUIRE(not_loaded->options.size() == 1);
  CHECK(not_loaded->options[0] == dns::EdnsOption{15, {0, 14}});
}

TEST_CASE("what does not fit is left out, or told by TC", "[server][answer]") {
  std::string text = "@ 60 SOA ns admin 1 1 1 1 1\n@ 60 NS ns\nns 60 A 192.0.2.1\n";
  for (int i = 10; i < 90; ++i) {
    const auto n = std::to_string(i);
    text += "big 60 A 192.0.2." + n + "\n";
    if (i >= 30) continue;
    text += "sub 60 NS ns" + n + ".sub\nns" + n + ".sub 60 A 192.0.2." + n + "\n";
    text += "far 60 NS ns" + n + ".near\nns" + n + ".near 60 A 192.0.2." + n + "\n";
  }
  const auto zones =
      zonestore::ZoneSet().with(name_of("example."), tests::zone_of("example.", text));

  SECTION("an answer section") {
    const auto message = ask(zones, "big.example.", RRType::A, 1232);
    CHECK(message.header.tc);
    CHECK(message.header.aa);
    CHECK(message.answer.empty());
    CHECK(message.edns);
    CHECK(message.question.size() == 1);
    CHECK(ask(zones, "big.example.", RRType::A, 65535).answer.size() == 80);
  }
  SECTION("needed glue") {
    CHECK(ask(zones, "x.sub.example.", RRType::A, 512).header.tc);
    const auto whole = ask(zones, "x.sub.example.", RRType::A, 1232);
    CHECK_FALSE(whole.header.tc);
    CHECK(whole.authority.size() == 20);
    CHECK(whole.additional.size() == server::max_additional_names);
  }
  SECTION("other additional records") {
    const auto small = ask(zones, "x.far.example.", RRType::A, 512);
    CHECK_FALSE(small.header.tc);
    CHECK(small.authority.size() == 20);
    CHECK(small.additional.size() < server::max_additional_names);
    CHECK(ask(zones, "x.far.example.", RRType::A, 1232).additional.size() ==
          server::max_additional_names);
  }
}

TEST_CASE("an answer never exceeds its limit", "[server][answer]") {
  const auto zones = example_zones();
  const auto limit = GENERATE(range<std::size_t>(512, 720, 7));
  for (const char* qname : {"example.", "www.sub.example.", "alias2.example.", "x.dn.example."}) {
    for (const RRType qtype : {RRType::A, RRType::MX, RRType::NS, RRType::ANY}) {
      const auto message = answer_to(zones, request_of(qname, qtype), limit);
      CAPTURE(qname, limit);
      CHECK(message.size() <= limit);
      CHECK(dns::Message::parse(message));
    }
  }
}

TEST_CASE("no question makes an invalid message", "[server][answer]") {
  const auto zones = example_zones();
  std::mt19937 random(GENERATE(range(0u, 20u)));
  const std::vector<std::string> labels = {
      "www",   "sub",     "example", "dn",    "*",   "wild",   "x", "back",
      "ns",    "child",   "test",    "alias", "ent", "broken", "Q", std::string(63, 'y'),
      "\\000", "\\255\\."};
  const auto pick = [&](std::size_t count) { return random() % count; };
  for (int i = 0; i < 300; ++i) {
    std::string qname;
    for (std::size_t n = pick(5); n > 0; --n) qname += labels[pick(labels.size())] + ".";
    qname += pick(8) == 0 ? "" : "example.";
    const auto name = dns::Name::from_text(qname.empty() ? "." : qname);
    if (!name) continue;
    const auto qtype = static_cast<RRType>(pick(3) == 0 ? pick(65536) : pick(260));
    auto query =
        dns::make_query(*name, qtype, pick(2) == 0 ? std::uint16_t{0} : std::uint16_t{700});
    const std::size_t limit = 100 + pick(1200);
    const auto octets = query.compose().value();
    const auto message = answer_to(zones, octets, limit);
    CAPTURE(name->to_text(), dns::to_text(qtype), limit);
    const auto parsed = dns::Message::parse(message);
    REQUIRE(parsed);
    CHECK(parsed->header.id == query.header.id);
    CHECK(parsed->question == query.question);
    CHECK(message.size() <= std::max<std::size_t>(limit, octets.size() + 6));
  }
}
