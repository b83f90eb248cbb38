#pragma once

#include "dns/result.hpp"
#include "pushers/trouble.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
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
///
/// A copy shares most of its memory with the original, so it costs what was changed since pack().
class Ownership {
 public:
  /// The fingerprints of an owner and type, and of contents.
  using Entry = std::pair<std::uint64_t, std::uint64_t>;

  /// Nothing was ever applied.
  Ownership() = default;

  /// Reads what encode() wrote. Fails with Errc::bad_text.
  static Result<Ownership> decode(std::string_view text);
  std::string encode() const;

  /// True until something was applied once.
  bool is_first() const { return first_; }
  void set_applied() { first_ = false; }

  void add(std::uint64_t key, std::uint64_t contents);
  /// Adds all that `other` owns.
  void add(const Ownership& other);
  /// Takes all contents of `key` over from `other`.
  void keep(std::uint64_t key, const Ownership& other);
  /// Nothing with this owner and type is ours any more.
  void drop(std::uint64_t key);

  bool knows(std::uint64_t key) const { return !entries_of(key).empty(); }
  bool owns(std::uint64_t key, std::uint64_t contents) const;
  std::size_t size() const;

  /// What is ours, and nothing else of it.
  Ownership rrsets_only() const;
  /// Stands for what is ours, and nothing else of it.
  std::uint64_t rrsets_mark() const;
  /// Makes copies cheap from now on.
  void pack();

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
  using Entries = std::vector<Entry>;
  bool is_in_base(const Entry& entry) const;
  std::vector<Entry> entries_of(std::uint64_t key) const;
  Entries all() const;

  bool first_ = true;
  std::size_t live_ = 0;
  std::optional<WholeReading> whole_reading_;
  std::shared_ptr<const Entries> base_;  ///< in order, each once; null: none
  std::set<Entry> added_;                ///< to the base; none of them is in it
  std::set<Entry> removed_;              ///< from the base; all of them are in it
  std::vector<Deletion> deletions_;
};

/// How long deletions count against the guards.
constexpr std::chrono::hours deletion_window{24};

}  // namespace taproot::pushers
