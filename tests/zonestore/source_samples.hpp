#pragma once

#include "dns/name.hpp"
#include "dns/presentation.hpp"
#include "zonestore/candidate.hpp"
#include "zonestore/check.hpp"
#include "zonestore/sources/zone_file.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

namespace taproot::zonestore::samples {

inline dns::Name name(std::string_view text) {
  return dns::Name::from_text(text).value();
}
inline dns::Name apex() {
  return name("example.com.");
}

/// "owner ttl type rdata" of each item, in their order.
inline std::vector<std::string> lines_of(const SourceRecords& records) {
  std::vector<std::string> lines;
  for (const auto& item : records.items) {
    lines.push_back(item.owner.to_text() + " " + std::to_string(item.ttl) + " " +
                    dns::to_text(item.type) + " " +
                    dns::rdata_to_text(item.type, item.rdata.wire()));
  }
  return lines;
}

/// "rule:line:column" of each finding.
inline std::vector<std::string> places_of(const std::vector<Finding>& findings) {
  std::vector<std::string> places;
  for (const auto& f : findings) {
    places.push_back(f.rule + ":" + std::to_string(f.line) + ":" + std::to_string(f.column));
  }
  return places;
}

inline bool has_rule(const std::vector<Finding>& findings, std::string_view rule) {
  return std::any_of(findings.begin(), findings.end(),
                     [&](const Finding& f) { return f.rule == rule; });
}

inline std::string all_text(const std::vector<Finding>& findings) {
  std::string text;
  for (const auto& finding : findings) text += to_text(finding, false);
  return text;
}

/// A folder of its own that goes with the test.
class Folder {
 public:
  Folder() {
    std::string path = (std::filesystem::temp_directory_path() / "taproot-test-XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path_ = path;
  }
  ~Folder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const std::filesystem::path& path() const { return path_; }

  std::filesystem::path write(const std::string& file, std::string_view text) const {
    const auto path = path_ / file;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
    return path;
  }

 private:
  std::filesystem::path path_;
};

}  // namespace taproot::zonestore::samples
