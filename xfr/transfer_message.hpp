#pragma once

#include "dns/octets.hpp"
#include "dns/types.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace taproot::xfr {

/// Composes one message of a transfer after the other, at nearly the cost of copying.
///
/// Owners come in canonical order, so what a name has in common with the one before is found by
/// comparing those two, and needs no table. Only names inside rdata are looked up in one, and only
/// whole or without their first label. Every message repeats the question, so that the apex
/// stands at octet 12 of each.
///
///     path:  depth 0  "example."           at 12
///            depth 1  "b.example."         at 300
///            depth 2  "a.b.example."       at 298      next owner: "c.b.example." = 1 c, ->300
///
/// Borrows all names it is given until the next start().
class TransferMessage {
 public:
  /// Pointers reach 16,383 octets; a longer message would be compressed worse than two.
  static constexpr std::size_t usual_size = 16384;

  explicit TransferMessage(Octets apex) : apex_(apex) {}

  /// Begins a message in `buffer` with this header and question. Records may fill usual_size, a
  /// single one that is bigger the whole buffer, without the last `keep_free` octets.
  void start(std::span<std::uint8_t> buffer, std::size_t keep_free, std::uint16_t id,
             std::uint8_t flags_high, Octets question);

  /// The owner of the records that follow: its labels below the apex, without the root.
  void owner(Octets labels);

  /// Appends a record of class IN to the answer section, or returns false if it does not fit.
  bool record(dns::RRType type, std::uint32_t ttl, Octets rdata);

  std::size_t record_count() const { return record_count_; }

  /// Writes the counts and an OPT record if asked for (its room is taken from keep_free), and
  /// returns the size of the message.
  std::size_t finish(bool with_opt, bool dnssec_ok);

  static constexpr std::size_t opt_size = 11;

 private:
  static constexpr std::size_t max_labels = 128;

  /// A name below the apex, split into labels: where each begins, the first label first.
  struct Split {
    Octets labels;
    std::array<std::uint8_t, max_labels> at;
    std::size_t count = 0;

    explicit Split(Octets below_apex = {});
    /// Octets in front of its last `depth` labels.
    std::size_t before(std::size_t depth) const {
      return depth == 0 ? labels.size() : at[count - depth];
    }
    std::size_t labels_in_common(const Split& other) const;
  };
  /// A name that was written as rdata of this message.
  struct Target {
    Octets name;
    std::uint16_t offset = 0;
  };
  /// How a name can be written: its first `plain` octets, and a pointer to `at` if that is not 0.
  struct Match {
    std::size_t plain = 0;
    std::size_t at = 0;
  };

  void write_owner();
  Match match_path(const Split& name) const;
  Match match(Octets name);
  void write_name(Octets name);
  void write_rdata(dns::RRType type, Octets rdata);
  Target& place_of(Octets name);
  void remember(Octets name, std::size_t offset);
  void u16(std::size_t value);
  void u32(std::uint32_t value);
  void copy(Octets octets);

  Octets apex_;
  std::span<std::uint8_t> buffer_;
  std::size_t position_ = 0;
  std::size_t usual_end_ = 0;
  std::size_t last_end_ = 0;
  std::size_t record_count_ = 0;

  Split owner_;               ///< of the records that follow
  std::size_t owner_at_ = 0;  ///< where it stands in this message; 0: nowhere in reach
  Split path_;                ///< the owner written last, and where its last labels stand, by depth
  std::array<std::uint16_t, max_labels + 1> path_at_{};  ///< 0: not in reach
  std::array<Target, 256> targets_;
};

}  // namespace taproot::xfr
