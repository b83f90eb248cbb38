#include "zonestore/sources/work_tree.hpp"
#include "journal_samples.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>

#include <fstream>

using namespace samples;
using zonestore::work_tree_revision;

namespace {

const std::string one(40, '1');
const std::string two(64, '2');

void put(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << text;
}

}  // namespace

TEST_CASE("the commit of a work tree is read from its files", "[zonestore][work_tree]") {
  const StateFolder folder;
  const auto tree = folder.path() / "tree";
  const auto git = tree / ".git";
  const auto file = tree / "zones" / "deep" / "a.zone";
  put(file, "");
  CHECK(work_tree_revision(file).empty());

  put(git / "HEAD", one + "\n");
  CHECK(work_tree_revision(file) == one);
  CHECK(work_tree_revision(tree / "b.zone") == one);  // the file need not exist

  put(git / "HEAD", "ref: refs/heads/main\n");
  CHECK(work_tree_revision(file).empty());  // no commit yet
  put(git / "packed-refs", "# pack-refs with: peeled\n" + one + " refs/heads/main2\n" + two +
                               " refs/heads/main\n^" + one + "\n");
  CHECK(work_tree_revision(file) == two);
  put(git / "refs/heads/main", one + "\n");
  CHECK(work_tree_revision(file) == one);

  // A further work tree of the same repository, and a link to the file.
  const auto other = folder.path() / "other";
  put(other / ".git", "gitdir: " + (git / "worktrees" / "other").string() + "\n");
  put(git / "worktrees/other/HEAD", "ref: refs/heads/topic\n");
  put(git / "worktrees/other/commondir", "../..\n");
  put(git / "refs/heads/topic", two + "\n");
  CHECK(work_tree_revision(other / "a.zone") == two);
  fs::create_directory_symlink(tree / "zones", folder.path() / "link");
  CHECK(work_tree_revision(folder.path() / "link" / "a.zone") == one);
}

TEST_CASE("what only looks like a work tree has no commit", "[zonestore][work_tree]") {
  const StateFolder folder;
  const auto git = folder.path() / ".git";
  const auto file = folder.path() / "a.zone";
  fs::create_directories(git);
  CHECK(work_tree_revision(file).empty());
  put(folder.path() / "secret", one);
  for (const auto& head :
       {std::string("x"), std::string("ref: ../secret"), std::string("ref: refs/../../secret"),
        std::string("ref: /etc/passwd"), std::string("ref: refs/heads"), std::string(39, '1'),
        std::string(40, 'g'), std::string(100'000, '1'), std::string("ref: refs/\0x", 12)}) {
    put(git / "HEAD", head);
    CHECK(work_tree_revision(file).empty());
  }
  fs::remove(git / "HEAD");
  REQUIRE(::mkfifo((git / "HEAD").c_str(), 0600) == 0);
  CHECK(work_tree_revision(file).empty());
  fs::remove_all(git);
  for (const auto& text : {std::string("gitdir: .git"), std::string("gitdir: "), std::string("x"),
                           std::string("gitdir: /nowhere")}) {
    put(git, text);
    CHECK(work_tree_revision(file).empty());
  }
}
