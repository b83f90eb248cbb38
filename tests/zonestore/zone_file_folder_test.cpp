#include "tests/zonestore/source_samples.hpp"
#include "zonestore/sources/zone_file.hpp"
#include "zonestore/sources/zone_source.hpp"

#include <catch2/catch.hpp>

#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include <sys/stat.h>

namespace taproot::zonestore {

using namespace samples;
namespace fs = std::filesystem;

namespace {

constexpr const char* whole_zone =
    "$TTL 300\n@ SOA ns1 host 1 3600 600 2419200 300\n@ NS ns1\nns1 A 192.0.2.1\n";

using Lines = std::vector<std::string>;

SourceRecords read(const fs::path& path, const SourceLimits& limits = {}) {
  return read_zone_file(apex(), path, "zones/example.com.zone", limits);
}

Candidate load(const fs::path& path) {
  return load_zone(apex(), path, "zone");
}

}  // namespace

TEST_CASE("the kind of a source follows from its ending", "[zonestore][zone_file]") {
  CHECK(kind_of("a/example.com.yaml") == SourceKind::yaml);
  CHECK(kind_of("example.com.yml") == SourceKind::yaml);
  CHECK(kind_of("example.com.json") == SourceKind::json);
  CHECK(kind_of("example.com.zone") == SourceKind::zone_file);
  CHECK(kind_of("example.com") == SourceKind::zone_file);
  CHECK(kind_of("yaml") == SourceKind::zone_file);
}

TEST_CASE("a zone file with its includes is one zone", "[zonestore][zone_file]") {
  const Folder folder;
  folder.write("parts/hosts", "a A 192.0.2.10\n$INCLUDE deeper/more sub\n@ A 192.0.2.11\n");
  folder.write("parts/deeper/more", "$ORIGIN x\nb A 192.0.2.12\n");
  const auto path =
      folder.write("zone", std::string(whole_zone) +
                               "$INCLUDE parts/hosts hosts\n AAAA 2001:db8::1\nc A 192.0.2.13\n");
  const auto records = read(path);
  INFO(all_text(records.findings));
  CHECK(records.findings.empty());
  const auto lines = lines_of(records);
  REQUIRE(lines.size() == 8);
  CHECK(Lines(lines.begin() + 3, lines.end()) ==
        Lines{"a.hosts.example.com. 300 A 192.0.2.10",
              "b.x.sub.hosts.example.com. 300 A 192.0.2.12", "hosts.example.com. 300 A 192.0.2.11",
              // Owner and origin are again those of the including file.
              "ns1.example.com. 300 AAAA 2001:db8::1", "c.example.com. 300 A 192.0.2.13"});
  CHECK(records.files ==
        Lines{"zones/example.com.zone", "zones/parts/hosts", "zones/parts/deeper/more"});
  CHECK(records.items[4].place.file == 2);
  CHECK(records.items[4].place.line == 2);
  CHECK(load(path).version != nullptr);
}

TEST_CASE("findings of included files name them and show their lines", "[zonestore][zone_file]") {
  const Folder folder;
  folder.write("hosts", "\na A 192.0.2.256\n");
  const auto path = folder.write("zone", std::string(whole_zone) + "$INCLUDE hosts\n");
  const auto candidate = load(path);
  REQUIRE(places_of(candidate.findings) == Lines{"bad-rdata:2:5"});
  CHECK(candidate.findings[0].file == "hosts");
  CHECK(candidate.findings[0].excerpt == "a A 192.0.2.256");
  CHECK(candidate.version == nullptr);
}

TEST_CASE("includes stay in the zone file's folder", "[zonestore][zone_file]") {
  const Folder folder;
  const auto secret = folder.write("secret", "secret A 192.0.2.66\n");
  const auto inside = folder.write("zones/inside", "inside A 192.0.2.67\n");
  fs::create_symlink(secret, folder.path() / "zones/link");
  fs::create_symlink("inside", folder.path() / "zones/good-link");
  fs::create_symlink("round", folder.path() / "zones/round");
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"../secret", "include-outside"},
      {secret.string(), "include-outside"},
      {"link", "include-outside"},
      {"/etc/passwd", "include-outside"},
      {"/dev/zero", "include-outside"},
      {"../zones2", "include-outside"},
      {"round", "unreadable"},
      {".", "unreadable"},
      {"nowhere", "unreadable"},
      {"inside/x", "unreadable"},
      {"good-link", ""},
      {"../zones/inside", ""},
      {"\"inside\"", ""},
      {inside.string(), ""},
  };
  for (const auto& [file, rule] : cases) {
    CAPTURE(file);
    const auto path = folder.write("zones/zone", "$TTL 60\n$INCLUDE " + file + "\nb A 192.0.2.2\n");
    const auto records = read(path);
    INFO(all_text(records.findings));
    const auto want = rule.empty() ? Lines() : Lines(1, rule + ":2:10");
    CHECK(places_of(records.findings) == want);
    CHECK(records.items.size() == (rule.empty() ? 2 : 1));
  }
}

TEST_CASE("includes that lead to themselves end", "[zonestore][zone_file]") {
  const Folder folder;
  SECTION("at once") {
    const auto path = folder.write("zone", "a 60 A 192.0.2.1\n$INCLUDE zone\nb A 192.0.2.2\n");
    const auto records = read(path);
    CHECK(places_of(records.findings) == Lines{"include-loop:2:10"});
    CHECK(records.items.size() == 2);
  }
  SECTION("over another file and a link") {
    folder.write("b", "$INCLUDE c\n");
    const auto path = folder.write("zone", "$INCLUDE b\n");
    fs::create_symlink("zone", folder.path() / "c");
    const auto records = read(path);
    CHECK(places_of(records.findings) == Lines{"include-loop:1:10"});
    CHECK(records.findings[0].file == "zones/b");
  }
  SECTION("a long way down") {
    for (int i = 0; i < 20; ++i) {
      folder.write("f" + std::to_string(i), "$INCLUDE f" + std::to_string(i + 1) + "\n");
    }
    const auto records = read(folder.path() / "f0");
    CHECK(places_of(records.findings) == Lines{"include-too-deep:1:10"});
    CHECK(records.findings[0].file == "zones/f8");
  }
  SECTION("very many of an empty file") {
    folder.write("empty", "");
    std::string text;
    for (int i = 0; i < 10'050; ++i) text += "$INCLUDE empty\n";
    const auto records = read(folder.write("zone", text));
    CHECK(places_of(records.findings).front() == "too-many-includes:10001:10");
  }
}

TEST_CASE("what is no readable file is a finding", "[zonestore][zone_file]") {
  const Folder folder;
  const auto file = folder.write("file", whole_zone);
  const auto fifo = folder.path() / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  fs::create_symlink("round", folder.path() / "round");
  const std::vector<std::pair<fs::path, std::string>> cases = {
      {folder.path() / "nowhere", "No such file"},
      {file / "x", "Not a directory"},
      {folder.path(), "is a directory"},
      {fifo, "is a FIFO"},
      {"/dev/null", "is a device"},
      {folder.path() / "round", "Too many levels"},
  };
  for (const std::string ending : {"", ".yaml", ".json"}) {
    for (const auto& [target, words] : cases) {
      INFO(target << ending);
      const auto link = folder.path() / ("link" + ending);
      fs::remove(link);
      fs::create_symlink(target, link);
      const auto candidate = load(link);
      CHECK(places_of(candidate.findings) == Lines(1, "unreadable:0:0"));
      CHECK(candidate.findings.at(0).message.find(words) != std::string::npos);
      CHECK(candidate.version == nullptr);
    }
  }
}

TEST_CASE("a file without permission is a finding", "[zonestore][zone_file]") {
  if (::geteuid() == 0) {
    std::cout << "skipped: root may read every file\n";
    return;
  }
  const Folder folder;
  const auto path = folder.write("zone", whole_zone);
  fs::permissions(path, fs::perms::none);
  CHECK(has_rule(load(path).findings, "unreadable"));
}

TEST_CASE("files over the limit are not read", "[zonestore][zone_file]") {
  const Folder folder;
  SourceLimits limits;
  limits.file_octets = 100;
  SECTION("the file itself") {
    const auto path = folder.write("zone", std::string(101, ';'));
    CHECK(places_of(read(path, limits).findings) == Lines{"file-too-large:0:0"});
  }
  SECTION("a sparse one of terabytes") {
    const auto path = folder.write("zone.yaml", "x");
    fs::resize_file(path, std::uintmax_t{1} << 40);
    CHECK(places_of(load(path).findings) == Lines{"file-too-large:0:0"});
  }
  SECTION("files of a zone count together") {
    folder.write("part", "; " + std::string(60, 'x') + "\n");
    const auto path = folder.write("zone", "$INCLUDE part\n$INCLUDE part\n");
    CHECK(places_of(read(path, limits).findings) == Lines{"file-too-large:2:10"});
  }
}

TEST_CASE("files that are no zones are refused", "[zonestore][zone_file]") {
  struct Case {
    const char* what;
    std::string text;
    const char* rule;
  };
  const std::string whole(whole_zone);
  const auto c = GENERATE_COPY(values<Case>({
      {"an empty file", "", "empty-zone"},
      {"only comments", "; zone\n", "empty-zone"},
      {"half a file, cut inside of a record", whole.substr(0, whole.size() - 3), "bad-rdata"},
      {"half a file, cut at a line", "$TTL 300\n@ SOA ns1 host 1 3600 600 2419200 300\n",
       "ns-missing"},
      {"zeros", std::string(5000, '\0'), "nul-octet"},
      {"UTF-16", std::string("\xff\xfe$\0T\0\n\0", 8), "nul-octet"},
      {"an executable",
       std::string("\x7f"
                   "ELF\x02\x01\x01\0\0\0\n",
                   11),
       "nul-octet"},
      {"YAML", "www:\n  type: A\n", "missing-type"},
      {"JSON", "{\"www\": 1}\n", "unknown-type"},
      {"HTML", "<html>\n<body>Not found</body>\n", "missing-type"},
  }));
  INFO(c.what);
  const Folder folder;
  const auto candidate = load(folder.write("zone", c.text));
  INFO(all_text(candidate.findings));
  CHECK(has_rule(candidate.findings, c.rule));
  CHECK(has_errors(candidate.findings));
  CHECK(candidate.version == nullptr);
}

TEST_CASE("a file cut off behind its last digit is warned of", "[zonestore][zone_file]") {
  const Folder folder;
  const std::string whole(whole_zone);
  const auto candidate = load(folder.write("zone", whole.substr(0, whole.size() - 1)));
  CHECK(places_of(candidate.findings) == Lines{"one-nameserver:3:1", "no-final-newline:4:0"});
  CHECK(candidate.version != nullptr);
}

TEST_CASE("the example zones are without findings", "[zonestore][zone_file]") {
  struct Case {
    const char* zone;
    const char* file;
    std::size_t records;
    bool serial_is_ours;
  };
  const auto c = GENERATE(Case{"example.com.", "example.com.yaml", 29, true},
                          Case{"example.net.", "example.net.zone", 36, false},
                          Case{"example.org.", "example.org.json", 10, true});
  const auto path = fs::path(TAPROOT_SOURCE_DIR) / "conf/zones" / c.file;
  const auto candidate = load_zone(name(c.zone), path, c.file);
  INFO(all_text(candidate.findings));
  CHECK(candidate.findings.empty());
  CHECK(candidate.serial_is_ours == c.serial_is_ours);
  REQUIRE(candidate.version != nullptr);
  CHECK(candidate.version->record_count() == c.records);
}

}  // namespace taproot::zonestore
