#include "zonestore/catalog.hpp"

#include "tests/support/zone_text.hpp"
#include "zonestore/changes.hpp"

#include <catch2/catch.hpp>

using namespace taproot;
using namespace taproot::tests;
using dns::RRType;
using zonestore::CatalogMember;

namespace {

const dns::Name apex = name_of("catalog.example.");
const std::string head =
    "@ 0 SOA invalid. invalid. 1 3600 600 2147483646 0\n"
    "@ 0 NS invalid.\n"
    "version 0 TXT \"2\"\n";

std::vector<CatalogMember> members() {
  return {{"a", name_of("one.example."), {}, std::nullopt},
          {"b", name_of("two.example."), {"red", "round"}, name_of("other.example.")}};
}

}  // namespace

TEST_CASE("a catalog is what RFC 9432 says", "[zonestore][catalog]") {
  const auto made = zonestore::make_catalog(apex, nullptr, members());
  const auto wanted = zone_of("catalog.example.", head +
                                                      "a.zones 0 PTR one.example.\n"
                                                      "b.zones 0 PTR two.example.\n"
                                                      "group.b.zones 0 TXT \"red\"\n"
                                                      "group.b.zones 0 TXT \"round\"\n"
                                                      "coo.b.zones 0 PTR other.example.\n");
  CHECK(zonestore::to_text(zonestore::changes_between(*wanted, *made)).empty());
  CHECK(zonestore::read_catalog(*made).value() == members());
}

TEST_CASE("a catalog changes by what changed", "[zonestore][catalog]") {
  const auto before = zonestore::make_catalog(apex, nullptr, members());
  auto next = members();
  next[1].groups = {"red"};
  next[1].coo.reset();
  next.erase(next.begin());
  next.push_back({"c", name_of("three.example."), {}, std::nullopt});
  const auto after = zonestore::make_catalog(apex, before.get(), next);
  CHECK(zonestore::read_catalog(*after).value() == next);
  CHECK(zonestore::changes_between(*before, *after).changes.size() == 4);
  const auto same = zonestore::make_catalog(apex, after.get(), next);
  CHECK(zonestore::changes_between(*after, *same).changes.empty());
  CHECK(zonestore::make_catalog(apex, after.get(), {})->record_count() == 3);
}

TEST_CASE("a broken catalog is told from a good one", "[zonestore][catalog]") {
  const std::string soa = "@ 0 SOA invalid. invalid. 1 3600 600 2147483646 0\n@ 0 NS invalid.\n";
  struct Case {
    const char* what;
    std::string text;
    std::size_t members;  // 99: broken
  };
  const auto c = GENERATE_COPY(
      Case{"empty", head, 0}, Case{"no version", soa, 99},
      Case{"version 1", soa + "version 0 TXT \"1\"\n", 99},
      Case{"two versions", head + "version 0 TXT \"1\"\n", 99},
      Case{"a version in two strings", soa + "version 0 TXT \"2\" \"\"\n", 99},
      Case{"a member", head + "x.zones 0 PTR a.example.\n", 1},
      Case{"two zones at a node", head + "x.zones 0 PTR a.example.\nx.zones 0 PTR b.example.\n",
           99},
      Case{"a zone at two nodes", head + "x.zones 0 PTR a.example.\ny.zones 0 PTR A.example.\n",
           99},
      Case{"itself", head + "x.zones 0 PTR catalog.example.\n", 99},
      Case{"two coo", head + "x.zones 0 PTR a.\ncoo.x.zones 0 PTR b.\ncoo.x.zones 0 PTR c.\n", 99},
      Case{"an unknown property", head + "x.zones 0 PTR a.\nnew.x.zones 0 TXT \"?\"\n", 1},
      Case{"something of another's", head + "x.zones 0 PTR a.\nz.ext 0 TXT \"?\"\n", 1},
      Case{"a node without a zone", head + "x.zones 0 TXT \"?\"\n", 0},
      Case{"PTR at zones itself", head + "zones 0 PTR a.\n", 0});
  INFO(c.what);
  const auto read = zonestore::read_catalog(*zone_of("catalog.example.", c.text));
  CHECK(read.has_value() == (c.members != 99));
  if (read) CHECK(read->size() == c.members);
}
