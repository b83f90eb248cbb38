#include "zonestore/sources/zone_pieces.hpp"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cstring>
#include <utility>

namespace taproot::zonestore {

namespace {

/// Octets at the beginning of a line that an owner can begin with. Not '$': a blank owner behind
/// a directive is the owner of the record before the directive.
constexpr std::array<bool, 256> make_owner_begins() {
  std::array<bool, 256> begins{};
  for (std::size_t c = '!'; c < begins.size(); ++c) begins[c] = true;
  for (const char c : {';', '(', ')', '"', '$'}) begins[static_cast<std::size_t>(c)] = false;
  return begins;
}

constexpr auto owner_begins = make_owner_begins();

bool begins_owner(char c) {
  return owner_begins[static_cast<unsigned char>(c)];
}

std::uint32_t count_newlines(std::string_view text) {
  constexpr std::size_t step = 16;
  constexpr std::size_t most = 255 * step;  // no count of an octet runs over
  std::uint32_t count = 0;
  while (text.size() >= step) {
    std::array<std::uint8_t, step> counts{};
    const std::size_t block = std::min(text.size(), most) / step * step;
    for (const char* p = text.data(); p != text.data() + block; p += step) {
      for (std::size_t i = 0; i < step; ++i)
        counts[i] = static_cast<std::uint8_t>(counts[i] + (p[i] == '\n'));
    }
    for (const std::uint8_t c : counts) count += c;
    text.remove_prefix(block);
  }
  return count + static_cast<std::uint32_t>(std::count(text.begin(), text.end(), '\n'));
}

PieceHash hash_of(std::string_view text) {
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  return {hash.high64, hash.low64};
}

}  // namespace

Result<PieceReader> PieceReader::open(const std::filesystem::path& path, std::size_t limit_octets,
                                      const PieceSizes& sizes) {
  auto file = open_source_file(path, limit_octets);
  if (!file) return tl::unexpected(file.error());
  return PieceReader(std::move(*file), limit_octets, sizes);
}

PieceReader::PieceReader(OpenSourceFile file, std::size_t limit_octets, const PieceSizes& sizes)
    : sizes_(sizes),
      file_(std::move(file)),
      limit_(limit_octets),
      window_(std::make_unique_for_overwrite<char[]>(sizes.window)),
      data_(window_.get()) {
  assert(sizes.least > 0 && sizes.one_in > 0 && sizes.window > sizes.last_resort);
}

PieceReader::PieceReader(std::string_view text, const PieceSizes& sizes)
    : sizes_(sizes), data_(text.data()), filled_(text.size()), at_end_(true) {}

Result<std::optional<Piece>> PieceReader::next() {
  for (;;) {
    if (const std::size_t cut = find_cut(); cut > 0) return take(cut);
    if (seen().size() > sizes_.last_resort) break;
    if (at_end_) return take(seen().size());
    if (const auto filled = fill(); !filled) return tl::unexpected(filled.error());
  }
  return fail(Errc::bad_text, "has no owner at the beginning of a line for " +
                                  std::to_string(sizes_.last_resort) + " octets");
}

/// Octets of the next piece if its end is among those in memory, or 0. Where a piece ends does
/// not depend on how much is in memory.
std::size_t PieceReader::find_cut() {
  constexpr std::size_t enough = 64;  // octets of a line that tell it from others
  const std::string_view text = seen();
  const std::size_t furthest = std::min(text.size(), sizes_.last_resort);
  looked_ = std::max(looked_, sizes_.least);
  while (looked_ < furthest) {
    const void* newline = std::memchr(text.data() + looked_ - 1, '\n', text.size() - looked_);
    if (newline == nullptr) {
      looked_ = text.size();
      break;
    }
    const auto line = static_cast<std::size_t>(static_cast<const char*>(newline) - text.data()) + 1;
    looked_ = line;
    if (begins_owner(text[line])) {
      if (line >= sizes_.most) return line;
      std::string_view words = text.substr(line, enough);
      const std::size_t end = words.find('\n');
      if (end == std::string_view::npos && words.size() < enough && !at_end_) return 0;
      words = words.substr(0, end);
      if (XXH3_64bits(words.data(), words.size()) % sizes_.one_in == 0) return line;
    }
    looked_ = line + 1;
  }
  return 0;
}

std::optional<Piece> PieceReader::take(std::size_t octets) {
  if (octets == 0) return std::nullopt;
  const std::string_view text = seen().substr(0, octets);
  const Piece piece{offset_, count_newlines(text), hash_of(text), text};
  begin_ += octets;
  offset_ += octets;
  if (progress_ != nullptr) progress_->octets.store(offset_, std::memory_order_relaxed);
  looked_ = 0;
  return piece;
}

/// Reads on behind what is in memory, and drops what was taken.
Result<bool> PieceReader::fill() {
  const std::size_t kept = seen().size();
  std::memmove(window_.get(), data_ + begin_, kept);
  begin_ = 0;
  filled_ = kept;
  const auto got = file_->read({window_.get() + kept, sizes_.window - kept}, offset_ + kept);
  if (!got) return tl::unexpected(got.error());
  if (*got > limit_ - (offset_ + kept)) {
    return fail(Errc::too_large, "is larger than " + std::to_string(limit_) + " octets");
  }
  filled_ += *got;
  at_end_ = filled_ < sizes_.window;
  return true;
}

}  // namespace taproot::zonestore
