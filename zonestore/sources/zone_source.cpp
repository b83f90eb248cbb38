#include "zonestore/sources/zone_source.hpp"

#include "zonestore/check.hpp"
#include "zonestore/sources/read_source.hpp"
#include "zonestore/sources/records.hpp"
#include "zonestore/sources/source_file.hpp"
#include "zonestore/sources/source_lines.hpp"
#include "zonestore/sources/zone_file.hpp"

#include <utility>

namespace taproot::zonestore {

namespace {

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

Candidate load_zone(const dns::Name& apex, const std::filesystem::path& path,
                    const std::string& shown, const SourceLimits& limits) {
  auto records = read_source(apex, path, shown, limits);
  SourceLines lines(records.files, records.texts);
  return check_zone(
      apex, std::move(records),
      [&lines](const std::string& file, std::size_t number) { return lines.line(file, number); });
}

}  // namespace taproot::zonestore
