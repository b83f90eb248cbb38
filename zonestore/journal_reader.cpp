#include "zonestore/journal_reader.hpp"

#include "zonestore/journal_codec.hpp"

#include <algorithm>
#include <functional>
#include <iterator>
#include <string>
#include <utility>

namespace taproot::zonestore {

namespace {

/// Puts the chunks of steps together, and sees that no step is missing and none is foreign.
class StepReader {
 public:
  using Take = std::function<Result<void>(std::uint64_t number, ChangeSet step)>;

  StepReader(const dns::Name& apex, std::uint64_t first, Take take)
      : apex_(apex), number_(first), take_(std::move(take)) {}

  Result<void> feed(std::uint64_t number, Octets chunk) {
    auto part = decode_changes(chunk);
    if (!part) return fail_in("step " + std::to_string(number), part.error());
    for (const auto& change : part->changes) {
      if (change.owner().is_subdomain_of(apex_)) continue;
      return fail(Errc::bad_zone, change.owner().to_text() + " is outside the zone");
    }
    if (step_ && number == number_) return append(std::move(*part));
    if (auto taken = finish_step(); !taken) return taken;
    if (number != number_) return missing();
    step_ = std::move(*part);
    return {};
  }

  /// After the last chunk; `last` is the last step that was wanted.
  Result<void> finish(std::uint64_t last) {
    if (auto taken = finish_step(); !taken) return taken;
    return number_ == last + 1 ? Result<void>() : missing();
  }

 private:
  Result<void> append(ChangeSet part) {
    if (part.from != step_->from || part.to != step_->to) {
      return fail(Errc::bad_message, "chunks of different steps");
    }
    std::move(part.changes.begin(), part.changes.end(), std::back_inserter(step_->changes));
    return {};
  }

  Result<void> finish_step() {
    if (!step_) return {};
    auto taken = take_(number_, std::move(*step_));
    step_.reset();
    ++number_;
    return taken;
  }

  Result<void> missing() const {
    return fail(Errc::not_found, "step " + std::to_string(number_) + " is missing");
  }

  const dns::Name& apex_;
  std::uint64_t number_;  ///< of the step that is being read, or comes next
  std::optional<ChangeSet> step_;
  Take take_;
};

}  // namespace

Result<std::shared_ptr<const ZoneVersion>> JournalReader::newest(const dns::Name& apex,
                                                                 const ZoneRow& zone) {
  const auto history = history_start(zone);
  if (!history) return tl::unexpected(history.error());
  return load(apex, zone.id, zone.newest, *history);
}

Result<std::shared_ptr<const ZoneVersion>> JournalReader::version(const dns::Name& apex,
                                                                  const ZoneRow& zone,
                                                                  std::uint64_t number) {
  return load(apex, zone.id, number, number + 1);
}

Result<std::shared_ptr<const ZoneVersion>> JournalReader::load(const dns::Name& apex,
                                                               std::int64_t zone,
                                                               std::uint64_t number,
                                                               std::uint64_t history) {
  const auto damaged = [&](const std::string& words) {
    return fail(Errc::io, "version " + std::to_string(number) + " of " + apex.to_text() +
                              " cannot be read from the journal: " + words);
  };
  const auto row = tables_.find_version(zone, number);
  if (!row) return damaged(row.error().detail);
  ZoneBuilder builder(apex);
  const auto base = start_at_base(builder, zone, number);
  if (!base) return damaged(base.error().detail);
  if (auto done = replay(builder, zone, *base, number, history); !done) {
    return damaged(done.error().detail);
  }
  builder.set_provenance(row->summary.provenance);
  auto version = builder.finish();
  if (!version) return damaged(version.error().detail);
  if ((*version)->serial() != row->summary.serial ||
      (*version)->record_count() != row->summary.records) {
    return damaged("it has lost its serial or some of its records");
  }
  return version;
}

/// The first of the newest steps that fit into memory and follow each other without a gap.
Result<std::uint64_t> JournalReader::history_start(const ZoneRow& zone) {
  std::uint64_t start = zone.newest + 1;
  std::uint64_t left = limits_.memory_octets;
  auto walked = tables_.walk_versions(zone.id, zone.newest, limits_.memory_steps,
                                      [&](const VersionRow& version) {
                                        if (!version.step_octets || *version.step_octets > left)
                                          return false;
                                        if (version.summary.provenance.number + 1 != start)
                                          return false;
                                        left -= *version.step_octets;
                                        --start;
                                        return true;
                                      });
  if (!walked) return tl::unexpected(walked.error());
  return start;
}

/// Puts the nearest snapshot into the builder and returns its number.
Result<std::uint64_t> JournalReader::start_at_base(ZoneBuilder& builder, std::int64_t zone,
                                                   std::uint64_t number) {
  const auto base = tables_.find_base(zone, number);
  if (!base) return tl::unexpected(base.error());
  if (!*base) return fail(Errc::not_found, "there is no snapshot to begin with");
  auto read = tables_.read_snapshot(zone, **base,
                                    [&](Octets chunk) { return decode_snapshot(chunk, builder); });
  if (!read) return fail_in("snapshot " + std::to_string(**base), read.error());
  const auto row = tables_.find_version(zone, **base);
  if (!row) return tl::unexpected(row.error());
  if (builder.record_count() != row->summary.records) {
    return fail(Errc::bad_zone, "snapshot " + std::to_string(**base) + " is not whole");
  }
  return **base;
}

Result<void> JournalReader::replay(ZoneBuilder& builder, std::int64_t zone, std::uint64_t base,
                                   std::uint64_t number, std::uint64_t history) {
  const std::uint64_t first = std::min(base + 1, history);
  if (first > number) return {};
  StepReader steps(builder.apex(), first, [&](std::uint64_t at, ChangeSet step) -> Result<void> {
    if (at > base) {
      if (auto applied = builder.apply(step); !applied) {
        return fail_in("step " + std::to_string(at), applied.error());
      }
    }
    if (at >= history) {
      builder.push_history(std::make_shared<const ChangeSet>(std::move(step)), limits_.memory_steps,
                           limits_.memory_octets);
    }
    return {};
  });
  auto read = tables_.read_changes(
      zone, first, number, [&](std::uint64_t at, Octets chunk) { return steps.feed(at, chunk); });
  if (!read) return read;
  return steps.finish(number);
}

}  // namespace taproot::zonestore
