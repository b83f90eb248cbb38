#include "zonestore/update.hpp"

#include "tests/support/zone_text.hpp"

#include <catch2/catch.hpp>

#include <sstream>
#include <string>
#include <vector>

namespace taproot::zonestore {

using dns::Prerequisite;
using dns::Rcode;
using dns::RRType;
using dns::UpdateChange;
using tests::name_of;

namespace {

const dns::Name& apex() {
  static const auto name = name_of("example.com.");
  return name;
}

std::shared_ptr<const ZoneVersion> zone() {
  static const auto version = tests::zone_of("example.com.", R"(
@ 60 SOA ns.example.net. admin 10 1 1 1 60
@ 60 NS ns1.example.net.
@ 60 NS ns2.example.net.
@ 60 TXT "apex"
www 300 A 192.0.2.1
www 300 A 192.0.2.2
www 300 TXT "web"
alias 300 CNAME www.example.com.
mail 300 MX 10 Mail.example.com.
a.ent 300 A 192.0.2.3
svc 300 WKS \# 9 c00002010600000040
sub 300 NS ns.sub
ns.sub 300 A 192.0.2.53
)");
  return version;
}

dns::Name owner_of(const std::string& text) {
  return dns::Name::from_text(text, apex()).value();
}

/// "owner in-use", "owner free", "owner TYPE exists", "owner TYPE absent", "owner TYPE = RDATA".
/// Values of one RRset are given one by one, and gathered as the parser gathers them.
std::vector<Prerequisite> prerequisites_of(const std::string& lines) {
  using Kind = Prerequisite::Kind;
  std::vector<Prerequisite> all;
  std::istringstream text(lines);
  for (std::string line; std::getline(text, line);) {
    std::istringstream fields(line);
    std::string owner, what, how, rdata;
    fields >> owner >> what;
    if (owner.empty()) continue;
    const auto name = owner_of(owner);
    if (what == "in-use" || what == "free") {
      all.push_back(
          {what == "free" ? Kind::name_not_in_use : Kind::name_in_use, name, RRType::none, {}});
      continue;
    }
    fields >> how;
    const auto type = dns::rrtype_from_text(what).value();
    if (how != "=") {
      all.push_back({how == "absent" ? Kind::rrset_absent : Kind::rrset_exists, name, type, {}});
      continue;
    }
    std::getline(fields >> std::ws, rdata);
    const auto value = dns::rdata_from_text(type, rdata, apex()).value();
    const bool goes_on = !all.empty() && all.back().owner == name && all.back().type == type;
    if (!goes_on) all.push_back({Kind::rrset_has_values, name, type, {}});
    all.back().values.push_back(value);
  }
  return all;
}

/// "add OWNER TTL TYPE RDATA", "del OWNER", "del OWNER TYPE", "del OWNER TYPE RDATA".
std::vector<UpdateChange> changes_of(const std::string& lines) {
  using Kind = UpdateChange::Kind;
  std::vector<UpdateChange> all;
  std::istringstream text(lines);
  for (std::string line; std::getline(text, line);) {
    std::istringstream fields(line);
    std::string verb, owner, type, rdata;
    UpdateChange change;
    if (!(fields >> verb >> owner)) continue;
    change.owner = owner_of(owner);
    if (verb == "add") fields >> change.ttl;
    if (fields >> type) change.type = dns::rrtype_from_text(type).value();
    std::getline(fields >> std::ws, rdata);
    if (!rdata.empty()) change.value = dns::rdata_from_text(change.type, rdata, apex()).value();
    change.kind = verb == "add"   ? Kind::add
                  : type.empty()  ? Kind::remove_name
                  : rdata.empty() ? Kind::remove_rrset
                                  : Kind::remove_value;
    all.push_back(std::move(change));
  }
  return all;
}

std::string records_at(const ZoneVersion& version, const std::string& owner) {
  std::string text;
  const Node* node = version.find(owner_of(owner));
  if (node == nullptr) return text;
  for (const auto rrset : node->rrsets()) {
    for (const auto rdata : rrset) {
      text += (text.empty() ? "" : "; ") + std::to_string(rrset.ttl()) + " " +
              dns::to_text(rrset.type()) + " " + dns::rdata_to_text(rrset.type(), rdata);
    }
  }
  return text;
}

Updated updated(const std::string& changes, const std::string& prerequisites = "") {
  return update_zone(zone(), {apex(), prerequisites_of(prerequisites), changes_of(changes)});
}

}  // namespace

TEST_CASE("RFC 2136 section 3.2: prerequisites", "[zonestore][update]") {
  struct Case {
    const char* prerequisites;
    Rcode rcode;
  };
  const std::vector<Case> cases = {
      {"www in-use", Rcode::noerror},
      {"WWW in-use", Rcode::noerror},
      {"@ in-use", Rcode::noerror},
      {"none in-use", Rcode::nxdomain},
      {"ent in-use", Rcode::nxdomain},  // an empty non-terminal, section 2.4.4
      {"ns.sub in-use", Rcode::noerror},
      {"www free", Rcode::yxdomain},
      {"none free", Rcode::noerror},
      {"ent free", Rcode::noerror},
      {"www A exists", Rcode::noerror},
      {"www AAAA exists", Rcode::nxrrset},
      {"none A exists", Rcode::nxrrset},
      {"alias A exists", Rcode::nxrrset},  // no CNAME is followed
      {"www A absent", Rcode::yxrrset},
      {"www AAAA absent", Rcode::noerror},
      {"none A absent", Rcode::noerror},
      {"www A = 192.0.2.1\nwww A = 192.0.2.2", Rcode::noerror},
      {"www A = 192.0.2.2\nwww A = 192.0.2.1", Rcode::noerror},
      {"www A = 192.0.2.1\nwww A = 192.0.2.2\nwww A = 192.0.2.1", Rcode::noerror},
      {"www A = 192.0.2.1", Rcode::nxrrset},
      {"www A = 192.0.2.1\nwww A = 192.0.2.2\nwww A = 192.0.2.3", Rcode::nxrrset},
      {"www AAAA = 2001:db8::1", Rcode::nxrrset},
      {"none A = 192.0.2.1", Rcode::nxrrset},
      {"mail MX = 10 mail.EXAMPLE.com.", Rcode::noerror},
      {"www TXT = \"Web\"", Rcode::nxrrset},
      {"@ SOA = ns.example.net. admin 10 1 1 1 60", Rcode::noerror},
      {"@ SOA = ns.example.net. admin 9 1 1 1 60", Rcode::nxrrset},
      {"www in-use\nnone free\nwww AAAA absent", Rcode::noerror},
      {"www in-use\nnone in-use", Rcode::nxdomain},
      {"www A = 192.0.2.9\nnone in-use", Rcode::nxdomain},  // values are compared at the end
  };
  for (const auto& c : cases) {
    INFO(c.prerequisites);
    const auto result = updated("add new 60 A 192.0.2.7", c.prerequisites);
    CHECK(result.rcode == c.rcode);
    CHECK(result.why.empty() == (c.rcode == Rcode::noerror));
    CHECK((result.version != nullptr) == (c.rcode == Rcode::noerror));
  }
}

TEST_CASE("RFC 2136 section 3.4.2: changes", "[zonestore][update]") {
  struct Case {
    const char* what;
    const char* changes;
    const char* owner;
    const char* want;
  };
  const char* const apex_records =
      "60 NS ns1.example.net.; 60 NS ns2.example.net.; "
      "60 SOA ns.example.net. admin.example.com. 11 1 1 1 60";
  const std::vector<Case> cases = {
      {"a new name", "add new 60 A 192.0.2.7", "new", "60 A 192.0.2.7"},
      {"a second value", "add www 300 A 192.0.2.3", "www",
       "300 A 192.0.2.1; 300 A 192.0.2.2; 300 A 192.0.2.3; 300 TXT \"web\""},
      {"the TTL is the RRset's", "add www 60 A 192.0.2.3", "www",
       "60 A 192.0.2.1; 60 A 192.0.2.2; 60 A 192.0.2.3; 300 TXT \"web\""},
      {"a duplicate changes the TTL", "add www 60 A 192.0.2.1", "www",
       "60 A 192.0.2.1; 60 A 192.0.2.2; 300 TXT \"web\""},
      {"WKS of the same protocol", "add svc 300 WKS \\# 12 c00002010600000000000004", "svc",
       "300 WKS \\# 12 c00002010600000000000004"},
      {"CNAME beside data", "add www 60 CNAME mail.example.com.", "www",
       "300 A 192.0.2.1; 300 A 192.0.2.2; 300 TXT \"web\""},
      {"data beside CNAME", "add alias 60 A 192.0.2.1", "alias", "300 CNAME www.example.com."},
      {"CNAME for CNAME", "add alias 60 CNAME mail.example.com.", "alias",
       "60 CNAME mail.example.com."},
      {"CNAME after data went", "del www\nadd www 60 CNAME mail.example.com.", "www",
       "60 CNAME mail.example.com."},
      {"data after CNAME went", "del alias CNAME\nadd alias 60 A 192.0.2.1", "alias",
       "60 A 192.0.2.1"},
      {"NSEC beside CNAME", "add alias 60 NSEC b.example.com. CNAME NSEC", "alias",
       "300 CNAME www.example.com.; 60 NSEC b.example.com. CNAME NSEC"},
      {"an RRset", "del www A", "www", "300 TXT \"web\""},
      {"an RRset that is not there", "del www AAAA\nadd new 60 A 192.0.2.7", "www",
       "300 A 192.0.2.1; 300 A 192.0.2.2; 300 TXT \"web\""},
      {"a name", "del www", "www", ""},
      {"a value", "del www A 192.0.2.1", "www", "300 A 192.0.2.2; 300 TXT \"web\""},
      {"a value in another case", "del mail MX 10 MAIL.EXAMPLE.COM.", "mail", ""},
      {"the last value", "del www A 192.0.2.1\ndel www A 192.0.2.2\ndel www TXT web", "www", ""},
      {"a value of no effect", "del www A 192.0.2.9\nadd new 60 A 192.0.2.7", "www",
       "300 A 192.0.2.1; 300 A 192.0.2.2; 300 TXT \"web\""},
      {"delete, then add", "del www A\nadd www 60 A 192.0.2.9", "www",
       "60 A 192.0.2.9; 300 TXT \"web\""},
      {"add, then delete the name", "add new 60 A 192.0.2.7\ndel new\nadd new 5 TXT x", "new",
       "5 TXT \"x\""},
      {"the apex as a whole", "del @", "@", apex_records},
      {"the apex's NS", "del @ NS\ndel @ TXT", "@", apex_records},
      {"the apex's SOA", "del @ SOA\ndel @ TXT", "@", apex_records},
      {"the SOA's value", "del @ SOA ns.example.net. admin 10 1 1 1 60\ndel @ TXT", "@",
       apex_records},
      {"the apex's last NS", "del @ NS ns1.example.net.\ndel @ NS ns2.example.net.\ndel @ TXT", "@",
       "60 NS ns2.example.net.; 60 SOA ns.example.net. admin.example.com. 11 1 1 1 60"},
      {"a delegation's last NS", "del sub NS ns.sub", "sub", ""},
      {"a delegation's NS", "del sub NS", "sub", ""},
      {"a newer SOA", "add @ 90 SOA ns.example.net. other 500 2 2 2 2\ndel @ TXT", "@",
       "60 NS ns1.example.net.; 60 NS ns2.example.net.; "
       "90 SOA ns.example.net. other.example.com. 500 2 2 2 2"},
      {"a SOA of the same serial", "add @ 90 SOA ns.example.net. other 10 2 2 2 2\ndel @ TXT", "@",
       apex_records},
      {"an older SOA", "add @ 90 SOA ns.example.net. other 9 2 2 2 2\ndel @ TXT", "@",
       apex_records},
      {"a SOA 2^31 ahead", "add @ 90 SOA ns.example.net. o 2147483658 2 2 2 2\ndel @ TXT", "@",
       apex_records},
      {"a SOA elsewhere", "add www 90 SOA ns.example.net. other 500 2 2 2 2", "www",
       "300 A 192.0.2.1; 300 A 192.0.2.2; 300 TXT \"web\""},
  };
  for (const auto& c : cases) {
    INFO(c.what);
    const auto result = updated(c.changes);
    REQUIRE(result.version);
    CHECK(result.rcode == Rcode::noerror);
    CHECK(records_at(*result.version, c.owner) == c.want);
  }
}

TEST_CASE("an UPDATE that changes nothing gives the same version", "[zonestore][update]") {
  const auto changes =
      GENERATE("", "del none", "del www AAAA", "del www A 192.0.2.77", "add www 300 A 192.0.2.1",
               "add www 60 CNAME a.example.com.", "add new 60 A 192.0.2.7\ndel new", "del @ SOA",
               "add @ 60 SOA ns.example.net. other 10 2 2 2 2");
  CAPTURE(changes);
  const auto result = updated(changes);
  CHECK(result.rcode == Rcode::noerror);
  CHECK(result.version == zone());
  CHECK_FALSE(result.sets_serial);
}

TEST_CASE("an UPDATE moves the serial on, or takes the requester's", "[zonestore][update]") {
  const auto next = updated("add new 60 A 192.0.2.7");
  REQUIRE(next.version);
  CHECK(next.version->serial() == dns::Serial(11));
  CHECK_FALSE(next.sets_serial);
  const auto set = updated("add @ 60 SOA ns.example.net. admin 500 1 1 1 60");
  REQUIRE(set.version);
  CHECK(set.version->serial() == dns::Serial(500));
  CHECK(set.sets_serial);
  // What was demanded of the version before does not hold for the next.
  const auto again = update_zone(
      next.version, {apex(), prerequisites_of("@ SOA = ns.example.net. admin 10 1 1 1 60"), {}});
  CHECK(again.rcode == Rcode::nxrrset);
}

TEST_CASE("a name's removal spares what its remover has no right to", "[zonestore][update]") {
  auto changes = changes_of("del www\ndel sub");
  for (auto& change : changes) change.spares = {RRType::TXT, RRType::NS};
  const auto result = update_zone(zone(), {apex(), {}, changes});
  REQUIRE(result.version);
  CHECK(records_at(*result.version, "www") == "300 TXT \"web\"");
  CHECK(records_at(*result.version, "sub") == "300 NS ns.sub.example.com.");
}

TEST_CASE("an UPDATE shares its memory with the version before", "[zonestore][update]") {
  const auto result = updated("add new 60 A 192.0.2.7");
  REQUIRE(result.version);
  CHECK(result.version->find(owner_of("www")) == zone()->find(owner_of("www")));
  CHECK(result.version->record_count() == zone()->record_count() + 1);
}

}  // namespace taproot::zonestore
