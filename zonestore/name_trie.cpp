#include "zonestore/name_trie.hpp"

#include <algorithm>

namespace taproot::zonestore {

namespace {

/// The one or two symbols of an octet; `second` is 0xff where one is enough.
struct Symbols {
  std::uint8_t first = 0;
  std::uint8_t second = 0xff;
};

/// What host names are made of gets one symbol, the rest an escape for its range and a second.
/// Numbering them in the order of the octets keeps the order of names.
constexpr std::array<Symbols, 256> make_table() {
  std::array<Symbols, 256> table{};
  std::uint8_t symbol = 0;  // 0 ends labels
  int escape_start = -1;
  for (int octet = 0; octet < 256; ++octet) {
    if (octet >= 'A' && octet <= 'Z') continue;  // set below, to what their lower case has
    const bool common = octet == '-' || octet == '_' || (octet >= '0' && octet <= '9') ||
                        (octet >= 'a' && octet <= 'z');
    auto& entry = table[static_cast<std::size_t>(octet)];
    if (common) {
      entry.first = ++symbol;
      escape_start = -1;
      continue;
    }
    if (escape_start < 0 || octet - escape_start >= 47) {
      escape_start = octet;
      ++symbol;
    }
    entry = {symbol, static_cast<std::uint8_t>(octet - escape_start + 1)};  // never 0
  }
  for (std::size_t octet = 'A'; octet <= 'Z'; ++octet) table[octet] = table[octet + 32];
  return table;
}

constexpr auto table = make_table();
static_assert(table[255].first < 48);

}  // namespace

TrieKey::TrieKey(Octets labels) {
  std::array<std::uint8_t, 128> starts;
  std::size_t count = 0;
  for (std::size_t at = 0; at < labels.size() && count < starts.size(); at += labels[at] + 1u) {
    starts[count++] = static_cast<std::uint8_t>(at);
  }
  while (count > 0) {
    const std::size_t start = starts[--count];
    for (const std::uint8_t octet : labels.subspan(start + 1, labels[start])) {
      const Symbols symbols = table[octet];
      symbols_[size_++] = symbols.first;
      if (symbols.second != 0xff) symbols_[size_++] = symbols.second;
    }
    symbols_[size_++] = end_symbol;
  }
}

std::size_t first_difference(const TrieKey& a, const TrieKey& b) {
  const std::size_t common = std::min(a.size_, b.size_);
  std::size_t at = 0;
  for (std::uint64_t left, right; at + sizeof left <= common; at += sizeof left) {
    std::memcpy(&left, a.symbols_.data() + at, sizeof left);
    std::memcpy(&right, b.symbols_.data() + at, sizeof right);
    if (left != right) break;  // the octets tell where
  }
  while (at < common && a.symbols_[at] == b.symbols_[at]) ++at;
  // One that goes on does so with a label, and a label does not begin with symbol 0.
  return at < common || a.size_ != b.size_ ? at : npos;
}

}  // namespace taproot::zonestore
