#include "server/source_watch.hpp"

#include "server/config_sections.hpp"
#include "tests/net/run_until.hpp"
#include "tests/server/config_world.hpp"

#include <catch2/catch.hpp>

#include <set>

namespace taproot::server {

namespace fs = std::filesystem;

namespace {

dns::Name name(const std::string& text) {
  return dns::Name::from_text(text).value();
}

/// A folder of zones that is watched, and what was told of it.
struct House {
  explicit House(const std::string& zones = "zones: [{directory: zones, serial: date}]\n") {
    fs::create_directory(folder.path() / "zones");
    folder.file("zones/a.example.yaml", "1");
    read(zones);
  }
  void read(const std::string& zones) {
    auto got = read_config_text(zones, "taproot.yaml", folder.path(), test_world());
    REQUIRE(got.config);
    config = std::move(*got.config);
    watch.configure(config);
  }
  bool until(const std::function<bool()>& condition) { return net::run_until(loop, condition); }

  TestFolder folder;
  net::Loop loop;
  Config config;
  std::set<dns::Name> changed;
  std::map<dns::Name, SharedZoneConfig> appeared;
  std::map<dns::Name, std::string> vanished;
  int calls = 0;
  SourceWatch watch{loop, [this](const SourceNews& news) {
                      ++calls;
                      changed.insert(news.changed.begin(), news.changed.end());
                      for (const auto& [zone, as] : news.appeared) appeared[zone] = as;
                      for (const auto& [zone, why] : news.vanished) vanished[zone] = why;
                    }};
};

}  // namespace

TEST_CASE("files of a folder come, change and go", "[server][folder]") {
  House house;
  const auto& folder = house.folder;
  folder.file("zones/B.example.json", "1");
  folder.file("zones/.hidden.yaml", "1");
  folder.file("zones/README", "1");
  folder.file("zones/c.example.yaml~", "1");
  REQUIRE(house.until([&] { return !house.appeared.empty(); }));
  REQUIRE(house.appeared.size() == 1);
  const auto& zone = *house.appeared.at(name("b.example"));
  CHECK(zone.source == folder.path() / "zones/B.example.json");
  CHECK(zone.shown == "zones/B.example.json");
  CHECK(zone.directory == folder.path() / "zones");
  CHECK(zone.serial == zonestore::SerialPolicy::date);
  CHECK(zone.vanished.empty());

  folder.file("zones/a.example.yaml", "22");
  folder.file("zones/B.example.json", "22");
  REQUIRE(house.until([&] { return house.changed.size() == 2; }));
  CHECK(house.vanished.empty());

  fs::remove(folder.path() / "zones/a.example.yaml");
  REQUIRE(house.until([&] { return !house.vanished.empty(); }));
  CHECK(house.vanished.contains(name("a.example")));
  house.appeared.clear();
  folder.file("zones/a.example.zone", "1");  // under another name
  REQUIRE(house.until([&] { return !house.appeared.empty(); }));
  CHECK(house.appeared.at(name("a.example"))->source == folder.path() / "zones/a.example.zone");
}

TEST_CASE("a zone has one file only", "[server][folder]") {
  House house("zones:\n  - {directory: zones}\n  - {name: named.example, source: zones.named}\n");
  house.folder.file("zones/a.example.zone", "1");      // a.example.yaml is there
  house.folder.file("zones/named.example.yaml", "1");  // it has another source
  house.folder.file("zones/b.example.yaml", "1");
  REQUIRE(house.until([&] { return house.appeared.contains(name("b.example")); }));
  CHECK(house.appeared.size() == 1);
  // The second takes over when the first is gone.
  house.appeared.clear();
  fs::remove(house.folder.path() / "zones/a.example.yaml");
  house.watch.configure(house.config);  // looks into the folder, as once a minute
  REQUIRE(house.until([&] { return house.appeared.contains(name("a.example")); }));
}

TEST_CASE("a folder that goes away takes its zones' files", "[server][folder]") {
  House house;
  const auto zones = house.folder.path() / "zones";
  CHECK(house.watch.trouble(zones).empty());
  fs::rename(zones, house.folder.path() / "away");
  REQUIRE(house.until([&] {
    return house.vanished.contains(name("a.example")) &&
           house.watch.trouble(zones).find("cannot be read") != std::string::npos;
  }));
  fs::rename(house.folder.path() / "away", zones);
  REQUIRE(house.until([&] { return house.appeared.contains(name("a.example")); }));
  CHECK(house.watch.trouble(zones).empty());
  fs::remove(zones / "a.example.yaml");
  REQUIRE(house.until([&] { return !house.watch.trouble(zones).empty(); }));
  CHECK_THAT(house.watch.trouble(zones), Catch::Contains("has no zone files"));
}

TEST_CASE("many files at once are told in few calls", "[server][folder]") {
  House house;
  for (int i = 0; i < 2000; ++i) {
    house.folder.file("zones/n" + std::to_string(i) + ".example.yaml", "1");
  }
  REQUIRE(house.until([&] { return house.appeared.size() == 2000; }));
  CHECK(house.calls < 50);
}

TEST_CASE("files are zones by their names", "[server][folder]") {
  CHECK(apex_of_file("example.org.yaml") == name("example.org"));
  CHECK(apex_of_file("example.org.yml") == name("example.org"));
  CHECK(apex_of_file("2.0.192.in-addr.arpa.db") == name("2.0.192.in-addr.arpa"));
  CHECK(apex_of_file("EXAMPLE.org.zone") == name("example.org"));
  for (const auto* file : {"example.org", ".yaml", "a..b.yaml", "yaml", "x.txt"}) {
    INFO(file);
    CHECK_FALSE(apex_of_file(file));
  }
  CHECK(is_passed_over(".x.yaml"));
  CHECK(is_passed_over("x.yaml~"));
  const TestFolder folder;
  folder.file("example.org.zone", "1");
  CHECK(has_file_of(folder.path(), name("Example.org")) == false);  // names of files have case
  CHECK(has_file_of(folder.path(), name("example.org")));
  CHECK_FALSE(has_file_of(folder.path(), name("org")));
  CHECK_FALSE(look_into(folder.path() / "none").trouble.empty());
}

}  // namespace taproot::server
