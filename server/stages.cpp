#include "server/stages.hpp"

#include <algorithm>
#include <utility>

namespace taproot::server {

namespace {

using monitor::State;
using Kind = StageView::Kind;

/// Whether one provider serves the version; its words if it does not.
std::pair<Kind, std::string> view_of(const monitor::ZoneRow& zone, const monitor::ProviderRow& row,
                                     std::uint64_t version) {
  const bool is_api = row.arrival == monitor::Arrival::api;
  const bool is_wanted = zone.wanted && zone.wanted->number == version;
  if (!is_wanted) return {Kind::pending, "another version is wanted by now"};
  const bool is_pushed = row.push && row.push->applied == version;
  if (is_api && row.push && !row.push->error.empty()) return {Kind::failed, row.push->error};
  if (is_api && !is_pushed) {
    return {Kind::pending, row.push ? row.push->words : "the push to begin"};
  }
  if (row.nameservers.empty()) {
    if (is_api) return {Kind::served, ""};
    return {Kind::pending, "it has no nameservers that could be looked at"};
  }
  const auto state = row.state();
  if (state == State::in_sync) return {Kind::served, ""};
  const bool is_wrong = state == State::wrong_data || state == State::ahead;
  return {is_wrong ? Kind::failed : Kind::pending, row.waits_for()};
}

std::string stage_words(const StageView& view) {
  return "stage " + std::to_string(view.stage) + " (" + view.provider + ")";
}

std::string duration_words(std::chrono::milliseconds time) {
  if (time.count() % 60'000 == 0) return std::to_string(time.count() / 60'000) + " min";
  if (time.count() % 1000 == 0) return std::to_string(time.count() / 1000) + " s";
  return std::to_string(time.count()) + " ms";
}

}  // namespace

StageView view_stages(const monitor::ZoneRow& zone,
                      const std::vector<const ProviderConfig*>& providers, unsigned stage,
                      std::uint64_t version) {
  StageView worst;
  for (const auto* provider : providers) {
    const auto row = zone.providers.find(provider->name);
    if (provider->stage >= stage || row == zone.providers.end()) continue;
    auto [kind, words] = view_of(zone, row->second, version);
    if (kind > worst.kind) worst = {kind, provider->name, provider->stage, std::move(words)};
  }
  return worst;
}

Stages::Stages(net::Loop& loop, View view, Release release, Tell tell)
    : view_(std::move(view)),
      release_(std::move(release)),
      tell_(std::move(tell)),
      timer_(loop, [this] { on_time(); }) {}

void Stages::hold_back(const ProviderConfig& provider,
                       std::shared_ptr<const zonestore::ZoneVersion> version,
                       pushers::PushOptions options) {
  const Key key{version->apex(), provider.name};
  Waiting& waiting = waiting_[key];
  const bool is_same = waiting.version != nullptr && waiting.version->number() == version->number();
  if (!is_same) waiting.served_since.reset();
  waiting.version = std::move(version);
  waiting.options = std::move(options);
  waiting.stage = provider.stage;
  waiting.hold = provider.stage_hold;
  looks_soon_ = true;  // from the loop
  schedule();
}

bool Stages::was_released(const dns::Name& apex, const std::string& provider,
                          std::uint64_t version) const {
  const auto at = released_.find({apex, provider});
  return at != released_.end() && at->second == version;
}

void Stages::drop(const dns::Name& apex) {
  std::erase_if(waiting_, [&](const auto& one) { return one.first.first == apex; });
  std::erase_if(released_, [&](const auto& one) { return one.first.first == apex; });
}

void Stages::clear() {
  waiting_.clear();
  released_.clear();
}

void Stages::look(const dns::Name& apex) {
  std::vector<Key> ready;
  for (auto at = waiting_.lower_bound({apex, ""}); at != waiting_.end(); ++at) {
    if (at->first.first != apex) break;
    if (look_at(at->first, at->second)) ready.push_back(at->first);
  }
  for (const auto& key : ready) {
    auto gone = waiting_.extract(key);
    if (gone.empty()) continue;
    released_[key] = gone.mapped().version->number();
    release_(key.second, std::move(gone.mapped().version), std::move(gone.mapped().options));
  }
  schedule();
}

/// For the first whose time comes, if nothing is seen before.
void Stages::schedule() {
  if (looks_soon_) return timer_.set(net::Loop::now());
  std::optional<net::Instant> next;
  for (const auto& [key, waiting] : waiting_) {
    if (!waiting.served_since) continue;
    const auto due = *waiting.served_since + waiting.hold;
    next = next ? std::min(*next, due) : due;
  }
  if (next) timer_.set(*next);
}

/// True if its time has come.
bool Stages::look_at(const Key& key, Waiting& waiting) {
  const auto view = view_(key.first, waiting.stage, waiting.version->number());
  if (view.kind != Kind::served) {
    waiting.served_since.reset();
    const bool failed = view.kind == Kind::failed;
    const std::string words =
        (failed ? "stopped, because " : "waits for ") + stage_words(view) +
        (failed ? " failed: " : ": ") + view.words +
        (failed ? "; `taproot rollback " + key.first.to_text() + "` goes back everywhere" : "");
    tell(key, waiting, words, failed ? words : "");
    return false;
  }
  const auto now = net::Loop::now();
  if (!waiting.served_since) waiting.served_since = now;
  const auto due = *waiting.served_since + waiting.hold;
  if (now >= due) return true;
  tell(key, waiting,
       "waits until the stages before have served the version for " + duration_words(waiting.hold),
       "");
  return false;
}

void Stages::tell(const Key& key, Waiting& waiting, std::string words, const std::string& error) {
  if (waiting.words == words) return;
  waiting.words = std::move(words);
  tell_(key.first, key.second, waiting.words, error);
}

void Stages::on_time() {
  looks_soon_ = false;
  std::vector<dns::Name> zones;
  for (const auto& [key, waiting] : waiting_) {
    if (zones.empty() || zones.back() != key.first) zones.push_back(key.first);
  }
  for (const auto& apex : zones) look(apex);
}

}  // namespace taproot::server
