#include "zonestore/journal_writer.hpp"

#include "dns/rdata.hpp"
#include "zonestore/journal_codec.hpp"
#include "zonestore/journal_divergences.hpp"

#include <algorithm>
#include <iterator>
#include <limits>
#include <string>
#include <vector>

namespace taproot::zonestore {

namespace {

/// Below this much content a snapshot costs next to nothing.
constexpr std::size_t small_octets = std::size_t{64} << 10;

std::vector<dns::Rdata> canonical_rdata(const std::optional<dns::RRset>& rrset) {
  std::vector<dns::Rdata> all;
  if (!rrset) return all;
  all.reserve(rrset->rdata.size());
  for (const auto& rdata : rrset->rdata) all.push_back(dns::canonical(rrset->type, rdata));
  std::sort(all.begin(), all.end());
  return all;
}

/// Counts records added and removed; the SOA, which every step replaces, is neither.
void count_records(const ChangeSet& step, VersionSummary& summary) {
  for (const auto& change : step.changes) {
    if (change.type() == dns::RRType::SOA && change.before && change.after) continue;
    const auto before = canonical_rdata(change.before);
    const auto after = canonical_rdata(change.after);
    std::vector<dns::Rdata> common;
    if (change.before && change.after && change.before->ttl == change.after->ttl) {
      std::set_intersection(before.begin(), before.end(), after.begin(), after.end(),
                            std::back_inserter(common));
    }
    summary.added += after.size() - common.size();
    summary.removed += before.size() - common.size();
  }
}

VersionRow row_of(const Journal::Entry& entry, bool with_snapshot) {
  const auto& version = *entry.version;
  VersionRow row{{version.provenance(), version.serial(), version.record_count()}, std::nullopt, 0};
  if (with_snapshot) row.octets += version.content_octets();
  if (entry.step) row.octets += entry.step->octets();
  if (entry.step) {
    count_records(*entry.step, row.summary);
    row.step_octets = entry.step->octets();
  } else {
    row.summary.added = version.record_count();
  }
  return row;
}

/// The last guard of two promises: a number and a serial are never used twice.
Result<void> check_next(const ZoneRow& zone, const ZoneVersion& version) {
  constexpr auto last = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (version.number() <= zone.newest || version.number() > last) {
    return fail(Errc::conflict, "version " + std::to_string(version.number()) +
                                    " cannot follow version " + std::to_string(zone.newest));
  }
  if (zone.highest && !(version.serial() > *zone.highest)) {
    return fail(Errc::bad_serial, "serial " + std::to_string(version.serial().value()) +
                                      " is not ahead of " + std::to_string(zone.highest->value()) +
                                      ", which this zone had already (RFC 1982)");
  }
  return {};
}

}  // namespace

Result<void> JournalWriter::write(const Journal::Entry& entry) {
  const auto& version = *entry.version;
  auto zone = tables_.find_zone(version.apex());
  if (!zone) return tl::unexpected(zone.error());
  if (auto fits = check_next(*zone, version); !fits) return fits;
  if (zone->id == 0) return write_first(entry);
  if (entry.step) zone->base_octets += entry.step->octets();
  const bool with_snapshot = wants_snapshot(*zone, entry);
  const auto row = row_of(entry, with_snapshot);
  if (auto added = tables_.add_version(zone->id, row); !added) return added;
  zone->octets += row.octets;
  if (auto written = write_changes(*zone, entry); !written) return written;
  if (with_snapshot) {
    if (auto written = write_snapshot(*zone, entry); !written) return written;
  }
  if (entry.divergence) {
    if (auto written = write_divergences(tables_, zone->id, *entry.divergence); !written) {
      return written;
    }
  }
  if (zone->newest == 0) zone->oldest = version.number();
  zone->newest = version.number();
  zone->highest = version.serial();
  if (auto pruned = prune(*zone); !pruned) return pruned;
  return tables_.put_zone(version.apex(), *zone);
}

/// The same for a zone without a past: its row is written once.
Result<void> JournalWriter::write_first(const Journal::Entry& entry) {
  const auto& version = *entry.version;
  const auto row = row_of(entry, true);
  ZoneRow zone;
  zone.highest = version.serial();
  zone.oldest = zone.newest = zone.base = version.number();
  zone.octets = row.octets;
  if (auto added = tables_.put_zone(version.apex(), zone); !added) return added;
  if (auto added = tables_.add_version(zone.id, row); !added) return added;
  if (auto written = write_changes(zone, entry); !written) return written;
  if (auto written = write_snapshot(zone, entry); !written) return written;
  if (!entry.divergence) return {};
  return write_divergences(tables_, zone.id, *entry.divergence);
}

Result<void> JournalWriter::write_changes(const ZoneRow& zone, const Journal::Entry& entry) {
  if (!entry.step) return {};
  std::int64_t chunk = 0;
  return encode_changes(*entry.step, [&](Octets content) {
    return tables_.add_chunk(JournalTables::Kind::changes, zone.id, entry.version->number(),
                             chunk++, content);
  });
}

Result<void> JournalWriter::write_snapshot(ZoneRow& zone, const Journal::Entry& entry) {
  zone.base = entry.version->number();
  zone.base_octets = 0;
  std::int64_t chunk = 0;
  return encode_snapshot(*entry.version, [&](Octets content) {
    return tables_.add_chunk(JournalTables::Kind::snapshot, zone.id, zone.base, chunk++, content);
  });
}

/// Once the steps since the last one hold as much as the zone: so loading costs at most twice the
/// zone, and writing snapshots no more than writing changes. For a small zone also once per
/// `disk_versions`, so that pruning finds a snapshot to begin with.
bool JournalWriter::wants_snapshot(const ZoneRow& zone, const Journal::Entry& entry) const {
  const std::uint64_t number = entry.version->number();
  if (!entry.step || zone.newest == 0 || number != zone.newest + 1) return true;
  const std::size_t content = entry.version->content_octets();
  if (zone.base_octets > std::max(content, small_octets)) return true;
  return content <= small_octets &&
         number - zone.base >= std::max<std::size_t>(limits_.disk_versions, 1);
}

/// Drops the oldest versions, up to the last snapshot that leaves enough of them, and further up
/// to the first that leaves little enough: what is kept always begins with a snapshot, and an old
/// one is never written anew.
Result<void> JournalWriter::prune(ZoneRow& zone) {
  const auto by_count = start_by_count(zone);
  if (!by_count) return tl::unexpected(by_count.error());
  const auto by_size = start_by_size(zone);
  if (!by_size) return tl::unexpected(by_size.error());
  const std::uint64_t start = std::max(*by_count, *by_size);
  if (start <= zone.oldest) return {};
  const auto dropped = tables_.octets_below(zone.id, start);
  if (!dropped) return tl::unexpected(dropped.error());
  zone.octets -= std::min(*dropped, zone.octets);
  zone.oldest = start;
  return tables_.drop_versions_below(zone.id, start);
}

/// The first version to be kept for there to be no more than `disk_versions`, about.
Result<std::uint64_t> JournalWriter::start_by_count(const ZoneRow& zone) {
  const std::uint64_t keep = std::max<std::size_t>(limits_.disk_versions, 1);
  if (zone.newest - zone.oldest < keep) return zone.oldest;
  const auto base = tables_.find_base(zone.id, zone.newest - keep + 1);
  if (!base) return tl::unexpected(base.error());
  return base->value_or(zone.oldest);
}

/// The first version to be kept for all to be no larger than `disk_octets`; the newest snapshot
/// and what follows it stay, however large they are.
Result<std::uint64_t> JournalWriter::start_by_size(const ZoneRow& zone) {
  if (zone.octets <= limits_.disk_octets || zone.base <= zone.oldest) return zone.oldest;
  std::uint64_t left = limits_.disk_octets;
  std::uint64_t start = zone.newest + 1;
  constexpr auto all = std::numeric_limits<std::size_t>::max();
  const auto fits = [&](const VersionRow& version) {
    if (version.octets > left) return false;
    left -= version.octets;
    start = version.summary.provenance.number;
    return true;
  };
  if (auto walked = tables_.walk_versions(zone.id, zone.newest, all, fits); !walked) {
    return tl::unexpected(walked.error());
  }
  const auto base = tables_.find_base_from(zone.id, start);
  if (!base) return tl::unexpected(base.error());
  return base->value_or(zone.base);
}

}  // namespace taproot::zonestore
