#include "net/file_watch.hpp"

#include "tests/net/run_until.hpp"

#include <catch2/catch.hpp>

#include <unistd.h>

#include <fstream>
#include <map>

namespace taproot::net {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

/// A directory of its own, and a watch that counts the changes of each path.
struct Folder {
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "taproot-watch-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path = pattern;
  }
  ~Folder() { fs::remove_all(path); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  fs::path write(const std::string& name, const std::string& text) const {
    std::ofstream(path / name) << text;
    return path / name;
  }
  /// Runs until `file` was told more often than it was before `change`.
  template <class Change>
  bool tells(const fs::path& file, Change change) {
    const int before = told[file];
    change();
    return run_until(loop, [&] { return told[file] > before; });
  }

  fs::path path;
  Loop loop;
  std::map<fs::path, int> told;
  FileWatch watch{loop, [this](const fs::path& file) { ++told[file]; }};
};

}  // namespace

TEST_CASE("a file that is written in any way is told", "[net][file_watch]") {
  Folder folder;
  const auto file = folder.write("a.zone", "1");
  const auto other = folder.write("b.zone", "1");
  folder.watch.watch(file);
  folder.watch.watch(other);
  folder.watch.watch(file);
  run_for(folder.loop, 100ms);
  CHECK(folder.told.empty());

  CHECK(folder.tells(file, [&] { folder.write("a.zone", "22"); }));
  CHECK(folder.tells(file, [&] {  // as editors do
    folder.write("a.zone.new", "33");
    fs::rename(folder.path / "a.zone.new", file);
  }));
  CHECK(folder.tells(file, [&] { fs::remove(file); }));
  CHECK(folder.tells(file, [&] { folder.write("a.zone", "33"); }));
  CHECK(folder.told[other] == 0);
}

TEST_CASE("many writes in a row are told once", "[net][file_watch]") {
  Folder folder;
  const auto file = folder.write("a.zone", "");
  folder.watch.watch(file);
  CHECK(folder.tells(file, [&] {
    for (int i = 0; i < 100; ++i) folder.write("a.zone", std::to_string(i));
  }));
  run_for(folder.loop, 100ms);
  CHECK(folder.told[file] == 1);
}

TEST_CASE("a neighbour that never rests does not hide a change", "[net][file_watch]") {
  Folder folder;
  const auto file = folder.write("a.zone", "1");
  folder.watch.watch(file);
  int i = 0;
  Timer busy(folder.loop, [&] {
    folder.write("busy", std::to_string(++i));
    busy.set_after(5ms);
  });
  busy.set_after(0ms);
  CHECK(folder.tells(file, [&] { folder.write("a.zone", "2"); }));
  CHECK(folder.told[folder.path / "busy"] == 0);
}

TEST_CASE("a change behind a symbolic link is told", "[net][file_watch]") {
  // As a Kubernetes ConfigMap is renewed: the link of the directory moves, not the file.
  Folder folder;
  fs::create_directory(folder.path / "1");
  fs::create_directory(folder.path / "2");
  folder.write("1/a.zone", "1");
  folder.write("2/a.zone", "2");
  fs::create_symlink("1", folder.path / "data");
  fs::create_symlink("data/a.zone", folder.path / "a.zone");
  const auto file = folder.path / "a.zone";
  folder.watch.watch(file);
  CHECK(folder.tells(file, [&] {
    fs::create_symlink("2", folder.path / "data.new");
    fs::rename(folder.path / "data.new", folder.path / "data");
  }));
}

TEST_CASE("a directory may come and go", "[net][file_watch]") {
  Folder folder;
  const auto file = folder.path / "zones" / "a.zone";
  folder.watch.watch(file);
  CHECK(folder.tells(file, [&] {
    fs::create_directory(folder.path / "zones");
    folder.write("zones/a.zone", "1");
  }));
  CHECK(folder.tells(file, [&] { fs::remove_all(folder.path / "zones"); }));
  CHECK(folder.tells(file, [&] {
    fs::create_directory(folder.path / "zones");
    folder.write("zones/a.zone", "1");
  }));
  CHECK(folder.tells(file, [&] { folder.write("zones/a.zone", "2"); }));
  CHECK(folder.tells(file, [&] {
    fs::rename(folder.path / "zones", folder.path / "old");
    fs::create_directory(folder.path / "zones");
    folder.write("zones/a.zone", "3");
  }));
  CHECK(folder.tells(file, [&] { folder.write("zones/a.zone", "4"); }));
}

TEST_CASE("what is not watched any more is not told", "[net][file_watch]") {
  Folder folder;
  const auto file = folder.write("a.zone", "1");
  const auto other = folder.write("b.zone", "1");
  folder.watch.watch(file);
  folder.watch.watch(other);
  folder.watch.unwatch(file);
  folder.write("a.zone", "2");
  CHECK(folder.tells(other, [&] { folder.write("b.zone", "2"); }));
  CHECK(folder.told[file] == 0);
}

TEST_CASE("a directory tells of what comes and goes in it", "[net][file_watch]") {
  Folder folder;
  fs::create_directory(folder.path / "zones");
  std::vector<std::string> names;
  int wholes = 0;
  FileWatch watch(
      folder.loop, [&](const fs::path& file) { ++folder.told[file]; },
      [&](const fs::path& directory, const std::vector<std::string>& told) {
        CHECK(directory == folder.path / "zones");
        if (told.empty()) ++wholes;
        names.insert(names.end(), told.begin(), told.end());
      });
  const auto until = [&](auto condition) { return run_until(folder.loop, condition); };
  watch.watch_directory(folder.path / "zones");
  const auto known = folder.write("zones/known.zone", "1");
  watch.watch(known);

  folder.write("zones/new.zone", "1");
  CHECK(until([&] { return names.size() == 1; }));
  CHECK(names == std::vector<std::string>{"new.zone"});
  // What is watched is told as a change, not as an entry.
  const int before = folder.told[known];
  fs::remove(known);
  CHECK(until([&] { return folder.told[known] > before; }));
  CHECK(names.size() == 1);

  names.clear();
  fs::remove(folder.path / "zones" / "new.zone");
  CHECK(until([&] { return !names.empty(); }));
  CHECK(names == std::vector<std::string>{"new.zone"});
  CHECK(wholes == 0);

  fs::rename(folder.path / "zones", folder.path / "away");
  CHECK(until([&] { return wholes == 1; }));
  fs::rename(folder.path / "away", folder.path / "zones");
  CHECK(until([&] { return wholes == 2; }));

  for (int i = 0; i < 3000; ++i) folder.write("zones/n" + std::to_string(i), "1");
  CHECK(until([&] { return wholes > 2; }));
}

TEST_CASE("a file watch may be destroyed in its own call", "[net][file_watch]") {
  const Folder folder;
  Loop loop;
  const auto witness = std::make_shared<int>(7);
  int calls = 0;
  std::unique_ptr<FileWatch> watch;
  watch = std::make_unique<FileWatch>(loop, [&, witness](const fs::path&) {
    watch.reset();
    calls += *witness;
  });
  watch->watch(folder.write("a.zone", "1"));
  watch->watch(folder.write("b.zone", "1"));
  folder.write("a.zone", "2");
  folder.write("b.zone", "2");
  REQUIRE(run_until(loop, [&] { return calls != 0; }));
  CHECK(calls == 7);
  CHECK(loop.close() == 0);
}

}  // namespace taproot::net
