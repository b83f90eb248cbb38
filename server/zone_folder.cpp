#include "server/zone_folder.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <system_error>

namespace taproot::server {

namespace fs = std::filesystem;

namespace {

/// What a file of a folder must end with to be a zone.
constexpr std::array<std::string_view, 5> zone_endings{".yaml", ".yml", ".json", ".zone", ".db"};

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

FolderLook look_into(const fs::path& folder) {
  FolderLook look;
  std::vector<std::string> names;
  std::error_code error;
  fs::directory_iterator at(folder, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    std::error_code ignored;  // a file that is gone again is no file
    auto name = at->path().filename().string();
    if (!is_passed_over(name) && at->is_regular_file(ignored)) names.push_back(std::move(name));
  }
  if (error) look.trouble = error.message();
  std::sort(names.begin(), names.end());
  for (auto& name : names) {
    if (auto apex = apex_of_file(name)) {
      look.files.push_back({std::move(*apex), folder / name});
    } else {
      look.ignored.push_back(std::move(name));
    }
  }
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
