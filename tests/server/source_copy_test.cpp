#include "server/source_copy.hpp"

#include "server/remote_proof.hpp"
#include "tests/server/config_world.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <iterator>

using namespace taproot;
using namespace taproot::server;
using namespace std::chrono_literals;

namespace {

const std::string text = "www: {type: A, value: 192.0.2.1}\nmail: {type: A, value: 192.0.2.2}\n";

CopyInfo info_of(const std::string& body) {
  return {{"\"e\xff\"", "Tue, 24 Nov 2026 10:00:00 GMT"},
          std::chrono::system_clock::time_point(1'000'000'000'123ms),
          sha256_of(body)};
}

std::string whole(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return std::string{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

}  // namespace

TEST_CASE("a copy is read as it was written", "[server][copy]") {
  const TestFolder folder;
  const auto file = folder.path() / "sources" / "a.copy";
  CHECK(read_copy(file, 1000).error().code == Errc::not_found);
  const auto body = GENERATE(as<std::string>(), text, "", "\n", std::string("a\0b\n", 4));
  REQUIRE(write_copy(file, info_of(body), body));
  REQUIRE(write_copy(file, info_of(body), body));
  const auto copy = read_copy(file, 1000);
  REQUIRE(copy);
  CHECK(*copy->text == body);
  CHECK(copy->info.validators.last_modified == "Tue, 24 Nov 2026 10:00:00 GMT");
  CHECK(copy->info.fetched == info_of(body).fetched);
  CHECK(copy->info.sha256 == sha256_of(body));
  const auto later = std::chrono::system_clock::time_point(2'000'000'000'500ms);
  confirm_copy(file, later);
  CHECK(read_copy(file, 1000)->confirmed == later);
  CHECK(std::distance(std::filesystem::directory_iterator(file.parent_path()), {}) == 1);
  using std::filesystem::perms;
  CHECK((std::filesystem::status(file).permissions() & (perms::group_all | perms::others_all)) ==
        perms::none);
}

TEST_CASE("a damaged copy is not used, wherever it is damaged", "[server][copy]") {
  const TestFolder folder;
  const auto file = folder.path() / "a.copy";
  REQUIRE(write_copy(file, info_of(text), text));
  const auto good = whole(file);
  std::size_t refused = 0;
  for (std::size_t size = 0; size < good.size(); ++size) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << good.substr(0, size);
    const auto copy = read_copy(file, 1000);
    if (!copy) ++refused;
  }
  CHECK(refused == good.size());
  const auto body_begins = good.find('\n') + 1;
  for (std::size_t at = body_begins; at < good.size(); ++at) {
    auto bad = good;
    bad[at] ^= 1;
    std::ofstream(file, std::ios::binary | std::ios::trunc) << bad;
    CAPTURE(at);
    CHECK_FALSE(read_copy(file, 1000));
  }
  for (const auto* bad : {"{}\n", "[]\n", "null\n", "{\"etag\":1}\n", "\n", "x",
                          "{\"etag\":\"\",\"last_modified\":\"\",\"sha256\":\"\",\"fetched_ms\":"
                          "\"x\"}\n"}) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << bad;
    CAPTURE(bad);
    CHECK(read_copy(file, 1000).error().code == Errc::bad_text);
  }
}

TEST_CASE("a copy that cannot be written leaves the old one", "[server][copy]") {
  const TestFolder folder;
  const auto file = folder.path() / "a.copy";
  REQUIRE(write_copy(file, info_of(text), text));
  std::filesystem::create_directory(folder.path() / "a.copy.tmp");  // in the way
  CHECK_FALSE(write_copy(file, info_of("other"), "other"));
  CHECK(*read_copy(file, 1000)->text == text);
}
