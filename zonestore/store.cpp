#include "zonestore/store.hpp"

#include "dns/rdata.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <iterator>
#include <string>
#include <unordered_map>
#include <utility>

namespace taproot::zonestore {

namespace {

Change* find_soa(ChangeSet& step, const dns::Name& apex) {
  for (auto& change : step.changes) {
    if (change.type() == dns::RRType::SOA && change.owner() == apex) return &change;
  }
  return nullptr;
}

/// The rdata of a SOA with another serial.
Result<dns::Rdata> soa_with(const dns::RRset& soa, dns::Serial serial) {
  auto fields = dns::Soa::from_rdata(soa.rdata.front().wire());
  if (!fields) return tl::unexpected(fields.error());
  fields->serial = serial;
  return fields->to_rdata();
}

/// True if the step changes nothing but the serial.
bool is_serial_only(const ChangeSet& step) {
  if (step.changes.empty()) return true;
  const Change& change = step.changes.front();
  if (step.changes.size() > 1 || change.type() != dns::RRType::SOA) return false;
  if (!change.before || !change.after || change.before->ttl != change.after->ttl) return false;
  const auto before = soa_with(*change.before, step.to);
  const auto after = soa_with(*change.after, step.to);
  return before && after &&
         dns::canonical(change.type(), *before) == dns::canonical(change.type(), *after);
}

/// What leads from `current` to the contents of `candidate`. Its serial is only a placeholder,
/// the one after current's: so the SOA is always among the changes.
Result<ChangeSet> step_to(const ZoneVersion& current, const ZoneVersion& candidate) {
  ZoneBuilder wanted(candidate);
  wanted.set_serial(current.serial().next());
  auto target = wanted.finish();
  if (!target) return tl::unexpected(target.error());
  return changes_between(current, **target);
}

Result<void> give_serial(ChangeSet& step, const dns::Name& apex, dns::Serial serial) {
  Change* soa = find_soa(step, apex);
  if (soa == nullptr || !soa->after) {
    return fail(Errc::bad_zone, apex.to_text() + " would lose its SOA record");
  }
  auto rdata = soa_with(*soa->after, serial);
  if (!rdata) return tl::unexpected(rdata.error());
  soa->after->rdata = {std::move(*rdata)};
  step.to = serial;
  return {};
}

/// The step with the change of the ZONEMD record that is right after it. Costs the zone.
Result<void> add_digest(ChangeSet& step, const ZoneVersion& before, DigestAlgorithm algorithm) {
  ZoneBuilder builder(before);
  if (auto applied = builder.apply(step); !applied) return applied;
  const auto draft = builder.finish();
  if (!draft) return tl::unexpected(draft.error());
  const auto digested = with_digest(**draft, algorithm);
  if (!digested) return tl::unexpected(digested.error());
  Change change;
  change.before = before.find(before.apex(), dns::RRType::ZONEMD);
  change.after = (*digested)->find(before.apex(), dns::RRType::ZONEMD);
  // The apex comes first, and its types in ascending order.
  const auto place = std::find_if(step.changes.begin(), step.changes.end(), [&](const Change& one) {
    return one.owner() != before.apex() || one.type() > dns::RRType::ZONEMD;
  });
  step.changes.insert(place, std::move(change));
  return {};
}

/// Whether the zone has the one ZONEMD record that this algorithm makes.
bool has_digest(const ZoneVersion& version, DigestAlgorithm algorithm) {
  constexpr std::size_t algorithm_at = 5;
  const auto found = version.apex_node().find(dns::RRType::ZONEMD);
  if (!found || (*found).count() != 1) return false;
  const Octets rdata = (*found).first();
  return rdata.size() > algorithm_at && rdata[algorithm_at] == static_cast<std::uint8_t>(algorithm);
}

std::string version_text(const std::shared_ptr<const ZoneVersion>& version) {
  return version ? "version " + std::to_string(version->number()) : "no version";
}

}  // namespace

/// Where a zone stands: what its next version follows.
struct ZoneStore::Head {
  std::shared_ptr<const ZoneVersion> version;  ///< null: none, or none that can be read
  std::uint64_t number = 0;
  std::optional<dns::Serial> highest;
};

/// Several next versions on their way: none of it is seen before all of it is on disk.
struct ZoneStore::Batch {
  ZoneSet set;
  std::unordered_map<dns::Name, Head, dns::NameHash> heads;
  std::vector<Journal::Entry> entries;
  std::vector<std::shared_ptr<const ZoneVersion>> replaced;
};

ZoneStore::ZoneStore(std::unique_ptr<Journal> journal, HistoryLimits limits,
                     std::function<WallTime()> now)
    : journal_(std::move(journal)),
      limits_(limits),
      now_(std::move(now)),
      published_(std::make_shared<const ZoneSet>()) {}

std::shared_ptr<const ZoneVersion> ZoneStore::current(const dns::Name& apex) const {
  const auto set = published_.take();
  const ZoneEntry* entry = set->find(apex);
  return entry == nullptr ? nullptr : entry->kept();
}

Result<void> ZoneStore::add(const dns::Name& apex) {
  if (current(apex) != nullptr) return {};
  auto newest = journal_->newest(apex);
  auto version = newest ? *newest : nullptr;
  published_.publish(
      std::make_shared<const ZoneSet>(published_.take()->with(apex, std::move(version))));
  if (!newest) return tl::unexpected(newest.error());
  return {};
}

void ZoneStore::drop(const dns::Name& apex) {
  auto next = std::make_shared<const ZoneSet>(published_.take()->without(apex));
  if (auto version = current(apex)) retired_.push_back(std::move(version));
  published_.publish(std::move(next));
  free_retired();
}

void ZoneStore::withhold(const dns::Name& apex, bool is_withheld) {
  const auto set = published_.take();
  const ZoneEntry* entry = set->find(apex);
  if (entry == nullptr || entry->is_withheld() == is_withheld) return;
  published_.publish(std::make_shared<const ZoneSet>(set->with(apex, entry->kept(), is_withheld)));
}

void ZoneStore::free_retired() noexcept {
  // Nobody can take a version anew that no published set has, so a count of one stays one.
  std::erase_if(retired_, [](const auto& version) { return version.use_count() == 1; });
}

// --- Installing --------------------------------------------------------------------------------

std::vector<Result<Installed>> ZoneStore::install(std::vector<InstallRequest> requests) {
  std::vector<Result<Installed>> results;
  results.reserve(requests.size());
  {
    Batch batch;
    batch.set = *published_.take();
    {
      const auto reading = journal_->reading();
      for (const auto& request : requests) results.push_back(prepare(request, batch));
    }
    if (batch.entries.empty()) return results;

    // Whatever may throw is done before anything is written.
    auto next = std::make_shared<const ZoneSet>(std::move(batch.set));
    retired_.reserve(retired_.size() + batch.replaced.size());
    if (auto recorded = journal_->record(batch.entries); !recorded) {
      for (auto& result : results) {
        if (result) result = tl::unexpected(recorded.error());
      }
      return results;
    }
    std::move(batch.replaced.begin(), batch.replaced.end(), std::back_inserter(retired_));
    published_.publish(std::move(next));
  }
  free_retired();
  tell(results);
  return results;
}

Result<Installed> ZoneStore::install(InstallRequest request) {
  std::vector<InstallRequest> one;
  one.push_back(std::move(request));
  auto results = install(std::move(one));
  return std::move(results.front());
}

/// All are told, also if one listener throws: the versions are in force whatever it does.
void ZoneStore::tell(const std::vector<Result<Installed>>& results) const {
  const Told told = told_;  // the listener may set another, or install again
  if (!told) return;
  std::exception_ptr thrown;
  for (const auto& result : results) {
    if (!result || !result->changed) continue;
    try {
      told(*result);
    } catch (...) {
      if (!thrown) thrown = std::current_exception();
    }
  }
  if (thrown) std::rethrow_exception(thrown);
}

Result<Installed> ZoneStore::prepare(const InstallRequest& request, Batch& batch) {
  if (!request.candidate) return fail(Errc::bad_zone, "there is no candidate to install");
  const dns::Name& apex = request.candidate->apex();
  auto at = batch.heads.find(apex);
  if (at == batch.heads.end()) {
    auto head = head_of(apex);
    if (!head) return fail_in(apex.to_text(), head.error());
    at = batch.heads.emplace(apex, std::move(*head)).first;
  }
  Head& head = at->second;
  auto installed = next_version(request, head);
  if (!installed) return fail_in(apex.to_text(), installed.error());
  if (!installed->changed) return installed;
  batch.set.put(apex, installed->version);
  batch.entries.push_back({installed->version, installed->step, request.divergence});
  if (head.version) batch.replaced.push_back(std::move(head.version));
  head = {installed->version, installed->version->number(), installed->version->serial()};
  return installed;
}

/// A zone whose past cannot be read goes on as if it began anew, above every number and serial
/// it had: an operator with a good source must not be held up by a damaged history.
Result<ZoneStore::Head> ZoneStore::head_of(const dns::Name& apex) {
  Head head;
  const auto standing = journal_->standing(apex);
  if (!standing) return tl::unexpected(standing.error());
  head.number = standing->number;
  head.highest = standing->highest;
  head.version = current(apex);
  if (!head.version && head.number > 0) {
    if (auto newest = journal_->newest(apex)) head.version = std::move(*newest);
  }
  if (head.version && !(head.highest && *head.highest > head.version->serial())) {
    head.highest = head.version->serial();
  }
  return head;
}

Result<Installed> ZoneStore::next_version(const InstallRequest& request, const Head& head) const {
  const auto& current = head.version;
  if (request.based_on && *request.based_on != (current ? current->number() : 0)) {
    return fail(Errc::conflict,
                "the change was made for version " + std::to_string(*request.based_on) + ", but " +
                    version_text(current) + " is current: look at it and try again");
  }
  std::shared_ptr<ChangeSet> step;
  if (current) {
    // A ZONEMD of ours is made for each version, and is no difference.
    auto changes = request.zonemd
                       ? step_to(*without_digest(current), *without_digest(request.candidate))
                       : step_to(*current, *request.candidate);
    if (!changes) return tl::unexpected(changes.error());
    const bool is_due =
        request.serial || (request.zonemd && !has_digest(*current, *request.zonemd));
    if (!is_due && is_serial_only(*changes)) return Installed{current, nullptr, false};
    step = std::make_shared<ChangeSet>(std::move(*changes));
  }
  const auto wish =
      request.serial_is_ours ? std::nullopt : std::optional(request.candidate->serial());
  const auto now = std::chrono::floor<std::chrono::microseconds>(now_());
  const auto serial = request.serial ? Result<dns::Serial>(*request.serial)
                                     : next_serial(request.policy, head.highest, wish, now);
  if (!serial) return tl::unexpected(serial.error());
  if (current && !(*serial > current->serial())) {
    return fail(Errc::bad_serial, "serial " + std::to_string(serial->value()) +
                                      " is more than 2^31 - 1 ahead of " +
                                      std::to_string(current->serial().value()) +
                                      ": secondaries could not follow (RFC 1982)");
  }

  const Provenance provenance{head.number + 1, now, request.who, request.why, request.source,
                              request.revision};
  return build(request, head, std::move(step), *serial, provenance);
}

/// Builds from the current version, not from the candidate, so that both share memory.
Result<Installed> ZoneStore::build(const InstallRequest& request, const Head& head,
                                   std::shared_ptr<ChangeSet> step, dns::Serial serial,
                                   const Provenance& provenance) const {
  ZoneBuilder builder(step ? *head.version : *request.candidate);
  if (step) {
    if (auto given = give_serial(*step, builder.apex(), serial); !given) {
      return tl::unexpected(given.error());
    }
    if (request.zonemd) {
      auto added = add_digest(*step, *head.version, *request.zonemd);
      if (!added) return tl::unexpected(added.error());
    }
    if (auto applied = builder.apply(*step); !applied) return tl::unexpected(applied.error());
    builder.push_history(step, limits_.memory_steps, limits_.memory_octets);
  } else {
    builder.set_serial(serial);
    if (request.zonemd) {
      ZoneBuilder draft(*request.candidate);
      draft.set_serial(serial);
      const auto numbered = draft.finish();
      if (!numbered) return tl::unexpected(numbered.error());
      const auto digested = with_digest(**numbered, *request.zonemd);
      if (!digested) return tl::unexpected(digested.error());
      builder.put(*(*digested)->find(builder.apex(), dns::RRType::ZONEMD));
    }
  }
  builder.set_provenance(provenance);
  auto version = builder.finish();
  if (!version) return tl::unexpected(version.error());
  return Installed{std::move(*version), std::move(step), true};
}

Result<Installed> ZoneStore::preview(const InstallRequest& request) {
  const auto head = head_of(request.candidate->apex());
  if (!head) return tl::unexpected(head.error());
  return next_version(request, *head);
}

Result<Installed> ZoneStore::rollback(const dns::Name& apex, std::uint64_t to, std::string who,
                                      std::string why, std::optional<DigestAlgorithm> zonemd) {
  auto old = journal_->version(apex, to);
  if (!old) return tl::unexpected(old.error());
  InstallRequest request;
  request.candidate = std::move(*old);
  request.serial_is_ours = true;
  request.who = std::move(who);
  request.why = std::move(why);
  request.source = "version " + std::to_string(to);
  request.zonemd = zonemd;
  // The source has not changed: it must not take this back at once.
  if (const auto now = current(apex)) {
    const auto changes =
        zonemd ? content_changes(*without_digest(now), *without_digest(request.candidate))
               : content_changes(*now, *request.candidate);
    const auto known = journal_->divergences(apex);
    if (!known) return tl::unexpected(known.error());
    request.divergence =
        std::make_shared<const DivergenceStep>(diverge(*known, changes, Divergence::By::rollback));
  }
  return install(std::move(request));
}

Result<Installed> ZoneStore::renumber(const dns::Name& apex, dns::Serial serial, std::string who,
                                      std::string why, std::optional<DigestAlgorithm> zonemd) {
  InstallRequest request;
  request.candidate = current(apex);
  if (!request.candidate) return fail(Errc::not_found, apex.to_text() + " has no version");
  request.serial = serial;
  request.zonemd = zonemd;
  request.who = std::move(who);
  request.why = std::move(why);
  request.source = request.candidate->provenance().source;
  request.revision = request.candidate->provenance().revision;
  return install(std::move(request));
}

}  // namespace taproot::zonestore
