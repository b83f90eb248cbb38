#include "server/zone_editor.hpp"

#include "server/status_report.hpp"
#include "server/write_back.hpp"
#include "zonestore/check_edit.hpp"
#include "zonestore/target_filter.hpp"

#include <spdlog/spdlog.h>

#include <iterator>
#include <utility>

namespace taproot::server {

/// What a large zone's records point at, so that the check need not look at all of them. Used by
/// the transaction whose turn it is, on the work pool and on the loop.
struct ZoneEditor::Targets {
  std::optional<zonestore::TargetFilter> filter;
  std::uint64_t number = 0;  ///< of the version it belongs to, with `ahead` on top
  dns::Serial serial;
  zonestore::ChangeSet ahead;  ///< of an edit that is no version yet

  /// Brings it to a version, by the steps in between where they are kept.
  void follow(const zonestore::ZoneVersion& version);
  /// Then to what an edit makes of it.
  void try_out(const zonestore::ZoneVersion& version, const zonestore::ChangeSet& changes);
  /// Which has become this version.
  void accept(const zonestore::ZoneVersion& version);
};

/// One transaction, from its turn to its end.
struct ZoneEditor::Edit {
  Request request;
  Done<EditReport> done;
  std::vector<ZoneUpdate> updates;  ///< instead of a request's changes, if there are any
  UpdatedZone updated;
  std::shared_ptr<const zonestore::ZoneVersion> current;  ///< what it was made for
  std::shared_ptr<const zonestore::ZoneVersion> version;  ///< null: it cannot be
  std::vector<zonestore::Finding> findings;
  std::optional<WriteBackWish> write_back;         ///< if it is wanted
  std::optional<zonestore::FileReplacement> file;  ///< what is to be put in place
  std::optional<Error> failure;                    ///< why the source cannot be written
  std::shared_ptr<Targets> targets;                ///< null: the zone is small
  zonestore::RulePolicy rules;
  EditReport report;
  std::size_t tries = 0;

  /// It is prepared in less time than it takes to wake another thread, and get back from it.
  bool is_quick() const;
  void prepare();
  void prepare_updates();
};

namespace {

/// How often a change of the source may come in between before an edit gives up.
constexpr std::size_t max_tries = 5;
/// UPDATEs that share a version: those behind them must not wait for ever.
constexpr std::size_t max_together = 500;

Error not_current(std::uint64_t wanted, std::uint64_t current) {
  return {Errc::conflict, "version " + std::to_string(current) + " is current, not " +
                              std::to_string(wanted) + ": look at it and try again"};
}

/// With "keep" the source says the serial, but an edit has none: it takes the next one.
zonestore::SerialPolicy policy_for(const ZoneState& zone) {
  using zonestore::SerialPolicy;
  return zone.config->serial == SerialPolicy::keep ? SerialPolicy::increment : zone.config->serial;
}

}  // namespace

void ZoneEditor::Targets::follow(const zonestore::ZoneVersion& version) {
  if (filter) {
    for (auto& change : ahead.changes) std::swap(change.before, change.after);
    filter->apply(version.apex(), ahead);
  }
  ahead.changes.clear();
  const auto steps = filter ? version.steps_from(serial) : std::nullopt;
  if (steps && number <= version.number()) {
    for (const auto& step : *steps) filter->apply(version.apex(), *step);
  } else {
    filter.emplace(version);
  }
  number = version.number();
  serial = version.serial();
}

void ZoneEditor::Targets::try_out(const zonestore::ZoneVersion& version,
                                  const zonestore::ChangeSet& changes) {
  follow(version);
  filter->apply(version.apex(), changes);
  ahead = changes;
}

void ZoneEditor::Targets::accept(const zonestore::ZoneVersion& version) {
  ahead.changes.clear();
  number = version.number();
  serial = version.serial();
}

void ZoneEditor::Edit::prepare_updates() {
  if (targets) targets->follow(*current);
  updated = update_in_turn(current, updates, rules, targets ? &*targets->filter : nullptr);
  version = updated.version;
  if (targets) targets->ahead = zonestore::changes_between(*current, *version);
}

bool ZoneEditor::Edit::is_quick() const {
  constexpr std::size_t few_changes = 16;
  constexpr std::size_t few_records = 500;
  if (write_back || request.changes.size() + updates.size() > few_changes) return false;
  if (targets) return targets->filter && targets->number == current->number();
  return current->record_count() <= few_records;
}

/// What the zone becomes, checked, and the file that says so. On the work pool, unless it is quick.
void ZoneEditor::Edit::prepare() {
  if (!updates.empty()) return prepare_updates();
  auto edited = zonestore::edit_zone(*current, request.changes);
  findings = std::move(edited.findings);
  version = std::move(edited.version);
  if (!version) return;
  if (write_back) {
    // As the source has it: without the ZONEMD, if that is ours.
    const bool has_digest = write_back->current == current;
    write_back->wanted = has_digest ? version : zonestore::without_digest(version);
    auto prepared = prepare_write_back(*write_back);
    version = nullptr;
    if (!prepared) {
      failure = prepared.error();
      return;
    }
    version = std::move(prepared->version);
    if (prepared->file) file.emplace(std::move(*prepared->file));
    std::move(prepared->findings.begin(), prepared->findings.end(), std::back_inserter(findings));
    return;
  }
  const auto changes = zonestore::changes_between(*current, *version);
  if (targets) targets->try_out(*current, changes);
  auto checked = zonestore::check_edit(*current, version, changes, rules,
                                       targets ? &*targets->filter : nullptr);
  std::move(checked.findings.begin(), checked.findings.end(), std::back_inserter(findings));
  version = std::move(checked.version);
}

void ZoneEditor::edit(Request request, Done<EditReport> done) {
  auto turn = std::make_shared<Edit>();
  turn->request = std::move(request);
  turn->done = std::move(done);
  auto& waiting = turns_[turn->request.zone];
  waiting.push_back(turn);
  if (waiting.size() == 1) begin(turn);
}

void ZoneEditor::update(ZoneUpdate update) {
  const dns::Name zone = update.update.zone;
  auto& waiting = turns_[zone];
  // The first is under way, or about to be.
  const bool may_join = waiting.size() > 1 && !waiting.back()->updates.empty() &&
                        waiting.back()->updates.size() < max_together && !has_command(zone);
  if (!may_join) {
    waiting.push_back(std::make_shared<Edit>());
    waiting.back()->request.zone = zone;
  }
  waiting.back()->updates.push_back(std::move(update));
  if (waiting.size() == 1) begin(waiting.front());
}

void ZoneEditor::begin(const Turn& turn) {
  const auto& request = turn->request;
  turn->current = store_.current(request.zone);
  if (!turn->current) {
    return finish(turn, fail(Errc::not_found, request.zone.to_text() + " has no version yet"));
  }
  const auto* zone = desk_.find(request.zone);
  if (const auto why = zone != nullptr ? why_not_ours(*zone) : ""; !why.empty()) {
    return finish(turn, fail(Errc::conflict, why));
  }
  if (request.based_on && *request.based_on != turn->current->number()) {
    return finish(turn,
                  tl::unexpected<Error>(not_current(*request.based_on, turn->current->number())));
  }
  if (request.discard) return discard(turn);
  if (const auto* state = desk_.find(request.zone)) turn->rules = rules_of(*state);
  if (request.write_back) {
    if (auto wished = wish_for(turn); !wished) {
      return finish(turn, tl::unexpected<Error>(wished.error()));
    }
  }
  if (!request.write_back) turn->targets = targets_for(*turn->current);
  if (!turn->is_quick()) {
    return loop_.work([turn] { turn->prepare(); }, [this, turn] { judge(turn); });
  }
  loop_.post([this, turn] {
    turn->prepare();
    judge(turn);
  });
}

bool ZoneEditor::has_command(const dns::Name& zone) const {
  const auto* state = desk_.find(zone);
  return state != nullptr && state->config->check && !state->config->check->command.empty();
}

/// Of few zones only, whichever are edited: it can always be made anew.
std::shared_ptr<ZoneEditor::Targets> ZoneEditor::targets_for(
    const zonestore::ZoneVersion& version) {
  constexpr std::size_t large_zone_records = 20'000;
  constexpr std::size_t most = 8;
  if (version.record_count() < large_zone_records) return nullptr;
  if (targets_.size() >= most && !targets_.contains(version.apex())) targets_.clear();
  auto& targets = targets_[version.apex()];
  if (!targets) targets = std::make_shared<Targets>();
  return targets;
}

Result<void> ZoneEditor::wish_for(const Turn& turn) {
  const auto& request = turn->request;
  const auto* state = desk_.find(request.zone);
  if (state == nullptr) return fail(Errc::not_found, "the zone is not configured any more");
  auto divergences = store_.journal().divergences(request.zone);
  if (!divergences) return tl::unexpected<Error>(divergences.error());
  WriteBackWish wish;
  wish.zone = request.zone;
  wish.source = state->config->source;
  wish.shown = state->config->shown;
  wish.current = turn->current;
  if (state->config->zonemd) wish.current = zonestore::without_digest(turn->current);
  wish.divergences = std::move(*divergences);
  wish.rules = rules_of(*state);
  wish.has_changes = !request.changes.empty();
  wish.dry_run = request.dry_run;
  turn->write_back = std::move(wish);
  return {};
}

/// What the source says at the places that change: only these are looked up.
Result<std::shared_ptr<const zonestore::DivergenceStep>> ZoneEditor::divergence_of(
    const zonestore::ZoneVersion& current, const zonestore::ZoneVersion& next) {
  const auto changes = zonestore::content_changes(current, next);
  std::vector<zonestore::RRsetKey> keys;
  keys.reserve(changes.changes.size());
  for (const auto& change : changes.changes) keys.emplace_back(change.owner(), change.type());
  const auto known = store_.journal().divergences(current.apex(), keys);
  if (!known) return tl::unexpected<Error>(known.error());
  return std::make_shared<const zonestore::DivergenceStep>(
      zonestore::diverge(*known, changes, zonestore::Divergence::By::edit));
}

/// The serial that a requester put into the SOA, where the zone's policy has no other idea and it
/// is ahead of all that the zone ever had.
std::optional<dns::Serial> ZoneEditor::wished_serial(const Edit& edit,
                                                     zonestore::SerialPolicy policy) {
  if (!edit.updated.sets_serial || policy != zonestore::SerialPolicy::increment)
    return std::nullopt;
  const auto wish = edit.version->serial();
  const auto highest = store_.journal().highest_serial(edit.request.zone);
  if (highest && !(wish > *highest)) return std::nullopt;
  return wish;
}

zonestore::InstallRequest ZoneEditor::install_request(const Edit& edit, const ZoneState& zone) {
  zonestore::InstallRequest wanted;
  wanted.candidate = edit.version;
  wanted.policy = policy_for(zone);
  wanted.serial_is_ours = true;
  wanted.who = edit.request.who;
  wanted.why = edit.request.why;
  wanted.source = "edit";
  if (!edit.updates.empty()) {
    wanted.who = who_updated(edit.updates, edit.updated.outcomes);
    wanted.why = "dns update";
    wanted.source = "update";
    wanted.serial = wished_serial(edit, wanted.policy);
  }
  wanted.based_on = edit.current->number();
  wanted.zonemd = zone.config->zonemd;
  return wanted;
}

/// Lets the zone's command judge what would become the next version; other zones' turns go on.
void ZoneEditor::judge(const Turn& turn) {
  const auto* state = desk_.find(turn->request.zone);
  const bool is_made = turn->version && turn->version != turn->current && !turn->failure;
  if (!is_made || !has_command(turn->request.zone)) return install(turn);
  const auto next = store_.preview(install_request(*turn, *state));
  if (!next || !next->changed) return install(turn);
  const char* shown = turn->updates.empty() ? "edit" : "update";
  checks_.run({next->version, state->config->check, shown, turn->current->number()},
              [this, turn](auto findings) { judged(turn, std::move(findings)); });
}

void ZoneEditor::judged(const Turn& turn, std::vector<zonestore::Finding> findings) {
  if (zonestore::has_errors(findings)) {
    const auto why = zonestore::first_error(findings, "the zone's own check refuses it");
    for (auto& outcome : turn->updated.outcomes) {
      if (outcome.rcode == dns::Rcode::noerror) outcome = {dns::Rcode::refused, why, 0};
    }
    turn->updates.empty() ? turn->version.reset() : void(turn->version = turn->current);
    turn->file.reset();
  }
  std::move(findings.begin(), findings.end(), std::back_inserter(turn->findings));
  install(turn);
}

void ZoneEditor::install(const Turn& turn) {
  auto& report = turn->report;
  report = {};
  report.zone = turn->request.zone.to_text();
  report.dry_run = turn->request.dry_run;
  report.findings = std::move(turn->findings);
  if (turn->failure) return finish(turn, tl::unexpected<Error>(*turn->failure));
  if (!turn->version) {
    report.refused = zonestore::first_error(report.findings, "the edit cannot be taken");
    return finish(turn, report);
  }
  const auto* state = desk_.find(turn->request.zone);
  if (state == nullptr) {
    return finish(turn, fail(Errc::not_found, report.zone + " is not configured any more"));
  }
  if (!turn->updates.empty() && turn->version == turn->current) {
    report.version = turn->current->number();
    return finish(turn, report);
  }
  // A ZONEMD of ours is nothing that the zone and its source could disagree about.
  const bool makes_digest = state->config->zonemd.has_value();
  auto divergence = makes_digest ? divergence_of(*zonestore::without_digest(turn->current),
                                                 *zonestore::without_digest(turn->version))
                                 : divergence_of(*turn->current, *turn->version);
  if (!divergence) return finish(turn, tl::unexpected<Error>(divergence.error()));
  auto wanted = install_request(*turn, *state);
  wanted.divergence = std::move(*divergence);
  const auto installed = report.dry_run ? store_.preview(wanted) : store_.install(wanted);
  if (!installed) {
    // The source may have brought a version in between: then the edit is made anew for that one.
    const bool again = installed.error().code == Errc::conflict && ++turn->tries < max_tries;
    turn->file.reset();
    return again ? begin(turn) : finish(turn, tl::unexpected<Error>(installed.error()));
  }
  if (turn->targets && installed->changed && !report.dry_run) {
    turn->targets->accept(*installed->version);
  }
  report.version = installed->version->number();
  report.serial = installed->version->serial().value();
  report.changed = installed->changed;
  if (installed->step) report.changes = make_planned_changes(*installed->step);
  if (turn->request.write_back && !report.dry_run) return write(turn);
  finish(turn, report);
}

/// The version is journaled, with a note of where the source says something else, before the file
/// is put in place. A crash in between leaves an edit that is not in the source, as any other
/// edit: the zone keeps it, and the next write-back brings it there. The other way round a full
/// disk could refuse the version when the file says it already, and then an edit that was answered
/// with an error would come into force with the next reload. If the crash comes between the file
/// and dropping the notes, the next reading of the source finds that both say the same.
void ZoneEditor::write(const Turn& turn) {
  const auto put = std::make_shared<Result<void>>();
  loop_.work(
      [turn, put] {
        if (turn->file) *put = turn->file->put();
      },
      [this, turn, put] { written(turn, *put); });
}

void ZoneEditor::written(const Turn& turn, Result<void> put) {
  auto& report = turn->report;
  if (put) {
    zonestore::DivergenceStep all;
    all.drops_all = true;
    const auto current = store_.current(turn->request.zone);
    // Who came in between has notes of its own: then the next reading of the source sorts it out.
    const bool is_last = current && current->number() == report.version;
    if (is_last) put = store_.journal().diverge(turn->request.zone, all);
    report.written_back = turn->write_back->shown;
  }
  if (!put) {
    zonestore::Finding finding;
    finding.severity = zonestore::Severity::warning;
    finding.rule = "not-written-back";
    finding.message = "the edit is in force but not in the source: " + put.error().detail;
    finding.cure = "try again with `taproot edit " + report.zone + " --write-back`";
    spdlog::warn("{}: {}", report.zone, finding.message);
    report.findings.push_back(std::move(finding));
  }
  finish(turn, report);
}

/// The source is the zone again.
void ZoneEditor::discard(const Turn& turn) {
  const auto& request = turn->request;
  const auto mode = request.dry_run ? ZoneDesk::Mode::look_discard : ZoneDesk::Mode::discard;
  const std::string why = request.why.empty() ? "edits discarded" : request.why;
  desk_.read({request.zone}, mode, request.who, why, [this, turn](const auto& outcomes) {
    EditReport report;
    report.zone = turn->request.zone.to_text();
    report.dry_run = turn->request.dry_run;
    const auto* state = desk_.find(turn->request.zone);
    if (state == nullptr || outcomes.empty()) {
      return finish(turn, fail(Errc::not_found, report.zone + " is not configured"));
    }
    const auto& outcome = outcomes.front();
    report.findings = state->findings;
    const bool is_blocked = outcome.kind == SourceOutcome::Kind::blocked;
    if (outcome.kind == SourceOutcome::Kind::refused || is_blocked) {
      if (!zonestore::has_errors(report.findings)) {
        return finish(turn, fail(is_blocked ? Errc::blocked : Errc::bad_zone, outcome.why));
      }
      report.refused = outcome.why;
      return finish(turn, report);
    }
    const auto& version = outcome.version ? outcome.version : turn->current;
    report.version = version->number();
    report.serial = version->serial().value();
    report.changed = outcome.step != nullptr;
    if (outcome.step) report.changes = make_planned_changes(*outcome.step);
    finish(turn, report);
  });
}

/// What was found out about one that shares its version depends on those before it: if the
/// version failed, nothing of it holds.
void ZoneEditor::answer_updates(const Turn& turn, const Result<EditReport>& report) {
  for (std::size_t i = 0; i < turn->updates.size(); ++i) {
    UpdateOutcome outcome;
    if (report) {
      outcome = turn->updated.outcomes[i];
      outcome.version = report->version;
    } else {
      outcome.why = report.error().detail;
    }
    turn->updates[i].done(outcome);
  }
}

void ZoneEditor::finish(const Turn& turn, const Result<EditReport>& report) {
  turn->updates.empty() ? turn->done(report) : answer_updates(turn, report);
  const auto waiting = turns_.find(turn->request.zone);
  waiting->second.pop_front();
  if (waiting->second.empty()) {
    turns_.erase(waiting);
  } else {
    // Not from here: a row of refused edits must not become a row of calls.
    loop_.post([this, next = waiting->second.front()] { begin(next); });
  }
}

}  // namespace taproot::server
