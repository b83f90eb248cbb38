#include "zonestore/sources/zone_source.hpp"

#include "zonestore/check.hpp"
#include "zonestore/sources/large_zone_file.hpp"
#include "zonestore/sources/read_source.hpp"
#include "zonestore/sources/records.hpp"
#include "zonestore/sources/source_file.hpp"
#include "zonestore/sources/source_lines.hpp"
#include "zonestore/sources/zone_file.hpp"

#include <sys/stat.h>

#include <chrono>
#include <memory>
#include <utility>

namespace taproot::zonestore {

namespace {

/// From this size on a zone file is worth remembering.
constexpr std::uint64_t large_octets = 256 * 1024;

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
  auto records = read_source_text(apex, kind_of(path), *file->text, shown, limits);
  records.texts = {file->text};
  return records;
}

}  // namespace

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

SourceRecords read_source_text(const dns::Name& apex, SourceKind kind, std::string_view text,
                               const std::string& shown, const SourceLimits& limits) {
  switch (kind) {
    case SourceKind::zone_file:
      return read_zone_text(apex, text, shown, limits);
    case SourceKind::yaml:
      return read_yaml_records(apex, text, shown, limits);
    case SourceKind::json:
      return read_json_records(apex, text, shown, limits);
  }
  return {};
}

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
  if (limits.progress != nullptr && before) limits.progress->of = before->octets;
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
  SourceLines lines(records.files, records.texts);
  remember(records.files.size() > 1);
  return check_zone(
      apex, std::move(records),
      [&lines](const std::string& file, std::size_t number) { return lines.line(file, number); },
      policy);
}

}  // namespace taproot::zonestore
