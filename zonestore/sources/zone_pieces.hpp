#pragma once

#include "dns/result.hpp"
#include "zonestore/sources/source_file.hpp"
#include "zonestore/sources/zone_source.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>

namespace taproot::zonestore {

/// XXH3 of a piece's octets, 128 bits: equal hashes stand for equal text. It guards against
/// chance, not against somebody who makes collisions of his own zone's text.
struct PieceHash {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  friend bool operator==(const PieceHash&, const PieceHash&) = default;
};

/// Whole lines of a zone file. The first begins with an owner, or is the first of the file.
struct Piece {
  std::uint64_t offset = 0;    ///< where it stands in the file
  std::uint32_t newlines = 0;  ///< lines in it
  PieceHash hash;
  std::string_view text;  ///< good until the next piece is asked for
};

/// How a file is cut. Other sizes than these are for tests.
struct PieceSizes {
  std::size_t least = std::size_t{16} << 10;         ///< no piece but the last is smaller
  std::size_t one_in = 256;                          ///< of so many lines one may begin a piece
  std::size_t most = std::size_t{64} << 10;          ///< from here on every owner begins a piece
  std::size_t last_resort = std::size_t{192} << 10;  ///< a file with a larger piece is not cut
  std::size_t window = std::size_t{256} << 10;       ///< octets in memory, over last_resort
};

/// Cuts a zone file into pieces at lines chosen by what they say and not by where they stand, so
/// that a line put in, changed or taken out changes the piece it stands in and now and then a
/// neighbour, and no other. The file is never in memory as a whole.
///
/// Knows nothing of records: a line that begins with an owner's octet can be the middle of
/// parentheses. Whoever reads the pieces sees that the parenthesis is not closed.
class PieceReader {
 public:
  /// Opens `path` as open_source_file() does.
  static Result<PieceReader> open(const std::filesystem::path& path, std::size_t limit_octets,
                                  const PieceSizes& sizes = {});
  /// Reads a file of at most `limit_octets` that is open already.
  PieceReader(OpenSourceFile file, std::size_t limit_octets, const PieceSizes& sizes = {});
  /// Borrows `text`.
  explicit PieceReader(std::string_view text, const PieceSizes& sizes = {});

  /// The next piece, or nothing at the end. Fails with Errc::io, Errc::too_large (the file grew
  /// beyond its limit), or Errc::bad_text: no place to cut, read the file in another way.
  Result<std::optional<Piece>> next();

  /// Who is told how far it is; null: nobody.
  void tell(ReadProgress* progress) { progress_ = progress; }

 private:
  std::string_view seen() const { return {data_ + begin_, filled_ - begin_}; }
  Result<bool> fill();
  std::size_t find_cut();
  std::optional<Piece> take(std::size_t octets);

  PieceSizes sizes_;
  std::optional<OpenSourceFile> file_;
  std::size_t limit_ = 0;
  std::unique_ptr<char[]> window_;
  const char* data_ = nullptr;  // the window, or the borrowed text
  std::size_t begin_ = 0;       // of the next piece in data_
  std::size_t filled_ = 0;      // octets in data_
  std::size_t looked_ = 0;      // octets of the next piece that find_cut() is done with
  std::uint64_t offset_ = 0;    // of data_[begin_] in the file
  bool at_end_ = false;         // nothing comes after what is in data_
  ReadProgress* progress_ = nullptr;
};

}  // namespace taproot::zonestore
