#include "server/remote_sources.hpp"

#include "net/timer.hpp"
#include "server/poll_schedule.hpp"
#include "server/remote_fetch.hpp"
#include "server/remote_proof.hpp"
#include "server/source_copy.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <optional>
#include <system_error>
#include <utility>

namespace taproot::server {

namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

/// Looks that may run side by side; the others wait for their turn.
constexpr std::size_t max_running = 16;

WallTime wall_now() {
  return std::chrono::system_clock::now();
}

/// Another signer makes it another document: what an earlier one vouched for is not looked at.
std::string id_of(const dns::Name& zone, const RemoteConfig& config) {
  constexpr std::size_t digits = 32;
  return sha256_of(zone.to_text() + "\n" + config.url + "\n" + config.signer.value_or(""))
      .substr(0, digits);
}

/// Named after its contents: what is being read is never replaced by something else.
fs::path candidate_file(const fs::path& folder, const std::string& id, const std::string& sha256) {
  constexpr std::size_t digits = 16;
  return folder / (id + "-" + sha256.substr(0, digits) + ".new");
}

}  // namespace

/// One document and how it stands.
struct RemoteSources::Remote {
  enum class Stage { opening, idle, in_line, running };

  Remote(net::Loop& loop, dns::Name of, std::string name, const SourceConfig& source)
      : id(std::move(name)),
        zone(std::move(of)),
        shown(source.shown),
        config(*source.remote),
        schedule(config.interval),
        timer(loop, [this] { on_time(); }) {}

  std::string id;
  dns::Name zone;
  std::string shown;
  RemoteConfig config;
  PollSchedule schedule;
  net::Timer timer;
  std::function<void()> on_time;

  Stage stage = Stage::opening;
  bool was_tried = false;
  std::optional<CopyInfo> copy;       ///< the last good one
  std::optional<CopyInfo> candidate;  ///< newer, and not found good
  WallTime confirmed{};               ///< when the server last said that the newer of them is right
  std::optional<RemoteTrouble> trouble;
  std::optional<WallTime> failing_since;
  std::optional<WallTime> next;

  std::optional<RemoteFetch> fetch;
  net::HttpFetch request;
  net::Instant deadline{};
  std::vector<std::function<void()>> waiters;       ///< for the end of this look, or of the next
  std::vector<std::function<void()>> next_waiters;  ///< for the one after that which runs

  const std::optional<CopyInfo>& newest() const { return candidate ? candidate : copy; }
};

/// What came of checking and writing a document.
struct RemoteSources::Stored {
  std::optional<RemoteTrouble> trouble;
  CopyInfo info;
  bool is_new = false;  ///< another text than the one we have
};

// --- Zones -------------------------------------------------------------------------------------

RemoteSources::RemoteSources(net::Loop& loop, fs::path folder, OnChanged on_changed)
    : loop_(loop),
      folder_(std::move(folder)),
      on_changed_(std::move(on_changed)),
      random_(std::random_device{}()),
      client_(loop) {
  // What was not accepted, or not written whole, before the last end.
  std::error_code error;
  fs::directory_iterator at(folder_, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    std::error_code ignored;  // it is tried again at the next start
    if (at->path().extension() != ".copy") fs::remove(at->path(), ignored);
  }
}

RemoteSources::~RemoteSources() = default;

void RemoteSources::set_zone(const ZoneConfig& zone) {
  const bool has_none =
      std::none_of(zone.sources.begin(), zone.sources.end(),
                   [](const SourceConfig& source) { return source.remote.has_value(); });
  if (has_none && !zones_.contains(zone.name)) return;
  const auto before = std::exchange(zones_[zone.name], {});
  auto& now = zones_[zone.name];
  for (const auto& source : zone.sources) {
    if (!source.remote) continue;
    const auto id = id_of(zone.name, *source.remote);
    auto& remote = remotes_[id];
    if (remote) {
      if (remote->config.interval != source.remote->interval) {
        remote->schedule = PollSchedule(source.remote->interval);
      }
      remote->config = *source.remote;
      now.push_back(remote);
      continue;
    }
    remote = std::make_shared<Remote>(loop_, zone.name, id, source);
    remote->on_time = [this, one = std::weak_ptr<Remote>(remote)] {
      if (const auto due = one.lock()) start(due);
    };
    now.push_back(remote);
    open(remote);
  }
  for (const auto& remote : before) {
    if (std::find(now.begin(), now.end(), remote) == now.end()) drop(remote);
  }
  if (now.empty()) zones_.erase(zone.name);
}

void RemoteSources::drop_zone(const dns::Name& zone) {
  const auto found = zones_.find(zone);
  if (found == zones_.end()) return;
  const auto gone = std::move(found->second);
  zones_.erase(found);
  for (const auto& remote : gone) drop(remote);
}

void RemoteSources::drop(const Shared& remote) {
  remotes_.erase(remote->id);
  remote->timer.cancel();
  remote->request.cancel();
  if (remote->stage == Remote::Stage::running) leave_line();
  for (const auto& waiters : {remote->waiters, remote->next_waiters}) {
    for (const auto& waiter : waiters) waiter();
  }
}

void RemoteSources::tidy() {
  std::error_code error;
  fs::directory_iterator at(folder_, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    const auto& path = at->path();
    std::error_code ignored;  // it is tried again at the next reload
    if (path.extension() == ".copy" && !remotes_.contains(path.stem().string())) {
      fs::remove(path, ignored);
    }
  }
}

RemoteSources::Shared RemoteSources::find(const std::string& id) const {
  const auto found = remotes_.find(id);
  return found == remotes_.end() ? nullptr : found->second;
}

fs::path RemoteSources::copy_of(const Remote& remote) const {
  return folder_ / (remote.id + ".copy");
}

fs::path RemoteSources::candidate_of(const Remote& remote, const std::string& sha256) const {
  return candidate_file(folder_, remote.id, sha256);
}

double RemoteSources::chance() {
  return std::uniform_real_distribution<double>(0, 1)(random_);
}

// --- Looking -----------------------------------------------------------------------------------

/// Reads the copy of the time before the last restart, and then looks at the server.
void RemoteSources::open(const Shared& remote) {
  const auto copy = std::make_shared<Result<SourceCopy>>(fail(Errc::not_found, ""));
  const auto job = [copy, file = copy_of(*remote), most = remote->config.max_octets] {
    *copy = read_copy(file, most);
    if (*copy) (*copy)->text.reset();
  };
  loop_.work(job, [this, copy, one = std::weak_ptr<Remote>(remote)] {
    const auto opened = one.lock();
    if (!opened) return;
    opened->stage = Remote::Stage::idle;
    if (*copy) {
      opened->copy = (*copy)->info;
      opened->confirmed = (*copy)->confirmed;
      tell(opened->zone);
    } else if (copy->error().code != Errc::not_found) {
      spdlog::warn("{}: the copy of {} {}, it is fetched anew", opened->zone.to_text(),
                   opened->shown, copy->error().detail);
    }
    start(opened);
  });
}

void RemoteSources::refresh(const std::vector<dns::Name>& zones,
                            const std::function<void()>& done) {
  const auto left = std::make_shared<std::size_t>(1);
  const auto arrived = [left, done] {
    if (--*left == 0) done();
  };
  for (const auto& zone : zones) {
    const auto found = zones_.find(zone);
    if (found == zones_.end()) continue;
    for (const auto& remote : found->second) {
      ++*left;
      const bool is_running = remote->stage == Remote::Stage::running;
      (is_running ? remote->next_waiters : remote->waiters).push_back(arrived);
      if (remote->stage == Remote::Stage::idle) start(remote);
    }
  }
  arrived();
}

void RemoteSources::start(const Shared& remote) {
  if (remote->stage != Remote::Stage::idle) return;
  remote->timer.cancel();
  remote->next.reset();
  if (running_ < max_running) return run(remote);
  remote->stage = Remote::Stage::in_line;
  line_.push_back(remote);
}

void RemoteSources::run(const Shared& remote) {
  ++running_;
  remote->stage = Remote::Stage::running;
  remote->deadline = net::Loop::now() + remote->config.timeout;
  const auto& newest = remote->newest();
  remote->fetch.emplace(remote->config, newest ? newest->validators : Validators{});
  ask(remote, remote->fetch->begin());
}

/// One of those that run has ended: the next may begin.
void RemoteSources::leave_line() {
  --running_;
  while (running_ < max_running && !line_.empty()) {
    const auto next = line_.front().lock();
    line_.pop_front();
    if (next && next->stage == Remote::Stage::in_line) run(next);
  }
}

void RemoteSources::ask(const Shared& remote, net::HttpRequest request) {
  const auto left = std::chrono::duration_cast<milliseconds>(remote->deadline - net::Loop::now());
  request.timeout = std::max(left, milliseconds(1));
  remote->request =
      client_.fetch(std::move(request), [this, one = std::weak_ptr<Remote>(remote)](auto response) {
        const auto asked = one.lock();
        if (!asked) return;
        auto next = asked->fetch->on_response(std::move(response));
        if (next) return ask(asked, std::move(*next));
        on_outcome(asked);
      });
}

void RemoteSources::on_outcome(const Shared& remote) {
  auto& outcome = remote->fetch->outcome();
  switch (outcome.kind) {
    case RemoteOutcome::Kind::unchanged:
      return succeed(remote, false);
    case RemoteOutcome::Kind::failed:
      return fail_with(remote, std::move(outcome.trouble));
    case RemoteOutcome::Kind::fetched:
      return store(remote);
  }
}

/// Checks on the work pool what was fetched, and writes it if it is another than the one we have.
void RemoteSources::store(const Shared& remote) {
  const auto outcome = std::make_shared<RemoteOutcome>(std::move(remote->fetch->outcome()));
  const auto stored = std::make_shared<Stored>();
  const auto known = remote->newest() ? remote->newest()->sha256 : std::string();
  const auto job = [stored, outcome, known, config = remote->config, folder = folder_,
                    id = remote->id] {
    stored->trouble = why_not_genuine(config, *outcome);
    if (stored->trouble) return;
    stored->info = {outcome->validators, std::chrono::system_clock::now(),
                    sha256_of(outcome->text)};
    stored->is_new = stored->info.sha256 != known;
    if (!stored->is_new) return;
    const auto written =
        write_copy(candidate_file(folder, id, stored->info.sha256), stored->info, outcome->text);
    if (written) return;
    stored->trouble =
        RemoteTrouble{"source-copy", "the document cannot be kept: " + written.error().detail,
                      "make room in the state folder, and check its owner", true};
  };
  loop_.work(job, [this, stored, one = std::weak_ptr<Remote>(remote)] {
    if (const auto fetched = one.lock()) on_stored(fetched, *stored);
  });
}

void RemoteSources::on_stored(const Shared& remote, const Stored& stored) {
  if (stored.trouble) return fail_with(remote, *stored.trouble);
  if (!stored.is_new) {
    // The same text under other validators: until a restart these are the better ones.
    (remote->candidate ? remote->candidate : remote->copy)->validators = stored.info.validators;
    return succeed(remote, false);
  }
  if (remote->candidate) {
    std::error_code ignored;  // it is removed at the next start
    fs::remove(candidate_of(*remote, remote->candidate->sha256), ignored);
  }
  remote->candidate = stored.info;
  succeed(remote, true);
}

void RemoteSources::succeed(const Shared& remote, bool is_new) {
  remote->confirmed = wall_now();
  if (!is_new && !remote->candidate) confirm_copy(copy_of(*remote), remote->confirmed);
  const auto before = std::exchange(remote->trouble, std::nullopt);
  remote->failing_since.reset();
  if (before) {
    spdlog::info("{}: {} is there again", remote->zone.to_text(), remote->shown);
  }
  const bool was_refused = before && before->is_refusal;
  finish(remote, remote->schedule.on_success(chance()), is_new || was_refused);
}

void RemoteSources::fail_with(const Shared& remote, RemoteTrouble trouble) {
  const auto before = std::exchange(remote->trouble, std::move(trouble));
  const auto& now = *remote->trouble;
  const bool is_other = !before || before->rule != now.rule || before->message != now.message;
  if (is_other) {
    spdlog::warn("{}: {}: {} [{}]", remote->zone.to_text(), remote->shown, now.message, now.rule);
  }
  if (!remote->failing_since) remote->failing_since = wall_now();
  const bool refusals = now.is_refusal || (before && before->is_refusal);
  const bool has_nothing = !remote->newest();
  const bool is_changed = is_other && (refusals || has_nothing);
  finish(remote, remote->schedule.on_failure(chance()), is_changed);
}

void RemoteSources::finish(const Shared& remote, milliseconds wait, bool is_changed) {
  remote->stage = Remote::Stage::idle;
  remote->was_tried = true;
  remote->fetch.reset();
  remote->next = wall_now() + wait;
  remote->timer.set_after(wait);
  leave_line();
  const auto waiters = std::exchange(remote->waiters, std::exchange(remote->next_waiters, {}));
  // Those who asked read the zone first, so that the change is theirs.
  for (const auto& waiter : waiters) waiter();
  if (is_changed) tell(remote->zone);
  if (!remote->waiters.empty()) start(remote);
}

void RemoteSources::tell(const dns::Name& zone) {
  if (is_ready(zone)) on_changed_(zone);
}

// --- Reading -----------------------------------------------------------------------------------

bool RemoteSources::is_ready(const dns::Name& zone) const {
  const auto found = zones_.find(zone);
  if (found == zones_.end()) return true;
  return std::all_of(found->second.begin(), found->second.end(), [](const Shared& remote) {
    return remote->stage != Remote::Stage::opening && (remote->was_tried || remote->newest());
  });
}

void RemoteSources::fill(SharedZoneConfig& shared) const {
  if (!zones_.contains(shared->name)) return;
  ZoneConfig zone = *shared;
  for (auto& source : zone.sources) {
    if (!source.remote) continue;
    source.id = id_of(zone.name, *source.remote);
    const auto remote = find(source.id);
    if (!remote) continue;
    if (remote->candidate) {
      source.copies.push_back(candidate_of(*remote, remote->candidate->sha256));
    }
    source.copies.push_back(copy_of(*remote));
    const auto& trouble = remote->trouble;
    if (!trouble || (!trouble->is_refusal && remote->newest())) continue;
    source.findings.push_back({zonestore::Severity::error, trouble->rule, source.shown, 0, 0,
                               trouble->message, trouble->cure, ""});
  }
  shared = std::make_shared<const ZoneConfig>(std::move(zone));
}

void RemoteSources::on_read(const std::vector<ReadDocument>& documents, bool is_good) {
  for (const auto& document : documents) {
    const auto remote = find(document.id);
    if (!remote) continue;
    if (document.sha256.empty()) {
      remote->copy.reset();
      remote->candidate.reset();
      start(remote);
      continue;
    }
    if (!is_good || !remote->candidate || remote->candidate->sha256 != document.sha256) continue;
    std::error_code error;
    fs::rename(candidate_of(*remote, document.sha256), copy_of(*remote), error);
    if (error) {
      spdlog::error("{}: the copy of {} cannot be renamed: {}", remote->zone.to_text(),
                    remote->shown, error.message());
      continue;
    }
    confirm_copy(copy_of(*remote), remote->confirmed);
    remote->copy = std::exchange(remote->candidate, std::nullopt);
    loop_.work([folder = folder_] { sync_folder(folder); }, [] {});
  }
}

std::vector<SourceRow> RemoteSources::rows(const dns::Name& zone) const {
  std::vector<SourceRow> rows;
  const auto found = zones_.find(zone);
  if (found == zones_.end()) return rows;
  for (const auto& remote : found->second) {
    SourceRow row;
    row.url = remote->shown;
    if (const auto& newest = remote->newest()) {
      row.fetched = newest->fetched;
      row.confirmed = remote->confirmed;
    }
    if (const auto& trouble = remote->trouble) {
      row.error = trouble->message;
      row.rule = trouble->rule;
      row.cure = trouble->cure;
    }
    row.failing_since = remote->failing_since;
    row.next = remote->next;
    rows.push_back(std::move(row));
  }
  return rows;
}

std::map<dns::Name, std::vector<SourceRow>> RemoteSources::all_rows() const {
  std::map<dns::Name, std::vector<SourceRow>> all;
  for (const auto& [zone, remotes] : zones_) all[zone] = rows(zone);
  return all;
}

}  // namespace taproot::server
