#include "monitor/expectation.hpp"

#include "dns/presentation.hpp"
#include "dns/rdata.hpp"

#include <catch2/catch.hpp>

#include <functional>
#include <string>
#include <vector>

using namespace taproot;
using monitor::Comparison;
using monitor::ExpectedAnswer;
using Outcome = Comparison::Outcome;

namespace {

dns::Name name(const std::string& text) {
  return *dns::Name::from_text(text);
}

dns::RRset rrset(const std::string& owner, dns::RRType type, std::uint32_t ttl,
                 const std::vector<std::string>& values) {
  dns::RRset set{name(owner), type, ttl, {}};
  for (const auto& value : values) {
    set.rdata.push_back(*dns::rdata_from_text(type, value, dns::Name::root()));
  }
  return set;
}

void append(std::vector<dns::Record>& section, const dns::RRset& set) {
  for (const auto& rdata : set.rdata) {
    section.push_back({set.owner, set.type, dns::Class::IN, set.ttl, rdata});
  }
}

dns::Message answer(const std::vector<dns::RRset>& sets, dns::Rcode rcode = dns::Rcode::noerror) {
  dns::Message message;
  message.header.qr = true;
  message.header.aa = true;
  message.header.rcode = rcode;
  for (const auto& set : sets) append(message.answer, set);
  return message;
}

dns::Message referral(const dns::RRset& ns) {
  auto message = answer({});
  message.header.aa = false;
  append(message.authority, ns);
  return message;
}

dns::Message without_aa(dns::Message message) {
  message.header.aa = false;
  return message;
}

const auto A = dns::RRType::A;
const auto NS = dns::RRType::NS;

}  // namespace

TEST_CASE("an answer is compared with what is wanted", "[monitor][expectation]") {
  const auto www = rrset("www.example.org", A, 300, {"192.0.2.1", "192.0.2.2"});
  const auto cut = rrset("sub.example.org", NS, 300, {"ns1.sub.example.org", "ns2.example.net"});
  const auto data = ExpectedAnswer::data(www);
  const auto gone = ExpectedAnswer::absence(name("www.example.org"), A);
  const auto referred = ExpectedAnswer::referral(cut);
  const auto none = ExpectedAnswer::nxdomain(name("nobody.example.org"));
  struct Case {
    const char* what;
    ExpectedAnswer expected;
    dns::Message answer;
    Outcome want;
    const char* says;
  };
  const auto c = GENERATE_COPY(values<Case>({
      {"the same", data, answer({www}), Outcome::matched, ""},
      {"another order", data,
       answer({rrset("www.example.org", A, 300, {"192.0.2.2", "192.0.2.1"})}), Outcome::matched,
       ""},
      {"another case of the owner", data,
       answer({rrset("WWW.example.org", A, 300, {"192.0.2.1", "192.0.2.2"})}), Outcome::matched,
       ""},
      {"other data", data, answer({rrset("www.example.org", A, 300, {"192.0.2.9"})}),
       Outcome::different, "got 192.0.2.9 (TTL 300)"},
      {"one record less", data, answer({rrset("www.example.org", A, 300, {"192.0.2.1"})}),
       Outcome::different, "wanted 192.0.2.1 192.0.2.2"},
      {"another TTL", data, answer({rrset("www.example.org", A, 60, {"192.0.2.1", "192.0.2.2"})}),
       Outcome::different, "(TTL 60)"},
      {"NODATA", data, answer({}), Outcome::missing, "www.example.org. A"},
      {"NXDOMAIN", data, answer({}, dns::Rcode::nxdomain), Outcome::missing, "NXDOMAIN"},
      {"another owner's records", data, answer({rrset("w.example.org", A, 300, {"192.0.2.1"})}),
       Outcome::missing, "no such data"},
      {"REFUSED", data, answer({}, dns::Rcode::refused), Outcome::no_answer, "REFUSED"},
      {"SERVFAIL", data, answer({}, dns::Rcode::servfail), Outcome::no_answer, "SERVFAIL"},
      {"lame", data, without_aa(answer({www})), Outcome::no_answer, "without authority"},
      {"NODATA as wanted", gone, answer({}), Outcome::matched, ""},
      {"NXDOMAIN is as good", gone, answer({}, dns::Rcode::nxdomain), Outcome::matched, ""},
      {"still there", gone, answer({www}), Outcome::different, "wanted nothing"},
      {"the delegation", referred, referral(cut), Outcome::matched, ""},
      {"another delegation", referred,
       referral(rrset("sub.example.org", NS, 300, {"ns3.example.net"})), Outcome::different,
       "ns3.example.net."},
      {"no delegation", referred, without_aa(answer({})), Outcome::missing, "sub.example.org. NS"},
      {"the server has the child, too", referred,
       answer({rrset("sub.example.org", NS, 60, {"other.example"})}), Outcome::not_compared, ""},
      {"no such name", none, answer({}, dns::Rcode::nxdomain), Outcome::matched, ""},
      {"a name that should not be", none,
       answer({rrset("nobody.example.org", A, 1, {"192.0.2.7"})}), Outcome::different, "records"},
      {"an empty name that should not be", none, answer({}), Outcome::different, "empty answer"},
  }));
  INFO(c.what);
  const auto found = compare(c.expected, c.answer, false);
  CHECK(found.outcome == c.want);
  CHECK_THAT(found.words, Catch::Contains(c.says));
  CHECK(found.words.empty() == (c.want == Outcome::matched));
}

TEST_CASE("a TTL may differ where it is said", "[monitor][expectation]") {
  const auto wanted = ExpectedAnswer::data(rrset("www.example.org", A, 300, {"192.0.2.1"}));
  const auto served = answer({rrset("www.example.org", A, 60, {"192.0.2.1"})});
  CHECK(compare(wanted, served, true).outcome == Outcome::matched);
  CHECK(compare(wanted, served, false).outcome == Outcome::different);
}

TEST_CASE("the words for a large RRset are cut", "[monitor][expectation]") {
  std::vector<std::string> many;
  for (int i = 0; i < 200; ++i) many.push_back("10.0.0." + std::to_string(i));
  const auto words = monitor::in_words(rrset("big.example.org", A, 300, many));
  CHECK(words.size() < 300);
  CHECK_THAT(words, Catch::Contains("…"));
}
