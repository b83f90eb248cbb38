#include "server/zone_folder.hpp"

#include <dirent.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <memory>
#include <string_view>
#include <system_error>

namespace taproot::server {

namespace fs = std::filesystem;

namespace {

/// What a file of a folder must end with to be a zone.
constexpr std::array<std::string_view, 5> zone_endings{".yaml", ".yml", ".json", ".zone", ".db"};

struct CloseFolder {
  void operator()(DIR* folder) const { (void)::closedir(folder); }
};

FolderStamp stamp_of(int fd) {
  struct stat found{};
  if (::fstat(fd, &found) != 0) return {};
  // What came or went in the same moment as the look would not show.
  constexpr std::int64_t settled = 2;
  if (found.st_ctim.tv_sec + settled > ::time(nullptr)) return {};
  return {found.st_ino, std::int64_t{found.st_ctim.tv_sec} * 1'000'000'000 + found.st_ctim.tv_nsec};
}

enum class Kind { file, link, other };

/// What an entry of a folder is; a link is one if it leads to a regular file.
Kind kind_of(int folder, const dirent& entry) {
  if (entry.d_type == DT_REG) return Kind::file;
  if (entry.d_type != DT_LNK && entry.d_type != DT_UNKNOWN) return Kind::other;
  struct stat found{};
  if (::fstatat(folder, &entry.d_name[0], &found, 0) != 0 || !S_ISREG(found.st_mode)) {
    return Kind::other;
  }
  return entry.d_type == DT_LNK ? Kind::link : Kind::file;
}

}  // namespace

bool is_passed_over(const std::string& file) {
  return file.starts_with('.') || file.ends_with('~') || file.ends_with(".swp");
}

std::optional<dns::Name> apex_of_file(const std::string& file) {
  for (const auto ending : zone_endings) {
    if (file.size() <= ending.size() || !file.ends_with(ending)) continue;
    auto apex = dns::Name::from_text(file.substr(0, file.size() - ending.size()));
    return apex ? std::optional(std::move(*apex)) : std::nullopt;
  }
  return std::nullopt;
}

FolderLook look_into(const fs::path& folder, const FolderStamp& before) {
  FolderLook look;
  const std::unique_ptr<DIR, CloseFolder> open(::opendir(folder.c_str()));
  if (!open) {
    look.trouble = std::system_category().message(errno);
    return look;
  }
  const int fd = ::dirfd(open.get());
  look.stamp = stamp_of(fd);
  look.is_same = look.stamp.changed != 0 && look.stamp == before;
  if (look.is_same) return look;
  errno = 0;
  while (const dirent* entry = ::readdir(open.get())) {
    std::string name(&entry->d_name[0]);
    const auto kind = kind_of(fd, *entry);
    if (kind != Kind::other && !is_passed_over(name)) {
      if (auto apex = apex_of_file(name)) {
        look.files.push_back({std::move(*apex), std::move(name), kind == Kind::link});
      } else {
        look.ignored.push_back(std::move(name));
      }
    }
    errno = 0;  // a file that is gone again is no file
  }
  if (errno != 0) look.trouble = std::system_category().message(errno);
  std::sort(look.files.begin(), look.files.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  std::sort(look.ignored.begin(), look.ignored.end());
  return look;
}

bool has_file_of(const fs::path& folder, const dns::Name& apex) {
  std::string text = apex.to_text();
  if (text.size() > 1 && text.ends_with('.')) text.pop_back();
  return std::any_of(zone_endings.begin(), zone_endings.end(), [&](const auto ending) {
    std::error_code ignored;  // what cannot be looked at is not there
    return fs::is_regular_file(folder / (text + std::string(ending)), ignored);
  });
}

}  // namespace taproot::server
