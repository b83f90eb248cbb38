#include "zonestore/name_trie.hpp"

#include "dns/name.hpp"
#include "zonestore/zone_set.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <random>
#include <set>

using namespace taproot;
using zonestore::NameTrie;
using zonestore::TrieKey;

namespace {

/// A leaf that counts how many of it are alive.
struct TestLeaf {
  explicit TestLeaf(dns::Name n) : name(std::move(n)) { ++alive; }
  ~TestLeaf() { --alive; }
  Octets labels() const { return name.wire().first(name.size() - 1); }
  static void retain(const TestLeaf* leaf) { ++leaf->holders; }
  static void release(const TestLeaf* leaf) {
    if (--leaf->holders == 0) delete leaf;
  }

  dns::Name name;
  mutable int holders = 1;
  static inline int alive = 0;
};

using Trie = NameTrie<TestLeaf>;

TrieKey key_of(const dns::Name& name) {
  return TrieKey(name.wire().first(name.size() - 1));
}
dns::Name name_of(const std::string& text) {
  return dns::Name::from_text(text).value();
}

/// Names over a small alphabet, so that prefixes, ancestors and escapes are frequent.
dns::Name random_name(std::mt19937& random) {
  static const std::vector<std::string> labels = {
      "a", "ab",         "b",  "www", "*", "\\.", "\\000", "_x", "A-very-long-label-of-no-use",
      "0", "\\255\\128", "\\{"};
  std::string text;
  const auto count = random() % 5;
  for (std::size_t i = 0; i < count; ++i) text += labels[random() % labels.size()] + ".";
  return name_of(text.empty() ? "." : text);
}

std::vector<std::string> names_in(const Trie& trie) {
  std::vector<std::string> names;
  for (Trie::Cursor at(trie); at.leaf() != nullptr; at.next()) {
    names.push_back(at.leaf()->name.to_text());
  }
  return names;
}

std::vector<std::string> names_in(const std::set<dns::Name>& set) {
  std::vector<std::string> names;
  for (const auto& name : set) names.push_back(name.to_text());
  return names;
}

}  // namespace

TEST_CASE("a trie holds what a set holds, in canonical order", "[zonestore][trie]") {
  std::mt19937 random(7);
  {
    Trie trie;
    std::set<dns::Name> set;
    for (int i = 0; i < 4000; ++i) {
      const auto name = random_name(random);
      if (random() % 3 == 0) {
        CHECK(trie.erase(key_of(name)) == (set.erase(name) == 1));
      } else {
        set.erase(name);  // the leaf put last is the one kept, with its case
        set.insert(name);
        trie.put(new TestLeaf(name));
      }
      REQUIRE(trie.size() == set.size());
      if (i % 50 == 0) REQUIRE(names_in(trie) == names_in(set));
    }
    for (int i = 0; i < 500; ++i) {
      const auto name = random_name(random);
      const auto* leaf = trie.find(key_of(name));
      CHECK((leaf != nullptr) == (set.count(name) == 1));
    }
  }
  CHECK(TestLeaf::alive == 0);
}

TEST_CASE("a copy of a trie does not see later changes", "[zonestore][trie]") {
  std::mt19937 random(11);
  {
    std::vector<std::pair<Trie, std::vector<std::string>>> copies;
    Trie trie;
    for (int i = 0; i < 2000; ++i) {
      const auto name = random_name(random);
      if (random() % 3 == 0) {
        trie.erase(key_of(name));
      } else {
        trie.put(new TestLeaf(name));
      }
      if (i % 100 == 0) copies.emplace_back(trie, names_in(trie));
    }
    for (const auto& [copy, names] : copies) CHECK(names_in(copy) == names);
    copies.erase(copies.begin() + 3, copies.begin() + 9);
    for (const auto& [copy, names] : copies) CHECK(names_in(copy) == names);
  }
  CHECK(TestLeaf::alive == 0);
}

TEST_CASE("ancestors are visited from the top, descendants are noticed", "[zonestore][trie]") {
  std::mt19937 random(13);
  for (int round = 0; round < 40; ++round) {
    Trie trie;
    std::set<dns::Name> set;
    for (std::size_t i = 0; i < 1 + random() % 60; ++i) {
      const auto name = random_name(random);
      if (set.insert(name).second) trie.put(new TestLeaf(name));
    }
    for (int i = 0; i < 100; ++i) {
      const auto name = random_name(random);
      std::vector<std::string> want;
      bool below = false;
      for (const auto& other : set) {
        if (name.is_subdomain_of(other)) want.push_back(other.to_text());
        below = below || (other.is_subdomain_of(name) && !(other == name));
      }
      std::vector<std::string> got;
      trie.for_each_ancestor(key_of(name),
                             [&](const TestLeaf& leaf) { got.push_back(leaf.name.to_text()); });
      CAPTURE(name.to_text());
      CHECK(got == want);
      CHECK(trie.has_descendants(key_of(name)) == below);
    }
  }
}

TEST_CASE("the difference of two tries is what a set difference says", "[zonestore][trie]") {
  std::mt19937 random(17);
  for (int round = 0; round < 60; ++round) {
    Trie a;
    for (std::size_t i = 0; i < random() % 40; ++i) a.put(new TestLeaf(random_name(random)));
    Trie b = round % 2 == 0 ? a : Trie();
    for (std::size_t i = 0; i < random() % 40; ++i) {
      const auto name = random_name(random);
      if (random() % 2 == 0) {
        b.erase(key_of(name));
      } else {
        b.put(new TestLeaf(name));
      }
    }
    std::map<dns::Name, std::pair<const TestLeaf*, const TestLeaf*>> want;
    for (Trie::Cursor at(a); at.leaf() != nullptr; at.next())
      want[at.leaf()->name].first = at.leaf();
    for (Trie::Cursor at(b); at.leaf() != nullptr; at.next())
      want[at.leaf()->name].second = at.leaf();
    std::vector<std::pair<const TestLeaf*, const TestLeaf*>> expected;
    for (const auto& [name, leaves] : want) {
      if (leaves.first != leaves.second) expected.push_back(leaves);
    }
    std::vector<std::pair<const TestLeaf*, const TestLeaf*>> got;
    Trie::difference(a, b, [&](const TestLeaf* x, const TestLeaf* y) { got.emplace_back(x, y); });
    CHECK(got == expected);
  }
}

TEST_CASE("the longest apex at or above a name is its zone", "[zonestore][zone_set]") {
  zonestore::ZoneSet zones;
  for (const char* apex : {"example.", "a.example.", "x.a.example.", "other."}) {
    zones = zones.with(name_of(apex), nullptr);
  }
  struct Case {
    const char* qname;
    const char* zone;
    const char* above;
  };
  const auto c = GENERATE(
      Case{"example.", "example.", ""}, Case{"a.example.", "a.example.", "example."},
      Case{"y.x.a.example.", "x.a.example.", "x.a.example."},
      Case{"aa.example.", "example.", "example."}, Case{"A.EXAMPLE.", "a.example.", "example."},
      Case{"example.com.", "", ""}, Case{".", "", ""});
  CAPTURE(c.qname);
  const auto text = [](const zonestore::ZoneEntry* entry) {
    return entry == nullptr ? std::string() : entry->apex().to_text();
  };
  CHECK(text(zones.find_enclosing(name_of(c.qname).wire())) == c.zone);
  CHECK(text(zones.find_enclosing(name_of(c.qname).wire(), true)) == c.above);
}
