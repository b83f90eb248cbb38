#pragma once

#include "dns/name.hpp"
#include "dns/octets.hpp"
#include "dns/types.hpp"
#include "zonestore/sources/piece_records.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace taproot::zonestore {

/// What an octet of plain zone file text is: several bits may be set.
namespace octet_kind {
constexpr std::uint8_t blank = 1;     ///< between fields
constexpr std::uint8_t ends = 2;      ///< a field ends before it: blank, newline or comment
constexpr std::uint8_t in_label = 4;  ///< stands for itself in a label
constexpr std::uint8_t in_field = 8;  ///< stands for itself in any field without quotes
constexpr std::uint8_t digit = 16;
}  // namespace octet_kind

constexpr std::array<std::uint8_t, 256> make_octet_kinds() {
  using namespace octet_kind;
  std::array<std::uint8_t, 256> kinds{};
  for (std::size_t c = '!'; c <= '~'; ++c) kinds[c] = in_label | in_field;
  for (const char c : {'"', ';', '(', ')', '\\'}) kinds[static_cast<std::size_t>(c)] = 0;
  kinds['.'] = in_field;
  for (std::size_t c = '0'; c <= '9'; ++c) kinds[c] |= digit;
  kinds[' '] = kinds['\t'] = kinds['\r'] = blank | ends;
  kinds['\n'] = kinds[';'] = ends;
  return kinds;
}

inline constexpr std::array<std::uint8_t, 256> octet_kinds = make_octet_kinds();

constexpr bool is_kind(char c, std::uint8_t kind) {
  return (octet_kinds[static_cast<unsigned char>(c)] & kind) != 0;
}

/// Reads a name in its plain form to `to`, which has room for 320 octets, and moves `at` behind
/// it. Returns its octets, or 0 for what is not plain. There is a newline behind `at`.
std::size_t fast_name(const char*& at, const dns::Name& origin, std::uint8_t* to);

/// Reads the rdata of the usual types in their plain form, from the blanks before the first field
/// to the end of the last, moves `at` there, and appends them to `octets`. Nothing if the type is
/// not one of these or the text is not plain: that is no mistake yet. There is a newline between
/// `at` and `end`.
struct FastRdata {
  std::uint32_t offset;
  std::uint16_t size;
};
std::optional<FastRdata> fast_rdata(dns::RRType type, const char*& at, const char* end,
                                    const dns::Name& origin, OctetArena& octets);

}  // namespace taproot::zonestore
