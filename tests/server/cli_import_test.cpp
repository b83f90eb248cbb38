#include "config_world.hpp"

#include "server/cli.hpp"
#include "server/write_file.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <sstream>

using namespace taproot;
using namespace taproot::server;
using nlohmann::json;

namespace {

struct Ran {
  int code = -1;
  std::string out;
  std::string err;
};

Ran run(const std::vector<std::string>& arguments) {
  std::ostringstream out;
  std::ostringstream err;
  Terminal terminal{out, err};
  terminal.world = test_world({{"HOME", "/nowhere"}});
  const int code = run_command(arguments, terminal, [](const Config&, const Reread&) { return 0; });
  return {code, out.str(), err.str()};
}

std::string text_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::size_t files_in(const std::filesystem::path& folder) {
  const std::filesystem::directory_iterator files(folder);
  return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

constexpr const char* zone_file =
    "$TTL 300\n"
    "@ SOA ns1.example.net. hostmaster 7 3600 600 604800 300\n"
    "@ NS ns1.example.net. ; the first\n"
    "@ NS ns2.example.net.\n"
    "www A 192.0.2.1\n";

constexpr const char* canonical =
    "---\n"
    "'':\n"
    "  - type: SOA\n"
    "    ttl: 300\n"
    "    value: {mname: ns1.example.net., rname: hostmaster.example.com., refresh: 3600, "
    "retry: 600, expire: 604800, minimum: 300}\n"
    "  - type: NS\n"
    "    ttl: 300\n"
    "    values:\n"
    "      - ns1.example.net.  # the first\n"
    "      - ns2.example.net.\n"
    "www:\n"
    "  type: A\n"
    "  ttl: 300\n"
    "  value: 192.0.2.1\n";

}  // namespace

TEST_CASE("import writes a zone file as canonical YAML", "[server][cli][import]") {
  const TestFolder folder;
  const auto source = folder.file("old.zone", zone_file).string();
  const auto ran = run({"import", "example.com", "--from", source});
  INFO(ran.err);
  CHECK(ran.code == 0);
  CHECK(ran.out == canonical);
  CHECK_THAT(ran.err, Catch::Contains("without its serial") && Catch::Contains("4 records"));
  const auto again = folder.file("new.yaml", ran.out).string();
  CHECK(run({"import", "example.com", "--from", again}).out == canonical);
  CHECK(run({"check", "--zone", "example.com=" + again}).code == 0);
  CHECK_THAT(run({"import", "example.com", "--from", source, "--keep-serial"}).out,
             Catch::Contains("serial: 7"));
}

TEST_CASE("import writes JSON and zone files, too", "[server][cli][import]") {
  const TestFolder folder;
  const auto source = folder.file("old.zone", zone_file).string();
  const auto as_json = run({"import", "example.com", "--from", source, "--format", "json"});
  CHECK(json::parse(as_json.out)["www"] ==
        json{{"type", "A"}, {"ttl", 300}, {"value", "192.0.2.1"}});
  CHECK_THAT(as_json.err, Catch::Contains("JSON has no comments"));
  const auto document = folder.file("new.json", as_json.out).string();
  const auto as_zone = run({"import", "example.com", "--from", document, "--format", "zone"});
  CHECK(as_zone.code == 0);
  CHECK_THAT(as_zone.out, Catch::Contains("www.example.com.\t300\tIN\tA\t192.0.2.1\n"));
  CHECK(run({"import", "example.com", "--from", source, "--format", "xml"}).code == 64);
  const auto bare = folder.file("bare.yaml", "www: {type: A, ttl: 1, value: 192.0.2.1}\n").string();
  CHECK_THAT(run({"import", "example.com", "--from", bare, "--format", "zone"}).out,
             Catch::Contains("IN\tSOA\t"));
  CHECK(run({"import", "example.com", "--from", bare, "--keep-serial"}).out ==
        "---\nwww:\n  type: A\n  ttl: 1\n  value: 192.0.2.1\n");
}

TEST_CASE("import replaces no file without --force", "[server][cli][import]") {
  const TestFolder folder;
  const auto source = folder.file("old.zone", zone_file).string();
  const auto output = folder.file("new.yaml", "precious\n", 0640);
  const std::vector<std::string> words = {"import", "example.com", "--from",
                                          source,   "--output",    output.string()};
  const auto refused = run(words);
  CHECK(refused.code == 1);
  CHECK_THAT(refused.err, Catch::Contains("--force replaces it"));
  CHECK(text_of(output) == "precious\n");
  auto forced = words;
  forced.emplace_back("--force");
  const auto ran = run(forced);
  CHECK(ran.code == 0);
  CHECK(ran.out.empty());
  CHECK(text_of(output) == canonical);
  CHECK(std::filesystem::status(output).permissions() == std::filesystem::perms(0640));
  CHECK(files_in(folder.path()) == 2);
}

TEST_CASE("import --json reports and needs a file for the zone", "[server][cli][import]") {
  const TestFolder folder;
  const auto source = folder.file("old.zone", zone_file).string();
  CHECK(run({"import", "example.com", "--from", source, "--json"}).code == 64);
  const auto output = (folder.path() / "new.yaml").string();
  const auto ran = run({"import", "example.com", "--from", source, "--json", "--output", output});
  CHECK(ran.code == 0);
  const auto report = json::parse(ran.out);
  CHECK(report["zone"] == "example.com.");
  CHECK(report["records"] == 4);
  CHECK(report["rrsets"] == 3);
  CHECK(report["output"] == output);
  CHECK(report["findings"].is_array());
}

TEST_CASE("import shows what is wrong, and writes what can be written", "[server][cli][import]") {
  const TestFolder folder;
  SECTION("a zone that is not right can be written") {
    const auto source = folder.file("z.yaml", "www: {type: CNAME, ttl: 1, value: a.}\n").string();
    const auto ran = run({"import", "example.com", "--from", source});
    CHECK(ran.code == 2);
    CHECK(ran.out == "---\nwww:\n  type: CNAME\n  ttl: 1\n  value: a.\n");
    CHECK_THAT(ran.err, Catch::Contains("error: "));
  }
  SECTION("records that cannot be read would be lost") {
    const auto source =
        folder.file("z.zone", std::string(zone_file) + "bad A 300.1.1.1\n").string();
    const auto output = folder.path() / "new.yaml";
    const auto ran = run({"import", "example.com", "--from", source, "--output", output.string()});
    CHECK(ran.code == 1);
    CHECK_THAT(ran.err, Catch::Contains(":6:7: error") && Catch::Contains("nothing is written") &&
                            Catch::Contains("bad A 300.1.1.1"));
    CHECK_FALSE(std::filesystem::exists(output));
  }
  SECTION("a signed zone loses what its signer made") {
    const auto source =
        folder
            .file("z.zone", std::string(zone_file) +
                                "@ DNSKEY 257 3 13 AwEAAQ==\n@ RRSIG A 8 2 300 20300101000000 "
                                "20200101000000 1 example.com. AwEAAQ==\n")
            .string();
    const auto ran = run({"import", "example.com", "--from", source});
    CHECK(ran.out == canonical);
    CHECK_THAT(ran.err, Catch::Contains("1 RRSIG, 1 DNSKEY"));
    CHECK_THAT(run({"import", "example.com", "--from", source, "--keep-dnssec"}).out,
               Catch::Contains("RRSIG"));
  }
}

TEST_CASE("sources that are not there are one line", "[server][cli][import]") {
  const TestFolder folder;
  struct Case {
    std::vector<std::string> words;
    const char* says;
  };
  const auto config = folder
                          .file("taproot.yaml",
                                "server: {listen: [\"127.0.0.1:5300\"]}\nstate: s\nproviders:\n"
                                "  - {name: nsd, kind: transfer, transfer-from: [192.0.2.1]}\n")
                          .string();
  const std::vector<Case> cases = {
      {{"--from", "/nowhere/z.zone"}, "nothing is written"},
      {{"--from", "/nowhere/z.yaml"}, "cannot be opened"},
      {{"--from", "nobody", "--config", config}, "no provider of this name"},
      {{"--from", "nsd", "--config", config}, "has no API"},
      {{"--from", "axfr://"}, "write axfr://HOST[:PORT]"},
      {{"--from", "axfr://127.0.0.1:0x"}, "write axfr://HOST[:PORT]"},
      {{"--from", "axfr://user@host"}, "write axfr://HOST[:PORT]"},
      {{"--from", "axfr://127.0.0.1", "--key", "nothing"}, "NAME:ALGORITHM:BASE64"},
      {{"--from", "/nowhere", "--key", "nothing"}, "--key belongs to"},
      {{"--from", "axfr://127.0.0.1:1"}, "127.0.0.1:1: cannot connect"},
      {{"--from", "axfr://[::1]:1/"}, "[::1]:1: cannot"},
  };
  for (const auto& c : cases) {
    std::vector<std::string> words = {"import", "example.com"};
    words.insert(words.end(), c.words.begin(), c.words.end());
    const auto ran = run(words);
    CAPTURE(c.words[1], ran.err);
    CHECK(ran.code == 1);
    CHECK(ran.out.empty());
    CHECK_THAT(ran.err, Catch::Contains(c.says));
  }
}

TEST_CASE("a file is written whole or not at all", "[server][write_file]") {
  const TestFolder folder;
  const auto path = folder.path() / "a";
  REQUIRE(write_whole_file(path, "1", Replace::no));
  CHECK(write_whole_file(path, "2", Replace::no).error().code == Errc::in_use);
  CHECK(text_of(path) == "1");
  REQUIRE(write_whole_file(path, "3", Replace::yes));
  CHECK(text_of(path) == "3");
  REQUIRE(write_whole_file(folder.path() / "b", "4", Replace::yes));
  std::filesystem::create_symlink("a", folder.path() / "link");
  REQUIRE(write_whole_file(folder.path() / "link", "5", Replace::yes));
  CHECK(std::filesystem::is_symlink(folder.path() / "link"));
  CHECK(text_of(path) == "5");
  CHECK_FALSE(write_whole_file(folder.path(), "6", Replace::yes));
  CHECK_FALSE(write_whole_file(folder.path() / "no" / "folder", "7", Replace::yes));
  CHECK(files_in(folder.path()) == 3);
}
