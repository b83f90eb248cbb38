#include "server/import_source.hpp"

#include "zonestore/sources/records.hpp"
#include "zonestore/sources/source_file.hpp"
#include "zonestore/sources/zone_file.hpp"
#include "zonestore/sources/zone_source.hpp"

namespace taproot::server {

namespace {

using zonestore::SourceKind;

const char* words_of(SourceKind kind) {
  switch (kind) {
    case SourceKind::zone_file:
      return "zone file ";
    case SourceKind::yaml:
      return "YAML file ";
    case SourceKind::json:
      return "JSON file ";
  }
  return "";
}

}  // namespace

Result<ImportedZone> import_from_file(const dns::Name& apex, const std::filesystem::path& path,
                                      const std::string& shown) {
  const zonestore::SourceLimits limits;
  const auto kind = zonestore::kind_of(path);
  ImportedZone zone;
  zone.source = words_of(kind) + shown;
  if (kind == SourceKind::zone_file) {
    zone.records = zonestore::read_zone_file(apex, path, shown, limits);
  } else {
    const auto file = zonestore::read_source_file(path, limits.file_octets);
    if (!file) return fail(file.error().code, shown + " " + file.error().detail);
    zone.records = kind == SourceKind::yaml
                       ? zonestore::read_yaml_records(apex, *file->text, shown, limits)
                       : zonestore::read_json_records(apex, *file->text, shown, limits);
    zone.records.texts = {file->text};
  }
  zone.comments = zonestore::comments_of(apex, zone.records, kind);
  return zone;
}

}  // namespace taproot::server
