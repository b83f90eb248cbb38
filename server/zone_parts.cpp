#include "server/zone_parts.hpp"

#include "server/source_copy.hpp"
#include "zonestore/sources/merged_source.hpp"

#include <utility>

namespace taproot::server {

namespace {

using zonestore::SourcePart;

/// The document as it was kept: a new one that is not accepted yet may just have become the
/// accepted one, so there is more than one place to look.
Result<SourceCopy> read_first(const SourceConfig& source) {
  Result<SourceCopy> copy = fail(Errc::not_found, "there is no copy");
  for (const auto& file : source.copies) {
    copy = read_copy(file, source.remote->max_octets);
    if (copy || copy.error().code != Errc::not_found) break;
  }
  return copy;
}

void read_document(const SourceConfig& source, SourcePart& part, LoadedZone& loaded) {
  if (zonestore::has_errors(part.findings)) return;
  const auto copy = read_first(source);
  if (copy) {
    part.text = copy->text;
    loaded.documents.push_back({source.id, copy->info.sha256});
    return;
  }
  if (copy.error().code == Errc::bad_text) loaded.documents.push_back({source.id, ""});
  part.findings.push_back({zonestore::Severity::error, "source-copy", source.shown, 0, 0,
                           "the copy of the document cannot be used: " + copy.error().detail,
                           "fetch it again: taproot reload " + loaded.name.to_text(), ""});
}

}  // namespace

void load_parts_of(const ZoneConfig& zone, LoadedZone& loaded) {
  std::vector<SourcePart> parts;
  for (const auto& source : zone.sources) {
    SourcePart part{source.shown, {}, source.path, nullptr, source.owns, source.findings};
    if (source.remote) {
      part.kind = source.remote->kind;
      read_document(source, part, loaded);
    }
    parts.push_back(std::move(part));
  }
  loaded.candidate = zonestore::load_parts(
      zone.name, parts, {}, zone.check ? zone.check->rules : zonestore::RulePolicy());
}

}  // namespace taproot::server
