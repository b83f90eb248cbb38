#pragma once

#include "dns/name.hpp"
#include "dns/serial.hpp"
#include "net/endpoint.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace taproot::xfr {

/// One secondary of one zone, as far as its requests tell it apart from others.
struct SecondaryId {
  const dns::Name& apex;
  const net::Address& address;
  const std::optional<dns::Name>& key;
};

/// Remembers from which serial each secondary was brought forward by differences, so that one that
/// asks from there again (it could not apply them) or that broke off is given the whole zone.
///
/// Nothing has to be forgiven: a secondary that moved on asks from another serial, and what was
/// remembered is replaced by that.
///
/// A table of atomics of fixed size, shared by all serving loops and used without locks; it is
/// looked at for IXFR only. If it is full the entry that was put there first is forgotten, and if
/// two secondaries look alike (about one in 2^26) one of them gets a whole zone too many.
class DeliveredDifferences {
 public:
  /// Where a secondary is remembered.
  class Place {
   public:
    explicit Place(const SecondaryId& id);

   private:
    friend class DeliveredDifferences;
    std::size_t set_;
    std::uint32_t mark_;
  };

  /// What is known of a secondary that says it has `before`.
  struct Known {
    unsigned deliveries = 0;  ///< times it was given the differences from there
    bool broke_off = false;   ///< it ended the last such transfer in the middle
  };
  Known find(const Place& place, dns::Serial before) const;

  /// It took the differences from `before`.
  void on_delivered(const Place& place, dns::Serial before);
  /// It ended the connection before it had all of them.
  void on_broken_off(const Place& place, dns::Serial before);

 private:
  static constexpr std::size_t sets = 2048;
  static constexpr std::size_t ways = 4;
  using Entry = std::atomic<std::uint64_t>;

  void put(const Place& place, dns::Serial before, bool broke_off);
  std::optional<std::size_t> find_entry(const Place& place) const;

  /// Each 0, or: 26 bits of mark (never 0), 5 bits of count, 1 bit of broke_off, the serial.
  std::array<Entry, sets * ways> entries_{};
  std::array<std::atomic<std::uint8_t>, sets> next_way_{};
};

}  // namespace taproot::xfr
