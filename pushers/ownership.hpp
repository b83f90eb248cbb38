#pragma once

#include "dns/result.hpp"
#include "pushers/trouble.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace taproot::pushers {

/// What is ours at one provider in one zone: for each RRset that we created, changed or adopted,
/// the fingerprint of its owner and type and that of its contents. An RRset whose contents are not
/// among them was changed by somebody else. Around a write an RRset may have two contents, the
/// last ones applied and the ones intended.
///
/// Kept by the caller as text, 22 octets for each RRset; the zone itself carries no markers.
class Ownership {
 public:
  /// Nothing was ever applied.
  Ownership() = default;

  /// Reads what encode() wrote. Fails with Errc::bad_text.
  static Result<Ownership> decode(std::string_view text);
  std::string encode() const;

  /// True until something was applied once.
  bool is_first() const { return first_; }
  void set_applied() { first_ = false; }

  void add(std::uint64_t key, std::uint64_t contents) { owned_.emplace(key, contents); }
  /// Adds all that `other` owns.
  void add(const Ownership& other) { owned_.insert(other.owned_.begin(), other.owned_.end()); }
  /// Takes all contents of `key` over from `other`.
  void keep(std::uint64_t key, const Ownership& other);

  bool knows(std::uint64_t key) const;
  bool owns(std::uint64_t key, std::uint64_t contents) const {
    return owned_.contains({key, contents});
  }
  std::size_t size() const { return owned_.size(); }

  /// RRsets besides the apex SOA and NS that were there at the last success.
  std::size_t live_rrsets() const { return live_; }
  void set_live_rrsets(std::size_t count) { live_ = count; }

  /// That all of the zone was read and found to be as `wanted` says, which stands for a version and
  /// how it was pushed.
  struct WholeReading {
    WallTime at;
    std::uint64_t wanted = 0;
  };
  const std::optional<WholeReading>& whole_reading() const { return whole_reading_; }
  void set_whole_reading(std::optional<WholeReading> reading) { whole_reading_ = reading; }

  /// RRsets deleted in one push; what lies back longer is forgotten.
  struct Deletion {
    WallTime at;
    std::size_t count = 0;
  };
  const std::vector<Deletion>& deletions() const { return deletions_; }
  void note_deletions(WallTime at, std::size_t count);
  void forget_deletions() { deletions_.clear(); }

  /// Takes the account of deletions, and nothing else, from `other`.
  void take_account(const Ownership& other) { deletions_ = other.deletions_; }

  friend bool operator==(const Ownership& a, const Ownership& b) {
    return a.encode() == b.encode();
  }

 private:
  bool first_ = true;
  std::size_t live_ = 0;
  std::optional<WholeReading> whole_reading_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> owned_;
  std::vector<Deletion> deletions_;
};

/// How long deletions count against the guards.
constexpr std::chrono::hours deletion_window{24};

}  // namespace taproot::pushers
