#pragma once

#include "server/config.hpp"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

namespace taproot::server {

/// A folder of its own for one test, gone at its end.
class TestFolder {
 public:
  TestFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "taproot-test-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  ~TestFolder() {
    std::error_code ignored;  // what is left is in the system's folder for such things
    std::filesystem::remove_all(path_, ignored);
  }

  const std::filesystem::path& path() const { return path_; }

  /// Writes a file and returns its path.
  std::filesystem::path file(const std::string& name, const std::string& text,
                             unsigned mode = 0600) const {
    const auto path = path_ / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
    ::chmod(path.c_str(), mode);
    return path;
  }

 private:
  std::filesystem::path path_;
};

/// A world with these variables, whose commands all say the same.
inline ConfigWorld test_world(std::map<std::string, std::string> environment = {},
                              Result<Secret> says = Secret("c2VjcmV0c2VjcmV0c2VjcmV0")) {
  ConfigWorld world;
  world.environment = [environment](const std::string& name) -> std::optional<std::string> {
    const auto found = environment.find(name);
    if (found == environment.end()) return std::nullopt;
    return found->second;
  };
  world.run = [says](const std::string&) { return says; };
  return world;
}

}  // namespace taproot::server
