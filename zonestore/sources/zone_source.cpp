#include "zonestore/sources/zone_source.hpp"

#include "zonestore/check.hpp"
#include "zonestore/sources/large_zone_file.hpp"
#include "zonestore/sources/records.hpp"
#include "zonestore/sources/source_file.hpp"
#include "zonestore/sources/zone_file.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace taproot::zonestore {

namespace {

/// From this size on a zone file is worth remembering.
constexpr std::uint64_t large_octets = 256 * 1024;

/// Lines of texts by their numbers. An index of a text is made when its first line is asked for.
class Lines {
 public:
  Lines(const std::vector<std::string>& files,
        const std::vector<std::shared_ptr<const std::string>>& texts) {
    for (std::size_t i = 0; i < std::min(files.size(), texts.size()); ++i) {
      if (texts[i]) texts_.try_emplace(files[i], Indexed{texts[i], {}});
    }
  }

  std::string line(const std::string& file, std::size_t number) {
    const auto found = texts_.find(file);
    if (found == texts_.end()) return "";
    auto& [text, starts] = found->second;
    if (starts.empty()) starts = line_starts(*text);
    if (number == 0 || number > starts.size()) return "";
    constexpr std::size_t enough = 4096;
    const auto part = std::string_view(*text).substr(starts[number - 1], enough);
    auto line = part.substr(0, part.find('\n'));
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    return std::string(line);
  }

 private:
  struct Indexed {
    std::shared_ptr<const std::string> text;
    std::vector<std::size_t> starts;
  };

  static std::vector<std::size_t> line_starts(const std::string& text) {
    std::vector<std::size_t> starts = {0};
    for (auto at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 1)) {
      starts.push_back(at + 1);
    }
    return starts;
  }

  std::map<std::string, Indexed> texts_;
};

SourceRecords unreadable(const std::string& shown, const Error& error) {
  const bool large = error.code == Errc::too_large;
  SourceRecords records;
  records.files.push_back(shown);
  records.findings.push_back({Severity::error, large ? "file-too-large" : "unreadable", shown, 0, 0,
                              shown + " " + error.detail,
                              large ? "split the zone, or allow larger files"
                                    : "name a regular file that taproot may read",
                              ""});
  return records;
}

SourceRecords read_document(const dns::Name& apex, const std::filesystem::path& path,
                            const std::string& shown, const SourceLimits& limits) {
  const auto file = read_source_file(path, limits.file_octets);
  if (!file) return unreadable(shown, file.error());
  auto records = kind_of(path) == SourceKind::yaml
                     ? read_yaml_records(apex, *file->text, shown, limits)
                     : read_json_records(apex, *file->text, shown, limits);
  records.texts = {file->text};
  return records;
}

SourceRecords read_source(const dns::Name& apex, const std::filesystem::path& path,
                          const std::string& shown, const SourceLimits& limits) {
  switch (kind_of(path)) {
    case SourceKind::zone_file:
      return read_zone_file(apex, path, shown, limits);
    case SourceKind::yaml:
    case SourceKind::json:
      return read_document(apex, path, shown, limits);
  }
  return {};
}

}  // namespace

SourceKind kind_of(const std::filesystem::path& path) {
  const auto ending = path.extension();
  if (ending == ".yaml" || ending == ".yml") return SourceKind::yaml;
  if (ending == ".json") return SourceKind::json;
  return SourceKind::zone_file;
}

SourceMemory::SourceMemory() = default;
SourceMemory::~SourceMemory() = default;

std::optional<SourceMemory::Stamp> SourceMemory::stamp_of(const std::filesystem::path& path) {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0) return std::nullopt;
  const auto nanoseconds = [](const timespec& time) {
    return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
  };
  return Stamp{found.st_dev, found.st_ino, static_cast<std::uint64_t>(found.st_size),
               nanoseconds(found.st_mtim), nanoseconds(found.st_ctim)};
}

bool SourceMemory::is_unchanged(const std::filesystem::path& path, const RulePolicy& policy) const {
  return stamp_ && policy_ == policy && stamp_ == stamp_of(path);
}

void SourceMemory::installed(const std::shared_ptr<const ZoneVersion>& version) {
  if (large_) large_->installed(version);
}

Candidate load_zone(const dns::Name& apex, const std::filesystem::path& path,
                    const std::string& shown, const SourceLimits& limits, const RulePolicy& policy,
                    SourceMemory* memory) {
  SourceMemory mine;
  if (memory == nullptr) memory = &mine;
  const auto started = std::chrono::system_clock::now();
  const auto before = SourceMemory::stamp_of(path);
  memory->stamp_.reset();
  if (memory->policy_ != policy) memory->large_.reset();
  memory->policy_ = policy;
  const auto remember = [&](bool includes) {
    // A file that was written while it was read, or so shortly before that its times would not
    // show another write, is read again the next time.
    const auto settled = (started - std::chrono::seconds(1)).time_since_epoch();
    const bool is_settled = before && before->changed < std::chrono::nanoseconds(settled).count();
    if (!includes && is_settled && before == SourceMemory::stamp_of(path)) memory->stamp_ = before;
  };
  if (before && before->octets >= large_octets && kind_of(path) == SourceKind::zone_file) {
    if (!memory->large_) memory->large_ = std::make_unique<LargeZoneFile>(apex);
    if (auto candidate = memory->large_->load(path, shown, limits, policy)) {
      remember(false);
      return std::move(*candidate);
    }
  }
  memory->large_.reset();
  auto records = read_source(apex, path, shown, limits);
  Lines lines(records.files, records.texts);
  remember(records.files.size() > 1);
  return check_zone(
      apex, std::move(records),
      [&lines](const std::string& file, std::size_t number) { return lines.line(file, number); },
      policy);
}

}  // namespace taproot::zonestore
