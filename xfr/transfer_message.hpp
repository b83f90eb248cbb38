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
/// comparing those two, and needs no table. Every message repeats the question, so that the apex
/// stands at octet 12 of each.
///
///     path:  depth 0  "example."           at 12
///            depth 1  "b.example."         at 300
///            depth 2  "a.b.example."       at 298      next owner: "c.b.example." = 1 c, ->300
///
/// A name inside rdata that lies right below its owner, as the nameservers of most delegations do,
/// needs no table either, and the owner of its address points at it. Others are looked up in one,
/// whole or without their first label.
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

  /// Appends the records of an RRset as RRsetView::packed() has them, from octet `done` on, which
  /// is moved behind each; false if one does not fit.
  bool rrset(dns::RRType type, std::uint32_t ttl, Octets packed, std::size_t& done);

  std::size_t record_count() const { return record_count_; }

  /// Writes the counts, and returns the size of the message.
  std::size_t finish();

  static constexpr std::size_t opt_size = 11;
  /// Adds an OPT record (RFC 6891 section 6.1.2) to a finished message of `size` octets, behind
  /// which there are opt_size more in `buffer`. Returns its new size.
  static std::size_t add_opt(std::span<std::uint8_t> buffer, std::size_t size, bool dnssec_ok);

 private:
  static constexpr std::size_t max_labels = 128;

  /// The name below the apex that was written as owner last.
  struct Path {
    Octets labels;
    std::size_t count = 0;
    std::array<std::uint8_t, max_labels + 1> size{};  ///< of its last labels, by depth
    std::array<std::uint16_t, max_labels + 1> at{};   ///< where they stand; 0: not in reach
  };
  /// A name in the rdata of an owner that is one label longer than the owner.
  struct Below {
    Octets label;
    std::uint16_t offset = 0;
  };
  /// A name that was written as rdata of the message of that number.
  struct Target {
    const std::uint8_t* name = nullptr;
    std::uint32_t message = 0;
    std::uint16_t size = 0;
    std::uint16_t offset = 0;
  };
  /// What follows the first label of the name that was looked up last.
  struct Rest {
    Octets name;
    std::uint64_t hash = 0;
    std::size_t at = 0;  ///< where it stands in the message; 0: nowhere
  };
  /// How a name can be written: its first `plain` octets, and a pointer to `at` if that is not 0.
  struct Match {
    std::size_t plain = 0;
    std::size_t at = 0;
  };

  bool append(std::uint64_t fixed, dns::RRType type, Octets rdata);
  std::uint8_t* write_owner(std::uint8_t* at);
  std::uint8_t* write_usual_owner(std::uint8_t* at, std::size_t first_label);
  void enter(std::size_t depth, std::size_t offset);
  std::size_t depth_in_common(Octets labels) const;
  Match match_path(Octets labels) const;
  Match match(Octets name) const;
  std::uint8_t* write_below_owner(std::uint8_t* at, Octets name);
  std::uint8_t* write_name(std::uint8_t* at, Octets name);
  std::uint8_t* write_rdata(std::uint8_t* at, dns::RRType type, Octets rdata);
  void enter_rest(Octets rest);
  Target& place_of(std::uint64_t hash);
  std::size_t find(const Target& target, Octets name) const;
  void remember(Target& place, Octets name, std::size_t offset) const;
  std::size_t offset_of(const std::uint8_t* at) const {
    return static_cast<std::size_t>(at - buffer_);
  }

  Octets apex_;
  std::uint8_t* buffer_ = nullptr;
  std::size_t size_ = 0;  ///< of the message so far
  std::size_t usual_end_ = 0;
  std::size_t last_end_ = 0;
  std::size_t record_count_ = 0;

  Octets owner_;              ///< of the records that follow: labels below the apex
  std::size_t owner_at_ = 0;  ///< where it stands in this message; 0: nowhere in reach
  Path path_;
  std::array<Below, 4> below_{};  ///< of the owner `below_of_`
  std::size_t below_count_ = 0;
  Octets below_of_;
  Rest rest_;
  std::uint32_t message_ = 0;  ///< counts them: so the table need not be cleared for each
  std::array<Target, 1024> targets_{};
};

}  // namespace taproot::xfr
