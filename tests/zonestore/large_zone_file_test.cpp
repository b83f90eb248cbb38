#include "zonestore/sources/large_zone_file.hpp"

#include "zonestore/check.hpp"
#include "zonestore/sources/zone_file.hpp"

#include <catch2/catch.hpp>

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <set>
#include <string>
#include <vector>

using namespace taproot;
using namespace taproot::zonestore;
namespace fs = std::filesystem;

namespace {

constexpr PieceSizes small_pieces{64, 4, 256, 4096, 8192};

/// A file in a folder of its own.
class File {
 public:
  File() {
    std::string pattern = (fs::temp_directory_path() / "taproot-large-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
  }
  ~File() { fs::remove_all(folder_); }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  fs::path path() const { return folder_ / "example.zone"; }
  void write(const std::vector<std::string>& lines) const {
    std::ofstream file(path());
    for (const auto& line : lines) file << line << '\n';
  }

 private:
  fs::path folder_;
};

const dns::Name apex = *dns::Name::from_text("example.");

using Said = std::set<std::string>;

Said said(const std::vector<Finding>& findings) {
  Said all;
  for (const auto& f : findings) {
    all.insert(std::to_string(f.line) + ":" + std::to_string(f.column) + " " + f.rule + " " +
               f.message + " | " + f.excerpt);
  }
  return all;
}

/// What only one of them has.
Said difference(const Said& a, const Said& b) {
  Said only;
  std::set_symmetric_difference(a.begin(), a.end(), b.begin(), b.end(),
                                std::inserter(only, only.end()));
  return only;
}

/// As the reader that explains has it.
Candidate explained(const File& file) {
  auto records = read_zone_file(apex, file.path(), "example.zone", {});
  const auto text = records.texts.empty() ? nullptr : records.texts.front();
  return check_zone(apex, std::move(records), [&](const std::string&, std::size_t number) {
    std::string_view rest = *text;
    for (; number > 1; --number) rest.remove_prefix(rest.find('\n') + 1);
    return std::string(rest.substr(0, rest.find('\n')));
  });
}

void check_same(const Candidate& fast, const Candidate& slow) {
  CHECK(difference(said(fast.findings), said(slow.findings)) == Said());
  REQUIRE((fast.version == nullptr) == (slow.version == nullptr));
  if (fast.version == nullptr) return;
  CHECK(to_text(changes_between(*slow.version, *fast.version)).empty());
  CHECK(fast.version->serial() == slow.version->serial());
  CHECK(fast.version->record_count() == slow.version->record_count());
  CHECK(fast.version->name_count() == slow.version->name_count());
  CHECK(fast.version->content_octets() == slow.version->content_octets());
}

/// Lines of a zone, and random changes of them: mostly harmless, now and then with mistakes.
class RandomFile {
 public:
  explicit RandomFile(unsigned seed) : random_(seed) {
    lines = {"$TTL 3600", "@ SOA ns hostmaster 1 3600 600 2419200 300", "@ NS ns",
             "ns A 93.184.215.14"};
    for (int i = 0; i < 150; ++i) lines.push_back(line());
  }

  void change() {
    for (auto left = pick(3) + 1; left > 0; --left) {
      const auto at = 4 + pick(lines.size() - 4);
      const auto place = lines.begin() + static_cast<std::ptrdiff_t>(at);
      switch (pick(6)) {
        case 0:
          lines.erase(place);
          break;
        case 1:
          lines.insert(place, line());
          break;
        case 2:
          lines.insert(place, pick(8) == 0 ? "$TTL 600" : "; a comment");
          break;
        case 3:
          lines[1] = "@ SOA ns hostmaster " + std::to_string(pick(1000)) + " 3600 600 2419200 300";
          break;
        case 4:
          std::swap(lines[at], lines[4 + pick(lines.size() - 4)]);
          break;
        default:
          lines[at] = line();
      }
    }
  }

  std::vector<std::string> lines;

 private:
  std::size_t pick(std::size_t below) {
    return std::uniform_int_distribution<std::size_t>(0, below - 1)(random_);
  }
  std::string name() {
    const std::string name = "n" + std::to_string(pick(60));
    return pick(3) == 0 ? "x." + name : name;
  }
  std::string line() {
    const auto ttl = pick(20) == 0 ? "700 " : "";
    switch (pick(12)) {
      case 0:
        return name() + " MX 10 " + name();
      case 1:
        return name() + " " + ttl + "NS ns." + name();
      case 2:
        return "c" + name() + " CNAME " + name();
      case 3:
        return name() + " TXT \"" + name() + "\"";
      case 4:
        return "*." + name() + " A 93.184.215.1";
      default:
        return name() + " " + ttl + "A 93.184.215." + std::to_string(pick(30));
    }
  }

  std::mt19937 random_;
};

}  // namespace

TEST_CASE("a large file read by its changes is what it is read as a whole", "[zonestore][large]") {
  const auto seed = GENERATE(range(0u, 60u));
  const File file;
  RandomFile random(seed);
  LargeZoneFile large(apex, small_pieces);
  std::size_t read = 0;
  for (int step = 0; step < 12; ++step) {
    CAPTURE(seed, step);
    file.write(random.lines);
    const auto fast = large.load(file.path(), "example.zone", {});
    if (fast) {
      ++read;
      check_same(*fast, explained(file));
    }
    random.change();
  }
  CHECK(read == 12);
}

TEST_CASE("what was installed in the place of the candidate takes the next changes",
          "[zonestore][large]") {
  const File file;
  RandomFile random(7);
  LargeZoneFile large(apex, small_pieces);
  for (std::uint32_t serial = 5000; serial < 5020; ++serial) {
    file.write(random.lines);
    const auto fast = large.load(file.path(), "example.zone", {});
    REQUIRE(fast);
    check_same(*fast, explained(file));
    if (fast->version) {
      ZoneBuilder builder(*fast->version);
      builder.set_serial(dns::Serial(serial));
      large.installed(*builder.finish());
    }
    random.change();
  }
}

TEST_CASE("what is not plain is left to the reader that explains", "[zonestore][large]") {
  const std::string good = "@ 300 SOA ns hostmaster 1 3600 600 2419200 300\n@ 300 NS ns.other.\n";
  const auto c = GENERATE(values<std::pair<const char*, std::string>>({
      {"a mistake", "www A 192.0.2.256"},
      {"no TTL yet", "$ORIGIN a.example."},
      {"a parenthesis left open", "www 300 A ( 93.184.215.1"},
      {"another file", "$INCLUDE other"},
      {"a directive that makes many", "$GENERATE 1-3 a$ A 93.184.215.$"},
      {"outside", "www.example.net. 300 A 93.184.215.1"},
  }));
  INFO(c.first);
  const File file;
  LargeZoneFile large(apex, small_pieces);
  file.write({"@ 300 SOA ns hostmaster 1 3600 600 2419200 300", "@ 300 NS ns.other."});
  REQUIRE(large.load(file.path(), "example.zone", {}));
  const bool is_plain = c.second.starts_with("$ORIGIN");
  file.write({"@ 300 SOA ns hostmaster 1 3600 600 2419200 300", "@ 300 NS ns.other.", c.second});
  CHECK(large.load(file.path(), "example.zone", {}).has_value() == is_plain);
  file.write({"@ 300 SOA ns hostmaster 2 3600 600 2419200 300", "@ 300 NS ns.other."});
  const auto again = large.load(file.path(), "example.zone", {});
  REQUIRE(again);
  check_same(*again, explained(file));
}

TEST_CASE("who watches a reading sees how far it is", "[zonestore][large]") {
  const auto suffix = GENERATE(as<std::string>{}, "large.zone", "small.zone", "x.yaml", "x.json");
  CAPTURE(suffix);
  const File file;
  const auto path = file.path().parent_path() / suffix;
  std::string text =
      "$TTL 300\n@ SOA ns.other. host 1 1h 1h 1w 1h\n@ NS ns.other.\n@ NS ns2.other.\n";
  if (suffix == "x.yaml") text = "'': {type: NS, values: [ns.other., ns2.other.]}\n";
  if (suffix == "x.json") text = R"({"": {"type": "NS", "values": ["ns.other.", "ns2.other."]}})";
  for (int i = 0; suffix == "large.zone" && i < 20000; ++i) {
    text += "n" + std::to_string(i) + " A 93.184.215.1\n";
  }
  std::ofstream(path) << text;
  ReadProgress progress;
  SourceLimits limits;
  limits.progress = &progress;
  REQUIRE(load_zone(apex, path, "shown", limits).version);
  CHECK(progress.of == text.size());
  CHECK(progress.octets == (suffix == "x.json" ? 0 : text.size()));  // its reader does not tell
}
