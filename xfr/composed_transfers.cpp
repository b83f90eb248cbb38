#include "xfr/composed_transfers.hpp"

#include <algorithm>
#include <utility>

namespace taproot::xfr {

namespace {

using Version = std::shared_ptr<const zonestore::ZoneVersion>;

/// The same object, or once the same object.
bool is_of(const std::weak_ptr<const zonestore::ZoneVersion>& one, const Version& other) {
  return !one.owner_before(other) && !other.owner_before(one);
}

}  // namespace

ComposedTransfers::Choice ComposedTransfers::choose(const Version& version, Octets question) {
  const std::size_t content = version->content_octets();
  if (content < limits_.least_content) return {};
  const std::scoped_lock lock(mutex_);
  if (limits_.octets == 0) return {};
  std::string key(question.begin(), question.end());
  auto at = entries_.find(key);
  std::size_t too_large = 0;
  if (at != entries_.end() && !is_of(at->second.version, version)) {
    // Trying again what had no room would only take the room of others.
    too_large = at->second.too_large;
    if (content < too_large - too_large / 8) too_large = 0;
    drop(at);
    at = entries_.end();
  }
  if (at == entries_.end()) {
    if (entries_.size() >= limits_.questions && !drop_oldest(Dropping::any)) return {};
    entries_.emplace(std::move(key),
                     Entry{version, now_, ++turns_, nullptr, 0, nullptr, too_large});
    return {};
  }
  Entry& entry = at->second;
  entry.asked = now_;
  entry.turn = ++turns_;
  if (entry.kept) return {entry.kept, nullptr};
  if (entry.keeper != nullptr || entry.too_large > 0) return {};
  auto keeping = std::unique_ptr<Keeping>(new Keeping(*this, std::move(key), content));
  entry.keeper = keeping.get();
  return {nullptr, std::move(keeping)};
}

void ComposedTransfers::set_limit(std::size_t octets) {
  const std::scoped_lock lock(mutex_);
  if (octets > limits_.octets) {
    for (auto& [question, entry] : entries_) entry.too_large = 0;
  }
  limits_.octets = octets;
  while (octets_ > octets && drop_oldest(Dropping::with_octets)) {
  }
}

void ComposedTransfers::sweep(net::Instant now) {
  const std::scoped_lock lock(mutex_);
  now_ = now;
  for (auto at = entries_.begin(); at != entries_.end();) {
    const auto next = std::next(at);
    const Entry& entry = at->second;
    const bool is_gone = entry.version.expired() && entry.too_large == 0;
    if (is_gone || now - entry.asked >= limits_.unused) drop(at);
    at = next;
  }
}

std::size_t ComposedTransfers::octets() const {
  const std::scoped_lock lock(mutex_);
  return octets_;
}

/// Whoever still copies from it holds it until then; what is being kept finds no entry at its end.
void ComposedTransfers::drop(Entries::iterator at) {
  octets_ -= at->second.octets;
  entries_.erase(at);
}

/// What is being kept stays.
bool ComposedTransfers::drop_oldest(Dropping which) {
  auto oldest = entries_.end();
  for (auto at = entries_.begin(); at != entries_.end(); ++at) {
    if (at->second.keeper != nullptr) continue;
    if (which == Dropping::with_octets && at->second.octets == 0) continue;
    if (oldest == entries_.end() || at->second.turn < oldest->second.turn) oldest = at;
  }
  if (oldest == entries_.end()) return false;
  drop(oldest);
  return true;
}

bool ComposedTransfers::reserve(const Keeping& keeping, std::size_t octets) {
  const std::scoped_lock lock(mutex_);
  while (octets > limits_.octets - std::min(octets_, limits_.octets)) {
    if (drop_oldest(Dropping::with_octets)) continue;
    if (Entry* entry = entry_of(keeping)) entry->too_large = keeping.content_;
    return false;
  }
  octets_ += octets;
  return true;
}

/// Null: it was dropped meanwhile, and maybe another has its place.
ComposedTransfers::Entry* ComposedTransfers::entry_of(const Keeping& keeping) {
  const auto at = entries_.find(keeping.question_);
  return at != entries_.end() && at->second.keeper == &keeping ? &at->second : nullptr;
}

void ComposedTransfers::put(Keeping& keeping) {
  const std::scoped_lock lock(mutex_);
  Entry* entry = entry_of(keeping);
  if (entry == nullptr) return;
  entry->keeper = nullptr;
  entry->kept = std::move(keeping.transfer_);
  entry->octets = std::exchange(keeping.octets_, 0);
}

void ComposedTransfers::give_up(Keeping& keeping) {
  const std::scoped_lock lock(mutex_);
  octets_ -= std::exchange(keeping.octets_, 0);
  if (Entry* entry = entry_of(keeping)) entry->keeper = nullptr;
}

ComposedTransfers::Keeping::~Keeping() {
  of_.give_up(*this);
}

bool ComposedTransfers::Keeping::add(Octets message, std::size_t records) {
  if (!of_.reserve(*this, message.size())) return false;
  octets_ += message.size();
  transfer_->messages.push_back({{message.begin(), message.end()}, records});
  return true;
}

void ComposedTransfers::Keeping::finish() {
  of_.put(*this);
}

}  // namespace taproot::xfr
