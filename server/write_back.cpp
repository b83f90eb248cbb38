#include "server/write_back.hpp"

#include "zonestore/check.hpp"
#include "zonestore/check_edit.hpp"
#include "zonestore/sources/read_source.hpp"
#include "zonestore/sources/rewrite.hpp"
#include "zonestore/sources/source_file.hpp"
#include "zonestore/sources/zone_source.hpp"

#include <algorithm>
#include <filesystem>
#include <iterator>
#include <string_view>
#include <system_error>
#include <utility>

namespace taproot::server {

namespace {

using zonestore::Candidate;
using zonestore::ZoneVersion;

Candidate read_text(const WriteBackWish& wish, std::string_view text) {
  const zonestore::SourceLimits limits;
  auto records = zonestore::read_source_text(wish.zone, zonestore::kind_of(wish.source), text,
                                             wish.shown, limits);
  return zonestore::check_zone(wish.zone, std::move(records), {}, wish.rules);
}

/// What zone and file are to say. An edit wants a file that has not changed; to write back what
/// was edited before is the way out of a conflict with one that has.
Result<std::shared_ptr<const ZoneVersion>> target_of(const WriteBackWish& wish,
                                                     const ZoneVersion& file) {
  auto merge = zonestore::merge_source(*wish.current, wish.divergences, file,
                                       zonestore::OnConflict::keep_zone);
  if (!merge.source_changed) return wish.wanted;
  if (wish.has_changes) {
    return fail(Errc::conflict, wish.shown +
                                    " has changed and was not taken yet: `taproot reload " +
                                    wish.zone.to_text() + "` first");
  }
  return merge.version;
}

/// A text alone is read without what it includes.
bool includes_others(const Candidate& file) {
  return std::any_of(file.findings.begin(), file.findings.end(),
                     [](const auto& finding) { return finding.rule == "include-refused"; });
}

bool is_soa_only(const zonestore::ChangeSet& changes) {
  return std::all_of(changes.changes.begin(), changes.changes.end(),
                     [](const auto& change) { return change.type() == dns::RRType::SOA; });
}

/// Whether a text says what it is to say, to the last record. Of a file without a SOA the zone
/// takes the one that follows from the rest.
Result<std::shared_ptr<const ZoneVersion>> proven(const WriteBackWish& wish,
                                                  std::shared_ptr<const ZoneVersion> target,
                                                  std::string_view text, bool changes_soa) {
  const auto again = read_text(wish, text);
  if (!again.version) {
    const auto bad = std::find_if(
        again.findings.begin(), again.findings.end(),
        [](const auto& finding) { return finding.severity == zonestore::Severity::error; });
    return fail(Errc::bad_zone, wish.shown + " would not be right after the edit was written to " +
                                    "it, so it was left alone: " + zonestore::to_line(*bad));
  }
  const auto left = zonestore::content_changes(*target, *again.version);
  if (left.changes.empty()) return target;
  if (!changes_soa && is_soa_only(left)) {
    zonestore::ZoneBuilder builder(*target);
    for (const auto& change : left.changes) builder.put(*change.after);
    return builder.finish();
  }
  const auto& first = left.changes.front();
  return fail(Errc::bad_zone, wish.shown + " is written in a way that the edit cannot be written " +
                                  "into (" + first.owner().to_text() + " " +
                                  dns::to_text(first.type()) +
                                  " would not be as wanted), so it was left alone: make the " +
                                  "change there by hand");
}

}  // namespace

Result<PreparedWriteBack> prepare_write_back(const WriteBackWish& wish) {
  const auto stamp = zonestore::stamp_of(wish.source);
  if (!stamp) return tl::unexpected<Error>(stamp.error());
  const auto file = zonestore::read_source_file(wish.source, zonestore::SourceLimits{}.file_octets);
  if (!file) return fail_in(wish.shown, file.error());
  const auto before = read_text(wish, *file->text);
  PreparedWriteBack prepared;
  if (includes_others(before)) {
    return fail(Errc::bad_zone, wish.shown +
                                    " includes other files, and edits are written back to files "
                                    "that do not: make the change there by hand");
  }
  if (!before.version) {
    prepared.findings = before.findings;
    return prepared;
  }
  auto target = target_of(wish, *before.version);
  if (!target) return tl::unexpected<Error>(target.error());
  const auto changes = zonestore::content_changes(*before.version, **target);
  auto text =
      zonestore::rewrite_source(wish.zone, *file->text, zonestore::kind_of(wish.source), changes);
  if (!text) return fail(Errc::bad_zone, wish.shown + ": " + text.error().detail);
  const bool changes_soa =
      std::any_of(changes.changes.begin(), changes.changes.end(),
                  [](const auto& change) { return change.type() == dns::RRType::SOA; });
  auto version = proven(wish, std::move(*target), *text, changes_soa);
  if (!version) return tl::unexpected<Error>(version.error());
  auto checked = zonestore::check_edit(
      *wish.current, *version, zonestore::changes_between(*wish.current, **version), wish.rules);
  prepared.findings = std::move(checked.findings);
  prepared.version = std::move(checked.version);
  if (!prepared.version || wish.dry_run || changes.changes.empty()) return prepared;
  std::error_code error;  // through symbolic links: what they lead to is replaced, not they
  const auto real_path = std::filesystem::canonical(wish.source, error);
  if (error) return fail(Errc::io, wish.shown + ": " + error.message());
  auto replacement = zonestore::FileReplacement::prepare(real_path, *text, *stamp);
  if (!replacement) return tl::unexpected<Error>(replacement.error());
  prepared.file.emplace(std::move(*replacement));
  return prepared;
}

}  // namespace taproot::server
