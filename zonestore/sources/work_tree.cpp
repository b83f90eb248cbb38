#include "zonestore/sources/work_tree.hpp"

#include "zonestore/sources/source_file.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string_view>
#include <system_error>

namespace taproot::zonestore {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t small_file = std::size_t{4} << 10;
constexpr std::size_t packed_refs = std::size_t{16} << 20;
constexpr int max_depth = 64;

/// The text without the white space at its end, or nothing if there is no such file.
std::optional<std::string> read(const fs::path& path, std::size_t limit = small_file) {
  const auto file = read_source_file(path, limit);
  if (!file) return std::nullopt;
  std::string text = *file->text;
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
    text.pop_back();
  }
  return text;
}

bool is_commit(std::string_view text) {
  return (text.size() == 40 || text.size() == 64) &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

/// A name that stays below the folder of refs.
bool is_ref(std::string_view name) {
  return name.starts_with("refs/") && name.find("..") == std::string_view::npos &&
         name.find('\0') == std::string_view::npos;
}

/// The repository's folder of a work tree: .git itself, or where a file of that name points.
std::optional<fs::path> git_folder(const fs::path& tree) {
  const auto at = tree / ".git";
  std::error_code ignored;  // what cannot be looked at is not there
  if (fs::is_directory(at, ignored)) return at;
  constexpr std::string_view word = "gitdir: ";
  const auto text = fs::is_regular_file(at, ignored) ? read(at) : std::nullopt;
  if (!text || !text->starts_with(word)) return std::nullopt;
  return tree / text->substr(word.size());
}

std::string packed(const fs::path& folder, const std::string& ref) {
  const auto text = read(folder / "packed-refs", packed_refs);
  if (!text) return "";
  std::string_view rest = *text;
  while (!rest.empty()) {
    const auto line = rest.substr(0, rest.find('\n'));
    const auto space = line.find(' ');
    if (space != std::string_view::npos && line.substr(space + 1) == ref) {
      return is_commit(line.substr(0, space)) ? std::string(line.substr(0, space)) : "";
    }
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
  return "";
}

std::string commit_of(const fs::path& folder) {
  const auto head = read(folder / "HEAD");
  if (!head) return "";
  if (is_commit(*head)) return *head;
  constexpr std::string_view word = "ref: ";
  if (!head->starts_with(word)) return "";
  const std::string ref = head->substr(word.size());
  if (!is_ref(ref)) return "";
  // Further work trees of a repository have a HEAD of their own and share its refs.
  const auto common = read(folder / "commondir");
  const fs::path shared = common ? folder / *common : folder;
  for (const auto& place : {folder, shared}) {
    if (const auto text = read(place / ref); text && is_commit(*text)) return *text;
  }
  return packed(shared, ref);
}

}  // namespace

std::string work_tree_revision(const fs::path& file) {
  std::error_code error;
  auto tree = fs::weakly_canonical(file.parent_path().empty() ? "." : file.parent_path(), error);
  if (error) return "";
  for (int depth = 0; depth < max_depth; ++depth) {
    if (const auto folder = git_folder(tree)) return commit_of(*folder);
    if (!tree.has_relative_path()) return "";
    tree = tree.parent_path();
  }
  return "";
}

}  // namespace taproot::zonestore
