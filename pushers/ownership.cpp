#include "pushers/ownership.hpp"

#include "pushers/fingerprint.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <iterator>
#include <limits>
#include <optional>

namespace taproot::pushers {

namespace {

// The format, line by line:
//   taproot-owned 1
//   applied yes
//   live 12
//   read 1795458664 815         if it was read whole: when, and as what
//   deleted 1795458664 3        any number of these
//   rrsets 2
//   <base64 of 16 octets for each>
constexpr std::string_view head = "taproot-owned 1\n";
constexpr std::size_t entry_size = 16;
static_assert(sizeof(Ownership::Entry) == entry_size);
constexpr std::uint64_t latest_second = std::uint64_t{1} << 40;

void put(std::string& octets, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) octets += static_cast<char>(value >> shift & 0xff);
}

std::uint64_t number_at(std::string_view octets) {
  std::uint64_t value = 0;
  for (const char c : octets.substr(0, 8)) value = value << 8 | static_cast<std::uint8_t>(c);
  return value;
}

std::string to_base64(const std::string& octets) {
  std::string text((octets.size() + 2) / 3 * 4 + 1, '\0');
  const int size = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()),
                                   reinterpret_cast<const unsigned char*>(octets.data()),
                                   static_cast<int>(octets.size()));
  text.resize(static_cast<std::size_t>(size));
  return text;
}

std::optional<std::string> from_base64(std::string_view text, std::size_t wanted_size) {
  if (text.size() > std::numeric_limits<int>::max() || text.size() % 4 != 0) return std::nullopt;
  std::string octets(text.size() / 4 * 3 + 1, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(octets.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()),
                                   static_cast<int>(text.size()));
  // The decoder counts the octets that the padding stands for too.
  if (size < 0 || static_cast<std::size_t>(size) < wanted_size) return std::nullopt;
  if (static_cast<std::size_t>(size) - wanted_size > 2) return std::nullopt;
  octets.resize(wanted_size);
  return octets;
}

/// Takes "word number\n" or "word number number\n" off the front of the text.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}

  bool skip(std::string_view words) {
    if (!rest_.starts_with(words)) return false;
    rest_.remove_prefix(words.size());
    return true;
  }

  std::optional<std::uint64_t> number(char end) {
    std::uint64_t value = 0;
    const char* last = rest_.data() + rest_.size();
    const auto [stop, error] = std::from_chars(rest_.data(), last, value);
    if (error != std::errc{} || stop == last || *stop != end) return std::nullopt;
    rest_.remove_prefix(static_cast<std::size_t>(stop - rest_.data()) + 1);
    return value;
  }

  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

std::uint64_t seconds_of(WallTime at) {
  const auto since = std::chrono::duration_cast<std::chrono::seconds>(at.time_since_epoch());
  return static_cast<std::uint64_t>(std::max<std::chrono::seconds::rep>(since.count(), 0));
}

}  // namespace

Result<Ownership> Ownership::decode(std::string_view text) {
  const auto bad = [] { return fail(Errc::bad_text, "what was last applied cannot be read"); };
  Ownership result;
  Lines lines(text);
  if (!lines.skip(head)) return bad();
  if (lines.skip("applied yes\n")) {
    result.first_ = false;
  } else if (!lines.skip("applied no\n")) {
    return bad();
  }
  if (!lines.skip("live ")) return bad();
  const auto live = lines.number('\n');
  if (!live) return bad();
  result.live_ = *live;
  if (lines.skip("read ")) {
    const auto at = lines.number(' ');
    const auto wanted = at ? lines.number('\n') : std::nullopt;
    if (!wanted || *at > latest_second) return bad();
    result.whole_reading_ = WholeReading{WallTime(std::chrono::seconds(*at)), *wanted};
  }
  while (lines.skip("deleted ")) {
    const auto at = lines.number(' ');
    const auto count = at ? lines.number('\n') : std::nullopt;
    if (!count || *at > latest_second) return bad();
    result.deletions_.push_back({WallTime(std::chrono::seconds(*at)), *count});
  }
  if (!lines.skip("rrsets ")) return bad();
  const auto count = lines.number('\n');
  if (!count || *count > text.size()) return bad();  // each takes 22 octets
  const auto octets = from_base64(lines.rest(), *count * entry_size);
  if (!octets) return bad();
  Entries entries;
  entries.reserve(*count);
  for (std::size_t at = 0; at < octets->size(); at += entry_size) {
    const std::string_view entry = std::string_view(*octets).substr(at, entry_size);
    entries.emplace_back(number_at(entry), number_at(entry.substr(8)));
  }
  const bool is_in_order =
      std::adjacent_find(entries.begin(), entries.end(), std::greater_equal<>()) == entries.end();
  if (!is_in_order) return bad();
  result.base_ = std::make_shared<const Entries>(std::move(entries));
  return result;
}

std::string Ownership::encode() const {
  std::string text(head);
  text += first_ ? "applied no\n" : "applied yes\n";
  text += "live " + std::to_string(live_) + "\n";
  if (whole_reading_) {
    text += "read " + std::to_string(seconds_of(whole_reading_->at)) + " " +
            std::to_string(whole_reading_->wanted) + "\n";
  }
  for (const auto& deletion : deletions_) {
    text += "deleted " + std::to_string(seconds_of(deletion.at)) + " " +
            std::to_string(deletion.count) + "\n";
  }
  const auto entries = all();
  text += "rrsets " + std::to_string(entries.size()) + "\n";
  std::string octets;
  octets.reserve(entries.size() * entry_size);
  for (const auto& [key, contents] : entries) {
    put(octets, key);
    put(octets, contents);
  }
  return text + to_base64(octets);
}

bool Ownership::is_in_base(const Entry& entry) const {
  return base_ && std::binary_search(base_->begin(), base_->end(), entry);
}

void Ownership::add(std::uint64_t key, std::uint64_t contents) {
  const Entry entry(key, contents);
  if (!is_in_base(entry)) {
    added_.insert(entry);
  } else {
    removed_.erase(entry);
  }
}

void Ownership::add(const Ownership& other) {
  if (!base_ && added_.empty()) {
    base_ = other.base_;
    added_ = other.added_;
    removed_ = other.removed_;
  } else if (base_ == other.base_) {
    added_.insert(other.added_.begin(), other.added_.end());
    std::erase_if(removed_, [&](const Entry& entry) { return !other.removed_.contains(entry); });
  } else {
    for (const auto& [key, contents] : other.all()) add(key, contents);
  }
}

void Ownership::keep(std::uint64_t key, const Ownership& other) {
  for (const auto& entry : other.entries_of(key)) add(entry.first, entry.second);
}

void Ownership::drop(std::uint64_t key) {
  for (const auto& entry : entries_of(key)) {
    if (added_.erase(entry) == 0) removed_.insert(entry);
  }
}

std::vector<Ownership::Entry> Ownership::entries_of(std::uint64_t key) const {
  std::vector<Entry> found;
  const Entry first(key, 0);
  if (base_) {
    auto at = std::lower_bound(base_->begin(), base_->end(), first);
    for (; at != base_->end() && at->first == key; ++at) {
      if (!removed_.contains(*at)) found.push_back(*at);
    }
  }
  auto at = added_.lower_bound(first);
  for (; at != added_.end() && at->first == key; ++at) found.push_back(*at);
  return found;
}

bool Ownership::owns(std::uint64_t key, std::uint64_t contents) const {
  const Entry entry(key, contents);
  return added_.contains(entry) || (is_in_base(entry) && !removed_.contains(entry));
}

std::size_t Ownership::size() const {
  return (base_ ? base_->size() : 0) + added_.size() - removed_.size();
}

Ownership::Entries Ownership::all() const {
  Entries kept;
  kept.reserve(size());
  if (base_) {
    std::set_difference(base_->begin(), base_->end(), removed_.begin(), removed_.end(),
                        std::back_inserter(kept));
  }
  if (added_.empty()) return kept;
  const auto middle = static_cast<std::ptrdiff_t>(kept.size());
  kept.insert(kept.end(), added_.begin(), added_.end());
  std::inplace_merge(kept.begin(), kept.begin() + middle, kept.end());
  return kept;
}

Ownership Ownership::rrsets_only() const {
  Ownership result;
  result.base_ = base_;
  result.added_ = added_;
  result.removed_ = removed_;
  return result;
}

std::uint64_t Ownership::rrsets_mark() const {
  const auto entries = all();
  Digest digest;
  return digest
      .add(std::string_view(reinterpret_cast<const char*>(entries.data()),
                            entries.size() * sizeof(Entry)))
      .number();
}

void Ownership::pack() {
  if (added_.empty() && removed_.empty()) return;
  base_ = std::make_shared<const Entries>(all());
  added_.clear();
  removed_.clear();
}

void Ownership::note_deletions(WallTime at, std::size_t count) {
  std::erase_if(deletions_, [at](const Deletion& one) { return one.at + deletion_window < at; });
  if (count == 0) return;
  // One entry for an hour is fine enough, and keeps them few however often one pushes.
  if (!deletions_.empty() && at - deletions_.back().at < std::chrono::hours(1)) {
    deletions_.back().count += count;
  } else {
    deletions_.push_back({at, count});
  }
}

}  // namespace taproot::pushers
