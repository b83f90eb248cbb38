#include "zonestore/zone_version.hpp"

#include "dns/presentation.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <random>

using namespace taproot;
using dns::RRType;

namespace {

dns::Name name_of(const std::string& text) {
  return dns::Name::from_text(text).value();
}

dns::RRset rrset_of(const std::string& owner, RRType type, std::uint32_t ttl,
                    const std::vector<std::string>& rdata) {
  dns::RRset rrset{name_of(owner), type, ttl, {}};
  for (const auto& text : rdata) {
    rrset.rdata.push_back(dns::rdata_from_text(type, text, dns::Name()).value());
  }
  return rrset;
}

zonestore::ZoneBuilder example() {
  zonestore::ZoneBuilder zone(name_of("example."));
  zone.put(rrset_of("example.", RRType::SOA, 3600,
                    {"ns1.example. admin.example. 7 3600 600 86400 300"}));
  zone.put(rrset_of("example.", RRType::NS, 3600, {"ns1.example."}));
  zone.put(rrset_of("ns1.example.", RRType::A, 3600, {"192.0.2.1"}));
  return zone;
}

std::string text_of(const zonestore::Node* node, const dns::Name& apex) {
  return node == nullptr ? "-" : node->owner(apex).to_text();
}

}  // namespace

TEST_CASE("a lookup tells how a name relates to the zone", "[zonestore][version]") {
  auto zone = example();
  zone.put(rrset_of("a.b.example.", RRType::A, 60, {"192.0.2.2"}));
  zone.put(rrset_of("*.wild.example.", RRType::A, 60, {"192.0.2.3"}));
  zone.put(rrset_of("sub.example.", RRType::NS, 60, {"ns.sub.example."}));
  zone.put(rrset_of("ns.sub.example.", RRType::A, 60, {"192.0.2.4"}));
  zone.put(rrset_of("d.example.", RRType::DNAME, 60, {"elsewhere.example.com."}));
  const auto version = zone.finish().value();

  struct Case {
    const char* qname;
    const char* exact;
    const char* encloser;
    const char* delegation;
    const char* dname;
    const char* wildcard;
  };
  const auto c = GENERATE(
      Case{"example.", "example.", "example.", "-", "-", "-"},
      Case{"b.example.", "b.example.", "b.example.", "-", "-", "-"},
      Case{"A.B.EXAMPLE.", "a.b.example.", "a.b.example.", "-", "-", "-"},
      Case{"x.y.b.example.", "-", "b.example.", "-", "-", "-"},
      Case{"q.wild.example.", "-", "wild.example.", "-", "-", "*.wild.example."},
      Case{"r.q.wild.example.", "-", "wild.example.", "-", "-", "*.wild.example."},
      Case{"*.wild.example.", "*.wild.example.", "*.wild.example.", "-", "-", "-"},
      Case{"sub.example.", "sub.example.", "sub.example.", "sub.example.", "-", "-"},
      Case{"ns.sub.example.", "ns.sub.example.", "ns.sub.example.", "sub.example.", "-", "-"},
      Case{"x.ns.sub.example.", "-", "ns.sub.example.", "sub.example.", "-", "-"},
      Case{"d.example.", "d.example.", "d.example.", "-", "-", "-"},
      Case{"x.d.example.", "-", "d.example.", "-", "d.example.", "-"},
      Case{"ns.example.", "-", "example.", "-", "-", "-"});
  CAPTURE(c.qname);
  const auto& apex = version->apex();
  const auto found = version->lookup(name_of(c.qname).wire());
  CHECK(text_of(found.exact, apex) == c.exact);
  REQUIRE(found.closest_encloser != nullptr);
  CHECK(text_of(found.closest_encloser, apex) == c.encloser);
  CHECK(text_of(found.delegation, apex) == c.delegation);
  CHECK(text_of(found.dname, apex) == c.dname);
  CHECK(text_of(version->find_wildcard(*found.closest_encloser), apex) == c.wildcard);
}

TEST_CASE("empty non-terminals come and go with what is below them", "[zonestore][version]") {
  auto zone = example();
  zone.put(rrset_of("a.b.c.example.", RRType::A, 60, {"192.0.2.2"}));
  auto version = zone.finish().value();
  REQUIRE(version->find(name_of("b.c.example.")) != nullptr);
  CHECK(version->find(name_of("c.example."))->is_empty());
  CHECK(version->name_count() == 5);

  zonestore::ZoneBuilder next(*version);
  CHECK(next.remove(name_of("a.b.c.example."), RRType::A));
  CHECK_FALSE(next.remove(name_of("a.b.c.example."), RRType::A));
  const auto after = next.finish().value();
  CHECK(after->find(name_of("c.example.")) == nullptr);
  CHECK(after->name_count() == 2);
  CHECK(version->name_count() == 5);
}

TEST_CASE("a zone without SOA is not finished", "[zonestore][version]") {
  zonestore::ZoneBuilder zone(name_of("example."));
  zone.put(rrset_of("example.", RRType::NS, 3600, {"ns1.example."}));
  const auto version = zone.finish();
  REQUIRE_FALSE(version);
  CHECK(version.error().code == Errc::bad_zone);
}

TEST_CASE("versions, changes and a plain map agree over random edits", "[zonestore][changes]") {
  using Key = std::pair<dns::Name, RRType>;
  std::mt19937 random(23);
  auto version = example().finish().value();
  std::map<Key, dns::RRset> plain;
  for (auto at = version->walk(); at.leaf() != nullptr; at.next()) {
    for (const auto rrset : at.leaf()->rrsets()) {
      const auto owner = at.leaf()->owner(version->apex());
      plain[{owner, rrset.type()}] = rrset.to_rrset(owner);
    }
  }
  std::vector<std::shared_ptr<const zonestore::ZoneVersion>> versions = {version};
  for (int step = 0; step < 120; ++step) {
    zonestore::ZoneBuilder next(*version);
    for (std::size_t edit = 0; edit < 1 + random() % 4; ++edit) {
      std::string owner = "n" + std::to_string(random() % 30) + ".example.";
      if (random() % 2 == 0) owner = "x." + owner;
      const auto type = random() % 2 == 0 ? RRType::A : RRType::TXT;
      if (random() % 3 == 0) {
        CHECK(next.remove(name_of(owner), type) == (plain.erase({name_of(owner), type}) == 1));
        continue;
      }
      const std::string number = std::to_string(random() % 4);
      auto rrset = type == RRType::A ? rrset_of(owner, type, 60, {"192.0.2." + number, "192.0.2.9"})
                                     : rrset_of(owner, type, 60, {"\"t" + number + "\""});
      plain[{rrset.owner, type}] = rrset;
      next.put(std::move(rrset));
    }
    next.set_serial(version->serial().next());
    auto after = next.finish().value();
    plain[{name_of("example."), RRType::SOA}] = *after->find(name_of("example."), RRType::SOA);
    const auto changes = zonestore::changes_between(*version, *after);
    zonestore::ZoneBuilder replay(*version);
    REQUIRE(replay.apply(changes));
    CHECK(zonestore::changes_between(*replay.finish().value(), *after).changes.empty());
    version = after;
    versions.push_back(version);

    REQUIRE(version->rrset_count() == plain.size());
    std::size_t records = 0;
    for (const auto& [key, rrset] : plain) {
      records += rrset.rdata.size();
      const auto found = version->find(key.first, key.second);
      REQUIRE(found);
      CHECK(dns::same_rrset(*found, rrset));
    }
    CHECK(version->record_count() == records);
  }
  std::vector<std::shared_ptr<const zonestore::ChangeSet>> steps;
  for (std::size_t i = 1; i < versions.size(); ++i) {
    steps.push_back(std::make_shared<const zonestore::ChangeSet>(
        zonestore::changes_between(*versions[i - 1], *versions[i])));
  }
  for (std::size_t from = 0; from + 1 < versions.size(); from += 7) {
    const auto condensed =
        zonestore::condense({steps.begin() + static_cast<std::ptrdiff_t>(from), steps.end()});
    CHECK(condensed.changes ==
          zonestore::changes_between(*versions[from], *versions.back()).changes);
  }
}

TEST_CASE("changes for another version are refused", "[zonestore][changes]") {
  const auto version = example().finish().value();
  zonestore::ChangeSet changes;
  changes.changes.push_back(
      {rrset_of("ns1.example.", RRType::A, 3600, {"192.0.2.77"}), std::nullopt});
  zonestore::ZoneBuilder builder(*version);
  const auto applied = builder.apply(changes);
  REQUIRE_FALSE(applied);
  CHECK(applied.error().code == Errc::conflict);
}

TEST_CASE("case and order of data are no changes", "[zonestore][changes]") {
  auto a = example();
  a.put(rrset_of("m.example.", RRType::MX, 60, {"10 MAIL.example.", "20 b.example."}));
  auto b = example();
  b.put(rrset_of("M.example.", RRType::MX, 60, {"20 b.example.", "10 mail.example."}));
  CHECK(zonestore::changes_between(*a.finish().value(), *b.finish().value()).changes.empty());
}

TEST_CASE("history reaches back as far as its bounds", "[zonestore][version]") {
  auto version = example().finish().value();
  for (int i = 0; i < 10; ++i) {
    zonestore::ZoneBuilder next(*version);
    next.set_serial(version->serial().next());
    auto after = next.finish().value();
    zonestore::ZoneBuilder with_history(*after);
    with_history.push_history(
        std::make_shared<const zonestore::ChangeSet>(zonestore::changes_between(*version, *after)),
        4, 1 << 20);
    version = with_history.finish().value();
  }
  CHECK(version->serial() == dns::Serial(17));
  CHECK(version->history().size() == 4);
  CHECK(version->steps_from(dns::Serial(17))->empty());
  CHECK(version->steps_from(dns::Serial(13))->size() == 4);
  CHECK_FALSE(version->steps_from(dns::Serial(12)));
}
