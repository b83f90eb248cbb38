#include "zonestore/sources/zone_pieces.hpp"

#include "tests/zonestore/source_samples.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace taproot::zonestore {

using namespace samples;

namespace {

struct Cut {
  std::uint64_t offset;
  std::uint32_t newlines;
  std::string text;
  std::pair<std::uint64_t, std::uint64_t> hash;
};

std::vector<Cut> cuts_of(PieceReader reader) {
  std::vector<Cut> cuts;
  for (;;) {
    const auto piece = reader.next();
    REQUIRE(piece);
    if (!*piece) return cuts;
    cuts.push_back({(*piece)->offset,
                    (*piece)->newlines,
                    std::string((*piece)->text),
                    {(*piece)->hash.high, (*piece)->hash.low}});
  }
}

/// A file without a name that holds `text`.
OpenSourceFile file_of(const std::string& text) {
  OpenSourceFile file(::memfd_create("zone", MFD_CLOEXEC));
  REQUIRE(file.descriptor() >= 0);
  REQUIRE(::write(file.descriptor(), text.data(), text.size()) ==
          static_cast<ssize_t>(text.size()));
  return file;
}

std::vector<std::string> many_lines(std::size_t count) {
  std::vector<std::string> lines = {"$TTL 3600\n", "@ SOA ns1 host 1 2 3 4 5\n"};
  for (std::size_t i = 0; i < count; ++i) {
    const std::string number = std::to_string(i);
    switch (i % 5) {
      case 0:
        lines.push_back("a-long-name-that-all-of-them-begin-with-" + number + " A 192.0.2.1\n");
        break;
      case 1:
        lines.push_back("\tAAAA 2001:db8::" + number + "\n");
        break;
      case 2:
        lines.push_back("; comment " + number + "\n");
        break;
      case 3:
        lines.push_back("\n");
        break;
      default:
        lines.push_back("host" + number + " TXT \"x\" ; y\n");
    }
  }
  return lines;
}

std::string join(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += line;
  return text;
}

/// Pieces of `after` that are not among those of `before`.
std::size_t new_pieces(const std::vector<Cut>& before, const std::vector<Cut>& after) {
  std::set<std::pair<std::uint64_t, std::uint64_t>> known;
  for (const Cut& cut : before) known.insert(cut.hash);
  return static_cast<std::size_t>(std::count_if(
      after.begin(), after.end(), [&known](const Cut& cut) { return !known.contains(cut.hash); }));
}

}  // namespace

TEST_CASE("the pieces of a zone file are the file", "[zonestore][zone_pieces]") {
  const std::string text = join(many_lines(20'000));
  PieceSizes sizes;
  sizes.least = GENERATE(1u, 100u, 4000u, 16384u);
  sizes.one_in = GENERATE(1u, 16u, 1u << 30);
  sizes.most = 4 * sizes.least;
  const auto cuts = cuts_of(PieceReader(text, sizes));
  std::string together;
  for (std::size_t i = 0; i < cuts.size(); ++i) {
    const Cut& cut = cuts[i];
    REQUIRE(cut.offset == together.size());
    REQUIRE(cut.newlines == std::count(cut.text.begin(), cut.text.end(), '\n'));
    if (i > 0) REQUIRE(std::string("\t\n;(\"$ ").find(cut.text[0]) == std::string::npos);
    if (i + 1 < cuts.size()) {
      REQUIRE(cut.text.size() >= sizes.least);
      REQUIRE(cut.text.size() <= sizes.most + 300);
    }
    together += cut.text;
  }
  CHECK(together == text);
}

TEST_CASE("pieces are the same from a file, through any window", "[zonestore][zone_pieces]") {
  const std::string text = join(many_lines(20'000));
  PieceSizes sizes;
  sizes.least = 500;
  sizes.one_in = 8;
  sizes.most = 2000;
  sizes.last_resort = 4096;
  const auto want = cuts_of(PieceReader(text, sizes));
  sizes.window = GENERATE(4097u, 5000u, 16384u, 1u << 20);
  const auto got = cuts_of(PieceReader(file_of(text), text.size(), sizes));
  REQUIRE(got.size() == want.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    REQUIRE(got[i].text == want[i].text);
    REQUIRE(got[i].hash == want[i].hash);
  }
}

TEST_CASE("a line changed, put in or taken out changes few pieces", "[zonestore][zone_pieces]") {
  const auto lines = many_lines(60'000);
  const auto before = cuts_of(PieceReader(join(lines)));
  REQUIRE(before.size() > 40);
  std::size_t most = 0;
  for (std::size_t at = 2; at < lines.size(); at += 1999) {
    auto changed = lines;
    changed[at] = "changed TXT \"" + std::to_string(at) + "\"\n";
    most = std::max(most, new_pieces(before, cuts_of(PieceReader(join(changed)))));
    changed = lines;
    changed.insert(changed.begin() + static_cast<std::ptrdiff_t>(at), "new A 192.0.2.77\n");
    most = std::max(most, new_pieces(before, cuts_of(PieceReader(join(changed)))));
    changed = lines;
    changed.erase(changed.begin() + static_cast<std::ptrdiff_t>(at));
    most = std::max(most, new_pieces(before, cuts_of(PieceReader(join(changed)))));
  }
  CHECK(most <= 4);
}

TEST_CASE("what cannot be cut is given up", "[zonestore][zone_pieces]") {
  PieceSizes sizes;
  sizes.least = 100;
  sizes.most = 200;
  sizes.last_resort = 1000;
  sizes.window = 2000;
  for (const std::string& rest : {std::string(5000, ' ') + "\n", std::string(5000, 'a') + "\n",
                                  std::string(5000, '\n'), std::string(5000, '\0')}) {
    const std::string text = "a A 192.0.2.1\n" + rest;
    const auto from_text = PieceReader(text, sizes).next();
    REQUIRE_FALSE(from_text);
    CHECK(from_text.error().code == Errc::bad_text);
    const auto from_file = PieceReader(file_of(text), text.size(), sizes).next();
    REQUIRE_FALSE(from_file);
    CHECK(from_file.error().code == Errc::bad_text);
  }
}

TEST_CASE("only regular files within their limit are cut", "[zonestore][zone_pieces]") {
  const Folder folder;
  const auto path = folder.write("zone", "a A 192.0.2.1\n");
  CHECK(PieceReader::open(path, 14));
  const auto large = PieceReader::open(path, 13);
  REQUIRE_FALSE(large);
  CHECK(large.error().code == Errc::too_large);
  CHECK_FALSE(PieceReader::open(folder.path(), 100));
  CHECK_FALSE(PieceReader::open(folder.path() / "nothing", 100));
  const auto fifo = folder.path() / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  CHECK_FALSE(PieceReader::open(fifo, 100));
  // One that grew after it was opened.
  const auto grown = PieceReader(file_of("a A 192.0.2.1\n"), 13).next();
  REQUIRE_FALSE(grown);
  CHECK(grown.error().code == Errc::too_large);
  CHECK(cuts_of(PieceReader(file_of(""), 0)).empty());
}

}  // namespace taproot::zonestore
