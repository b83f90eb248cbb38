#include "zonestore/check_part.hpp"

#include "../support/zone_text.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

using namespace taproot;
using zonestore::Finding;
using zonestore::Names;
using zonestore::ZoneBuilder;
using zonestore::ZoneVersion;

namespace {

using Version = std::shared_ptr<const ZoneVersion>;

/// Small zones in which everything meets everything: cuts, glue, DNAMEs, wildcards, CNAME chains.
class RandomZone {
 public:
  explicit RandomZone(unsigned seed) : random_(seed) {}

  Version make() {
    ZoneBuilder builder(apex_);
    put(builder, "example. 3600 SOA ns.example. hostmaster.example. 1 3600 600 2419200 300");
    put(builder, "example. 3600 NS ns.example.");
    put(builder, "ns.example. 3600 A 93.184.215.14");
    for (int i = 0; i < 14; ++i) change(builder);
    return *builder.finish();
  }

  Version changed(const Version& before) {
    ZoneBuilder builder(*before);
    const auto steps = pick(3) + 1;
    for (std::size_t i = 0; i < steps; ++i) change(builder);
    builder.set_serial(before->serial().next());
    return *builder.finish();
  }

 private:
  std::size_t pick(std::size_t below) {
    return std::uniform_int_distribution<std::size_t>(0, below - 1)(random_);
  }

  std::string name() {
    static const std::vector<std::string> labels = {"a", "b", "*", "c"};
    std::string name = "example.";
    for (auto depth = pick(3) + 1; depth > 0; --depth) name = labels[pick(4)] + "." + name;
    return name;
  }

  void change(ZoneBuilder& builder) {
    static const std::vector<std::string> types = {"A", "NS", "CNAME", "MX", "DNAME", "DS", "TXT"};
    const auto type = types[pick(types.size())];
    const auto owner = name();
    if (pick(3) == 0) {
      builder.remove(*dns::Name::from_text(owner), *dns::rrtype_from_text(type));
      return;
    }
    std::string rdata;
    if (type == "A") rdata = "93.184.215." + std::to_string(pick(200));
    if (type == "NS" || type == "CNAME" || type == "DNAME") rdata = name();
    if (type == "MX") rdata = "10 " + name();
    if (type == "DS") rdata = "1 8 2 " + std::string(64, 'a');
    if (type == "TXT") rdata = "\"x\"";
    put(builder, owner + " 3600 " + type + " " + rdata);
  }

  static void put(ZoneBuilder& builder, const std::string& line) {
    for (auto& rrset : tests::rrsets_of(dns::Name(), line)) builder.put(std::move(rrset));
  }

  std::mt19937 random_;
  dns::Name apex_ = *dns::Name::from_text("example.");
};

Names all_names(const ZoneVersion& version) {
  Names names;
  for (auto at = version.walk(); at.leaf() != nullptr; at.next()) {
    names.insert(at.leaf()->owner(version.apex()));
  }
  return names;
}

using Said = std::set<std::string>;

Said said(const std::vector<Finding>& findings) {
  Said all;
  for (const auto& finding : findings) all.insert(finding.rule + ": " + finding.message);
  return all;
}

Said said_of_all(const ZoneVersion& version) {
  return said(
      zonestore::run_check(version.apex(), records_of(version, all_names(version)), {}, nullptr));
}

}  // namespace

TEST_CASE("about a part of a zone is said what is said about it in the whole",
          "[zonestore][check]") {
  const auto seed = GENERATE(range(0u, 150u));
  CAPTURE(seed);
  const auto version = RandomZone(seed).make();
  const auto whole = said_of_all(*version);
  Said parts;
  for (const auto& name : all_names(*version)) {
    const auto part = said(check_part(*version, records_of(*version, {name}), nullptr));
    CAPTURE(name.to_text());
    for (const auto& words : part) {
      CAPTURE(words);
      // A circle is told about where it was entered.
      if (words.starts_with("cname-loop")) continue;
      CHECK(whole.contains(words));
    }
    parts.insert(part.begin(), part.end());
  }
  for (const auto& words : whole) {
    CAPTURE(words);
    if (!words.starts_with("cname-loop")) CHECK(parts.contains(words));
  }
}

TEST_CASE("no rule has a word about a plain name", "[zonestore][check]") {
  const auto seed = GENERATE(range(0u, 300u));
  CAPTURE(seed);
  const auto version = RandomZone(seed).make();
  CHECK(said(check_version(*version)) == said_of_all(*version));
}

TEST_CASE("what a change makes wrong lies among the names it touches", "[zonestore][check]") {
  const auto seed = GENERATE(range(0u, 200u));
  const bool filtered = GENERATE(true, false);
  RandomZone zone(seed);
  auto before = zone.make();
  zonestore::TargetFilter targets(*before);
  for (int step = 0; step < 6; ++step) {
    CAPTURE(seed, step, filtered);
    const auto after = zone.changed(before);
    const auto changes = changes_between(*before, *after);
    targets.apply(after->apex(), changes);
    const auto touched = names_touched(*before, *after, changes, filtered ? &targets : nullptr);
    if (touched) {
      const auto was = said_of_all(*before);
      const auto is = said_of_all(*after);
      const auto part = said(check_part(*after, records_of(*after, *touched), nullptr));
      for (const auto& words : is) {
        CAPTURE(words);
        if (!was.contains(words)) CHECK((part.contains(words) || words.starts_with("cname-loop")));
      }
      for (const auto& words : part) {
        CAPTURE(words);
        CHECK((is.contains(words) || words.starts_with("cname-loop")));
      }
    }
    before = after;
  }
}

TEST_CASE("a target filter never takes a name that is pointed at for one that is not",
          "[zonestore][check]") {
  const auto seed = GENERATE(range(0u, 100u));
  CAPTURE(seed);
  RandomZone zone(seed);
  auto version = zone.make();
  zonestore::TargetFilter targets(*version);
  for (int step = 0; step < 10; ++step) {
    const auto next = zone.changed(version);
    targets.apply(next->apex(), changes_between(*version, *next));
    version = next;
  }
  for (auto at = version->walk(); at.leaf() != nullptr; at.next()) {
    for (const auto rrset : at.leaf()->rrsets()) {
      for (const Octets rdata : rrset) {
        const Octets labels = zonestore::target_labels(version->apex(), rrset.type(), rdata);
        if (!labels.empty()) CHECK(targets.may_have(labels));
      }
    }
  }
}

TEST_CASE("a target filter knows nearly all names that nothing points at", "[zonestore][check]") {
  constexpr int children = 20'000;
  std::string text = "@ 300 SOA ns.example.net. hostmaster.example.net. 1 2 3 4 5\n";
  for (int i = 0; i < children; ++i) {
    const auto child = "child" + std::to_string(i);
    text += child + " 300 NS ns." + child + "\n";
  }
  const auto version = tests::zone_of("example.", text);
  const zonestore::TargetFilter targets(*version);
  int taken = 0;
  for (int i = 0; i < children; ++i) {
    const auto other = *dns::Name::from_text("other" + std::to_string(i) + ".example.");
    if (targets.may_have(other.wire().first(other.size() - version->apex().size()))) ++taken;
  }
  CHECK(taken < children / 100);
}
