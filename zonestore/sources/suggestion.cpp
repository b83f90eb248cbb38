#include "zonestore/sources/suggestion.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <utility>
#include <vector>

namespace taproot::zonestore {

namespace {

constexpr std::size_t longest_word = 32;

char lowered(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

/// Letters to put in, take out, change or swap with their neighbour to come from one word to the
/// other (Damerau and Levenshtein).
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before;
  std::vector<std::size_t> last;
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before = std::exchange(last, row);
    row[0] = i;
    for (std::size_t k = 1; k <= b.size(); ++k) {
      const bool same = lowered(a[i - 1]) == lowered(b[k - 1]);
      row[k] = std::min({last[k] + 1, row[k - 1] + 1, last[k - 1] + (same ? 0 : 1)});
      const bool swapped = i > 1 && k > 1 && lowered(a[i - 1]) == lowered(b[k - 2]) &&
                           lowered(a[i - 2]) == lowered(b[k - 1]);
      if (swapped) row[k] = std::min(row[k], before[k - 2] + 1);
    }
  }
  return row[b.size()];
}

}  // namespace

std::string_view nearest(std::string_view written, std::span<const std::string_view> known) {
  if (written.size() > longest_word) return {};
  std::string_view best;
  std::size_t least = std::max<std::size_t>(1, written.size() / 3) + 1;
  for (const auto word : known) {
    const std::size_t d = distance(written, word);
    if (d < least) {
      least = d;
      best = word;
    }
  }
  return best;
}

std::string suggestion(std::string_view written, std::span<const std::string_view> known) {
  const auto near = nearest(written, known);
  if (!near.empty()) return "did you mean \"" + std::string(near) + "\"?";
  std::string text = "write one of";
  const char* separator = " ";
  for (const auto word : known) {
    text.append(separator).append(word);
    separator = ", ";
  }
  return text;
}

}  // namespace taproot::zonestore
